"""Runs random programs with the engine in C and with the one in Python, and compares all that comes out.

Numbers, partials, gradients, operands, warnings and errors must be the same, to the last bit.

    python3 tests/long/engines.py --seed 0 --count 10000

stops at the first program of which that is not true, and shows the lines that differ.
"""

import argparse
import difflib
import os
import subprocess
import sys

AT_ONCE = 500
PROGRAM = """
import sys
import autograd_lite
from autograd_lite.core.native.check import described, digest
from autograd_lite.ops import OPS

first, last = map(int, sys.argv[2:])
if sys.argv[1] == "digest":
    print(digest(OPS, range(first, last)))
else:
    for number in range(first, last):
        print(*described(OPS, number), sep="")
print(autograd_lite.engine_kind, file=sys.stderr)
"""


def found(kind, *arguments):
    """Run with an engine of a kind; give what is printed."""
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, *map(str, arguments)], capture_output=True, text=True, check=False,
        timeout=3600, env={**os.environ, "AUTOGRAD_LITE_PURE": str(int(kind == "pure"))},
    )  # fmt: skip
    if ran.returncode or ran.stderr != f"{kind}\n":
        raise SystemExit(f"the {kind} engine did not run: {ran.stderr}")
    return ran.stdout


def first_difference(first, last):
    """Show the first of some programs in which the engines differ."""
    for number in range(first, last):
        pure, native = (found(kind, "lines", number, number + 1).splitlines() for kind in ("pure", "native"))
        if pure != native:
            return "\n".join(
                [f"program {number}:", *difflib.unified_diff(pure, native, "pure", "native", n=0)]
            )
    return "only the order of programs makes the difference"


def main():
    parser = argparse.ArgumentParser(description="Compare both engines on random programs.")
    parser.add_argument("--seed", type=int, default=0, help="the number of the first program (default 0)")
    parser.add_argument("--count", type=int, default=10_000, help="how many programs (default 10000)")
    options = parser.parse_args()
    for first in range(options.seed, options.seed + options.count, AT_ONCE):
        last = min(first + AT_ONCE, options.seed + options.count)
        if found("pure", "digest", first, last) != found("native", "digest", first, last):
            raise SystemExit(first_difference(first, last))
        print(f"programs {first} to {last - 1}: the same bits", flush=True)


if __name__ == "__main__":
    main()
