"""The engine in C, where the package was built with it: what a Value holds, its kernels and its sweep.

``source`` writes the operations as C from their declarations, ``runtime.c`` is the rest, which knows no
operation, and ``build`` compiles both. What is out of the ordinary C leaves to the functions in Python
that it stands for. Could be deleted: the engine in Python gives the same bits, more slowly. It runs where
nothing was built, where AUTOGRAD_LITE_PURE=1 asks for it, and when its files have been changed since.
"""

from __future__ import annotations

import binascii
import importlib
import math
import os
import sys
from collections.abc import Sequence
from typing import Any

from autograd_lite import engine, functions
from autograd_lite.core import kernels, modes, sweep
from autograd_lite.core.modes import ACTIVE, current_mode
from autograd_lite.core.node import MANY, NO_GRAPH, SLOTS, Layout, Node, layout
from autograd_lite.core.op import Op
from autograd_lite.core.operators import Operators
from autograd_lite.core.scalar import NO_GRADIENT, Scalar
from autograd_lite.engine import Value
from autograd_lite.ops import DOT, OPS

__all__ = ["engine_kind", "fingerprint"]

HERE = os.path.dirname(__file__)
KINDS = ("one", "two", "constant_right", "constant_left", "many")
"""The layouts of an operation, in the order of ``runtime.c``; those on lists are made when they are met."""


def fingerprint() -> str:
    """Return what tells one state of the engine's files from another: the declarations are among them."""
    core = os.path.dirname(HERE)
    folders = {
        os.path.dirname(core): ("engine.py", "ops.py"),
        core: sorted(os.listdir(core)),
        HERE: ("runtime.c", "tape.c"),
    }
    content = b""
    for folder, names in folders.items():
        for name in names:
            if name.endswith((".py", ".c")):
                with open(os.path.join(folder, name), "rb") as file:
                    content += file.read()
    return f"{binascii.crc32(content):08x}"  # the same in each version of Python, which all load one library


def load() -> Any:
    """Return the engine in C, or None if there is none, it is not asked for, or does not fit the files."""
    if os.environ.get("AUTOGRAD_LITE_PURE", "0") not in ("", "0"):
        return None
    try:
        library = importlib.import_module("autograd_lite.core.native._native")
        fits = library.fingerprint == fingerprint()
    except (ImportError, OSError):  # not built, or no source beside it
        return None
    if fits:
        return library
    print(
        "autograd_lite: its files have been changed since its engine in C was built: the engine in Python "
        "runs; install it again for the one in C",
        file=sys.stderr,
    )
    return None


def install(library: Any) -> None:
    """Let the engine in C stand where the one in Python stands."""
    data: Any = Scalar.data
    grad: Any = Scalar.grad
    value = library.make_value(
        Node, (NO_GRADIENT, NO_GRAPH, MANY), (data.fget, data.fset, grad.fget, grad.fset),
        (Value.__init__, kernels.record_lists, _list_layout, _only_computes),
    )  # fmt: skip
    value.__name__ = "Value"  # without the module, as a class of Python is called in its errors
    own = {*SLOTS, "__slots__", "__init__", "__dict__", "__weakref__", "__module__"}
    for name, item in vars(Value).items():
        if name not in own:
            setattr(value, name, item)
    for names in (engine.__dict__, kernels.__dict__, sweep.__dict__, ACTIVE):
        names["Value"] = value
    for name in library.names:
        _connect(library, OPS[name])
    functions.__dict__.update(library.operations, dot_for=_dot_for(library))
    ACTIVE["record_lists"] = library.record_lists
    _install_sweep(library)
    _tell_of_modes(library)


def _list_layout(op: Op, lengths: tuple[int | None, ...]) -> Layout:
    return kernels.list_kernel(op, lengths)[1]


def _only_computes() -> bool:
    """Tell whether operations are computed in this context, and nothing else: under ``no_grad``."""
    mode = current_mode()
    return not (mode.recording or mode.checking or mode.tracer)


def _connect(library: Any, op: Op) -> None:
    """Tell C what is done in Python for an operation where it is out of the ordinary."""
    if op.is_operator:
        methods = [getattr(Operators, f"__{turn}{op.dunder}__", None) for turn in ("", "r", "i")]
    else:
        methods = [functions.__dict__[op.name], None, None]
    count = len(op.partials)
    kinds = {0: (), 1: ("one",), 2: ("two", "constant_right", "constant_left")}.get(count, ("many",))
    layouts = tuple([layout(op, kind) if kind in kinds else None for kind in KINDS])
    library.connect(op.name, op, *methods, layouts)


def _dot_for(library: Any) -> Any:
    """Make the ``dot_for`` of ``functions``: numbers are read fast enough to read them for each neuron."""
    record_lists = library.record_lists

    def dot(weights: Sequence[Any], inputs: Sequence[Any], bias: Any) -> Any:
        if len(weights) != len(inputs):
            return functions.dot(weights, inputs, bias)
        return record_lists(DOT, (weights, inputs, (bias,)), ())

    return lambda inputs: dot


def _install_sweep(library: Any) -> None:
    plain: Any = vars(sweep)["accumulate"]  # that of the engine's page

    def accumulate(output: Value, seed: float = 1.0) -> None:
        if not library.sweep(output, seed):  # then it matters which nodes pass nothing on
            plain(output, seed)

    def gradient_by(output: Value, leaves: Sequence[Value]) -> list[float]:
        found = dict(zip(*library.gradients(output)))
        if not all(map(math.isfinite, found.values())):
            found = sweep.plain_adjoints(output, library.topological_order(output)[1])
        return [found.get(leaf, 0.0) for leaf in leaves]

    found = {"accumulate": accumulate, "topological_order": library.topological_order}
    engine.__dict__.update(found)
    sweep.__dict__.update(found, sweep=accumulate, gradient_by=gradient_by)


def _tell_of_modes(library: Any) -> None:
    """Let C know as soon as a mode or a tracer is on, as kernels see it in ``ACTIVE``."""
    count = modes._count

    def count_and_tell() -> None:
        count()
        library.set_modes(ACTIVE["modes"], ACTIVE["tracers"])

    modes.__dict__["_count"] = count_and_tell
    library.set_modes(ACTIVE["modes"], ACTIVE["tracers"])


_library = load()
try:
    if _library is not None:
        install(_library)
except ImportError:  # another interpreter of this process has it, or an import before this one
    _library = None

engine_kind = "pure" if _library is None else "native"
"""Which engine runs: "native", in C, or "pure", in Python."""
