"""The command line: step through an expression, forwards and backwards."""

from __future__ import annotations

import io
import os
import re
import sys
import warnings
from collections.abc import Sequence
from typing import Any

from autograd_lite.engine import Value
from autograd_lite.expression import ExpressionError, evaluate_expression
from autograd_lite.stepping import Trace, step_through
from autograd_lite.symbol import format_number

HELP = """\
Step through an expression: compute it, then its gradient, one step at a time.

usage: python3 -m autograd_lite EXPRESSION [NAME=NUMBER ...] [--check] [--json]

  EXPRESSION   names, numbers, + - * / **, parentheses, functions, and assignments
               separated by semicolons
  NAME=NUMBER  the number for each variable
  --check      show each gradient beside a finite difference (exit status 1 if one
               is wrong)
  --json       write the steps as JSON
  --help       show this text
  --version    show the version

examples:
  python3 -m autograd_lite "(x + y) * z" x=-2 y=5 z=-4
  python3 -m autograd_lite "q = x + y; L = q * z" x=-2 y=5 z=-4 --check
  python3 -m autograd_lite "-log(1 - sigmoid(t0 + t1*x1 + t2*x2))" t0=-0.1 t1=0.5 t2=-0.3 x1=1 x2=1
  python3 -m autograd_lite "logsumexp([a, b]) - pick([a, b], 1)" a=0 b=1 --json
"""
OPTIONS = ("--check", "--json", "--help", "-h", "--version")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: what follows the program's name; by default the process's own.

    Returns:
        The exit status: 0; 1 if ``--check`` found a wrong gradient; 2 for bad input,
        with what is wrong and what to do about it on standard error.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    warnings.showwarning = _show_warning
    try:
        return _run(sys.argv[1:] if arguments is None else arguments)
    except ExpressionError as error:
        print(f"autograd_lite: {error.explain()}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader of a pipe has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _run(arguments: Sequence[str]) -> int:
    options = {argument for argument in arguments if argument in OPTIONS}
    rest = [argument for argument in arguments if argument not in OPTIONS]
    if options & {"--help", "-h"} or not arguments:
        print(HELP, end="")
        return 0 if arguments else 2
    if "--version" in options:
        from autograd_lite import __version__

        print(f"autograd_lite {__version__}")
        return 0
    for argument in rest:
        if re.fullmatch(r"--[a-z][a-z-]*(=.*)?", argument):
            raise ExpressionError(f"there is no option {argument[:40]}: see --help")
    if not rest:
        raise ExpressionError('give an expression, as in "(x + y) * z" x=-2 y=5 z=-4')
    text, variables = rest[0], _read_variables(rest[1:])
    trace = step_through(evaluate_expression(text, variables), names={})
    checks = _check(text, variables, trace) if "--check" in options else []
    print(_as_json(trace, checks) if "--json" in options else _as_text(trace, checks), flush=True)
    return 0 if all(check["ok"] for check in checks) else 1


def _read_variables(arguments: Sequence[str]) -> dict[str, float]:
    """Read NAME=NUMBER arguments."""
    variables: dict[str, float] = {}
    for argument in arguments:
        name, equals, number = argument.partition("=")
        name, shown = name.strip(), argument[:40]
        if not equals or not name.isidentifier() or name.startswith("__"):
            raise ExpressionError(
                f"{shown!r} is no NAME=NUMBER: write x=3, and put quotes around the expression"
            )
        if name in variables:
            raise ExpressionError(f"the variable {name[:40]} is given twice: remove one")
        try:
            variables[name] = float(number)
        except ValueError:
            raise ExpressionError(f"{shown!r} gives no number: write {name[:40]}=3 or the like") from None
    return variables


def _check(text: str, variables: dict[str, float], trace: Trace) -> list[dict[str, Any]]:
    """Compare the derivative by each variable with a finite difference."""
    from autograd_lite.derivatives import gradcheck

    checks = []
    for name, number in variables.items():

        def along(moved: Value, name: str = name) -> Value:
            return evaluate_expression(text, {**variables, name: moved})

        check = gradcheck(along, [number])
        found: dict[str, Any] = {"name": name, "gradient": check.gradient, "difference": check.difference}
        checks.append({**found, "step": check.step, "kink": bool(check.kinks), "ok": check.ok})
    return checks


def _as_text(trace: Trace, checks: list[dict[str, Any]]) -> str:
    lines = [str(trace)]
    if checks:
        lines += ["", "Check against finite differences"]
    for check in checks:
        verdict = "agrees" if check["ok"] else "DIFFERS"
        kink = ", on a kink" if check["kink"] else ""
        lines.append(
            f"  ∂{trace.output}/∂{check['name']}: {format_number(check['gradient'])}, "
            f"finite difference {format_number(check['difference'])}: {verdict}{kink}"
        )
    return "\n".join(lines)


def _as_json(trace: Trace, checks: list[dict[str, Any]]) -> str:
    return trace.to_json(**({"check": checks} if checks else {}))


def _show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    print(f"autograd_lite: warning: {message}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
