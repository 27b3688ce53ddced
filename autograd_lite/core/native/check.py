"""Random programs, and a digest of all that comes out: both engines must have the same, to the last bit."""

from __future__ import annotations

import ast
import hashlib
import math
import operator
import random
import struct
import warnings
from collections.abc import Callable, Mapping
from typing import Any

from autograd_lite import functions
from autograd_lite.core.op import Op
from autograd_lite.engine import Value

__all__ = ["digest"]

EDGES: list[Any] = [
    0.0, -0.0, 1.0, -1.0, 2.0, 0.5, -3.0, 5e-324, 1e-310, 1e300, -1e300, math.inf, -math.inf, math.nan, 710.0,
    -745.0, 1e-8, 2.0**53, 1e17, math.pi / 2, 3, -2, 0, True, 10**400, None,
]  # fmt: skip
"""Numbers at which something happens, and things that are no operands."""


def digest(ops: Mapping[str, Op], programs: range) -> str:
    """Run random programs; return a digest of every number, partial, gradient, operand, warning and error.

    Args:
        ops: the operations to choose from.
        programs: their numbers, each of which is a seed.
    """
    found = hashlib.sha256()
    for number in programs:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            for line in _program(ops, random.Random(number)):
                found.update(line.encode())
        for warning in caught:
            found.update(f"{warning.category.__name__} {warning.message} {warning.lineno}\n".encode())
    return found.hexdigest()


def _program(ops: Mapping[str, Op], chance: random.Random) -> list[str]:
    """Run a program of up to 25 operations, and describe what came out."""
    edgy = chance.random() < 0.4
    lines: list[str] = []

    def number() -> Any:
        return chance.choice(EDGES) if edgy and chance.random() < 0.3 else chance.gauss(0.0, 1.5)

    values = [Value(float(chance.choice(EDGES[:20])) if edgy else chance.gauss(0.0, 1.0)) for _ in range(4)]
    if edgy:
        values[0].grad = 0.25

    def operand() -> Any:
        return chance.choice(values[-12:]) if chance.random() < 0.75 else number()

    for _ in range(chance.randrange(1, 25)):
        op = ops[chance.choice(list(ops))]
        try:
            made = _applied(op, operand, chance)
        except (TypeError, ValueError, ArithmeticError, IndexError) as error:
            lines.append(f"{op.name}: {type(error).__name__} {error}\n")
            continue
        if isinstance(made, Value):
            values.append(made)
    values[-1].backward()
    if chance.random() < 0.5:
        (values[-1] * 2.0 + chance.choice(values)).backward(0.5)
    return lines + [_described(value) for value in values]


def _applied(op: Op, operand: Callable[[], Any], chance: random.Random) -> Any:
    """Apply an operation in one of the ways that Python has for it."""
    if op.many is not None:
        return functions.__dict__[op.name](*[_like(part, operand) for part in _example(op)])
    inputs = [operand() for _ in op.partials]
    if op.is_operator and not any(isinstance(one, Value) for one in inputs):  # which is not ours
        inputs[0] = Value(1.5)
    if op.is_operator:
        in_place = getattr(operator, f"i{op.dunder}", None)
        turn = in_place if in_place is not None and chance.random() < 0.2 else getattr(operator, op.dunder)
        return turn(*inputs)
    needed = [default is None or chance.random() < 0.5 for default in op.attributes.values()]
    attributes = [chance.choice([0.5, 1.0, -0.5, 2, 0.0]) for each in needed if each]
    if len(inputs) == 1 and isinstance(inputs[0], Value) and chance.random() < 0.5:
        return getattr(inputs[0], op.name)(*attributes)
    return functions.__dict__[op.name](*inputs, *attributes)


def _example(op: Op) -> list[Any]:
    """Return the arguments of an operation's example."""
    call = ast.parse(op.example[0] if op.example else "f([1.0, 2.0])", mode="eval").body
    assert isinstance(call, ast.Call)
    return [ast.literal_eval(arg) for arg in call.args]


def _like(part: Any, operand: Callable[[], Any]) -> Any:
    """Return something like an argument: lists of Values and numbers for lists, a whole number as it is."""
    if isinstance(part, list):
        many = [operand() for _ in part] * 2
        return [one for one in many if isinstance(one, type(many[0]))][: len(part)] if many else many
    return part if type(part) is int else operand()


def _described(value: Value) -> str:
    parts = [
        type(value).__name__,
        value.op.name if value.op else "leaf",
        _bits(value.data),
        _bits(value.grad),
    ]
    parts += map(_bits, value.captured)
    parts += [_bits(arg.data if isinstance(arg, Value) else arg) for arg in value.args]
    parts += [str(value.slots), str(len(value.parents)), repr(value.label)]
    return " ".join(parts) + "\n"


def _bits(number: Any) -> str:
    if not isinstance(number, float):
        return repr(number)
    return "nan" if math.isnan(number) else struct.pack("<d", number).hex()
