"""A progress bar for long work: the notebook's own, or in a terminal one by tqdm if it is installed."""

from __future__ import annotations

import html
import importlib
import os
import sys
import time
from typing import Any

__all__ = ["Progress"]

PATIENCE = 2.0
"""Seconds of work after which a bar is shown, if there is more."""
PAUSE = 0.1
"""Seconds from which on a notebook is shown where it is."""


class Progress:
    """A bar over steps, shown if wanted, or after two seconds of work.

    Args:
        wanted: True, False, or None to wait for two seconds. The environment variable
            TQDM_DISABLE=1 stands for False.

    Raises:
        TypeError: if it is none of them.
        ImportError: if it is wanted and, outside a notebook, tqdm is not installed.
    """

    def __init__(self, wanted: bool | None) -> None:
        if isinstance(wanted, str) or wanted not in (True, False, None):
            raise TypeError(f"progress is True, False or None, got {wanted!r}")
        self.make: Any = None
        self.bar: Any = None
        self.wanted, self.steps, self.done, self.began = wanted, 0, 0, 0.0
        if wanted is not False and not os.environ.get("TQDM_DISABLE"):
            try:
                self.make = NotebookBar if _is_in_notebook() else importlib.import_module("tqdm").tqdm
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
            is_early = time.perf_counter() - self.began < PATIENCE or self.done == self.steps
            if not self.wanted and is_early:
                return
            self.bar = self.make(total=self.steps, initial=self.done - 1, unit="step")
        self.bar.set_postfix(loss=f"{loss:.4g}", refresh=False)
        self.bar.update()

    def close(self) -> None:
        """Leave the bar as it is."""
        if self.bar is not None:
            self.bar.close()


class NotebookBar:
    """A bar that a notebook shows below its cell and keeps up to date; called as tqdm's.

    Args:
        total: how many steps there are.
        initial: how many of them are done.
        unit: what they are called.
    """

    def __init__(self, total: int, initial: int, unit: str) -> None:
        self.total, self.done, self.unit, self.words = total, initial, unit, ""
        self.first, self.began = initial, time.perf_counter()
        self.shown = self.began
        self.handle = importlib.import_module("IPython.display").display(self, display_id=True)

    def set_postfix(self, **words: str) -> None:
        """Say something of the last step."""
        self.words = ", ".join(f"{name} {word}" for name, word in words.items() if name != "refresh")

    def update(self) -> None:
        """Count a step."""
        self.done += 1
        if time.perf_counter() - self.shown >= PAUSE:
            self.close()

    def close(self) -> None:
        """Show where it is."""
        self.shown = time.perf_counter()
        self.handle.update(self)

    def __repr__(self) -> str:
        spent = time.perf_counter() - self.began
        left = spent / max(self.done - self.first, 1) * (self.total - self.done)
        words = [f"{self.done} of {self.total} {self.unit}s", self.words]
        words += [f"{left:.0f} s left"] * (left >= 0.5)
        return ", ".join(filter(None, words))

    def _repr_html_(self) -> str:
        bar = f'<progress value="{self.done}" max="{self.total}"></progress>'
        return f"<div>{bar} {html.escape(repr(self))}</div>"


def _is_in_notebook() -> bool:
    """Tell whether a kernel of Jupyter runs this, which shows HTML and not a terminal's lines."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return "IPKernelApp" in getattr(shell, "config", ())
