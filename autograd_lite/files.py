"""Text files that are written whole or not at all, and JSON for them."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Any

__all__ = ["json_text", "suffix_of", "write_text"]


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a file so that at any moment the old one or the new one is whole.

    It is written beside the old one and then renamed. A link stays a link, to a new
    file; an old file's permissions stay. A process killed while it writes may leave a
    file behind whose name begins with ``.unfinished``.

    Args:
        path: where to; the folder exists.
        text: what it is to hold; a lone surrogate, which no file can hold, becomes "?".

    Raises:
        OSError: if the file cannot be written; the old one is as it was.
    """
    import secrets
    import stat

    target = os.path.realpath(path)
    unfinished = os.path.join(os.path.dirname(target), f".unfinished-{secrets.token_hex(8)}")
    try:
        with open(unfinished, "xb") as file:
            file.write(text.encode("utf-8", errors="replace"))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileNotFoundError):
            os.chmod(unfinished, stat.S_IMODE(os.stat(target).st_mode))
        os.replace(unfinished, target)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(unfinished)
        raise


def suffix_of(path: str | os.PathLike[str], known: list[str]) -> str:
    """Give a file name's suffix in lower case.

    Args:
        path: the file's name.
        known: the suffixes that it may have.

    Raises:
        ValueError: if it has another; the message names the known ones.

    Example:
        >>> suffix_of("steps.HTML", [".html", ".json"])
        '.html'
    """
    name = os.fspath(path)
    suffix = os.path.splitext(name)[1].lower()
    if suffix not in known:
        ends = f"{', '.join(known[:-1])} or {known[-1]}"
        raise ValueError(f"a file name that ends in {ends} says what to write, got {name!r}")
    return suffix


def json_text(content: Any) -> str:
    """Write JSON; inf and nan, which it lacks, become strings.

    Args:
        content: dictionaries, lists, tuples, texts and numbers.

    Example:
        >>> print(json_text({"x": (1.5, float("nan"))}))
        {
          "x": [
            1.5,
            "nan"
          ]
        }
    """
    import json

    return json.dumps(_json_ready(content), ensure_ascii=False, indent=2, allow_nan=False)


def _json_ready(thing: Any) -> Any:
    if isinstance(thing, dict):
        return {key: _json_ready(value) for key, value in thing.items()}
    if isinstance(thing, (list, tuple)):
        return [_json_ready(item) for item in thing]
    if isinstance(thing, float) and not abs(thing) < float("inf"):
        return str(thing)
    return thing
