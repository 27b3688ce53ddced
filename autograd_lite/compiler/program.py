"""Program: a function of scalars that runs at the speed of arrays, and stays true to itself."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from autograd_lite.compiler.devices.mesh import NEEDS_JAX
from autograd_lite.compiler.explain import explanation
from autograd_lite.compiler.introspection import has_numpy, name_of
from autograd_lite.compiler.native import NEEDS_ENGINE, library
from autograd_lite.compiler.runner import Runner
from autograd_lite.compiler.trainer import Trainer
from autograd_lite.core.coercion import check_dtype

__all__ = ["Program", "compile"]


class Program(Runner):
    """A compiled function; ``compile`` makes one.

    Args:
        f: the function.
        parameters: a Module, a list or a dict of Values.
        backend: as for ``compile``.
        dtype: as for ``compile``.

    Attributes:
        parameters: the Values to differentiate by, in order.
    """

    def backward(self, *columns: Any, **named: Any) -> float:
        """Compute the mean over a batch, and add its gradient to every ``.grad``.

        Args:
            columns, named: each argument for all N rows: a list of N, or an array (N, ...). Of a function
                without arguments: nothing.

        Returns:
            The mean.
        """
        mean, gradient = self.mean_and_grad(*columns, **named)
        for parameter, derivative in zip(self.parameters, gradient):
            parameter.grad += derivative
        return mean

    def trainer(self, optimizer: Any, devices: Any = None, *, clip: float | None = None) -> Trainer:
        """Make what trains the parameters in arrays, as ``fit`` does.

        Args:
            optimizer: an optimiser; one without parameters is bound to those of the program.
            devices: of a program with ``backend="jax"``: "all" for all that JAX sees, in all processes; so
                many of them; a list of them; or a ``jax.sharding.Mesh``, whose first axis splits the rows of
                a batch, and whose second, if any, large arrays of parameters. None for one device, or, of
                several processes, all. Each process passes rows of its own, all equally many.
            clip: the largest length √(Σ g²) of a step's gradient, positive; a longer one is scaled down to
                it, as by ``optim.clip_grad_norm``. None for any.

        Raises:
            ValueError: if the optimiser moves other parameters, there are no such devices, or ``clip`` is not
                positive.
            TypeError: if ``clip`` is no number.
        """
        return Trainer(self, optimizer, devices, clip)

    @property
    def why_many(self) -> str:
        """Why the function was traced more than twice for arguments of one structure; "" if not."""
        return self.cache.why_many

    @property
    def source(self) -> str:
        """The generated program, of the first arguments it was called with.

        Raises:
            RuntimeError: if it has not been called, and takes arguments.
        """
        first = self.cache.first()
        on_floats = self.backend in ("python", "native") or not has_numpy()
        if on_floats or (self.backend == "auto" and first.is_too_deep):
            return first.scalar_source.text
        texts = first.array_source.texts
        return texts.get("value_and_gradient", texts["forward"])

    def explain(self, *, verbose: bool = False) -> str:
        """Say which scalars became which operation on arrays, and why anything was left.

        Args:
            verbose: show the tape, the program on arrays and all source too.
        """
        self.cache.first()
        return "\n\n".join(explanation(found, verbose=verbose) for found in self.cache)

    def __repr__(self) -> str:
        count = len([*self.cache])
        return f"<Program of {name_of(self.f)}: traced {count} time{'' if count == 1 else 's'}>"


def compile(
    f: Callable[..., Any],
    parameters: Any,
    *,
    backend: str = "auto",
    dtype: str = "float64",
) -> Program:
    """Compile a function that is written in scalars.

    Args:
        f: takes numbers, whole numbers and (nested) lists, tuples, dicts and arrays of them, each
            of which arrives as what it is, with Values as its numbers: one example; or nothing, as
            the loss of a whole data set. Returns one Value, or several (then there is no gradient).
        parameters: the Values to differentiate by: a Module, a list, or a dict.
        backend: "python" runs straight-line code on floats, "native" the same in the engine in C,
            "numpy" raised code on arrays, "auto" whichever is faster for the number of rows, "jax" the
            same raised code under ``jax.jit``.
        dtype: "float64" or "float32", of arrays.

    Returns:
        The program. It is made when it is first called, once for each form of arguments.

    Raises:
        ValueError: if a parameter stands there twice or is not a leaf, or a setting is unknown.
        TypeError: if a parameter is not a Value.
        ImportError: if a backend is not installed, or the engine in C is not there for "native".

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
    if backend not in ("auto", "python", "native", "numpy", "jax"):
        raise ValueError(f"backend is 'auto', 'python', 'native', 'numpy' or 'jax', got {backend!r}")
    check_dtype(dtype)
    if dtype == "float32" and backend in ("python", "native"):
        raise ValueError("Python's floats are float64: use backend='numpy' for float32")
    if not callable(f):
        raise TypeError(f"compile takes a function, got {f!r}")
    if backend == "native" and library() is None:
        raise ImportError(NEEDS_ENGINE)
    if backend == "jax":
        _need("jax", NEEDS_JAX)
    if backend in ("numpy", "jax") or dtype == "float32":
        _need("numpy", 'arrays need NumPy: python3 -m pip install "autograd_lite[fast]", or backend="python"')
    return Program(f, parameters, backend, dtype)


def _need(module: str, message: str) -> None:
    """Raise an ImportError with a message if a module is not installed."""
    try:
        importlib.import_module(module)
    except ImportError:
        raise ImportError(message) from None
