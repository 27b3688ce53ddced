"""The programs of tests/long, a little of each; by themselves they go on for as long as one wants."""

import subprocess
import sys
from pathlib import Path

import pytest

LONG = Path(__file__).parent / "long"


@pytest.mark.parametrize(
    ("program", "count", "said"),
    [("mutants.py", 300, "refused"), ("faults.py", 5, "times")],
)
def test_a_little_of_it(program, count, said):
    done = subprocess.run(
        [sys.executable, LONG / program, "--seed", "0", "--count", str(count)],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert said in done.stdout
