"""Functions whose subscripts and calls are written anew, so that they can be asked what they mean."""

from __future__ import annotations
import __future__

import ast
import copy
import functools
import inspect
import linecache
import sysconfig
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

__all__ = ["rewritten"]

ITEM, CALLED = "autograd_lite_item", "autograd_lite_called"
"""What ``a[b]`` becomes a call of, and the ``f`` in ``f(x)``."""
LIBRARIES = tuple({sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")})
"""Where functions stand that need not be written anew."""
PACKAGE = str(Path(__file__).parents[1])
"""What calls the modules of others, wherever it is installed."""


def rewritten(function: Any, *, item: Callable[[Any, Any], Any], called: Callable[[Any], Any]) -> Any:
    """Return a function that does the same, with its subscripts and calls written anew.

    Args:
        function: any callable. What is not written in Python, is of a library, or has no source at
            hand is returned as it is.
        item: called with a container and an index, in place of ``container[index]``.
        called: called with each function that is called; what it returns is called instead.

    Example:
        >>> rewritten(abs, item=lambda a, b: a[b], called=lambda f: f) is abs
        True
    """
    if isinstance(function, (type, types.BuiltinFunctionType)):
        return function
    same = functools.partial(rewritten, item=item, called=called)
    if isinstance(function, types.MethodType):
        return types.MethodType(same(function.__func__), function.__self__)
    if isinstance(function, functools.partial):
        return functools.partial(same(function.func), *function.args, **function.keywords)
    if not isinstance(function, types.FunctionType):
        call = inspect.getattr_static(type(function), "__call__", None)
        return same(types.MethodType(call, function)) if isinstance(call, types.FunctionType) else function
    code = _code_of(function.__code__, function.__code__.co_filename)
    if code is None:
        return function
    cells = dict(zip(function.__code__.co_freevars, function.__closure__ or ()))
    cells |= {ITEM: types.CellType(item), CALLED: types.CellType(called)}
    closure = tuple([cells[name] for name in code.co_freevars])
    new = types.FunctionType(code, function.__globals__, function.__name__, function.__defaults__, closure)
    new.__kwdefaults__ = function.__kwdefaults__
    return new


@functools.cache
def _code_of(code: types.CodeType, filename: str) -> types.CodeType | None:
    """Write the code of a function anew; None if its source is not at hand, or is another one's."""
    if filename.startswith(LIBRARIES) and not filename.startswith(PACKAGE):
        return None
    functions, imports = _parsed("".join(linecache.getlines(filename)))
    for node in functions:
        first = min(each.lineno for each in (node, *getattr(node, "decorator_list", ())))
        if first == code.co_firstlineno and _compiled(node, imports, code) == code:
            return _compiled(_Rewriter().visit(copy.deepcopy(node)), imports, code, ITEM, CALLED)
    return None


@functools.lru_cache(8)
def _parsed(text: str) -> tuple[list[Any], list[Any]]:
    """List the functions of a source, and its imports, which decide how calls are compiled."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return [], []
    functions = [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.Lambda))]
    imports = [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
    return functions, [node for node in imports if getattr(node, "module", "") != "__future__"]


class _Rewriter(ast.NodeTransformer):
    """Writes ``a[b]`` as ``item(a, b)``, and ``f(x)`` as ``called(f)(x)``."""

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        if not isinstance(node.ctx, ast.Load):  # nor in what is assigned to: a row of a table is changed
            return node
        self.generic_visit(node)
        if isinstance(node.slice, (ast.Slice, ast.Tuple)):
            return node
        return _call(ITEM, node, node.value, node.slice)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        node.func = _call(CALLED, node.func, node.func)
        return node


def _call(name: str, place: ast.AST, *arguments: ast.expr) -> ast.expr:
    call = ast.Call(ast.Name(name, ast.Load()), [*arguments], [])
    return ast.fix_missing_locations(ast.copy_location(call, place))


def _compiled(node: Any, imports: list[Any], code: types.CodeType, *names: str) -> types.CodeType | None:
    """Compile a function as it stands inside one that has the variables that it takes from outside.

    Its defaults, annotations and decorators are not its own code, and never run.
    """
    plain = copy.copy(node)
    plain.args = copy.copy(node.args)
    plain.args.defaults = [ast.Constant(None) for _ in node.args.defaults]
    plain.args.kw_defaults = [each and ast.Constant(None) for each in node.args.kw_defaults]
    module: Any = ast.parse(f"def outer({', '.join((*code.co_freevars, *names))}): pass")
    module.body[0].body = [plain if isinstance(node, ast.FunctionDef) else ast.Return(plain)]
    module.body[:0] = imports
    ast.fix_missing_locations(module)
    flags = code.co_flags & __future__.annotations.compiler_flag
    try:
        made: Any = compile(module, code.co_filename, "exec", flags, dont_inherit=True)
    except (SyntaxError, ValueError):  # it was run inside a class, or with names that are none
        return None
    (around,) = [each for each in made.co_consts if isinstance(each, types.CodeType)]
    found = [each for each in around.co_consts if isinstance(each, types.CodeType)]
    flags = code.co_flags  # which say that a function stands inside another, too
    return next((each.replace(co_flags=flags) for each in found if each.co_name == code.co_name), None)
