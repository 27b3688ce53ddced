"""A whole step of training as one function under ``jax.jit``: value, gradient, check, and the move."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from autograd_lite.compiler.arrays.runtime import namespace
from autograd_lite.compiler.devices.mesh import Placement
from autograd_lite.compiler.moves import hides_gradient
from autograd_lite.core.source import define

__all__ = ["Carry", "WholeStep"]


class Carry(NamedTuple):
    """What stays on the devices from step to step.

    Attributes:
        moved: an array for each array of parameters.
        states: the optimiser's state for each.
        steps: how many steps it has taken.
        is_well: whether the last of them went well; after one that did not, nothing moves.
    """

    moved: Any
    states: Any
    steps: Any
    is_well: Any


class WholeStep:
    """A step of one program by the rule of an optimiser as it is set now.

    Args:
        specialization: the program.
        optimizer: whose rule is generic over numbers, and so over what JAX traces.
        placement: the devices.
        clip: as of a ``Training``.

    Attributes:
        jitted: the function; see ``_step``.

    Raises:
        TypeError: if random numbers cannot be drawn on devices.
    """

    def __init__(self, specialization: Any, optimizer: Any, placement: Placement, clip: Any = None) -> None:
        self.jax = jax = placement.jax
        self.clip = clip
        source, dtype = specialization.array_source, specialization.dtype
        self.specialization, self.optimizer, self.placement = specialization, optimizer, placement
        self.dtype, self.random = dtype, source.random
        for leaf in source.random:
            if not hasattr(leaf.source, "chances") or not hasattr(leaf.source, "draw_seed"):
                raise TypeError(f"random numbers of {leaf.source!r} cannot be drawn on devices")
        self._weights: Any = None
        names = namespace(jax.numpy, source, dtype)
        names |= {"full_like": lambda losses, share: self._weights, "pick": self._picked}
        self._program = define(source.text, "program on devices", names)["value_and_gradient"]
        self._shardings = [placement.of_leaf(leaf.shape) for leaf in source.parameters]
        states = [(each,) * len(optimizer.begin(0.0)) for each in self._shardings]
        self.carry_shardings = Carry(self._shardings, states, placement.copied, placement.copied)
        copied, by_rows = placement.copied, placement.by_rows
        self.jitted = jax.jit(
            self._step,
            donate_argnums=1,
            in_shardings=(*[self.carry_shardings] * 2, copied, copied, copied, by_rows, by_rows),
            out_shardings=(self.carry_shardings, copied),
        )

    def put(self, moved: Any, states: Any, steps: int) -> Carry:
        """Put what ``Training.now`` holds onto the devices."""
        import numpy

        return Carry(
            [*map(self.placement.put, moved, self._shardings)],
            [
                tuple(map(self.placement.put, state, itertools.repeat(sharding)))
                for state, sharding in zip(states, self._shardings)
            ],
            self.placement.put(numpy.int32(steps), self.placement.copied),
            self.placement.put(numpy.bool_(True), self.placement.copied),
        )

    def _step(self, carry: Carry, spare: Carry, *arguments: Any) -> tuple[Carry, Any]:
        """Take a step, unless the last one did not go well: then ``spare`` is what was before that.

        Args:
            carry: what is there.
            spare: the carry before it, or what else is gone afterwards: the next carry takes its place.
            arguments: as for ``_taken``.

        Returns:
            The next carry, and what was found; instead of a step that is not taken ``spare``, so that steps
            which were begun in vain pass what is good to and fro.
        """
        nothing = self.jax.numpy.zeros(2 + len(self.specialization.raised.outputs), self.dtype)
        found: tuple[Carry, Any] = self.jax.lax.cond(
            carry.is_well,
            lambda: self._taken(carry, *arguments),
            lambda: (spare._replace(is_well=carry.is_well), nothing),
        )
        return found

    def _taken(
        self, carry: Carry, frozen: Any, seeds: Any, rate: Any, weights: Any, inputs: Any
    ) -> tuple[Carry, Any]:
        """Take a step.

        Args:
            carry: what is there.
            frozen: the arrays of frozen leaves.
            seeds: one for each array of random numbers.
            rate: the learning rate, or that of each group of parameters.
            weights: the share of each row in the mean, 0 of one that only fills up.
            inputs: the arguments of all rows.

        Returns:
            The next carry; and in one array the mean, whether the step went well, how many rows took another
            way, and what the program computes beside.
        """
        numpy = self.jax.numpy
        random = [self._draw(leaf, seed, len(weights)) for leaf, seed in zip(self.random, seeds)]
        self._weights = weights
        results = [*self._program(*carry.moved, *frozen, *random, *inputs)]
        self._weights = None
        raised = self.specialization.raised
        held = results.pop() if raised.guards else True
        outputs, gradient = results
        loss, *beside = outputs if len(raised.outputs) > 1 else [outputs]
        mean = (loss * weights).sum() if loss.ndim else loss
        broken = ((weights > 0.0) & ~numpy.broadcast_to(held, weights.shape)).sum(dtype=self.dtype)
        moved, states = self._moved(carry, gradient, rate)
        hidden = gradient if hides_gradient(self.optimizer) else []
        is_well = self._is_finite([mean, *moved, *hidden]) & (broken == 0.0)
        after = Carry(moved, states, carry.steps + 1, is_well)
        firsts = [numpy.reshape(each, -1)[0] for each in beside]
        return after, numpy.stack([mean, is_well.astype(self.dtype), broken, *firsts])

    def _moved(self, carry: Carry, gradient: Any, rate: Any) -> tuple[Any, Any]:
        """Apply the optimiser's rule."""
        step = (carry.steps + 1).astype(self.dtype)
        if self.clip is not None:
            gradient = self.clip(gradient)
        found = [
            rule.update(data, slope, state, own, step)
            for (rule, own), data, slope, state in zip(self._rules(rate), carry.moved, gradient, carry.states)
        ]
        moved = [(data - change).astype(self.dtype) for data, (change, _) in zip(carry.moved, found)]
        return moved, [tuple(each.astype(self.dtype) for each in state) for _, state in found]

    def _rules(self, rate: Any) -> Iterable[tuple[Any, Any]]:
        """Return the rule and the learning rate of each array of parameters."""
        optimizer, decays = self.optimizer, self.optimizer.decays()
        if not optimizer.groups:
            return itertools.repeat((optimizer, rate))
        if decays is None:
            return [(optimizer, rate[each]) for each in self._groups()]
        numbers = self.jax.numpy.asarray(decays, self.dtype)
        return [(optimizer.with_decay(numbers[each]), rate[each]) for each in self._groups()]

    def _groups(self) -> Iterable[Any]:
        """Return the number of the group of each array of parameters, or of each number in it."""
        numbers = self.optimizer.of_each(range(len(self.optimizer.groups)))
        for array in self.specialization.leaves.parameters(numbers):
            each = array.astype(int)
            yield each if each.min() < each.max() else each.min()

    def _is_finite(self, arrays: Sequence[Any]) -> Any:
        """Tell whether arrays are finite; where a square overflows, the host looks again."""
        numpy = self.jax.numpy
        return numpy.isfinite(sum(numpy.vdot(each, each) for each in arrays))

    def _draw(self, leaf: Any, seed: Any, rows: int) -> Any:
        """Draw a random leaf of all rows, the same numbers however many devices share them."""
        jax = self.jax
        uniform = jax.random.uniform(jax.random.key(seed), (rows, *leaf.shape), "float32")
        uniform = jax.lax.with_sharding_constraint(uniform, self.placement.by_rows)
        numbers, chances = zip(*leaf.source.chances())
        edges = jax.numpy.asarray([*itertools.accumulate(chances)][:-1], "float32")
        return jax.numpy.asarray(numbers, self.dtype)[jax.numpy.searchsorted(edges, uniform, side="right")]

    def _picked(self, values: Any, index: Any) -> Any:
        """Pick a number from each row; indexing would first bring the indices of all devices together."""
        numpy = self.jax.numpy
        chosen = numpy.arange(values.shape[-1]) == index[..., None]
        return numpy.where(chosen, values, 0.0).sum(axis=-1)
