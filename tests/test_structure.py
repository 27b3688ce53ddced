"""What the project promises of its own form: one-way imports, no third parties, true documents."""

import ast
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from generated import STUB, stub

import autograd_lite

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "autograd_lite"
README = (ROOT / "README.md").read_text()

# Each module may import only what stands before it.
ORDER = [
    "ieee",
    "refusals",
    "symbol",
    "op",
    "ops",
    "layout",
    "kernels",
    "functions",
    "scalar",
    "modes",
    "sweep",
    "engine",
    "composed",
    "gradients",
    "derivatives",
    "expression",
    "stepping",
    "__main__",
]
SIBLINGS = {"stepping", "expression", "derivatives"}


def imports_of(path):
    """List the modules that a file imports when it runs, not those it only takes types from."""
    tree = ast.parse(path.read_text())
    typing_only = {
        child
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for child in ast.walk(node)
    }
    for node in ast.walk(tree):
        if node in typing_only:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} uses a relative import"
            yield node.module


def test_every_module_has_its_place():
    assert {path.stem for path in PACKAGE.glob("*.py")} == {*ORDER, "__init__"}


@pytest.mark.parametrize("module", ORDER)
def test_imports_point_one_way(module):
    allowed = set(ORDER[: ORDER.index(module)]) - (SIBLINGS if module in SIBLINGS else set())
    for name in imports_of(PACKAGE / f"{module}.py"):
        package, _, submodule = name.partition(".")
        if package == "autograd_lite" and submodule:
            assert submodule in allowed, f"{module} imports {submodule}"


@pytest.mark.parametrize("module", [*ORDER, "__init__"])
def test_the_core_imports_nothing_but_python_itself(module):
    for name in imports_of(PACKAGE / f"{module}.py"):
        package = name.partition(".")[0]
        assert package == "autograd_lite" or package in sys.stdlib_module_names


def test_importing_the_package_loads_no_third_party_module():
    program = "import sys; old = set(sys.modules); import autograd_lite; print(*set(sys.modules) - old)"
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    loaded = {name.partition(".")[0] for name in run.stdout.split()}
    assert loaded <= {*sys.stdlib_module_names, "autograd_lite"}


def test_files_are_short_enough_to_read():
    for path in PACKAGE.rglob("*.py"):
        assert len(path.read_text().splitlines()) <= 350, path.name


def test_the_top_level_holds_what_was_agreed():
    fixed = {"pyproject.toml", "README.md", "autograd_lite", "tests", "notebooks", "LICENSE"}
    assert {path.name for path in ROOT.iterdir() if not path.name.startswith(".")} <= fixed


def test_public_names_are_listed_and_documented():
    assert len(set(autograd_lite.__all__)) == len(autograd_lite.__all__)
    for name in autograd_lite.__all__:
        thing = getattr(autograd_lite, name)
        if name != "NO_GRADIENT":
            assert thing.__doc__, name


def test_a_star_import_keeps_a_sum_that_works_like_the_builtin_one():
    names = {}
    exec("from autograd_lite import *; total = sum((i for i in (1, 2)), Value(3.0))", names)
    assert names["total"].data == 6.0


def test_the_type_stub_is_current():
    assert STUB.read_text() == stub(), "make it again with: python tests/generated.py"


def test_graphviz_is_the_one_required_dependency():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert [re.match(r"[\w-]+", line).group() for line in project["dependencies"]] == ["graphviz"]
    assert set(project["optional-dependencies"]) == {"fast", "notebook", "jax", "test", "bench"}


# ---- README -----------------------------------------------------------------------------------


def console_sessions():
    """List the commands in the README that are followed by their output."""
    for block in re.findall(r"```console\n(.*?)```", README, re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            yield command, output


@pytest.mark.parametrize(("command", "output"), list(console_sessions()))
def test_sessions_in_the_readme_are_the_programs_real_output(command, output):
    words = shlex.split(command)
    assert words[:3] == ["python3", "-m", "autograd_lite"]
    run = subprocess.run([sys.executable, *words[1:]], capture_output=True, text=True, check=True, cwd=ROOT)
    assert (run.stdout, run.stderr) == (output, "")


def test_python_in_the_readme_runs_and_prints_what_it_says(capsys):
    names = {}
    blocks = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert len(blocks) >= 3
    for block in blocks:
        exec(compile(block, "README.md", "exec"), names)
        said = re.findall(r"# prints: (.*)", block)
        assert capsys.readouterr().out.splitlines() == said


def test_the_readme_names_the_command_that_tests_the_project():
    (command,) = re.findall(r"```sh\n(python3 -m pip install.*pytest.*)\n```", README)
    assert command == 'python3 -m pip install -e ".[test]" && python3 -m pytest'
    assert 'eval "$readme_command"' in (ROOT / ".ci" / "run").read_text()
