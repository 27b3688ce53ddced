"""Reads "(x + y) * z" and makes Values of it, without running any code it holds."""

from __future__ import annotations

import ast
import functools
import math
import re
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

DEEPEST = 200
"""The most calls, signs, powers and parentheses that may stand inside one another."""

LARGEST = 10_000
"""The most numbers that an expression may compute with."""

_OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.Div: "div",
    ast.Mod: "mod",
    ast.FloorDiv: "floordiv",
    ast.Pow: "pow",
    ast.USub: "neg",
}

FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{name: op for name, op in OPS.items() if name not in _OPERATORS.values()},
    "mean": mean,
    "softmax": softmax,
}
"""What an expression may call."""

CONSTANTS = {"pi": math.pi, "e": math.e}
"""The numbers that a name stands for, unless a variable or an assignment gives it another."""

LISTS = ("values", "weights", "inputs")
"""The parameters of functions that are lists; all others are numbers."""

_TOO_DEEP = 'the expression is nested too deeply: split it with assignments, as in "q = x + y; q * z"'
_KNOWN = "only names, numbers, lists, + - * / // % **, parentheses and functions are understood"


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
        problem = _printable(self.problem)
        if self.column is None or not self.text:
            return problem
        start = max(0, self.column - 60)
        part = _printable(self.text[start : start + 76])
        gap = " " * sum(map(_width, part[: self.column - start]))
        return f"{problem}\n  {part}\n  {gap}^"


def evaluate_expression(text: str, variables: Mapping[str, float | Value]) -> Value:
    """Compute an expression, or statements whose last one is the result.

    Known are names, numbers, ``+ - * / // % **``, unary minus, parentheses, the package's
    functions (of numbers, or of lists such as ``[x, y]``), and assignments, separated
    by semicolons or new lines. Every variable and every assigned name becomes the
    label of its Value (of a list ``h``: ``h[0]``, ``h[1]``), if that has none yet. ``pi``
    and ``e`` are constants where they are neither.

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
    text = "\n".join(line.lstrip(" \t\f") for line in re.split("\r\n|\r|\n", text))
    reader = _Reader(text, {normal_name(name): number for name, number in variables.items()})
    result: Any = None
    try:
        for statement in _parse(text):
            result = reader.statement(statement)
    except RecursionError:
        raise ExpressionError(_TOO_DEEP, text, 0) from None
    for name in reader.unused:
        raise ExpressionError(f"the variable {_short(name)} is not used: remove {_short(name)}=...")
    if isinstance(result, list):
        raise ExpressionError("the result is a list: pick one number, as in pick([x, y], 0)")
    if not isinstance(result, Value):
        raise ExpressionError('there is no variable to differentiate by: use one, as in "x * x" x=3')
    return result


def normal_name(name: str) -> str:
    """Write a name as Python's own parser does, which reads ﬁ as fi.

    Args:
        name: an identifier.
    """
    return unicodedata.normalize("NFKC", name)


@functools.lru_cache(maxsize=1)
def _parse(text: str) -> list[ast.stmt]:
    """Parse a text into statements, or say why it cannot be."""
    if len(text) > LONGEST:
        problem = f"the expression has {len(text)} characters, more than {LONGEST}: write a Python program"
        raise ExpressionError(problem, text, 0)
    strange = re.search("[\0\ud800-\udfff]", text)
    if strange is not None:
        problem = f"the character {strange.group()!a} cannot be read: remove it"
        raise ExpressionError(problem, text, strange.start())
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            body = ast.parse(text).body
    except (SyntaxError, ValueError) as error:
        raise _syntax_error(text, error) from None
    except (RecursionError, MemoryError):
        raise ExpressionError(_TOO_DEEP, text, 0) from None
    if not body:
        raise ExpressionError('the expression is empty: give one, as in "(x + y) * z"')
    return body


def _syntax_error(text: str, error: SyntaxError | ValueError) -> ExpressionError:
    """Say in our own words what Python's parser does not understand."""
    if "integer string conversion" in str(error):
        longest = max(re.finditer(r"\w+", text), key=lambda word: len(word.group()))
        return ExpressionError("the number has too many digits: write it as 1e300", text, longest.start())
    reason, column = str(error), 0
    if isinstance(error, SyntaxError):
        reason = (error.msg or "invalid syntax").split(". ")[0]
        column = _position(text, error.lineno or 1, (error.offset or 1) - 1)
    problem = f'this is no expression: {reason}; correct it at the ^, as in "2 * x ** 3"'
    return ExpressionError(problem, text, column)


def _position(text: str, line: int, column: int) -> int:
    """Turn a line, from 1, and a column in it into one position in the text."""
    before = text.split("\n")[: line - 1]
    return min(sum(len(earlier) + 1 for earlier in before) + max(column, 0), len(text))


def _short(name: str) -> str:
    return name if len(name) <= 40 else name[:37] + "..."


def _printable(text: str) -> str:
    """Write a text on one line, without anything that could move a terminal's cursor."""
    return "".join(character if character.isprintable() else " " for character in text)


def _width(character: str) -> int:
    """Count the columns that a character takes in a terminal."""
    if unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


def name_parts(name: str, result: Any) -> None:
    """Label a Value, or those in a list, by the name that the list was given: h[0], h[1]."""
    if isinstance(result, list):
        for place, item in enumerate(result):
            name_parts(f"{name}[{place}]", item)
    elif isinstance(result, Value) and not result.label:
        result.label = name


class _Reader:
    """Computes the tree of an expression, node by node."""

    def __init__(self, text: str, variables: Mapping[str, float | Value]) -> None:
        self.text = text
        self.names: dict[str, Any] = {}
        self.unused = dict.fromkeys(variables)
        self.size = 0
        for name, number in variables.items():
            leaf = number if isinstance(number, Value) else Value(number)
            leaf.label = leaf.label or name
            self.names[name] = leaf

    def statement(self, node: ast.stmt) -> Any:
        if isinstance(node, ast.Expr):
            return self.term(node.value, 0)
        if not isinstance(node, ast.Assign) or len(node.targets) != 1:
            self.refuse(node, "only expressions and assignments such as q = x + y are understood")
        target = node.targets[0]
        if not isinstance(target, ast.Name):
            self.refuse(target, "only a name can be assigned to, as in q = x + y")
        name = target.id
        if name in self.names or name in FUNCTIONS or name.startswith("__"):
            self.refuse(target, f"the name {_short(name)} is taken or not allowed: use another one")
        result = self.term(node.value, 0)
        name_parts(name, result)
        self.names[name] = result
        return result

    def term(self, node: ast.expr, depth: int) -> Any:
        """Compute a part of an expression: a Value, a plain number or a list of these."""
        if depth > DEEPEST:
            self.refuse(node, _TOO_DEEP)
        if isinstance(node, ast.Constant):
            return self.constant(node)
        if isinstance(node, ast.Name):
            return self.name(node)
        if isinstance(node, ast.List):
            return self.items(node, depth)
        if isinstance(node, ast.UnaryOp):
            return self.sign(node, depth)
        if isinstance(node, ast.BinOp):
            return self.chain(node, depth)
        if isinstance(node, ast.Call):
            return self.call(node, depth)
        self.refuse(node, _KNOWN)

    def constant(self, node: ast.Constant) -> float:
        number = node.value
        if isinstance(number, bool) or not isinstance(number, (int, float)):
            self.refuse(node, f"{_short(repr(number))} is not a real number: write one, such as 0.5")
        try:
            float(number)
        except OverflowError:
            self.refuse(node, "the number is too large: write one below 1e308")
        return number

    def name(self, node: ast.Name) -> Any:
        name = node.id
        if name.startswith("__"):
            self.refuse(node, f"the name {_short(name)} is not allowed: use another one")
        if name in self.names:
            self.unused.pop(name, None)
            return self.names[name]
        if name in FUNCTIONS:
            self.refuse(node, f"{name} is a function: give it something, as in {name}(x)")
        if name in CONSTANTS:  # from here on the name is taken
            return self.names.setdefault(name, CONSTANTS[name])
        self.refuse(node, f"the variable {_short(name)} has no value: add {_short(name)}=1")

    def items(self, node: ast.List, depth: int) -> list[Any]:
        numbers = []
        for item in node.elts:
            number = self.term(item, depth + 1)
            self.refuse_list(item, number)
            numbers.append(number)
        return numbers

    def sign(self, node: ast.UnaryOp, depth: int) -> Any:
        if not isinstance(node.op, (ast.USub, ast.UAdd)):
            self.refuse(node, _KNOWN)
        number = self.term(node.operand, depth + 1)
        self.refuse_list(node.operand, number)
        return number if isinstance(node.op, ast.UAdd) else self.apply(node, OPS["neg"], [number])

    def chain(self, node: ast.BinOp, depth: int) -> Any:
        """Compute a + b - c ... in a loop: however long such a chain is, it is not deep."""
        operations = []
        first: ast.expr = node
        while isinstance(first, ast.BinOp):
            operations.append(first)
            first = first.left
        result = self.term(first, depth + 1)
        for operation in reversed(operations):
            self.refuse_list(operation.left, result)
            if type(operation.op) not in _OPERATORS:
                self.refuse_operator(operation)
            right = self.term(operation.right, depth + 1)
            self.refuse_list(operation.right, right)
            result = self.apply(operation, OPS[_OPERATORS[type(operation.op)]], [result, right])
        return result

    def call(self, node: ast.Call, depth: int) -> Any:
        if not isinstance(node.func, ast.Name):
            self.refuse(node, "only functions can be called: a product is written 2 * (x + y)")
        name = node.func.id
        if name not in FUNCTIONS:
            self.refuse(node, f"{_short(name)} is no function here; there are {', '.join(FUNCTIONS)}")
        # What is no single operation, mean and softmax, takes one list.
        parameters, defaults = OPS[name].parameters() if name in OPS else (["values"], ())
        attributes = OPS[name].attributes if name in OPS else {}
        usage = f"{name}({', '.join(parameters)})"
        if node.keywords:
            self.refuse(node, f"give the arguments by position: {usage}")
        counts = [str(len(parameters) - index) for index in range(len(defaults), -1, -1)]
        count = str(len(node.args))
        if count not in counts:
            problem = f"wrong number of arguments for {usage}: give {' or '.join(counts)}, not {count}"
            self.refuse(node, problem)
        arguments = []
        for parameter, argument in zip(parameters, node.args):
            value = self.term(argument, depth + 1)
            if parameter not in LISTS:
                self.refuse_list(argument, value)
            elif not isinstance(value, list):
                self.refuse(argument, f"the {parameter} of {usage} are a list: write it as [x, y]")
            if parameter in attributes and isinstance(value, Value):
                self.refuse(argument, f"the {parameter} of {usage} is no variable: write a number")
            arguments.append(value)
        return self.apply(node, FUNCTIONS[name], arguments)

    def apply(self, node: ast.expr, function: Callable[..., Any], arguments: list[Any]) -> Any:
        self.size += sum(len(number) if isinstance(number, list) else 1 for number in arguments)
        if self.size > LARGEST:
            self.refuse(node, f"this computes with more than {LARGEST} numbers: write a Python program")
        try:
            return function(*arguments)
        except (TypeError, ValueError, LookupError) as error:
            self.refuse(node, str(error))

    def refuse_list(self, node: ast.expr, number: Any) -> None:
        if isinstance(number, list):
            self.refuse(node, "a number is needed here, not a list: pick one, as in pick([x, y], 0)")

    def refuse_operator(self, node: ast.BinOp) -> NoReturn:
        """Refuse an operator; the tree does not hold its place, which is after the left operand."""
        after = self.place(node.left.end_lineno, node.left.end_col_offset)
        column = after + len(self.text[after:]) - len(self.text[after:].lstrip(") \\\t\f\n"))
        hint = "a power is written x ** 2" if isinstance(node.op, ast.BitXor) else _KNOWN
        raise ExpressionError(f"the operator at the ^ is not known: {hint}", self.text, column)

    def refuse(self, node: ast.stmt | ast.expr, problem: str) -> NoReturn:
        raise ExpressionError(problem, self.text, self.place(node.lineno, node.col_offset))

    def place(self, line: int | None, offset: int | None) -> int:
        """Turn a line and an offset in its bytes, as the tree has them, into a position in the text."""
        before = self.text.split("\n")[(line or 1) - 1].encode()[: offset or 0]
        return _position(self.text, line or 1, len(before.decode(errors="ignore")))
