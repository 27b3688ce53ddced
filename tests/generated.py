"""What is made by the package itself, and kept in the repository: a type stub, and parts of the README.

Make it again with ``python3 tests/generated.py``; tests check that it is current.
"""

from __future__ import annotations

import contextlib
import io
import re
import textwrap
from pathlib import Path
from typing import Any

from autograd_lite.core.op import Op
from autograd_lite.core.symbol import Symbol, formula
from autograd_lite.ops import OPS

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"

HEAD = '''\
"""What editors and type checkers read of ``{}``: made by tests/generated.py."""

from collections.abc import {}
from typing import {}

from autograd_lite.core.op import Op
from autograd_lite.{} import {}

'''


def stubs() -> dict[Path, str]:
    """Write the stubs: types for every operator and method, and for every function."""
    package = ROOT / "autograd_lite"
    named = [op for op in OPS.values() if not op.is_operator]
    methods = [
        HEAD.format("operators", "Callable", "Any", "core.symbol", "Number").replace(
            "import Number\n", "import Number\nfrom autograd_lite.engine import Value\n"
        ),
        "def function_of(op: Op) -> Callable[..., Any]: ...\n",
        "def operator_method(op: Op, turned: bool = False) -> Callable[..., Any]: ...\n\n",
        "class Operators(Number):\n",
        *(line for op in OPS.values() for line in _methods(op)),
        "    def __divmod__(self, other: Value | float) -> tuple[Value, Value]: ...\n",
        "    def __rdivmod__(self, other: float) -> tuple[Value, Value]: ...\n",
    ]
    functions = [
        HEAD.format("functions", "Callable, Iterable, Sequence", "Any, TypeVar, overload", "engine", "Value"),
        "__all__ = [\n", *_wrapped([f'"{op.name}"' for op in named]), "]\n\n",
        'Scalar = TypeVar("Scalar", Value, float, Value | float)\n\n',
        "def documentation(op: Op) -> str: ...\n",
        "def install(op: Op, function: Any) -> None: ...\n",
        "def dot_for(inputs: Sequence[Any]) -> Callable[..., Any]: ...\n",
        *(line for op in named for line in _functions(op)),
    ]  # fmt: skip
    return {
        package / "core" / "operators.pyi": "".join(methods),
        package / "functions.pyi": "".join(functions),
    }


def _wrapped(words: list[str]) -> list[str]:
    """Write a list over several lines."""
    lines = textwrap.wrap(", ".join(words) + ",", 100)
    return [f"    {line}\n" for line in lines]


def _attributes(op: Op) -> str:
    return "".join(
        f", {name}: float" + ("" if default is None else f" = {default}")
        for name, default in op.attributes.items()
    )


def _methods(op: Op) -> list[str]:
    if op.is_operator and len(op.partials) == 1:
        return [f"    def __{op.dunder}__(self) -> Value: ...\n"]
    if op.is_operator:
        return [
            f"    def __{op.dunder}__(self, other: Value | float) -> Value: ...\n",
            f"    def __r{op.dunder}__(self, other: float) -> Value: ...\n",
        ]
    if len(op.partials) == 1:
        return [f"    def {op.name}(self{_attributes(op)}) -> Value: ...\n"]
    return []


def _functions(op: Op) -> list[str]:
    if op.name == "sum":
        return ["def sum(values: Iterable[Value | float], start: Value | float = 0.0) -> Value: ...\n"]
    if op.many is not None:
        names, defaults = op.parameters()
        types = {"index": "int", "bias": "Value | float"}
        parts = [f"{name}: {types.get(name, 'Sequence[Value] | Sequence[Value | float]')}" for name in names]
        parts[len(parts) - len(defaults) :] = [
            f"{part} = {default}" for part, default in zip(parts[len(parts) - len(defaults) :], defaults)
        ]
        return [f"def {op.name}({', '.join(parts)}) -> Value: ...\n"]
    if len(op.partials) == 1:
        return [f"def {op.name}(a: Scalar{_attributes(op)}) -> Scalar: ...\n"]
    names = op.names[: len(op.partials)]
    fixed = [f"{name}: Value | float" for name in names[: len(names) - 2]]
    lines = []
    for case in [("Value", "Value | float"), ("float", "Value"), ("float", "float")]:
        typed = [*fixed, *(f"{name}: {kind}" for name, kind in zip(names[-2:], case))]
        result = "Value" if "Value" in " ".join(case) else "float"
        lines += ["@overload\n", f"def {op.name}({', '.join(typed)}{_attributes(op)}) -> {result}: ...\n"]
    return lines


# ---- README -----------------------------------------------------------------------------------


def readme() -> str:
    """Write the README anew: what stands between its markers is made, the rest is kept."""
    text = README.read_text(encoding="utf-8")
    return _between("program", program(text), _between("operations", operations(), text))


def _between(name: str, new: str, text: str) -> str:
    start, end = f"<!-- {name} -->\n", f"<!-- /{name} -->\n"
    assert text.count(start) == text.count(end) == 1, f"the README has no place for {name}"
    before, _, rest = text.partition(start)
    return before + start + new + end + rest.partition(end)[2]


def python_blocks(text: str) -> list[str]:
    """List the examples in a text: what stands in its blocks of Python."""
    return re.findall(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def program(text: str) -> str:
    """Run the README's examples down to the one that prints a program's source, and quote that."""
    names: dict[str, Any] = {"__name__": "readme"}
    with contextlib.redirect_stdout(io.StringIO()):
        for block in python_blocks(text.partition("<!-- program -->")[0]):
            exec(compile(block, README.name, "exec"), names)
    return f"```py\n{names['program'].source.strip()}\n```\n"


def operations() -> str:
    """Write the table of all operations."""
    lines = ["| operation | computes | derivatives | what it does to a gradient |", "|---|---|---|---|"]
    for op in OPS.values():
        why = "scales it by that" if "its own slope" in op.why else op.why.partition(" ")[2]
        parts = [_call(op), op.doc.rstrip("."), _derivatives(op), why.replace("the gradient", "it")]
        lines.append(f"| {' | '.join(part.replace('|', chr(92) + '|') for part in parts)} |")
    return "\n".join(lines) + "\n"


def _call(op: Op) -> str:
    """Write an operation as it is used, and its name where that does not say it."""
    if op.is_operator:
        call = op.template.format(*op.names)
        return f"`{call}`" if op.name in call else f"`{call}` ({op.name})"
    names, defaults = op.parameters()
    plain = len(names) - len(defaults)
    parts = names[:plain] + [f"{name}={default:g}" for name, default in zip(names[plain:], defaults)]
    return f"`{op.name}({', '.join(parts)})`"


def _derivatives(op: Op) -> str:
    """Write the derivative by each input; of an operation on lists, by one element of each."""
    if op.many is None:
        every = ([f"`{each}`" for each in op.partial_formulas(index)] for index in range(len(op.partials)))
        return ", ".join(first + "".join(f" (computed as {more})" for more in rest) for first, *rest in every)
    names, defaults = op.parameters()
    if op.attributes:  # a position: the element there, and another
        at, other = (Symbol(f"{names[0]}[{index}]") for index in (*op.attributes, "i"))
        ((here, there),) = op.many(Symbol("y"), [at, other], 0)
        return f"`{formula(here)}` by `{at.name}`, else `{formula(there)}`"
    count = op.many.__code__.co_argcount - 1
    lists, numbers = names[: len(names) - len(defaults)], names[len(names) - len(defaults) :]
    inputs = [*(f"{name}[i]" for name in lists), *numbers][:count]
    return ", ".join(f"`{formula(part)}`" for (part,) in op.many(Symbol("y"), *[[Symbol(n)] for n in inputs]))


if __name__ == "__main__":
    for stub, text in stubs().items():
        stub.write_text(text, encoding="utf-8")
    README.write_text(readme(), encoding="utf-8")
