"""What a step of data-parallel training costs by communication: read from the compiled step itself.

    python tests/benchmarks/communication.py
    python tests/benchmarks/communication.py --rows 4096 --devices 1,8

For each number of (simulated) devices, each in a process of its own, the step of 784-200-200-10 in
float32 is compiled, and not run. Printed are the bytes that one device adds up with the others in a
step, over all all-reduces, the floating-point operations that it does, and their ratio. With a fixed
batch the bytes stay, and the operations are shared: more devices help for as long as one operation
takes longer than its bytes. An all-reduce in a ring moves twice the bytes, 2 (n - 1) / n exactly.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import re
import subprocess
import sys
from typing import Any

SIZES = (784, 200, 200, 10)
BYTES = {"f64": 8, "f32": 4, "s64": 8, "s32": 4, "pred": 1}


def bytes_all_reduced(text: str) -> tuple[int, int]:
    """Count the all-reduces of a compiled program, and their bytes."""
    count = total = 0
    for shapes in re.findall(r"= (.*?) all-reduce(?:-start)?\(", text):
        count += 1
        for kind, lengths in re.findall(r"(\w+)\[([\d,]*)\]", shapes):
            total += BYTES[kind] * math.prod(int(length) for length in lengths.split(",") if length)
    return count, total


def measured(devices: int, rows: int) -> dict[str, Any]:
    """Compile the step for so many devices."""
    os.environ["XLA_FLAGS"] = f"--xla_force_host_platform_device_count={devices}"
    import numpy

    from autograd_lite import losses, nn, optim
    from autograd_lite.compiler import compile

    model = nn.MLP(SIZES[0], list(SIZES[1:]), init="he", seed=0)
    function = lambda x, k: losses.cross_entropy(model(x), k)
    program = compile(function, model.parameters(), backend="jax", dtype="float32")
    trainer = program.trainer(optim.SGD(lr=0.1), devices="all")
    X, y = numpy.zeros((rows, SIZES[0]), "float32"), numpy.zeros(rows, "int64")
    step = trainer.compiled_step(X, y)
    count, total = bytes_all_reduced(step.as_text())
    return {"count": count, "bytes": total, "flops": step.cost_analysis()["flops"]}


def main() -> None:
    parser = argparse.ArgumentParser(description="Count what devices exchange in a step.")
    parser.add_argument("--rows", type=int, default=8192, help="of a batch (default 8192)")
    parser.add_argument(
        "--devices", default="1,2,4,8,16,32,64,128,256,512,1024", help="how many, with commas"
    )
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measured(options.one, options.rows)))
        return
    print(f"784-200-200-10, float32, a batch of {options.rows} rows in all; for each device, in a step")
    print(f"{'devices':>8}{'rows':>8}{'all-reduces':>13}{'bytes':>12}{'FLOPs':>14}{'FLOPs per byte':>16}")
    for devices in map(int, options.devices.split(",")):
        command = [sys.executable, __file__, "--one", str(devices), "--rows", str(options.rows)]
        found = json.loads(subprocess.check_output(command, text=True, timeout=1800))
        ratio = f"{found['flops'] / found['bytes']:.1f}" if found["bytes"] else "-"
        rows = -(-options.rows // devices)
        print(
            f"{devices:>8}{rows:>8}{found['count']:>13}{found['bytes']:>12}{found['flops']:>14.3g}{ratio:>16}",
            flush=True,
        )


if __name__ == "__main__":
    main()
