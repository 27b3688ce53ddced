"""The exercises of notebooks 04 to 06: each waits for an answer, and tells a wrong one from a right one."""

import contextlib
import io
import re
from pathlib import Path

import matplotlib.pyplot as plt
import nbformat
import pytest

FOLDER = Path(__file__).resolve().parents[1] / "notebooks"
NAMES = ["04_training", "05_vanishing_gradients", "06_overfitting"]

# What a student might answer, and be wrong.
MISTAKES = {
    "a bias forgotten": ("04", "check_count(16 * 2 + 16 * 16 + 16)"),
    "nothing moves": ("04", "check_descent(lambda loss, numbers, eta, steps: numbers)"),
    "the squared error's": ("04", "check_delta(lambda y, target: (y - target) * y * (1 - y))"),
    "no Adam": ("04", "check_adam(lambda theta, g, m, s, t, eta: (theta - eta * g, m, s))"),
    "not corrected for the start": (
        "04",
        "check_adam(lambda theta, g, m, s, t, eta: (theta - eta * (0.9 * m + 0.1 * g)"
        " / (math.sqrt(0.999 * s + 0.001 * g * g) + 1e-8), 0.9 * m + 0.1 * g, 0.999 * s + 0.001 * g * g))",
    ),
    "one unit": ("04", "check_units([(1.0, 0.0, 1.0)])"),
    "no bias": ("05", "check_number(4)"),
    "the variance": ("05", "check_deviation(0.04)"),
    "a guess": ("05", "check_z(1.0)"),
    "no shortcut": ("05", "check_residual(lambda layer, inputs: layer(inputs))"),
    "decay revives": ("05", "check_revivals((True, True))"),
    "not scaled": ("06", "check_dropout(lambda v, p, g: [x if g.random() >= p else 0.0 for x in v])"),
    "p keeps": ("06", "check_dropout(lambda v, p, g: [x * (1 / p) if g.random() < p else 0.0 for x in v])"),
    "a step too few": ("06", "check_steps(138)"),
    "no number": ("04", "check_count('three hundred')"),
    "no pairs": ("04", "check_units([1.0, 2.0])"),
    "one number for two": ("05", "check_revivals(True)"),
}


def code_cells(beginning):
    (path,) = FOLDER.glob(f"{beginning}*.ipynb")
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]


@pytest.fixture(autouse=True)
def own_settings():
    """Leave Matplotlib's settings, which the notebooks' first cells change, as they were for other tests."""
    with plt.rc_context():
        yield


@pytest.mark.parametrize("name", NAMES)
def test_as_stored_every_exercise_waits_for_an_answer(name):
    printed = [output.get("text", "") for cell in code_cells(name) for output in cell.outputs]
    found = re.findall(r"^exercise (\d): (.*)$", "\n".join(printed), re.MULTILINE)
    assert found == [(str(number), "no answer yet") for number in range(1, len(found) + 1)]
    assert len(found) >= 5


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_wrong_answer_is_not_right_and_something_is_said_that_helps(mistake):
    notebook, attempt = MISTAKES[mistake]
    imports, *cells = code_cells(notebook)
    asked = next(cell for cell in cells if f"def {attempt.split('(')[0]}(" in cell.source)
    namespace = {}
    with contextlib.redirect_stdout(io.StringIO()):
        for cell in (imports, asked):
            exec(compile(cell.source, cell.id, "exec"), namespace)
    assert re.fullmatch(r"not yet right: \S.{10,}", eval(attempt, namespace))
