"""The reference that ``python3 -m pdoc autograd_lite`` makes: every name and formula, no warning.

Needs pdoc: python3 -m pip install pdoc==16.0.0
"""

import html
import importlib
import inspect
import re
import subprocess
import sys

import pytest

import autograd_lite

NAMES = re.compile(r'id="([^"]+)"')
CODE = re.compile(r"<code>(.*?)</code>", re.DOTALL)
SECTION = re.compile(r"^Formula:\n((?: {4}.*\n?)+)", re.MULTILINE)


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Give the page of each module."""
    folder = tmp_path_factory.mktemp("reference")
    command = [sys.executable, "-W", "error", "-m", "pdoc", "autograd_lite", "-o", str(folder)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert (run.returncode, run.stderr, "Warn" in run.stdout) == (0, "", False)
    found = folder.rglob("autograd_lite*/**/*.html"), folder.glob("autograd_lite.html")
    return {
        ".".join(page.relative_to(folder).with_suffix("").parts): page.read_text(encoding="utf-8")
        for paths in found
        for page in paths
    }


def modules():
    """The package, and each of its modules that is public."""
    public = [getattr(autograd_lite, name) for name in autograd_lite.__all__]
    return [autograd_lite, *filter(inspect.ismodule, public)]


def documented():
    """Every public thing that has a docstring, by its module's name and its own; methods too."""
    for module in modules():
        for name in module.__all__:
            thing = getattr(module, name)
            if inspect.ismodule(thing):
                continue
            yield module.__name__, name, thing
            if inspect.isclass(thing):
                for each, member in vars(thing).items():
                    if inspect.isfunction(member) and not each.startswith("_"):
                        yield module.__name__, f"{name}.{each}", member


def test_every_public_name_has_its_place(pages):
    for module in modules():
        assert module.__name__ in pages, module
    for module, name, _ in documented():
        assert name in NAMES.findall(pages[module]), (module, name)


def test_formulas_are_formulas(pages):
    count = 0
    for module, name, thing in documented():
        shown = [html.unescape(text) for text in CODE.findall(pages[module])]
        for section in SECTION.findall(inspect.getdoc(thing) or ""):
            for line in section.splitlines():
                assert "`" in line or line.endswith(":"), (module, name, line)
                for formula in re.findall(r"(?<!`)`([^`]+)`(?!`)", line):
                    assert formula in shown, (module, name, formula)
                    count += 1
    assert count > 100


def test_sections_and_examples_are_marked(pages):
    for name, page in pages.items():
        module = importlib.import_module(name)
        if "\n    Args:\n" in inspect.getsource(module):
            assert 'id="arguments' in page, name
            assert "<p>Args:" not in page and "<p>Formula:" not in page, name
    assert '<span class="gp">&gt;&gt;&gt; </span>' in pages["autograd_lite"]
