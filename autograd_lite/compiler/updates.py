"""The rule of an optimiser as JavaScript: what moves all parameters of a program once."""

from __future__ import annotations

import copy
import functools
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from autograd_lite.compiler.arrays.blocks import indented
from autograd_lite.javascript import Term, written

__all__ = ["UpdateScript", "clip_script"]


@functools.cache
def clip_script() -> str:
    """Return the script of ``clipGradNorm(G, most)``, which does to gradients what ``optim`` does."""
    return files("autograd_lite.compiler").joinpath("clip.js").read_text(encoding="utf-8").rstrip()


class UpdateScript:
    """An optimiser's rule as a JavaScript function, written from the rule itself.

    Args:
        optimizer: an optimiser of ``optim``, or one's own: its rule is generic over kinds of numbers.
        settings: names of its attributes that the function is given anew at each step, so that they can
            be changed while it trains; those that the optimiser has not are left out.

    Attributes:
        text: the function of the parameters, their gradients, the states (an array for each number that the
            rule remembers), the learning rate, the number of the step, from 1, and the settings by name.
            What it names is in ``names_script()``. It changes the parameters and the states.
        start: the numbers that each parameter's state begins with.
        settings: the present numbers of the settings that it takes.

    Raises:
        TypeError: if the rule cannot be written, or groups of parameters have settings of their own.

    Example:
        >>> from autograd_lite import optim
        >>> print(UpdateScript(optim.SGD(lr=0.1)).text)
        (P, G, S, rate, step, settings) => {
          const { weight_decay } = settings;
          for (let i = 0; i < P.length; i++) {
            const data = P[i];
            const grad = G[i];
            P[i] = data - rate * (grad + weight_decay * data);
          }
        }
    """

    def __init__(self, optimizer: Any, settings: Sequence[str] = ("weight_decay",)) -> None:
        if optimizer.groups:
            raise TypeError(
                "groups of parameters have settings of their own, and a page moves all parameters by one "
                "rule: leave out the groups"
            )
        rule = copy.copy(optimizer)
        self.settings = {name: getattr(rule, name) for name in settings if hasattr(rule, name)}
        for name in self.settings:
            setattr(rule, name, _Setting(name))
        self.start = [*rule.begin(0.0)]
        data, grad, *state = each = [Term("data"), Term("grad"), *map(Term, _states(len(self.start)))]
        try:
            change, after = rule.update(data, grad, tuple(state), Term("rate"), Term("step"))
        except (TypeError, ValueError, AttributeError) as error:
            raise TypeError(
                f"the rule of {type(optimizer).__name__} cannot be written as JavaScript ({error}): "
                "compute the update with operators and operations only"
            ) from error
        once = _Once(each)
        terms = [once.part(term) for term in (data - change, *after)]
        self.text = self._text(*written(once.terms), *written(terms))

    def _text(self, before: list[str], known: list[str], lines: list[str], texts: list[str]) -> str:
        states = _states(len(self.start))
        body = [
            *([f"const {{ {', '.join(self.settings)} }} = settings;"] if self.settings else []),
            *(f"const {name}s = S[{place}];" for place, name in enumerate(states)),
            *before,
            *(f"const once{place} = {text};" for place, text in enumerate(known)),
            "for (let i = 0; i < P.length; i++) {",
            "const data = P[i];",
            "const grad = G[i];",
            *(f"const {name} = {name}s[i];" for name in states),
            *lines,
            f"P[i] = {texts[0]};",
            *(f"{name}s[i] = {text};" for name, text in zip(states, texts[1:])),
            "}",
        ]
        return "\n".join(indented(["(P, G, S, rate, step, settings) => {", *body, "}"]))


def _states(count: int) -> list[str]:
    return [f"state{place}" for place in range(count)]


class _Setting(Term):
    """A setting that is given at each step: a rule that asks whether it is 0 takes it into account."""

    def __bool__(self) -> bool:
        return True


class _Once:
    """Takes out of terms what is the same for all parameters, to be computed once.

    Args:
        varying: what differs from parameter to parameter.

    Attributes:
        terms: what was taken out.
    """

    def __init__(self, varying: Sequence[Term]) -> None:
        self.terms: list[Term] = []
        self._varies = {id(term): True for term in varying}
        self._parts: dict[int, Any] = {}
        self._kept = [*varying]  # an id is that of one Term only as long as that is there

    def varies(self, term: Any) -> bool:
        """Tell whether a term differs from parameter to parameter."""
        if not isinstance(term, Term):
            return False
        if id(term) not in self._varies:
            self._kept.append(term)
            self._varies[id(term)] = any(map(self.varies, term.operands))
        return self._varies[id(term)]

    def part(self, term: Any) -> Any:
        """Return a term in which names stand for what is taken out."""
        if not isinstance(term, Term) or not term.operands:
            return term
        if id(term) not in self._parts:
            if self.varies(term):
                operands = map(self.part, term.operands)
                new = Term(term.text, *operands, strength=term.strength, needed=term.needed)
            else:
                new = Term(f"once{len(self.terms)}")
                self.terms.append(term)
            self._parts[id(term)] = new
        return self._parts[id(term)]
