"""A progress bar for long work, by tqdm if it is installed."""

from __future__ import annotations

import importlib
import time
import warnings
from typing import Any

__all__ = ["Progress"]

PATIENCE = 2.0
"""Seconds of work ahead from which on a bar is shown."""


class Progress:
    """A bar over steps, shown if wanted, or if much work is ahead.

    Args:
        wanted: True, False, or None to decide by the time that the steps take.

    Raises:
        ImportError: if it is wanted and tqdm is not installed.
    """

    def __init__(self, wanted: bool | None) -> None:
        self.make: Any = None
        self.bar: Any = None
        self.wanted, self.steps, self.done, self.began = wanted, 0, 0, 0.0
        if wanted is not False:
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # in a notebook it would rather have the ipywidgets
                    self.make = importlib.import_module("tqdm.auto").tqdm
            except ImportError:
                if wanted:
                    raise ImportError("a progress bar needs tqdm: pip install tqdm") from None

    def expect(self, steps: int) -> None:
        """Say how many steps are ahead, and begin."""
        self.steps, self.began = steps, time.perf_counter()

    def advance(self, loss: float) -> None:
        """Count a step, and show its loss."""
        self.done += 1
        if self.make is None:
            return
        if self.bar is None:
            ahead = (time.perf_counter() - self.began) / self.done * (self.steps - self.done)
            if not self.wanted and ahead < PATIENCE:
                return
            self.bar = self.make(total=self.steps, initial=self.done - 1, unit="step")
        self.bar.set_postfix(loss=f"{loss:.4g}", refresh=False)
        self.bar.update()

    def close(self) -> None:
        """Leave the bar as it is."""
        if self.bar is not None:
            self.bar.close()
