"""What the parameters of a compiled program are called: no label can become code, or hide a name."""

import ast
import keyword

import numpy
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from autograd_lite import Value, nn
from autograd_lite.compiler import compile
from autograd_lite.compiler.arrays.names import identifier
from autograd_lite.compiler.arrays.script import safe
from autograd_lite.compiler.introspection import OWN

NASTY = [
    "x); import os", "N", "x", "dx", "W", "dW", "d", "W1", "z1", "b1", "loss", "def", "match", "lambda", "",
    " ", "1", "f", "\ufb01", "K", "\u212a", "\u00e9", "e\u0301", "c1", "i1", "tanh", "tanh1", "dtanh1", "sum",
    "float", "int", "W_rows", "x_float", "x_at_i1", "own_tanh", "__class__", "a.b", "a_b", "a[0].b", "\n",
    "#", "None", "self", "p", "exp", "logsumexp", "concatenate", "dloss", "forward", "value_and_gradient",
    "xs", "len", "slice", "P", "P_", *sorted(OWN),
]  # fmt: skip
LABELS = st.lists(st.sampled_from(NASTY) | st.text(max_size=8), min_size=2, max_size=6, unique=True)


@settings(max_examples=150, deadline=None)
@given(LABELS)
@example(["W", "dW", "x", "dx"])
@example(["x); import os", "x_import_os", "\ufb01", "fi"])
def test_a_label_is_a_name_and_nothing_else(labels):
    state = {label: [Value(0.1 * (k + i)) for i in range(3)] for k, label in enumerate(labels)}

    def loss(x, k):
        h = x
        for row in state.values():
            z = sum(w * hi for w, hi in zip(row, h))
            h = [(z * w + hi).tanh() for w, hi in zip(row, h)]
        return (h[0] + state[labels[0]][k]) ** 2

    rows, picks = numpy.array([[0.5, -1.0, 2.0], [1.0, 0.25, -0.5]]), numpy.array([0, 2])
    named = {f"{label}.{i}": value for label, values in state.items() for i, value in enumerate(values)}
    program = compile(loss, named, backend="numpy")
    mean, slopes = program.mean_and_grad(rows, picks)
    (function,) = ast.parse(program.source).body
    names = [argument.arg for argument in function.args.args]
    assert len({*names}) == len(names)
    assert not any(map(keyword.iskeyword, names)) and all(name.isascii() for name in names)
    assigned = [node.id for node in ast.walk(function) if isinstance(getattr(node, "ctx", None), ast.Store)]
    assert not {*assigned} & {*names}
    eager = []
    for row, pick in zip(rows.tolist(), picks.tolist()):
        for value in (value for values in state.values() for value in values):
            value.grad = 0.0
        output = loss([*map(Value, row)], pick)
        output.backward()
        eager.append([output.data, *(value.grad for values in state.values() for value in values)])
    assert [mean, *slopes] == pytest.approx(numpy.mean(eager, axis=0), rel=1e-12, abs=1e-14)


@given(
    st.lists(st.sampled_from([identifier(label) for label in NASTY]) | st.from_regex(r"\A[a-u]\d?_{0,2}\Z"))
)
def test_names_in_a_script_stay_apart(names):
    assert len({*map(safe, names)}) == len({*names})


def test_parameters_are_called_as_in_a_module_or_a_dict():
    class Model(nn.Module):
        def __init__(self):
            self.wte = [[Value(0.1 * (i + j)) for j in range(3)] for i in range(4)]
            self.blocks = [Block(k) for k in range(2)]
            self.head = nn.Layer(3, 2)

        def __call__(self, k):
            x = self.wte[k]
            for block in self.blocks:
                x = block(x)
            return self.head(x)

    class Block(nn.Module):
        def __init__(self, k):
            self.W = [[Value(0.1 * (i - j + k)) for j in range(3)] for i in range(3)]

        def __call__(self, x):
            return [sum(w * xi for w, xi in zip(row, x)).tanh() for row in self.W]

    model = Model()
    program = compile(lambda k: sum(z**2 for z in model(k)), model, backend="numpy")
    program.mean_and_grad([0, 3])
    head = program.source.splitlines()[0]
    assert head == "def value_and_gradient(wte, blocks_0_W, blocks_1_W, W3, b3, k):"
    state = {f"w out[{i}]": value for i, value in enumerate(model.parameters())}
    program = compile(lambda k: sum(z**2 for z in model(k)), state, backend="numpy")
    program.mean_and_grad([0, 3])
    head = program.source.splitlines()[0]
    assert head == "def value_and_gradient(w_out_5, w_out, w_out_2, w_out_3, w_out_4, k):"
