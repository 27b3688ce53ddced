"""The notebooks: run anew they give what is stored, and every row of the lectures has its cell."""

import base64
import importlib.metadata
import json
import platform
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "notebooks"
NOTEBOOKS = [
    "00_build_your_own",
    "01_backpropagation_by_hand",
    "02_neurons_and_xor",
    "03_regression_and_classification",
    "04_training",
    "05_vanishing_gradients",
    "06_overfitting",
    "07_digits",
    "08_words",
    "09_scalars_to_matrices",
]
EXISTING = [name for name in NOTEBOOKS if (FOLDER / f"{name}.ipynb").exists()]

# The rows of the lectures, and the notebook that each belongs to by its first digits.
LECTURES = {
    "A1": ("01", "(x + y) z, stepped forwards and backwards"),
    "A2": ("01", "binary logistic regression of one example"),
    "A3": ("01", "one hidden layer of sigmoid units by hand"),
    "A4": ("02", "XOR from three given sigmoid neurons, in both parameterisations"),
    "A5": ("02", "AND is linearly separable, XOR is not"),
    "A6": ("03", "the last layer of linear regression"),
    "A7": ("09", "layers without non-linearities are one affine map"),
    "A8": ("04", "the delta-recursion of sigmoid networks"),
    "A9": ("07", "parameter counts"),
    "A10": ("01", "the chain rule as a product of layer Jacobians"),
    "A11": ("03", "the gradient of a mean is the mean of the gradients"),
    "B1": ("03", "linear regression: maximum likelihood is least squares"),
    "B2": ("03", "binary logistic regression"),
    "B2b": ("03", "the same with a network, sigmoid output"),
    "B2c": ("03", "the logit is the log-odds"),
    "B2d": ("02", "perceptron and threshold unit"),
    "B3": ("03", "softmax regression, K or K-1 vectors"),
    "B4": ("03", "learned features φ(x)"),
    "B5": ("08", "bigram model, tied embeddings"),
    "B6": ("04", "an MLP for regression, linear last layer"),
    "B7": ("04", "an MLP with several hidden layers"),
    "B8": ("07", "K outputs normalised by softmax"),
    "B9": ("09", "the matrix-vector form"),
    "B10": ("04", "two hidden layers on 2-D data"),
    "B11": ("07", "handwritten digits, what hidden units learn"),
    "B12": ("09", "convolution"),
    "B13": ("08", "a recurrent layer"),
    "B14": ("08", "residual connections, attention, a tiny GPT"),
    "C1": ("02", "activations and their derivatives"),
    "C2": ("03", "losses, sums and means over examples"),
    "C3": ("03", "MAP: the prior as weight decay"),
    "C4": ("04", "gradient descent and mini-batches"),
    "C5": ("05", "random initial weights, not zero"),
    "C6": ("05", "vanishing gradients and what keeps them"),
    "C7": ("06", "overfitting and its remedies"),
    "C8": ("07", "transfer learning"),
    "C9": ("09", "the cost of backpropagation"),
    "C10": ("09", "the vector case: a Jacobian"),
    "C11": ("04", "the fit of a curve improves with hidden units"),
}

# What students ask, and the notebook that answers: a cell says so in its metadata "answers".
QUESTIONS = {
    "order": ("01", "how is the topological order computed?"),
    "accumulate": ("01", "why are gradients added up, and not set?"),
    "x times x": ("01", "how does the gradient of x·x come about, number by number?"),
    "seed": ("01", "why is ∂L/∂L = 1?"),
    "zero_grad": ("01", "why does zero_grad leave inner nodes alone?"),
    "twice": ("01", "what happens when backward runs twice?"),
    "kinks": ("01", "how does gradcheck work, and what does it do at a kink?"),
    "new operation": ("01", "how is an operation added?"),
    "cross-entropy": ("03", "how does softmax with cross-entropy come to p - y, number by number?"),
    "shift": ("03", "why is the largest logit subtracted in log-sum-exp?"),
    "p.data": ("04", "why is p -= lr * p.grad not p.data -= lr * p.grad?"),
    "Adam": ("04", "what does Adam do that SGD does not, parameter by parameter?"),
    "too large": ("04", "what does a learning rate that is too large look like?"),
    "zeros": ("05", "why do the weights not begin at 0?"),
    "saturated": ("05", "why does a saturated unit learn slowly?"),
    "dying": ("05", "how does a ReLU die, and how does it come back?"),
    "exploding": ("05", "how do gradients explode?"),
    "validation": ("06", "how can the validation loss be below the training loss?"),
    "attention": ("08", "how does an attention weight get its gradient?"),
    "modes": ("09", "what are VJP and JVP, and which mode needs how many passes?"),
    "W @ x": ("09", "how does W @ x come out of scalars?"),
}
OF_A_MACHINE = re.compile(
    r"(?<![\w<.])(/(home|root|tmp|usr|opt|var|etc|work|mnt|Users|private)/\w|[A-Z]:\\\w)"
)

each = pytest.mark.parametrize("name", EXISTING)


def stored(name):
    return nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)


def cells_of(name, kind):
    return [cell for cell in stored(name).cells if cell.cell_type == kind]


def data_of(cell):
    return [output.data for output in cell.outputs if "data" in output]


def words_of(cell):
    """Join what a cell put out, but for pictures made of pixels."""
    texts = [output.get("text", "") for output in cell.outputs]
    return "\n".join(texts + [data[kind] for data in data_of(cell) for kind in data if kind != "image/png"])


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """Run every notebook anew, two at a time; each test waits for its own."""
    folder = tmp_path_factory.mktemp("executed")

    def execute(name):
        command = [sys.executable, ROOT / "tests" / "notebooks.py", name, "--answers", "--into", folder]
        done = subprocess.run(command, capture_output=True, text=True, timeout=500)
        assert done.returncode == 0, done.stderr
        return nbformat.read(folder / f"{name}.ipynb", as_version=4)

    pool = ThreadPoolExecutor(max_workers=2)
    yield {name: pool.submit(execute, name) for name in EXISTING}
    pool.shutdown(cancel_futures=True)


def drawn_by_this_matplotlib(picture):
    version = importlib.metadata.version("matplotlib")
    return f"Matplotlib version{version}," in base64.b64decode(picture).decode("latin-1")


def comparable(notebook, pictures):
    """Leave out timings, and if wanted pictures made of pixels; write each cell out, with its id."""
    cells = {}
    for cell in notebook.cells:
        if "timing" in cell.metadata.get("tags", []):
            cell.outputs = []
        for data in data_of(cell) if cell.cell_type == "code" and not pictures else []:
            if "image/png" in data:
                data["image/png"] = "a picture"
        cells[cell.id] = json.dumps(cell, sort_keys=True)
    return notebook.metadata, cells


def test_the_notebooks_exist_and_no_other():
    assert sorted(path.stem for path in FOLDER.glob("*.ipynb")) == NOTEBOOKS


@each
def test_a_new_run_gives_the_stored_outputs(executed, name):
    """The answers to the exercises run in between, and change nothing.

    Another version of Matplotlib may draw other pixels, and nothing else may differ.
    """
    found = [
        data["image/png"] for cell in cells_of(name, "code") for data in data_of(cell) if "image/png" in data
    ]
    pictures = all(map(drawn_by_this_matplotlib, found))
    metadata, cells = comparable(executed[name].result(), pictures)
    old_metadata, old_cells = comparable(stored(name), pictures)
    assert metadata == old_metadata
    assert list(cells) == list(old_cells)
    assert [key for key in cells if cells[key] != old_cells[key]] == []


@each
def test_outputs_hold_no_error_and_nothing_of_a_machine(name):
    cells = cells_of(name, "code")
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    for cell in cells:
        assert all(
            output.output_type != "error" and output.get("name") != "stderr" for output in cell.outputs
        )
        assert not re.search(rf"\b{re.escape(platform.node() or '?')}\b", words_of(cell)), cell.id
    text = "\n".join([*map(words_of, cells), *(cell.source for cell in stored(name).cells)])
    assert not OF_A_MACHINE.search(text), OF_A_MACHINE.search(text)


@each
def test_a_notebook_is_small_and_so_are_its_cells(name):
    assert (FOLDER / f"{name}.ipynb").stat().st_size < 1_000_000
    assert [cell.id for cell in stored(name).cells if not cell.source.strip()] == []
    for cell in cells_of(name, "code"):
        lines = [line for line in cell.source.splitlines() if line.strip()]
        assert 0 < len(lines) <= 20, cell.source


@each
def test_a_notebook_has_exercises_with_hidden_answers(name):
    exercises = [cell.source for cell in cells_of(name, "markdown") if "<details>" in cell.source]
    assert exercises
    for source in exercises:
        assert "exercise" in source.lower()
        assert "<details>\n<summary>Answer</summary>\n\n" in source.replace("<details><", "<details>\n<")
        assert source.rstrip().endswith("</details>")


@each
def test_every_picture_is_described_in_words(name):
    for cell in cells_of(name, "code"):
        for data in data_of(cell):
            if "image/png" in data:
                assert len(cell.metadata.get("alt", "")) >= 30, (
                    f'{cell.id}: say in its metadata "alt" what is seen'
                )
            if "image/svg+xml" in data:
                assert "<title" in data["image/svg+xml"] and "<desc" in data["image/svg+xml"]
            if "text/html" in data:
                assert "<img" not in data["text/html"] or "alt=" in data["text/html"]


def test_every_row_of_the_lectures_is_shown_by_a_cell():
    shown = {
        row for name in EXISTING for cell in stored(name).cells for row in cell.metadata.get("lectures", [])
    }
    begun = {name[:2] for name in EXISTING}
    assert shown <= LECTURES.keys()
    assert {row for row, (notebook, _) in LECTURES.items() if notebook in begun} <= shown


def test_every_question_of_students_is_answered_by_a_cell():
    answered = {
        (question, name[:2])
        for name in EXISTING
        for cell in stored(name).cells
        for question in cell.metadata.get("answers", [])
    }
    assert answered == {(question, notebook) for question, (notebook, _) in QUESTIONS.items()}
