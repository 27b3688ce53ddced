"""Python source that is written by machine, and run."""

from __future__ import annotations

import itertools
import linecache
import weakref
from collections.abc import Sequence
from typing import Any

from autograd_lite.core.op import Op
from autograd_lite.core.op_source import number_source

__all__ = ["LONGEST_SUM", "block", "define", "function_source", "sum_lines"]

LONGEST_SUM = 40
"""The most terms in a line: Python's parser is recursive."""


def define(text: str, title: str, names: dict[str, Any]) -> dict[str, Any]:
    """Run source that defines functions; tracebacks show its lines as long as the functions are there.

    Args:
        text: the source.
        title: what tracebacks call it.
        names: its globals.

    Returns:
        The functions by name.
    """
    filename = f"<autograd_lite {title} {next(_numbers)}>"
    functions: dict[str, Any] = {}
    exec(compile(text, filename, "exec"), names, functions)
    linecache.cache[filename] = (len(text), None, text.splitlines(True), filename)
    alive = {*functions}
    for name, function in functions.items():
        weakref.finalize(function, _forget, name, alive, filename).atexit = False
    return functions


_numbers = itertools.count(1)


def _forget(name: str, alive: set[str], filename: str) -> None:
    """Let go of the lines of a file with the last of its functions."""
    alive.discard(name)
    if not alive:
        linecache.cache.pop(filename, None)


def function_source(op: Op, body: list[str]) -> list[str]:
    """Write a function with an operation's parameters and their defaults."""
    names, defaults = op.parameters()
    required = len(names) - len(defaults)
    optional = (f"{name}={number_source(default)}" for name, default in zip(names[required:], defaults))
    return block(f"def {op.name}({', '.join([*names[:required], *optional])}):", body)


def block(head: str, body: list[str]) -> list[str]:
    """Write a line, and others indented below it."""
    return [head, *(f"    {line}" for line in body)]


def sum_lines(name: str, terms: Sequence[str]) -> list[str]:
    """Write a sum from left to right, in lines that are not too long."""
    lines = [f"{name} = {' + '.join(terms[:LONGEST_SUM]) or '0.0'}"]
    for start in range(LONGEST_SUM, len(terms), LONGEST_SUM):
        lines.append(f"{name} = {' + '.join([name, *terms[start : start + LONGEST_SUM]])}")
    return lines
