"""What the checks in a student notebook say, in a few lines, and the cases of options that they try."""

import ast
import linecache
import traceback
from itertools import combinations, product

import numpy as np


class CheckFailedError(AssertionError):
    """A check of an exercise did not pass; the message is written for the student."""

    def _render_traceback_(self):
        """The lines that Jupyter shows instead of a traceback."""
        return str(self).splitlines()


def run(check):
    """Call check(), a function named check_<part>; print that the part is right, or raise CheckFailedError.

    A NotImplementedError becomes "not done yet", or what `unfinished` says; an AssertionError becomes its message. Any
    other exception of the student's own code passes through with its traceback, since that shows the line to mend.
    """
    part = _part(check)
    try:
        check()
    except NotImplementedError as error:
        raise CheckFailedError(f"{part}: {unfinished(error)}") from None
    except AssertionError as error:
        raise CheckFailedError(f"{part}: {error}") from None
    print(f"{part}: right")


def progress(*checks):
    """Call every check and print one line for each: right, not done yet, or not right yet."""
    for check in checks:
        print(f"{_part(check)}: {_status(check)}")


def pairs(table, rng, allowed=lambda **case: True):
    """A few cases of options in which every two values that may go together do so at least once.

    Shapes: `table` maps an option to the values that it may have; the result is a list of dicts from option to value,
    each of which `allowed(**case)` admits. `rng` chooses among the lists that will do.
    Source: pairwise testing; Cohen et al. (1997), "The AETG system".
    """
    options, sizes = list(table), [range(len(values)) for values in table.values()]

    def named(case):
        return {option: table[option][i] for option, i in zip(options, case, strict=True)}

    cases = rng.permutation(np.array([case for case in product(*sizes) if allowed(**named(case))]))
    # Number every pair of values, so that the pairs of all cases are one table of numbers.
    most = max(map(len, table.values()))
    two_options = list(combinations(range(len(options)), 2))
    met = np.stack([(n * most + cases[:, a]) * most + cases[:, b] for n, (a, b) in enumerate(two_options)], axis=1)
    missing = np.zeros(len(two_options) * most**2, bool)
    missing[met] = True
    chosen = []
    while missing.any():  # always the case that brings most of the pairs that are missing
        best = np.argmax(missing[met].sum(axis=1))
        missing[met[best]] = False
        chosen.append(named(cases[best]))
    return chosen


def unfinished(error):
    """What a NotImplementedError of a student's function says: "not done yet", or that its `raise` was left behind."""
    *_, (frame, _) = traceback.walk_tb(error.__traceback__)
    cell = frame.f_globals.get("__name__") == "__main__"
    return (cell and left_over(traceback.extract_tb(error.__traceback__)[-1])) or "not done yet"


def left_over(where):
    """What is said of a `raise NotImplementedError` that was left beside code in a function; nothing if it is alone.

    `where` is the traceback.FrameSummary of the place that raised it.
    """
    line = "the line `raise NotImplementedError` is still"
    try:
        nodes = [*ast.walk(ast.parse("".join(linecache.getlines(where.filename))))]
    except (SyntaxError, ValueError):  # a cell of IPython
        return ""
    around = [
        node for node in nodes if isinstance(node, ast.FunctionDef) and node.lineno <= where.lineno <= node.end_lineno
    ]
    if not around:
        return ""
    body = [node for node in around[-1].body if not _is_idle(node)]
    if body and not any(isinstance(node, ast.Raise) and node.lineno == where.lineno for node in body):
        return f"{where.name} raises NotImplementedError itself, in line {where.lineno} of its cell"
    if any(node.lineno > where.lineno for node in body):
        return f"{line} in {where.name}, above your code: delete it"
    if len(body) > 1:
        return f"{line} in {where.name}, below your code: delete it, and return the result"
    return ""


def _is_idle(node):
    """Whether a statement does nothing: a docstring, an ellipsis or a pass."""
    return isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))


def _status(check):
    try:
        check()
    except NotImplementedError as error:
        return "not done yet" if unfinished(error) == "not done yet" else "not right yet"
    except AssertionError:
        return "not right yet"
    except Exception as error:
        return f"stops with {type(error).__name__}"
    return "right"


def _part(check):
    return check.__name__.removeprefix("check_")
