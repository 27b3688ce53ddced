"""What several tests share: a browser, both ways to find places for a drawing, backends and a weight."""

import pytest
from browser import browser, found

from autograd_lite import Value


@pytest.fixture(scope="session")
def chrome():
    """Start one Chromium for all tests."""
    with browser() as driver:
        driver.set_window_size(1000, 900)
        yield driver


@pytest.fixture(params=["dot", "built-in"])
def engine(request):
    """Run a test once with Graphviz, which must be there, and once without it."""
    if request.param == "dot":
        found("dot")
    return request.param


@pytest.fixture(params=["python", "numpy", "auto"])
def backend(request):
    return request.param


@pytest.fixture
def w():
    return Value(2.0, label="w")
