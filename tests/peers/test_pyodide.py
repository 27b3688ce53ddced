"""Pyodide, Python in a browser, runs the wheel: nothing need be installed to try the package.

Needs Pyodide: npm install pyodide@314.0.7
Its folder is found by NODE_PATH=node_modules.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
RUNNER = Path(__file__).with_name("pyodide.mjs")
PROGRAM = Path(__file__).with_name("pyodide_program.py")
SECONDS = 120
SMALL = 1_000_000
"""In bytes: what a page that brings the package has to load beside Pyodide itself."""


@pytest.fixture(scope="module")
def wheels(tmp_path_factory):
    """Build the wheel, and fetch those that it needs."""
    folder = tmp_path_factory.mktemp("wheels")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--wheel-dir", folder, ROOT]
    subprocess.run(command, check=True, timeout=SECONDS, env={**os.environ, "AUTOGRAD_LITE_PURE": "1"})
    return sorted(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def ran(wheels, tmp_path_factory):
    """Run the README's first example and the program in Pyodide; give what they printed."""
    node = shutil.which("node")
    assert node, "node is missing: apt-get install nodejs npm"
    example = tmp_path_factory.mktemp("readme") / "readme.py"
    example.write_text(first_block())
    command = [node, RUNNER, json.dumps([*map(str, wheels)]), example, PROGRAM]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def first_block():
    """Give the README's first example."""
    return re.search(r"^```python\n(.*?)^```$", README, re.DOTALL | re.MULTILINE).group(1)


def test_nothing_but_pure_python_is_installed(wheels):
    assert [wheel.name.partition("-")[0] for wheel in wheels] == ["autograd_lite", "graphviz"]
    assert all(wheel.name.endswith("-none-any.whl") for wheel in wheels)
    assert sum(wheel.stat().st_size for wheel in wheels) < SMALL


def test_the_first_example_of_the_readme_prints_what_it_says(ran):
    assert ran["written"][0].splitlines() == re.findall(r"# prints: (.*)", first_block())


def test_every_face_gives_the_same_as_here(ran):
    here = subprocess.run(
        [sys.executable, PROGRAM], capture_output=True, text=True, check=True, timeout=SECONDS
    )
    expected, found = json.loads(here.stdout), json.loads(ran["written"][1])
    for exact in ("steps", "page", "picture"):
        assert found[exact] == expected[exact]
    assert found["eager"] == pytest.approx(expected["eager"], rel=1e-9)
    assert found["fit"] == pytest.approx(expected["fit"], rel=1e-9)
    value, gradient = expected["compiled"]
    assert found["compiled"][0] == pytest.approx(value, rel=1e-12)
    assert found["compiled"][1] == pytest.approx(gradient, rel=1e-12, abs=1e-15)


def test_xor_is_learnt(ran):
    found = json.loads(ran["written"][1])
    assert found["learnt"] == [False, True, True, False]
    assert found["eager"][-1] < 0.1 < found["eager"][0]
    assert found["steps"].splitlines()[-3:] == ["  ∂L/∂x = -4", "  ∂L/∂y = -4", "  ∂L/∂z = 3"]
