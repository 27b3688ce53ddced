"""Ctrl-C held back while something is changed that must not stay half-changed."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

__all__ = ["OneInterrupt", "uninterrupted"]


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Let Ctrl-C wait until the body has ended; it takes effect then.

    Only Python's main thread is ever interrupted: in other threads this does nothing.

    Example:
        >>> import signal
        >>> done = []
        >>> try:
        ...     with uninterrupted():
        ...         signal.raise_signal(signal.SIGINT)
        ...         done.append("the whole body")
        ... except KeyboardInterrupt:
        ...     done.append("then the interrupt")
        >>> done
        ['the whole body', 'then the interrupt']
    """
    before = signal.getsignal(signal.SIGINT)
    if not callable(before):  # ignored, or not Python's to handle
        yield
        return
    waiting: list[tuple[int, Any]] = []
    try:
        signal.signal(signal.SIGINT, lambda number, frame: waiting.append((number, frame)))
    except ValueError:  # not the main thread
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if waiting:
            before(*waiting[0])


class OneInterrupt:
    """Lets the first Ctrl-C through, and drops all that follow: what it ends can come to its end.

    Only Python's main thread is ever interrupted: in other threads this does nothing.

    Example:
        >>> import signal
        >>> interrupts = OneInterrupt()
        >>> try:
        ...     interrupts.begin()
        ...     signal.raise_signal(signal.SIGINT)
        ... except KeyboardInterrupt:
        ...     signal.raise_signal(signal.SIGINT)
        ... finally:
        ...     interrupts.end()
        >>> signal.getsignal(signal.SIGINT) is signal.default_int_handler
        True
    """

    def __init__(self) -> None:
        self._before: Any = None

    def begin(self) -> None:
        """Let one Ctrl-C through from now on, also if one came before, and was caught."""
        now = signal.getsignal(signal.SIGINT)
        if now == self._first:  # as at the beginning of most epochs
            return
        if now != self._drop:
            self._before = now
        if callable(self._before):
            with suppress(ValueError):  # not the main thread
                signal.signal(signal.SIGINT, self._first)

    def end(self) -> None:
        """Let every Ctrl-C do again what it did before."""
        if signal.getsignal(signal.SIGINT) in (self._first, self._drop):
            signal.signal(signal.SIGINT, self._before)

    def _first(self, number: int, frame: Any) -> None:
        signal.signal(signal.SIGINT, self._drop)
        self._before(number, frame)
        signal.signal(signal.SIGINT, self._first)  # it interrupted nothing

    def _drop(self, number: int, frame: Any) -> None:
        """Do nothing."""
