"""Programs beside PyTorch: the same operations on a Value and on a tensor, the same numbers.

What is expected of a derivative is PyTorch's, and its contribution an IEEE product, but for the
cases in ``DOCUMENTED``. Each of these is one operation at some inputs, with what the package
promises there; everywhere else PyTorch's own function runs, and its own backward pass.
"""

import math
import random
import warnings

import torch
from random_source import Writer
from rounding import sums_of_absolute_terms
from torch.nn import functional

from autograd_lite import Value, grad
from autograd_lite.ops import OPS

inf, nan = math.inf, math.nan
torch.set_num_threads(1)

TOLERANCE = 1e-11
"""Of a gradient, relative to the sum of the absolute terms it is made of."""

OF_ONE_OPERATION = 1e-13
"""Of a value, relative to itself: its operands are the same numbers."""

SMALLEST = 5e-324
"""Below the normal numbers only so much can be told apart."""


# ---- Operations ----------------------------------------------------------------------------


class Rule(torch.autograd.Function):
    """An operation with a given value and given slopes; a slope of None passes nothing on."""

    @staticmethod
    def forward(ctx, value, slopes, *inputs):
        ctx.slopes = slopes
        return torch.tensor(value, dtype=torch.float64)

    @staticmethod
    def backward(ctx, upstream):
        zero = torch.zeros_like(upstream)
        return None, None, *(zero if slope is None else upstream * slope for slope in ctx.slopes)


def step(a, at_zero):
    value = torch.heaviside(a.detach(), torch.tensor(at_zero, dtype=torch.float64)).item()
    return Rule.apply(value, [None], a)  # PyTorch's own would cut off what lies behind it


def less(a, b):
    return Rule.apply(float(a.item() < b.item()), [None, None], a, b)


def added(values, start=0.0):  # from left to right, as here; PyTorch's sum() goes by pairs
    total = torch.as_tensor(start, dtype=torch.float64)
    for value in values:
        total = total + value
    return total


def dot(weights, inputs, bias=0.0):
    return added([w * x for w, x in zip(weights, inputs)], bias)


def amax(values):
    largest = max(value.item() for value in values)
    count = sum(value.item() == largest for value in values)
    # PyTorch multiplies by 0 what it did not choose: inf there gives nan, as in no other of its choices
    return Rule.apply(
        largest, [1.0 / count if value.item() == largest else None for value in values], *values
    )


PEERS = {
    "add": torch.add, "sub": torch.sub, "mul": torch.mul, "div": torch.div, "neg": torch.neg,
    "abs": torch.abs, "pow": torch.pow, "exp": torch.exp, "expm1": torch.expm1, "log": torch.log,
    "log1p": torch.log1p, "square": torch.square,
    "sqrt": torch.sqrt, "sin": torch.sin, "cos": torch.cos, "tan": torch.tan, "tanh": torch.tanh,
    "sigmoid": torch.sigmoid, "relu": torch.relu, "leaky_relu": functional.leaky_relu, "elu": functional.elu,
    "softplus": functional.softplus, "log_sigmoid": functional.logsigmoid, "silu": functional.silu,
    "maximum": torch.maximum, "minimum": torch.minimum, "clip": torch.clamp, "step": step, "sign": torch.sign,
    "less": less, "where": lambda a, b, c: torch.where(a.detach() != 0.0, b, c), "sum": added, "dot": dot,
    "logsumexp": lambda values: torch.stack(values).logsumexp(0), "amax": amax,
    "pick": lambda values, index: torch.stack(values)[index],
    "mod": torch.remainder, "hypot": torch.hypot, "exp2": torch.exp2, "log2": torch.log2,
    "log10": torch.log10, "floordiv": lambda a, b: torch.div(a, b, rounding_mode="floor"),
    "asin": torch.asin, "acos": torch.acos, "atan": torch.atan, "atanh": torch.atanh, "sinh": torch.sinh,
    "cosh": torch.cosh, "erf": torch.erf, "erfc": torch.erfc,
}  # fmt: skip
"""PyTorch's function for each operation."""


# ---- Documented differences: from the inputs as floats, the value and the slopes; None where there is none


def undefined(*numbers):
    """An undefined input gives nan, and has an undefined slope."""
    if any(map(math.isnan, numbers)):
        return nan, [nan] * len(numbers)


def undefined_first(a, *attributes):
    return undefined(a)


def undefined_list(values):
    return undefined(*values)


def pow_of_undefined(a, b):
    if math.isnan(a) and b == 0.0:
        return 1.0, [nan, nan]


def tail_of_expm1(a):
    """The slope keeps its tail; PyTorch computes it from a value that was rounded to -1."""
    if a < -1.0:
        return math.expm1(a), [math.exp(a)]


def tail_of_tanh(a):
    if abs(a) > 2.0:
        tail = math.exp(-2.0 * abs(a))
        return math.tanh(a), [4.0 * tail / (1.0 + tail) ** 2]


def tail_of_sigmoid(a):
    if a > 2.0:
        tail = math.exp(-a)
        return 1.0 / (1.0 + tail), [tail / (1.0 + tail) ** 2]
    if a < -700.0:  # PyTorch's exp(-a) overflows, and takes a tiny but exact result to 0
        return math.exp(a), [math.exp(a)]


def tail_of_silu(a):
    if -inf < a < -700.0:
        return a * math.exp(a), [math.exp(a) * (1.0 + a)]


def tail_of_softplus(a):
    """No approximation where PyTorch's threshold begins."""
    if a > 20.0:
        return a + math.log1p(math.exp(-a)), [1.0 / (1.0 + math.exp(-a))]


TINY = 1.0 / 1.7976931348623157e308
"""The inverse of a smaller number is infinite, and so is the slope; PyTorch divides the gradient by it."""


def log_of_tiny(a):
    if 0.0 < abs(a) < TINY:
        return math.log(a) if a > 0.0 else nan, [math.copysign(inf, a)]


def div_by_tiny(a, b):
    if 0.0 < abs(b) < TINY:
        return a / b, [math.copysign(inf, b), -(a / b) / b]


def logsumexp_of_large(values):
    """The shares are exact for large numbers too; PyTorch's lose as many digits as these have."""
    largest = max(values)
    if math.isfinite(largest) and any(100.0 < abs(value) < inf for value in values):
        parts = [math.exp(value - largest) for value in values]
        total = math.fsum(parts)
        return largest + math.log(total), [part / total for part in parts]


DOCUMENTED = {
    "abs": undefined, "sign": undefined, "relu": undefined, "step": undefined_first,
    "leaky_relu": undefined_first, "elu": undefined_first, "clip": undefined_first, "maximum": undefined,
    "minimum": undefined, "less": undefined, "amax": undefined_list, "pow": pow_of_undefined,
    "expm1": tail_of_expm1, "tanh": tail_of_tanh, "sigmoid": tail_of_sigmoid, "silu": tail_of_silu,
    "softplus": tail_of_softplus, "log": log_of_tiny, "div": div_by_tiny, "logsumexp": logsumexp_of_large,
    "floordiv": undefined,
}  # fmt: skip


WITHOUT = [name for name in OPS if name not in PEERS]
"""Operations that have no function of PyTorch here: not compared, and said so."""


# ---- Both at once --------------------------------------------------------------------------


class DifferenceError(Exception):
    """What is not the same."""


class Both:
    """A Value and the tensor that stands for it; an operation is done on both, and compared."""

    __slots__ = ("tensor", "value")

    def __init__(self, value, tensor):
        self.value = value
        self.tensor = tensor

    def __lt__(self, other):
        return self.value < ours(other)

    def __le__(self, other):
        return self.value <= ours(other)

    def __gt__(self, other):
        return self.value > ours(other)

    def __ge__(self, other):
        return self.value >= ours(other)

    def __bool__(self):
        return bool(self.value)


def ours(thing):
    if isinstance(thing, list):
        return [ours(each) for each in thing]
    return thing.value if isinstance(thing, Both) else thing


def theirs(thing):
    if isinstance(thing, list):
        return [theirs(each) for each in thing]
    return thing.tensor if isinstance(thing, Both) else torch.tensor(thing, dtype=torch.float64)


def float_of(thing):
    if isinstance(thing, list):
        return [float_of(each) for each in thing]
    return thing.value.data if isinstance(thing, Both) else thing


def of_both(op):
    """Make the operation on both, whose values must be the same."""
    peer, documented = PEERS[op.name], DOCUMENTED.get(op.name, lambda *inputs: None)
    count = len(op.partials)

    def call(*inputs):
        numbers = [*map(float_of, inputs)]
        value = op(*map(ours, inputs))
        exception = documented(*numbers)
        if op.many is None:
            inputs, attributes = inputs[:count], inputs[count:]
        else:
            attributes = [i for i in inputs if isinstance(i, int)]
            inputs = [i for i in inputs if not isinstance(i, int)]
        tensors = [*map(theirs, inputs)]
        if exception is None:
            tensor = peer(*tensors, *attributes)
        else:
            flat = tensors[0] if isinstance(tensors[0], list) else tensors
            tensor = Rule.apply(*exception, *flat)
        if not same_value(op, value.data, tensor.item(), numbers):
            raise DifferenceError(f"{op.name}({numbers}) is {value.data!r}, PyTorch {tensor.item()!r}")
        tensor.data.fill_(value.data)  # from here on the numbers are the same to the last bit
        return Both(value, tensor)

    return call


def same_value(op, one, other, numbers):
    if one == other or (math.isnan(one) and math.isnan(other)):
        return True
    # A sum of logarithms near 0 is exact beside its terms, not beside itself.
    scale = (
        max([1.0, *(abs(n) for n in numbers[0] if abs(n) < inf)]) if op.name == "logsumexp" else abs(other)
    )
    return abs(one - other) <= OF_ONE_OPERATION * scale + 4 * SMALLEST


if WITHOUT:
    print(f"not compared, since PyTorch has none or overflows where these do not: {', '.join(WITHOUT)}")
FUNCTIONS = {name: of_both(op) for name, op in OPS.items() if name in PEERS}
for _name, _function in FUNCTIONS.items():
    if OPS[_name].is_operator:
        setattr(Both, f"__{OPS[_name].dunder}__", lambda *operands, call=_function: call(*operands))
        setattr(Both, f"__r{OPS[_name].dunder}__", lambda right, left, call=_function: call(left, right))
    elif len(OPS[_name].partials) == 1:
        setattr(Both, _name, lambda *operands, call=_function: call(*operands))


def lift(number):
    return number if isinstance(number, Both) else Both(Value(number), theirs(number))


NAMESPACE = {**FUNCTIONS, "abs": abs, "lift": lift, "inf": inf, "nan": nan}


# ---- Programs ------------------------------------------------------------------------------

ORDINARY = ["0.5", "2.0", "1.0", "0.0", "3.0", "(-1.0)", "(-0.5)", "0.1", "(-2.0)"]
SPECIAL = [
    *ORDINARY,
    "inf",
    "(-inf)",
    "nan",
    "1e-310",
    "1e-10",
    "1e10",
    "1e200",
    "(-1e200)",
    "710.0",
    "(-800.0)",
]
POINTS = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, 3.0]
EXTREME = [inf, -inf, nan, 1e-310, -1e-310, 1e-10, 1e200, -1e200, 40.0, -40.0, 710.0, -800.0]


def made(seed):
    """Give a program and a point, which depend on the seed only."""
    generator = random.Random(seed)
    is_wild = generator.random() < 0.4
    inputs = [f"x{number}" for number in range(generator.randint(1, 4))]
    point = []
    for _ in inputs:
        kind = generator.random()
        special = generator.choice(EXTREME if is_wild and kind < 0.3 else POINTS)
        point.append(special if kind < 0.6 else generator.uniform(-3.0, 3.0))
    constants = SPECIAL if is_wild and generator.random() < 0.5 else ORDINARY
    writer = Writer(generator, inputs, constants, leave_out=WITHOUT)
    return writer.write(generator.randint(3, 25)), point


def same_gradients(some, others, scales):
    for one, other in zip(some, others):
        if one != other and not (math.isnan(one) and math.isnan(other)):
            if not abs(one - other) <= 1e-13 * abs(other):
                break
    else:
        return True
    return all(
        one == other
        or (math.isnan(one) and math.isnan(other))
        or abs(one - other) <= TOLERANCE * max(scale, 1e-290)
        for one, other, scale in zip(some, others, scales())
    )


def compare(program, point):
    """Run a program on both; give what differs, or nothing."""
    names = dict(NAMESPACE)
    exec(program.source(), names)
    leaves = [Value(number) for number in point]
    tensors = [torch.tensor(number, dtype=torch.float64, requires_grad=True) for number in point]
    try:
        output = names["program"](*map(Both, leaves, tensors))
    except DifferenceError as difference:
        return str(difference)
    output.value.backward()
    here = [leaf.grad for leaf in leaves]
    there = [None] * len(tensors)
    if output.tensor.requires_grad:
        there = torch.autograd.grad(output.tensor, tensors, allow_unused=True)
    there = [0.0 if gradient is None else gradient.item() for gradient in there]
    scales = lambda: sums_of_absolute_terms(output.value, leaves)
    if not same_gradients(here, there, scales):
        return f"gradient {here}, PyTorch {there}"
    ways = {
        "grad()": grad(output.value, leaves),
        "create_graph": [
            g if isinstance(g, float) else g.data for g in grad(output.value, leaves, create_graph=True)
        ],
    }
    for way, gradient in ways.items():
        if not same_gradients(gradient, here, scales):
            return f"{way} {gradient}, backward() {here}"
    return None


def check(seed):
    """Compare one program.

    Returns:
        "same", or the smallest part that differs.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        program, point = made(seed)
        difference = compare(program, point)
        if difference is None:
            return "same"
        for end in range(len(program.steps)):
            smaller = program.until(end)
            if found := compare(smaller, point):
                program, difference = smaller, found
                break
        return f"{program.source()}program({', '.join(map(repr, point))})  # {difference}"
