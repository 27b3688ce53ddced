"""The text of a declaration with its choices as calls, which a number that is not known yet can take."""

from __future__ import annotations

import ast
import builtins
import functools
from typing import Any

__all__ = ["translated"]


@functools.cache
def translated(text: str) -> Any:
    """Compile an expression in which every choice is a call, for a Term decides nothing."""
    tree = ast.fix_missing_locations(_Choices().visit(ast.parse(text.strip(), mode="eval")))
    return builtins.compile(tree, "<autograd_lite declaration>", "eval")


class _Choices(ast.NodeTransformer):
    """``if``-expressions, ``and``, ``or``, ``not`` and chains of comparisons as calls."""

    def visit_IfExp(self, node: ast.IfExp) -> Any:
        return _called("_where", *map(self.visit, (_truth(node.test), node.body, node.orelse)))

    def visit_BoolOp(self, node: ast.BoolOp) -> Any:
        name = "_both" if isinstance(node.op, ast.And) else "_either"
        return functools.reduce(functools.partial(_called, name), map(self.visit, map(_truth, node.values)))

    def visit_UnaryOp(self, node: ast.UnaryOp) -> Any:
        if isinstance(node.op, ast.Not):
            return _called("_not", self.visit(_truth(node.operand)))
        return self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> Any:
        operands = [*map(self.visit, (node.left, *node.comparators))]
        pairs = [
            ast.Compare(left, [sign], [right]) for left, sign, right in zip(operands, node.ops, operands[1:])
        ]
        return functools.reduce(functools.partial(_called, "_both"), pairs)


def _called(name: str, *arguments: Any) -> Any:
    return ast.Call(ast.Name(name, ast.Load()), [*arguments], [])


def _truth(test: ast.expr) -> ast.expr:
    """Ask of a number whether it is not 0, as Python does: nan counts as true, which it does not here."""
    if isinstance(test, (ast.Compare, ast.BoolOp)) or (
        isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not)
    ):
        return test
    return ast.Compare(test, [ast.NotEq()], [ast.Constant(0.0)])
