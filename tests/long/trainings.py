"""Small trainings of several kinds, for the programs beside this file.

Run by itself, it trains in a process of its own, to be disturbed: `faults.py` does that.
"""

import argparse
import errno
import json
import os
import random
import resource
import signal
import sys

from autograd_lite import fit, losses, nn, optim
from autograd_lite.training import accuracy

POINTS = [[random.Random(index).gauss(0.0, 1.0) for index in (2 * k, 2 * k + 1)] for k in range(40)]
CLASSES = [int(a + b > 0.0) for a, b in POINTS]


class Dropped(nn.Module):
    """A model that draws random numbers: from a generator of its own, or from the `random` module."""

    def __init__(self, seed):
        self.hidden, self.last = nn.Layer(2, 4, "tanh", seed=0), nn.Layer(4, 1, None, seed=1)
        self.dropout = nn.Dropout(0.5, seed=seed)

    def __call__(self, x):
        return self.last(self.dropout(self.hidden(x)))


class Normalised(nn.Module):
    """A model with Values that are not trained, and that maps whole batches."""

    takes_batches = True

    def __init__(self):
        self.hidden, self.last = nn.Layer(2, 3, "tanh", seed=0), nn.Layer(3, 1, None, seed=1)
        self.norm = nn.BatchNorm(3)

    def __call__(self, batch):
        return [self.last(h) for h in self.norm([self.hidden(x) for x in batch])]


def perceptron():
    return nn.MLP(2, [6, 1], activation="tanh", seed=0)


METRICS = {"right": accuracy, "nan": lambda output, target: float("nan")}
# A model, an optimiser, and settings of fit.
KINDS = {
    "dropout": (lambda: Dropped(7), lambda: optim.Adam(lr=0.05), {"validation": 0.25, "metrics": METRICS}),
    "random module": (
        lambda: Dropped(None),
        lambda: optim.RMSprop(lr=optim.cosine(0.05, 0.01, steps=30)),
        {"metrics": METRICS},
    ),
    "batch norm": (Normalised, lambda: optim.AdamW(lr=0.05), {"shuffle": False}),
    "early stopping": (
        perceptron,
        lambda: optim.SGD(lr=0.5, momentum=0.9, nesterov=True),
        {"validation": 0.5, "early_stopping": 50},
    ),
    "compiled": (
        perceptron,
        lambda: optim.Adam(lr=0.05),
        {"validation": 0.2, "metrics": METRICS, "compiled": True},
    ),
    "float32": (perceptron, lambda: optim.SGD(lr=0.1, momentum=0.9), {"dtype": "float32"}),
}


def begin(kind):
    """Make the model and the optimiser of a training, and set the random numbers."""
    model, optimizer, _ = KINDS[kind]
    random.seed(5)
    return model(), optimizer()


def go_on(kind, model, optimizer, epochs, checkpoint=None, **more):
    """Train until so many epochs have passed."""
    return fit(
        model, losses.bce_with_logits, POINTS, CLASSES, optimizer=optimizer, epochs=epochs, batch_size=10,
        checkpoint=checkpoint, **KINDS[kind][2], **more,
    )  # fmt: skip


def numbers_of(model, optimizer, history):
    """Give all that must not depend on a fault, exactly."""
    return repr(
        [model.state_dict(), optimizer.state_dict(), random.getstate(), history.loss,
         history.validation_loss, history.metrics, history.engine, history.stopped]
    )  # fmt: skip


def fill_disk(after):
    """Let the disk be full once so many files have been written."""
    written, write = [0], os.fsync

    def full(descriptor):
        written[0] += 1
        if written[0] > after:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write(descriptor)

    os.fsync = full


def main():
    """Train as the command line says, and print the numbers, or the error."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("checkpoint")
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--full-after", type=int, help="files that find room on the disk")
    parser.add_argument("--largest-file", type=int, help="bytes that a file may have")
    options = parser.parse_args()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # which a job in the background ignores
    model, optimizer = begin(options.kind)
    if options.full_after is not None:
        fill_disk(options.full_after)
    if options.largest_file is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (options.largest_file, resource.RLIM_INFINITY))
    try:
        print("begins", flush=True)
        history = go_on(options.kind, model, optimizer, options.epochs, options.checkpoint)
        ended = {"stopped": history.stopped, "numbers": numbers_of(model, optimizer, history)}
    except KeyboardInterrupt:
        ended = {"stopped": "interrupted outside of fit"}
    except OSError as error:
        ended = {"stopped": "OSError", "errno": error.errno, "file": error.filename}
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the answer is printed whole
    print(json.dumps(ended), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
