"""Files of numbers: written whole or not at all, and refused if damaged."""

from __future__ import annotations

import json
import os
import stat
from typing import Any

from autograd_lite.files import write_text

__all__ = ["read_json", "write_json"]

LARGEST_FILE = 1 << 30
"""The most bytes that are read: 1 GiB."""


def write_json(path: str | os.PathLike[str], content: Any) -> None:
    """Write a JSON file, whole or not at all.

    Args:
        path: where to; the folder exists.
        content: what JSON can hold, every number finite.

    Raises:
        OSError: if the file cannot be written; the old one is as it was.
    """
    write_text(path, json.dumps(content, indent=1, allow_nan=False))


def read_json(path: str | os.PathLike[str], format: str) -> dict[str, Any]:
    """Read a JSON table that names its format.

    Raises:
        ValueError: if the file is damaged, too large, or of another format; the message
            says which.
        OSError: if it cannot be read.
    """
    name = os.fspath(path)
    about = os.stat(path)
    if not stat.S_ISREG(about.st_mode):
        raise ValueError(f"{name} is no file")
    if about.st_size > LARGEST_FILE:
        raise ValueError(f"{name} has {about.st_size} bytes, more than {LARGEST_FILE}: not read")
    try:
        with open(path, encoding="utf-8") as file:
            content = json.load(file, object_pairs_hook=_no_duplicates, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{name} is damaged: {error}") from None
    if not isinstance(content, dict) or content.get("format") != format:
        raise ValueError(f"{name} does not hold {format!r}")
    return content


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table: dict[str, Any] = {}
    for name, thing in pairs:
        if name in table:
            raise ValueError(f"the name {name!r} stands in it twice")
        table[name] = thing
    return table


def _no_constant(name: str) -> Any:
    raise ValueError(f"it holds {name}, which is no finite number")
