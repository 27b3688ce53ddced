"""Ctrl-C held back while something is changed that must not stay half-changed."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["uninterrupted"]


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
