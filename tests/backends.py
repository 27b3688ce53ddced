"""The backends that are there: JAX's only where it is installed."""

import importlib.util

BACKENDS = ["python", "numpy", *(["jax"] if importlib.util.find_spec("jax") else [])]
