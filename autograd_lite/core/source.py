"""Python source that is written by machine, and run."""

from __future__ import annotations

import linecache
from typing import Any

from autograd_lite.core.op import Op, number_source

__all__ = ["block", "define", "function_source"]


def define(
    text: str, title: str, names: dict[str, Any], into: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Run source that defines functions; tracebacks show its lines.

    Args:
        text: the source.
        title: what tracebacks call it.
        names: its globals.

    Returns:
        The functions by name.
    """
    filename = f"<autograd_lite {title}>"
    linecache.cache[filename] = (len(text), None, text.splitlines(True), filename)
    functions: dict[str, Any] = {}
    exec(compile(text, filename, "exec"), names, functions)
    return functions


def function_source(op: Op, body: list[str]) -> list[str]:
    """Write a function with an operation's parameters and their defaults."""
    names, defaults = op.parameters()
    required = len(names) - len(defaults)
    optional = (f"{name}={number_source(default)}" for name, default in zip(names[required:], defaults))
    return block(f"def {op.name}({', '.join([*names[:required], *optional])}):", body)


def block(head: str, body: list[str]) -> list[str]:
    """Write a line, and others indented below it."""
    return [head, *(f"    {line}" for line in body)]
