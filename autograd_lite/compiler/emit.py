"""Writing a vector program as Python source on arrays."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Sequence
from typing import Any

from autograd_lite.compiler.access import Access, access
from autograd_lite.compiler.vectors import Constant, Join, Operand, Vector, VectorProgram, View, views_of
from autograd_lite.core.op import Op, evaluate, number_source
from autograd_lite.core.symbol import Symbol
from autograd_lite.ops import OPS

__all__ = ["TERMS", "Writer", "array_source", "sum_lines"]

TERMS = 40
"""The most terms in a line: Python's parser is recursive."""


class Writer:
    """Source in the making.

    Args:
        program: what is to be written.
        arguments: the names of the arguments.
        wholes: for each argument, whether it holds whole numbers.

    Attributes:
        lines: the lines so far, without indentation, and their comments.
        names: the name of each vector.
        floats: names of arguments of whole numbers, and what they are called as floats.
        constants: arrays that the source names.
        constant_names: their names, by what is in them.
        operations: operations that the source names, because their array form is a function.
    """

    def __init__(self, program: VectorProgram, arguments: Sequence[str], wholes: Sequence[bool]) -> None:
        self.program = program
        self.wholes = wholes
        self.floats: dict[str, str] = {}
        self.lines: list[tuple[str, str]] = []
        self.constants: dict[str, Any] = {}
        self.constant_names: dict[Any, str] = {}
        self.operations: dict[str, Op] = {}
        self.names = name_vectors(program, arguments)
        self._accesses: dict[int, Access] = {}

    def line(self, text: str, comment: str = "") -> None:
        """Append a line, ``name = expression``, without needless parentheses."""
        self.lines.append((ast.unparse(ast.parse(text)) if "(" in text else text, comment))

    def add_up(self, name: str, terms: Sequence[str]) -> None:
        """Append lines, of which none is too long, that give a name to a sum."""
        for line in sum_lines(name, terms):
            self.line(line)

    def constant(self, values: Any) -> str:
        """Give an array a name, the same for the same array."""
        key = (values.dtype, values.shape, values.tobytes())
        if key not in self.constant_names:
            name = f"{'i' if values.dtype.kind == 'i' else 'c'}{len(self.constants) + 1}"
            self.constants[name] = values
            self.constant_names[key] = name
        return self.constant_names[key]

    def vector(self, view: View) -> Vector:
        """Give the vector that a view is of."""
        return self.program.vectors[view.vector]

    def access(self, view: View) -> Access:
        """Give the way to read a view."""
        if id(view) not in self._accesses:
            self._accesses[id(view)] = access(view.index, self.vector(view).shape)
        return self._accesses[id(view)]

    def is_batched(self, operand: Operand) -> bool:
        """Tell whether an operand has an axis for the batch."""
        if isinstance(operand, View):
            return self.vector(operand).batched
        return isinstance(operand, Join) and any(self.is_batched(part) for part in operand.parts)

    def read(self, operand: Operand, *, exact: bool = False, whole_numbers: bool = False) -> str:
        """Write an operand.

        Args:
            operand: what is read.
            exact: whether it must have its full shape, and not one that can be broadcast to it.
            whole_numbers: whether it is an index.
        """
        if isinstance(operand, Constant):
            flat = operand.values.reshape(-1)
            if (not exact and (flat == flat[0]).all()) or operand.values.ndim == 0:
                return number_source(float(flat[0]))
            return self.constant(operand.values)
        if isinstance(operand, Join):
            return self._joined(operand)
        vector = self.vector(operand)
        name = self.names[vector.number]
        if vector.kind == "input" and not whole_numbers:
            name = self.float_name(vector)
        way = self.access(operand)
        if exact and way.repeated:
            way = Access("gather", vector.shape, operand.shape, (), len(operand.shape), index=operand.index)
        text = way.text(name, vector.batched, self.constant)
        is_whole = vector.kind == "input" and self.wholes[vector.source]
        return f"rint({text}).astype(int)" if whole_numbers and not is_whole else text

    def float_name(self, vector: Vector) -> str:
        """Give the name of an argument as floats."""
        name = self.names[vector.number]
        if not self.wholes[vector.source]:
            return name
        return self.floats.setdefault(name, f"{name}_float")

    def _joined(self, operand: Join) -> str:
        batched = self.is_batched(operand)
        parts = []
        for part in operand.parts:
            text = self.read(part, exact=True)
            if batched and not self.is_batched(part):
                text = f"broadcast_to({text}, {tuple_source(['N', *map(str, part.shape)])})"
            parts.append(text)
        return f"concatenate(({', '.join(parts)}), axis={operand.axis})"

    def forward(self) -> None:
        """Write the line of every operation, in order."""
        for vector in self.program.vectors:
            if vector.operands:
                self.line(f"{self.names[vector.number]} = {self.compute(vector)}", comment_on(vector))

    def compute(self, vector: Vector) -> str:
        """Write the right-hand side of an operation."""
        if vector.kind == "product":
            text = self._product(vector)
            return " + ".join([text, *(self.read(plain) for plain in vector.operands[2:])])
        if vector.kind == "dots":
            right, left = (self.read(operand, exact=True) for operand in vector.operands[:2])
            text = f"({right} * {left}).sum(axis=-1)"
            if len(vector.operands[0].shape) == 1 and not self.is_batched(vector.operands[1]):
                text = f"{right} @ {left}"
            return " + ".join([text, *(self.read(plain) for plain in vector.operands[2:])])
        if vector.kind == "sum":
            return f"{self.read(vector.operands[0], exact=True)}.sum(axis=-1)"
        if vector.kind == "join":
            return self.read(vector.operands[0], exact=True)
        if vector.kind == "pick":
            table, index = vector.operands
            place = self.read(index, whole_numbers=True, exact=True)
            if vector.attributes == ("table",):
                return f"{self.read(table, exact=True)}[{place}]"
            return f"pick({self.read(table, exact=True)}, {place})"
        assert vector.op is not None
        exact = vector.kind == "reduce"
        reads = [self.read(operand, exact=exact) for operand in vector.operands]
        if exact:
            reads = [atom(read) for read in reads]
        attributes = [number_source(float(attribute)) for attribute in vector.attributes]
        text = array_source(vector.op, [*map(atom, reads), *attributes], self.operations)
        fixed = vector.shape and not any(
            operand.shape == vector.shape and not isinstance(operand, Constant) and self.is_full(operand)
            for operand in vector.operands
        )
        if fixed and not exact:  # each operand repeats along some axis of its own, perhaps the same
            lengths = [*(["N"] if vector.batched else []), *map(str, vector.shape)]
            text = f"broadcast_to({text}, {tuple_source(lengths)})"
        return text

    def is_full(self, operand: Operand) -> bool:
        """Tell whether an operand is read in its full shape, and not in one that can be broadcast to it."""
        return isinstance(operand, Join) or (isinstance(operand, View) and not self.access(operand).repeated)

    def _product(self, vector: Vector) -> str:
        """Write a product of matrices: rows of the right factors by rows of the left ones."""
        right, left = (atom(self.read(operand, exact=True)) for operand in vector.operands[:2])
        wide, high = vector.attributes
        batched_left = self.is_batched(vector.operands[1])
        blocks = len(vector.operands[1].shape) == 2 + wide
        if not blocks and not batched_left:
            if wide and high and self.is_batched(vector.operands[0]):
                rows, terms = vector.operands[0].shape
                columns = vector.operands[1].shape[0]
                return f"({right}.reshape(-1, {terms}) @ {transposed(left)}).reshape(-1, {rows}, {columns})"
            return f"{right} @ {transposed(left) if wide else left}"
        if wide and high:
            return f"{right} @ swapaxes({left}, -1, -2)"
        if wide:
            return f"({left} @ {right}[..., None])[..., 0]"
        return f"({right} @ {left}[..., None])[..., 0]"


def sum_lines(name: str, terms: Sequence[str]) -> list[str]:
    """Write a sum from left to right, in lines that are not too long."""
    lines = [f"{name} = {' + '.join(terms[:TERMS]) or '0.0'}"]
    for start in range(TERMS, len(terms), TERMS):
        lines.append(f"{name} = {' + '.join([name, *terms[start : start + TERMS]])}")
    return lines


def name_vectors(program: VectorProgram, arguments: Sequence[str]) -> list[str]:
    """Give vectors the names that a lecture would: W1, b1, z1, h1, loss."""
    names: dict[int, str] = {}
    taken = set(arguments) | {"N"}

    def give(vector: Vector, name: str) -> None:
        unique, count = name, 1
        while unique in taken:
            count += 1
            unique = f"{name}_{count}"
        taken.add(unique)
        names.setdefault(vector.number, unique)

    layer = 0
    multiplied = {
        view.vector
        for vector in program.vectors
        if vector.kind in ("product", "dots")
        for operand in vector.operands[:2]
        for view in views_of(operand)
    }
    last = len(program.vectors) - 1
    for vector in program.vectors:
        if vector.kind == "input":
            names[vector.number] = arguments[int(vector.source)]
        elif is_layer(vector, program):
            layer += 1
            for role, operand in zip(["X", "W", "b", "b", "b"], vector.operands):
                if isinstance(operand, View) and operand.vector not in names:
                    leaf = program.vectors[operand.vector]
                    if leaf.kind in ("parameter", "frozen"):
                        give(leaf, f"{role}{layer}")
            give(vector, f"z{layer}")
        elif vector.kind == "pick" and isinstance(vector.operands[0], View):
            leaf = program.vectors[vector.operands[0].vector]
            if leaf.kind in ("parameter", "frozen"):
                give(leaf, "table")
            give(vector, "picked" if leaf.kind not in ("parameter", "frozen") else "rows")
        elif vector.kind == "map" and vector.number != last and isinstance(vector.operands[0], View):
            source = program.vectors[vector.operands[0].vector]
            is_sum = is_layer(source, program)
            if is_sum and len(vector.operands) == 1 and vector.number in multiplied:
                give(vector, names[source.number].replace("z", "h", 1))
    outputs = [output for output in program.outputs if isinstance(output, View)]
    if len(program.outputs) == 1 and outputs and program.vectors[outputs[0].vector].operands:
        vector = program.vectors[outputs[0].vector]
        if names.get(vector.number, "z").startswith(("z", "h")) or vector.number not in names:
            names.pop(vector.number, None)
            give(vector, "loss")
    counts: dict[str, int] = {}
    for vector in program.vectors:
        if vector.number not in names:
            stem = vector.op.name if vector.op else vector.kind
            stem = {"parameter": "p", "frozen": "f", "random": "mask", "sum": "total", "dots": "dot"}.get(
                stem, stem
            )
            counts[stem] = counts.get(stem, 0) + 1
            give(vector, f"{stem}{counts[stem]}")
    return [names[number] for number in range(len(program.vectors))]


def is_layer(vector: Vector, program: VectorProgram) -> bool:
    """Tell whether a vector is the z of a layer: a matrix product, or one neuron's weighted sum."""
    if vector.kind != "dots" or vector.shape or not isinstance(vector.operands[1], View):
        return vector.kind == "product"
    return program.vectors[vector.operands[1].vector].kind in ("parameter", "frozen")


def array_source(op: Op, operands: Sequence[str], operations: dict[str, Op]) -> str:
    """Write an operation on arrays that are already source."""
    if isinstance(op.array, str):
        return f"({op.array.format(*operands)})"
    if op.array is None and op.is_operator:
        return f"({op.template.format(*operands)})"
    if op.name == "detach":
        return operands[0]
    return f"{function_name(op, operations)}({', '.join(operands)})"


def function_name(op: Op, operations: dict[str, Op]) -> str:
    """Give the name under which the source calls an operation; one of the user's own gets a prefix."""
    name = stem = op.name if OPS.get(op.name) is op else f"own_{op.name}"
    count = 1
    while operations.setdefault(name, op) is not op:
        count += 1
        name = f"{stem}{count}"
    return name


def term_source(term: Any, operations: dict[str, Op]) -> str:
    """Write a Symbol, whose names are source already, on arrays."""
    if not isinstance(term, Symbol):
        return number_source(term)
    if term.op is None:
        return term.name
    return array_source(term.op, [term_source(operand, operations) for operand in term.operands], operations)


def partial_source(op: Op, index: int, values: dict[str, Any], operations: dict[str, Op]) -> str:
    """Write a partial derivative, with source or numbers for the names in its rule."""
    return term_source(evaluate(op._terms[index], values), operations)


def comment_on(vector: Vector) -> str:
    """Say what scalar code a line stands for."""
    count = max(vector.scalars, 1)
    if vector.kind == "product":
        terms = vector.operands[1].shape[-1]
        wanted = vector.scalars // (2 * terms)
        unused = f" ({vector.size - wanted} more are not used)" if wanted < vector.size else ""
        return f"{wanted} weighted sums of {terms}{unused}"
    if vector.kind in ("map", "reduce") and vector.size > 1 and vector.op is not None:
        return f"{vector.op.name}, {vector.size} times"
    if vector.kind == "dots" and not vector.shape:
        sides = [view.vector for operand in vector.operands[:2] for view in views_of(operand)]
        count = vector.operands[0].shape[-1]
        return f"sum of {count} products" if len({*sides}) == 1 else f"weighted sum of {count}"
    if vector.kind in ("sum", "dots") and count > 1:
        return f"{vector.kind} of {vector.operands[0].shape[-1]}"
    if vector.op is not None and len(vector.op.conditions) == len(vector.operands):
        return vector.op.why
    return "pick" if vector.kind == "pick" else ""


def transposed(text: str) -> str:
    """Write the transpose of a matrix."""
    return text.removesuffix(".T") if text.endswith(".T") else f"{text}.T"


def atom(text: str) -> str:
    """Put parentheses around what is not a name, a call or an element already."""
    if re.fullmatch(r"[\w.]+(\[[^\[\]]*\])?", text) or (text.startswith("(") and closes_at_end(text)):
        return text
    if re.fullmatch(r"[\w.]+\(.*\)", text) and closes_at_end(text[text.index("(") :]):
        return text
    return f"({text})"


def tuple_source(items: Sequence[str]) -> str:
    """Write a tuple."""
    return f"({', '.join(items)}{',' if len(items) == 1 else ''})"


def closes_at_end(text: str) -> bool:
    """Tell whether the parenthesis at the start closes with the last character."""
    depths = itertools.accumulate((character in "([") - (character in ")]") for character in text)
    return [*depths].index(0) == len(text) - 1
