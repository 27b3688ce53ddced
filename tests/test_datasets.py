"""Data sets: shapes, classes, geometry, the same numbers everywhere, and clear refusals."""

import math
import os
import string
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from urllib.error import URLError

import pytest
import sklearn.datasets

from autograd_lite import datasets

ROOT = Path(__file__).parents[1]
PLANE = {
    "moons": (100, [0, 1], [1.01, -0.006], [-0.099, 0.442]),
    "circles": (100, [0, 1], [1.005, -0.003], [0.451, -0.029]),
    "spirals": (150, [0, 1, 2], [0.095, 0.037], [-0.109, 0.043]),
    "blobs": (100, [0, 1, 2], [2.048, -0.029], [-1.495, 1.444]),
}


def rounded(point):
    return [round(x, 3) for x in point]


def distance(point, centre=(0.0, 0.0)):
    return math.dist(point, centre)


def test_the_gates_are_truth_tables():
    corners = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
    assert datasets.and_gate() == (corners, [0, 0, 0, 1])
    assert datasets.or_gate() == (corners, [0, 1, 1, 1])
    assert datasets.xor() == (corners, [0, 1, 1, 0])


@pytest.mark.parametrize(
    ("name", "count", "width", "classes"),
    [("iris", 150, 4, 3), ("wine", 178, 13, 3), ("digits", 1797, 64, 10)],
)
def test_bundled_classes_are_plain_lists_of_scikit_learns_numbers(name, count, width, classes):
    X, y = getattr(datasets, name)()
    loaded = getattr(sklearn.datasets, f"load_{name}")()
    scale = 16.0 if name == "digits" else 1.0
    assert X == (loaded.data / scale).tolist() and y == loaded.target.tolist()
    assert (len(X), {*map(len, X)}, {*y}) == (count, {width}, {*range(classes)})
    assert {type(x) for row in X for x in row} == {float} and {*map(type, y)} == {int}


def test_diabetes_is_a_regression():
    X, y = datasets.diabetes()
    assert (len(X), {*map(len, X)}, {*map(type, y)}, min(y), max(y)) == (442, {10}, {float}, 25.0, 346.0)


def test_what_a_caller_does_to_the_lists_stays_with_the_caller():
    X, y = datasets.xor()
    X[0][0], y[0] = 9.0, 9
    assert datasets.xor() == ([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0, 1, 1, 0])


@pytest.mark.parametrize("name", PLANE)
def test_points_in_the_plane_have_balanced_classes_in_turn(name):
    size, classes, first, second = PLANE[name]
    X, y = getattr(datasets, name)()
    assert (len(X), len(y)) == (size, size)
    assert {(len(point), type(point[0]), type(point[1])) for point in X} == {(2, float, float)}
    assert y == [i % len(classes) for i in range(size)] and {*map(type, y)} == {int}
    counts = Counter(y).values()
    assert max(counts) - min(counts) <= 1
    assert (rounded(X[0]), rounded(X[1])) == (first, second)


def test_numbers_are_the_same_in_every_process():
    program = """
from autograd_lite import datasets as d
print([f(n=20, seed=3) for f in (d.moons, d.circles, d.spirals, d.blobs, d.curve)])
print(d.split(*d.moons(20)), d.words())
"""
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed}, timeout=60,
        ).stdout
        for seed in ("0", "1")
    }  # fmt: skip
    assert len(outputs) == 1 and len(outputs.pop()) > 1000


@pytest.mark.parametrize("name", [*PLANE, "curve"])
def test_a_seed_decides_everything(name):
    make = getattr(datasets, name)
    assert make(n=30, noise=0.3, seed=1) == make(n=30, noise=0.3, seed=1) != make(n=30, noise=0.3, seed=2)
    assert make(n=30, noise=0.0, seed=1) == make(n=30, noise=0.0, seed=2)


@pytest.mark.parametrize("n", [2, 3, 100, 101])
def test_moons_are_half_circles_that_interleave(n):
    X, y = datasets.moons(n, noise=0.0)
    assert len(X) == n
    for point, label in zip(X, y):
        centre = (1.0, 0.5) if label else (0.0, 0.0)
        assert distance(point, centre) == pytest.approx(1.0, abs=1e-12)
        assert (point[1] - centre[1]) * (-1 if label else 1) >= -1e-12
    if n == 100:
        assert rounded(X[0]) == [1.0, 0.0] and rounded(X[98]) == [-1.0, 0.0]
        assert rounded(X[1]) == [0.0, 0.5] and rounded(X[99]) == [2.0, 0.5]


def test_circles_go_round_once_without_meeting_themselves():
    X, y = datasets.circles(21, noise=0.0, inner=0.25)
    assert [round(distance(point), 12) for point in X] == [0.25 if label else 1.0 for label in y]
    assert len({tuple(rounded(point)) for point in X}) == 21
    for label in (0, 1):
        members = [point for point, own in zip(X, y) if own == label]
        assert [sum(axis) / len(members) for axis in zip(*members)] == pytest.approx([0.0, 0.0], abs=1e-12)


def test_spirals_are_one_arm_turned():
    X, y = datasets.spirals(60, classes=4, noise=0.0)
    assert y == [0, 1, 2, 3] * 15
    assert [round(distance(point), 12) for point in X[::4]] == pytest.approx(
        [0.1 + 0.9 * i / 14 for i in range(15)]
    )
    for a, b in zip(X[::4], X[1::4]):
        assert b == pytest.approx([-a[1], a[0]])  # a quarter turn further
    start, end = X[0], X[56]
    turned = (math.atan2(end[1], end[0]) - math.atan2(start[1], start[0])) % math.tau
    assert turned == pytest.approx(3.6)


def test_blobs_lie_around_the_corners_of_a_polygon():
    X, y = datasets.blobs(3000, classes=4, noise=0.5, seed=1)
    for label, centre in enumerate([(2, 0), (0, 2), (-2, 0), (0, -2)]):
        members = [point for point, own in zip(X, y) if own == label]
        for values, middle in zip(zip(*members), centre):
            mean = sum(values) / len(values)
            deviation = math.sqrt(sum((x - mean) ** 2 for x in values) / len(values))
            assert mean == pytest.approx(middle, abs=0.08) and deviation == pytest.approx(0.5, abs=0.05)


def test_a_curve_is_a_wave_on_a_slope():
    X, y = datasets.curve(41, noise=0.0)
    assert [x for (x,) in X] == pytest.approx([-2.0 + 0.1 * i for i in range(41)])
    assert y == [math.sin(2.0 * x) + x / 2.0 for (x,) in X]
    noisy = datasets.curve(2000, noise=0.2, seed=5)
    errors = [target - math.sin(2.0 * x) - x / 2.0 for (x,), target in zip(*noisy)]
    assert math.sqrt(sum(e * e for e in errors) / 2000) == pytest.approx(0.2, rel=0.05)
    assert sum(errors) / 2000 == pytest.approx(0.0, abs=0.02)


def test_words_are_different_and_in_small_letters():
    words = datasets.words()
    assert len(words) == len({*words}) == 116 and words == sorted(words)
    assert {*"".join(words)} <= {*string.ascii_lowercase} and min(map(len, words)) >= 3
    words.clear()
    assert datasets.words()


def test_names_are_different_and_the_most_common_come_first():
    names = datasets.names()
    assert len(names) == len({*names}) == 1555 and {*"".join(names)} == {*string.ascii_lowercase}
    assert names[:6] == ["james", "john", "robert", "michael", "mary", "william"]
    assert names.index("emily") < names.index("abigail")
    assert max(map(len, names)) == 11 and Counter(map(len, names)).most_common(1) == [(6, 403)]
    assert len({*names} & {*datasets.words()}) > 100  # two lists of the same kind
    names.clear()
    assert datasets.names()


def test_digits_are_scikit_learns_scaled_to_1():
    X, y = datasets.digits()
    assert (len(X), {len(row) for row in X}, len(y)) == (1797, {64}, 1797)
    assert y[:10] == list(range(10)) and {*y} == {*range(10)} and {*map(type, y)} == {int}
    assert min(map(min, X)) == 0.0 and max(map(max, X)) == 1.0
    assert X[0][:6] == [0.0, 0.0, 0.3125, 0.8125, 0.5625, 0.0625] and type(X[0][0]) is float


def test_mnist_becomes_plain_lists(monkeypatch):
    asked = []

    def fetch(name, **options):
        asked.append((name, options["version"], options["as_frame"]))
        return SimpleNamespace(data=[[0, 255.0, 51]], target=["7"])

    monkeypatch.setattr(sklearn.datasets, "fetch_openml", fetch)
    assert datasets.mnist() == ([[0.0, 1.0, 0.2]], [7])
    assert asked == [("mnist_784", 1, False)]


@pytest.mark.parametrize("error", [URLError("no route"), TimeoutError("late"), ValueError("damaged")])
def test_mnist_without_a_network_names_digits(monkeypatch, error):
    def fetch(*args, **kwargs):
        raise error

    monkeypatch.setattr(sklearn.datasets, "fetch_openml", fetch)
    with pytest.raises(OSError, match=r"MNIST could not be downloaded .*datasets\.digits\(\)"):
        datasets.mnist()


@pytest.mark.parametrize("name", ["diabetes", "digits", "iris", "mnist", "wine"])
def test_without_scikit_learn_the_error_says_what_to_install(monkeypatch, name):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(ImportError, match=rf"datasets\.{name}\(\) .*pip install scikit-learn"):
        getattr(datasets, name)()


def test_importing_datasets_loads_no_third_party_module():
    program = (
        "import sys, autograd_lite.datasets; print([m for m in ('sklearn', 'numpy') if m in sys.modules])"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT, timeout=60
    )
    assert run.stdout == "[]\n"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: datasets.moons(1), "n is a whole number of at least 2, got 1"),
        (lambda: datasets.moons(10.0), "n is a whole number of at least 2, got 10.0"),
        (lambda: datasets.moons(True), "n is a whole number"),
        (lambda: datasets.moons("10"), "n is a whole number"),
        (lambda: datasets.moons(noise="0.1"), "noise is a standard deviation, 0 or more, got '0.1'"),
        (lambda: datasets.moons(noise=None), "noise is a standard deviation"),
        (lambda: datasets.circles(inner="0.5"), "inner is a radius between 0 and 1, got '0.5'"),
        (lambda: datasets.split([1, 2], [1, 2], "0.5"), "fraction is a share between 0 and 1"),
        (lambda: datasets.moons(noise=-0.1), "noise is a standard deviation, 0 or more, got -0.1"),
        (lambda: datasets.circles(noise=math.nan), "noise is a standard deviation"),
        (lambda: datasets.curve(noise=math.inf), "noise is a standard deviation"),
        (lambda: datasets.curve(1), "n is a whole number of at least 2"),
        (lambda: datasets.blobs(seed=None), "seed is a whole number, got None"),
        (lambda: datasets.spirals(seed=0.5), "seed is a whole number, got 0.5"),
        (lambda: datasets.spirals(classes=1), "classes is a whole number of at least 2, got 1"),
        (lambda: datasets.spirals(2, classes=3), "n is a whole number of at least 3, got 2"),
        (lambda: datasets.blobs(4, classes=5), "n is a whole number of at least 5, got 4"),
        (lambda: datasets.circles(inner=1.0), "inner is a radius between 0 and 1, got 1.0"),
        (lambda: datasets.split([1, 2], [1]), "as many targets as examples: got 1 and 2"),
        (lambda: datasets.split([1, 2], [1, 2], 1.0), "fraction is a share between 0 and 1"),
        (lambda: datasets.split([1, 2], [1, 2], 0.1), "leaves one side empty"),
        (lambda: datasets.split([], [], 0.5), "leaves one side empty"),
        (lambda: datasets.split([1, 2], [1, 2], 0.5, seed="a"), "seed is a whole number"),
    ],
)
def test_arguments_out_of_range_are_refused(call, message):
    with pytest.raises(ValueError) as caught:
        call()
    assert message in str(caught.value)


def test_split_keeps_pairs_together_and_loses_nothing():
    X, y = list(range(100)), [x * x for x in range(100)]
    X_train, y_train, X_test, y_test = datasets.split(X, y, fraction=0.3, seed=1)
    assert (len(X_train), len(X_test)) == (70, 30)
    assert sorted(X_train + X_test) == X and X_test != sorted(X_test)
    assert y_train == [x * x for x in X_train] and y_test == [x * x for x in X_test]
    assert datasets.split(X, y, fraction=0.3, seed=1) == (X_train, y_train, X_test, y_test)
    assert datasets.split(X, y, fraction=0.3, seed=2)[2] != X_test
    assert X == list(range(100))
