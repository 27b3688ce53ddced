"""Compiles the engine in C, while the package is installed or its wheel is built.

Where that cannot be done, for want of a compiler or of Python's headers, or since the numbers are not
those of the engine in Python, it says so, and the package is installed without: nothing fails.
"""

from __future__ import annotations

import atexit
import importlib
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

__all__ = ["compiled", "get_build_hook"]

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
FLAGS = (
    ["/O2", "/fp:precise"]
    if os.name == "nt"
    else ["-O3", "-g0", "-std=c11", "-ffp-contract=off", "-fno-builtin", "-fno-strict-aliasing"]
)
"""Every product and every sum is rounded, as Python's are."""


def reason_against() -> str:
    """Say why nothing is to be compiled here; "" if it may be tried."""
    if os.environ.get("AUTOGRAD_LITE_PURE", "0") not in ("", "0"):
        return "AUTOGRAD_LITE_PURE asks for none"
    if sys.implementation.name != "cpython" or sysconfig.get_config_var("Py_GIL_DISABLED"):
        return "this Python does not load libraries for CPython's stable ABI"
    return ""


def compiled(folder: Path) -> Path:
    """Compile the engine in C into a folder; return the library.

    Raises:
        Exception: whatever goes wrong, of setuptools or of the compiler.
    """
    setuptools = importlib.import_module("setuptools")
    program = "from autograd_lite.core.native.source import header; print(header(), end='')"
    (folder / "operations.h").write_text(_output_of(program), encoding="utf-8")
    for name in ("runtime.c", "tape.c"):
        shutil.copy(HERE / name, folder)
    extension = setuptools.Extension(
        "_native",
        [str(folder / "runtime.c")],
        include_dirs=[str(folder)],
        libraries=[] if os.name == "nt" else ["m"],
        extra_compile_args=FLAGS,
        py_limited_api=True,
    )
    command = setuptools.Distribution({"ext_modules": [extension]}).get_command_obj("build_ext")
    command.build_lib = command.build_temp = str(folder)
    command.ensure_finalized()
    command.run()
    (library,) = command.get_outputs()
    return Path(library)


NUMBERS = """
import importlib.util, sys
spec = importlib.util.spec_from_file_location("autograd_lite.core.native._native", {library!r})
sys.modules[spec.name] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(sys.modules[spec.name])  # which the package finds, though it is not in its place

import autograd_lite
from autograd_lite.core.native.check import digest
from autograd_lite.ops import OPS
print(autograd_lite.engine_kind, digest(OPS, range({programs})))
"""


def check(library: Path, programs: int = 400) -> None:
    """Raise an error if the engine in C gives other numbers than the one in Python, to the last bit."""
    program = NUMBERS.format(library=str(library), programs=programs)
    native, pure = (_output_of(program, kind) for kind in ("native", "pure"))
    if native.split() != ["native", pure.split()[1]]:
        raise ArithmeticError(f"its numbers differ: {native.strip()}, {pure.strip()}")


def _output_of(program: str, kind: str = "pure") -> str:
    """Run a program with the package from its source, and an engine of a kind; return what it prints."""
    surroundings = {**os.environ, "AUTOGRAD_LITE_PURE": str(int(kind == "pure")), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", program]
    found = subprocess.run(
        command, cwd=ROOT, env=surroundings, capture_output=True, encoding="utf-8", timeout=600, check=False
    )
    if found.returncode != 0:
        raise RuntimeError(found.stderr)
    return found.stdout


def _initialize(hook: Any, version: str, build_data: dict[str, Any]) -> None:
    """Add the library to the wheel, or for an installation in place put it beside its source."""
    try:
        for old in HERE.glob("_native.*") if version == "editable" else ():
            old.unlink()
        library = _tried()
    except (Exception, SystemExit) as error:
        reason = str(error) if type(error) is NotImplementedError else f"{type(error).__name__}: {error}"
        hook.app.display_warning(
            f"autograd_lite: no engine in C was built ({reason}); the one in Python runs"
        )
        return
    if version == "editable":
        shutil.copy(library, HERE)
    else:
        build_data["force_include"][str(library)] = f"autograd_lite/core/native/{library.name}"
    build_data["pure_python"] = False
    platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
    build_data["tag"] = f"cp311-abi3-{platform}"


def _tried() -> Path:
    """Compile the library, and check its numbers."""
    if reason_against():
        raise NotImplementedError(reason_against())
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder, ignore_errors=True)  # when the wheel has been written
    library = compiled(folder)
    check(library)
    return library


def get_build_hook() -> Any:
    """Return the class that hatchling calls while it builds a wheel, or installs the package in place."""
    interface = importlib.import_module("hatchling.builders.hooks.plugin.interface").BuildHookInterface
    return type("NativeHook", (interface,), {"initialize": _initialize})
