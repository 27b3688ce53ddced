"""Reads "(x + y) * z" and makes Values of it, without running any code it holds."""

from __future__ import annotations

import ast
import unicodedata
import warnings
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from autograd_lite.composed import mean, softmax
from autograd_lite.engine import Value
from autograd_lite.ops import OPS

__all__ = ["ExpressionError", "evaluate_expression"]

LONGEST = 10_000
"""The most characters that an expression may have."""

DEEPEST = 400
"""The most calls and operators that may stand inside one another (a + b + c: two)."""

_OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.Div: "div",
    ast.Pow: "pow",
    ast.USub: "neg",
}

FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{name: op for name, op in OPS.items() if name not in _OPERATORS.values()},
    "mean": mean,
    "softmax": softmax,
}
"""What an expression may call."""


class ExpressionError(ValueError):
    """An expression that cannot be computed.

    Args:
        problem: what is wrong, and what to do about it.
        text: the expression.
        column: where in it, from 0; None if no place is to blame.
    """

    def __init__(self, problem: str, text: str = "", column: int | None = None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.text = text
        self.column = column

    def explain(self) -> str:
        """Write the problem, the expression and a caret under the place, on three lines at most."""
        if self.column is None or not self.text:
            return self.problem
        start = max(0, self.column - 60)
        part = "".join(c if c.isprintable() else " " for c in self.text[start : start + 76])
        return f"{self.problem}\n  {part}\n  {' ' * (self.column - start)}^"


def evaluate_expression(text: str, variables: Mapping[str, float | Value]) -> Value:
    """Compute an expression, or statements whose last one is the result.

    Known are names, numbers, ``+ - * / **``, unary minus, parentheses, the package's
    functions (of numbers, or of lists such as ``[x, y]``), and assignments, separated
    by semicolons or new lines. Every variable and every assigned name becomes the
    label of its Value.

    Args:
        text: such as ``"(x + y) * z"`` or ``"q = x + y; L = q * z"``.
        variables: a number, or a Value, for each variable.

    Returns:
        The Value of the last statement.

    Raises:
        ExpressionError: if the text is anything else, or a variable is missing or unused.

    Example:
        >>> L = evaluate_expression("q = x + y; L = q * z", {"x": -2, "y": 5, "z": -4})
        >>> L.label, L.data
        ('L', -12.0)
    """
    body = _parse(text)
    leaves = {
        _normal(name): number if isinstance(number, Value) else Value(number, _normal(name))
        for name, number in variables.items()
    }
    reader = _Reader(text, leaves)
    result: Any = None
    for statement in body:
        result = reader.statement(statement)
    for name in leaves:
        if name not in reader.used:
            raise ExpressionError(f"the variable {_short(name)} is not used: remove {_short(name)}=...")
    if isinstance(result, list):
        raise ExpressionError("the result is a list: pick one number, as in pick([x, y], 0)")
    if not isinstance(result, Value):
        raise ExpressionError('there is no variable to differentiate by: use one, as in "x * x" x=3')
    return result


def _parse(text: str) -> list[ast.stmt]:
    """Parse a text into statements, or say why it cannot be."""
    if len(text) > LONGEST:
        problem = f"the expression has {len(text)} characters, more than {LONGEST}: write a Python program"
        raise ExpressionError(problem, text, 0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            body = ast.parse(text).body
    except SyntaxError as error:
        reason = (error.msg or "invalid syntax").split(". ")[0]
        column = _position(text, error.lineno or 1, (error.offset or 1) - 1)
        raise ExpressionError(f"this is no expression: {reason}", text, column) from None
    except (RecursionError, MemoryError):
        raise ExpressionError(_TOO_DEEP, text, 0) from None
    except ValueError as error:
        raise ExpressionError(f"this is no expression: {error}", text, 0) from None
    if not body:
        raise ExpressionError('the expression is empty: give one, as in "(x + y) * z"')
    return body


_TOO_DEEP = 'the expression is nested too deeply: split it with assignments, as in "q = x + y; q * z"'


def _position(text: str, line: int, column: int) -> int:
    """Turn a line, from 1, and a column in it into one position in the text."""
    before = text.split("\n")[: line - 1]
    return min(sum(len(earlier) + 1 for earlier in before) + max(column, 0), len(text))


def _short(name: str) -> str:
    return name if len(name) <= 40 else name[:37] + "..."


def _normal(name: str) -> str:
    """Write a name as Python's own parser does."""
    return unicodedata.normalize("NFKC", name)


class _Reader:
    """Computes the tree of an expression, node by node."""

    def __init__(self, text: str, leaves: Mapping[str, Value]) -> None:
        self.text = text
        self.names: dict[str, Any] = dict(leaves)
        self.used: set[str] = set()

    def statement(self, node: ast.stmt) -> Any:
        if isinstance(node, ast.Expr):
            return self.number(node.value, 0)
        if not isinstance(node, ast.Assign) or len(node.targets) != 1:
            self.refuse(node, "only expressions and assignments such as q = x + y are understood")
        target = node.targets[0]
        if not isinstance(target, ast.Name):
            self.refuse(target, "only a name can be assigned to")
        name = target.id
        if name in self.names or name in FUNCTIONS or name.startswith("__"):
            self.refuse(target, f"the name {_short(name)} is taken or not allowed: use another one")
        result = self.number(node.value, 0)
        if isinstance(result, Value) and not result.label:
            result.label = name
        self.names[name] = result
        return result

    def number(self, node: ast.expr, depth: int) -> Any:
        if depth > DEEPEST:
            self.refuse(node, _TOO_DEEP)
        if isinstance(node, ast.Constant):
            return self.constant(node)
        if isinstance(node, ast.Name):
            return self.name(node)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.UAdd):
            return self.number(node.operand, depth + 1)
        if isinstance(node, (ast.UnaryOp, ast.BinOp)) and type(node.op) in _OPERATORS:
            operands = [node.operand] if isinstance(node, ast.UnaryOp) else [node.left, node.right]
            return self.apply(node, OPS[_OPERATORS[type(node.op)]], operands, depth)
        if isinstance(node, ast.Call):
            return self.call(node, depth)
        self.refuse(node, "only names, numbers, + - * / **, parentheses and functions are understood")

    def constant(self, node: ast.Constant) -> float:
        number = node.value
        if isinstance(number, bool) or not isinstance(number, (int, float)):
            self.refuse(node, f"{_short(repr(number))} is not a real number")
        try:
            float(number)
        except OverflowError:
            self.refuse(node, "the number is too large")
        return number

    def name(self, node: ast.Name) -> Any:
        name = node.id
        if name in self.names:
            self.used.add(name)
            return self.names[name]
        if name in FUNCTIONS:
            self.refuse(node, f"{name} is a function: give it something, as in {name}(x)")
        if name.startswith("__"):
            self.refuse(node, f"the name {_short(name)} is not allowed")
        self.refuse(node, f"the variable {_short(name)} has no value: add {_short(name)}=1")

    def call(self, node: ast.Call, depth: int) -> Any:
        if not isinstance(node.func, ast.Name) or node.func.id not in FUNCTIONS:
            name = _short(node.func.id) if isinstance(node.func, ast.Name) else "this"
            self.refuse(node, f"{name} is no function here; there are {', '.join(FUNCTIONS)}")
        if node.keywords:
            self.refuse(node, f"{node.func.id} takes its arguments by position, as in {node.func.id}(x)")
        return self.apply(node, FUNCTIONS[node.func.id], node.args, depth)

    def apply(
        self, node: ast.expr, function: Callable[..., Any], operands: list[ast.expr], depth: int
    ) -> Any:
        numbers = [
            [self.number(item, depth + 1) for item in operand.elts]
            if isinstance(operand, ast.List)
            else self.number(operand, depth + 1)
            for operand in operands
        ]
        try:
            return function(*numbers)
        except (TypeError, ValueError, LookupError) as error:
            if isinstance(error, ExpressionError):
                raise
            self.refuse(node, str(error))

    def refuse(self, node: ast.AST, problem: str) -> NoReturn:
        line, column = getattr(node, "lineno", 1), getattr(node, "col_offset", 0)
        encoded = self.text.split("\n")[line - 1].encode()
        characters = len(encoded[:column].decode(errors="ignore"))
        raise ExpressionError(problem, self.text, _position(self.text, line, characters))
