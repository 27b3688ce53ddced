"""The functions that what is written here names: those of ``names.js``."""

from __future__ import annotations

import functools
import re
from importlib.resources import files

__all__ = ["known_names", "names_script"]


@functools.cache
def names_script() -> str:
    """Return the script that what is written here names its functions by."""
    return files("autograd_lite").joinpath("names.js").read_text(encoding="utf-8").rstrip()


@functools.cache
def known_names() -> frozenset[str]:
    """Return the names of the functions that ``names.js`` defines."""
    text = names_script()
    lists = ",".join(re.findall(r"const \{([^}]*)\} =", text))
    listed = [name.rpartition(":")[2].strip() for name in lists.split(",") if name.strip()]
    return frozenset([*re.findall(r"\w+", " ".join(listed)), *re.findall(r"(?m)^const (\w+) =", text)])
