"""The tape interpreter in C: programs on floats give the bits of their straight line in Python."""

import importlib.util
import itertools
import math
import operator
import random
import struct
import sys
import threading
import tracemalloc
import warnings

import programs_for_compiler
import pytest

import autograd_lite as ag
from autograd_lite import Op, Value, functions, optim
from autograd_lite.compiler import compile, native, program
from autograd_lite.compiler.signature import read
from autograd_lite.core.native import build
from autograd_lite.ops import OPS

EDGES = [0.0, -0.0, 1.0, -1.0, 0.5, 2.0, -3.0, 5e-324, 1e-310, 1e300, -1e300, math.inf, -math.inf, math.nan,
         710.0, -745.0, 1e-8, 2.0**53, math.pi / 2]  # fmt: skip
LISTS = {"sum", "dot", "logsumexp", "amax"}


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """The engine in C, that of the package or built for this test; None without a compiler."""
    if native.library() is not None:
        return native.library()
    try:
        library = build.compiled(tmp_path_factory.mktemp("native"))
    except Exception:
        assert not build.reason_against()
        return None
    spec = importlib.util.spec_from_file_location("autograd_lite.core.native._native", library)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def engine(built, monkeypatch):
    """The same, for compiled programs; without a compiler they run in Python, and the same must hold."""
    monkeypatch.setattr(native, "library", lambda: built)
    monkeypatch.setattr(program, "library", lambda: built or True)
    return built


def bits(found):
    if isinstance(found, (list, tuple)):
        return [*map(bits, found)]
    if not isinstance(found, float):
        return found
    return "nan" if math.isnan(found) else struct.pack("<d", found).hex()


def outcome(run, *given):
    """What a call returns, to the last bit, or the kind of error that it raises."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return bits(run(*given))
    except (ArithmeticError, ValueError, IndexError) as error:
        return type(error).__name__


# ---- Random programs ------------------------------------------------------------------------------


def applied(op, operands, attributes):
    if op.is_operator:
        return getattr(operator, op.dunder)(*operands)
    return functions.__dict__[op.name](*operands, *attributes)


def random_function(chance, names, *, with_index=False, tame=False):
    """Make a function of a list and an index, of up to 25 operations: every choice is made before it runs.

    A tame one has first operands from 0 to 2, so that nearly every operation has a number.
    """
    parameters = [Value(chance.gauss(0.0, 1.0)) for _ in range(4)]
    steps = [
        (OPS[chance.choice(names)], [chance.random() for _ in range(12)], chance.random())
        for _ in range(chance.randrange(1, 25))
    ]

    def f(x, index=None):
        values = [*parameters, *x]

        def operand(share):
            if share < 0.1 and not tame:
                return EDGES[int(share * 10 * len(EDGES))]
            if share < 0.2:
                return 0.25 + 5.0 * share
            return values[int((share - 0.2) / 0.8 * len(values))]

        for op, shares, kind in steps:
            operands = [*map(operand, shares)]
            if not any(isinstance(each, Value) for each in operands[: max(1, len(op.partials))]):
                operands[0] = values[-1]
            if tame:
                operands[0] = ag.sigmoid(operands[0]) + (1.0 if kind < 0.5 else 0.0)
            if op.name == "dot":
                made = ag.dot(operands[:3], operands[3:6], operands[6])
            elif op.name in LISTS:
                made = functions.__dict__[op.name](operands[: 1 + int(kind * 5)])
            else:
                attributes = [0.5, 0.75][: len(op.attributes)]
                made = applied(op, operands[: len(op.partials)], attributes)
            if kind < 0.1 and made < operands[0]:
                made = made * 0.5
            if kind > 0.9 and with_index:
                made = ag.pick([made, *values[-3:]], index)
            if kind > 0.97:
                made = ag.pick([made, values[-1]], 0)
            values.append(made)
        return values[-1] if chance_of_end < 0.5 else ag.sum(values[-4:])

    chance_of_end = chance.random()
    return f, parameters


def traced(f, parameters, *example):
    """Trace a function; give what it is traced as."""
    compiled = compile(f, parameters, backend="python")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        specialization = compiled.cache.find([read(argument) for argument in example])
        assert specialization.scalar_source  # which says at once where its constants are not finite
        return specialization


def both(specialization):
    """Give the functions in Python, and those in C, which count what they leave to Python."""
    straight = specialization.scalar_source.functions()
    left = []

    def otherwise(name):
        left.append(name)
        return straight[name]

    codes = native.codes_of(specialization.tape)
    if codes is None:
        return straight, straight, left
    return straight, native.NativeProgram(specialization.tape, codes, otherwise), left


def numbers(chance, count, edgy):
    return [chance.choice(EDGES) if edgy and chance.random() < 0.3 else chance.gauss(0.0, 1.0) for _ in range(count)]


def names_of(engine):
    return [*engine.names] if engine else sorted(OPS.keys() - {"pick", "norm"})


def run_both(chance, engine, *, tame):
    """Run a random program in Python and in C; give its tape, and how often C left it to Python."""
    with_index = chance.random() < 0.3
    f, parameters = random_function(chance, names_of(engine), with_index=with_index, tame=tame)
    example = [numbers(chance, 3, False), *([1] if with_index else [])]
    specialization = traced(f, parameters, *example)
    straight, in_c, left = both(specialization)
    for turn in range(4):
        edgy = turn == 3 and not tame
        given = [numbers(chance, 4, edgy), specialization.tape.frozen_numbers(), [], numbers(chance, 3, edgy)]
        given += [[chance.randrange(4)]] * with_index
        for name in ("forward", "value_and_gradient"):
            expected = outcome(straight[name], *given)
            found = outcome(in_c[name], *given)
            if expected[-1] is False:  # a comparison came out otherwise: no more is looked at
                assert found[-1] is False
            else:
                assert found == expected, name
    return specialization.tape, len(left)


def test_random_programs_with_edge_values_give_the_bits_of_the_straight_line(engine):
    for seed in range(300):
        run_both(random.Random(seed), engine, tame=False)


def test_every_operation_gives_the_bits_of_the_straight_line_and_c_computes_it(engine):
    computed = set()
    for seed in range(300):
        tape, left = run_both(random.Random(seed), engine, tame=True)
        if left == 0:
            computed |= {op.name for op in tape.op if op is not None}
    assert engine is None or computed >= {*engine.names, "pick"}
