"""A program in the form of microgpt, whose model code knows nothing of a compiler, trains compiled."""

from __future__ import annotations

import random

import pytest

from autograd_lite import Value, compile, fit, optim

WIDTH, HEADS, BLOCK, TOKENS = 4, 2, 5, 6
BOS = TOKENS - 1
HEAD = WIDTH // HEADS


class GPT:
    """Token and place embeddings, one layer of attention and an MLP, and what predicts the next token."""

    def __init__(self):
        draw = random.Random(42)

        def matrix(rows, columns):
            return [[Value(draw.gauss(0.0, 0.3)) for _ in range(columns)] for _ in range(rows)]

        self.state_dict = {
            "wte": matrix(TOKENS, WIDTH), "wpe": matrix(BLOCK, WIDTH), "lm_head": matrix(TOKENS, WIDTH),
            "mlp_fc1": matrix(4 * WIDTH, WIDTH), "mlp_fc2": matrix(WIDTH, 4 * WIDTH),
            **{f"attn_w{name}": matrix(WIDTH, WIDTH) for name in "qkvo"},
        }  # fmt: skip

    def parameters(self):
        return [p for matrix in self.state_dict.values() for row in matrix for p in row]

    def gpt(self, token_id, pos_id, keys, values):
        weights = self.state_dict
        x = [t + p for t, p in zip(weights["wte"][token_id], weights["wpe"][pos_id])]
        x = residual = rmsnorm(x)
        q = linear(x, weights["attn_wq"])
        keys.append(linear(x, weights["attn_wk"]))
        values.append(linear(x, weights["attn_wv"]))
        attended = []
        for start in range(0, WIDTH, HEAD):
            q_h = q[start : start + HEAD]
            k_h = [k[start : start + HEAD] for k in keys]
            v_h = [v[start : start + HEAD] for v in values]
            shares = softmax([sum(a * b for a, b in zip(q_h, k)) / HEAD**0.5 for k in k_h])
            attended += [sum(share * v[j] for share, v in zip(shares, v_h)) for j in range(HEAD)]
        x = residual = [a + b for a, b in zip(linear(attended, weights["attn_wo"]), residual)]
        x = [xi.relu() for xi in linear(rmsnorm(x), weights["mlp_fc1"])]
        x = [a + b for a, b in zip(linear(x, weights["mlp_fc2"]), residual)]
        return linear(x, weights["lm_head"])

    def __call__(self, tokens):
        n = min(BLOCK, len(tokens) - 1)
        keys, values, losses = [], [], []
        for pos_id in range(n):
            token_id, target_id = tokens[pos_id], tokens[pos_id + 1]
            probs = softmax(self.gpt(token_id, pos_id, keys, values))
            losses.append(-probs[target_id].log())
        return (1 / n) * sum(losses)


def linear(x, w):
    return [sum(wi * xi for wi, xi in zip(wo, x)) for wo in w]


def softmax(logits):
    max_val = max(val.data for val in logits)
    exps = [(val - max_val).exp() for val in logits]
    total = sum(exps)
    return [e / total for e in exps]


def rmsnorm(x):
    scale = (sum(xi * xi for xi in x) / len(x) + 1e-5) ** -0.5
    return [xi * scale for xi in x]


def documents(count):
    draw = random.Random(1)
    lengths = [1 + number % BLOCK for number in range(count)]
    return [[BOS, *(draw.randrange(BOS) for _ in range(length)), BOS] for length in lengths]


def adam():
    return optim.Adam(lr=0.01, betas=(0.85, 0.99), eps=1e-8)


def eagerly(docs):
    model, optimizer, losses = GPT(), adam(), []
    optimizer.bind(model.parameters())
    for doc in docs:
        loss = model(doc)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.data)
    return losses, [p.data for p in model.parameters()]


def test_one_document_a_step_through_a_trainer():
    docs, model = documents(40), GPT()
    program = compile(model, model.parameters())
    trainer = program.trainer(adam())
    losses = [trainer.step([doc]) for doc in docs]
    trainer.write_back()
    expected, numbers = eagerly(docs)
    assert losses == pytest.approx(expected, rel=1e-9)
    assert [p.data for p in model.parameters()] == pytest.approx(numbers, rel=1e-9)
    assert len([*program.cache]) == BLOCK  # one for each length, whatever the tokens are


@pytest.mark.parametrize("batch_size", [1, 8])
def test_documents_of_several_lengths_through_fit(batch_size):
    def trained(compiled):
        model = GPT()
        history = fit(
            model, lambda loss, _: loss, documents(32), [0] * 32, optimizer=adam(), epochs=2,
            batch_size=batch_size, compiled=compiled,
        )  # fmt: skip
        return history.engine, history.loss, [p.data for p in model.parameters()]

    engine, losses, numbers = trained(True)
    _, expected_losses, expected = trained(False)
    assert engine == "compiled"
    assert losses == pytest.approx(expected_losses, rel=1e-9)
    assert numbers == pytest.approx(expected, rel=1e-9)
