"""Data as people have it: tables of pandas and polars, arrays of every dtype, columns of shape (N, 1)."""

import datetime
import decimal

import matplotlib
import numpy
import pandas
import polars
import pytest

from autograd_lite import datasets, fit, losses, metrics, nn, optim, plot, predict, preprocess
from autograd_lite.core.tables import as_column, as_pairs, as_rows

matplotlib.use("Agg")
BCE, CE, MSE = losses.bce_with_logits, losses.cross_entropy, losses.mse
X, Y = datasets.moons(40, seed=0)
COLUMNS = {"x": [x for x, _ in X], "y": [y for _, y in X]}
TABLES = {
    "lists": X,
    "tuples": tuple(map(tuple, X)),
    "an array": numpy.array(X),
    "an array of objects": numpy.array(X, object),
    "pandas": pandas.DataFrame(COLUMNS),
    "pandas, with an index of its own": pandas.DataFrame(COLUMNS, index=range(100, 60, -1)),
    "pandas, nullable": pandas.DataFrame(COLUMNS).convert_dtypes(),
    "rows of pandas": [row for _, row in pandas.DataFrame(COLUMNS).iterrows()],
    "a Series of lists": pandas.Series(X),
    "polars": polars.DataFrame(COLUMNS),
    "rows of polars": polars.DataFrame(COLUMNS).rows(),
    "a Series of polars of lists": polars.Series(X),
    "a Series of polars of arrays": polars.Series(X, dtype=polars.Array(polars.Float64, 2)),
}
TARGETS = {
    "a list": Y,
    "an array": numpy.array(Y),
    "an array of bools": numpy.array(Y, bool),
    "pandas": pandas.Series(Y, index=range(100, 60, -1)),
    "pandas, nullable": pandas.Series(Y, dtype="Int64"),
    "pandas, bools": pandas.Series(Y, dtype="boolean"),
    "pandas, numbers as categories": pandas.Series(Y, dtype="category"),
    "polars": polars.Series(Y),
    "a frame of one column of pandas": pandas.DataFrame({"label": Y}),
    "a frame of one column of polars": polars.DataFrame({"label": Y}),
    "an array of shape (N, 1)": numpy.array(Y)[:, None],
    "lists of one": [[label] for label in Y],
}


def trained(X, y, loss=BCE, sizes=(3, 1), **settings):
    model = nn.MLP(2, sizes, seed=0)
    history = fit(model, loss, X, y, optimizer=optim.SGD(lr=0.1), epochs=2, batch_size=8, **settings)
    assert "bug" not in history.engine
    return model, history.loss


EXPECTED = trained(X, Y)[1]


@pytest.mark.parametrize("rows", TABLES.values(), ids=TABLES)
def test_a_table_is_trained_predicted_and_split_as_its_rows(rows):
    model, loss = trained(rows, Y, compiled=True)
    assert loss == pytest.approx(EXPECTED, rel=1e-12)
    assert predict(model, rows) == pytest.approx(predict(model, X), rel=1e-12)
    parts = datasets.split(rows, Y, fraction=0.25, seed=3)
    for part, same in zip(parts, datasets.split(X, Y, fraction=0.25, seed=3)):
        assert type(part) is list and numpy.array_equal(numpy.array(part, float), same)


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("loss", [BCE, CE, MSE])
@pytest.mark.parametrize("targets", TARGETS.values(), ids=TARGETS)
def test_targets_in_a_column_are_as_many_numbers(targets, loss, compiled):
    sizes = (3, 2) if loss is CE else (3, 1)
    listed = Y if loss is CE else [float(y) for y in Y]
    _, expected = trained(X, listed, loss, sizes)
    validation = (X, targets)
    assert trained(X, targets, loss, sizes, compiled=compiled, validation=validation)[1] == pytest.approx(
        expected, rel=1e-9
    )


@pytest.mark.parametrize(
    "dtype", ["?", "b", "B", "h", "H", "i", "I", "l", "L", "e", "f", "d", "g", ">f8", ">i4", "O"]
)
@pytest.mark.filterwarnings("error")
def test_arrays_of_every_real_dtype(dtype):
    rows, y = numpy.round(numpy.array(X)).clip(0, 1).astype(dtype), numpy.array(Y).astype(dtype)
    plain = [[float(x) for x in row] for row in rows]
    model, loss = trained(rows, y, compiled=True)
    assert loss == pytest.approx(trained(plain, Y)[1], rel=1e-9)
    assert predict(model, rows) == pytest.approx(predict(model, plain))


def test_a_loss_of_rows_gets_rows():
    """Where a loss wants targets in rows of one number, they stay such."""
    for column in (numpy.array(Y)[:, None], [[label] for label in Y], pandas.DataFrame({"label": Y})):
        met = []

        def loss(output, target):
            met.append(target)
            return (output - target[0]) ** 2

        trained(X, column, loss, compiled=False)
        assert len(met) > 80 and {len(target) for target in met[1:]} == {1}  # a number is tried first


@pytest.mark.parametrize("place", [0, 20])
@pytest.mark.parametrize(("loss", "sizes"), [(BCE, (3, 1)), (CE, (3, 2))])
def test_a_wrong_label_in_a_column_is_named_as_a_number(loss, sizes, place):
    labels = [[label] for label in Y]
    labels[place] = [7]
    for column in (
        labels,
        numpy.array(labels),
        pandas.DataFrame(labels),
        polars.DataFrame(labels, orient="row"),
    ):
        with pytest.raises(ValueError, match="got 7"):
            trained(X, column, loss, sizes)


@pytest.mark.parametrize(
    "kind", [numpy.array, pandas.DataFrame, lambda y: polars.DataFrame(y, orient="row"), list]
)
def test_targets_in_rows_of_several_numbers(kind):
    model, loss = trained(X, kind(X), MSE, (3, 2))
    assert loss == pytest.approx(trained(X, X, MSE, (3, 2))[1])
    assert metrics.r2(kind(predict(model, X)), kind(X)) == pytest.approx(metrics.r2(predict(model, X), X))


MIXED = {"size": [1.5, 2.5], "whole": [1, 2], "flag": [True, False]}


@pytest.mark.parametrize("frame", [pandas.DataFrame, polars.DataFrame])
def test_columns_of_numbers_of_several_types_are_one_table(frame):
    rows = [[*map(float, row)] for row in as_rows("X", frame(MIXED))]
    assert rows == [[1.5, 1.0, 1.0], [2.5, 2.0, 0.0]]


MISSING = {
    "pandas": pandas.DataFrame({"a": [1.0, None], "b": [1, 2]}),
    "nullable": pandas.DataFrame({"a": pandas.array([1, None], dtype="Int64"), "b": [0.5, 2.0]}),
    "bools": pandas.DataFrame({"a": pandas.array([True, None], dtype="boolean")}),
    "polars": polars.DataFrame({"a": [1, None], "b": [1.0, 2.0]}),
    "objects": pandas.DataFrame({"a": [1, None]}, dtype=object),
}


@pytest.mark.parametrize("table", MISSING.values(), ids=MISSING)
def test_what_is_missing_is_refused_as_fit_refuses_nan(table):
    model = nn.MLP(table.shape[1], [1], seed=0)
    with pytest.raises(ValueError, match="example 1 holds a number that is inf or nan"):
        fit(model, MSE, table, [0.0, 1.0], optimizer=optim.SGD(lr=0.1))
    with pytest.raises(ValueError, match="example 1 holds a number that is inf or nan"):
        preprocess.Standardize().fit(table)


NO_NUMBERS = {
    "words": ["a", "b"],
    "dates": [datetime.date(2024, 1, 1)] * 2,
    "moments": [datetime.datetime(2024, 1, 1)] * 2,
    "complex numbers": [1j, 2j],
}


@pytest.mark.parametrize("frame", [pandas.DataFrame, polars.DataFrame])
@pytest.mark.parametrize("items", NO_NUMBERS.values(), ids=NO_NUMBERS)
def test_what_is_no_number_is_refused_and_its_column_named(items, frame):
    if frame is polars.DataFrame and isinstance(items[0], complex):
        items = [b"1", b"2"]
    for table in (frame({"size": [1.0, 2.0], "kind": items}), frame({"kind": items})):
        for use in (lambda table: predict(nn.MLP(1, [1]), table), lambda table: trained(table, [0, 1])):
            with pytest.raises(
                TypeError, match=r"the column 'kind' of X holds.*no real number.*LabelEncoder"
            ):
                use(table)
    assert datasets.split(frame({"kind": items}), items, fraction=0.5)[1] in ([items[0]], [items[1]])


@pytest.mark.parametrize("column", [pandas.Series, polars.Series])
def test_words_as_targets_are_refused_and_an_encoder_named(column):
    words = column(["no", "yes"] * 20)
    with pytest.raises(TypeError, match=r"y holds 'no'.*preprocess\.LabelEncoder\(\)"):
        trained(X, words)
    encoder = preprocess.LabelEncoder().fit(words)
    assert trained(X, encoder.transform(words))[1] == trained(X, [0, 1] * 20)[1]
    assert datasets.split(X, words, fraction=0.5)[1].count("no") > 0


def test_decimal_numbers_are_numbers():
    numbers = [decimal.Decimal("1.5"), decimal.Decimal("-2")]
    for column in (pandas.Series(numbers), polars.Series(numbers)):
        assert list(as_rows("y", column)) == [1.5, -2.0]


def test_a_column_of_rows_of_one():
    assert as_column("y", numpy.array([[1], [2]])) == as_column("y", [[1], (2,)]) == [1, 2]
    assert as_column("y", pandas.DataFrame({"a": ["x", "yz"]})) == ["x", "yz"]
    assert as_column("y", [[1, 2], [3]]) == [[1, 2], 3]


def test_a_table_of_many_rows_is_predicted_at_once():
    rows = pandas.DataFrame(numpy.random.default_rng(0).normal(size=(600, 2)))
    model = nn.MLP(2, [3, 1], seed=0)
    assert predict(model, rows) == pytest.approx(predict(model, rows.to_numpy().tolist()))


DRAWN = {
    "decision_boundary": lambda X, y: plot.decision_boundary(nn.MLP(2, [1], seed=0), X, y, resolution=3),
    "regression": lambda X, y: plot.regression(
        nn.MLP(1, [1], seed=0), [[row[0]] for row in as_rows("X", X)], y
    ),
}


ROWS = [(rows, Y) for rows in TABLES.values()] + [(X, targets) for targets in TARGETS.values()]


@pytest.mark.parametrize("draw", DRAWN.values(), ids=DRAWN)
@pytest.mark.parametrize("data", ROWS, ids=[*TABLES, *TARGETS])
def test_pictures_of_the_same_data_are_the_same(draw, data):
    points = [draw(*each).collections[-1].get_offsets().tolist() for each in (data, (X, Y))]
    matplotlib.pyplot.close("all")
    assert points[0] == points[1]


class Tensor:
    """Quacks like a tensor of PyTorch, which the tests do without."""

    def __init__(self, array):
        self.array = numpy.asarray(array)

    def __len__(self):
        return len(self.array)

    def __getitem__(self, index):
        return Tensor(self.array[index])

    def detach(self):
        return self

    cpu = detach

    def numpy(self):
        return self.array

    def tolist(self):
        return self.array.tolist()


def test_tensors_are_rows_and_targets():
    X, y = [[0.5, 1.0], [2.0, 3.0]], [0, 1]
    for rows, targets in ((Tensor(X), Tensor(y)), ([*map(Tensor, X)], [*map(Tensor, y)])):
        found = as_pairs(rows, targets)
        assert [[*row] for row in found[0]] == X and [*found[1]] == y
