"""Damages checkpoints and saved models at random, and finds those that are not handled rightly.

A damaged file is refused with an error that names it, and then nothing has changed; or it is
taken, and then the training goes on as one from a whole file could have: to its last epoch, with
finite numbers and lists of the right lengths, and to a file that is taken again.

    python3 tests/long/mutants.py --seed 0 --count 1000

stops at the first file of which neither is true, keeps it, and says how it was made.
"""

import argparse
import collections
import copy
import json
import math
import random
import sys
import tempfile
import warnings
from pathlib import Path

from trainings import KINDS, begin, go_on, perceptron

EPOCHS = 4
ODD = [
    None, True, False, 0, 1, -1, 3, 2**32, 2**53, 10**30, -(10**30), 10**400, 0.0, -0.0, -1.0, 0.5, 5e-324,
    1e154, 1e200, 1e308, -1e308, math.nan, math.inf, -math.inf, "", "x", "1.5", "nan", "epochs", "compiled",
    [], {}, [[]], [1.5], [None], {"x": 1.5},
]  # fmt: skip


class DifferenceError(Exception):
    """What a damaged file did and should not have done."""


# ---- How files are damaged ----------------------------------------------------------------


def damaged(text, chance):
    """Damage the text of a file; return the bytes, and what was done."""
    if chance.random() < 0.25:
        return damaged_bytes(bytearray(text, "utf-8"), chance)
    content, did = json.loads(text), []
    for _ in range(chance.choice([1, 1, 1, 2, 3])):
        did.append(damage_content(content, chance))
    return json.dumps(content).encode(), "; ".join(did)


def damaged_bytes(content, chance):
    at, length = chance.randrange(len(content)), chance.choice([1, 1, 10, 1000])
    how = chance.choice(["flip", "other", "cut off", "cut out", "double", "zero"])
    if how == "flip":
        content[at] ^= 1 << chance.randrange(8)
    elif how == "other":
        content[at] = chance.choice(b'0123456789-+.eE,:[]{}" \n')
    elif how == "cut off":
        del content[at:]
    elif how == "cut out":
        del content[at : at + length]
    elif how == "double":
        content[at:at] = content[at : at + length]
    else:
        content[at : at + length] = bytes(len(content[at : at + length]))
    return bytes(content), f"{how} {length} bytes at {at}"


def place_in(content, chance):
    """Choose a place in nested tables and lists, as a container and a key or an index."""
    container = content or {"": None}
    while True:
        key = chance.choice([*container] if isinstance(container, dict) else range(len(container)))
        inner = container[key]
        if not isinstance(inner, (dict, list)) or not inner or chance.random() < 0.25:
            return container, key
        container = inner


def damage_content(content, chance):
    """Change one thing in what a file holds, and say what."""
    container, key = place_in(content, chance)
    old = container[key]
    how = chance.choice(["odd"] * 3 + ["remove", "double", "rename", "swap", "nest", "number", "length"])
    if how == "remove":
        del container[key]
    elif how == "double" and isinstance(container, list):
        container.insert(key, copy.deepcopy(old))
    elif how in ("double", "rename") and isinstance(container, dict):
        container[f"{key}x"] = copy.deepcopy(old)
        if how == "rename":
            del container[key]
    elif how == "swap":
        other, there = place_in(content, chance)
        container[key], other[there] = copy.deepcopy(other[there]), copy.deepcopy(old)
    elif how == "nest":
        container[key] = chance.choice([[old], {"x": old}, [old, old]])
    elif how == "number" and type(old) in (int, float) and abs(old) < 1e300:
        changes = [-old, old + 1, old - 1, float(old), int(old), old * 1e200, old * 1e-200, str(old)]
        container[key] = chance.choice(changes)
    elif how == "length" and isinstance(old, list):
        container[key] = chance.choice([old[:-1], old[1:], old + old[-1:], old * 2, old[::-1], []])
    else:
        how, container[key] = "odd", copy.deepcopy(chance.choice(ODD))
    return f"{how} at {str(key)[:40]!r}, where {str(old)[:60]!r} stood"


# ---- What a damaged file may do -----------------------------------------------------------


def state_of(model, optimizer):
    """Give all that a refused file must leave alone."""
    held = optimizer and (optimizer.parameters, optimizer.state_dict())
    generators = [
        thing.getstate()
        for module in model.modules()
        for thing in vars(module).values()
        if isinstance(thing, random.Random)
    ]
    return repr(([value.data for _, value in model.named_values()], held, random.getstate(), generators))


def refused(error, path, before, after):
    """Check how a file was refused."""
    if path.name not in str(error):
        raise DifferenceError(f"the error does not name the file: {error}")
    if after != before:
        raise DifferenceError(f"it was refused, but something has changed: {error}")
    return "refused"


def all_numbers(thing):
    """Tell whether nested lists and tables hold finite floats and nothing else."""
    if isinstance(thing, dict):
        thing = list(thing.values())
    if isinstance(thing, (list, tuple)):
        return all(map(all_numbers, thing))
    return type(thing) is float and math.isfinite(thing)


def try_model(path):
    """Load a model; tell whether the file was refused or taken."""
    model = perceptron()
    before = state_of(model, None)
    try:
        model.load(path)
    except (ValueError, OSError) as error:
        return refused(error, path, before, state_of(model, None))
    if not all_numbers(model.state_dict()):
        raise DifferenceError("the model holds what is no finite number")
    return "taken"


def try_checkpoint(kind, path):
    """Go on from a checkpoint; tell whether it was refused, taken, or led to infinity."""
    model, optimizer = begin(kind)
    if path.stat().st_size % 2:  # an optimiser may have its parameters before
        optimizer.bind(model.parameters())
    before = state_of(model, optimizer)
    try:
        history = go_on(kind, model, optimizer, EPOCHS, path, progress=False)
    except FloatingPointError:  # as from the weights 1e200, which a training might have reached
        if not all_numbers([parameter.data for parameter in model.parameters()]):
            raise DifferenceError("a step to infinity was taken") from None
        return "diverged"
    except (ValueError, OSError) as error:
        return refused(error, path, before, state_of(model, optimizer))
    check_history(KINDS[kind][2], history)
    if not all_numbers([model.state_dict(), optimizer.states]):
        raise DifferenceError("the model or the optimiser holds what is no finite number")
    again, optimizer = begin(kind)
    if repr(go_on(kind, again, optimizer, EPOCHS, path, progress=False)) != repr(history):
        raise DifferenceError("what was written at the end does not give the same history")
    return "taken"


def check_history(settings, history):
    """Check that a training of these settings can have ended with this history."""
    metrics = {name: column for name, column in history.metrics.items() if name != "nan"}
    if not all_numbers([history.loss, history.validation_loss, metrics, history.seconds]):
        raise DifferenceError(f"no finite numbers: {history}")
    lengths = {len(history.loss), len(history.seconds), *map(len, history.metrics.values())}
    if lengths != {EPOCHS} or len(history.validation_loss) != EPOCHS * ("validation" in settings):
        raise DifferenceError(f"lists of wrong lengths: {history}")
    if {*history.metrics} != {*settings.get("metrics", {})} or min(history.seconds) < 0.0:
        raise DifferenceError(f"wrong metrics or seconds: {history}")


# ---- The command --------------------------------------------------------------------------


def whole_files(folder):
    """Write a file of each kind, as it is without damage."""
    for kind in KINDS:
        model, optimizer = begin(kind)
        go_on(kind, model, optimizer, EPOCHS // 2, folder / "file.json", progress=False)
        yield kind, (folder / "file.json").read_text()
        (folder / "file.json").unlink()
    perceptron().save(folder / "file.json")
    yield "model", (folder / "file.json").read_text()


def run(seed, count):
    """Damage so many files; return the exit status."""
    counts = collections.Counter()
    with tempfile.TemporaryDirectory() as folder:
        path, texts = Path(folder) / "file.json", dict(whole_files(Path(folder)))
        for number in range(count):
            chance = random.Random(f"{seed} {number}")
            kind = chance.choice([*texts])
            content, did = damaged(texts[kind], chance)
            path.write_bytes(content)
            try:
                counts[try_model(path) if kind == "model" else try_checkpoint(kind, path)] += 1
            except Exception as error:
                kept = Path(tempfile.mkdtemp()) / "file.json"
                kept.write_bytes(content)
                print(f"seed {seed}, file {number}, {kind}: {did}")
                print(f"{type(error).__name__}: {error}\nkept as {kept}")
                return 1
    print(", ".join(f"{number} {outcome}" for outcome, number in sorted(counts.items())))
    return 0


def main():
    """Read the command line."""
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=form)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=1000)
    options = parser.parse_args()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # numbers grow too large
        return run(options.seed, options.count)


if __name__ == "__main__":
    sys.exit(main())
