"""compile: the way in."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from autograd_lite.compiler.program import Program
from autograd_lite.core.coercion import check_dtype

__all__ = ["compile"]


def compile(
    f: Callable[..., Any],
    parameters: Any,
    *,
    backend: str = "auto",
    dtype: str = "float64",
) -> Program:
    """Compile a function that is written in scalars.

    Args:
        f: takes numbers, whole numbers and (nested) lists, tuples and arrays of them, each of which
            arrives as what it is, with Values as its numbers: one example; or nothing, as
            the loss of a whole data set. Returns one Value, or several (then there is no gradient).
        parameters: the Values to differentiate by: a Module, a list, or a dict.
        backend: "python" runs straight-line code on floats, "numpy" raised code on arrays,
            "auto" whichever is faster for the number of rows, "jax" the same raised code under
            ``jax.jit``.
        dtype: "float64" or "float32", of arrays.

    Returns:
        The program. It is made when it is first called, once for each form of arguments.

    Raises:
        ValueError: if a parameter stands there twice or is not a leaf, or a setting is unknown.
        TypeError: if a parameter is not a Value.
        ImportError: if a backend is not installed.

    Example:
        >>> from autograd_lite import Value
        >>> w, b = Value(2.0), Value(1.0)
        >>> program = compile(lambda x, y: (w * x + b - y) ** 2, [w, b])
        >>> program(3.0, 5.0), program.value_and_grad(3.0, 5.0)
        (4.0, (4.0, [12.0, 4.0]))
        >>> program.backward([3.0, 1.0], [5.0, 5.0]), w.grad, b.grad
        (4.0, 4.0, 0.0)

    Source: lectures B9: the neurons one by one are g(W h + b).
    """
    if backend not in ("auto", "python", "numpy", "jax"):
        raise ValueError(f"backend is 'auto', 'python', 'numpy' or 'jax', got {backend!r}")
    check_dtype(dtype)
    if dtype == "float32" and backend == "python":
        raise ValueError("Python's floats are float64: use backend='numpy' for float32")
    if not callable(f):
        raise TypeError(f"compile takes a function, got {f!r}")
    if backend == "jax":
        need("jax", 'backend="jax" needs JAX: python3 -m pip install "autograd_lite[jax]"')
    if backend in ("numpy", "jax") or dtype == "float32":
        need("numpy", 'arrays need NumPy: python3 -m pip install "autograd_lite[fast]", or backend="python"')
    return Program(f, parameters, backend, dtype)


def need(module: str, message: str) -> None:
    """Raise an ImportError with a message if a module is not installed."""
    try:
        importlib.import_module(module)
    except ImportError:
        raise ImportError(message) from None
