"""The command line: step through an expression, forwards and backwards."""

from __future__ import annotations

import contextlib
import keyword
import math
import os
import re
import sys
import warnings
from collections.abc import Iterable, Sequence
from typing import Any, TextIO

from autograd_lite.core.symbol import format_number
from autograd_lite.engine import Value
from autograd_lite.expression import FUNCTIONS, ExpressionError, evaluate_expression, normal_name
from autograd_lite.stepping import Trace, step_through

HELP = """\
Step through an expression: compute it, then its gradient, one step at a time.

usage: python3 -m autograd_lite EXPRESSION [NAME=NUMBER ...] [--check] [--json]
                                [--html FILE] [--svg FILE] [--dot FILE]
                                [--direction LR|TB|auto]
       python3 -m autograd_lite playground NAME --html FILE [--layers NUMBERS]

  EXPRESSION   names, numbers, + - * / // % **, parentheses, functions of numbers or of
               lists such as [x, y], and assignments separated by semicolons; pi and e
               are constants, unless you give them a number or assign to them
  NAME=NUMBER  the number for each variable
  --check      show each gradient beside a finite difference (exit status 1 if one
               is wrong)
  --json       write the steps as JSON
  --html FILE  also write a page to step through, as in --html steps.html
  --svg FILE   also write a picture of the graph, as in --svg graph.svg
  --dot FILE   also write the graph for Graphviz, as in --dot graph.dot
  --direction LR, TB or auto
               draw from left to right, from top to bottom, or as it fits a slide (auto)
  playground NAME
               write a page in which a network learns one of the bundled data sets: moons,
               circles, spirals, blobs, xor, curve, digits, ...
  --layers N,N the neurons of each hidden layer of a playground, as in --layers 16,16
  --help       show this text
  --version    show the version, and whether the engine is native (in C) or pure

functions:
{functions}

examples:
  python3 -m autograd_lite "(x + y) * z" x=-2 y=5 z=-4
  python3 -m autograd_lite "q = x + y; L = q * z" x=-2 y=5 z=-4 --check
  python3 -m autograd_lite "(x + y) * z" x=-2 y=5 z=-4 --svg graph.svg --html steps.html
  python3 -m autograd_lite "-log(1 - sigmoid(t0 + t1*x1 + t2*x2))" t0=-0.1 t1=0.5 t2=-0.3 x1=1 x2=1
  python3 -m autograd_lite playground moons --html moons.html --layers 16,16
  python3 -m autograd_lite "logsumexp([a, b]) - pick([a, b], 1)" a=0 b=1 --json
"""
OPTIONS = ("--check", "--json", "--help", "--version", "--")
FILES = ("--html", "--svg", "--dot")
"""The options that take the name of a file, which ends as the option says."""

DIRECTIONS = ("LR", "TB", "auto")

MOST_CHECKED = 100
"""The most variables whose gradients --check compares with finite differences."""

PLAIN = str.maketrans({"∂": "d", "·": "*", "→": "->", "…": "..."})
"""What to write instead where the output cannot take these characters."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: what follows the program's name; by default the process's own.

    Returns:
        The exit status: 0; 1 if ``--check`` found a wrong gradient, or the output or a
        file cannot be written; 2 for bad input, with what is wrong and what to do about it on
        standard error; 130 after Ctrl-C.
    """
    try:
        return _run(sys.argv[1:] if arguments is None else arguments)
    except ExpressionError as error:
        _complain(error.explain())
        return 2
    except BrokenPipeError:  # the reader of a pipe has seen enough
        _discard(sys.stdout)
        return 0
    except OSError as error:
        _discard(sys.stdout)
        _complain(f"cannot write the output: {error.strerror or error}")
        return 1
    except KeyboardInterrupt:
        return 130


def _run(arguments: Sequence[str]) -> int:
    """Do what the arguments ask for, and write it to standard output."""
    if not arguments or "--help" in arguments or list(arguments) == ["-h"]:
        _write(HELP.format(functions=_in_lines(FUNCTIONS)), sys.stdout)
        return 0 if arguments else 2
    if "--version" in arguments:
        from autograd_lite import __version__
        from autograd_lite.core.native import engine_kind

        _write(f"autograd_lite {__version__}, {engine_kind} engine\n", sys.stdout)
        return 0
    if arguments[0] == "playground" and not any(each.startswith("playground=") for each in arguments):
        from autograd_lite.playing.bundled import run

        _write(run(arguments[1:]), sys.stdout)
        return 0
    arguments, direction = _take_direction(arguments)
    arguments, files = _take_files(arguments)
    rest = [argument for argument in arguments if argument not in OPTIONS]
    _refuse_unknown_options(rest)
    if not rest:
        raise ExpressionError('give an expression, as in "(x + y) * z" x=-2 y=5 z=-4')
    text, variables = rest[0], _read_variables(rest[1:])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        output = evaluate_expression(text, variables)
        trace = step_through(output, names={})
    for message in dict.fromkeys(str(warning.message) for warning in caught):
        _complain(f"warning: {message}")
    gradients = {**trace.gradients, **{name: 0.0 for name in variables if name not in trace.gradients}}
    checks = _check(text, variables) if "--check" in arguments else []
    written = _write_files(output, trace, files, direction)
    if "--json" in arguments:
        _write(_as_json(trace, gradients, checks), sys.stdout)
    else:
        _write(_as_text(trace, gradients, checks), sys.stdout)
    return 0 if written and all(check["ok"] is not False for check in checks) else 1


def _take_direction(arguments: Sequence[str]) -> tuple[list[str], str]:
    """Take the option out that says where the drawing goes, with the word that follows it or its =."""
    rest: list[str] = []
    directions: list[str] = []
    waiting = iter(arguments)
    for argument in waiting:
        option, equals, word = argument.partition("=")
        if option != "--direction":
            rest.append(argument)
            continue
        directions.append(word if equals else next(waiting, ""))
        if directions[-1] not in DIRECTIONS:
            got = f", not {directions[-1][:40]!r}" if directions[-1] else ""
            raise ExpressionError(f"--direction takes one of {', '.join(DIRECTIONS)}{got}")
    if len(directions) > 1:
        raise ExpressionError("--direction is given twice: remove one")
    return rest, directions[0] if directions else "auto"


def _take_files(arguments: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Take the options out that name a file, each followed by its name or joined to it by =."""
    rest: list[str] = []
    files: dict[str, str] = {}
    waiting = iter(arguments)
    for argument in waiting:
        option, equals, name = argument.partition("=")
        if option not in FILES:
            rest.append(argument)
            continue
        ending = option.replace("--", ".")
        name = name if equals else next(waiting, "")
        if os.path.splitext(name)[1].lower() != ending or "\0" in name:
            got = f", not {name[:40]!r}" if name else ""
            raise ExpressionError(f"{option} takes the name of a file that ends in {ending}{got}")
        if option in files:
            raise ExpressionError(f"{option} is given twice: remove one")
        files[option] = name
    return rest, files


def _write_files(output: Value, trace: Trace, files: dict[str, str], direction: str) -> bool:
    """Write the page and the pictures; complain of those that cannot be written."""
    if not files:
        return True
    from autograd_lite.drawing import draw

    output.backward()  # so that the picture shows the gradients
    drawing = draw(output, names={}, direction=direction)
    written = True
    for option, name in files.items():
        try:
            if option == "--html":
                trace.save(name, direction)
            else:
                drawing.save(name)
        except OSError as error:
            _complain(f"cannot write {name[:200]!r}: {error.strerror or error}")
            written = False
    return written


def _refuse_unknown_options(arguments: Sequence[str]) -> None:
    """Refuse what looks like an option, unless it can be read as -(-x)."""
    names = {argument.partition("=")[0] for argument in arguments}
    for argument in arguments:
        words = set(filter(None, argument.split("-")))
        if re.fullmatch(r"--[^\W\d][\w-]*(=.*)?", argument) and not words <= names:
            raise ExpressionError(f"there is no option {argument[:40]}: see --help")


def _read_variables(arguments: Sequence[str]) -> dict[str, float]:
    """Read NAME=NUMBER arguments."""
    variables: dict[str, float] = {}
    for argument in arguments:
        name, equals, number = argument.partition("=")
        name, shown = normal_name(name.strip()), repr(argument[:40])
        if not equals or not name.isidentifier() or name.startswith("__"):
            problem = f"{shown} is no NAME=NUMBER: give the expression first, in quotes, then such as x=3"
            raise ExpressionError(problem)
        if keyword.iskeyword(name):
            raise ExpressionError(f"{name} is a word of Python's and no variable: use another name")
        if name in variables:
            raise ExpressionError(f"the variable {name[:40]} is given twice: remove one")
        try:
            variables[name] = float(number)
        except ValueError:
            raise ExpressionError(f"{shown} gives no number: write {name[:40]}=3 or the like") from None
    return variables


def _check(text: str, variables: dict[str, float]) -> list[dict[str, Any]]:
    """Compare the derivative by each variable with a finite difference."""
    from autograd_lite.gradcheck import gradcheck

    if len(variables) > MOST_CHECKED:
        raise ExpressionError(f"--check takes at most {MOST_CHECKED} variables: leave it out")
    checks = []
    for name, number in variables.items():

        def along(moved: Value, name: str = name) -> Value:
            return evaluate_expression(text, {**variables, name: moved})

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the expression itself has had its warnings
            check = gradcheck(along, [number])
        found: dict[str, Any] = {"name": name, "gradient": check.gradient, "difference": check.difference}
        ok = None if math.isnan(check.difference) or check.undecided else check.ok
        checks.append({**found, "step": check.step, "kink": bool(check.kinks), "ok": ok})
    return checks


def _as_text(trace: Trace, gradients: dict[str, float], checks: list[dict[str, Any]]) -> str:
    """Write the steps, the gradients and the checks, line by line."""
    lines = [str(trace)]
    for name in [name for name in gradients if name not in trace.gradients]:
        lines.append(f"  ∂{trace.output}/∂{name} = {format_number(gradients[name])}")
    if checks:
        lines += ["", "Check against finite differences"]
    for check in checks:
        verdict = {True: "agrees", False: "DIFFERS", None: "cannot be compared here"}[check["ok"]]
        kink = ", on a kink" if check["kink"] else ""
        lines.append(
            f"  ∂{trace.output}/∂{check['name']}: {format_number(check['gradient'])}, "
            f"finite difference {format_number(check['difference'])}: {verdict}{kink}"
        )
    return "\n".join(lines) + "\n"


def _as_json(trace: Trace, gradients: dict[str, float], checks: list[dict[str, Any]]) -> str:
    """Write the same as JSON, with escapes where the output cannot take a character."""
    text = trace.to_json(gradients=gradients, **({"check": checks} if checks else {}))
    if not _can_take(sys.stdout, text):
        import json

        text = json.dumps(json.loads(text), indent=2)
    return text + "\n"


def _in_lines(words: Iterable[str]) -> str:
    import textwrap

    return textwrap.fill(" ".join(words), 84, initial_indent="  ", subsequent_indent="  ")


def _complain(text: str) -> None:
    """Write a line to standard error, if there still is one."""
    try:
        _write(f"autograd_lite: {text}\n", sys.stderr)
    except OSError:
        _discard(sys.stderr)


def _write(text: str, stream: TextIO | None) -> None:
    """Write a text at once, in plainer characters where the stream cannot take it."""
    if stream is None:  # the process was started without it
        return
    if not _can_take(stream, text):
        encoding = stream.encoding
        text = text.translate(PLAIN).encode(encoding, errors="replace").decode(encoding)
    print(text, end="", file=stream, flush=True)


def _can_take(stream: TextIO | None, text: str) -> bool:
    try:
        text.encode(getattr(stream, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _discard(stream: TextIO) -> None:
    """Let what is still to be written go nowhere, so that no error follows at exit."""
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


if __name__ == "__main__":
    sys.exit(main())
