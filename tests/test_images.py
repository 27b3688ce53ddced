"""Convolutions and pooling, compiled: windows of an image as they stand in it, against the engine."""

import math
import random
import types

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_lite as ag
from autograd_lite import Value
from autograd_lite.compiler import compile
from autograd_lite.compiler.arrays.indexing import indexing, pooled
from autograd_lite.compiler.arrays.places import factored, strided
from autograd_lite.compiler.arrays.runtime import _over, _to_largest, _to_largest_functional, _windows

SIZES = st.fixed_dictionaries(
    {
        "image": st.integers(4, 7),
        "channels": st.integers(1, 2),
        "kernel": st.integers(1, 3),
        "kernels": st.integers(1, 3),
        "stride": st.sampled_from([1, 1, 1, 2]),
        "pool": st.sampled_from([(1, 1), (2, 2), (2, 1), (1, 3), (3, 3)]),
        "by": st.sampled_from(["largest", "sum"]),
        "order": st.sampled_from(["channel first", "row first"]),
        "bias": st.booleans(),
        "relu": st.booleans(),
        "rows": st.integers(1, 4),
        "seed": st.integers(0, 1000),
    }
)


def network(of):
    """Give a loss of an image, its parameters, and rows of pixels, many of which are equal."""
    draw = random.Random(of["seed"])
    channels, kernel = range(of["channels"]), range(of["kernel"])
    K = [
        [[[Value(draw.uniform(-1, 1)) for _ in kernel] for _ in kernel] for _ in channels]
        for _ in range(of["kernels"])
    ]
    b = [Value(draw.uniform(-1, 1)) for _ in K]
    places = [(c, u, v) for c in channels for u in kernel for v in kernel]
    if of["order"] == "row first":
        places = [(c, u, v) for u in kernel for v in kernel for c in channels]
    starts = range(0, of["image"] - of["kernel"] + 1, of["stride"])
    (high, wide), scale = of["pool"], Value(0.5)

    def loss(image):
        total = scale
        for own, bias in zip(K, b):
            begin = bias if of["bias"] else 0.0
            rows = [
                [sum((own[c][u][v] * image[c][i + u][j + v] for c, u, v in places), begin) for j in starts]
                for i in starts
            ]
            if of["relu"]:
                rows = [[z.relu() for z in row] for row in rows]
            for i in range(0, len(rows) - high + 1, high):
                for j in range(0, len(rows) - wide + 1, wide):
                    window = [rows[i + u][j + v] for u in range(high) for v in range(wide)]
                    largest = ag.amax(window) if of["by"] == "largest" else ag.sum(window)
                    total = total + (scale * largest).tanh() * (i + 2 * j + 1)
        return total

    pixels = [0.0, 0.5, 1.0, -1.0]
    shape = (of["rows"], of["channels"], of["image"], of["image"])
    images = numpy.array([draw.choice(pixels) for _ in range(math.prod(shape))]).reshape(shape)
    return loss, [scale, *b, *(w for own in K for rows in own for row in rows for w in row)], images


def assert_agree(loss, parameters, images, **how):
    expected = []
    for image in images:
        for parameter in parameters:
            parameter.grad = 0.0
        output = loss([[[Value(pixel) for pixel in row] for row in rows] for rows in image.tolist()])
        output.backward()
        expected.append((output.data, [parameter.grad for parameter in parameters]))
    program = compile(loss, parameters, **how)
    for parameter in parameters:
        parameter.grad = 0.0
    mean = program.backward(images)
    assert mean == pytest.approx(numpy.mean([value for value, _ in expected]), rel=1e-12, abs=1e-12)
    slopes = numpy.mean([gradient for _, gradient in expected], axis=0)
    assert [parameter.grad for parameter in parameters] == pytest.approx(slopes, rel=1e-11, abs=1e-12)
    return program


@settings(max_examples=60, deadline=None)
@given(SIZES)
def test_convolution_and_pooling_agree_with_the_engine(sizes):
    assert_agree(*network(sizes), backend="numpy")


BASE = {
    "image": 6, "channels": 2, "kernel": 3, "kernels": 3, "stride": 1, "pool": (2, 2), "by": "largest",
    "order": "channel first", "bias": True, "relu": True, "rows": 3, "seed": 1,
}  # fmt: skip


def test_the_source_of_a_convolution_and_its_pool():
    program = assert_agree(*network(BASE), backend="numpy")
    lines = [line.partition("  #")[0].strip() for line in program.source.splitlines()]
    assert (
        "image_windows = windows(image.reshape(-1, 72), 0, (2, 3, 3, 4, 4), (36, 6, 1, 6, 1))"
        ".reshape(-1, 18, 16)" in lines
    )
    assert "z1 = W1 @ image_windows + b1[:, None]" in lines
    assert "amax1 = max_over(relu1.reshape(-1, 6, 2, 2, 2), axis=(-3, -1)).reshape(-1, 12)" in lines
    assert "dW1 = (image_windows @ dz1.swapaxes(-1, -2)).sum(axis=0).T" in lines


def test_a_convolution_of_what_is_computed():
    draw = random.Random(2)
    first, second = (
        [[[Value(draw.uniform(-1, 1)) for _ in "abc"] for _ in "abc"] for _ in "ab"] for _ in "ab"
    )

    def convolved(kernels, image):
        places = range(len(image) - 2)

        def cell(kernel, i, j):
            return sum(kernel[u][v] * image[i + u][j + v] for u in range(3) for v in range(3)).tanh()

        return [[[cell(kernel, i, j) for j in places] for i in places] for kernel in kernels]

    def loss(image):
        one, other = convolved(first, image[0])
        channels = [*convolved(second, one), *convolved(second, other)]
        return sum(cell for channel in channels for row in channel for cell in row)

    images = numpy.array([draw.uniform(-1, 1) for _ in range(2 * 64)]).reshape(2, 1, 8, 8)
    parameters = [w for kernel in (*first, *second) for row in kernel for w in row]
    program = assert_agree(loss, parameters, images, backend="numpy")
    assert program.source.count("@ W2.T") == 0 and "W2.T @ dz2" in program.source


def test_each_form_for_another_library_is_that_for_numpy():
    other = types.SimpleNamespace(__name__="another")
    values = numpy.random.default_rng(0).integers(0, 3, (5, 2, 3, 4)).astype(float)
    for by in ("max", "sum"):
        assert (_over(numpy, by, values, (-3, -1)) == _over(other, by, values, (-3, -1))).all()
    largest = values.max(axis=(1, 3), keepdims=True)
    given = largest, largest, values, (-3, -1)
    assert _to_largest(*given) == pytest.approx(_to_largest_functional(*given), rel=1e-15)
    flat = values.reshape(5, 24)
    assert (_windows(numpy, flat, 2, (2, 4), (3, 1)) == _windows(other, flat, 2, (2, 4), (3, 1))).all()


def test_a_pixel_that_is_infinite_is_left_to_the_engine():
    loss, parameters, images = network({**BASE, "relu": False})
    images[1, 0, 2, 2] = math.inf
    program = compile(loss, parameters, backend="numpy")
    eager = [loss([[[*map(Value, row)] for row in rows] for rows in image.tolist()]).data for image in images]
    assert program.map(images) == pytest.approx(eager, nan_ok=True)


def test_positions_are_factored_into_even_axes():
    positions = 3 + strided((5, 4, 2), (40, 7, 1))
    assert factored(positions) == [[(5, 40)], [(4, 7)], [(2, 1)]]
    assert factored(positions.reshape(5, 8)) == [[(5, 40)], [(4, 7), (2, 1)]]
    assert factored(numpy.array([[0, 1], [2, 4]])) is None
    assert factored(numpy.array([0, 1, 2, 5, 6])) is None
    assert factored(numpy.array([3, 2, 1])) is None
    assert factored(numpy.array([0, 1, 5, 7])) is None


def test_what_is_a_pool():
    table = numpy.arange(24).reshape(2, 3, 2, 2)
    assert pooled(table.swapaxes(1, 2).reshape(4, 6), 24) == ((2, 3, 2, 2), (-3, -1))
    assert pooled(table.transpose(0, 2, 1, 3).reshape(4, 6)[:, ::-1], 24) is None
    assert pooled(numpy.arange(24).reshape(6, 4), 24) is None  # a plain row
    assert pooled(numpy.arange(24).reshape(4, 6).T, 24) == ((4, 6), (-2,))
    assert pooled(numpy.arange(24).reshape(4, 6).T, 30) is None
    assert pooled(numpy.arange(8).reshape(8, 1), 8) is None
    assert pooled(numpy.array([[0, 2], [1, 5], [3, 4]]), 6) is None
    assert pooled(numpy.array([[0, 1], [1, 2]]), 4) is None


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 9)), min_size=2, max_size=4), st.integers(1, 3))
def test_any_windows_are_read_as_they_stand(parts, cut):
    counts, steps = zip(*parts)
    positions = strided(counts, steps)
    index = positions.reshape(math.prod(counts[: min(cut, len(counts) - 1)]), -1)
    way = indexing(index, (int(index.max()) + 1,))
    numbers = numpy.random.default_rng(0).normal(size=(2, way.source[0]))
    if way.kind == "windows":
        first = way.slices[0][0]
        found = first + strided(*([part[at] for part in way.slices] for at in (1, 2)))
        assert (found.reshape(way.shape) == way.index).all()
    assert numbers[:, index].shape == (2, *index.shape)
