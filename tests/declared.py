"""Calls of every operation, made from its declaration: what a test needs that knows none by name."""

import operator

from autograd_lite import functions
from autograd_lite.ops import OPS


def public(op):
    """The function or operator that a user calls: the one that runs the op's kernel."""
    return getattr(operator, op.dunder) if op.is_operator else getattr(functions, op.name)


def attributes_of(op):
    """A number for each attribute that a caller must give."""
    return [0.5 for default in op.attributes.values() if default is None]


def call_of(op):
    """A function of as many numbers as the operation takes; an operation on a list takes three."""
    if op.many is not None:
        return lambda *values: public(op)(list(values), *attributes_of(op))
    return lambda *values: public(op)(*values, *attributes_of(op))


def inputs_of(op):
    """How many numbers ``call_of`` takes."""
    return len(op.partials) or 3


def without(names):
    """The operations that a test has no case of its own for."""
    return [op for name, op in OPS.items() if name not in names]
