"""Scalar code generation: straight-line programs, with one line for each operation, on plain floats.

They compute exactly what the eager engine does, in the same order, and need no NumPy.
For a few hundred operations, or a deep and irregular graph, nothing in Python is faster.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Sequence
from typing import Any

from autograd_lite.compiler.tape import CONSTANT, Tape
from autograd_lite.core.op import Op, evaluate
from autograd_lite.core.op_source import call_source, name_in, number_source, python_source
from autograd_lite.core.source import block, define, sum_lines
from autograd_lite.core.symbol import Symbol
from autograd_lite.ops import DOT, PICK, SUM

__all__ = ["ScalarSource"]

PIECE = 50_000
"""The most lines of a function that Python compiles at once."""
MANY = 200
"""From so many numbers on the names of adjoints are used again."""
SHORT = 500
"""Up to so many numbers a loop over rows gains something: in longer programs a call costs little."""


class ScalarSource:
    """A tape as source on floats.

    The functions take the parameters, the frozen numbers, the random numbers and then the
    numbers of each argument, each as one list. ``value_and_gradient`` returns the output, the list
    of gradients, and whether all guards held; ``forward`` the outputs and the latter. Of a short
    program, ``sums`` takes rows instead of arguments, each the numbers of all arguments, and returns the
    output of each row and the sum of their gradients, or None if a guard did not hold.

    Args:
        tape: the program.
        gradient: whether to write ``value_and_gradient``, for one output.

    Attributes:
        names: the functions that it names.
        bodies: the lines of each function, without indentation; the last returns.
    """

    def __init__(self, tape: Tape, *, gradient: bool) -> None:
        self.tape = tape
        self.names: dict[str, Any] = {}
        self.bodies: dict[str, list[str]] = {}
        self._templates: dict[Any, str] = {}
        self._sums: list[str] = []
        self._names = [
            number_source(tape.data[place]) if role == CONSTANT else f"v{place}"
            for place, role in enumerate(tape.role)
        ]
        groups = {
            "parameters": tape.parameters,
            "frozen": [place for _, place in tape.frozen],
            "random": [place for _, place in tape.random],
            **{f"argument{number}": places for number, places in enumerate(tape.inputs)},
        }
        self.arguments = [*groups]
        unpack = [f"[{self._listed(places)}] = {group}" for group, places in groups.items() if places]
        lines = self._forward()
        forward = [*unpack, *lines]
        self.bodies["forward"] = [*forward, f"return [{self._listed(tape.outputs)}], {self._guards()}"]
        if gradient:
            gradients, back = self._reverse()
            result = f"return {self._names[tape.outputs[0]]}, [{', '.join(gradients)}], {self._guards()}"
            self.bodies["value_and_gradient"] = [*forward, *back, result]
            if tape.inputs and not tape.random and len(tape) <= SHORT:
                self._sums = self._of_rows([*lines, *back], gradients)

    @functools.cached_property
    def text(self) -> str:
        """The source."""
        return "\n\n".join(map(self._text_of, self.bodies))

    def sums(self) -> Callable[..., Any] | None:
        """Return the function of rows, where there is one."""
        if not self._sums:
            return None
        made: Callable[..., Any] = define("\n".join(self._sums), "program on rows", self.names)["sums"]
        return made

    def _of_rows(self, lines: Sequence[str], gradients: Sequence[str]) -> list[str]:
        """Write the function that goes through rows, and adds up."""
        tape, totals = self.tape, [f"total{number}" for number in range(len(gradients))]
        held = self._guards()
        row = [
            *(f"[{self._listed(places)}] = argument{number}" for number, places in enumerate(tape.inputs)),
            *lines,
            *([] if held == "True" else [f"if not ({held}):", "    return None"]),
            f"outputs.append({self._names[tape.outputs[0]]})",
            *(f"{total} += {gradient}" for total, gradient in zip(totals, gradients)),
        ]
        arguments = "".join(f"argument{number}, " for number in range(len(tape.inputs)))
        body = [
            f"[{self._listed(tape.parameters)}] = parameters",
            f"[{self._listed([place for _, place in tape.frozen])}] = frozen",
            "outputs = []",
            *(f"{total} = 0.0" for total in totals),
            *block(f"for {arguments}in rows:", row),
            f"return outputs, [{', '.join(totals)}]",
        ]
        return block("def sums(parameters, frozen, rows):", body)

    def functions(self) -> dict[str, Callable[..., Any]]:
        """Return the functions by name, each of which Python compiles when it is first asked for."""
        return _Functions(self._function)

    def _text_of(self, name: str) -> str:
        lines = (f"    {line}" for line in self.bodies[name])
        return "\n".join([f"def {name}({', '.join(self.arguments)}):", *lines, ""])

    def _function(self, name: str) -> Callable[..., Any]:
        """Make a function; a long one is compiled piece by piece, or it would take much memory."""
        if len(self.bodies[name]) > PIECE:
            return _in_pieces(self.arguments, self.bodies[name], self.names)
        made: Callable[..., Any] = define(self._text_of(name), "program on floats", self.names)[name]
        return made

    def _listed(self, places: Sequence[int]) -> str:
        return ", ".join([self._names[place] for place in places])

    def _guards(self) -> str:
        held = [
            f"({self._names[left]} {sign} {self._names[right]}) is {outcome}"
            for sign, left, right, outcome in self.tape.guards
        ]
        return " and ".join(held) or "True"

    def _forward(self) -> list[str]:
        lines: list[str] = []
        for place, (op, args) in enumerate(zip(self.tape.op, self.tape.args)):
            if op is None:
                continue
            names = [self._names[arg] for arg in args]
            attributes = [
                number_source(float(a)) for a in self.tape.attributes[place] if isinstance(a, (int, float))
            ]
            target = f"v{place}"
            if op is SUM:
                lines += sum_lines(target, ["0.0", *names])
            elif op is DOT:
                count = len(names) // 2
                products = [f"{w} * {x}" for w, x in zip(names[:count], names[count:-1])]
                lines += sum_lines(target, [names[-1], *products])
            elif op is PICK and len(args) == 1:
                lines.append(f"{target} = {names[0]}")
            elif op is PICK:
                lines.append(f"{target} = ({', '.join(names[:-1])},)[int({names[-1]})]")
            elif op.many is not None:
                name = name_in(self.names, f"{op.name}_of_lists", op.forward)
                lines.append(f"{target} = {name}({', '.join([*self._lists(place), *attributes])})")
            else:
                source = call_source(op, [*names, *attributes], self.names)
                lines.append(f"{target} = {source[1:-1] if source.startswith('(') else source}")
        return lines

    def _lists(self, place: int) -> list[str]:
        """Write the lists that an operation on lists takes."""
        args = iter(self.tape.args[place])
        lengths = self.tape.attributes[place][0]
        return [f"[{self._listed([*itertools.islice(args, length)])}]" for length in lengths]

    def _reverse(self) -> tuple[list[str], list[str]]:
        """Write the reverse pass: what holds the gradient of each parameter, and the lines."""
        tape = self.tape
        wanted = [False] * len(tape)
        for place in tape.parameters:
            wanted[place] = True
        for place, args in enumerate(tape.args):
            if args:
                wanted[place] = any(wanted[arg] for arg in args)
        (output,) = tape.outputs
        lines: list[str] = []
        adjoints = _Adjoints(lines, again=len(tape) > MANY)
        adjoints.send(output, "1.0")
        for place in range(len(tape) - 1, -1, -1):
            op = tape.op[place]
            if op is None or not wanted[place]:
                continue
            if not adjoints.reached(place):
                if place not in tape.left_out:
                    continue
                adjoints.send(place, "0.0")  # what lies behind may still be infinite
            partials = self._partials(place, op, lines, wanted)
            receivers = [
                (arg, partial)
                for arg, partial in zip(tape.args[place], partials)
                if wanted[arg] and partial is not None
            ]
            d = adjoints.take(place)
            for arg, partial in receivers:
                adjoints.send(arg, scaled_by(d, partial), d)
            adjoints.use(d, -1)
        return [
            adjoints.take(place) if adjoints.reached(place) else "0.0" for place in tape.parameters
        ], lines

    def _partials(self, place: int, op: Op, lines: list[str], wanted: Sequence[bool]) -> Sequence[str | None]:
        """Write the local derivative by each argument."""
        args = self.tape.args[place]
        names = [self._names[arg] for arg in args]
        if op is SUM or (op is PICK and len(args) == 1):
            return ["1.0"] * len(args)
        if op is DOT:
            count = len(names) // 2
            return [*names[count:-1], *names[:count], "1.0"]
        if op is PICK:
            index = f"int({names[-1]})"
            return [*(f"({index} == {number})" for number in range(len(args) - 1)), None]
        if op.many is not None:
            attributes = self.tape.attributes[place][1:]
            name = name_in(self.names, f"{op.name}_slopes", op.many)
            call = ", ".join([f"v{place}", *self._lists(place), *map(repr, attributes)])
            lines.append(f"s{place} = [slope for slopes in {name}({call}) for slope in slopes]")
            return [f"s{place}[{number}]" for number in range(len(args))]
        return [
            self._template(place, op, slot).format(*names, y=f"v{place}")
            if wanted[arg] and slot not in op.conditions
            else None
            for slot, arg in enumerate(args)
        ]

    def _template(self, place: int, op: Op, slot: int) -> str:
        """Write the local derivative by an input, with {0} for the first one, unless it is constant."""
        tape, args = self.tape, self.tape.args[place]
        constants = tuple([self._names[arg] if tape.role[arg] == CONSTANT else "" for arg in args])
        key = op, slot, constants, tape.attributes[place]
        if key not in self._templates:
            operands = [
                tape.data[arg] if constant else Symbol(f"{{{number}}}")
                for number, (arg, constant) in enumerate(zip(args, constants))
            ]
            values = {"y": Symbol("{y}"), **dict(zip(op.names, operands))}
            values.update(zip(op.attributes, map(float, tape.attributes[place])))
            self._templates[key] = python_source(evaluate(op._terms[slot], values), self.names)
        return self._templates[key]


class _Functions(dict[str, Callable[..., Any]]):
    """Functions by name, each made when it is first asked for."""

    def __init__(self, make: Callable[[str], Callable[..., Any]]) -> None:
        self.make = make

    def __missing__(self, name: str) -> Callable[..., Any]:
        self[name] = self.make(name)
        return self[name]


class _Adjoints:
    """The adjoints of a reverse pass in the making, and the names that hold them.

    What came back to a number is written down only when the next comes back, or when it is
    passed on: what comes back once and unchanged needs no line.

    Args:
        lines: the reverse pass so far.
        again: whether a name that nothing needs any more is used again. Python reads a function's
            first 256 names faster, and the memory of a number that is gone is still in the cache.
    """

    def __init__(self, lines: list[str], *, again: bool) -> None:
        self.lines, self.again = lines, again
        self.waiting: dict[int, tuple[str, str]] = {}  # a text, and the name that it needs
        self.names: dict[int, str] = {}
        self.users: dict[str, int] = {}
        self.free: list[str] = []
        self.count = 0

    def reached(self, place: int) -> bool:
        return place in self.waiting or place in self.names

    def send(self, place: int, text: str, needs: str = "") -> None:
        """Add what comes back to a number."""
        if place in self.names:
            self.lines.append(f"{self.names[place]} += {text}")
        elif place in self.waiting:
            self._write(place, text)
        else:
            self.waiting[place] = (text, needs)
            self.use(needs, 1)

    def take(self, place: int) -> str:
        """Name an adjoint to which nothing more will come back; after its use, ``use(name, -1)``."""
        if place in self.waiting:
            text, needs = self.waiting[place]
            if text == needs:
                del self.waiting[place]
                return text
            self._write(place)
        return self.names.pop(place)

    def _write(self, place: int, *more: str) -> None:
        text, needs = self.waiting.pop(place)
        self.use(needs, -1)
        if self.again and self.free:
            name = self.free.pop()
        else:
            self.count += 1
            name = f"d{self.count}" if self.again else f"d{place}"
        self.use(name, 1)
        self.names[place] = name
        self.lines.append(f"{name} = {' + '.join([text, *more])}")

    def use(self, name: str, change: int) -> None:
        """Count who needs a name; without any it is free."""
        if name:
            self.users[name] = self.users.get(name, 0) + change
            if not self.users[name]:
                self.free.append(name)


def scaled_by(d: str, partial: str) -> str:
    """Write an adjoint times a local derivative."""
    return d if partial == "1.0" else f"-{d}" if partial == "-1.0" else f"{d} * {partial}"


def _in_pieces(arguments: list[str], body: list[str], names: dict[str, Any]) -> Callable[..., Any]:
    """Make a function of many lines, which share their names."""
    lines = [*body[:-1], body[-1].replace("return", "result =", 1)]
    pieces = [
        compile("\n".join(lines[start : start + PIECE]), "<autograd_lite program in pieces>", "exec")
        for start in range(0, len(lines), PIECE)
    ]

    def run(*given: Any) -> Any:
        numbers = dict(zip(arguments, given))
        for piece in pieces:
            exec(piece, names, numbers)
        return numbers["result"]

    return run
