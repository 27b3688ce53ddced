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
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
    "==": operator.eq, "!=": operator.ne,
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
        for label, store in [(array.name, "P"), (f"d{array.name}", "G")]:
            self._loops.layouts[label] = self._part(safe(label), store, array.places.reshape(array.shape))

    def _part(self, own: str, store: str, positions: Any) -> Layout:
        """Lay out an array that is a part of another one: from its first element on, or by a table."""
        even = even_steps(positions)
        if even is None or min(even[1], default=0) < 0:
            table = str(self._named(positions.reshape(-1)).arguments[0])
            return Layout(store, positions.shape, (), table)
        self._heads.append(f"const {own} = {store}.subarray({even[0]});")
        return Layout(own, positions.shape, even[1])

    def _named(self, values: Any) -> Expression:
        """Give an array of numbers a name, the same for the same array."""
        key = (values.dtype, values.shape, values.tobytes())
        if key not in self._known:
            text = f"{'i' if values.dtype.kind == 'i' else 'c'}${len(self._known) + 1}"
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
            drawn = f"random() < {chance!r} ? {low!r} : {high!r}"
            self._loops.lines.append(f"for (let i = 0; i < {leaf.size}; i++) {own}[i] = {drawn};")

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
        reads = [left.read(self._named, True), right.read(self._named, True)]
        reads.append(Constant(outcomes.astype(float)).read(self._named))
        sides = [*map(self._loops.elements, reads)]
        block = Block()
        places = block.variables(left.shape)

        def body(inner: Block) -> None:
            first, second, came = (side.at(places if side.shape else (), inner) for side in sides)
            came = came == 1.0
            holds = SIGNS[sign](first, second)
            as_known = ~holds if came is True else holds
            differs = as_known if isinstance(came, bool) else holds != came
            inner.lines.append(f"if ({inner.text(differs)}) held = false;")

        block.loop(places, body)
        self._loops.lines += block.lines

    def _backward(self) -> None:
        self._loops.scalars[SEED.arguments[0]] = "share"
        reverse = Reverse(self.program, self._named)
        reverse.run(SEED)
        adjoints = {self.arrays[number]: adjoint for number, adjoint in reverse.adjoints.items()}
        written = {label for label, *_ in reverse.lines}
        shared = {}  # what another array's adjoint is, too
        for array, adjoint in adjoints.items():
            label = f"d{array.name}"
            if label not in written and adjoint.form == "name" and adjoint != SEED:
                shared[array] = str(adjoint.arguments[0])
            elif array.kind != "parameter":
                self._loops.layouts[label] = plain(safe(label), array.shape)
                self._heads.append(f"const {safe(label)} = new Float64Array({array.size});")
            if label not in written and (array.kind == "parameter" or array not in shared):
                reverse.lines.append((label, adjoint, ""))
        for label, expression, comment in reverse.lines:
            self._comment(label, comment)
            add = label in {f"d{leaf.name}" for leaf in self.program.leaves("parameter")}
            self._loops.store(self._loops.layouts[label], expression, add=add)
        for array in adjoints:
            if array.kind != "parameter":
                self._adjoints[array.name] = self._loops.layouts[shared.get(array, f"d{array.name}")].name

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
    re.findall(
        r"\w+",
        """
        arguments await break case catch class const continue debugger default delete do else enum eval
        export extends false finally for function if implements import in instanceof interface let new null
        package private protected public return static super switch this throw true try typeof undefined var
        void while with yield NaN Infinity Math Number Float64Array Int32Array
        P G random share outputs draw forward backward held arrayProgram readRow
        """,
    )
)
"""What a name in a script may not be."""


def safe(label: str) -> str:
    """Return the name of an array in a script, which may not be one that the script needs itself."""
    taken = label in RESERVED or label in known_names() or re.fullmatch(r"[i-u]\d*|.*_", label)
    return f"{label}_" if taken else label
