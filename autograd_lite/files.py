"""Text files that are written whole or not at all, and JSON for them."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from autograd_lite.interrupts import uninterrupted

__all__ = ["check_writable", "json_text", "read_json", "replace_not_finite", "suffix_of", "write_text"]

LARGEST_FILE = 1 << 30
"""The most bytes that are read: 1 GiB."""


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a file so that at any moment the old one or the new one is whole.

    It is written beside the old one and then renamed. A link stays a link, to a new
    file; an old file's permissions stay. Ctrl-C waits until it is written. A process killed
    while it writes may leave a file behind whose name begins with ``.unfinished``.

    Args:
        path: where to; the folder exists.
        text: what it is to hold; a lone surrogate, which no file can hold, becomes "?".

    Raises:
        OSError: if the file cannot be written, or is a folder, a device, a pipe or a socket;
            the error names it, and it is as it was.
    """
    with uninterrupted(), _beside(path) as (unfinished, target):
        with open(unfinished, "xb") as file:
            file.write(text.encode("utf-8", errors="replace"))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileNotFoundError):
            os.chmod(unfinished, stat.S_IMODE(os.stat(target).st_mode))
        os.replace(unfinished, target)


def check_writable(path: str | os.PathLike[str]) -> None:
    """Raise the error that ``write_text`` would, but for a full disk; nothing is changed.

    Raises:
        OSError: as ``write_text`` does.
    """
    with uninterrupted(), _beside(path) as (unfinished, _):
        open(unfinished, "xb").close()  # only trying tells: permissions are not all there is


@contextmanager
def _beside(path: str | os.PathLike[str]) -> Iterator[tuple[str, str]]:
    """Yield a name to write to first, gone afterwards, and the one to rename it to, which errors name."""
    import secrets

    name = _name_of(path)
    target = os.path.realpath(name)
    unfinished = os.path.join(os.path.dirname(target), f".unfinished-{secrets.token_hex(8)}")
    try:
        _refuse_what_is_no_file(name)
        yield unfinished, target
    except OSError as error:
        link = () if target == os.path.abspath(name) else (None, target)
        raise OSError(error.errno or errno.EIO, error.strerror or str(error), name, *link) from None
    finally:
        with suppress(OSError):
            os.unlink(unfinished)


def _refuse_what_is_no_file(name: str) -> None:
    """Raise an OSError if something else than a file has this name, or no file can have it."""
    try:
        mode = os.stat(name).st_mode
    except FileNotFoundError:
        if os.path.basename(name) in ("", ".", ".."):
            raise OSError(errno.ENOENT, "it is not the name of a file") from None
        return
    if stat.S_ISDIR(mode):
        raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "it is a device, a pipe or a socket: give the name of a file")


def _name_of(path: str | os.PathLike[str]) -> str:
    name = os.fspath(path) if isinstance(path, os.PathLike) else path
    if not isinstance(name, str):
        raise TypeError(f"the name of a file is a str or a Path, got {path!r}")
    return name


def suffix_of(path: str | os.PathLike[str], known: list[str]) -> str:
    """Return a file name's suffix in lower case.

    Args:
        path: the file's name.
        known: the suffixes that it may have.

    Raises:
        ValueError: if it has another; the message names the known ones.

    Example:
        >>> suffix_of("steps.HTML", [".html", ".json"])
        '.html'
    """
    name = _name_of(path)
    suffix = os.path.splitext(name)[1].lower()
    if suffix not in known:
        ends = " or ".join([*filter(None, [", ".join(known[:-1])]), known[-1]])
        raise ValueError(f"a file name that ends in {ends} says what to write, got {name!r}")
    return suffix


def json_text(content: Any, *, indent: int | None = 2, strict: bool = False) -> str:
    """Return something as JSON.

    Args:
        content: dictionaries, lists, tuples, texts and numbers.
        indent: how far each level is set in; None to write it all in one line, without spaces.
        strict: whether to write ASCII only and to refuse inf and nan, which JSON lacks; else
            they become strings.

    Raises:
        ValueError: if inf or nan is refused.

    Example:
        >>> json_text({"x": (1.5, float("nan"))}, indent=None)
        '{"x":[1.5,"nan"]}'
    """
    import json

    content = content if strict else replace_not_finite(content, str)
    separators = (",", ":") if indent is None else None
    return json.dumps(content, ensure_ascii=strict, indent=indent, separators=separators, allow_nan=False)


def replace_not_finite(thing: Any, by: Callable[[float], Any]) -> Any:
    """Return nested dictionaries and lists with something else for each inf and nan."""
    if isinstance(thing, dict):
        return {key: replace_not_finite(value, by) for key, value in thing.items()}
    if isinstance(thing, (list, tuple)):
        return [replace_not_finite(item, by) for item in thing]
    return by(thing) if isinstance(thing, float) and not abs(thing) < float("inf") else thing


def read_json(path: str | os.PathLike[str], format: str) -> dict[str, Any]:
    """Read a JSON table that names its format.

    Raises:
        ValueError: if the file is damaged, too large, or of another format; the message
            says which.
        OSError: if it cannot be read.
    """
    import json

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
