"""Placement: which devices of JAX train, and what lies on each of them."""

from __future__ import annotations

import functools
import importlib
import math
import operator
from collections.abc import Sequence
from typing import Any, cast

__all__ = ["NEEDS_JAX", "Placement", "check_rows_apart", "placement_of", "split_axis"]

LARGE = 2**14
"""An array of so many numbers is split over the second axis of a mesh; a smaller one is copied."""
NEEDS_JAX = 'backend="jax" needs JAX: python3 -m pip install "autograd_lite[jax]"'


class Placement:
    """Devices in a mesh: its first axis splits the rows of a batch, its second, if any, large layers.

    Args:
        devices: "all" that JAX sees, in all processes; so many of them; a list of them; a
            ``jax.sharding.Mesh`` of one or two axes; or None for one device, of several processes all.

    Attributes:
        mesh: the mesh.
        parts: into how many parts a batch is split.
        processes: how many processes have devices in it; each holds rows of its own.
        is_first: whether this process is the one that writes.

    Raises:
        ValueError: if there are no such devices, or the processes have not equally many rows.
        TypeError: if it is something else.
    """

    def __init__(self, devices: Any = None) -> None:
        import numpy

        self.jax: Any = importlib.import_module("jax")
        sharding = self.jax.sharding
        is_mesh = isinstance(devices, sharding.Mesh)
        mesh = devices if is_mesh else sharding.Mesh(_listed(self.jax, devices), ("rows",))
        if len(mesh.axis_names) > 2:
            raise ValueError(f"a mesh has one axis for rows, and perhaps one for layers: got {mesh}")
        self.mesh: Any = mesh
        self.parts: int = mesh.devices.shape[0]
        owners = [[device.process_index for device in row] for row in mesh.devices.reshape(self.parts, -1)]
        self.processes = check_rows_apart(owners)
        self.is_first = mesh.local_devices[0].process_index == min(min(row) for row in owners)
        self._numpy = numpy
        self.copied, self.by_rows = self._split(), self._split(mesh.axis_names[0])

    def __str__(self) -> str:
        count = self.mesh.size
        return f"jax, {count} device{'' if count == 1 else 's'}"

    def of_leaf(self, shape: tuple[int, ...]) -> Any:
        """Return how a parameter of a shape lies on the devices."""
        axis = split_axis(shape, self.mesh.devices.shape[1:])
        if axis is None:
            return self.copied
        return self._split(*[None] * axis, self.mesh.axis_names[1])

    def _split(self, *axes: str | None) -> Any:
        """Return how an array lies whose axes are split over those of the mesh that are named."""
        return self.jax.sharding.NamedSharding(self.mesh, self.jax.sharding.PartitionSpec(*axes))

    def padded(self, rows: int) -> int:
        """Return how many rows each process feeds so that all parts of the batch are of one size."""
        own = self.parts // self.processes
        return -(-rows // own) * own

    def put(self, array: Any, sharding: Any) -> Any:
        """Put an array that every process has onto the devices."""
        array = self._numpy.asarray(array)
        return self.jax.make_array_from_callback(array.shape, sharding, lambda index: array[index])

    def feed(self, array: Any, rows: int) -> Any:
        """Return the rows of this process as what a step takes; copies of the first one fill them up.

        A single process passes arrays of NumPy, which is what ``jax.jit`` puts onto devices fastest.
        """
        if rows > len(array):
            filling = self._numpy.broadcast_to(array[:1], (rows - len(array), *array.shape[1:]))
            array = self._numpy.concatenate([array, filling])
        shape = (rows * self.processes, *array.shape[1:])
        make = self.jax.make_array_from_process_local_data
        return make(self.by_rows, array, shape) if self.processes > 1 else array

    @functools.cached_property
    def _gather(self) -> Any:
        return self.jax.jit(lambda arrays: arrays, out_shardings=self.copied)

    def gathered(self, arrays: Any) -> list[Any]:
        """Return arrays, whole, on the host."""
        return [self._numpy.asarray(each.addressable_data(0)) for each in self._gather([*arrays])]

    def of_all(self, numbers: Any) -> Any:
        """Return the numbers that each process has, one row for each process."""
        numbers = self._numpy.asarray(numbers, "float64")
        own = self.parts // self.processes
        flat = self._numpy.broadcast_to(numbers.reshape(1, -1), (own, numbers.size))
        words = self._numpy.ascontiguousarray(flat).view("int32")  # as which no bit is lost
        (found,) = self.gathered([self.feed(words, own)])
        return found[::own].copy().view("float64").reshape(self.processes, *numbers.shape)

    def mean(self, numbers: Any) -> Any:
        """Return the mean over the processes."""
        return self.of_all(numbers).mean(axis=0)

    def check_alone(self, what: str) -> None:
        """Raise a ValueError if there are other processes, for which something cannot be done."""
        if self.processes > 1:
            raise ValueError(f"{what}, which {self.processes} processes cannot do together: use one")


def placement_of(devices: Any) -> Placement:
    """Return where to train; see ``Placement``.

    Raises:
        ImportError: if JAX is not installed.
    """
    try:
        importlib.import_module("jax")
    except ImportError:
        raise ImportError(NEEDS_JAX) from None
    return Placement(devices)


def _listed(jax: Any, devices: Any) -> Sequence[Any]:
    """List the devices that are meant."""
    known: Sequence[Any] = jax.devices()
    if devices is None:
        return known if jax.process_count() > 1 else known[:1]
    if isinstance(devices, str) and devices == "all":
        return known
    listed: list[Any] = [*devices] if isinstance(devices, (list, tuple)) else []
    if listed and all(isinstance(one, jax.Device) for one in listed):
        if len({*listed}) < len(listed):
            raise ValueError("a device stands twice in the list of devices")
        return listed
    try:
        count = 0 if isinstance(devices, bool) else operator.index(cast("Any", devices))
    except TypeError:
        raise TypeError(
            f'devices is "all", a number, a list of jax.devices() or a jax.sharding.Mesh, got {devices!r}'
        ) from None
    if not 1 <= count <= len(known):
        raise ValueError(f"devices is from 1 to {len(known)}, the devices that JAX sees, got {devices!r}")
    return known[:count]


def check_rows_apart(owners: Sequence[Sequence[int]]) -> int:
    """Count the processes of a mesh, each of which holds rows of its own.

    Args:
        owners: for each part of a batch the processes whose devices compute it.

    Raises:
        ValueError: if several processes would hold the same rows, or not equally many.
    """
    counts: dict[int, int] = {}
    for row in owners:
        if len({*row}) > 1:
            raise ValueError("a mesh's second axis, which splits layers, stays within one process")
        counts[row[0]] = counts.get(row[0], 0) + 1
    if len({*counts.values()}) > 1:
        raise ValueError("each process has equally many devices of the mesh: pass devices='all'")
    return len(counts)


def split_axis(shape: tuple[int, ...], ways: tuple[int, ...]) -> int | None:
    """Return the axis along which a large array is split: its longest that can be; None for none.

    Args:
        shape: of the array.
        ways: into how many pieces, if there is a second axis of a mesh.

    Example:
        >>> split_axis((200, 784), (2,)), split_axis((200,), (2,)), split_axis((200, 784), ())
        (1, None, None)
    """
    size = math.prod(shape)
    fitting = [(length, axis) for axis, length in enumerate(shape) for way in ways if length % way == 0]
    return max(fitting)[1] if fitting and size >= LARGE else None
