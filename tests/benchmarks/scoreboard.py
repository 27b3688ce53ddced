"""Measure the package against its peers, and print how it does against its goals.

    python tests/benchmarks/scoreboard.py
    python tests/benchmarks/scoreboard.py --rows demo,memory --rounds 15

The peers come with ``pip install -e ".[bench]"``; a row says so where one is missing.

Every contestant runs in its own process, which does one repeat when asked; a third of
the rounds are done by each of three processes, since one can be slow for as long as it
lives, by where its memory lies. The contestants of a row take turns, once with Python's
garbage collector on and once with it off, and each figure is the median of its rounds.
Before any of it is measured, all contestants must compute the same numbers. Only ratios
are printed: seconds belong to one machine. Even ratios need a machine that has nothing
else to do. The column "other" is the ratio without the collector; of compiled models,
which are measured on one thread, that of all contestants on as many as suit each best.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

WORKER = Path(__file__).with_name("worker.py")
WARM_UP = 3
PROCESSES = 3
WIDTHS = [15, 49, 16, 7, 8, 8, 0]
"""Of the columns."""
KEEP_MEMORY = {"MALLOC_TRIM_THRESHOLD_": "1000000000", "MALLOC_MMAP_THRESHOLD_": "1000000000"}
"""Lets the C library keep what is freed: else chance decides who waits for the same pages at each step."""


@dataclass(frozen=True)
class Row:
    """What is measured, against whom, and what must come out.

    A figure is a median: of seconds, or of bytes. A goal is "≥ 3": the peer's figure must be at
    least three times ours; or "≤ 1.15": ours must be at most 1.15 times the peer's; with a "?",
    it is only reported. The numbers that all contestants compute must agree within ``tolerance``.
    With ``threads`` of several numbers, a goal is to be met with the first of them, and with that
    which suits each contestant best. ``bound`` says what a figure that is short is bounded by. ``kind``
    is the engine that ours runs with: "pure", in Python, or "native", in C.
    """

    name: str
    work: str
    program: str
    ours: str
    goals: dict[str, str]
    with_gc_off: bool = True
    tolerance: float = 1e-9
    threads: tuple[int | None, ...] = (None,)
    bound: str = ""
    kind: str = "pure"


def of_model(
    program: str,
    work: str,
    pytorch: float,
    jax: float | None = None,
    numpy: float | None = None,
    bound: str = "",
) -> Row:
    """Make the row of a model: goals for each peer, on one thread and on as many as suit it best."""
    goals = {"PyTorch": pytorch, "jax.jit": jax, "NumPy": numpy}
    wanted = {peer: f"≥ {goal}" for peer, goal in goals.items() if goal is not None}
    threads = (1, os.cpu_count() or 1)
    work = f"{work}, compiled"
    return Row(program, work, program, OURS, wanted, with_gc_off=False, threads=threads, bound=bound)


OURS, IN_C = "autograd_lite", "autograd_lite in C"
ROWS = [
    Row("demo", "micrograd's demo step, textbook code", "demo", OURS, {"micrograd": "≥ 8"}),
    Row("nn", "the same through nn", "demo_through_nn", OURS, {"micrograd": "≥ 25"}),
    Row("gpt", "microgpt-like training step", "gpt", OURS, {"microgpt": "≥ 1.5"}),
    Row(
        "memory", "memory for one operation of the demo", "demo_memory", OURS, {"micrograd": "≤ 0.2"},
        with_gc_off=False,
    ),
    # Short chains fit the caches, and Python's collector has not yet run over all of them: with it on, the
    # first row tells of that too. The second asks whether the time of one operation goes on growing.
    Row(
        "chain", "time for one operation, 1000000 in a chain", "chain", "1000000",
        {"125000": "≤ 1.5", "250000": "≤ 1.5", "500000": "≤ 1.5"},
    ),
    Row(
        "doubling", "time for one operation, 2000000 in a chain", "chain", "2000000",
        {"500000": "≤ 1.5", "1000000": "≤ 1.25"},
    ),
    Row("native-demo", "the demo with the engine in C", "demo", OURS, {"micrograd": "≥ 24"}, kind="native"),
    Row("native-nn", "the same through nn", "demo_through_nn", OURS, {"micrograd": "≥ 110"}, kind="native"),
    Row(
        "native-gpt", "the step like microgpt's", "gpt", OURS, {"microgpt": "≥ 8"}, kind="native",
        bound="a third of the step is the optimiser's loop, which is Python for both",
    ),
    Row(
        "native-memory", "memory for one operation of it", "demo_memory", OURS, {"micrograd": "≤ 0.14"},
        with_gc_off=False, kind="native", bound="96 bytes are the least for two parents and their partials",
    ),
    Row(
        "native-chain", "time for one operation, 1000000 in a chain", "chain", "1000000",
        {"125000": "≤ 1.25"}, kind="native",
    ),
    Row("xad-demo", "the demo, from numbers", "demo_in_scalars", OURS, {"XAD": "≥ 1"}, kind="native"),
    Row("xad-gpt", "a small GPT, from numbers", "gpt_in_scalars", OURS, {"XAD": "≥ 1"}, kind="native"),
    Row("xad-chain", "200000 mixed operations", "mixed_chain", OURS, {"XAD": "≥ 1"}, kind="native"),
    Row(
        "compiled-demo", "micrograd's demo step, textbook code, compiled", "demo_compiled", OURS,
        {"micrograd": "≥ 3000", "PyTorch": "≥ 3", "jax.jit": "≥ 1"},
    ),
    Row(
        "compiled-xor", "XOR full batch, 2-2-1, textbook code, compiled", "xor_compiled", OURS,
        {"PyTorch": "≥ 20", "jax.jit": "≥ 2"},
    ),
    Row(
        "float32", "784-200-200-10, batch 128, float32, compiled", "wide_float32", OURS,
        {"PyTorch": "≥ 0.9", "NumPy": "≤ 1.15"}, tolerance=1e-4,
    ),
    Row(
        "float64", "the same in float64", "wide_float64", OURS, {"PyTorch": "≥ ?", "NumPy": "≤ ?"},
    ),
    Row(
        "epoch", "an epoch of it through fit, 60000 examples", "epoch", OURS, {"PyTorch": "≤ 1.2"},
        with_gc_off=False, tolerance=1e-3,
    ),
    Row(
        "training-memory", "memory of its training, float32", "wide_memory", OURS,
        {"NumPy and a graph": "≤ 1.5"}, with_gc_off=False, tolerance=1e-4,
    ),
    Row("compiling", "compiling one of its examples", "wide_compiling", "compile", {"eager": "≤ 5"}),
    Row(
        "gradient", "784-200-200-10, value and gradient, compiled", "wide_gradient", "value and gradient",
        {"value": "≤ 3.5"}, tolerance=1e-4,
    ),
    Row(
        "demo-gradient", "the demo's loss, value and gradient, compiled", "demo_gradient",
        "value and gradient", {"value": "≤ 3.5"},
    ),
    Row(
        "irregular", "8000 operations of all kinds, gradient, compiled", "irregular_compiled", OURS,
        {"CasADi": "≥ 0.25"},
    ),
    # The same with the engine in C, beside the straight line in Python.
    Row(
        "native-irregular", "the 8000 operations, by the engine in C", "irregular_compiled", IN_C,
        {"CasADi": "≥ 1.2", "straight line": "≥ ?"}, kind="native",
    ),
    Row(
        "native-xor", "XOR full batch, compiled, by the engine in C", "xor_compiled", IN_C,
        {"PyTorch": "≥ 60", "straight line": "≥ ?"}, kind="native",
    ),
    of_model("gpt-8", "microgpt, a document of 8 letters", 3, 0.8, 0.6),
    of_model("gpt-16", "microgpt, a document of 16 letters", 3, 0.8, 0.6),
    of_model("gpt-lengths", "microgpt, 3 to 16 letters, one a step", 2, None, 0.5),
    of_model(
        "lenet-mean", "LeNet, 28 by 28, mean pooling", 0.8, 1.3,
        bound="PyTorch convolves on several threads, what is around a product runs on one here",
    ),
    of_model(
        "lenet-max", "LeNet, 28 by 28, max pooling", 0.8, 1.3,
        bound="PyTorch convolves on several threads, what is around a product runs on one here",
    ),
    of_model("conv-mean", "convolution, 8 by 8, mean pooling", 1.5, 1),
    of_model("conv-max", "convolution, 8 by 8, max pooling", 1.5, 1),
    of_model("rnn-8", "RNN 8-32-4, 8 steps", 2.5, 0.9),
    of_model(
        "rnn-20", "RNN 8-32-4, 20 steps", 2.5, 0.9,
        bound="twenty small products one after the other, which jax.jit fuses with what is around them",
    ),
    of_model("rnn-lengths", "RNN, lengths 8 to 20 in fit", 1),
    of_model("attention-causal", "a block of attention, causal", 1.5, 0.7),
    of_model("attention-full", "a block of attention, full", 1.5, 0.7),
    of_model("makemore", "makemore's MLP", 1.6, 1.2, 0.7),
    of_model(
        "tanh-mlp", "16-32-32-4 with tanh", 2.5, 1.7, 0.8,
        bound="a third of a step is around its arrays; logsumexp and tanh' keep digits that are lost by hand",
    ),
    of_model(
        "batchnorm", "16-32-4 with BatchNorm in fit", 1,
        bound="what is around the program: rows gathered, statistics written to the model",
    ),
    of_model("pinn", "physics-informed network 1-20-20-1", 1.2, 0.3),
    of_model("logistic", "logistic regression, 1000 examples of 30", 2, 1, 0.8),
    of_model("logistic-fit", "the same in fit, batches of 32", 1.5),
    of_model(
        "logistic-fit-whole", "the same in fit, in one batch", 1.5,
        bound="what an epoch does beside its step: Ctrl-C held back, parameters written to the model",
    ),
    of_model("deep", "200 layers of four neurons", 3.5, None, 0.9),
    of_model(
        "xor-lists", "XOR through nn, rows as lists", 15,
        bound="lists are compared with the trace anew at each step",
    ),
    of_model(
        "xor-arrays", "XOR through nn, rows as arrays", 15,
        bound="numbers come out of the arrays anew at each step",
    ),
    of_model("xor-closure", "XOR through nn, one closure", 25),
    Row(
        "jax-128", "784-200-200-10, batch 128, float32, on a JAX device", "devices_128", OURS,
        {"jax.jit and optax": "≤ 1.1"}, with_gc_off=False, tolerance=1e-4, threads=(1,),
        bound="rows gathered and looked at on the host, which a small batch does not hide",
    ),
    Row(
        "jax-1024", "the same with batches of 1024", "devices_1024", OURS,
        {"jax.jit and optax": "≤ 1.1"}, with_gc_off=False, tolerance=1e-4, threads=(1,),
    ),
    Row(
        "jax-eight", "the same, 4096, eight simulated devices", "devices_eight", "eight devices",
        {"one device": "≤ ?"}, with_gc_off=False, tolerance=1e-4,
    ),
    Row(
        "playground", "2-16-16-1, 100 points, a step in Chromium", "playground_step", OURS,
        {"loops by hand": "≥ 0.5"}, with_gc_off=False,
    ),
]  # fmt: skip


class Contestant:
    """A worker process, and the figures that it and those before it have answered so far."""

    def __init__(self, program: str, name: str, threads: int | None = None, kind: str = "pure") -> None:
        self.program, self.name = program, name
        self.environment = {**os.environ, **KEEP_MEMORY, "AUTOGRAD_LITE_PURE": str(int(kind == "pure"))}
        if threads is not None:
            self.environment |= dict.fromkeys(["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"], str(threads))
            self.environment["XLA_FLAGS"] = (
                f"--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads={threads}"
            )
        self.figures: dict[str, list[float]] = {"with gc": [], "without gc": [], "best threads": []}
        self.missing: str | None = None

    def start(self) -> None:
        """Start a new process."""
        self.process = subprocess.Popen(
            [sys.executable, str(WORKER), self.program, self.name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=self.environment,
        )
        self.missing = self.read()["missing"]

    def read(self) -> Any:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.name} broke off: its error is above")
        return json.loads(line)

    def repeat(self, request: str) -> tuple[float, float]:
        """Let it do the work once; give what was measured, and the number it computed."""
        assert self.process.stdin is not None
        self.process.stdin.write(request + "\n")
        self.process.stdin.flush()
        figure, number = self.read()
        return figure, number

    def measure(self, request: str) -> None:
        figure, _ = self.repeat(request)
        self.figures[request].append(figure)

    def median(self, request: str) -> float:
        return statistics.median(self.figures[request])

    def close(self) -> None:
        self.process.communicate()


def lines_of(row: Row, rounds: int) -> list[list[str]]:
    """Measure a row, and write a line of the table for each of its peers."""
    names = (row.ours, *row.goals)
    contestants = [
        Contestant(row.program, name, threads, row.kind) for threads in row.threads for name in names
    ]
    ours, *peers = contestants[: len(names)]
    requests = ["with gc", "without gc"] if row.with_gc_off else ["with gc"]
    agreed = True
    for process in range(min(PROCESSES, rounds)):
        for contestant in contestants:
            contestant.start()
        present = [contestant for contestant in contestants if contestant.missing is None]
        if ours in present and len(present) > 1:
            agreed = agreed and agree(present, row.tolerance)
            if agreed:
                measure(present, len(range(process, rounds, PROCESSES)), requests)
        for contestant in contestants:
            contestant.close()
    if agreed and len(row.threads) > 1:
        for number, contestant in enumerate(contestants[: len(names)]):
            keep_best(contestant, contestants[number :: len(names)])
    return [
        [row.name, row.work, peer.name, f"{row.goals[peer.name]}×".replace("≥ ?×", "-").replace("≤ ?×", "-")]
        + (result_of(row, ours, peer) if agreed else ["-", "-", "they compute different numbers"])
        for peer in peers
    ]


def agree(contestants: Sequence[Contestant], tolerance: float) -> bool:
    """Warm up, and tell whether all contestants compute the same numbers."""
    for _ in range(WARM_UP):
        first, *others = [contestant.repeat("with gc")[1] for contestant in contestants]
        if not all(math.isclose(first, other, rel_tol=tolerance, abs_tol=tolerance) for other in others):
            return False
    return True


def measure(contestants: Sequence[Contestant], rounds: int, requests: Sequence[str]) -> None:
    for _ in range(rounds):
        for request in requests:
            for contestant in contestants:
                contestant.measure(request)


def keep_best(contestant: Contestant, forms: Sequence[Contestant]) -> None:
    """Keep the figures of the number of threads that suits a contestant best."""
    if contestant.missing is None:
        best = min(forms, key=lambda form: form.median("with gc"))
        contestant.figures["best threads"] = best.figures["with gc"]


def result_of(row: Row, ours: Contestant, peer: Contestant) -> list[str]:
    """Write the ratio, that with the garbage collector off or the best threads, and what they mean."""
    if ours.missing is not None:
        return ["-", "-", f"waits for {ours.missing}"]
    if peer.missing is not None:
        return ["-", "-", f'{peer.missing} is not installed: pip install -e ".[bench]"']
    sign, goal = row.goals[peer.name].split()
    above, below = (ours, peer) if sign == "≤" else (peer, ours)
    ratios = [
        above.median(request) / below.median(request) for request in ours.figures if ours.figures[request]
    ]
    other = f"{ratios[1]:.2f}×" if len(ratios) > 1 else "-"
    if goal == "?":
        return [f"{ratios[0]:.2f}×", other, "-"]
    counted = ratios if ours.figures["best threads"] else ratios[:1]
    met = max(counted) <= float(goal) if sign == "≤" else min(counted) >= float(goal)
    short = f"SHORT: {row.bound}" if row.bound else "SHORT"
    return [f"{ratios[0]:.2f}×", other, "PASS" if met else short]


def print_line(cells: Sequence[str]) -> None:
    print("  ".join(cell.ljust(width) for cell, width in zip(cells, WIDTHS)).rstrip(), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure autograd_lite against its peers.")
    parser.add_argument("--rounds", type=int, default=9, help="repeats of each contestant (default 9)")
    parser.add_argument("--rows", help="only these, with commas: " + ", ".join(row.name for row in ROWS))
    options = parser.parse_args()
    wanted = options.rows.split(",") if options.rows else [row.name for row in ROWS]
    unknown = set(wanted) - {row.name for row in ROWS}
    if unknown or options.rounds < 1:
        parser.error(
            f"no row is called {', '.join(sorted(unknown))}" if unknown else "--rounds is at least 1"
        )
    if hasattr(os, "getloadavg") and os.getloadavg()[0] > 1.5:
        print("Other programs keep this machine busy: the ratios will not be those of a quiet one.\n")
    print_line(["row", "work", "peer", "goal", "ratio", "other", "result"])
    for row in ROWS:
        if row.name in wanted:
            for line in lines_of(row, options.rounds):
                print_line(line)


if __name__ == "__main__":
    main()
