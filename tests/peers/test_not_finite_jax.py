"""What passes nothing on, and logits of any size, compiled for JAX: the tests of every backend once more.

Needs JAX: python3 -m pip install jax==0.10.2
"""

import jax  # noqa: F401  (named here, so that its absence is named too)
from test_not_finite import *  # noqa: F403 - all its tests, on JAX
