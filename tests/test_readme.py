"""The README is true: its sessions, examples, tables and links."""

import importlib.util
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from generated import readme

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "autograd_lite"
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(
    r"^```python\n(.*?)^```$(?:\s*<!-- program -->\n```py\n(.*?)^```$)?", re.DOTALL | re.MULTILINE
)


def console_sessions():
    """List the commands in the README that are followed by their output."""
    for block in re.findall(r"^```console\n(.*?)^```$", README, re.DOTALL | re.MULTILINE):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            yield command, output


def table_below(heading):
    """List the cells of the first table below a heading or a marker, line by line."""
    lines = README.partition(f"{heading}\n")[2].splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("|"))
    rows = []
    for line in lines[first + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


@pytest.mark.parametrize(("command", "output"), list(console_sessions()))
def test_sessions_are_the_programs_real_output(command, output):
    words = shlex.split(command)
    assert words[:3] == ["python3", "-m", "autograd_lite"]
    run = subprocess.run(
        [sys.executable, *words[1:]], capture_output=True, text=True, check=True, cwd=ROOT, timeout=60
    )
    assert (run.stdout, run.stderr) == (output, "")


def test_python_runs_and_prints_what_it_says(capsys):
    """Each by itself, but for the one that prints the source of the program of the one before it."""
    names, blocks = {}, BLOCK.findall(README)
    assert len(blocks) == README.count("```python") >= 5
    for block, source in blocks:
        names = names if source else {"__name__": "readme"}
        exec(compile(block, "README.md", "exec"), names)
        said = re.findall(r"# prints: (.*)", block) + source.splitlines()
        assert capsys.readouterr().out.rstrip().splitlines() == said


def test_what_is_made_by_the_package_is_current():
    assert readme() == README, "make it again with: python3 tests/generated.py"


def test_it_names_the_command_that_tests_the_project():
    (command,) = re.findall(r"```sh\n(python3 -m pip install.*pytest.*)\n```", README)
    assert command == 'python3 -m pip install -e ".[test]" && python3 -m pytest'
    script = (ROOT / ".ci" / "run").read_text()
    assert script.index("-m venv") < script.index('eval "$first_command"')
    before, _, after = script.partition('eval "$readme_command"')
    assert "pip install" not in before  # a newcomer has nothing else
    for path in (ROOT / "tests" / "peers").glob("test_*.py"):
        installs = r"^Needs \w+: (?:python3 -m pip|npm) install (\w+(?:==|@)[\d.]+)$"
        (needed,) = re.findall(installs, path.read_text(), re.M)
        assert needed in after, path.name


def test_links_lead_somewhere():
    headings = re.findall(r"^#+ (.*)$", README, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}
    targets = re.findall(r"\]\(([^)\s]+)\)", README)
    assert targets
    for target in targets:
        if target.startswith("#"):
            assert target[1:] in anchors
        elif not re.match(r"[a-z]+://", target):
            assert (ROOT / target).is_file(), target


def test_every_notebook_is_linked_once():
    linked = re.findall(r"\]\(notebooks/(\w+\.ipynb)\)", README)
    assert sorted(linked) == linked
    assert {path.name for path in (ROOT / "notebooks").glob("*.ipynb")} <= {*linked}
    assert len({*linked}) == len(linked)


def test_the_files_it_names_are_there_and_none_is_missing():
    parts = [part for names, _ in table_below("## Changing it") for part in re.findall(r"`(.+?)`", names)]
    assert all((PACKAGE / part).exists() for part in parts)
    there = {path.stem for path in PACKAGE.glob("*.py")} | {
        path.parent.name for path in PACKAGE.glob("*/*.py")
    }
    assert {part.removesuffix(".py").rstrip("/") for part in parts} == there - {"__init__"}
    for script in re.findall(r"`python3 (tests/[\w/]+\.py)", README):
        assert (ROOT / script).is_file()


def test_the_scoreboard_has_the_goals_that_are_measured(monkeypatch):
    path = ROOT / "tests" / "benchmarks" / "scoreboard.py"
    spec = importlib.util.spec_from_file_location("scoreboard", path)
    scoreboard = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "scoreboard", scoreboard)  # dataclasses look it up
    spec.loader.exec_module(scoreboard)
    goals = {row.name: row.goals for row in scoreboard.ROWS}
    assert all(isinstance(row.threads, tuple) for row in scoreboard.ROWS)
    for name, _, peers, wanted, measured in table_below("<!-- scoreboard -->"):
        written = [f"{goal}×" if "?" not in goal else "–" for goal in goals[name].values()]
        assert peers.split("<br>") == [*goals[name]], name
        assert wanted.replace("\N{NO-BREAK SPACE}", " ").split("<br>") == written, name
        assert len(measured.split("<br>")) == len(written), name


def test_it_can_be_read_in_one_sitting():
    written = re.sub(r"<!-- (\w+) -->\n.*?<!-- /\1 -->", "", README, flags=re.DOTALL)  # the rest is made
    assert len(written.splitlines()) < 280
