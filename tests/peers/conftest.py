"""What the tests beside peers share."""

import pytest


@pytest.fixture(scope="session")
def backends():
    """The backend that the tests of every backend are run on here again."""
    return ["jax"]
