"""Several processes that train together, each with rows of its own: what must be the same in all of them."""

from __future__ import annotations

import random
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from autograd_lite.engine import Value
from autograd_lite.training.state import numbers_of

__all__ = ["Processes"]


class Processes:
    """The processes that train together: this one alone, unless a placement on JAX's devices has others.

    Args:
        placement: the devices, or None.

    Attributes:
        count: how many there are.
        is_first: whether this one writes the checkpoint.
    """

    def __init__(self, placement: Any = None) -> None:
        self.placement = placement
        self.count: int = 1 if placement is None else placement.processes
        self.is_first: bool = placement is None or placement.is_first

    def mean(self, numbers: Sequence[float]) -> list[float]:
        """Return the mean of each number over the processes."""
        if self.count == 1 or not numbers:
            return [*numbers]
        found: list[float] = self.placement.mean(numbers).tolist()
        return found

    def any_of(self, is_so: bool) -> bool:
        """Tell whether something is so in any of the processes."""
        return self.mean([float(is_so)])[0] > 0.0

    def share(self, batch_size: int) -> int:
        """Return how many rows of a batch each process has.

        Raises:
            ValueError: if the batch cannot be shared out evenly.
        """
        if batch_size % self.count:
            raise ValueError(
                f"batch_size counts the rows of all {self.count} processes: it is a multiple of that, "
                f"got {batch_size}"
            )
        return batch_size // self.count

    def check_same(self, number: float, error: str) -> None:
        """Raise a ValueError if a number is not the same in all processes."""
        if self.count > 1 and len({*self.placement.of_all([number])[:, 0].tolist()}) > 1:
            raise ValueError(f"{error}; this one of {self.count} processes has {number:.10g}")

    def check_begin(self, values: Mapping[str, Value], epochs: int, held_out: int) -> None:
        """Raise a ValueError if the processes would not begin with the same."""
        self.check_same(
            epochs, "each process takes up the same checkpoint: write it to a folder that all see"
        )
        self.check_same(held_out, "each process validates on equally many examples")
        text = repr([*numbers_of(values).values()])
        error = "each process begins with the same model: make it with a seed"
        self.check_same(zlib.crc32(text.encode()), f"{error} (compared by a checksum)")

    def take_generators(self, generators: Sequence[Any]) -> None:
        """Let generators of random numbers go on as those of the first process do, if they differ."""
        for generator in generators if self.count > 1 else ():
            states = self.placement.of_all([zlib.crc32(repr(generator.getstate()).encode())])
            if len({*states[:, 0].tolist()}) > 1:
                seeds = self.placement.of_all([generator.getrandbits(32)])
                generator.setstate(random.Random(int(seeds[0, 0])).getstate())
