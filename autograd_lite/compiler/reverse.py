"""The reverse pass of a vector program, by the same rules as for scalars."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from autograd_lite.compiler.emit import (
    TERMS,
    Writer,
    atom,
    function_name,
    is_layer,
    partial_source,
    term_source,
    transposed,
    tuple_source,
)
from autograd_lite.compiler.vectors import (
    Constant,
    Join,
    Operand,
    Vector,
    depend_on_parameters,
    reverse_order,
    views_of,
)
from autograd_lite.core.op import Op, evaluate, number_source
from autograd_lite.core.symbol import Symbol

__all__ = ["Reverse"]


class Reverse:
    """Writes the reverse pass after the forward pass.

    Args:
        writer: the source so far: the forward pass.
    """

    def __init__(self, writer: Writer) -> None:
        self.writer = writer
        self.vectors = writer.program.vectors
        self.wanted = depend_on_parameters(self.vectors)
        self.adjoints: dict[int, str] = {}
        self.contributions: dict[int, list[tuple[Any, str]]] = {}

    def write(self, seed: str) -> list[str]:
        """Write the lines of the reverse pass.

        Args:
            seed: the adjoint of the one output, in its shape.

        Returns:
            For each parameter vector, in order, what holds its gradient.
        """
        (output,) = self.writer.program.outputs
        self._send(output, seed, self.writer.is_batched(output))
        gradients = []
        for vector in reverse_order(self.vectors, self.wanted):
            if vector.number in self.contributions:
                self._finish(vector)
                if vector.operands:
                    self._pass_on(vector)
        for vector in self.vectors:
            if vector.kind == "parameter":
                known = vector.number in self.contributions
                name = self.writer.names[vector.number]
                gradients.append(self.adjoint(vector) if known else f"zeros_like({name})")
        return gradients

    def adjoint(self, vector: Vector) -> str:
        """Give what holds the adjoint of a vector: often that of another is the same."""
        return self.adjoints.get(vector.number, f"d{self.writer.names[vector.number]}")

    # ---- Adjoints --------------------------------------------------------------------------

    def _finish(self, vector: Vector) -> None:
        """Write the adjoint of a vector: the sum of what came back."""
        name = self.writer.names[vector.number]
        parts = self.contributions[vector.number]
        whole = [text for place, text in parts if place is None]
        pieces = [(place, text) for place, text in parts if place is not None]
        if not pieces:
            terms = _terms(whole)
            text = " + ".join(terms[:TERMS])
            has_line = is_layer(vector, self.writer.program)  # dz is what the lectures speak of
            if is_number(text) or (text.isidentifier() and not has_line):
                self.adjoints[vector.number] = text
            else:
                self.writer.add_up(f"d{name}", terms)
            return
        tiled = None if whole else self._tiled(vector, pieces)
        if tiled is not None:
            self.writer.line(f"d{name} = {tiled}")
            return
        front = "slice(None), " if vector.batched else ""
        is_flat = len(vector.shape) == 1
        zeros = f"zeros_like({name})"
        self.writer.line(f"d{name} = {zeros if is_flat else reshaped(zeros, (vector.size,), vector.batched)}")
        for place, text in pieces:
            self.writer.line(f"d{name} = added(d{name}, ({front}{place},), {text})")
        if not is_flat:
            self.writer.line(f"d{name} = {reshaped(f'd{name}', vector.shape, vector.batched)}")
        if whole:
            self.writer.add_up(f"d{name}", [f"d{name}", *_terms(whole)])

    def _tiled(self, vector: Vector, pieces: list[tuple[Any, str]]) -> str | None:
        """Put pieces side by side, if together they are the whole vector."""
        spans = sorted((place, text) for place, text in pieces if isinstance(place, _Span))
        end = 0
        for span, _ in spans:
            if span.start != end or span.step != 1:
                return None
            end = span.stop
        if len(spans) != len(pieces) or end != vector.size:
            return None
        text = f"concatenate(({', '.join(text for _, text in spans)},), axis=-1)"
        return text if len(vector.shape) == 1 else reshaped(text, vector.shape, vector.batched)

    def _send(self, operand: Operand, d: str, batched: bool) -> None:
        """Send an operand's adjoint back to the vectors that it reads.

        Args:
            operand: what was read.
            d: its adjoint, in its full shape.
            batched: whether d has an axis for the batch.
        """
        if isinstance(operand, Constant):
            return
        if isinstance(operand, Join):
            start = 0
            for part in operand.parts:
                stop = start + part.shape[operand.axis]
                after = ", :" * (-1 - operand.axis)
                if any(view.vector in self.wanted for view in views_of(part)):
                    self._send(part, f"{atom(d)}[..., {start}:{stop}{after}]", batched)
                start = stop
            return
        if operand.vector not in self.wanted:
            return
        vector, way = self.writer.vector(operand), self.writer.access(operand)
        text = way.back(atom(d) if batched or way.repeated else d, batched and not vector.batched)
        kept = batched and vector.batched
        place: Any = None
        if way.kind == "all":
            if way.shape != way.source:
                text = reshaped(text, way.source, kept)
        elif way.kind == "turned":
            text = f"swapaxes({text}, -1, -2)" if kept else transposed(atom(text))
        else:
            if way.kind == "slice":
                place = _Span(*way.slices[0])
            else:
                index = way.index if way.kind == "gather" else operand.index
                for axis in reversed(way.repeated if way.kind != "gather" else ()):
                    index = index.take(0, axis=axis)
                place = self.writer.constant(index.reshape(-1))
            size = 1
            for length in way.shape:
                size *= length
            if len(way.shape) != 1:
                text = reshaped(text, (size,), kept)
        self.contributions.setdefault(vector.number, []).append((place, text))

    # ---- Operations ------------------------------------------------------------------------

    def _pass_on(self, vector: Vector) -> None:
        """Write what each operand of an operation gets back."""
        d = self.adjoint(vector)
        for slot, operand in enumerate(vector.operands):
            if any(view.vector in self.wanted for view in views_of(operand)):
                text = self._back(vector, slot, d)
                if text is not None:
                    self._send(operand, text, vector.batched and not self._sums_the_batch(vector, slot))

    def _sums_the_batch(self, vector: Vector, slot: int) -> bool:
        """Tell whether what goes back to an operand is already summed over the batch."""
        if slot > 1 or self.writer.is_batched(vector.operands[slot]):
            return False
        if vector.kind == "dots":  # of a vector for each row and one for all
            return vector.shape == () and self.writer.is_batched(vector.operands[1 - slot])
        return vector.kind == "product" or vector.attributes == ("table",)

    def _back(self, vector: Vector, slot: int, d: str) -> str | None:
        """Write the adjoint of an operand, given that of the result; None if it is 0."""
        writer = self.writer
        if vector.kind == "product" and slot < 2:
            return self._product_back(vector, slot, d)
        if vector.kind in ("product", "join"):
            return d
        if vector.kind == "dots":
            if slot > 1:
                return d
            other = atom(writer.read(vector.operands[1 - slot], exact=True))
            if self._sums_the_batch(vector, slot):
                return f"{d} @ {other}"
            return f"{d}[..., None] * {other}" if vector.batched or vector.shape else f"{d} * {other}"
        if vector.kind == "sum":
            lengths = [*(["N"] if vector.batched else []), *map(str, vector.operands[0].shape)]
            if not vector.batched and not vector.shape:
                return f"full({tuple_source(lengths)}, {d})"
            return f"broadcast_to({d}[..., None], {tuple_source(lengths)})"
        if vector.kind == "pick":
            return self._pick_back(vector, slot, d)
        assert vector.op is not None
        if vector.kind == "reduce":
            return self._reduce_back(vector, vector.op, slot, d)
        if slot in vector.op.conditions:
            return None
        return scaled(d, self._partial(vector, vector.op, slot))

    def _partial(self, vector: Vector, op: Op, slot: int) -> str:
        """Write the local derivative of an operation by an operand."""
        values: dict[str, Any] = {"y": Symbol(self.writer.names[vector.number])}
        for name, operand in zip(op.names, vector.operands):
            constant = None
            if isinstance(operand, Constant):
                flat = operand.values.reshape(-1)
                constant = float(flat[0]) if (flat == flat[0]).all() else None
            values[name] = Symbol(atom(self.writer.read(operand))) if constant is None else constant
        values.update(zip(op.attributes, map(float, vector.attributes)))
        return partial_source(op, slot, values, self.writer.operations)

    def _product_back(self, vector: Vector, slot: int, d: str) -> str:
        """Write what a matrix product sends back to its right (slot 0) or left rows."""
        writer = self.writer
        right, left = (atom(writer.read(operand, exact=True)) for operand in vector.operands[:2])
        wide, high = vector.attributes
        batched_right, batched_left = (writer.is_batched(operand) for operand in vector.operands[:2])
        terms = vector.operands[0].shape[-1]
        blocks = len(vector.operands[1].shape) == 2 + wide
        if slot == 0 and (batched_right or not vector.batched):
            if not wide:
                spread = "[..., None, :]" if high and (batched_left or blocks) else ""
                return f"{d}[..., None] * {left}{spread}"
            if high or not (batched_left or blocks):
                return f"{d} @ {left}"
            return f"({d}[..., None, :] @ {left})[..., 0, :]"
        if slot == 1 and (batched_left or not vector.batched):
            if wide and high:
                if vector.batched or blocks:
                    return f"swapaxes({d}, -1, -2) @ {right}"
                return f"({transposed(right)} @ {d}).T"
            if wide:
                return f"{d}[..., None] * {right}[..., None, :]"
            return (
                f"({d}[..., None, :] @ {right})[..., 0, :]" if vector.batched or blocks else f"{d} @ {right}"
            )
        if blocks:
            return self._blocks_back(vector, slot, d, right, left)
        if slot == 1:  # the left rows are the same for all examples: the sum over the batch is a product too
            columns = vector.operands[1].shape[0]
            flat_d = f"{d}.reshape(-1{f', {columns}' if wide else ''})" if high else d
            flat_right = f"{right}.reshape(-1, {terms})" if high else right
            return f"({transposed(atom(flat_right))} @ {flat_d}).T" if wide else f"{flat_d} @ {flat_right}"
        rows = vector.operands[0].shape[0]
        if high and wide:
            return f"(swapaxes({d}, 0, 1).reshape({rows}, -1) @ {left}.reshape(-1, {terms}))"
        if high:
            return f"{d}.T @ {left}"
        return f"{d}.reshape(-1) @ {left}.reshape(-1, {terms})"

    def _blocks_back(self, vector: Vector, slot: int, d: str, right: str, left: str) -> str:
        """The same for several blocks, one side of which is shared by the batch."""
        wide, high = vector.attributes
        d_axes = "nk" + "b" * high + "a" * wide
        sides = ["k" + "b" * high + "p", "k" + "a" * wide + "p"]
        other = ("n" if self.writer.is_batched(vector.operands[1 - slot]) else "") + sides[1 - slot]
        return f"einsum('{d_axes},{other}->{sides[slot]}', {d}, {(right, left)[1 - slot]})"

    def _pick_back(self, vector: Vector, slot: int, d: str) -> str | None:
        if slot == 1:
            return None
        table, index = vector.operands
        place = self.writer.read(index, whole_numbers=True, exact=True)
        read = self.writer.read(table, exact=True)
        if vector.attributes == ("table",):
            return f"added(zeros_like({read}), ({place},), {d})"
        return f"unpick({d}, {place}, {table.shape[-1]})"

    def _reduce_back(self, vector: Vector, op: Op, slot: int, d: str) -> str:
        """Write what an operation on lists sends back to one of its lists."""
        assert op.many is not None
        name, read = (
            self.writer.names[vector.number],
            atom(self.writer.read(vector.operands[slot], exact=True)),
        )
        spread = "[..., None]" if vector.batched or vector.shape else ""
        if len(vector.operands) == 1:
            listed = [Symbol(f"a{number}_") for number in range(vector.operands[0].shape[-1])]
            terms = op.many(Symbol("y"), listed, *vector.attributes)[0]
            texts = {term_source(term, {}).replace(one.name, "a") for one, term in zip(listed, terms)}
            if len(texts) == 1 and not re.search(r"\ba\d+_", "".join(texts)):
                values = {"y": Symbol(f"{name}{spread}"), "a0_": Symbol(read)}
                partials = term_source(evaluate(terms[0], values), self.writer.operations)
                return f"{d}{spread} * {f'shares({partials})' if op.shares else partials}"
        function = function_name(op, self.writer.operations)
        reads = [self.writer.read(operand, exact=True) for operand in vector.operands]
        attributes = [number_source(float(attribute)) for attribute in vector.attributes]
        return f"{d}{spread} * {function}_slopes{slot}({', '.join([name, *reads, *attributes])})"


def _terms(texts: list[str]) -> list[str]:
    """List the terms of a sum; what stands there twice is doubled."""
    if all(map(is_number, texts)):
        return [repr(sum(map(float, texts)))]
    return [text if count == 1 else f"{count}.0 * {atom(text)}" for text, count in Counter(texts).items()]


class _Span(tuple[int, int, int]):
    """A slice of a flat array, which prints itself."""

    def __new__(cls, start: int, stop: int, step: int) -> _Span:
        return super().__new__(cls, (start, stop, step))

    start = property(lambda span: span[0])
    stop = property(lambda span: span[1])
    step = property(lambda span: span[2])

    def __str__(self) -> str:
        return f"slice({self.start}, {self.stop}{f', {self.step}' if self.step != 1 else ''})"


def reshaped(text: str, shape: Sequence[int], batched: bool) -> str:
    """Write an array in another shape."""
    if is_number(text):
        return f"full({tuple_source([*map(str, shape)])}, {text})"
    lengths = [*(["-1"] if batched else []), *map(str, shape)]
    return f"{atom(text)}.reshape({', '.join(lengths) or '()'})"


def is_number(text: str) -> bool:
    """Tell whether source is a number."""
    return re.fullmatch(r"-?[\d.]+(e[+-]?\d+)?", text) is not None


def scaled(d: str, partial: str) -> str:
    """Write an adjoint times a local derivative."""
    plain = partial.strip("()")
    if is_number(plain) and is_number(d):
        return repr(float(d) * float(plain))
    if plain == "1.0":
        return d
    if plain == "-1.0":
        return f"-{d}"
    return f"{d} * {atom(partial)}"
