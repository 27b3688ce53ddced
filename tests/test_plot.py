"""Pictures: what is in the axes, that nothing else is touched, and clear refusals."""

import math
import sys
from types import SimpleNamespace

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy
import pandas
import polars
import pytest
from matplotlib.colors import to_rgb

from autograd_lite import Value, datasets, fit, losses, nn, optim, plot
from autograd_lite.core.modes import MODE
from autograd_lite.plot import pictures


@pytest.fixture(autouse=True)
def nothing_else_is_touched():
    plt.close("all")
    before = dict(matplotlib.rcParams)
    yield
    for number in plt.get_fignums():
        plt.figure(number).canvas.draw()  # nothing warns when the picture is made
    assert dict(matplotlib.rcParams) == before
    plt.close("all")


def history(*loss, **more):
    return SimpleNamespace(loss=list(loss), **more)


def line(x):
    return x[0] - x[1]


def bowl(t):
    return t[0] ** 2 + 4 * t[1] ** 2


def trained(activation="tanh"):
    model = nn.MLP(2, [3, 3, 1], activation=activation, seed=0)
    model([1.0, -1.0]).backward()
    return model


CORNERS, XOR = datasets.xor()
CALLS = {
    "loss_curves": lambda **more: plot.loss_curves(history(0.5, 0.4), **more),
    "decision_boundary": lambda **more: plot.decision_boundary(line, CORNERS, XOR, resolution=5, **more),
    "weights": lambda **more: plot.weights([[1.0, 2.0]], (1, 2), **more),
    "activations": lambda **more: plot.activations("tanh", **more),
    "gradients_by_layer": lambda **more: plot.gradients_by_layer(trained(), **more),
    "regression": lambda **more: plot.regression(lambda x: x[0], [[0.0], [1.0]], [0.5, 2.0], **more),
    "descent": lambda **more: plot.descent(bowl, {"SGD": [[2.0, 1.0], [1.0, -0.5]]}, **more),
    "heatmap": lambda **more: plot.heatmap([[1.0, 0.0], [0.25, 0.75]], "ab", **more),
    "images": lambda **more: plot.images([[1.0, 0.0, 0.5, 0.0]] * 3, (2, 2), "abc", **more),
    "embedding": lambda **more: plot.embedding([[1.0, 0.0], [0.25, 0.75]], ["cat", "dog"], **more),
}


@pytest.mark.parametrize("name", CALLS)
def test_each_makes_one_figure_or_draws_where_it_is_told(name, monkeypatch):
    monkeypatch.setattr(plt, "show", lambda: pytest.fail("show() was called"))
    CALLS[name]()
    assert len(plt.get_fignums()) == 1
    own = plt.figure().subplots()
    drawn = CALLS[name](axes=own)
    assert (drawn[0] if name == "activations" else drawn) is own
    assert len(plt.get_fignums()) == 2


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("size", [(4, 3), (10, 6)])
def test_labels_stay_inside_the_picture(name, size):
    with plt.rc_context({"figure.figsize": size}):
        drawn = CALLS[name]()
    figure = (drawn[0] if name == "activations" else drawn).figure
    figure.canvas.draw()
    box = figure.get_tightbbox()
    assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= size[0] and box.y1 <= size[1]


@pytest.mark.parametrize("name", CALLS)
def test_without_matplotlib_the_error_says_what_to_install(name, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match="pip install matplotlib"):
        CALLS[name]()


# ---- loss_curves ------------------------------------------------------------------------------


def test_C4_loss_curves_show_training_validation_and_the_best_epoch():
    axes = plot.loss_curves(history(0.9, 0.5, 0.3, 0.2, validation_loss=[0.8, 0.4, 0.6, 0.7]))
    training, validation, best = axes.get_lines()
    assert list(training.get_ydata()) == [0.9, 0.5, 0.3, 0.2] and list(training.get_xdata()) == [0, 1, 2, 3]
    assert (training.get_linestyle(), validation.get_linestyle()) == ("-", "--")
    assert (list(best.get_xdata()), list(best.get_ydata()), best.get_marker()) == ([1], [0.4], "*")
    assert [line.get_label() for line in axes.get_lines()] == ["training", "validation", "lowest: epoch 1"]
    assert (axes.get_xlabel(), axes.get_ylabel(), axes.get_yscale()) == ("epoch", "mean loss", "linear")


def test_several_histories_differ_in_colour_and_shape():
    axes = plot.loss_curves({"SGD": history(0.9, 0.5), "Adam": history(0.9, 0.2)}, log=True)
    lines = axes.get_lines()
    assert [one.get_label() for one in lines] == ["SGD: training", "Adam: training"]
    assert len({one.get_color() for one in lines}) == len({one.get_marker() for one in lines}) == 2
    assert axes.get_yscale() == "log"


def test_a_single_epoch_is_a_point_that_can_be_seen():
    assert plot.loss_curves(history(0.5)).get_lines()[0].get_marker() == "o"


@pytest.mark.parametrize("empty", [history(), {}, {"a": history(0.5), "b": history()}])
def test_a_history_without_epochs_is_refused(empty):
    with pytest.raises(ValueError, match="holds no epoch: train first"):
        plot.loss_curves(empty)
    assert plt.get_fignums() == []


@pytest.mark.parametrize(
    "listed", [[0.9, 0.5], (0.9, 0.5), numpy.array([0.9, 0.5]), pandas.Series([0.9, 0.5])]
)
def test_losses_alone_are_drawn_as_a_history_is(listed):
    for axes in (plot.loss_curves(listed), plot.loss_curves({"": listed})):
        (line,) = axes.get_lines()
        assert list(line.get_ydata()) == [0.9, 0.5] and line.get_label() == "training"
    assert plot.loss_curves({"a": listed, "b": history(0.1)}).get_lines()[0].get_label() == "a: training"


@pytest.mark.parametrize("thing", [0.5, "loss", None, nn.MLP(2, [1], seed=0), history(0.5).loss[0]])
def test_what_is_no_history_is_named(thing):
    with pytest.raises(TypeError, match="loss_curves draws the history that fit returned, got"):
        plot.loss_curves(thing)
    assert plt.get_fignums() == []


# ---- decision_boundary ------------------------------------------------------------------------


def boundary_of(axes):
    """List the points of all lines drawn between regions."""
    contours = [
        one for one in axes.collections if not one.get_label().startswith("class") and not one.get_fill()
    ]
    return [tuple(point) for one in contours for path in one.get_paths() for point in path.vertices]


def test_A5_the_boundary_is_where_a_logit_changes_its_sign():
    axes = plot.decision_boundary(line, CORNERS, XOR, resolution=11)
    points = boundary_of(axes)
    assert points and all(x1 == pytest.approx(x2, abs=1e-9) for x1, x2 in points)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("x₁", "x₂")


@pytest.mark.parametrize(
    ("model", "x1"),
    [
        (lambda x: Value(x[0]), 0.0),  # a logit
        (lambda x: (Value(x[0]) * 4.0).sigmoid(), 0.0),  # a probability
        (lambda x: [0.3, x[0]], 0.3),  # two outputs
    ],
)
def test_outputs_are_read_as_logits_probabilities_or_scores(model, x1):
    points = boundary_of(plot.decision_boundary(model, [[-1.0, -1.0], [1.0, 1.0]], [0, 1], resolution=21))
    assert points and all(at == pytest.approx(x1, abs=0.02) for at, _ in points)


def test_a_model_that_says_how_it_ends_is_believed():
    neuron = nn.Neuron(1, activation="sigmoid", seed=0)
    logit = SimpleNamespace(layers=[SimpleNamespace(activation=None)])
    assert (
        pictures.middle_of(neuron, [-3.0])
        == pictures.middle_of(nn.MLP(2, [1], output="sigmoid"), [0.1])
        == 0.5
    )
    assert pictures.middle_of(logit, [0.2, 0.9]) == 0.0


def shade_of(axes, x1, x2):
    """Tell how far the colour that is drawn at a point is from white."""
    axes.figure.canvas.draw()
    across, up = axes.transData.transform((x1, x2))
    pixels = numpy.asarray(axes.figure.canvas.buffer_rgba())
    return 255.0 - pixels[round(pixels.shape[0] - up), round(across), :3].astype(float)


@pytest.mark.parametrize(
    "model",
    [
        lambda x: x[0],  # a logit
        lambda x: Value(x[0]).sigmoid(),  # a probability
        lambda x: [3.0 - x[0], 3.0],  # two logits
        lambda x: [-1.0 - x[0], -1.0, -30.0],  # a third class that is out of the question
    ],
)
def test_each_shade_is_a_tenth_of_probability(model):
    corners = [[-6.0, -1.0], [6.0, 1.0]]
    axes = plot.decision_boundary(model, corners, [0, 1], resolution=101)
    for sign, full in ((-1, to_rgb("#0072B2")), (1, to_rgb("#D55E00"))):
        strengths = []
        for p in (0.51, 0.59, 0.61, 0.69, 0.71, 0.79, 0.81, 0.89, 0.91, 0.99):
            drawn = shade_of(axes, sign * math.log(p / (1.0 - p)), 0.0)
            hue = 255.0 * (1.0 - numpy.array(full))
            strengths.append(drawn @ hue / (hue @ hue))
            assert drawn == pytest.approx(strengths[-1] * hue, abs=1.0)  # white mixed with one colour
        assert strengths[::2] == strengths[1::2]  # the same within a tenth
        assert [round(strength, 2) for strength in strengths[::2]] == [0.07, 0.16, 0.25, 0.34, 0.43]


def test_a_model_that_does_not_know_is_white():
    logit = nn.Neuron(2, activation=None, seed=0)
    logit.load_state_dict(dict.fromkeys(logit.state_dict(), 0.0))
    for model in (logit, lambda x: 0.5, lambda x: [2.0, 2.0]):
        axes = plot.decision_boundary(model, CORNERS, XOR, resolution=5)
        assert list(shade_of(axes, 0.4, 0.4)) == [0.0, 0.0, 0.0] and boundary_of(axes) == []


def test_certainty_that_rounds_to_0_or_1_is_drawn():
    axes = plot.decision_boundary(
        lambda x: float(x[0] > 0), [[-1.0, -1.0], [1.0, 1.0]], [0, 1], resolution=20
    )
    assert boundary_of(axes) and shade_of(axes, 0.7, 0.0).max() > 80.0


def test_classes_differ_in_shape_as_well_as_in_colour():
    X, y = datasets.blobs(40, classes=10)
    centres = [(2 * math.cos(k * math.tau / 10), 2 * math.sin(k * math.tau / 10)) for k in range(10)]
    model = lambda x: [-math.dist(x, centre) for centre in centres]
    axes = plot.decision_boundary(model, X, y, resolution=12)
    drawn = [one for one in axes.collections if one.get_label().startswith("class")]
    assert [one.get_label() for one in drawn] == [f"class {k}" for k in range(10)]
    assert len({tuple(one.get_paths()[0].vertices.ravel()) for one in drawn}) == 10
    assert len({tuple(one.get_facecolor()[0]) for one in drawn}) == 10
    assert sum(len(one.get_offsets()) for one in drawn) == 40


def test_labels_may_be_minus_1_and_1_and_the_legend_is_not_over_the_data():
    X, y = datasets.moons(60)
    axes = plot.decision_boundary(line, X, [2 * label - 1 for label in y], resolution=5)
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["class -1", "class 1"]
    axes.figure.canvas.draw()
    legend = axes.get_legend().get_window_extent()
    assert legend.y0 > max(axes.transData.transform(point)[1] for point in X)


def test_the_grid_builds_no_graph_and_asks_the_model_as_in_use():
    seen = []

    class Watched(nn.Module):
        def __init__(self):
            self.w, self.inner = Value(2.0), nn.Neuron(2, activation=None, seed=0)

        def __call__(self, x):
            output = self.inner(x) * self.w
            seen.append((MODE.get().recording, output.parents, self.training, self.inner.training))
            return output

    model = Watched()
    model.inner.training = False
    plot.decision_boundary(model, CORNERS, XOR, resolution=3)
    assert len(seen) == 4 + 9 and {*seen} == {(False, (), False, False)}
    assert (model.training, model.inner.training, MODE.get().recording) == (True, False, True)


def test_a_model_that_fails_leaves_everything_as_it_was():
    model = nn.MLP(3, [1], seed=0)
    with pytest.raises(ValueError, match="expected 3 inputs, got 2"):
        plot.decision_boundary(model, CORNERS, XOR)
    assert model.training and MODE.get().recording and plt.get_fignums() == []


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: plot.decision_boundary(line, [[1.0, 2.0, 3.0]], [0]),
            r"points of two numbers.* got 1 points of .3. numbers",
        ),
        (lambda: plot.decision_boundary(line, [], []), "got 0 points"),
        (lambda: plot.decision_boundary(line, CORNERS, [0, 1]), "4 points of .2. numbers, 2 classes"),
        (lambda: plot.decision_boundary(line, CORNERS, XOR, resolution=1), "resolution 1"),
        (
            lambda: plot.decision_boundary(line, CORNERS, [0, 1, 2, 0]),
            r"1 output\(s\) tell the classes .0, 1. apart",
        ),
        (lambda: plot.decision_boundary(line, CORNERS, [0, 0.5, 1, 0]), "tell the classes"),
        (
            lambda: plot.decision_boundary(lambda x: [0, 1, 2], CORNERS, [0, 3, 1, 2]),
            "got .0.0, 1.0, 2.0, 3.0",
        ),
        (
            lambda: plot.decision_boundary(lambda x: math.nan, CORNERS, XOR),
            "not finite: has its training diverged",
        ),
    ],
)
def test_a_boundary_that_cannot_be_drawn_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
    assert plt.get_fignums() == []


def test_a_model_that_never_changes_its_mind_and_points_on_one_spot_are_drawn():
    axes = plot.decision_boundary(lambda x: 3.0, [[1.0, 1.0], [1.0, 1.0]], [0, 1], resolution=3)
    assert boundary_of(axes) == []
    plot.decision_boundary(lambda x: 0.0, [[1.0, 1.0]], [0], resolution=3)


def test_the_last_bits_of_the_outputs_do_not_change_the_picture():
    X, y = datasets.blobs(30, classes=3)
    centres = [(math.cos(k * math.tau / 3), math.sin(k * math.tau / 3)) for k in range(3)]
    drawn = []
    for bits in (0.0, 1e-15):
        model = lambda x: [x[0] * a + x[1] * b + bits * k for k, (a, b) in enumerate(centres)]
        axes = plot.decision_boundary(model, X, y, resolution=30)
        axes.figure.canvas.draw()
        drawn.append(bytes(axes.figure.canvas.buffer_rgba()))
    assert drawn[0] == drawn[1]


# ---- weights ----------------------------------------------------------------------------------


def test_B11_weights_share_one_scale_where_zero_is_white():
    layer = nn.Layer(4, 6, seed=0)
    layer.neurons[0].w[0].data, layer.neurons[5].w[3].data = -3.0, 1.5
    axes = plot.weights(layer, (2, 2))
    (image,) = axes.images
    assert image.get_clim() == (-3.0, 3.0)
    assert image.cmap(0.5)[:3] == pytest.approx(to_rgb("white"), abs=0.01)
    picture = image.get_array()
    assert picture.shape == (2 * 3 + 1, 3 * 3 + 1)  # six images in two rows of three
    assert (picture[1][1], picture[5][8]) == (-3.0, 1.5) and picture.mask[0].all()
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["0", "1", "2"]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["0", "3"]
    assert axes.figure.axes[1].get_ylabel() == "weight"


def test_weights_take_models_layers_neurons_and_rows():
    model = nn.MLP(4, [2, 1], seed=0)
    rows = [[w.data for w in neuron.w] for neuron in model.layers[0].neurons]
    drawn = [
        plot.weights(it, (2, 2), columns=2).images[0].get_array() for it in (model, model.layers[0], rows)
    ]
    assert (drawn[0] == drawn[1]).all() and (drawn[0] == drawn[2]).all()
    assert plot.weights(model.layers[0].neurons[0], (1, 4)).images[0].get_array().shape == (3, 6)


def test_weights_that_are_all_zero_are_drawn_white():
    assert plot.weights([[0.0, 0.0]], (1, 2)).images[0].get_clim() == (-1.0, 1.0)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: plot.weights([[1.0, 2.0]], (2, 2)), ValueError, "2 × 2 show 4 weights a neuron, got .2."),
        (lambda: plot.weights([[1.0], [1.0, 2.0]], (1, 2)), ValueError, "got .1, 2."),
        (lambda: plot.weights([], (1, 2)), ValueError, "show 2 weights a neuron, got"),
        (lambda: plot.weights([[1.0, math.inf]], (1, 2)), ValueError, "not finite"),
        (lambda: plot.weights(nn.Module(), (1, 2)), TypeError, "a layer of neurons, or rows of numbers"),
        (
            lambda: plot.weights(SimpleNamespace(layers=[SimpleNamespace(table=1)]), (1, 2)),
            TypeError,
            "table=1",
        ),
        (lambda: plot.weights([1.0, 2.0], (1, 2)), TypeError, "a layer of neurons, or rows of numbers"),
    ],
)
def test_weights_that_cannot_be_drawn_are_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()
    assert plt.get_fignums() == []


# ---- activations ------------------------------------------------------------------------------


def test_C1_each_activation_is_drawn_with_its_derivative():
    panels = plot.activations()
    names = ["sigmoid", "tanh", "relu", "leaky_relu", "softplus", "elu", "silu", "identity"]
    assert [panel.get_title() for panel in panels] == names
    for panel in panels:
        function, derivative = panel.get_lines()
        assert (function.get_linestyle(), derivative.get_linestyle()) == ("-", "--")
    at = dict(zip(panels[0].get_lines()[0].get_xdata(), range(401)))
    sigmoid, slope = (one.get_ydata() for one in panels[0].get_lines())
    assert (sigmoid[at[0.0]], slope[at[0.0]]) == (0.5, 0.25)
    assert [panels[7].get_lines()[i].get_ydata()[at[2.0]] for i in (0, 1)] == [2.0, 1.0]
    relu = panels[2].get_lines()[1].get_ydata()
    assert (relu[at[-1.0]], relu[at[0.0]], relu[at[1.0]]) == (0.0, 0.0, 1.0)
    assert math.isnan(relu[at[0.0] + 1])  # no line is drawn across the jump


def test_undefined_parts_of_a_function_are_left_out():
    function, slope = plot.activations("log")[0].get_lines()
    assert all(
        math.isnan(y)
        for line in (function, slope)
        for x, y in zip(line.get_xdata(), line.get_ydata())
        if x < 0
    )


@pytest.mark.parametrize("names", ["swish", "add", "clip", "dot", ["tanh", "no such"], []])
def test_names_that_are_no_activations_are_refused(names):
    with pytest.raises(ValueError, match=r"operations on one number|needs names"):
        plot.activations(names)
    assert plt.get_fignums() == []


def test_activations_take_as_many_axes_as_names():
    grid = plt.figure().subplots(1, 2)
    assert plot.activations(["relu", "elu"], axes=grid) == list(grid)
    with pytest.raises(ValueError, match="as many axes, got 3 names"):
        plot.activations(["relu", "elu", "tanh"], axes=grid)


# ---- gradients_by_layer -----------------------------------------------------------------------


def test_C6_gradients_are_averaged_over_each_layer():
    model = trained()
    axes = plot.gradients_by_layer(model)
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["layers.0", "layers.1", "layers.2"]
    (line,) = axes.get_lines()
    for size, layer in zip(line.get_xdata(), model.layers):
        gradients = [abs(parameter.grad) for parameter in layer.parameters()]
        assert size == pytest.approx(sum(gradients) / len(gradients))
    assert (axes.get_xscale(), axes.get_xlabel(), axes.get_ylabel()) == ("log", "mean |∂L/∂θ|", "layer")


def test_several_models_are_compared_and_named():
    axes = plot.gradients_by_layer({"tanh": trained(), "ReLU": trained("relu")})
    lines = [one for one in axes.get_lines() if one.get_label() in ("tanh", "ReLU")]
    assert len({one.get_marker() for one in lines}) == len({one.get_color() for one in lines}) == 2


def test_a_gradient_of_zero_is_a_hollow_point_at_the_left_end():
    model = nn.MLP(2, [2, 1], seed=0)
    for parameter in model.parameters():
        parameter.data = 0.0
    model([1.0, 1.0]).backward()
    line, hollow = plot.gradients_by_layer(model).get_lines()
    assert (list(hollow.get_ydata()), hollow.get_markerfacecolor(), hollow.get_label()) == (
        [0],
        "white",
        "exactly 0",
    )
    assert hollow.get_xdata()[0] < line.get_xdata()[1]


def test_layers_are_read_from_any_dotted_names():
    names = [
        "embedding.table.3.1",
        "blocks.0.attention.q.neurons.2.w.7",
        "blocks.0.attention.q.neurons.2.b",
        "w.0",
    ]
    values = [Value(1.0) for _ in names]
    for number, value in enumerate(values):
        value.grad = float(number + 1)
    model = SimpleNamespace(named_parameters=lambda: zip(names, values))
    assert pictures.gradient_sizes_of(model) == {
        "embedding": 1.0,
        "blocks.0.attention.q": 2.5,
        "SimpleNamespace": 4.0,
    }


@pytest.mark.parametrize(
    ("model", "error", "message"),
    [
        (nn.MLP(2, [1], seed=0), ValueError, r"no gradients yet: call loss.backward\(\) first"),
        (nn.Module(), ValueError, "no gradients yet"),
        ({}, ValueError, "needs a model"),
        (line, TypeError, "takes a Module, with named_parameters"),
    ],
)
def test_gradients_that_are_not_there_are_refused(model, error, message):
    with pytest.raises(error, match=message):
        plot.gradients_by_layer(model)
    assert plt.get_fignums() == []


def test_a_gradient_that_is_not_finite_is_named():
    model = trained()
    model.layers[1].neurons[2].w[0].grad = math.nan
    with pytest.raises(ValueError, match=r"the gradient of layers\.1\.neurons\.2\.w\.0 is nan"):
        plot.gradients_by_layer(model)


# ---- heatmap ----------------------------------------------------------------------------------


def test_B14_attention_is_drawn_with_its_numbers_and_nothing_where_it_is_0():
    attention = nn.SelfAttention(2, seed=0)
    sequence = [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]
    (table,) = attention.weights(sequence)
    axes = plot.heatmap(table, "abc")
    (image,) = axes.images
    assert image.get_array().tolist() == table and image.get_clim() == (0.0, 1.0)
    seen = {text.get_position(): text.get_text() for text in axes.texts}
    assert seen == {(s, t): f"{table[t][s]:.2f}" for t in range(3) for s in range(t + 1)}
    for labels in (axes.get_xticklabels(), axes.get_yticklabels()):
        assert [label.get_text() for label in labels] == ["a", "b", "c"]
    assert image.cmap(0.0)[:3] == pytest.approx(to_rgb("white"))


def test_a_heat_map_with_negative_numbers_is_white_at_0_and_rows_need_not_be_named():
    axes = plot.heatmap([[-1.0, 0.0, 4.0], [Value(2.0), 3.0, 0.0]])
    (image,) = axes.images
    assert image.get_clim() == (-4.0, 4.0) and image.cmap(0.5)[:3] == pytest.approx(to_rgb("white"), abs=0.01)
    assert [text.get_text() for text in axes.texts] == ["-1", "4", "2", "3"]  # whole numbers have no point
    assert [label.get_text() for label in axes.get_xticklabels()] == ["0", "1", "2"]
    named = plot.heatmap([[1.0, 2.0, 3.0]], ["a"], "xyz")
    assert [label.get_text() for label in named.get_xticklabels()] == ["x", "y", "z"]


def test_heat_maps_of_one_span_share_their_colours():
    without, negative = (plot.heatmap([[number, 2.0]], span=4.0).images[0] for number in (1.0, -1.0))
    assert without.get_clim() == negative.get_clim() == (-4.0, 4.0)
    assert without.to_rgba(2.0) == negative.to_rgba(2.0)


def test_a_heat_map_of_many_squares_has_no_numbers_in_them():
    axes = plot.heatmap([[1.0] * 40] * 40)
    assert not axes.texts and len(axes.figure.axes) == 2  # but a scale
    assert len(plot.heatmap([[1.0]]).figure.axes) == 1
    assert plot.heatmap([[0.0, 0.0]]).images[0].get_clim() == (0.0, 1.0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: plot.heatmap([]), r"rows of one length.* got lengths \[\]"),
        (lambda: plot.heatmap([[]]), "rows of one length"),
        (lambda: plot.heatmap([[1.0], [1.0, 2.0]]), r"got lengths \[1, 2\]"),
        (lambda: plot.heatmap([[math.nan]]), "all numbers finite"),
        (lambda: plot.heatmap([[1.0, 2.0]], "ab"), "1 rows and 2 columns, and names for 2 and 2"),
        (lambda: plot.heatmap([[1.0, 2.0]], "a", "xyz"), "names for 1 and 3 of them"),
        (lambda: plot.heatmap([[1.0]], span=0.0), "span is a positive number, got 0.0"),
    ],
)
def test_tables_that_cannot_be_drawn_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
    assert plt.get_fignums() == []


# ---- images -----------------------------------------------------------------------------------


def test_B11_images_are_drawn_with_their_labels_below():
    rows = [[0.0, 0.25, 0.5, 0.75], [1.0, 0.0, 0.0, 1.0], [0.0, 0.0, 0.0, 0.5]]
    axes = plot.images(rows, (2, 2), ["one", 2, "three"], columns=2)
    picture = axes.images[0].get_array()
    assert picture.shape == (1 + 2 * (2 + 2), 1 + 2 * 3)
    assert picture[1:3, 1:3].tolist() == [[0.0, 0.25], [0.5, 0.75]]
    assert picture[5:7, 1:3].tolist() == [[0.0, 0.0], [0.0, 0.5]] and picture.mask[3:5].all()
    assert [text.get_text() for text in axes.texts] == ["one", "2", "three"]
    below = [text.get_position()[1] for text in axes.texts]
    assert all(2.5 < y < 4.5 for y in below[:2]) and 6.5 < below[2] < 8.5
    assert plot.images(rows, (1, 4)).images[0].get_array().shape[0] in (3, 5, 7)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: plot.images([], (2, 2)), "have 4 numbers each; give at least one"),
        (lambda: plot.images([[1.0, 2.0]], (2, 2)), "images of 2 × 2 have 4 numbers"),
        (lambda: plot.images([[1.0, math.nan]], (1, 2)), "not finite"),
        (lambda: plot.images([[1.0, 2.0]], (1, 2), "ab"), "as many labels as images: got 2 and 1"),
        (lambda: plot.images([[1.0, 2.0]], (1, 2), columns=0), "images of 1 × 2"),
    ],
)
def test_images_that_cannot_be_drawn_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
    assert plt.get_fignums() == []


# ---- embedding --------------------------------------------------------------------------------


def test_B5_an_embedding_shows_each_name_at_its_vector():
    table = nn.Embedding(4, 2, seed=0)
    axes = plot.embedding(
        table, ["cat", "dog", "rose", "tulip"], groups=["animal", "animal", "plant", "plant"]
    )
    vectors = [[value.data for value in row] for row in table.table]
    assert [text.get_text() for text in axes.texts] == ["cat", "dog", "rose", "tulip"]
    assert [list(text.xy) for text in axes.texts] == vectors
    assert [one.get_label() for one in axes.collections] == ["animal", "plant"]
    assert [one.get_offsets().tolist() for one in axes.collections] == [vectors[:2], vectors[2:]]
    assert len({tuple(one.get_paths()[0].vertices.ravel()) for one in axes.collections}) == 2
    assert len({tuple(one.get_facecolor()[0]) for one in axes.collections}) == 2


def test_names_of_neighbours_do_not_cover_one_another():
    points = [[0.0, 0.0], [0.05, 0.0], [0.0, 0.05], [0.02, -0.05], [1.0, 1.0], [-1.0, -1.0]]
    axes = plot.embedding(points, ["harbour", "ship", "waves", "wind", "breakfast", "x"])
    axes.figure.canvas.draw()
    boxes = [text.get_window_extent() for text in axes.texts]
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
    frame = axes.get_window_extent()
    assert all(frame.x0 <= box.x0 and box.x1 <= frame.x1 for box in boxes)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: plot.embedding([], []), "got 0, 0, 0"),
        (lambda: plot.embedding([[1.0, 2.0]], ["a", "b"]), "got 2, 1, 1"),
        (lambda: plot.embedding([[1.0, 2.0]], ["a"], groups=[1, 2]), "got 1, 2, 1"),
        (lambda: plot.embedding(nn.Embedding(1, 3, seed=0), ["a"]), "each vector has two numbers"),
        (lambda: plot.embedding([[1.0, math.inf]], ["a"]), "both finite"),
    ],
)
def test_embeddings_that_cannot_be_drawn_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
    assert plt.get_fignums() == []


# ---- regression -------------------------------------------------------------------------------


def test_B1_a_regression_is_drawn_as_a_curve_through_its_points():
    model = nn.Neuron(1, None, seed=0)
    model.w[0].data, model.b.data = 2.0, 1.0
    axes = plot.regression(model, [[0.0], [1.0], [3.0]], [1.5, 2.5, 7.0])
    (curve,) = axes.get_lines()
    assert list(curve.get_ydata()) == pytest.approx([2.0 * x + 1.0 for x in curve.get_xdata()], rel=1e-9)
    assert axes.get_xlim() == (min(curve.get_xdata()), max(curve.get_xdata())) == pytest.approx((-0.45, 3.45))
    (data,) = axes.collections
    assert data.get_offsets().tolist() == [[0.0, 1.5], [1.0, 2.5], [3.0, 7.0]]
    assert [text.get_text() for text in axes.figure.legends[0].get_texts()] == ["data", "model"]


def test_several_regressions_differ_in_stroke_as_well_as_colour():
    named = {str(slope): lambda x, slope=slope: slope * x[0] for slope in range(4)}
    axes = plot.regression(named, [[0.0], [1.0]], [0.0, 1.0])
    assert [line.get_label() for line in axes.get_lines()] == list(named)
    assert len({line.get_linestyle() for line in axes.get_lines()}) == 4
    assert len({line.get_color() for line in axes.get_lines()}) == 4


def test_a_curve_that_leaves_the_data_does_not_change_the_scale():
    axes = plot.regression(lambda x: 1e6 * x[0], [[0.0], [1.0]], [0.0, 1.0])
    assert axes.get_ylim() == pytest.approx((-0.15, 1.15))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: plot.regression(line, [[1.0, 2.0]], [0.0]), r"one number.* got 1 points of .2. numbers"),
        (lambda: plot.regression(line, [], []), "got 0 points"),
        (lambda: plot.regression(bowl, [[1.0]], [0.0, 1.0]), "1 points of .1. numbers, 2 targets"),
        (lambda: plot.regression(lambda x: [1.0, 2.0], [[1.0]], [0.0]), "one output, this model has 2"),
        (lambda: plot.regression(lambda x: math.inf, [[1.0]], [0.0]), "not finite"),
    ],
)
def test_regressions_that_cannot_be_drawn_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
    assert plt.get_fignums() == []


@pytest.mark.parametrize("kind", [list, tuple, numpy.array, pandas.Series, polars.Series, iter])
def test_a_regression_on_numbers_calls_the_model_with_numbers_as_fit_does(kind):
    met = []
    axes = plot.regression(lambda x: met.append(x) or 2.0 * x, kind([0.0, 1.0]), kind([0.5, 1.5]))
    assert {*map(type, met)} == {float}
    assert axes.collections[0].get_offsets().tolist() == [[0.0, 0.5], [1.0, 1.5]]
    rows = plot.regression(lambda x: 2.0 * x[0], [[0.0], [1.0]], [0.5, 1.5])
    assert (axes.get_lines()[0].get_ydata() == rows.get_lines()[0].get_ydata()).all()
    plot.regression(nn.MLP(1, [2, 1], seed=0), kind([0.0, 1.0]), kind([0.5, 1.5]))


SAME_AS_FIT = {
    "nan": ([[0.0], [math.nan]], [0, 1], ValueError, "example 1 holds a number that is inf or nan"),
    "inf as a target": ([[0.0], [1.0]], [math.inf, 1], ValueError, "example 0 holds a number that is inf or"),
    "words": ([["a"], ["b"]], [0, 1], TypeError, "convert it with float"),
    "words as targets": ([[0.0], [1.0]], ["a", "b"], TypeError, "convert it with float"),
    "a set": ({0.0, 1.0}, [0, 1], TypeError, "X is a list or an array, got set: it has no order"),
    "a dict": ([[0.0], [1.0]], {0: 1, 1: 0}, TypeError, "y is a list or an array, got dict: pass a list"),
    "a number": (1.0, [0, 1], TypeError, "X is a list or an array, got float"),
    "a table of words": (
        pandas.DataFrame({"a": ["b", "c"]}),
        [0, 1],
        TypeError,
        "the column 'a' of X holds 'b'",
    ),
}


@pytest.mark.parametrize(("X", "y", "kind", "said"), SAME_AS_FIT.values(), ids=SAME_AS_FIT)
def test_data_that_fit_refuses_are_refused_in_its_words(X, y, kind, said):
    def trained(model, X, y):
        fit(model, losses.mse, X, y, optimizer=optim.SGD(lr=0.1))

    for use in (plot.regression, plot.decision_boundary, trained):
        points = [[*row, 0.5] for row in X] if use is plot.decision_boundary and isinstance(X, list) else X
        width = 2 if use is plot.decision_boundary else 1
        with pytest.raises(kind, match=said):
            use(nn.MLP(width, [1], seed=0), points, y)
    assert plt.get_fignums() == []


# ---- tables of every kind ---------------------------------------------------------------------

SQUARES = [[0.0, 0.25], [0.75, -1.0]]
DRAWINGS = {
    "heatmap": plot.heatmap,
    "images": lambda rows: plot.images(rows, (1, 2), labels=pandas.Series([3, 4], index=[7, 8])),
    "embedding": lambda rows: plot.embedding(
        rows, pandas.Series(["a", "b"], index=[7, 8]), groups=numpy.array([0, 1])
    ),
    "weights": lambda rows: plot.weights(rows, (1, 2)),
    "descent": lambda rows: plot.descent(lambda t: t[0] ** 2 + t[1] ** 2, {"a": rows}, resolution=3),
}


@pytest.mark.parametrize("draw", DRAWINGS.values(), ids=DRAWINGS)
@pytest.mark.parametrize(
    "kind", [numpy.array, pandas.DataFrame, lambda rows: polars.DataFrame(rows, orient="row")]
)
def test_tables_are_drawn_by_their_rows(draw, kind):
    numbers = []
    for rows in (SQUARES, kind(SQUARES)):
        axes = draw(rows)
        numbers.append([image.get_array().tolist() for image in axes.images])
        numbers[-1] += [one.get_offsets().tolist() for one in axes.collections]
        numbers[-1] += [line.get_xydata().tolist() for line in axes.get_lines()]
    assert repr(numbers[0]) == repr(numbers[1])  # with nan where nothing is


@pytest.mark.parametrize("rows", [[1.0, 2.0], ["ab", "cd"], numpy.array([1.0, 2.0]), 3.0, {1.0, 2.0}])
@pytest.mark.parametrize("draw", DRAWINGS.values(), ids=DRAWINGS)
def test_what_is_no_rows_of_numbers_is_named(draw, rows):
    with pytest.raises(TypeError, match=r"rows of numbers, got|is a list or an array, got"):
        draw(rows)
    assert plt.get_fignums() == []


def test_images_as_arrays_of_lines():
    pixels = numpy.arange(12.0).reshape(2, 2, 3)
    pictures = [plot.images(rows, (2, 3)).images[0].get_array() for rows in (pixels, pixels.reshape(2, 6))]
    pictures.append(plot.images(pixels.tolist(), (2, 3)).images[0].get_array())
    assert repr(pictures[0].tolist()) == repr(pictures[1].tolist()) == repr(pictures[2].tolist())


def test_paths_without_names_are_refused():
    with pytest.raises(TypeError, match="paths are a dict of paths by name"):
        plot.descent(lambda t: t[0], [[1.0, 2.0]])


# ---- descent ----------------------------------------------------------------------------------


def test_C4_a_descent_shows_every_place_and_where_it_ends():
    way = [[2.0, 1.0], [1.0, -0.5], [0.5, 0.25]]
    axes = plot.descent(bowl, {"SGD": way, "Adam": [[Value(2.0), Value(1.0)], (1.5, 0.5)]}, resolution=8)
    sgd, its_end, adam, _ = axes.get_lines()
    assert [list(place) for place in zip(*sgd.get_data())] == way
    assert [list(place) for place in zip(*its_end.get_data())] == way[-1:]
    assert list(adam.get_xdata()) == [2.0, 1.5]
    assert sgd.get_marker() != adam.get_marker() and sgd.get_color() != adam.get_color()
    (low, high), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    assert all(low < x < high and bottom < y < top for x, y in way)
    assert [text.get_text() for text in axes.figure.legends[0].get_texts()] == ["SGD", "Adam"]


def test_a_descent_on_a_plain_that_stays_in_place_is_drawn():
    plot.descent(lambda t: Value(1.0), {"SGD": [[1.0, 1.0], [1.0, 1.0]]}, resolution=3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: plot.descent(bowl, {}), "got 0 paths"),
        (lambda: plot.descent(bowl, {"a": [[1.0, 2.0]], "b": []}), "got 2 paths, 1 places"),
        (lambda: plot.descent(bowl, {"a": [[1.0, 2.0, 3.0]]}), "two numbers each"),
        (lambda: plot.descent(bowl, {"a": [[1.0, 2.0]]}, resolution=1), "resolution 1"),
        (lambda: plot.descent(lambda t: math.nan, {"a": [[1.0, 2.0]]}), "not finite"),
    ],
)
def test_descents_that_cannot_be_drawn_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
    assert plt.get_fignums() == []
