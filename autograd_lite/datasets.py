"""Small data sets to learn from, as plain lists.

All that is drawn comes from ``random.Random(seed).random()`` alone, so a seed gives the
same numbers in every process and in every version of Python.
"""

from __future__ import annotations

import importlib.util
import math
import operator
import random
from cmath import rect
from collections.abc import Callable, Sequence
from http.client import HTTPException
from importlib.resources import files
from typing import Any, TypeVar

from autograd_lite.core.coercion import is_plain
from autograd_lite.core.suggestions import show_only_public
from autograd_lite.core.tables import as_pairs

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

Rows = list[list[float]]
Labelled = tuple[Rows, list[int]]
Place = Callable[[int, float], complex]
"""A class k, and how far t along its path a point is, from 0 to 1, give the point x₁ + x₂ i."""
Example = TypeVar("Example")
Target = TypeVar("Target")


def and_gate() -> Labelled:
    """Return the truth table of AND as (X, y); one line separates its classes.

    Example:
        >>> and_gate()
        ([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0, 0, 0, 1])

    Source: lectures A5.
    """
    return _corners(), [0, 0, 0, 1]


def or_gate() -> Labelled:
    """Return the truth table of OR as (X, y); one line separates its classes.

    Example:
        >>> or_gate()[1]
        [0, 1, 1, 1]

    Source: lectures A5.
    """
    return _corners(), [0, 1, 1, 1]


def xor() -> Labelled:
    """Return the truth table of XOR as (X, y); no line separates its classes.

    Example:
        >>> xor()[1]
        [0, 1, 1, 0]

    Source: lectures A4, A5.
    """
    return _corners(), [0, 1, 1, 0]


def moons(n: int = 100, noise: float = 0.1, seed: int = 0) -> Labelled:
    """Make two interleaving half circles of radius 1.

    Formula:
        `class 0: (cos t, sin t),  class 1: (1 - cos t, ½ - sin t),  t evenly from 0 to π`

    Args:
        n: how many points in total, at least 2; the classes alternate: 0, 1, 0, 1, ...
        noise: standard deviation of the normal noise on each coordinate, 0 or more.
        seed: of the noise, a whole number.

    Returns:
        X, n points [x₁, x₂], and y, n classes 0 or 1.

    Raises:
        ValueError: if an argument is out of its range.

    Example:
        >>> X, y = moons(4, noise=0.0)
        >>> [[round(x, 6) + 0.0 for x in point] for point in X], y
        ([[1.0, 0.0], [0.0, 0.5], [-1.0, 0.0], [2.0, 0.5]], [0, 1, 0, 1])

    Source: lectures B10; micrograd's demo.
    """
    return _points(n, 2, noise, seed, lambda k, t: (1 + 0.5j) * k + (1 - 2 * k) * rect(1.0, math.pi * t))


def circles(n: int = 100, noise: float = 0.05, seed: int = 0, *, inner: float = 0.5) -> Labelled:
    """Make two circles, one inside the other.

    Formula:
        `class 0: (cos t, sin t),  class 1: inner · (cos t, sin t),  t evenly around the circle`

    Args:
        n, noise, seed: as for ``moons``.
        inner: radius of the inner circle, between 0 and 1.

    Returns and Raises as for ``moons``.

    Example:
        >>> X, y = circles(6, noise=0.0)
        >>> [round(math.hypot(*point), 6) for point in X]
        [1.0, 0.5, 1.0, 0.5, 1.0, 0.5]

    Source: lectures B10.
    """
    if not is_plain(inner) or not 0.0 < inner < 1.0:
        raise ValueError(f"inner is a radius between 0 and 1, got {inner!r}")
    return _points(n, 2, noise, seed, lambda k, t: rect(inner if k else 1.0, math.tau * t), closed=True)


def spirals(n: int = 150, classes: int = 3, noise: float = 0.03, seed: int = 0) -> Labelled:
    """Make spiral arms around the origin, one for each class.

    Formula:
        `class k: r · (cos t, sin t),  t = 2πk / classes + 4r,  r evenly from 0.1 to 1`

    Args:
        n: how many points in total, at least one for each class; the classes alternate: 0, 1, 2, 0, ...
        classes: how many arms, at least 2.
        noise, seed: as for ``moons``.

    Returns and Raises as for ``moons``, with the classes 0 ... classes - 1.

    Example:
        >>> X, y = spirals(6, noise=0.0)
        >>> [round(math.hypot(*point), 6) for point in X], y
        ([0.1, 0.1, 0.1, 1.0, 1.0, 1.0], [0, 1, 2, 0, 1, 2])

    Source: lectures B8, B10.
    """
    return _points(
        n, classes, noise, seed, lambda k, t: rect(r := 0.1 + 0.9 * t, math.tau * k / classes + 4.0 * r)
    )


def blobs(n: int = 100, classes: int = 3, noise: float = 0.5, seed: int = 0) -> Labelled:
    """Make round clouds of points, one for each class.

    Formula:
        `class k: normal around 2 · (cos t, sin t),  t = 2πk / classes`

    Args:
        n, seed: as for ``spirals``.
        classes: how many clouds, at least 2.
        noise: standard deviation of a cloud along each coordinate, 0 or more.

    Returns and Raises as for ``moons``, with the classes 0 ... classes - 1.

    Example:
        >>> X, y = blobs(2, classes=2, noise=0.0)
        >>> [[round(x, 6) for x in point] for point in X], y
        ([[2.0, 0.0], [-2.0, 0.0]], [0, 1])

    Source: lectures B3.
    """
    return _points(n, classes, noise, seed, lambda k, t: rect(2.0, math.tau * k / classes))


def curve(n: int = 100, noise: float = 0.1, seed: int = 0) -> tuple[Rows, list[float]]:
    """Make a regression with one input: a wave on a slope.

    Formula:
        `y = sin(2x) + x / 2 + noise,  x evenly from -2 to 2`

    Args:
        n: how many points, at least 2; in order of x.
        noise: standard deviation of the normal noise on y, 0 or more.
        seed: of the noise, as for ``moons``.

    Returns and Raises as for ``moons``, with rows [x] and targets y that are floats.

    Example:
        >>> X, y = curve(3, noise=0.0)
        >>> X, [round(target, 6) for target in y]
        ([[-2.0], [0.0], [2.0]], [-0.243198, 0.0, 0.243198])

    Source: lectures B6, C11.
    """
    count, drawn = _whole("n", n, 2), _noise(noise, seed)
    X = [[4.0 * i / (count - 1) - 2.0] for i in range(count)]
    return X, [math.sin(2.0 * x) + x / 2.0 + drawn() for (x,) in X]


def words() -> list[str]:
    """List common given names in the letters a to z, to learn a language model from.

    Example:
        >>> len(words()), words()[:3]
        (116, ['aaron', 'abigail', 'adam'])

    Source: lectures B5, B14.
    """
    return WORDS.split()


def names() -> list[str]:
    """List given names in the letters a to z, the most common first, to learn a language model from.

    They are those that at least one in 10 000 women, or as many men, bore in the United States in 1990.

    Example:
        >>> len(names()), names()[:3], names()[-1]
        (1555, ['james', 'john', 'robert'], 'wendi')

    Source: U.S. Census Bureau, Frequently Occurring Names from the 1990 Census (public domain).
    """
    return files("autograd_lite").joinpath("given_names.txt").read_text(encoding="utf-8").split()


def digits() -> Labelled:
    """Load scikit-learn's bundled images of handwritten digits, 8 × 8 pixels each.

    Returns:
        X, 1797 rows of 64 brightnesses from 0 to 1, line by line, and y, the digits 0 ... 9.

    Raises:
        ImportError: if scikit-learn is missing.

    Example:
        >>> X, y = digits()
        >>> len(X), len(X[0]), y[:5]
        (1797, 64, [0, 1, 2, 3, 4])

    Source: lectures B11, in small.
    """
    X, y = _bundled("digits")
    return [[pixel / 16.0 for pixel in row] for row in X], y


def iris() -> Labelled:
    """Load scikit-learn's bundled measures of iris flowers, of three species.

    Returns:
        X, 150 rows of 4 lengths in cm (sepal length and width, petal length and width), and y,
        the species 0, 1, 2: setosa, versicolor, virginica.

    Raises:
        ImportError: if scikit-learn is missing.

    Example:
        >>> X, y = iris()
        >>> len(X), X[0], y[0]
        (150, [5.1, 3.5, 1.4, 0.2], 0)

    Source: Fisher, The use of multiple measurements in taxonomic problems (1936).
    """
    X, y = _bundled("iris")
    return X, y


def wine() -> Labelled:
    """Load scikit-learn's bundled analyses of wines of three growers.

    The features differ a thousandfold in size: scale them, with ``preprocess.Standardize``.

    Returns:
        X, 178 rows of 13 measures, such as alcohol, and y, the growers 0, 1, 2.

    Raises:
        ImportError: if scikit-learn is missing.

    Example:
        >>> X, y = wine()
        >>> len(X), X[0][:3], X[0][-1], y[0]
        (178, [14.23, 1.71, 2.43], 1065.0, 0)

    Source: Forina et al., PARVUS (1988).
    """
    X, y = _bundled("wine")
    return X, y


def diabetes() -> tuple[Rows, list[float]]:
    """Load scikit-learn's bundled regression: how a diabetes went on within a year.

    Returns:
        X, 442 rows of 10 features (age, sex, body mass index, blood pressure, six of serum), each
        with mean 0 and Σ x² = 1, and y, a measure of the disease from 25 to 346.

    Raises:
        ImportError: if scikit-learn is missing.

    Example:
        >>> X, y = diabetes()
        >>> len(X), len(X[0]), y[0]
        (442, 10, 151.0)

    Source: Efron et al., Least angle regression (2004).
    """
    X, y = _bundled("diabetes")
    return X, y


def mnist() -> Labelled:
    """Load the MNIST images of handwritten digits, 28 × 28 pixels each.

    scikit-learn downloads them once and keeps them; with pandas installed they are read faster.

    Returns:
        X, 70 000 rows of 784 brightnesses from 0 to 1, and y, the digits; the last 10 000 for testing.

    Raises:
        ImportError: if scikit-learn is missing.
        OSError: if the images cannot be downloaded.

    Source: lectures B11.
    """
    fetch = _scikit_learn("mnist").fetch_openml
    parser = "pandas" if importlib.util.find_spec("pandas") else "liac-arff"
    try:
        loaded = fetch("mnist_784", version=1, as_frame=False, parser=parser, n_retries=1)
    except (OSError, HTTPException, ValueError) as error:
        raise OSError(
            f"MNIST could not be downloaded ({error}): "
            "try again with a network, or use datasets.digits(), which needs none"
        ) from error
    brightness = [level / 255.0 for level in range(256)]  # 256 floats, shared by all pixels
    X = [[brightness[int(pixel)] for pixel in row] for row in loaded.data]
    return X, [int(label) for label in loaded.target]


def split(
    X: Sequence[Example], y: Sequence[Target], fraction: float = 0.2, seed: int = 0
) -> tuple[list[Example], list[Target], list[Example], list[Target]]:
    """Shuffle examples and hold some of them out for testing.

    Args:
        X, y: N examples and N targets: lists, arrays, or tables of pandas or polars, by rows.
        fraction: the share to hold out, between 0 and 1.
        seed: of the order, a whole number.

    Returns:
        X_train, y_train, X_test, y_test: four lists.

    Raises:
        TypeError, ValueError: if X or y has no rows, their lengths differ, or one side would be empty.

    Example:
        >>> X_train, y_train, X_test, y_test = split(list("abcde"), [1, 2, 3, 4, 5], fraction=0.4)
        >>> len(X_train), len(y_train), len(X_test), len(y_test)
        (3, 3, 2, 2)

    Source: lectures C7.
    """
    X, y = as_pairs(X, y, text=True)
    if not is_plain(fraction) or not 0.0 < fraction < 1.0:
        raise ValueError(f"fraction is a share between 0 and 1, such as 0.2, got {fraction!r}")
    count = round(len(X) * fraction)
    if not 0 < count < len(X):
        raise ValueError(f"a fraction of {fraction} of {len(X)} examples leaves one side empty")
    generator = random.Random(_whole("seed", seed))
    order = sorted(range(len(X)), key=lambda index: generator.random())
    train, test = order[count:], order[:count]
    return [X[i] for i in train], [y[i] for i in train], [X[i] for i in test], [y[i] for i in test]


# ---- What they are made of --------------------------------------------------------------------

WORDS: str = """
aaron abigail adam albert alexander alice amanda andrea andrew angela anna anthony ben beth brian bruce
carla carol catherine charles charlotte christina clara daniel david diana dorothy edward eli elizabeth
emily emma eva felix fiona george grace gregory hannah harold helen henry hugo ian isaac isabel jack jacob
james jane jason jessica john jonathan joseph joshua joyce judith julia karen katherine kevin laura leo liam
lily linda louis lucas lucy maria martha martin mary matthew maya michael mila nancy nathan nicholas nina
noah nora oliver olivia oscar pamela patrick paul peter rachel raymond rebecca richard robert rose ryan
samuel sara scott sofia stephen steven susan teresa thomas timothy tyler victor victoria vincent walter
wendy william zoe
"""


def _corners() -> Rows:
    return [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]


def _points(n: int, classes: int, noise: float, seed: int, place: Place, closed: bool = False) -> Labelled:
    """Place n points, the classes in turn; on a closed path the end, t = 1, is the start."""
    kinds = _whole("classes", classes, 2)
    count, drawn = _whole("n", n, kinds), _noise(noise, seed)
    X, y = [], []
    for index in range(count):
        k, rank = index % kinds, index // kinds
        steps = (count - 1 - k) // kinds + closed
        point = place(k, rank / max(steps, 1))
        X.append([x + drawn() for x in (point.real, point.imag)])
        y.append(k)
    return X, y


def _noise(noise: float, seed: int) -> Callable[[], float]:
    """Return a function that draws normal noise (Box and Muller's method)."""
    if not is_plain(noise) or not 0.0 <= noise < math.inf:
        raise ValueError(f"noise is a standard deviation, 0 or more, got {noise!r}")
    draw = random.Random(_whole("seed", seed)).random
    return lambda: noise * math.sqrt(-2.0 * math.log(1.0 - draw())) * math.cos(math.tau * draw())


def _whole(name: str, number: int, least: int | None = None) -> int:
    at_least = "" if least is None else f" of at least {least}"
    whole = not isinstance(number, bool) and hasattr(number, "__index__")
    if not whole or (least is not None and number < least):
        raise ValueError(f"{name} is a whole number{at_least}, got {number!r}")
    return operator.index(number)


def _bundled(name: str) -> Any:
    loaded = getattr(_scikit_learn(name), f"load_{name}")()
    return loaded.data.tolist(), loaded.target.tolist()


def _scikit_learn(wanted: str) -> Any:
    try:
        return importlib.import_module("sklearn.datasets")
    except ImportError:
        raise ImportError(f"datasets.{wanted}() comes with scikit-learn: pip install scikit-learn") from None


show_only_public(__name__)
