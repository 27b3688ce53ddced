"""One contestant in a process of its own: repeats a program each time it is asked to.

Started by ``scoreboard.py`` as ``worker.py PROGRAM CONTESTANT``. It answers each line
on its standard input with a line of JSON.
"""

from __future__ import annotations

import gc
import json
import os
import sys

from programs import PROGRAMS


def main(program: str, contestant: str) -> None:
    with os.fdopen(os.dup(1), "w") as answers:
        os.dup2(2, 1)  # what a peer prints goes elsewhere

        def answer(message: object) -> None:
            print(json.dumps(message), file=answers, flush=True)

        try:
            repeat = PROGRAMS[program](contestant)
        except ModuleNotFoundError as error:
            answer({"missing": error.name})
            return
        answer({"missing": None})
        for request in sys.stdin:
            if request.strip() == "without gc":
                gc.disable()
            measured = repeat()
            gc.collect()  # now, and not while another contestant is being measured
            gc.enable()
            answer(measured)


if __name__ == "__main__":
    main(*sys.argv[1:])
