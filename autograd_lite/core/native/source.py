"""The operations as C, written by machine from their declarations.

A rule put on Symbols is Python source on floats; this turns such source, and the functions that it
names, into C. An operation that C has no words for is left to its function in Python. Where Python
raises an exception C sets ``*bad``, and the caller leaves the operation to Python, too.

See what is written: ``print(native_source(OPS)[0])``.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import math
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from autograd_lite import functions
from autograd_lite.core.ieee import Guarded
from autograd_lite.core.native import fingerprint
from autograd_lite.core.op import Op
from autograd_lite.core.op_source import call_source, python_source
from autograd_lite.core.scalar import Scalar
from autograd_lite.core.symbol import Symbol
from autograd_lite.engine import Value
from autograd_lite.ops import OPS

__all__ = ["UntranslatableError", "header", "native_source"]

OPERATORS = {
    "add": "add", "sub": "subtract", "mul": "multiply", "truediv": "true_divide", "mod": "remainder",
    "floordiv": "floor_divide", "pow": "power", "neg": "negative", "abs": "absolute",
}  # fmt: skip
"""What C calls Python's operators."""
SIGNS: dict[type, str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
    ast.Eq: "==", ast.NotEq: "!=", ast.And: "&&", ast.Or: "||",
}  # fmt: skip
SIGNALLING = {ast.Div: "quotient", ast.Mod: "remainder_of", ast.FloorDiv: "floor_quotient"}
"""Signs of Python that raise an exception where the right number is 0."""
MOST = 4
"""Inputs and attributes of one operation, or lists, for which ``runtime.c`` has room."""
OWN = {"hypot", "fsum", "dist", "gamma", "lgamma", "fmod", "sumprod"}
"""Functions of ``math`` that are not the C library's: their last bit may differ."""
LOGARITHMS = {"log", "log2", "log10"}
"""Those that Python does not even call for a number that is not positive."""


class UntranslatableError(Exception):
    """C has no word for it here."""


class Writer:
    """Writes C functions, each once."""

    def __init__(self) -> None:
        self.written: dict[str, str] = {}

    def expression(self, text: str, names: Mapping[str, Any]) -> str:
        """Translate an expression; what its names mean, unless they are numbers in C too."""
        return Body(self, names).number(ast.parse(text, mode="eval").body)

    def call(self, function: Any, operands: Sequence[str]) -> str:
        """Write a call, and before it the function."""
        function = function.raw if isinstance(function, Guarded) else function
        if function is abs:
            return f"fabs({operands[0]})"
        if function in (min, max) and len(operands) == 2:
            return f"{'smaller' if function is min else 'larger'}({', '.join(operands)})"
        name = f"{getattr(function, '__module__', '')}_{getattr(function, '__name__', '')}".replace(".", "_")
        if name not in self.written:
            self.written[name] = self._library(name, function, len(operands)) or self.function(name, function)
        return f"{name}({', '.join([*operands, 'bad'])})"

    def _library(self, name: str, function: Any, count: int) -> str:
        """Write a function of the C library, checked: what is not finite is left to Python; "" for others."""
        short = getattr(function, "__name__", "")
        if getattr(math, short, None) is not function or short in OWN:
            return ""
        parameters = ", ".join(f"double {letter}" for letter in "abc"[:count])
        call = f"{short}({', '.join('abc'[:count])})"
        value = f"checked({call}, bad)"
        if short in LOGARITHMS:
            value = f"isgreater(a, 0.0) ? {value} : signalled(bad)"
        return f"static double {name}({parameters}, int *bad) {{ return {value}; }}"

    def function(self, name: str, function: Any, lists: Sequence[str] = ()) -> str:
        """Translate a function of numbers, or of lists of numbers.

        Args:
            name: what to call it.
            function: a function of Python whose source can be read.
            lists: those of its parameters that are lists.
        """
        if not inspect.isfunction(function):
            raise UntranslatableError(f"{function!r} has no source")
        (tree,) = ast.parse(textwrap.dedent(inspect.getsource(function))).body
        if not isinstance(tree, ast.FunctionDef):
            raise UntranslatableError(f"{name} is no function with statements")
        names = [arg.arg for arg in tree.args.args]
        kinds = [f"const double *{x}, Py_ssize_t n_{x}" if x in lists else f"double {x}" for x in names]
        body = Body(self, function.__globals__, [*names, *(f"n_{name}" for name in lists)])
        used = [f"(void){each};" for each in ["bad", *(f"n_{name}" for name in lists)]]
        lines = [*used, *body.statements(tree.body)]
        return f"static double {name}({', '.join([*kinds, 'int *bad'])}) {{ {' '.join(lines)} }}"


class Body:
    """Translates what stands in one function.

    Args:
        writer: what writes the functions that are called.
        names: what names mean in Python.
        known: parameters and variables, which are numbers or lists in C, too.
    """

    def __init__(self, writer: Writer, names: Mapping[str, Any], known: Sequence[str] = ()) -> None:
        self.writer, self.names, self.known = writer, {**vars(builtins), **names}, {*known}

    def number(self, node: ast.expr) -> str:
        """Translate an expression whose value is a number."""
        match node:
            case ast.Constant(value=float() | int() as value) if math.isfinite(value):
                return repr(float(value))
            case ast.Name(id=name):
                constant = None if name in self.known else self.names.get(name)
                return repr(constant) if isinstance(constant, float) and math.isfinite(constant) else name
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return f"(-{self.number(operand)})"
            case ast.BinOp(left=left, op=op, right=right) if type(op) in SIGNALLING:
                return f"{SIGNALLING[type(op)]}({self.number(left)}, {self.number(right)}, bad)"
            case ast.BinOp(left=left, op=op, right=right) if type(op) in SIGNS:
                return f"({self.number(left)} {SIGNS[type(op)]} {self.number(right)})"
            case ast.IfExp(test=test, body=body, orelse=other):
                return f"({self.truth(test)} ? {self.number(body)} : {self.number(other)})"
            case ast.Subscript(value=ast.Name(id=name), slice=ast.Constant(value=int() as index)):
                return f"{name}[{index}]"
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="index"), args=[wanted]):
                return f"index_of({name}, n_{name}, {self.number(wanted)}, bad)"
            case ast.Call(func=function, args=args, keywords=[]):
                called = eval(ast.unparse(function), {**self.names})
                if any(isinstance(arg, ast.Name) and f"n_{arg.id}" in self.known for arg in args):
                    return self._call_on_list(called, args)
                return self.writer.call(called, [self.number(arg) for arg in args])
        raise UntranslatableError(ast.unparse(node))

    def _call_on_list(self, function: Any, args: Sequence[ast.expr]) -> str:
        match args:
            case [ast.Name(id=name)]:
                called = f"list_{getattr(function, '__name__', '')}"
                if called not in self.writer.written:
                    (parameter,) = inspect.signature(function).parameters
                    self.writer.written[called] = self.writer.function(called, function, [parameter])
                return f"{called}({name}, n_{name}, bad)"
        raise UntranslatableError("a call with several lists")

    def truth(self, node: ast.expr) -> str:
        """Translate a condition."""
        match node:
            case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in SIGNS:
                return f"({self.number(left)} {SIGNS[type(op)]} {self.number(right)})"
            case ast.BoolOp(op=op, values=values):
                return "(" + f" {SIGNS[type(op)]} ".join(map(self.truth, values)) + ")"
            case ast.Call(func=ast.Attribute(attr="isinf" | "isnan" as name), args=[number]):
                test = "(fabs({0}) == HUGE_VAL)" if name == "isinf" else "({0} != {0})"
                return test.format(self.number(number))
        return f"({self.number(node)} != 0.0)"

    def statements(self, body: Sequence[ast.stmt]) -> list[str]:
        """Translate statements, one after the other."""
        return [line for statement in body for line in self.statement(statement)]

    def statement(self, statement: ast.stmt) -> list[str]:
        """Translate one statement."""
        match statement:
            case ast.Return(value=ast.expr() as value):
                return [f"return {self.number(value)};"]
            case ast.If(test=test, body=then, orelse=other):
                lines = [f"if {self.truth(test)} {{", *self.statements(then), "}"]
                return [*lines, "else {", *self.statements(other), "}"] if other else lines
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                kind = "" if name in self.known else "double "
                self.known.add(name)
                return [f"{kind}{name} = {self.number(value)};"]
            case ast.AugAssign(target=ast.Name(id=name), op=op, value=value) if type(op) in SIGNS:
                return [f"{name} {SIGNS[type(op)]}= {self.number(value)};"]
            case ast.For(target=target, iter=over, body=body, orelse=[]):
                return self._loop(target, over, body)
            case ast.Expr(value=ast.Constant()):  # a docstring
                return []
        raise UntranslatableError(ast.unparse(statement))

    def _loop(self, target: ast.expr, over: ast.expr, body: Sequence[ast.stmt]) -> list[str]:
        """Translate a loop over a list, over lists of one length, or over a list with its positions."""
        items = [ast.unparse(item) for item in (target.elts if isinstance(target, ast.Tuple) else [target])]
        position = ""
        match over:
            case ast.Name(id=name):
                lists = [name]
            case ast.Call(func=ast.Name(id="zip"), args=args):
                lists = [ast.unparse(arg) for arg in args]
            case ast.Call(func=ast.Name(id="enumerate"), args=[ast.Name(id=name)]):
                lists, position = [name], items.pop(0)
            case _:
                raise UntranslatableError(ast.unparse(over))
        lines = [f"if (n_{name} != n_{lists[0]}) *bad = 1;" for name in lists[1:]]
        test = "".join(f" && i_ < n_{name}" for name in lists[1:])
        self.known |= {*items, position}
        lines.append(f"for (Py_ssize_t i_ = 0; i_ < n_{lists[0]}{test}; i_++) {{")
        lines += [f"double {item} = {name}[i_];" for item, name in zip(items, lists)]
        lines += [f"double {position} = (double)i_;"] if position else []
        return [*lines, *self.statements(body), "}"]


# ---- The tables that the runtime reads ------------------------------------------------------


def native_source(ops: Mapping[str, Op]) -> tuple[str, dict[str, str]]:
    """Write the C of all operations; return it, and why some are left to Python, by their names."""
    writer, left = Writer(), {}
    parts: list[str] = []
    tables: dict[str, list[str]] = {"SLOTS": [], "METHODS": [], "FUNCTIONS": [], "CASES": []}
    rows: list[str] = []
    for op in ops.values():
        before = dict(writer.written)
        try:
            kernels, row = _list_kernel(op, writer) if op.many is not None else _kernels(op, writer)
        except UntranslatableError as reason:
            left[op.name], writer.written = str(reason), before
            continue
        faces = _faces(op, len(rows), tables) if op.many is None else []
        tables["CASES"] += _cases(op, len(rows))
        parts += [*kernels, *faces]
        rows.append(row)
    text = [*writer.written.values(), f"static Record records[{len(rows) + 1}];", *parts]
    text += ["static Record records[] = {", *rows, "{NULL}};"]
    text += [f"#define OPERATION_{name} {' '.join(lines)}" for name, lines in tables.items()]
    return "\n".join(text) + "\n", left


def header() -> str:
    """Write operations.h: the operations, and which state of the engine's files they were written from."""
    parameters = inspect.signature(Value).parameters.values()
    names = ", ".join(str(parameter.replace(annotation=parameter.empty)) for parameter in parameters)
    text, _ = native_source(OPS)
    docs = {
        "VALUE": f"Value({names})\n--\n\n",
        "DATA": Scalar.data.__doc__ or "",
        "GRAD": Scalar.grad.__doc__ or "",
    }
    text += "".join([f"#define {name}_DOC {_string(doc)}\n" for name, doc in docs.items()])
    return f'{text}#define FINGERPRINT "{fingerprint()}"\n'


def _wanted(count: int) -> dict[str, Sequence[int]]:
    """Name the ways in which an operation on so many inputs is computed, each with the partials wanted."""
    both: dict[str, Sequence[int]] = {"left": [0], "right": [1]} if count == 2 else {}
    return {"value": [], "all": range(count), **both}


def _cases(op: Op, number: int) -> list[str]:
    """Write what runs an operation of a compiled program, in each way; see ``tape.c``."""
    cases, taken = [], len(op.names)
    x = ", ".join(f"v[a[{at}]]" for at in range(taken))
    for code, (name, partials) in enumerate(_wanted(len(op.partials)).items()):
        run = f"double x[] = {{{x}}}; bad |= {op.name}_{name}(x, y, by); a += {taken}; by += {len(partials)};"
        cases.append(f"case VARIANTS * {number} + {code}: {{ {run} break; }}")
    return cases if op.many is None else []


def _kernels(op: Op, writer: Writer) -> tuple[list[str], str]:
    """Write what computes an operation and its partials; and the row of the table."""
    count, defaults = len(op.partials), [each for each in op.attributes.values() if each is not None]
    if op.attributes and count > 1:
        raise UntranslatableError("several inputs, and attributes")
    if len(op.names) > MOST:
        raise UntranslatableError(f"more than {MOST} inputs and attributes")
    if op.is_operator and op.dunder not in OPERATORS:
        raise UntranslatableError(f"the operator {op.dunder}")
    wanted = _wanted(count)
    kernels = [_kernel(op, f"{op.name}_{which}", slopes, writer) for which, slopes in wanted.items()]
    numbers = ", ".join(map(repr, defaults)) or "0.0"
    names = [f"{op.name}_{which}" if which in wanted else "NULL" for which in ("all", "left", "right")]
    counts = f"{count}, {len(op.attributes)}, {len(defaults)}, {{{numbers}}}"
    return kernels, f'{{"{op.name}", {counts}, {", ".join(names)}, NULL}},'


def _kernel(op: Op, title: str, wanted: Sequence[int], writer: Writer) -> str:
    """Write a function that computes y and some partials."""
    names: dict[str, Any] = {}
    y = writer.expression(call_source(op, op.names, names), {**names, **dict.fromkeys(op.names)})
    terms = op.terms(op.names)
    lines = [f"double {name} = x[{at}];" for at, name in enumerate(op.names)]
    lines.append(f"double y = *y_ = {y};")
    for at, index in enumerate(wanted):
        lines.append(f"by[{at}] = {writer.expression(python_source(terms[index], names), names)};")
    used = "".join(f" (void){name};" for name in ["y", "bad", "by", *op.names])
    body = " ".join(["int bad_ = 0, *bad = &bad_;", *lines, used, "return bad_;"])
    return f"static int {title}(const double *x, double *y_, double *by) {{ {body} }}"


def _list_kernel(op: Op, writer: Writer) -> tuple[list[str], str]:
    """Write an operation on lists whose partials are one formula for all elements of a list."""
    forward = inspect.signature(op.forward).parameters
    if op.attributes or len(forward) > MOST:
        raise UntranslatableError(f"lists, and attributes, or more than {MOST} lists")
    name = f"{op.name}_forward"
    text = writer.function(name, op.forward, [*forward])
    calls = ", ".join(f"x[{at}], n[{at}]" for at in range(len(forward)))
    lists = [f"const double *list{at} = x[{at}];" for at in range(len(forward))]
    loops = [
        f"for (Py_ssize_t i = 0; !plain[{at}] && i < n[{at}]; i++) *by++ = {slope};"
        for at, slope in enumerate(_slopes_of_lists(op, len(forward), writer))
    ]
    used = "(void)y;" + "".join(f" (void)list{at};" for at in range(len(forward)))
    shares = "share_out(by, n[0], bad);" if op.shares else ""
    start = f"int bad_ = 0, *bad = &bad_; double y = *y_ = {name}({calls}, bad); if (bad_) return 1;"
    body = " ".join([start, *lists, *loops, shares.replace("by,", "by - n[0],"), used, "return bad_;"])
    parameters = "const double *const *x, const Py_ssize_t *n, const char *plain, double *y_, double *by"
    kernel = f"static int {op.name}_lists({parameters}) {{ {body} }}"
    return [
        text,
        kernel,
    ], f'{{"{op.name}", {len(forward)}, 0, 0, {{0.0}}, NULL, NULL, NULL, {op.name}_lists}},'


def _slopes_of_lists(op: Op, count: int, writer: Writer) -> list[str]:
    """Write for each list of an operation the partial by its element i."""
    assert op.many is not None
    symbols = [[Symbol(f"list{at}[{i}]") for i in range(3)] for at in range(count)]
    slopes = []
    for terms in op.many(Symbol("y"), *symbols):
        names: dict[str, Any] = {}
        texts = [python_source(term, names) for term in terms]
        for i, text in enumerate(texts):
            if text != texts[0].replace("[0]", f"[{i}]"):
                raise UntranslatableError("the partials are not one formula")
        slopes.append(writer.expression(texts[0], names).replace("[0]", "[i]"))
    return slopes


def _faces(op: Op, number: int, tables: dict[str, list[str]]) -> list[str]:
    """Write what Python calls for an operation, and note it in the tables."""
    record = f"&records[{number}]"
    if op.is_operator:
        return _slots(op, record, tables)
    calls = {"function": f"(void)s; return call({record}, args, count, names);"}
    if len(op.partials) == 1:
        calls["method"] = f"return call_method({record}, s, args, count, names);"
    parameters = "PyObject *s, PyObject *const *args, Py_ssize_t count, PyObject *names"
    for kind in calls:
        tables[f"{kind.upper()}S"].append(_method(op, f"{op.name}_{kind}"))
    return [f"static PyObject *{op.name}_{kind}({parameters}) {{ {body} }}" for kind, body in calls.items()]


def _slots(op: Op, record: str, tables: dict[str, list[str]]) -> list[str]:
    """Write what Python calls for an operator, and for one on two numbers what it calls for ``a += b``."""
    slot = OPERATORS[op.dunder]
    parameters, arguments = "PyObject *a, PyObject *b", "a, b"
    titles = {slot: "operator_on_two", f"inplace_{slot}": "operator_in_place"}
    if len(op.partials) == 1:
        parameters, arguments, titles = "PyObject *a", "a", {slot: "operator_on_one"}
    elif op.dunder == "add":
        titles[f"inplace_{slot}"] = "addition_in_place"
    elif op.dunder == "pow":
        parameters, arguments = f"{parameters}, PyObject *c", "a, b, c"
        titles = {slot: "power_operator", f"inplace_{slot}": "power_in_place"}
    for title in titles:
        tables["SLOTS"].append(f"{{Py_nb_{title}, {title}_slot}},")
    return [
        f"static PyObject *{title}_slot({parameters}) {{ return {called}({record}, {arguments}); }}"
        for title, called in titles.items()
    ]


def _method(op: Op, title: str) -> str:
    """Write the row that tells Python of a function, with its signature and its docstring."""
    function = functions.__dict__[op.name]
    parameters = str(inspect.signature(function))
    if title.endswith("_method"):
        parameters = parameters.replace("(a", "($self", 1)
    doc = _string(f"{op.name}{parameters}\n--\n\n{functions.documentation(op)}")
    cast = f"(PyCFunction)(void (*)(void)){title}"
    return f'{{"{op.name}", {cast}, METH_FASTCALL | METH_KEYWORDS, {doc}}},'


def _string(text: str) -> str:
    """Write a string of C."""
    plain = {
        *map(ord, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ _.,:;=+-*/()[]{}'<>0123456789|^")
    }
    return '"' + "".join(chr(byte) if byte in plain else f"\\{byte:03o}" for byte in text.encode()) + '"'
