"""What a forward pass does besides computing: ``no_grad``, ``detect_anomaly``, and being traced."""

from __future__ import annotations

import functools
import inspect
import os
import threading
import types
from collections.abc import Callable, Generator, Iterator
from contextvars import ContextVar
from typing import Any, NoReturn, Protocol, TypeVar, cast

__all__ = ["detect_anomaly", "no_grad"]

Function = TypeVar("Function", bound=Callable[..., Any])


class Mode:
    """How operations behave in this context (a thread, an asyncio task).

    A mode lies on top of another one, and says what it changes. When it has ended it is looked
    through, wherever it still lies: a generator may end in another context than it began in.

    Args:
        outer: what it lies on; None for the ordinary mode.
        changes: ``recording``, whether results remember their operands; ``checking``, whether
            results and gradients must be finite; ``tracer``, what watches the forward pass for the
            compiler, or None. What is not given is as in ``outer``.
    """

    __slots__ = ("changes", "checking", "ended", "outer", "recording", "thread", "tracer")

    recording: bool
    checking: bool
    tracer: Tracer | None

    def __init__(self, outer: Mode | None, **changes: Any) -> None:
        self.outer: Any = outer
        self.changes = changes
        self.ended = False
        self.thread = threading.get_ident()
        self.settle()

    def settle(self) -> None:
        """Find what holds in it now, after a mode that it lies on has ended."""
        changes: dict[str, Any] = {}
        for mode in self.lineage():
            if not mode.ended:
                changes = {**mode.changes, **changes}
        for name, setting in changes.items():  # each is set once: other threads may look at it meanwhile
            setattr(self, name, setting)

    def lineage(self) -> Iterator[Mode]:
        """Iterate over it and all that it lies on."""
        mode = self
        while mode is not None:
            yield mode
            mode = mode.outer


class Tracer(Protocol):
    """What watches a forward pass, and is told of what the graph itself does not show.

    Attributes:
        random: leaves that are to be drawn anew each time, and what draws them.
    """

    random: dict[Any, Any]

    def compared(self, sign: str, left: Any, right: Any, outcome: bool) -> None:
        """Take note of a comparison and of what came out."""

    def fix(self, index: Any) -> None:
        """Take note that the present number of an index was used as a plain one."""

    def is_given(self, value: Any) -> bool:
        """Tell whether a Value stands for a plain number: it was passed or read, or computed from such."""
        raise NotImplementedError

    def number_in(self, value: Any) -> Any:
        """Return what stands for the ``.data`` of a Value: that number, without its gradient."""
        raise NotImplementedError

    def looked_at(self, thing: Any, name: str, found: Any) -> None:
        """Take note that an attribute of a module was read, and what it was."""

    def write(self, value: Any, number: Any) -> None:
        """Take note that the ``.data`` of a Value is set, or raise an error."""

    def refuse(self, what: str) -> NoReturn:
        """Raise an error: a number was read, set or copied that is not known yet."""
        raise NotImplementedError


ORDINARY = Mode(None, recording=True, checking=False, tracer=None)
MODE: ContextVar[Mode] = ContextVar("autograd_lite_mode", default=ORDINARY)

_entered: set[Mode] = set()
"""Whatever has been entered and not left, of any thread."""
_counting = threading.RLock()  # not a Lock: a signal handler may fork, or use a mode, while it is held

ACTIVE: dict[str, Any] = {"modes": 0, "tracers": 0}
"""How many contexts have a changed mode, or a tracer. Kernels have it as their globals, to look fast."""


def current_mode() -> Mode:
    """Return the mode of this context."""
    mode = MODE.get()
    while mode.ended:
        mode = mode.outer
    return mode


def _count() -> None:
    ACTIVE["tracers"] = sum("tracer" in mode.changes for mode in [*_entered])
    ACTIVE["modes"] = len(_entered) - ACTIVE["tracers"]


def _forget_other_threads() -> None:
    """In a child process, which has one thread, forget what the parent's other threads had entered."""
    kept = {*MODE.get().lineage()}
    _entered.intersection_update(
        [mode for mode in _entered if mode.thread == threading.get_ident() or mode in kept]
    )
    _count()
    _counting.release()


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(
        before=_counting.acquire, after_in_parent=_counting.release, after_in_child=_forget_other_threads
    )


class Change:
    """A change of this context's mode: a context manager, and a decorator of functions of every kind."""

    def __init__(self, **changes: Any) -> None:
        self._changes = changes
        self._mode: Mode | None = None

    def __enter__(self) -> None:
        if self._mode is not None:
            raise RuntimeError("this context is already entered: make a new one, as in `with no_grad():`")
        self._mode = Mode(current_mode(), **self._changes)
        with _counting:
            _entered.add(self._mode)
            _count()
        MODE.set(self._mode)

    def __exit__(self, *error: object) -> None:
        self._end()
        MODE.set(current_mode())

    def __del__(self) -> None:
        if self._mode is not None:  # a suspended body was thrown away, as when its event loop is closed
            self._end()

    def _end(self) -> None:
        assert self._mode is not None
        self._mode.ended = True
        with _counting:
            _entered.discard(self._mode)
            _count()
            for mode in [*_entered]:  # a signal handler may enter another one meanwhile
                mode.settle()
        self._mode = None

    def __call__(self, function: Function) -> Function:
        """Let the change hold while the body of a function runs, and not while it is suspended."""
        wrapper = _wrapper(function, functools.partial(Change, **self._changes))
        return cast("Function", functools.update_wrapper(wrapper, function))


def _wrapper(function: Callable[..., Any], change: Callable[[], Change]) -> Callable[..., Any]:
    """Make a function of the same kind whose body runs changed."""

    def call(*args: Any, **kwargs: Any) -> Any:
        with change():
            return function(*args, **kwargs)

    def generate(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        return (yield from _steps(function(*args, **kwargs), change))

    async def wait(*args: Any, **kwargs: Any) -> Any:
        return await _awaited(function(*args, **kwargs), change)

    async def generate_waiting(*args: Any, **kwargs: Any) -> Any:
        body = function(*args, **kwargs)
        step = body.asend(None)
        while True:
            try:
                item = await _awaited(step, change)
            except StopAsyncIteration:
                return
            try:
                step = body.asend((yield item))
            except GeneratorExit:
                await _awaited(body.aclose(), change)
                raise
            except BaseException as error:
                step = body.athrow(error)

    if inspect.isgeneratorfunction(function):
        return generate
    if inspect.isasyncgenfunction(function):
        return generate_waiting
    return wait if inspect.iscoroutinefunction(function) else call


def _steps(body: Any, change: Callable[[], Change]) -> Generator[Any, Any, Any]:
    """Run a generator, or whatever can be awaited, from one suspension to the next, each time changed."""
    step, sent = body.send, None
    while True:
        try:
            with change():
                item = step(sent)
        except StopIteration as stop:
            return stop.value
        try:
            step, sent = body.send, (yield item)
        except GeneratorExit:
            with change():
                body.close()
            raise
        except BaseException as error:
            step, sent = body.throw, error


_awaited: Any = types.coroutine(_steps)


def is_given(value: Any) -> bool:
    """Tell whether a number is a Value only because a tracer passes it: eagerly it is a plain number."""
    tracer = current_tracer()
    return tracer is not None and hasattr(value, "_layout") and tracer.is_given(value)


def traced_by(tracer: Tracer | None) -> Change:
    """Let a tracer watch: it is told of comparisons, and numbers may not be read."""
    return Change(tracer=tracer)


def current_tracer() -> Tracer | None:
    """Return what watches this context's forward pass; None outside the compiler."""
    return current_mode().tracer if ACTIVE["tracers"] else None


def no_grad() -> Change:
    """Compute without recording: results are leaves, and no graph is built.

    Use it as a context manager, or as a decorator of a function. That of a generator or of an
    ``async`` function holds while its body runs, and not in the caller while it is suspended;
    ``with no_grad()`` inside a generator holds in the caller, too, until the generator goes on,
    which is how a helper made with ``@contextmanager`` switches its caller off.

    Example:
        >>> from autograd_lite import Value
        >>> x = Value(3.0)
        >>> with no_grad():
        ...     y = x * x
        >>> y.data, y.parents
        (9.0, ())
    """
    return Change(recording=False)


def detect_anomaly() -> Change:
    """Raise a FloatingPointError as soon as a result or a gradient is not finite.

    The message names the operation, its operands and their labels. Use it to find
    where a nan comes from; it makes everything slower. As a decorator, and inside a
    generator, it holds where ``no_grad`` does.

    Example:
        >>> from autograd_lite import Value
        >>> with detect_anomaly():
        ...     Value(1e200, label="x") * 1e200
        Traceback (most recent call last):
        FloatingPointError: mul(x=1e+200, 1e+200) is inf
    """
    return Change(checking=True)
