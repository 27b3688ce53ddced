"""The programs that a playground runs: of the loss, of the outputs, and of what the loss thinks of labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from autograd_lite.compiler import compile
from autograd_lite.compiler.arrays.script import ArrayScript, program_script
from autograd_lite.compiler.specialization import Specialization
from autograd_lite.engine import Value
from autograd_lite.javascript import Term, function_script, names_script, slopes_of
from autograd_lite.playing.columns import Column
from autograd_lite.training.examples import plain
from autograd_lite.training.state import generators_of, kept, mode

__all__ = ["Programs", "programs_of", "script_of"]


class Programs(NamedTuple):
    """What a page computes with.

    Attributes:
        training: the loss of one example while the model is trained.
        judged: the same while it is in use, when dropout stands still.
        shown: its outputs.
        judge: the loss of an output and a label.
        takes_index: whether an example is an index into a table.
    """

    training: ArrayScript
    judged: ArrayScript
    shown: ArrayScript
    judge: ArrayScript
    takes_index: bool


def programs_of(
    model: Any, loss: Callable[..., Any], parameters: Sequence[Value], X: Sequence[Any], y: Sequence[Any]
) -> Programs:
    """Trace a model and its loss on the first of some examples.

    Raises:
        TypeError: if an operation cannot be written as JavaScript.
        ValueError: if another example takes another way through Python's code.
        IndexError: if a label or a token is out of range.
    """
    x, target = X[0], y[0]

    def loss_of(x: Any, y: Any) -> Any:
        return loss(model(x), y)

    def outputs_of(x: Any) -> Any:
        return model(x)

    with kept(generators_of(model)):
        with mode(model, training=True):
            training = _traced(loss_of, parameters, x, target)
        with mode(model, training=False):
            judged, shown = _traced(loss_of, parameters, x, target), _traced(outputs_of, parameters, x)
            _check_ways(judged, X, y)
            judge = _traced(lambda output, y: loss(output, y), parameters, plain(model(x)), target)
    takes_index = any(each.kind == "integers" for each in shown.inputs.signatures)
    return Programs(training.script, judged.script, shown.script, judge.script, takes_index)


def _traced(f: Callable[..., Any], parameters: Sequence[Value], *example: Any) -> Specialization:
    program = compile(f, parameters, backend="numpy")
    program(*example)
    traced = program.cache.first()
    if traced.inputs.fixed or any(each.kind == "static" for each in traced.inputs.signatures):
        raise ValueError(
            "the model or the loss takes another way for each whole number in an example or a target: use it "
            "with pick, Embedding or cross_entropy, or pass floats"
        )
    return traced


def _check_ways(traced: Specialization, *columns: Sequence[Any]) -> None:
    """Refuse examples for which a comparison comes out otherwise than for the first one."""
    *_, held = traced.run_on_arrays(columns, len(columns[0]), gradient=False)
    if not held.all():
        raise ValueError(
            f"example {held.argmin()} takes another way through the code of the model or the loss than the "
            "first one: write where(step(a), b, c) instead of if"
        )


def script_of(programs: Programs, columns: Sequence[Column], moves: Sequence[str]) -> str:
    """Write the script that makes all programs, moves weights, and knows the slopes of activations."""
    is_same = programs.training.text == programs.judged.text
    slopes = ["null" if column.activation is None else _slope_of(column.activation) for column in columns]
    return "\n".join([
        names_script(),
        program_script(),
        f"const makeTraining = {programs.training.text};",
        f"const makeLoss = {'makeTraining' if is_same else programs.judged.text};",
        f"const makeOutputs = {programs.shown.text};",
        f"const makeJudge = {programs.judge.text};",
        "const moves = [",
        *(f"{move}," for move in moves),
        "];",
        f"const slopes = [{', '.join(slopes)}];",
    ])  # fmt: skip


def _slope_of(op: Any) -> str:
    (slope,) = slopes_of(op, Term("y"), [Term("a")])
    return function_script("y, a", slope)
