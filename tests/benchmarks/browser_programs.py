"""What the scoreboard runs in a browser: a program on arrays as JavaScript, and loops written by hand.

As in ``programs.py``, a program is a function of the contestant's name that sets
everything up and returns a ``Repeat``.
"""

from __future__ import annotations

import atexit
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from programs import Repeat, moons

HERE = Path(__file__).parent
OURS = "autograd_lite"
LEARNING_RATE = 0.1
STEPS = 1000


def scripts_of(contestant: str) -> tuple[str, list[float]]:
    """Write ``step``, a function that trains once and returns the loss before; give the parameters too."""
    from autograd_lite import losses, nn, optim
    from autograd_lite.compiler import compile
    from autograd_lite.compiler.arrays.script import program_script
    from autograd_lite.compiler.updates import UpdateScript
    from autograd_lite.javascript import names_script

    model = nn.MLP(2, [16, 16, 1], "tanh", seed=1337)
    numbers = [parameter.data for parameter in model.parameters()]
    if contestant != OURS:
        by_hand = (HERE / "by_hand.js").read_text(encoding="utf-8")
        return f"{by_hand}\nconst step = byHand(numbers, X, Y, {LEARNING_RATE});", numbers
    program = compile(lambda x, y: losses.bce_with_logits(model(x), y), model)
    program([0.5, 0.5], 1.0)
    script = program.cache.first().script
    update = UpdateScript(optim.SGD(lr=LEARNING_RATE))
    lines = [
        names_script(),
        program_script(),
        f"const make = {script.text};",
        f"const update = {update.text};",
        "const P = Float64Array.from(numbers), G = new Float64Array(P.length);",
        "const program = make(P, G, Math.random);",
        "const rows = Int32Array.from(Y, (_, row) => row), settings = { weight_decay: 0 };",
        "let count = 0;",
        "const step = () => {",
        "  const mean = program.meanAndGradient([X, Y], rows);",
        f"  update(P, G, [], {LEARNING_RATE}, ++count, settings);",
        "  return mean;",
        "};",
    ]
    return "\n".join(lines), numbers


def playground_step(contestant: str) -> Repeat:
    """Train 2-16-16-1 on 100 points, full batch, in Chromium."""
    sys.path.append(str(HERE.parent))
    from browser import browser

    opened = ExitStack()
    atexit.register(opened.close)
    driver = opened.enter_context(browser())
    points, classes = moons(100)
    script, numbers = scripts_of(contestant)
    driver.get("about:blank")
    first = driver.execute_script(
        "const numbers = arguments[0], X = Float64Array.from(arguments[1].flat()), "
        f"Y = Float64Array.from(arguments[2]);\n{script}\n"
        "for (let i = 0; i < 5; i++) step();\nconst first = step();\nwindow.step = step;\n"
        f"for (let i = 0; i < {STEPS}; i++) step();\nreturn first;",
        numbers,
        points,
        [float(label > 0) for label in classes],
    )

    def repeat() -> tuple[float, float]:
        milliseconds = driver.execute_script(
            "const start = performance.now();\n"
            f"for (let i = 0; i < {STEPS}; i++) window.step();\nreturn performance.now() - start;"
        )
        return milliseconds / 1000 / STEPS, first

    return repeat


PROGRAMS: dict[str, Callable[[str], Repeat]] = {"playground_step": playground_step}
