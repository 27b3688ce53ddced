"""The exercises that check themselves: the hidden answers pass every check, and usual mistakes do not."""

import contextlib
import functools
import io
import re
from pathlib import Path

import nbformat
import pytest

FOLDER = Path(__file__).resolve().parents[1] / "notebooks"
BUILD, BY_HAND = "00_build_your_own", "01_backpropagation_by_hand"
THAT_RAISE = ["02_neurons_and_xor", "03_regression_and_classification", "07_digits"]
BLANK = re.compile(r"^\w+ = \.\.\..*\n", re.MULTILINE)
CHECK = re.compile(r"\bcheck(_operation)?\(")

# A step of notebook 00, and what is often written in the place of a line of its answer.
MISTAKES = {
    "a partial forgotten": ("1", "(1.0, 1.0)", "(1.0,)"),
    "not the sum": ("1", "a.data + b.data", "a.data"),
    "a parent forgotten": ("1", "(a, b), (1.0", "(a, a), (1.0"),
    "each its own value": ("2", "(b.data, a.data)", "(a.data, b.data)"),
    "partials of a sum": ("2", "(b.data, a.data)", "(1.0, 1.0)"),
    "a missing factor": ("3, power", "n * a.data", "a.data"),
    "the exponent not lowered": ("3, power", "(n - 1)", "n"),
    "the slope by the input": ("3, tanh", "1 - t * t", "1 - a.data**2"),
    "the slope of sigmoid": ("3, tanh", "1 - t * t", "t * (1 - t)"),
    "as met, no topological order": (
        "4",
        "for parent in number.parents:\n            visit(parent)\n        listed.append(number)",
        "listed.append(number)\n        for parent in number.parents:\n            visit(parent)",
    ),
    "only one parent": ("4", "in number.parents", "in number.parents[:1]"),
    "listed again and again": ("4", "if number in seen", "if number in listed[:0]"),
    "set, not added": ("5", "parent.grad +=", "parent.grad ="),
    "a missing factor on the edge": ("5", "number.grad * partial", "partial"),
    "the partial left out": ("5", "number.grad * partial", "number.grad"),
    "from the front": ("5", "reversed(numbers)", "numbers"),
    "no seed": ("5", "output.grad = 1.0", "output.grad = 0.0"),
    "nothing is zeroed": ("6", "p.grad = 0.0", "p.grad = p.grad"),
    "uphill": ("6", "p.data -=", "p.data +="),
    "a new number": ("6", "p.data -= rate * p.grad", "p = p - rate * p.grad"),
    "no rate": ("6", "rate * p.grad", "p.grad"),
    "the same slope by both": ("7, divide", "-a.data / b.data**2", "1 / b.data"),
    "recursive": (
        "8, deep_order",
        "listed, seen, waiting = ",
        "return order(output)\n    listed, seen, waiting = ",
    ),
}


@functools.cache
def cells_of(name):
    return nbformat.read(FOLDER / f"{name}.ipynb", as_version=4).cells


def filled(name):
    """List the code cells, with the answer that stands above a cell in the place of its blanks."""
    sources, answer = [], ""
    for cell in cells_of(name):
        if cell.cell_type == "markdown":
            answer = answer_in(cell)
        elif has_blanks(cell):
            assert answer, cell.id
            sources.append(answer + (BLANK.sub("", cell.source) if BLANK.search(cell.source) else ""))
        else:
            sources.append(cell.source)
    return sources


def answer_in(cell):
    hidden = re.search(r"<details>.*?```python\n(.*?)```", cell.source, re.DOTALL)
    return hidden.group(1) if hidden else ""


def has_blanks(cell):
    """Tell whether a cell waits for an answer: by ``name = ...``, or by the TODO of a function."""
    shown = "jupyter" not in cell.metadata  # the cells of the checks are folded away
    return BLANK.search(cell.source) or (shown and re.search(r"^ .*\bTODO\b", cell.source, re.MULTILINE))


def said(sources):
    """Run code cells one after the other; return what each of them prints."""
    namespace, texts = {"__name__": "__main__"}, []
    for source in sources:
        text = io.StringIO()
        with contextlib.redirect_stdout(text):
            exec(compile(source, "<a cell>", "exec"), namespace)
        texts.append(text.getvalue())
    return texts


def verdicts(sources, texts):
    """List the lines that the cells with checks print, but for the other ones of those cells."""
    checking = [
        text for source, text in zip(sources, texts) if CHECK.search(source) and "def check" not in source
    ]
    lines = [line for text in checking for line in text.splitlines()]
    return [line for line in lines if re.match(r"step \d|right|no, |not yet", line)]


# What a student might answer in notebook 01, and a word of what it says to that.
WRONG = {
    "by_x": ("-2.0", "through the sum"),
    "by_z": ("0.525", "label 0"),
    "loss_after": ("0.375", "estimate"),
    "counts": ("(160, 72)", "other way round"),
    "naive_is_right": ('{"one hidden layer": True, "two hidden layers": True}', "used twice"),
    "count_paths": ("lambda output, target: len(order_of(output))", "nodes"),
    "x_after_two": ("-8", "starts anew"),
    "evaluations": ("1_000_000", "both sides"),
    "softsign": (
        'Op("softsign", "softsign({0})", lambda a: a / (1 + abs(a)), lambda y, a: 1 - y)',
        "slope at -0.5",
    ),
    "broken_in_a": ('"nothing"', "experiment"),
}


@pytest.fixture(autouse=True)
def no_windows(monkeypatch):
    import matplotlib.pyplot as plt

    monkeypatch.setattr(plt, "show", lambda: None)
    plt.switch_backend("agg")
    with plt.rc_context():
        yield
    plt.close("all")


@pytest.mark.parametrize("name", [BUILD, BY_HAND])
def test_as_stored_each_check_waits_for_an_answer(name):
    cells = [cell for cell in cells_of(name) if cell.cell_type == "code"]
    texts = ["".join(output.get("text", "") for output in cell.outputs) for cell in cells]
    found = verdicts([cell.source for cell in cells], texts)
    assert len(found) >= 9
    assert all("not yet" in line for line in found), found


@pytest.mark.parametrize("name", [BUILD, BY_HAND])
def test_with_the_hidden_answers_every_check_says_right(name):
    sources = filled(name)
    found = verdicts(sources, said(sources))
    assert len(found) >= 9
    assert all(re.fullmatch(r"(step .*: )?right", line) for line in found), found


def test_a_wrong_answer_is_told_what_it_is():
    """The blanks of a cell that have no wrong answer stay as they are."""
    sources = []
    for source, cell in zip(
        filled(BY_HAND), (each for each in cells_of(BY_HAND) if each.cell_type == "code")
    ):
        blank = BLANK.search(cell.source)
        if blank is None:
            sources.append(source)
        else:
            name = blank.group().partition(" ")[0]
            sources.append(cell.source.replace(blank.group(), f"{name} = {WRONG[name][0]}\n"))
    found = [line for line in verdicts(sources, said(sources)) if line.startswith("no, ")]
    assert len(found) >= len(WRONG)
    for name, (_, word) in WRONG.items():
        assert any(word in line for line in found), (name, found)


@pytest.mark.parametrize("name", THAT_RAISE)
def test_an_exercise_has_stars_a_check_that_waits_and_an_answer_that_is_checked(name):
    """These checks raise an error where they fail, and the runs of the notebooks run the answers."""
    cells, numbers = cells_of(name), []
    for text, question, answer in zip(cells, cells[1:], cells[2:]):
        begun = re.search(r"\*\*Exercise (\d+) ★+\.", text.source)
        if begun and text.cell_type == "markdown":
            numbers.append(int(begun.group(1)))
            assert "def check(" in question.source
            assert [output.text for output in question.outputs] == ["No answer yet.\n"], question.id
            assert f"Exercise {numbers[-1]}. " in answer.source
            assert re.search(r"^check\(", answer_in(answer), re.MULTILINE), answer.id
    assert numbers == list(range(1, len(numbers) + 1)) and len(numbers) >= 6


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_usual_mistake_is_found_and_what_follows_runs_nevertheless(mistake):
    step, right, wrong = MISTAKES[mistake]
    sources = filled(BUILD)
    answers = [answer_in(cell) for cell in cells_of(BUILD)]
    written = step if step.isdigit() else f'"{step}"'
    checked = next(at for at, source in enumerate(sources) if re.search(rf"check\w*\({written}, ", source))
    place = max(at for at in range(checked) if sources[at] in answers and right in sources[at])
    sources[place] = sources[place].replace(right, wrong)
    found = verdicts(sources, said(sources))
    others = [line for line in found if not line.startswith(f"step {step}: not right")]
    assert len(others) == len(found) - 1, found
    assert all(line.endswith(": right") for line in others), others


def test_the_engine_is_about_sixty_lines():
    """Those of the answers to the six steps, and those of plain numbers; no blank line, no docstring."""
    sources = filled(BUILD)
    end = next(at for at, source in enumerate(sources) if "check(6, " in source)
    answers = [answer_in(cell) for cell in cells_of(BUILD)]
    written = [source for source in sources[:end] if source in answers or "with_plain_numbers" in source]
    lines = [line for source in written for line in source.splitlines() if line.strip()]
    assert 50 <= len([line for line in lines if '"""' not in line]) <= 65
