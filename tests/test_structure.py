"""What the project promises of its own form: one-way imports, no third parties, short files."""

import ast
import pickle
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import autograd_lite

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "autograd_lite"

# Each of these may import only what stands before it.
CORE = [
    "core.suggestions",
    "core.ieee",
    "core.collector",
    "core.updates_in_place",
    "core.coercion",
    "core.tables",
    "core.symbol",
    "core.variables",
    "core.op_source",
    "core.op",
    "core.source",
    "core.list_rules",
    "core.error_function",
    "ops",
    "core.modes",
    "core.operators",
    "javascript",
    "core.scalar",
    "core.node",
    "core.own",
    "engine",
    "functions",
    "core.kernels",
    "core.sweep",
    "core.native",
    "core.forward",
    "composed",
    "derivatives",
    "interrupts",
    "naming",
    "files",
    "paths",
    "formulas",
    "transcript",
]
# Siblings: each may import the core, and its own package, but no other sibling.
SIBLINGS = [
    "gradcheck",
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
# Within these too, each file may import only what stands before it, types included.
WITHIN = {
    "drawing": [
        "text",
        "elements",
        "outline",
        "labels",
        "folding.neurons",
        "folding.examples",
        "folding.idle",
        "folding.groups",
        "folding.captions",
        "folding.leaves",
        "folding.folder",
        "folding.focus",
        "graph",
        "typesetting",
        "layout.geometry",
        "layout.crossings",
        "layout.coordinates",
        "layout.layers",
        "layout.bands",
        "layout.layered",
        "layout.graphviz",
        "layout.ports",
        "layout.placement",
        "svg",
        "image",
        "dot",
        "drawing",
        "step_page.inside",
        "step_page.words",
        "step_page.questions",
        "step_page.frames",
        "step_page.live",
        "step_page.page",
    ],
    "compiler": [
        "introspection",
        "signature",
        "reading",
        "index",
        "rewriting",
        "lookups",
        "tracing",
        "tape",
        "joining",
        "arrays.expressions",
        "arrays.printer",
        "arrays.places",
        "arrays.indexing",
        "arrays.ir",
        "arrays.primitives",
        "arrays.products",
        "arrays.images",
        "arrays.names",
        "arrays.reads",
        "arrays.reverse",
        "arrays.blocks",
        "arrays.elements",
        "arrays.loops",
        "arrays.script",
        "updates",
        "arrays.source",
        "arrays.runtime",
        "raising.simplify",
        "raising.sums",
        "raising.matmuls",
        "raising.ragged",
        "raising.placement",
        "raising.wholes",
        "raising.raise_tape",
        "scalars",
        "native",
        "marshalling",
        "eager",
        "specialization",
        "surroundings",
        "cache",
        "batches",
        "runner",
        "moves",
        "trainings",
        "lengths",
        "devices.mesh",
        "devices.step",
        "devices.training",
        "trainer",
        "explain",
        "program",
    ],
    "nn": [
        "flag",
        "keeping",
        "table",
        "module",
        "tools",
        "images",
        "dense",
        "convolution",
        "pooling",
        "norm",
        "dropout",
        "residual",
        "embedding",
        "recurrent",
        "gated",
        "attention",
        "flatten",
        "sequential",
    ],
    "datasets": ["seeds", "points", "loaded", "texts", "splitting"],
    "javascript": ["names", "choices", "writing", "terms", "scripts"],
    "losses": ["given", "regression", "classification"],
    "optim": ["settings", "schedules", "groups", "arithmetic", "clipping", "optimizer", "rules", "finder"],
    "playing": [
        "kinds",
        "data",
        "neurons",
        "columns",
        "description",
        "programs",
        "rules",
        "code",
        "example_pages",
        "page",
        "making",
        "bundled",
    ],
    "training": [
        "progress",
        "history",
        "state",
        "examples",
        "processes",
        "settings",
        "steps",
        "checkpoints",
        "columns",
        "compiled",
        "on_devices",
        "predict",
        "fit",
    ],
}

# These join the siblings; each may import what stands before it.
JOINING = ["training", "metrics", "preprocess", "sklearn", "playing", "__main__"]
FILES = sorted(PACKAGE.rglob("*.py"))


def part_of(path):
    """Name the package of the first level that a file belongs to; of the core the module."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:2]) if parts[0] == "core" else parts[0]


def part_named(module):
    """The same for the name of a module within the package."""
    parts = module.split(".")
    return ".".join(parts[:2]) if parts[0] == "core" else parts[0]


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
            if node.module in ("autograd_lite", "autograd_lite.core"):
                yield from (f"{node.module}.{alias.name}" for alias in node.names)
            else:
                yield node.module


def test_every_module_has_its_place():
    assert {part_of(path) for path in FILES} == {*CORE, *SIBLINGS, *JOINING, "__init__", "core.__init__"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_one_way(path):
    part = part_of(path)
    if "__init__" in part:
        return
    allowed = {part, *(CORE[: CORE.index(part)] if part in CORE else CORE)}
    if part == "drawing":
        allowed.add("stepping")
    if part in JOINING:
        allowed |= {*SIBLINGS, *JOINING[: JOINING.index(part)], "__version__"}
    for name in imports_of(path):
        package, _, submodule = name.partition(".")
        if package == "autograd_lite":
            assert part_named(submodule) in allowed, f"{part} imports {submodule}"


@pytest.mark.parametrize(("part", "name"), [(part, name) for part in WITHIN for name in WITHIN[part]])
def test_imports_within_a_part_point_one_way(part, name):
    before = {f"autograd_lite.{part}.{each}" for each in WITHIN[part][: WITHIN[part].index(name)]}
    for module in imports_of(PACKAGE / part / f"{name.replace('.', '/')}.py", types=True):
        assert part_named(module.removeprefix("autograd_lite.")) != part or module in before


@pytest.mark.parametrize("part", WITHIN)
def test_every_file_of_a_part_has_its_place(part):
    folder = PACKAGE / part
    names = {".".join(path.relative_to(folder).with_suffix("").parts) for path in folder.rglob("*.py")}
    packages = {name.rpartition(".")[0] for name in WITHIN[part]} - {""}
    assert names == {*WITHIN[part], "__init__", *(f"{name}.__init__" for name in packages)}
    for name in packages:
        assert list(imports_of(folder / name / "__init__.py")) == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_nothing_but_python_itself_is_imported_up_front(path):
    for name in imports_of(path, inside_functions=False):
        package = name.partition(".")[0]
        is_base = path == PACKAGE / "sklearn.py" and package in ("sklearn", "numpy")
        assert package == "autograd_lite" or package in sys.stdlib_module_names or is_base


def test_importing_the_package_loads_no_third_party_module_and_no_part_before_its_use():
    program = "import sys; old = set(sys.modules); import autograd_lite; print(*set(sys.modules) - old)"
    loaded = subprocess.check_output([sys.executable, "-c", program], text=True, cwd=ROOT, timeout=60).split()
    assert {name.partition(".")[0] for name in loaded} <= {*sys.stdlib_module_names, "autograd_lite"}
    assert not {
        f"autograd_lite.{name}" for name in ("nn", "losses", "optim", "playing", "plot", "training")
    } & set(loaded)


def test_parts_are_imported_when_first_used():
    program = "import autograd_lite as ag; print(ag.losses.mse.__name__, ag.nn.MLP.__name__, ag.fit.__name__)"
    shown = subprocess.check_output([sys.executable, "-c", program], text=True, cwd=ROOT, timeout=60)
    assert shown == "mse MLP fit\n"
    with pytest.raises(AttributeError, match="no attribute 'looses'"):
        autograd_lite.looses


def test_a_function_is_read_without_scrolling():
    """A file is as long as its idea; a function, without its docstring, is no longer than a screen."""
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                body = node.body[1:] if ast.get_docstring(node) else node.body
                lines = body[-1].end_lineno - body[0].lineno + 1 if body else 0
                assert lines <= 60, (path.name, node.name)


def test_every_script_of_a_page_has_its_types_checked():
    """Also in an editor; ``.ci/javascript`` checks them all."""
    scripts = sorted(PACKAGE.rglob("*.js"))
    assert scripts
    for path in scripts:
        assert path.read_text().startswith("// @ts-check\n"), path.name


def test_the_engine_is_a_page():
    assert len((PACKAGE / "engine.py").read_text().splitlines()) <= 220


def trees(*patterns):
    """Give the parsed files below the top of the project, each with its path."""
    for path in sorted(path for pattern in patterns for path in ROOT.glob(pattern)):
        yield path, ast.parse(path.read_text(encoding="utf-8"))


def test_the_tests_import_nothing_that_the_test_extra_does_not_bring():
    """What needs more is in ``peers``, for which ``.ci/run`` installs it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = project["dependencies"] + project["optional-dependencies"]["test"]
    brought = {re.match(r"[\w-]+", line).group() for line in lines}
    brought = {
        {"scikit-learn": "sklearn", "pillow": "PIL"}.get(name, name.replace("-", "_")) for name in brought
    }
    own = {path.stem for path in [*ROOT.glob("tests/*.py"), *ROOT.glob("tests/peers/*.py")]}
    known = {*sys.stdlib_module_names, "autograd_lite", *own, *brought}
    peers = {*re.findall(r"(\w+)==", (ROOT / ".ci" / "run").read_text())}
    assert {"torch", "jax", "micrograd"} <= peers
    for pattern, allowed in (("tests/*.py", known), ("tests/peers/*.py", known | peers)):
        for path, tree in trees(pattern):
            for node in ast.walk(tree):
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                names += [node.module] if isinstance(node, ast.ImportFrom) else []
                assert {name.partition(".")[0] for name in names} <= allowed, path.name


def test_no_test_is_skipped():
    skipping = {"skip", "skipif", "skipIf", "SkipTest", "importorskip", "xfail", "collect_ignore"}
    for path, tree in trees("tests/*.py", "tests/peers/*.py"):
        names = {getattr(node, "attr", getattr(node, "id", "")) for node in ast.walk(tree)}
        assert not names & skipping, path.name


def test_every_program_that_is_started_is_given_a_time():
    for path, tree in trees("tests/*.py", "tests/peers/*.py", "tests/long/*.py", "autograd_lite/**/*.py"):
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            words = ast.unparse(node.func).rpartition(".")
            if words[0] == "subprocess" and words[2] != "Popen":
                assert "timeout" in {keyword.arg for keyword in node.keywords}, (path.name, node.lineno)
            if words[2] in ("wait", "communicate"):
                assert node.args or node.keywords, (path.name, node.lineno)


def test_standard_input_has_an_encoding():
    assert sys.stdin.encoding  # IPython asks for it


def test_a_background_job_can_run_the_tests():
    """A shell's background job ignores Ctrl-C, and may have no standard input."""
    struck = {
        path for path, tree in trees("tests/*.py", "autograd_lite/**/*.py") if "SIGINT" in ast.dump(tree)
    }
    files = sorted(map(str, {Path(__file__), *struck} - {ROOT / "tests" / "conftest.py"}))
    chosen = ["-p", "no:cacheprovider", "-k", "ctrl_c or interrupt or standard_input"]
    command = shlex.join([sys.executable, "-m", "pytest", *chosen, *files])
    ran = subprocess.run(
        ["sh", "-c", f"trap '' INT; exec {command} <&-"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=300,
    )
    assert ran.returncode == 0, ran.stdout


def test_a_test_that_stands_still_ends_and_says_where(tmp_path):
    (tmp_path / "test_still.py").write_text(
        "import threading\n\ndef test_still():\n    threading.Event().wait()\n"
    )
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-c", ROOT / "pyproject.toml", "-o", "timeout=1", "test_still.py"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=60,
    )
    assert ran.returncode == 1
    assert "threading.Event().wait()" in ran.stdout and "Timeout (>1.0s)" in ran.stdout
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]
    assert 0 < settings["timeout"] < settings["faulthandler_timeout"]


def test_the_top_level_holds_what_was_agreed():
    fixed = {"pyproject.toml", "README.md", "autograd_lite", "tests", "notebooks", "LICENSE"}
    assert {path.name for path in ROOT.iterdir() if not path.name.startswith(".")} <= fixed


def test_public_names_are_listed_and_documented():
    assert len(set(autograd_lite.__all__)) == len(autograd_lite.__all__)
    for name in autograd_lite.__all__:
        thing = getattr(autograd_lite, name)
        if name != "NO_GRADIENT":
            assert thing.__doc__, name


@pytest.mark.parametrize(
    "module", [autograd_lite.datasets, autograd_lite.losses], ids=lambda module: module.__name__
)
def test_a_pickle_may_name_a_function_by_the_package_that_it_is_imported_from(module):
    """As those do that were made when the package was one file."""
    for name in module.__all__:
        function = getattr(module, name)
        assert pickle.loads(f"c{module.__name__}\n{name}\n.".encode()) is function
        assert pickle.loads(pickle.dumps(function)) is function


def test_a_star_import_keeps_a_sum_that_works_like_the_builtin_one():
    names = {}
    exec("from autograd_lite import *; total = sum((i for i in (1, 2)), Value(3.0))", names)
    assert names["total"].data == 6.0


def test_graphviz_is_the_one_required_dependency():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert [re.match(r"[\w-]+", line).group() for line in project["dependencies"]] == ["graphviz"]
    assert set(project["optional-dependencies"]) == {"fast", "notebook", "jax", "test", "bench"}
