"""Programs eager and compiled: rows by themselves, and in batches whose rows take different ways."""

import itertools
import math
import random
import warnings
from unittest import mock

from programs_for_compiler import VariedMaker
from random_source import Writer
from rounding import sums_of_absolute_terms

import autograd_lite as ag
from autograd_lite import Value, grad
from autograd_lite.compiler import compile
from autograd_lite.core import scalar
from autograd_lite.engine import topological_order
from autograd_lite.ops import OPS

inf, nan = math.inf, math.nan

TOLERANCE = 1e-12
"""Relative to the sum of the absolute terms of a number."""

MOST = 1e3
"""Where finite numbers grow beyond this, digits are lost: another program is made instead."""

CLOSE = 1e-9
"""Rounding may decide between two numbers that are as near, if either of them was rounded."""

EXACT = ("python", "native")
"""Backends on floats, whose numbers are the engine's, to the last bit."""

GRID = [0.0, 0.0, 1.0, -1.0, 0.5, -0.5, 0.25, 2.0, -2.0, -0.0]
SPECIAL = [inf, -inf, nan]
CONSTANTS = ["0.5", "2.0", "1.0", "0.0", "(-1.0)", "(-0.5)", "0.1", "0.25", "3.0"]


def lift(number):
    return number if isinstance(number, Value) else Value(number)


# ---- Functions -----------------------------------------------------------------------------


class Case:
    """A function, its parameters and some rows, and how to write that down."""

    def __init__(self, function, parameters, rows, text):
        self.function, self.parameters, self.rows, self.text = function, parameters, rows, text


class Written:
    """A straight-line program with branches, as source."""

    def __init__(self, generator):
        points = [*GRID, *SPECIAL] if generator.random() < 0.1 else GRID
        number = lambda: (
            generator.choice(points) if generator.random() < 0.6 else generator.uniform(-2.0, 2.0)
        )
        self.weights = [number() for _ in range(generator.randint(1, 3))]
        self.width = generator.randint(1, 3)
        inputs = [*(f"w{i}" for i in range(len(self.weights))), *(f"x{i}" for i in range(self.width))]
        self.program = Writer(generator, inputs, CONSTANTS, index="k").write(generator.randint(3, 15))
        count = generator.randint(2, 5)
        self.rows = [([number() for _ in range(self.width)], generator.randrange(5)) for _ in range(count)]

    def case(self, program):
        names = {name: getattr(ag, name) for name, op in OPS.items() if not op.is_operator}
        parameters = [Value(number) for number in self.weights]
        names.update({f"w{i}": parameter for i, parameter in enumerate(parameters)}, lift=lift)
        x = ", ".join(f"x{i}" for i in range(self.width))
        source = program.source("x, k", [f"{x}, = map(lift, x)"])
        exec(source, names)
        weights = "".join(f"w{i} = Value({number!r})\n" for i, number in enumerate(self.weights))
        text = f"{weights}{source}# rows: {self.rows}"
        return Case(lambda x, k: lift(names["program"](x, k)), parameters, self.rows, text)

    def cases(self):
        """Give the whole program, and then the smaller ones that it contains."""
        yield self.case(self.program)
        for end in range(len(self.program.steps)):
            yield self.case(self.program.until(end))


class Made:
    """A function with sums of products of every shape, and branches."""

    def __init__(self, generator):
        self.seed = generator.getrandbits(32)
        self.width, self.most = generator.randint(1, 5), generator.choice([4, 7])
        self.blocks = generator.randint(1, 5)
        count = generator.randint(2, 5)
        number = lambda: generator.choice(GRID) if generator.random() < 0.3 else generator.uniform(-1.0, 1.0)
        self.rows = [
            ([number() for _ in range(self.width)], [generator.randrange(4) for _ in range(2)])
            for _ in range(count)
        ]

    def cases(self):
        for blocks in (self.blocks, *range(1, self.blocks)):
            maker = VariedMaker(random.Random(self.seed), width=self.width, most=self.most)
            function = maker.make(blocks)
            text = (
                f"maker = VariedMaker(random.Random({self.seed}), width={self.width}, most={self.most})\n"
                f"program = maker.make({blocks})  # {', '.join(maker.names)}\n# rows: {self.rows}"
            )
            yield Case(function, maker.parameters, self.rows, text)


def made(seed):
    """Give a function in its several sizes, the whole first, and what it computes for its rows."""
    for attempt in itertools.count():
        generator = random.Random(f"{seed} {attempt}")
        cases = (Written(generator) if generator.random() < 0.6 else Made(generator)).cases()
        whole = next(cases)
        eager = Eager(whole)
        if eager.is_tame:
            return whole, eager, cases


# ---- Comparing -----------------------------------------------------------------------------


class Eager:
    """What a function computes for some rows, and what rounding is relative to."""

    def __init__(self, case):
        self.outputs = [case.function(*row) for row in case.rows]
        self.values = [output.data for output in self.outputs]
        self.gradients = [grad(output, case.parameters) for output in self.outputs]
        self.scales = [sums_of_absolute_terms(output, case.parameters) for output in self.outputs]
        count = len(case.rows)
        self.mean = sum(self.values) / count
        self.mean_gradient = [sum(column) / count for column in zip(*self.gradients)]
        self.mean_scales = [max(column) for column in zip(*self.scales)]
        self.size = max(1.0, *map(abs, self.values))

    @property
    def is_tame(self):
        numbers = [scale for scales in self.scales for scale in scales]
        numbers += [node.data for output in self.outputs for node in topological_order(output)[1]]
        return not any(MOST <= abs(number) < inf for number in numbers)


def same(found, expected, scales):
    return len(found) == len(expected) and all(
        is_one(one, other) or abs(one - other) <= TOLERANCE * (scale if 1.0 < scale < inf else 1.0)
        for one, other, scale in zip(found, expected, scales)
    )


def is_one(one, other):
    """Say whether two numbers are one and the same, nan too."""
    return one == other or (one != one and other != other)


def compare(case, eager, backend, thorough):
    """Give what differs, or None."""
    program = compile(case.function, case.parameters, backend=backend)
    columns = [list(column) for column in zip(*case.rows)]
    found = program.map(*columns)
    if not same(found, eager.values, [eager.size] * len(found)) or (
        backend in EXACT and [*map(repr, found)] != [*map(repr, eager.values)]
    ):
        return f"map {found}, eager {eager.values}"
    mean, gradient = program.mean_and_grad(*columns)
    expected, scales = [eager.mean, *eager.mean_gradient], [eager.size, *eager.mean_scales]
    if not same([mean, *gradient], expected, scales):
        return f"mean_and_grad {[mean, *gradient]}, eager {expected}"
    for number, row in enumerate(case.rows if thorough else case.rows[:1] if backend != "jax" else []):
        value, gradient = program.value_and_grad(*row)
        expected = [eager.values[number], *eager.gradients[number]]
        if not same([value, *gradient], expected, [eager.size, *eager.scales[number]]):
            return f"value_and_grad of row {number} {[value, *gradient]}, eager {expected}"
        alone = program(*row)
        exact = {repr(number) for number in (value, alone, expected[0])}
        if not same([alone], expected[:1], [eager.size]) or (backend in EXACT and len(exact) > 1):
            return f"row {number} {value!r} or {alone!r}, eager {expected[0]!r}"
    if backend == "native" and said(case, "native") != said(case, "python"):
        return f"in C {said(case, 'native')}, in Python {said(case, 'python')}"
    if thorough:
        return compare_batches(case, program, columns, eager, backend)
    return None


def said(case, backend):
    """Write down all numbers of the rows, to the last bit, with warnings and errors."""
    program, lines = compile(case.function, case.parameters, backend=backend), []
    calls = [lambda row=row: program.value_and_grad(*row) for row in case.rows]
    calls.append(lambda: program.mean_and_grad(*map(list, zip(*case.rows))))
    for call in calls:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                lines.append(repr(call()))
            except (ArithmeticError, ValueError) as error:
                lines.append(f"{type(error).__name__}: {error}")
        lines += [f"{each.category.__name__}: {each.message}" for each in caught]
    return lines


def compare_batches(case, program, columns, eager, backend):
    """Compare the ways to train: backward of a batch, and a whole batch traced at once."""
    for parameter in case.parameters:
        parameter.grad = 0.0
    program.backward(*columns)
    gradient = [parameter.grad for parameter in case.parameters]
    if not same(gradient, eager.mean_gradient, eager.mean_scales):
        return f"backward {gradient}, eager {eager.mean_gradient}"
    whole = compile(
        lambda: ag.mean([case.function(*row) for row in case.rows]), case.parameters, backend=backend
    )
    mean, gradient = whole.value_and_grad()
    expected, scales = [eager.mean, *eager.mean_gradient], [eager.size, *eager.mean_scales]
    if not same([mean, *gradient], expected, scales):
        return f"the whole batch {[mean, *gradient]}, eager {expected}"
    return None


# ---- Where rounding decides ----------------------------------------------------------------

PIECES = {"relu", "leaky_relu", "elu", "abs", "step", "sign", "where"}
"""Operations whose derivative jumps at 0, and of two numbers, where these are the same."""
PIECES_OF_TWO = {"maximum", "minimum", "less"}


def is_exact(node, known):
    """Say whether a number has few digits, as all before it: no order of its terms changes it then."""
    if not isinstance(node, Value):
        return True
    if node not in known:
        known[node] = node.op is None or (
            is_short(node.data) and all(is_exact(p, known) for p in node.parents)
        )
    return known[node]


def is_short(number):
    return not math.isfinite(number) or (abs(number) < 2**20 and (number * 2**20).is_integer())


def rounding_may_decide(case, backend):
    """Say whether a comparison, or a piece of an operation, depends on a number that was rounded.

    On arrays the sign of a zero that was computed depends on the order of the terms too, and with
    it the infinity that a division by it gives, or the side from which an angle is seen.
    """
    near = []

    def compared(sign, left, right):
        near.append((left, right))
        return original(sign, left, right)

    original = scalar._compared
    with mock.patch.object(scalar, "_compared", compared):
        outputs = [case.function(*row) for row in case.rows]
    for output in outputs:
        for node in topological_order(output)[1]:
            inputs = node.args
            if backend not in EXACT and sign_of_zero_decides(node):
                return True
            if node.op.name in PIECES:
                near.append((inputs[0], 0.0))
            elif node.op.name in PIECES_OF_TWO:
                near.append((inputs[0], inputs[1]))
            elif node.op.name == "clip":
                near += [(inputs[0], inputs[1]), (inputs[0], inputs[2])]
            elif node.op.name == "amax":
                near += [(one, other) for one in inputs for other in inputs if one is not other]
    known = {}
    for pair in near:
        one, other = (getattr(number, "data", number) for number in pair)
        is_near = pair[0] is not pair[1] and abs(one - other) <= CLOSE * max(1.0, abs(one))
        if is_near and not all(is_exact(number, known) for number in pair):
            return True
    return False


def sign_of_zero_decides(node):
    """Say whether an operation gives another number where a zero that was computed has the other sign."""
    for zero in [arg for arg in node.args if getattr(arg, "op", None) and arg.data == 0.0]:
        turned = node.op.numbers(node.inputs, lambda each: -each.data if each is zero else number_of(each))
        if not is_one(node.op.forward(*turned), node.data):
            return True
    return False


def number_of(operand):
    return getattr(operand, "data", operand)


def difference(case, eager, backend, thorough):
    """Give what differs, be it an error."""
    try:
        return compare(case, eager, backend, thorough)
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def check(seed, backend):
    """Compare one program.

    Returns:
        "same", "rounding" where rounding decides between two ways, or the smallest part that differs.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        whole, eager, smaller = made(seed)
        thorough = seed % 10 == 0
        found = difference(whole, eager, backend, thorough)
        if not found:
            return "same"
        if rounding_may_decide(whole, backend):
            return "rounding"
        for case in smaller:
            part = difference(case, Eager(case), backend, thorough)
            if part and not rounding_may_decide(case, backend):
                return f"{case.text}\n# {part}"
        return f"{whole.text}\n# {found}"
