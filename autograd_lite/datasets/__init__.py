"""Small data sets to learn from, as plain lists.

All that is drawn comes from ``random.Random(seed).random()`` alone, so a seed gives the
same numbers in every process and in every version of Python.
"""

from autograd_lite.core.suggestions import show_only_public
from autograd_lite.datasets.loaded import diabetes, digits, iris, mnist, wine
from autograd_lite.datasets.points import and_gate, blobs, circles, curve, moons, or_gate, spirals, xor
from autograd_lite.datasets.splitting import split
from autograd_lite.datasets.texts import names, words

__all__ = [
    "and_gate",
    "blobs",
    "circles",
    "curve",
    "diabetes",
    "digits",
    "iris",
    "mnist",
    "moons",
    "names",
    "or_gate",
    "spirals",
    "split",
    "wine",
    "words",
    "xor",
]

show_only_public(__name__)
