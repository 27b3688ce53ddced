"""An irregular chain of scalar operations, which no matrix product helps: ours compiled, and CasADi's."""

from __future__ import annotations

import random
from array import array
from collections.abc import Callable, Sequence
from typing import Any

from compiled_programs import BACKENDS, OURS, backend_of, in_steps
from programs import Repeat, value_class

CHAIN = 8000


def irregular(x: Sequence[Any], functions: dict[str, Callable[[Any], Any]]) -> Any:
    """Do 8000 operations of many kinds, each on what came before; the numbers stay bounded."""
    generator = random.Random(1337)
    recent, total, count = list(x), x[0], 0
    while count < CHAIN:
        a, b = recent[-1], generator.choice([*x, *recent])
        kind = generator.choice(["+", "-", "*", "/", *functions])
        if kind == "+":
            made, operations = a * 0.5 + b, 2
        elif kind == "-":
            made, operations = b - a * 0.75, 2
        elif kind == "*":
            made, operations = a * b, 1
        elif kind == "/":
            made, operations = b / (a * a + 1.5), 3
        elif kind == "exp":
            made, operations = functions["exp"](-(a * a)), 3
        else:
            made, operations = functions[kind](a + b), 2
        if kind in "+-*":  # back to between -1 and 1
            made, operations = functions["sin"](made), operations + 1
        recent = [*recent, made][-12:]
        if generator.random() < 0.1:  # without this no derivative would be left after a while
            total, operations = total + made, operations + 1
        count += operations
    return total


def irregular_compiled(contestant: str) -> Repeat:
    """Compute value and gradient of the chain; ours is compiled, CasADi's an SX Function."""
    start = [0.3, -0.7, 0.5, 0.9]
    if contestant in BACKENDS:
        from autograd_lite import cos, exp, sin, tanh
        from autograd_lite.compiler import compile

        x = [value_class(OURS)(number) for number in start]
        functions = {"sin": sin, "cos": cos, "tanh": tanh, "exp": exp}
        program = compile(lambda: irregular(x, functions), x, backend=backend_of(contestant))
        return in_steps(lambda: _total(*program.value_and_grad()), 30)
    import casadi

    symbols = [casadi.SX.sym(f"x{number}") for number in range(len(start))]
    functions = {name: getattr(casadi, name) for name in ("sin", "cos", "tanh", "exp")}
    value, inputs = irregular(symbols, functions), casadi.vertcat(*symbols)
    function = casadi.Function("chain", [inputs], [value, casadi.gradient(value, inputs)])
    given, found, slopes = array("d", start), array("d", [0.0]), array("d", [0.0] * len(start))
    buffer, run = function.buffer()  # its quickest way: nothing is converted
    buffer.set_arg(0, memoryview(given))
    buffer.set_res(0, memoryview(found))
    buffer.set_res(1, memoryview(slopes))

    def step() -> float:
        given[0] = start[0]
        run()
        assert buffer.ret() == 0  # it only lives as long as something holds it
        return _total(found[0], slopes)

    return in_steps(step, 100)


def _total(value: float, gradient: Sequence[float]) -> float:
    """Make one number of a value and its gradient, to compare."""
    return value + sum(gradient)


PROGRAMS: dict[str, Callable[[str], Repeat]] = {"irregular_compiled": irregular_compiled}
