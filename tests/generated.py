"""Files that are made from the declarations in ``ops.py``, and kept in the repository.

Make them again with ``python tests/generated.py``; a test checks that they are current.
"""

from __future__ import annotations

from pathlib import Path

from autograd_lite.op import Op
from autograd_lite.ops import OPS

STUB = Path(__file__).parents[1] / "autograd_lite" / "functions.pyi"

HEAD = '''\
"""What editors and type checkers read of ``functions``: made by tests/generated.py."""

from collections.abc import Iterable, Sequence
from typing import Any, overload

from autograd_lite.engine import Value
from autograd_lite.op import Op
from autograd_lite.symbol import Number

'''


def stub() -> str:
    """Write ``functions.pyi``: types for every operator, method and function."""
    named = [op for op in OPS.values() if not op.is_operator]
    lines = [HEAD, "__all__ = [\n", *(f'    "{op.name}",\n' for op in named), "]\n\n"]
    lines += ["KERNEL_NAMES: dict[str, Any]\n\n", "def documentation(op: Op) -> str: ...\n\n"]
    lines.append("class Operators(Number):\n")
    lines += [line for op in OPS.values() for line in _methods(op)]
    lines += [line for op in named for line in _functions(op)]
    return "".join(lines)


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
    names = op.names[: len(op.partials)]
    fixed = [f"{name}: Value | float" for name in names[: len(names) - 2]]
    last = names[-2:]
    cases = {
        1: [("Value",), ("float",)],
        2: [("Value", "Value | float"), ("float", "Value"), ("float", "float")],
    }
    lines = []
    for case in cases[len(last)]:
        typed = [*fixed, *(f"{name}: {kind}" for name, kind in zip(last, case))]
        result = "Value" if "Value" in " ".join(case) else "float"
        lines += ["@overload\n", f"def {op.name}({', '.join(typed)}{_attributes(op)}) -> {result}: ...\n"]
    return lines


if __name__ == "__main__":
    STUB.write_text(stub())
