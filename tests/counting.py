"""How much work something is: a count that is the same on every machine, however busy it is."""

import sys


def lines_run(work):
    """Count the lines of Python that run."""
    count = 0

    def trace(frame, event, argument):
        nonlocal count
        count += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count
