"""One contestant in a process of its own: repeats a program each time it is asked to.

Started by ``scoreboard.py`` as ``worker.py PROGRAM CONTESTANT``. It answers each line
on its standard input with a line of JSON.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time

import browser_programs
import chain_programs
import compiled_programs
import device_programs
import epoch_programs
import loop_programs
import model_programs
import programs
import scalar_programs

PROGRAMS = {
    **programs.PROGRAMS,
    **compiled_programs.PROGRAMS,
    **chain_programs.PROGRAMS,
    **epoch_programs.PROGRAMS,
    **model_programs.PROGRAMS,
    **loop_programs.PROGRAMS,
    **browser_programs.PROGRAMS,
    **device_programs.PROGRAMS,
    **scalar_programs.PROGRAMS,
}


def come_to_rest() -> None:
    """Wait until the threads of array libraries sleep: after work they turn in a loop for a while."""
    for _ in range(100):
        before = time.process_time()
        time.sleep(0.02)
        if time.process_time() - before < 0.002:
            return


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
        come_to_rest()
        answer({"missing": None})
        for request in sys.stdin:
            if request.strip() == "without gc":
                gc.disable()
            measured = repeat()
            gc.collect()  # now, and not while another contestant is being measured
            gc.enable()
            come_to_rest()
            answer(measured)


if __name__ == "__main__":
    main(*sys.argv[1:])
