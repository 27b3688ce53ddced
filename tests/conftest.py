"""What several tests share: a browser, and both ways to find places for a drawing."""

import os
import signal
import sys

import pytest
from browser import browser, found
from hypothesis import settings

settings.register_profile("untimed", deadline=None)  # a busy machine fails no test
settings.load_profile("untimed")


def pytest_configure():
    """Give the tests what a job in the foreground has, for a shell's background job has neither."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # tests strike Ctrl-C at chosen moments
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if sys.__stdin__ is None:  # IPython asks for its encoding
        sys.__stdin__ = open(os.devnull)


@pytest.fixture(scope="session")
def chrome():
    """Start one Chromium for all tests."""
    with browser() as driver:
        driver.set_window_size(1000, 900)
        yield driver


@pytest.fixture(params=["dot", "built-in"])
def engine(request):
    """Run a test once with Graphviz, which must be there, and once with the built-in layout."""
    if request.param == "dot":
        found("dot")
    return request.param


@pytest.fixture(scope="session")
def backends():
    """The backends that a test goes through; those of ``peers`` go through JAX's."""
    return ["python", "numpy"]
