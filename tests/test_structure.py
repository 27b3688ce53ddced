"""What the project promises of its own form: one-way imports, no third parties, short files."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from generated import STUB, stub

import autograd_lite

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "autograd_lite"

# Each of these may import only what stands before it.
CORE = [
    "ieee",
    "refusals",
    "symbol",
    "op",
    "ops",
    "layout",
    "kernels",
    "functions",
    "modes",
    "scalar",
    "sweep",
    "engine",
    "composed",
    "gradients",
    "interrupts",
    "naming",
    "files",
    "paths",
]
# Siblings: each may import the core, and its own package, but no other sibling.
SIBLINGS = [
    "derivatives",
    "expression",
    "stepping",
    "drawing",
    "compiler",
    "nn",
    "losses",
    "optim",
    "datasets",
    "plot",
]
# Within drawing/ too, each may import only what stands before it, types included.
DRAWING = [
    "text",
    "labels",
    "folding.neurons",
    "folding.groups",
    "folding.captions",
    "folding.folder",
    "folding.focus",
    "graph",
    "typesetting",
    "layout.geometry",
    "layout.crossings",
    "layout.coordinates",
    "layout.layered",
    "layout.graphviz",
    "layout.ports",
    "layout.placement",
    "svg",
    "dot",
    "drawing",
    "step_page.frames",
    "step_page.page",
]
# These join the siblings.
JOINING = ["training", "__main__"]
FILES = sorted(PACKAGE.rglob("*.py"))


def part_of(path):
    """Name the module or the package of the first level that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports_of(path, inside_functions=True, types=False):
    """List the modules that a file imports when it runs, and on demand those it only takes types from."""
    tree = ast.parse(path.read_text())
    left_out = {
        child
        for node in ast.walk(tree)
        if (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING" and not types)
        or (isinstance(node, ast.FunctionDef) and not inside_functions)
        for child in ast.walk(node)
    }
    for node in ast.walk(tree):
        if node in left_out:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} uses a relative import"
            if node.module == "autograd_lite":
                yield from (f"autograd_lite.{alias.name}" for alias in node.names)
            else:
                yield node.module


def test_every_module_has_its_place():
    assert {part_of(path) for path in FILES} == {*CORE, *SIBLINGS, *JOINING, "__init__"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_one_way(path):
    part = part_of(path)
    if part == "__init__":
        return
    allowed = {part, *(CORE[: CORE.index(part)] if part in CORE else CORE)}
    if part == "drawing":
        allowed.add("stepping")
    if part in JOINING:
        allowed |= {*SIBLINGS, "__version__"}
    for name in imports_of(path):
        package, _, submodule = name.partition(".")
        if package == "autograd_lite":
            assert submodule.partition(".")[0] in allowed, f"{part} imports {submodule}"


@pytest.mark.parametrize("name", DRAWING)
def test_imports_within_drawing_point_one_way(name):
    folder = PACKAGE / "drawing"
    before = {f"autograd_lite.drawing.{each}" for each in DRAWING[: DRAWING.index(name)]}
    for module in imports_of(folder / f"{name.replace('.', '/')}.py", types=True):
        assert not module.startswith("autograd_lite.drawing") or module in before


def test_every_file_of_drawing_has_its_place():
    folder = PACKAGE / "drawing"
    names = {".".join(path.relative_to(folder).with_suffix("").parts) for path in folder.rglob("*.py")}
    packages = {"folding", "layout", "step_page"}
    assert names == {*DRAWING, "__init__", *(f"{name}.__init__" for name in packages)}
    for name in packages:
        assert list(imports_of(folder / name / "__init__.py")) == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_nothing_but_python_itself_is_imported_up_front(path):
    for name in imports_of(path, inside_functions=False):
        package = name.partition(".")[0]
        assert package == "autograd_lite" or package in sys.stdlib_module_names


def test_importing_the_package_loads_no_third_party_module_and_no_part_before_its_use():
    program = "import sys; old = set(sys.modules); import autograd_lite; print(*set(sys.modules) - old)"
    loaded = subprocess.check_output([sys.executable, "-c", program], text=True, cwd=ROOT).split()
    assert {name.partition(".")[0] for name in loaded} <= {*sys.stdlib_module_names, "autograd_lite"}
    assert not {f"autograd_lite.{name}" for name in ("nn", "losses", "optim", "plot", "training")} & set(
        loaded
    )


def test_parts_are_imported_when_first_used():
    program = "import autograd_lite as ag; print(ag.losses.mse.__name__, ag.nn.MLP.__name__, ag.fit.__name__)"
    assert subprocess.check_output([sys.executable, "-c", program], text=True, cwd=ROOT) == "mse MLP fit\n"
    with pytest.raises(AttributeError, match="no attribute 'looses'"):
        autograd_lite.looses


def test_files_are_short_enough_to_read():
    for path in {*PACKAGE.rglob("*.py")} - {PACKAGE / "ops.py"}:  # as long as there are operations
        assert len(path.read_text().splitlines()) <= 420, path.name


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
