"""What one would try first: XOR trained eagerly, by fit and compiled, and a graph shown. Prints JSON."""

import json

from autograd_lite import Value, compile, draw, fit, losses, nn, optim, predict, step_through
from autograd_lite.datasets import xor

X, labels = xor()


def network():
    """Give a network that can learn XOR."""
    return nn.MLP(2, [4, 1], activation="tanh", seed=1)


def mean_loss(model):
    """Give the loss over all four examples."""
    return sum(losses.bce_with_logits(model(x), label) for x, label in zip(X, labels)) / len(X)


eager, seen = network(), []
for _ in range(60):
    loss = mean_loss(eager)
    seen.append(loss.data)
    eager.zero_grad()
    loss.backward()
    for p in eager.parameters():
        p.data -= 1.0 * p.grad

fitted = network()
history = fit(fitted, losses.bce_with_logits, X, labels, optimizer=optim.SGD(lr=1.0), epochs=60)

model = network()
program = compile(lambda: mean_loss(model), model.parameters(), backend="python")

x, y, z = Value(-2.0, "x"), Value(5.0, "y"), Value(-4.0, "z")
L = (x + y) * z
L.backward()

results = {
    "eager": seen,
    "fit": history.loss,
    "learnt": [logit > 0 for logit in predict(fitted, X)],
    "compiled": program.value_and_grad(),
    "steps": str(step_through(L, names={"L": L})),
    "page": step_through(L)._repr_mimebundle_()["text/html"],
    "picture": draw(L)._repr_mimebundle_()["image/svg+xml"],
}
print(json.dumps(results))
