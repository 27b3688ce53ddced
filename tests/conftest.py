"""What several tests share: a browser, and both ways to find places for a drawing."""

import pytest
from browser import browser, found


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
