"""playground: a page for a model, its loss and its data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autograd_lite.compiler.arrays.ir import View
from autograd_lite.drawing.drawing import draw
from autograd_lite.engine import Value
from autograd_lite.files import json_text
from autograd_lite.optim import Optimizer
from autograd_lite.playing.code import loss_code, model_code
from autograd_lite.playing.columns import Column, columns_of, parameter_names
from autograd_lite.playing.data import Table, table_of, view_of
from autograd_lite.playing.description import described_columns, name_columns
from autograd_lite.playing.example_pages import example_pages
from autograd_lite.playing.kinds import Task, task_of
from autograd_lite.playing.page import Playground, document_of
from autograd_lite.playing.programs import Programs, programs_of, script_of
from autograd_lite.playing.rules import described_rules
from autograd_lite.plot.charts import COLOURS
from autograd_lite.training.examples import Examples, check_batches, check_examples, in_a_column
from autograd_lite.training.settings import check_loss, check_optimizer, parameters_of
from autograd_lite.training.state import generators_of, kept, mode, values_of

__all__ = ["playground"]

MOST_NUMBERS = 2_000_000
"""The most numbers that the examples of a page may hold."""
BATCH = 16
"""How many examples a step takes at first."""
MOST_PARAMETERS = 20_000
"""The most weights that can be drawn, named and chosen from."""


def playground(
    model: Any,
    loss: Callable[[Any, Any], Any],
    X: Sequence[Any],
    y: Sequence[Any],
    *,
    test: tuple[Sequence[Any], Sequence[Any]] | None = None,
    optimizer: Optimizer | None = None,
    kind: str | None = None,
) -> Playground:
    """Return a page in which a model trains, from the weights that it has; a notebook shows it.

    The reader plays, steps, and changes rate, rule, batch and weights; adds and deletes examples; and
    asks of every neuron and weight where its gradient comes from. The page runs the programs that
    ``compile`` makes of the model and the loss. Examples of two numbers are shown on a plane, of one
    number along a line, of n² numbers (from 9 on) as images, all others as a table.

    Args:
        model: a Module, called with one example. Its mode, its numbers and its random numbers stay.
        loss: called with the model's output and a target.
        X: the examples: lists of numbers, all of one form, or numbers.
        y: their targets: numbers, or lists of numbers.
        test: further examples and targets, whose loss is shown too.
        optimizer: what the page begins with; of a schedule the first rate. All others of ``optim`` can
            be chosen there.
        kind: "binary", "classes" or "regression"; None lets it follow: of one output with two different
            targets "binary"; of several outputs whose targets are whole numbers from 0 to the number of
            outputs less 1, or lists of a single 1 among zeros, "classes"; else "regression". An example
            counts as right if no label has a smaller loss for its output, and colours show exp(-loss) of
            each label.

    Raises:
        TypeError: if the model is no Module, or an operation cannot be written as JavaScript.
        ValueError: if the model maps batches or is too large, the examples differ in form, are too many,
            take different ways through the code, or do not fit the kind; whatever model and loss have to say.
        ImportError: if NumPy is not installed.

    Example:
        >>> from autograd_lite import datasets, losses, nn
        >>> playground(nn.MLP(2, [3, 1], seed=0), losses.bce_with_logits, *datasets.xor())
        <Playground of a network of 2-3-1 neurons>
    """
    examples, held_out = check_examples(X, y), None if test is None else check_examples(*test)
    parameters = _checked(model, optimizer, len(examples.X))
    check_loss(loss)
    with kept(generators_of(model)), mode(model, training=False):
        examples = in_a_column(examples, model, loss)
        held_out = held_out and in_a_column(held_out, model, loss)
    inputs, targets = table_of(examples.X, "examples"), table_of(examples.y, "targets")
    if len(inputs.rows) * len(inputs.rows[0]) > MOST_NUMBERS:
        raise ValueError(f"a page holds at most {MOST_NUMBERS} numbers: pass a part of the examples")
    programs = programs_of(model, loss, parameters, examples.X, examples.y)
    outputs = programs.shown.outputs
    task = task_of(kind, outputs, [row[0] if targets.single else row for row in targets.rows])
    columns = _columns_of(programs)
    rules, names = described_rules(optimizer), parameter_names(programs.judged.arrays, len(parameters))
    with kept(generators_of(model)), mode(model, training=False):
        is_fixed = programs.takes_index  # another token would be another graph
        pages = [] if is_fixed else _pages(model, loss, examples, task, parameters, columns)
        still = draw(loss(model(examples.X[0]), examples.y[0]), names={}).svg
    data = {
        **_described_data(inputs, targets, held_out, task),
        **_described_view(inputs, programs.takes_index),
        **_described_weights(model, parameters, names),
        "colours": COLOURS,
        "columns": described_columns(columns),
        "arrays": [array.name for array in programs.training.arrays],
        "outputs": outputs,
        "rules": [described for described, _ in rules],
        "pages": [each | {"weights": None} if each["weights"] == names else each for each in pages],
        "code": {"model": model_code(model), "loss": loss_code(loss)},
    }
    title = f"A network of {_form_of(columns)}"
    about = (
        f"{len(inputs.rows)} examples, {len(parameters)} parameters, {task.kind}; "
        f"loss: {loss_code(loss).removeprefix('losses.')}"
    )
    script = script_of(programs, columns, [move for _, move in rules])
    return Playground(title, document_of(title, about, _script_json(data), script), still)


def _checked(model: Any, optimizer: Optimizer | None, count: int) -> list[Any]:
    """Return a model's parameters, or raise an error if it cannot be played with."""
    parameters = parameters_of(model)
    if getattr(model, "takes_batches", False):
        raise ValueError(
            "a playground computes one example after the other, and this model maps whole batches, as one "
            "with a BatchNorm does: use LayerNorm instead, or train it with fit"
        )
    if len(parameters) > MOST_PARAMETERS:
        raise ValueError(f"a page draws at most {MOST_PARAMETERS} parameters: take a smaller model")
    check_batches(model, count, count)
    if optimizer is not None:
        check_optimizer(optimizer, parameters)
    return parameters


def _columns_of(programs: Programs) -> list[Column]:
    outputs = [view.array for view in programs.shown.program.outputs if isinstance(view, View)]
    columns = columns_of(programs.shown.arrays, outputs)
    name_columns(columns, programs.shown.arrays, programs.judged.arrays)
    return columns


def _pages(
    model: Any, loss: Any, examples: Examples, task: Task, parameters: Sequence[Value], columns: list[Column]
) -> list[dict[str, Any]]:
    """Write the step pages that there may be: of each label, or of one target."""
    labels = [[*label] if isinstance(label, tuple) else label for label in task.labels]

    def loss_of(x: Any, target: Any) -> Any:
        return loss(model(x), target)

    return example_pages(loss_of, examples.X[0], labels or [examples.y[0]], parameters, columns)


def _described_data(inputs: Table, targets: Table, test: Any, task: Task) -> dict[str, Any]:
    held_out = None
    if test is not None:
        rows, answers = table_of(test.X, "test examples").rows, table_of(test.y, "test targets").rows
        if len(rows[0]) != len(inputs.rows[0]) or len(answers[0]) != len(targets.rows[0]):
            raise ValueError("the test examples have another form than the examples")
        held_out = {"X": rows, "y": answers}
    return {
        "X": inputs.rows,
        "y": targets.rows,
        "test": held_out,
        "single": {"x": inputs.single, "y": targets.single},
        "kind": task.kind,
        "labels": [[*label] if isinstance(label, tuple) else [label] for label in task.labels],
        "batch": min(BATCH, len(inputs.rows)),
    }


def _described_view(inputs: Table, takes_index: bool) -> dict[str, Any]:
    view, side = view_of(len(inputs.rows[0]), takes_index)
    return {"view": view, "side": side, "brightest": max(map(max, inputs.rows)) or 1.0}


def _described_weights(model: Any, parameters: Sequence[Any], names: list[str]) -> dict[str, Any]:
    """Give the weights, what they are called, and what else the model holds."""
    keys = {value: name for name, value in values_of(model, [*parameters]).items()}
    moved = {*parameters}
    return {
        "weights": [parameter.data for parameter in parameters],
        "names": names,
        "keys": [keys[parameter] for parameter in parameters],
        "kept": {name: value.data for value, name in keys.items() if value not in moved},
    }


def _form_of(columns: Sequence[Column]) -> str:
    return f"{'-'.join(str(column.array.size) for column in columns)} neurons"


def _script_json(content: Any) -> str:
    """Write JSON so that no text in it can end the script element."""
    return json_text(content, indent=None, strict=True).replace("<", "\\u003c")
