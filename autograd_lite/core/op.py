"""What the declaration of an operation holds, and what follows from it."""

from __future__ import annotations

import functools
import itertools
import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from autograd_lite.core.coercion import as_float
from autograd_lite.core.ieee import SIGNALS
from autograd_lite.core.op_source import compiled, python_source
from autograd_lite.core.symbol import Number, Symbol, formula

__all__ = ["DETACH", "Choice", "Op"]

Rule = Callable[..., Any]
"""Given the output and the inputs, all of one kind of number: a partial derivative."""

ARGUMENTS = ("a", "b", "c")


class Op:
    """One operation: a name, a template, a float function and its partial derivatives.

    Everything else (gradients of every order, drawing, stepping, checking, compiling)
    follows from these. Calling an Op applies it to floats, Values or Symbols.

    Args:
        name: what the operation is called, in the package and in an expression.
        template: how it is written, with ``{0}`` for the first input and so on; for an
            operation on a list, its formula.
        forward: the float function; it must not raise for any float. Or the function
            as Python source, with the template's ``{0}`` for the first input and so on.
        partials: for each differentiable input, a function of the output and all
            inputs. It is generic over kinds of numbers: only operators and other Ops.
        attributes: names and default values of further inputs that are plain numbers
            and are not differentiated, such as a slope. A default of None means that
            the caller must give one.
        many: for an operation on lists of inputs, one function of the output and the
            lists (and the attributes) that returns a list of partials for each list.
        pack: for such an operation, a function from what a caller passes to the tuple of
            lists and the tuple of attributes; by default, one list and the attributes.
        array: the forward function on arrays, for the compiler: an expression with the template's
            ``{0}`` that names functions of NumPy, or a function of such a namespace and the
            inputs (for an operation on lists, arrays whose last axis is the list). Without it,
            an operator's template; else the float function is mapped over the elements.
        array_slopes: for each input (or for the one list) the partial on arrays where its rule would take
            long, as a template like ``array``: with ``{0}`` for the output and ``{1}`` for the first input;
            or None. It may be no number where the rule is one, but never the other way round.
        shares: for an operation on a list, whether its partials add up to 1. They are then divided by
            their sum: rounding, or a tie, may have made it another number.
        stops: where the operation passes nothing on, whatever comes from above: True for wherever a
            partial is 0, since the operation is flat there or has chosen another input; or for each
            input a function of all inputs that tells so.
        identity: for an operation on two inputs, the left and the right number that
            change nothing (None where there is none).
        dunder: for one of Python's own operators the name of its special method: "add", "truediv";
            its template is then Python's own way to write it.
        textbook: the partial derivatives as a lecture writes them, rules like ``partials``, for what is
            read; one for each input, or None where the partial itself is meant to be read.
        why: a sentence on what the operation does to a gradient.
        doc: a sentence on what the operation computes.
        example: a call, and the number it gives, rounded to six digits.

    Example:
        >>> cube = Op("cube", "cube({0})", lambda a: a * a * a, lambda y, a: 3.0 * a * a)
        >>> cube(2.0)
        8.0
        >>> cube.partial_formula(0)
        '3 * a * a'
    """

    def __init__(
        self,
        name: str,
        template: str,
        forward: Callable[..., Any] | str,
        *partials: Rule,
        attributes: dict[str, float | None] | None = None,
        many: Rule | None = None,
        pack: Callable[..., tuple[Any, tuple[Any, ...]]] | None = None,
        array: str | Callable[..., Any] | None = None,
        array_slopes: tuple[str | None, ...] = (),
        shares: bool = False,
        stops: bool | tuple[Callable[..., bool], ...] = False,
        identity: tuple[float | None, float | None] = (None, None),
        dunder: str = "",
        textbook: tuple[Rule | None, ...] = (),
        why: str = "",
        doc: str = "",
        example: tuple[str, float] | None = None,
    ) -> None:
        if not name.isidentifier():
            raise ValueError(f"the name of an operation is a Python identifier, got {name!r}")
        if bool(partials) == bool(many):
            raise ValueError(f"{name}: give either one partial for each input, or `many`")
        self.name = name
        self.template = template
        self.source = forward if isinstance(forward, str) else None
        self.partials = partials
        self.attributes = attributes or {}
        self.many = _shared_out(many) if many and shares else many
        self.pack = pack or (_pack_list if many else None)
        self.array = array
        self.array_slopes = array_slopes
        self.shares = shares
        self.stops = stops
        self.identity = identity
        self.textbook = textbook
        self.doc = doc
        self.example = example
        self.why = " ".join(why.split()) or f"{name} scales the gradient by its own slope at this point"
        self.dunder = dunder
        around = re.sub(r"\{\d\}", "", template).strip()
        self.sign = name if re.search(r"[^\W\d]|\(", around) else around
        self.names = [*ARGUMENTS[: len(partials)], *self.attributes]
        self.layouts: dict[str, Any] = {}  # of its nodes, and its kernels: they go with the operation
        self.kernels: dict[Any, Any] = {}
        self._check()
        self.forward: Callable[..., Any] = (
            compiled(self.names, forward.format(*self.names)) if isinstance(forward, str) else forward
        )

    def _check(self) -> None:
        """Raise a ValueError if the declaration contradicts itself."""
        if len(self.partials) > len(ARGUMENTS):
            raise ValueError(f"{self.name}: more than {len(ARGUMENTS)} inputs are a list: give `many`")
        if self.textbook and len(self.textbook) != len(self.partials):
            raise ValueError(f"{self.name}: give a textbook form, or None, for each partial")
        for rule in (*self.partials, *filter(None, self.textbook)):
            if not callable(rule):
                raise ValueError(f"{self.name}: each partial is a function, got {rule!r}")
            count = getattr(getattr(rule, "__code__", None), "co_argcount", len(self.names) + 1)
            if count != len(self.names) + 1:
                raise ValueError(f"{self.name}: each partial is a function of y, {', '.join(self.names)}")
        try:
            if self.many is None:
                self.template.format(*self.names)
        except (IndexError, KeyError):
            raise ValueError(f"{self.name}: the template {self.template!r} names other inputs") from None

    def __repr__(self) -> str:
        return f"<Op {self.name}>"

    def __call__(self, *inputs: Any) -> Any:
        """Apply the operation; only floats give a float, else the kind of number decides."""
        if self.pack is not None:
            lists, attributes = self.pack(*inputs)
            inputs = (*lists, *attributes)
        elif len(inputs) != len(self.names):
            inputs = self.complete(inputs)
        return self.apply_to(inputs)

    def apply_to(self, inputs: tuple[Any, ...]) -> Any:
        """Apply the operation to all its inputs (or lists of inputs) and attributes."""
        for number in self.flattened(inputs):
            if isinstance(number, Number):
                return number.apply(self, inputs)
        result: float = self.forward(*self.numbers(inputs, as_float))
        return result

    def flattened(self, inputs: Sequence[Any]) -> tuple[Any, ...]:
        """Put the inputs of an operation on lists one after the other."""
        if self.many is None:
            return tuple(inputs)
        lists, attributes = self.split(inputs)
        return (*itertools.chain.from_iterable(lists), *attributes)

    @property
    def is_operator(self) -> bool:
        """Whether Python writes it with an operator (or ``abs``) and not with a name."""
        return self.dunder != ""

    def parameters(self) -> tuple[list[str], tuple[Any, ...]]:
        """List the names of what a caller passes, and the defaults of the last of them."""
        if self.pack is not None and self.pack is not _pack_list:
            code = self.pack.__code__
            return list(code.co_varnames[: code.co_argcount]), self.pack.__defaults__ or ()
        inputs = ["values"] if self.many is not None else ARGUMENTS[: len(self.partials)]
        defaults = tuple(default for default in self.attributes.values() if default is not None)
        return [*inputs, *self.attributes], defaults

    def complete(self, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        """Complete the inputs with the attributes' defaults, or raise a TypeError."""
        names, defaults = self.parameters()
        missing = len(names) - len(inputs)
        if not 0 <= missing <= len(defaults):
            raise TypeError(f"{self.name}({', '.join(names)}) got {len(inputs)} arguments")
        return (*inputs, *defaults[len(defaults) - missing :])

    def without_default(self, inputs: Sequence[Any]) -> Sequence[Any]:
        """Leave out the last list of an operation on lists if it is the default, such as a bias of 0."""
        names, defaults = self.parameters()
        has_one = not self.attributes and len(inputs) == len(names) and len(defaults) == 1
        return [*inputs[:-1], []] if has_one and [*inputs[-1]] == [*defaults] else inputs

    def split(self, inputs: Sequence[Any]) -> tuple[Sequence[Any], Sequence[Any]]:
        """Split all inputs into the differentiable ones and the attributes."""
        count = len(inputs) - len(self.attributes)
        return inputs[:count], inputs[count:]

    def numbers(self, inputs: Sequence[Any], number_of: Callable[[Any], Any]) -> list[Any]:
        """Turn the inputs into floats; the attributes of an operation on lists stay what they are."""
        values, attributes = self.split(inputs)
        if self.many is None:
            return [*map(number_of, values), *map(as_float, attributes)]
        return [*([number_of(value) for value in listed] for listed in values), *attributes]

    def check_attributes(self, operands: Sequence[Any]) -> None:
        """Raise a TypeError if an attribute is a Value, and not a plain number or a traced index."""
        for name, attribute in zip(self.attributes, self.split(operands)[1]):
            if isinstance(attribute, Number) and not hasattr(attribute, "position"):
                raise TypeError(f"{self.name}: {name} is a plain number, not a Value: use its .data")

    def slots_of(self, inputs: Sequence[Any], kind: type[Number]) -> list[int]:
        """List which inputs, counted through all lists, are of a kind of number; attributes are none."""
        args = self.flattened(inputs)
        return [slot for slot in range(len(args) - len(self.attributes)) if isinstance(args[slot], kind)]

    def call_text(self, operands: Sequence[Any], names: Mapping[int, str] | None = None) -> str:
        """Write a call with its operands' names and numbers, for an error message.

        Args:
            operands: all inputs (or lists of inputs), then the attributes.
            names: names for operands that have no label, by their ``id``.
        """
        shown = []
        for operand in self.flattened(operands):
            label = getattr(operand, "label", "") or (names or {}).get(id(operand), "")
            shown.append((f"{label}=" if label else "") + repr(getattr(operand, "data", operand)))
        return f"{self.name}({', '.join(shown)})"

    def slopes(self, y: Any, inputs: Sequence[Any], wanted: Sequence[int]) -> list[Any]:
        """Compute partial derivatives in any kind of number; on floats as IEEE 754 says.

        Args:
            y: the output.
            inputs: all inputs (or lists of inputs), then the attributes.
            wanted: the positions of the inputs to differentiate by, counted through all lists.
        """
        if self.many is None:
            try:
                slopes = self._slopes_of_floats(y, *inputs) if type(y) is float else None
            except SIGNALS:
                slopes = None
            if slopes is not None:
                return [slopes[index] for index in wanted]
            values = {"y": y, **dict(zip(self.names, inputs))}
            return [evaluate(self._terms[index], values) for index in wanted]
        lists, attributes = self.split(inputs)
        try:
            partials = [*itertools.chain.from_iterable(self.many(y, *lists, *attributes))]
        except SIGNALS:
            partials = self._careful_partials(y, lists, attributes)
        return [partials[index] for index in wanted]

    def _careful_partials(self, y: Any, lists: Sequence[Any], attributes: Sequence[Any]) -> list[Any]:
        """Compute the partials of an operation on lists where Python signals: as Symbols first."""
        assert self.many is not None
        values = {"y": y}
        symbols: list[list[Symbol]] = []
        for number, listed in enumerate(lists):
            names = [f"value{number}_{index}" for index in range(len(listed))]
            values.update(zip(names, listed))
            symbols.append([*map(Symbol, names)])
        terms = self.many(Symbol("y"), *symbols, *attributes)
        return [evaluate(term, values) for term in itertools.chain.from_iterable(terms)]

    def terms(self, names: Sequence[str]) -> list[Any]:
        """Write the partials, for inputs of these names and the output y, as Symbols."""
        return [rule(Symbol("y"), *map(Symbol, names)) for rule in self.partials]

    @functools.cached_property
    def _terms(self) -> list[Any]:
        return self.terms(self.names)

    @functools.cached_property
    def _slopes_of_floats(self) -> Callable[..., tuple[float, ...]]:
        """Compute all partials of floats at once, or raise where Python has no value."""
        names: dict[str, Any] = {}
        slopes = [python_source(term, names) for term in self._terms]
        function: Callable[..., tuple[float, ...]] = eval(
            f"lambda {', '.join(['y', *self.names])}: ({', '.join(slopes)},)", names
        )
        return function

    def textbook_slopes(self, y: Any, inputs: Sequence[Any], wanted: Sequence[int]) -> list[Any]:
        """Compute what ``slopes`` does, by the textbook forms of an operation that has some."""
        values = {"y": y, **dict(zip(self.names, inputs))}
        return [evaluate(self._readable_terms[index], values) for index in wanted]

    @functools.cached_property
    def _readable_terms(self) -> list[Any]:
        symbols = [*map(Symbol, ["y", *self.names])]
        return [
            partial if rule is None else rule(*symbols) for rule, partial in zip(self.textbook, self._terms)
        ]

    @functools.cached_property
    def conditions(self) -> frozenset[int]:
        """The inputs whose partial is the constant 0, as that of where's condition: they get no gradient."""
        terms = [] if self.many is not None else self._terms
        return frozenset(index for index, term in enumerate(terms) if isinstance(term, float) and term == 0.0)

    def stops_at(self, index: int, partial: Any, numbers: Sequence[float]) -> bool:
        """Tell whether nothing passes to an input, whatever comes from above.

        Args:
            index: the input, counted through all lists.
            partial: the partial derivative by it.
            numbers: the inputs as floats.
        """
        if isinstance(self.stops, bool):
            return self.stops and bool(partial == 0.0)
        return bool(partial == 0.0) and self.stops[index](*numbers)

    def partial_formula(self, index: int) -> str:
        """Write the partial derivative by an input, with y for the output."""
        return formula(self._terms[index])

    def partial_formulas(self, index: int) -> list[str]:
        """Write it as a textbook does, if that is declared, and as it is computed."""
        readable = [self._readable_terms[index]] if any(self.textbook[index : index + 1]) else []
        return [*map(formula, readable), self.partial_formula(index)]

    def evaluate(self, operands: Sequence[Any], values: Mapping[str, Any]) -> Any:
        """Apply the operation to Symbols, with values put in for their names."""
        return self(*[evaluate(operand, values) for operand in operands])


def evaluate(term: Any, values: Mapping[str, Any]) -> Any:
    """Compute a Symbol (or a number, which is itself) with values put in for its names.

    Args:
        term: a Symbol or a float.
        values: any kind of number for each name.
    """
    if not isinstance(term, Symbol):
        return term
    return values[term.name] if term.op is None else term.op.evaluate(term.operands, values)


class Choice(Op):
    """An operation that picks one of two inputs: in a rule, a plain number decides at once."""

    def evaluate(self, operands: Sequence[Any], values: Mapping[str, Any]) -> Any:
        """Choose at once if the condition is a plain number."""
        condition = evaluate(operands[0], values)
        if not isinstance(condition, Number):
            return evaluate(operands[1] if condition else operands[2], values)
        return self(condition, evaluate(operands[1], values), evaluate(operands[2], values))


def _pack_list(values: Sequence[Any], *attributes: Any) -> tuple[Any, tuple[Any, ...]]:
    """Take what a caller passes to an operation on a list, by default a list and the attributes."""
    return (list(values),), attributes


def _shared_out(rule: Rule) -> Rule:
    """Divide the partials of one list by their sum; a formula stays as it is."""

    def many(y: Any, values: Sequence[Any]) -> tuple[list[Any]]:
        (partials,) = rule(y, values)
        if isinstance(y, Symbol):
            return (partials,)
        total = functools.reduce(operator.add, partials)
        if hasattr(total, "shared_out"):  # it is known only where the script runs
            return (total.shared_out(partials),)
        is_number = math.isfinite(getattr(total, "data", total))
        return ([partial / total for partial in partials] if is_number else partials,)

    return many


DETACH = Op(
    "detach", "detach({0})", lambda a: a, lambda y, a: 0.0, array="{0}", why="detach stops the gradient"
)
"""What ``Value.detach`` means where a tracer must see it."""
