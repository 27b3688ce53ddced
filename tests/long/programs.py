"""Random programs with branches: beside PyTorch, and eager beside compiled.

    python3 tests/long/programs.py --against torch --count 100000
    python3 tests/long/programs.py --against python    (or native, numpy, jax: a backend of the compiler)

A program depends on its seed only: the first has the seed that is given, the next one that plus 1, and so on.
Each difference is printed with its seed and as a small program; then the exit status is 1.
"""

import argparse
import functools
import multiprocessing
import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1])]

KINDS = ["torch", "python", "native", "numpy", "jax"]


def checker(against):
    """Give the function that compares the program of a seed."""
    if against == "torch":
        import beside_torch

        return beside_torch.check
    import beside_eager

    return functools.partial(beside_eager.check, backend=against)


def check_all(against, seeds):
    """List what comes out for each seed."""
    check = checker(against)
    return [(seed, check(seed)) for seed in seeds]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--against", choices=KINDS, default="torch", help="what to compare with")
    parser.add_argument("--seed", type=int, default=0, help="the seed of the first program")
    parser.add_argument("--count", type=int, default=2000, help="how many programs")
    parser.add_argument("--jobs", type=int, default=1, help="how many processes")
    options = parser.parse_args()
    began, different, undecided = time.perf_counter(), 0, 0
    size = 250 if options.against != "jax" else 25
    end = options.seed + options.count
    parts = [range(first, min(first + size, end)) for first in range(options.seed, end, size)]
    with multiprocessing.get_context("spawn").Pool(options.jobs) as pool:
        for found in pool.imap_unordered(functools.partial(check_all, options.against), parts):
            for seed, outcome in found:
                undecided += outcome == "rounding"
                if outcome not in ("same", "rounding"):
                    different += 1
                    print(f"--against {options.against} --seed {seed} --count 1\n{outcome}\n", flush=True)
    print(
        f"{options.count} programs against {options.against} in {time.perf_counter() - began:.0f} s: "
        f"{different} differences; in {undecided}, rounding decides a comparison"
    )
    return 1 if different or undecided * 100 > options.count else 0


if __name__ == "__main__":
    sys.exit(main())
