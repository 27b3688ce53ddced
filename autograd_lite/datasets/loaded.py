"""Data sets that scikit-learn brings, or downloads."""

from __future__ import annotations

import importlib.util
from http.client import HTTPException
from typing import Any

from autograd_lite.datasets.points import Labelled, Rows

__all__ = ["diabetes", "digits", "iris", "mnist", "wine"]


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


def _bundled(name: str) -> Any:
    loaded = getattr(_scikit_learn(name), f"load_{name}")()
    return loaded.data.tolist(), loaded.target.tolist()


def _scikit_learn(wanted: str) -> Any:
    try:
        return importlib.import_module("sklearn.datasets")
    except ImportError:
        raise ImportError(f"datasets.{wanted}() comes with scikit-learn: pip install scikit-learn") from None
