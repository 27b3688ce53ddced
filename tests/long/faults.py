"""Disturbs trainings at random moments, and finds those that do not go on to the same numbers.

Each is run in a process of its own, which is killed, or interrupted once or twice, or meets a full
disk, one to three times; then it is left in peace. Its numbers must be, to the last bit, those of
the same training undisturbed. At every moment its folder holds a whole checkpoint, or none yet;
beside it only a killed process leaves something, `.unfinished-...`.

    python3 tests/long/faults.py --seed 0 --count 100

stops at the first training of which this is not true, and says how it was disturbed.
"""

import argparse
import collections
import errno
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from trainings import KINDS

EPOCHS = 30
PROGRAM = Path(__file__).with_name("trainings.py")
FAULTS = ["kill", "interrupt", "interrupt twice", "no room", "large file"]
PATIENCE = 120
"""Seconds after which a process counts as hanging."""


class DifferenceError(Exception):
    """What a disturbed training did and should not have done."""


def start(kind, path, *options):
    """Start a training, and wait until it begins."""
    process = subprocess.Popen(
        [sys.executable, PROGRAM, kind, path, "--epochs", str(EPOCHS), *map(str, options)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    process.stdout.readline()
    return process


def end(process):
    """Wait for the end of a training; return what it printed, or None if it was killed."""
    try:
        text, _ = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate(timeout=60)
        raise DifferenceError("the process hangs") from None
    if process.returncode not in (0, -signal.SIGKILL):
        raise DifferenceError(f"the process ended with status {process.returncode}")
    return json.loads(text) if text else None


def strike(process, seconds, *signals):
    """Send signals to a training, the first after so many seconds, the others at once."""
    time.sleep(seconds)
    for number in signals:
        process.send_signal(number)
    return end(process)


def disturb(kind, path, fault, seconds, chance):
    """Run a training with one fault, and check how it ended."""
    moment = chance.uniform(0.0, seconds)
    if fault == "kill":
        strike(start(kind, path), moment, signal.SIGKILL)
    elif fault == "no room":
        check_full(end(start(kind, path, "--full-after", chance.randrange(EPOCHS))), path, errno.ENOSPC)
    elif fault == "large file":
        check_full(end(start(kind, path, "--largest-file", chance.randrange(40_000))), path, errno.EFBIG)
    else:
        strike(start(kind, path), moment, *[signal.SIGINT] * (2 if fault == "interrupt twice" else 1))


def check_full(ended, path, number):
    """Check that a training that met a full disk, if it did, named the file it could not write."""
    if ended["stopped"] == "OSError" and (ended["errno"], ended["file"]) != (number, str(path)):
        raise DifferenceError(f"the error names errno {ended['errno']} and {ended['file']}")


def check_folder(path, fault):
    """Check that a folder holds at most a whole checkpoint, and what a killed process left."""
    for found in path.parent.iterdir():
        if found == path:
            json.loads(found.read_text())
        elif fault != "kill" or not found.name.startswith(".unfinished-"):
            raise DifferenceError(f"{found.name} is left in the folder")
        else:
            found.unlink()


def run(seed, count):
    """Disturb so many trainings; return the exit status."""
    counts, whole = collections.Counter(), {}
    for number in range(count):
        chance = random.Random(f"{seed} {number}")
        kind, did = chance.choice([*KINDS]), []
        with tempfile.TemporaryDirectory() as folder:
            path = Path(os.path.realpath(folder)) / "checkpoint.json"
            try:
                if kind not in whole:
                    process, began = start(kind, path), time.perf_counter()
                    whole[kind] = end(process), time.perf_counter() - began
                    path.unlink()
                undisturbed, seconds = whole[kind]
                for _ in range(chance.choice([1, 2, 3])):
                    did.append(chance.choice(FAULTS))
                    disturb(kind, path, did[-1], seconds, chance)
                    check_folder(path, did[-1])
                if end(start(kind, path)) != undisturbed:
                    raise DifferenceError("the numbers differ from those of the undisturbed training")
                check_folder(path, None)
            except Exception as error:
                print(f"seed {seed}, training {number}, {kind}: {', '.join(did)}")
                print(f"{type(error).__name__}: {error}")
                return 1
        counts.update(did)
    print(", ".join(f"{number} times {fault}" for fault, number in sorted(counts.items())))
    return 0


def main():
    """Read the command line."""
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=form)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=100)
    options = parser.parse_args()
    return run(options.seed, options.count)


if __name__ == "__main__":
    sys.exit(main())
