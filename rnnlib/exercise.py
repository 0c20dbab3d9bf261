"""What the checks in a student notebook say, in a few lines, and the cases of options that they try."""

import ast
import inspect
import linecache
import secrets
import traceback
from contextvars import ContextVar
from itertools import combinations, product

import numpy as np

from rnnlib.claims import CALLS, Call, Claim, call, described, fields, message, summary, wrong_first

__all__ = ["SEED", "Call", "CheckFailedError", "Claim", "call", "pairs", "progress", "run"]


SEED = ContextVar("SEED", default=None)  # a grader sets it, so that marking again draws the same numbers


class CheckFailedError(AssertionError):
    """A check of an exercise did not pass; the message is written for the student."""

    def _render_traceback_(self):
        """The lines that Jupyter shows instead of a traceback."""
        return str(self).splitlines()


class _UndoneError(Exception):
    """Some functions are not written yet; the message says which."""


def run(check, seed=None):
    """Call check(), a function named check_<part>; print that the part is right, or raise CheckFailedError.

    A check may yield claims: all of them are looked at before anything is said. If it takes an argument, it gets a
    random generator, fresh in every run unless a `seed` is given. A NotImplementedError becomes "not done yet", or what
    `unfinished` says, an AssertionError its message; of any other exception of the student's own code, what it is, and
    in which line.
    """
    seed = _fresh_seed() if seed is None else seed
    part = _part(check)
    try:
        _examine(check, seed)
    except _UndoneError as error:
        raise CheckFailedError(f"{part}: {error}") from None
    except NotImplementedError as error:
        raise CheckFailedError(f"{part}: {unfinished(error)}") from None
    except AssertionError as error:
        raise CheckFailedError(f"{part}: {error}") from None
    except Exception as error:
        lines = _stopped(error, check)
        if lines is None:
            raise
        raise CheckFailedError("\n".join([f"{part}: {lines[0]}", *lines[1:]])) from error
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


def _examine(check, seed):
    """Call a check; raise AssertionError with what is to be said about the claims that do not hold."""
    claims = _claims(check, np.random.default_rng(seed))
    if claims is None:
        return
    functions, undone, verdicts, first, stopped = set(), {}, [], None, False
    try:
        for claim in claims:
            name = getattr(claim.found.function, "__name__", "") if isinstance(claim.found, Call) else ""
            functions.add(name)
            if name in undone:
                continue
            try:
                found = claim.found.result() if isinstance(claim.found, Call) else claim.found
            except NotImplementedError as error:
                undone[name] = error
                continue
            except AssertionError as error:
                raise AssertionError(_with_case(str(error), claim)) from None
            compared = fields(claim, found)
            verdicts.append((claim, not wrong_first(compared)))
            if first is None and not verdicts[-1][1]:
                first = claim, compared
    except NotImplementedError:
        if first is None:
            raise
    except Exception:
        if first is None:  # what is known to be wrong is said first: the rest may follow from it
            raise
        stopped = True  # so that not all cases were tried
    if first is not None:
        lines = message(*first) + ([] if stopped else summary(first[0], verdicts))
        if first[0].fresh:
            lines.append(f"  the same random numbers again: exercise.run({check.__name__}, seed={seed})")
        raise AssertionError("\n".join(lines))
    if undone:
        raise _UndoneError(_what_is_undone(functions, undone))


def _claims(check, rng):
    return check(rng) if inspect.signature(check).parameters else check()


def calls_of(check, rng):
    """All calls that a check makes, or that its claims are about, when its functions are right; `rng` draws numbers."""
    calls = []
    token = CALLS.set(calls)
    try:
        for _ in _claims(check, rng) or ():
            pass  # a check makes the calls between two claims itself
    finally:
        CALLS.reset(token)
    return calls


def _fresh_seed():
    given = SEED.get()
    return secrets.randbelow(10**6) if given is None else given


def _with_case(text, claim):
    said = described(claim.case)
    return f"{text} ({said})" if said else text


def _what_is_undone(functions, undone):
    for said in map(unfinished, undone.values()):
        if said != "not done yet":
            return said
    for name, error in undone.items():
        *_, (frame, _) = traceback.walk_tb(error.__traceback__)
        if frame.f_globals.get("__name__") == "__main__" and frame.f_code.co_name not in functions:
            return f"{frame.f_code.co_name}, which {name} calls, is not done yet"
    if len(functions) == len(undone):
        return "not done yet"
    done = len(functions) - len(undone)
    return f"{done} of {len(functions)} done and right; {', '.join(undone)} not done yet"


def _stopped(error, check):
    """The lines about an exception in a student's own code; None if it is not from there, or not in a notebook."""
    if check.__globals__.get("__name__") != "__main__":
        return None
    own, trace = None, error.__traceback__
    while trace:
        frame = trace.tb_frame
        code = frame.f_code
        in_cell = frame.f_globals.get("__name__") == "__main__" and code.co_name != "<module>"
        if in_cell and code.co_filename != check.__code__.co_filename:  # not of the check, and not of its helpers
            own = code.co_name, trace.tb_lineno, linecache.getline(code.co_filename, trace.tb_lineno).strip()
        trace = trace.tb_next
    said = f"{type(error).__name__}: {error}".splitlines()[0].removesuffix(": ")
    if own:
        name, number, line = own
        return [f"stops with {said}", f"  in {name}, line {number} of its cell", *([f"    {line}"] if line else [])]
    if isinstance(error, NameError) and error.name:
        return [f"{error.name} is not defined: run the cell above that defines it, and then this one"]
    return ["could not use what your code returned", f"  {said}"]


def _status(check):
    try:
        _examine(check, _fresh_seed())
    except _UndoneError as error:
        return str(error) if str(error).endswith("not done yet") else "not right yet"
    except NotImplementedError as error:
        return "not done yet" if unfinished(error) == "not done yet" else "not right yet"
    except AssertionError:
        return "not right yet"
    except Exception as error:
        return f"stops with {type(error).__name__}"
    return "right"


def _part(check):
    return check.__name__.removeprefix("check_")
