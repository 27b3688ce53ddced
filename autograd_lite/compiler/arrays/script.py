"""A program on arrays as JavaScript: what a page needs to train it."""

from __future__ import annotations

import functools
import operator
import re
from collections.abc import Callable, Sequence
from importlib.resources import files
from typing import Any

from autograd_lite.compiler.arrays.blocks import Block, indented
from autograd_lite.compiler.arrays.expressions import Expression, name
from autograd_lite.compiler.arrays.ir import Array, ArrayProgram, Constant, Operand
from autograd_lite.compiler.arrays.loops import Loops
from autograd_lite.compiler.arrays.places import Layout, even_steps, plain
from autograd_lite.compiler.arrays.primitives import Primitive
from autograd_lite.compiler.arrays.reverse import Reverse
from autograd_lite.javascript import known_names, written

__all__ = ["ArrayScript", "program_script"]

SIGNS: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne,
}  # fmt: skip


@functools.cache
def program_script() -> str:
    """Return the script that the scripts of all programs call."""
    return files("autograd_lite.compiler.arrays").joinpath("program.js").read_text(encoding="utf-8").rstrip()


SEED = name("the adjoint of the output")
"""No array has such a name."""


class ArrayScript:
    """A program on arrays as the JavaScript that makes one.

    Args:
        program: the program; its arrays have names.
        arguments: for each argument its name and how many numbers it has.
        parameters: how many parameters there are.
        frozen: the numbers of the frozen leaves, by their numbers on the tape.
        gradient: whether to write the reverse pass, for one output.

    Attributes:
        text: a function of the parameters, of where their gradients go, and of a function that draws
            numbers from [0, 1). What it names is in ``names_script()`` and ``program_script()``.
        arrays: the arrays, in order, for one row.

    Raises:
        TypeError: if something cannot be written; the message says what.
    """

    def __init__(
        self,
        program: ArrayProgram,
        arguments: Sequence[tuple[str, int]],
        parameters: int,
        frozen: dict[int, float],
        gradient: bool,
    ) -> None:
        self.program = program.of_one_row()
        self.arrays = self.program.arrays
        self.arguments = [argument for argument, _ in arguments]
        self.lengths = [length for _, length in arguments]
        self.parameters, self.outputs = parameters, len(program.outputs)
        self._frozen = frozen
        self._loops, self._heads = Loops(), list[str]()
        self._known: dict[Any, Expression] = {}
        self._adjoints: dict[str, str] = {}
        for array in self.arrays:
            self._place(array)
        draw = self._taken(self._draw)
        forward = self._taken(self._forward)
        backward = self._taken(self._backward) if gradient else []
        self.text = self._written(draw, forward, backward)

    def _taken(self, write: Callable[[], None]) -> list[str]:
        """Return the lines that something writes."""
        self._loops.lines = []
        write()
        return self._loops.lines

    # ---- Where arrays stand ----------------------------------------------------------------

    def _place(self, array: Array) -> None:
        """Lay out an array, and for a parameter its gradient."""
        own = safe(array.name)
        if array.kind != "parameter":
            self._loops.layouts[array.name] = plain(own, array.shape)
            if array.kind == "frozen":
                values = [self._frozen[place] for place in array.places.reshape(-1).tolist()]
                self._heads.append(f"const {own} = {_array_text(values)};")
            elif array.kind != "input":
                self._heads.append(f"const {own} = new Float64Array({array.size});")
            return
        positions = array.places.reshape(array.shape)
        even = even_steps(positions)
        for label, own, store in [(array.name, own, "P"), (f"d{array.name}", safe(f"d{array.name}"), "G")]:
            if even is None or min(even[1], default=0) < 0:
                layout = Layout(store, array.shape, (), self._table(positions))
            else:
                layout = Layout(own, array.shape, even[1])
                self._heads.append(f"const {own} = {store}.subarray({even[0]});")
            self._loops.layouts[label] = layout

    def _table(self, positions: Any) -> str:
        return str(self._named(positions.reshape(-1)).arguments[0])

    def _named(self, values: Any) -> Expression:
        """Give an array of numbers a name, the same for the same array."""
        key = (values.dtype, values.shape, values.tobytes())
        if key not in self._known:
            text = f"{'i' if values.dtype.kind == 'i' else 'c'}{len(self._known) + 1}_"
            self._known[key] = name(text)
            self._loops.constants[text] = values
            self._loops.layouts[text] = plain(text, values.shape)
        return self._known[key]

    # ---- Passes ----------------------------------------------------------------------------

    def _comment(self, of: str, comment: str) -> None:
        if comment:
            self._loops.lines.append(f"// {of}: {comment}")

    def _draw(self) -> None:
        for leaf in self.program.leaves("random"):
            chances = getattr(leaf.source, "chances", None)
            if chances is None:
                raise TypeError(f"random numbers of {leaf.source!r} cannot be drawn in a page")
            (low, chance), (high, _) = chances()
            own = self._loops.layouts[leaf.name].name
            block = Block()
            places = block.variables([leaf.size])
            line = f"{own}[{places[0]}] = random() < {chance!r} ? {low!r} : {high!r};"
            block.loop(places, lambda inner, line=line: inner.lines.append(line))
            self._loops.lines += block.lines

    def _forward(self) -> None:
        for array in self.arrays:
            if isinstance(array, Primitive):
                self._comment(array.name, array.comment())
                self._loops.store(self._loops.layouts[array.name], array.forward(self._named))
        for number, output in enumerate(self.program.outputs):
            block = Block()
            text = block.text(self._loops.elements(output.read(self._named)).at((), block))
            self._loops.lines += [*block.lines, f"outputs[{number}] = {text};"]
        if self.program.guards:
            self._loops.lines.append("let held = true;")
            for guard in self.program.guards:
                self._guard(*guard)
            self._loops.lines.append("return held;")
        else:
            self._loops.lines.append("return true;")

    def _guard(self, sign: str, left: Operand, right: Operand, outcomes: Any) -> None:
        """Write a comparison, which must come out as it did in the trace."""
        sides = [self._loops.elements(side.read(self._named, exact=True)) for side in (left, right)]
        expected = self._loops.elements(Constant(outcomes.astype(float)).read(self._named))
        block = Block()
        places = block.variables(left.shape)

        def body(inner: Block) -> None:
            first, second, came = (each.at(places if each.shape else (), inner) for each in (*sides, expected))
            holds = SIGNS[sign](first, second)
            if isinstance(came, float):
                differs = ~holds if came else holds
            else:
                differs = holds != (came == 1.0)
            inner.lines.append(f"if ({inner.text(differs)}) held = false;")

        block.loop(places, body)
        self._loops.lines += block.lines

    def _backward(self) -> None:
        self._loops.scalars[SEED.arguments[0]] = "share"
        reverse = Reverse(self.program, self._named)
        reverse.run(SEED)
        inner = [array for array in self.arrays if array.number in reverse.wanted and array.kind != "parameter"]
        known = {line[0] for line in reverse.lines}
        for array in inner:
            label = f"d{array.name}"
            adjoint = reverse.adjoints.get(array.number)
            if label in known or adjoint is None or adjoint.form != "name" or adjoint == SEED:
                self._loops.layouts[label] = plain(safe(label), array.shape)
                self._heads.append(f"const {safe(label)} = new Float64Array({array.size});")
                self._adjoints[array.name] = safe(label)
                if label not in known and adjoint is not None:
                    self._loops.store(self._loops.layouts[label], adjoint)
            else:
                self._adjoints[array.name] = ""
        for text, expression, comment in reverse.lines:
            self._line(text, expression, comment)
        for leaf in self.program.leaves("parameter"):
            if f"d{leaf.name}" not in known and leaf.number in reverse.adjoints:
                self._line(f"d{leaf.name}", reverse.gradient(leaf), "")
        for array in inner:
            if not self._adjoints[array.name]:
                of = str(reverse.adjoints[array.number].arguments[0])
                self._adjoints[array.name] = self._loops.layouts[of].name

    def _line(self, text: str, expression: Expression, comment: str) -> None:
        layout = self._loops.layouts[text]
        self._comment(text, comment)
        is_parameter = any(text == f"d{leaf.name}" for leaf in self.program.leaves("parameter"))
        self._loops.store(layout, expression, add=is_parameter)

    # ---- Text ------------------------------------------------------------------------------

    def _written(self, draw: list[str], forward: list[str], backward: list[str]) -> str:
        loops = self._loops
        constants = [
            f"const {key} = {_array_text(values.reshape(-1).tolist(), values.dtype.kind)};"
            for key, values in loops.constants.items()
            if key in loops.used
        ]
        inputs = [
            f"const {safe(label)} = new Float64Array({length});"
            for label, length in zip(self.arguments, self.lengths)
        ]
        kept = [f"const {layout.name} = new Float64Array({layout.size});" for layout in loops.kept]
        shown = [array for array in self.arrays if array.kind not in ("parameter", "frozen")]
        values = [_entry(array.name, safe(array.name)) for array in shown]
        adjoints = [_entry(*pair) for pair in self._adjoints.items()]
        lines = [
            "(P, G, random) => {",
            *inputs,
            *self._heads,
            *constants,
            *kept,
            f"const outputs = new Float64Array({self.outputs});",
            *_function("draw", "", draw),
            *_function("forward", "", forward),
            *_function("backward", "share", backward),
            "return arrayProgram({",
            f"inputs: [{', '.join(map(safe, self.arguments))}],",
            "outputs,",
            f"values: {{ {', '.join(values)} }},",
            f"adjoints: {{ {', '.join(adjoints)} }},".replace("{  }", "{}"),
            "gradient: G,",
            "draw,",
            "forward,",
            "backward,",
            "});",
            "}",
        ]
        return "\n".join(indented(lines))


def _entry(key: str, own: str) -> str:
    return key if key == own else f"{key}: {own}"


def _function(title: str, parameters: str, lines: list[str]) -> list[str]:
    return [f"const {title} = ({parameters}) => {{", *lines, "};"]


def _array_text(values: list[Any], kind: str = "f") -> str:
    """Write numbers as a typed array."""
    _, shown = written(values)
    return f"new {'Int32Array' if kind == 'i' else 'Float64Array'}([{', '.join(shown)}])"


RESERVED = frozenset(
    "arguments await break case catch class const continue debugger default delete do else enum eval export "
    "extends false finally for function if implements import in instanceof interface let new null package "
    "private protected public return static super switch this throw true try typeof var void while with yield "
    "undefined NaN Infinity Math Number Float64Array Int32Array arrayProgram P G random share outputs draw "
    "forward backward held".split()
)
"""What a name in a script may not be."""


def safe(label: str) -> str:
    """Return the name of an array in a script: with an underscore where the script needs the name itself."""
    taken = label in RESERVED or label in known_names() or re.fullmatch(r"[i-u]\d*", label)
    return f"{label}_" if taken else label
