"""JavaScript: one more kind of number, which the operations and their rules run on.

As a Symbol does, a ``Term`` prints itself; what it prints is JavaScript. So every operation of ``ops``, an
operation of one's own and the rule of an optimiser are written from their declarations, with nothing added.
An operation is written from its source, its operator, its array form or its float function, the first that
there is; ``names.js`` has the functions that all of them name.

Read one: ``print(value_script(OPS["sigmoid"], 1))``.
"""

from autograd_lite.javascript.names import known_names, names_script
from autograd_lite.javascript.scripts import slopes_of, slopes_script, value_script
from autograd_lite.javascript.terms import Term, value_of
from autograd_lite.javascript.writing import function_script, written

__all__ = [
    "Term",
    "function_script",
    "known_names",
    "names_script",
    "slopes_of",
    "slopes_script",
    "value_of",
    "value_script",
    "written",
]
