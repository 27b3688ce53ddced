"""Running a function once with a tracer watching: which graph it builds, and what it looked at."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any, NoReturn

from autograd_lite.compiler.index import Index, TraceError
from autograd_lite.compiler.lookups import looking_up
from autograd_lite.compiler.signature import Argument
from autograd_lite.core.coercion import is_plain
from autograd_lite.core.modes import traced_by
from autograd_lite.core.op import DETACH
from autograd_lite.engine import Value

__all__ = ["INSTEAD_OF_IF", "Index", "Trace", "TraceError", "as_value", "flat", "nested", "trace"]

INSTEAD_OF_IF = (
    "where(step(a), b, c) instead of if on a number; a branch that is not defined everywhere needs "
    "a guarded input, as in sqrt(where(step(a), a, 1.0)), since both branches are computed"
)
"""What replaces a comparison: the branch that is not chosen must stay finite, or 0 times inf is nan."""


PASS_AS_INT = "What is to be a plain whole number, as for is_integer(), round() or range(), pass as int"
"""What replaces a question that only a plain number answers: an int that is asked it is fixed."""


class Trace:
    """What a function did when it was run once: a tracer, told of everything that a graph does not show.

    Args:
        inputs: for each argument, the Values that stand for its numbers.

    Attributes:
        outputs: what it returned, one after the other.
        single: whether that was one number and not a list.
        nesting: the lists it returned, with None for each number.
        guards: the comparisons it made, of Values and plain numbers, as (sign, left, right, outcome);
            where something else comes out, the program is not the function.
        random: the leaves that are to be drawn anew, and what draws them.
        flags: the attributes of modules that it looked at: the module, the name and what it was.
    """

    outputs: list[Value]
    single: bool
    nesting: Any

    def __init__(self, inputs: list[list[Value]]) -> None:
        self.inputs = inputs
        self.guards: list[tuple[str, Any, Any, bool]] = []
        self.random: dict[Value, Any] = {}
        self.flags: dict[tuple[int, str], tuple[Any, str, Any]] = {}
        self._fixed: set[int] = set()
        self._given = {id(value): value for values in inputs for value in values}
        self._computed: dict[int, Value] = {}  # what is known to depend on something else
        self._written: dict[Value, Value] = {}

    @property
    def fixed(self) -> list[tuple[int, int]]:
        """The whole numbers that it fixed, as (argument, position) pairs."""
        return [
            (number, position)
            for number, values in enumerate(self.inputs)
            for position, value in enumerate(values)
            if id(value) in self._fixed
        ]

    def is_given(self, value: Value) -> bool:
        """Tell whether a number is an argument, a ``.data``, or computed from these: eagerly a plain one."""
        if id(value) in self._given or value.op is DETACH:
            return True
        path = [(value, iter(value.parents))]
        while path:
            each, parents = path[-1]
            parent = next((p for p in parents if id(p) not in self._given and p.op is not DETACH), None)
            if not each.parents or id(each) in self._computed:
                self._computed.update((id(other), other) for other, _ in path)
                return False
            if parent is None:
                self._given[id(each)] = each
                path.pop()
            else:
                path.append((parent, iter(parent.parents)))
        return True

    def number_in(self, value: Value) -> Value:
        """Return a number without its gradient; one that is given has none."""
        if value in self._written:
            return self._written[value]
        return value if self.is_given(value) else value.detach()

    def looked_at(self, thing: Any, name: str, found: Any) -> None:
        """Keep in mind that what the function computes depends on an attribute of a module."""
        self.flags.setdefault((id(thing), name), (thing, name, found))

    def write(self, value: Value, number: Any) -> None:
        """Keep in mind the number that is to stand in a leaf; it is put back before the function returns."""
        if value._layout is not None or self.is_given(value):
            self.refuse("its .data is set")
        self._written[value] = as_value(number)

    def check_put_back(self) -> None:
        """Raise a TraceError if another number was left in a leaf than stood there."""
        for value, number in self._written.items():
            if number.op is not DETACH or number.parents[0] is not value:
                self.refuse("its .data is set")

    def compared(self, sign: str, left: Any, right: Any, outcome: bool) -> None:
        """Keep a comparison in mind."""
        self.guards.append((sign, left, right, outcome))

    def fix(self, index: Index) -> None:
        """Keep in mind that the trace holds only for the present number of an index."""
        self._fixed.update(map(id, index.roots))

    def refuse(self, what: str) -> NoReturn:
        """Say that a number may not be read."""
        raise TraceError(
            "a function to be compiled is run once, to be traced for all inputs, and a number in it is not "
            f"known yet: {what}. Use .detach() or .data for a number without its gradient, a.exp() instead "
            f"of math.exp(a), an Op for an operation of your own, {INSTEAD_OF_IF}. {PASS_AS_INT}"
        )


def trace(f: Callable[..., Any], arguments: Sequence[Argument]) -> Trace:
    """Run a function on an example.

    Args:
        f: takes scalars and (nested) lists of them, returns a Value or a list of them.
        arguments: the example.

    Raises:
        TraceError: if it reads a number, does with one what only plain numbers can do, or returns no Value.
    """
    looking: Trace | None = None
    if any(argument.signature.kind in ("integers", "mixed") for argument in arguments):
        looking = _traced_looking_up(f, arguments)  # most likely it looks into a list
        if looking is not None and not looking.fixed and not looking.guards:
            return looking
    traced = _traced(f, arguments)
    if traced.fixed or traced.guards:  # Python may have looked into a list, or chosen the largest number
        looking = looking or _traced_looking_up(f, arguments)
        if looking and (len(looking.fixed), len(looking.guards)) < (len(traced.fixed), len(traced.guards)):
            return looking
    return traced


def _traced_looking_up(f: Callable[..., Any], arguments: Sequence[Argument]) -> Trace | None:
    """Trace a function that picks where Python would need a number; None where it needs one all the same."""
    with suppress(Exception):
        return _traced(looking_up(f), arguments)
    return None


def _traced(f: Callable[..., Any], arguments: Sequence[Argument]) -> Trace:
    inputs = [[Value(n) if isinstance(n, float) else Index(n) for n in each.numbers] for each in arguments]
    traced = Trace(inputs)
    passed = [argument.build(values) for argument, values in zip(arguments, inputs)]
    try:
        with traced_by(traced):
            result = f(*passed)
            traced.check_put_back()
    except TraceError:
        raise
    except Exception as error:
        if not _runs(f, arguments):
            raise
        raise TraceError(
            "a function to be compiled is run once with Values in place of the numbers that it is called "
            "with, to be traced, and this one only runs with plain numbers: "
            f"{type(error).__name__}: {error}. Use "
            "operators and functions of autograd_lite on single numbers, such as x.exp() or "
            f"pick(values, k), or run it without compiling it, as fit does with compiled=False. {PASS_AS_INT}"
        ) from error
    traced.outputs = [*map(as_value, flat(result))]
    traced.single, traced.nesting = is_number(result), nesting_of(result)
    return traced


def _runs(f: Callable[..., Any], arguments: Sequence[Argument]) -> bool:
    """Tell whether a function runs with plain numbers."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            f(*[argument.build() for argument in arguments])
    except Exception:
        return False
    return True


def is_number(result: Any) -> bool:
    """Tell whether a function returned a single number."""
    return isinstance(result, Value) or (is_plain(result) and not isinstance(result, bool))


def flat(result: Any) -> Iterator[Any]:
    """Iterate over the numbers in nested lists, or in an array, that a function returned.

    Raises:
        TraceError: if there is anything else.
    """
    listed = result.tolist() if hasattr(result, "tolist") else result
    if is_number(listed):
        yield listed
    elif isinstance(listed, (list, tuple)):
        for item in listed:
            yield from flat(item)
    else:
        raise TraceError(
            f"a function to be compiled returns a Value, or a list of Values, got {result!r} of type "
            f"{type(result).__name__}"
        )


def nesting_of(result: Any) -> Any:
    """Return nested lists, or an array, with None for each number."""
    listed = result.tolist() if hasattr(result, "tolist") else result
    return [nesting_of(item) for item in listed] if isinstance(listed, (list, tuple)) else None


def nested(nesting: Any, numbers: Iterator[float]) -> Any:
    """Put numbers into nested lists; a single number stays one."""
    return next(numbers) if nesting is None else [nested(item, numbers) for item in nesting]


def as_value(output: Any) -> Value:
    """Return a Value that a function returned, or make one of a plain number."""
    return output if isinstance(output, Value) else Value(output)
