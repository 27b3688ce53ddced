"""no_grad and detect_anomaly hold where they should: in generators, coroutines and child processes."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import inspect
import os
import signal
import threading
import time

import pytest

from autograd_lite import Value, detect_anomaly, no_grad
from autograd_lite.core.modes import ACTIVE, current_mode, traced_by

pytestmark = pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # of fork beside threads
CHANGES = [no_grad, detect_anomaly]
x = Value(3.0)


def changed():
    """Tell whether a mode is on here, as an operation shows it."""
    recorded = (x * x).parents == (x, x)
    try:
        _ = x * 1e308 * 1e308
        checked = False
    except FloatingPointError:
        checked = True
    assert (recorded, checked) == (current_mode().recording, current_mode().checking)
    return not recorded or checked


@pytest.fixture(autouse=True)
def nothing_is_left():
    yield
    assert not changed()
    assert (ACTIVE["modes"], ACTIVE["tracers"]) == (0, 0)


# ---- Decorators ------------------------------------------------------------------------------


@pytest.mark.parametrize("change", CHANGES)
def test_a_decorated_generator_is_changed_while_its_body_runs_and_its_caller_never(change):
    ended = []

    @change()
    def body(first, second=2):
        """Its words."""
        try:
            received = yield (first, changed())
            try:
                yield (received, changed())
            except KeyError:
                yield ("caught", changed())
            return (second, changed())
        finally:
            ended.append(changed())

    assert inspect.isgeneratorfunction(body) and body.__doc__ == "Its words."
    steps = body(1)
    assert not changed()
    assert next(steps) == (1, True) and not changed()
    assert steps.send("sent") == ("sent", True) and not changed()
    assert steps.throw(KeyError()) == ("caught", True) and not changed()
    with pytest.raises(StopIteration) as stop:
        next(steps)
    assert stop.value.value == (2, True)
    early = body(1)
    next(early)
    early.close()
    dropped = body(1)
    next(dropped)
    del dropped
    gc.collect()
    assert ended == [True] * 3
    failing = body(1)
    next(failing)
    with pytest.raises(ZeroDivisionError):
        failing.throw(ZeroDivisionError())


@pytest.mark.parametrize("change", CHANGES)
def test_a_decorated_coroutine_is_changed_while_its_body_runs_and_no_other_task_is(change):
    seen, beside = [], []

    @change()
    async def body(number):
        seen.append(changed())
        await asyncio.sleep(0)
        seen.append(changed())
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(10 if number < 0 else 0)
        seen.append(changed())
        return number

    async def other():
        for _ in range(5):
            beside.append(changed())
            await asyncio.sleep(0)

    async def main():
        assert inspect.iscoroutinefunction(body)
        assert (await asyncio.gather(body(1), other(), body(2)))[::2] == [1, 2]
        task = asyncio.ensure_future(body(-1))
        for _ in range(3):
            await asyncio.sleep(0)
        task.cancel()
        assert await task == -1
        assert await body(3) == 3 and not changed()

    asyncio.run(main())
    assert seen == [True] * 12 and beside == [False] * 5
    stepped = body(1)
    stepped.send(None)
    assert not changed()
    stepped.close()


@pytest.mark.parametrize("change", CHANGES)
def test_a_decorated_async_generator_is_changed_while_its_body_runs(change):
    ended = []

    @change()
    async def body():
        try:
            await asyncio.sleep(0)
            received = yield changed()
            await asyncio.sleep(0)
            try:
                yield (received, changed())
            except KeyError:
                await asyncio.sleep(0)
                yield ("caught", changed())
        finally:
            await asyncio.sleep(0)
            ended.append(changed())

    async def main():
        assert inspect.isasyncgenfunction(body)
        steps = body()
        assert await anext(steps) and not changed()
        assert await steps.asend("sent") == ("sent", True) and not changed()
        assert await steps.athrow(KeyError()) == ("caught", True) and not changed()
        assert [item async for item in steps] == []
        async for _ in body():
            assert not changed()
            break
        closed = body()
        await anext(closed)
        await closed.aclose()
        await asyncio.sleep(0)
        assert not changed()

    asyncio.run(main())
    assert ended == [True] * 3


def test_a_decorator_serves_many_calls_at_once_and_changes_nest():
    @no_grad()
    def deep(number):
        return (changed(), *(deep(number - 1) if number else ()))

    assert deep(3) == (True,) * 4

    @detect_anomaly()
    @no_grad()
    def both():
        yield (current_mode().recording, current_mode().checking)

    assert [*both(), *zip(both(), both())] == [(False, True), ((False, True), (False, True))]


def test_a_context_is_entered_once_at_a_time():
    quiet = no_grad()
    for _ in range(2):
        with quiet:
            assert changed()
            with pytest.raises(RuntimeError, match="make a new one"), quiet:
                pass
        assert not changed()


# ---- `with` inside a generator -----------------------------------------------------------------


@pytest.mark.parametrize("change", CHANGES)
def test_with_in_a_suspended_generator_holds_in_its_caller_as_helpers_need(change):
    @contextlib.contextmanager
    def helper():
        with change():
            yield

    with helper():
        assert changed()
    assert not changed()

    @contextlib.asynccontextmanager
    async def async_helper():
        with change():
            yield

    async def main():
        async with async_helper():
            assert changed()
        assert not changed()

    asyncio.run(main())


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("close_loop_properly", [True, False])
def test_an_async_generator_left_early_leaves_no_mode_behind(change, close_loop_properly):
    async def body():
        with change():
            yield changed()
            yield changed()

    async def main():
        async for inside in body():
            assert inside
            break
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert not changed()
        kept.append(body())
        await anext(kept[0])

    kept = []
    loop = asyncio.new_event_loop()
    loop.run_until_complete(main())
    if close_loop_properly:
        loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()
    kept.clear()
    gc.collect()


def test_generators_that_end_in_another_order_than_they_began():
    def body(change):
        with change():
            yield

    for first, second in [(no_grad, detect_anomaly), (detect_anomaly, no_grad), (no_grad, no_grad)]:
        one, two = body(first), body(second)
        next(one)
        next(two)
        one.close()
        assert (current_mode().recording, current_mode().checking) == (
            second is not no_grad,
            second is not no_grad,
        )
        two.close()
        assert not changed()


def test_a_generator_that_is_ended_by_another_thread():
    def body():
        with no_grad():
            yield

    steps = body()
    next(steps)
    thread = threading.Thread(target=steps.close)
    thread.start()
    thread.join()


# ---- Child processes ---------------------------------------------------------------------------


def in_child(work, seconds=20.0):
    """Fork, do some work in the child, and give its exit status; 0 if the work returned True."""
    child = os.fork()
    if child == 0:
        try:
            os._exit(0 if work() else 1)
        finally:
            os._exit(2)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.001)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return "stands still"


@contextlib.contextmanager
def in_threads(*bodies):
    """Let other threads run some bodies again and again."""
    done = threading.Event()

    def again(body):
        while not done.is_set():
            body()

    threads = [threading.Thread(target=again, args=(body,)) for body in bodies]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        done.set()
        for thread in threads:
            thread.join()


def test_fork_while_other_threads_sweep_and_change_modes():
    y = Value(1.0)
    y.grad = 0.5
    chain = y
    for _ in range(2000):
        chain = chain * 1.0

    def sweeping():
        chain.backward()

    def switching():
        with no_grad(), detect_anomaly(), traced_by(None):
            time.sleep(0)

    def work():
        before = y.grad
        chain.backward()
        whole = before % 1.0 == 0.5  # not what a sweep has half done
        return whole and y.grad == before + 1.0 and not changed() and ACTIVE["tracers"] == 0

    with in_threads(sweeping, switching):
        assert [in_child(work) for _ in range(12)] == [0] * 12


def test_a_child_keeps_the_modes_of_the_thread_that_forked():
    def switching():
        with no_grad(), traced_by(None):
            time.sleep(0.001)

    def counted(number):
        return lambda: (ACTIVE["modes"], ACTIVE["tracers"]) == (number, 0) and changed()

    with in_threads(switching), no_grad():
        assert [in_child(counted(1)) for _ in range(5)] == [0] * 5
        with detect_anomaly():
            assert in_child(counted(2)) == 0


def test_a_child_of_a_thread_that_runs_in_its_maker_s_context():
    async def main():
        with no_grad():
            return await asyncio.to_thread(in_child, changed)

    assert asyncio.run(main()) == 0
