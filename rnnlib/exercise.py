"""What the checks in a student notebook say, in a few lines, and the cases of options that they try."""

import ast
import contextlib
import inspect
import io
import linecache
import traceback
from contextvars import ContextVar
from itertools import combinations, islice, product

import numpy as np

from rnnlib import fingerprints
from rnnlib.claims import CALLS, Call, Claim, call, described, fields, message, wrong_first
from rnnlib.words import LANGUAGE, of_exercise, say, speaking

__all__ = ["SEED", "Call", "CheckFailedError", "Claim", "Hints", "call", "hint", "pairs", "progress", "run"]


SEED = ContextVar("SEED", default=None)  # a grader sets it, so that marking again draws the same numbers
BRIEF = ContextVar("BRIEF", default=False)  # whether one wrong claim is enough, as nobody will read the others


class CheckFailedError(AssertionError):
    """A check of an exercise did not pass; the message is written for the student.

    `undone` is what it says of functions that are not written yet, which is no mistake; it is empty for a mistake.
    """

    def __init__(self, message, undone=""):
        super().__init__(message)
        self.undone = undone

    def _render_traceback_(self):
        """The lines that Jupyter shows instead of a traceback."""
        return str(self).splitlines()


class _WrongError(AssertionError):
    """Some claims do not hold; `wrong` are the fingerprints.Wrong of one function, those on fixed numbers.

    `function` is the name of the one that is talked about, "" if there is none.
    """

    def __init__(self, message, wrong, function):
        super().__init__(message)
        self.wrong, self.function = wrong, function


class Hints:
    """What a notebook knows of the mistakes of its exercise, and how far each check has led to one.

    The notebook keeps it under the name HINTS, which is how `run` finds it. Help comes in steps, so that whoever wants
    to find a mistake alone can: the first time a check says where it is wrong, the second time that it sees the same
    wrong numbers it adds the hint, and from the third time on the mistake's name.
    """

    def __init__(self, slug):
        self.slug, self.times, self.last = slug, {}, None

    def after(self, check, wrong):
        """The lines to add to what a check says that has found so much `wrong`; None if all is right now."""
        if wrong is None:
            self.times.pop(check.__name__, None)
            self.last = None if self.last and self.last[0].__name__ == check.__name__ else self.last
            return []
        numbers = fingerprints.fingerprint(self.slug, check.__name__, wrong)
        before, times = self.times.get(check.__name__, (None, 0))
        times = times + 1 if numbers == before else 1
        self.times[check.__name__], self.last = (numbers, times), (check, wrong)
        if times == 1:
            return []
        advice, name = self.told(check, wrong)
        if times == 2 and name:
            name = say("for the mistake's name, run this cell again, or exercise.hint()")
        return [f"  {line}" for line in (advice, name) if line]

    def told(self, check, wrong):
        """The hint and the sentence with the name of the mistake that gives what is `wrong`; "" for each not known.

        `wrong` are fingerprints.Wrong of one function. Of several mistakes, it is what they have in common.
        """
        known = fingerprints.table(self.slug)
        found = [known.mistakes[i] for i in self._consistent(check, known.find(check.__name__, wrong), known)]
        advice, names = {mistake.hint for mistake in found}, {mistake.name for mistake in found}
        name = (
            say("This is what you get when {}.").format(of_exercise(self.slug, names.pop())) if len(names) == 1 else ""
        )
        return say("Hint: {}").format(of_exercise(self.slug, advice.pop())) if len(advice) == 1 else "", name

    def _consistent(self, check, found, known):
        """Those of the mistakes `found` in a check that fit what the other checks see now.

        A mistake passes from a function to those that call it, where another one may have the same effect. The checks
        above tell which of the two it is, so they come first, and are asked even if one mistake is all there is: it
        may be one of theirs, and they may be right. Those below take time, and matter only where several are left.
        """
        order = list(known.checks)
        above, below = order[: order.index(check.__name__)] if found else [], order
        for asked, most in ((above, 0), (below, 1)):
            for name in asked:
                there = found & known.of_check(name)
                if len(found) <= most or not there or name == check.__name__:
                    continue
                wrong = _outcome(check.__globals__.get(name), known.checks[name]["claims"])
                if wrong is not None:
                    same = known.find(name, wrong)
                    found = (found & same or found) if wrong else found - there
        return found


def hint():
    """Print the hint and the name of the mistake that the last check has seen, if it is a known one.

    This is for a notebook: what it knows is the value of HINTS where this is called.
    """
    notebook = inspect.currentframe().f_back.f_globals
    with speaking(notebook.get("LANGUAGE", LANGUAGE.get())):
        print(_told(notebook.get("HINTS")))


def _told(hints):
    if not isinstance(hints, Hints):
        return say("There are no hints in this notebook.")
    if hints.last is None:
        return say("No check has found wrong numbers yet: run the check below your function first.")
    check, wrong = hints.last
    lines = [line for line in hints.told(check, wrong) if line]
    unknown = say("{}: these are not the numbers of a mistake that is known here.")
    return "\n".join(lines) or unknown.format(_part(check))


def run(check, seed=None):
    """Call check(), a function named check_<part>; print that the part is right, or raise CheckFailedError.

    A check may yield claims: all of them are looked at before anything is said. If it takes an argument, it gets a
    random generator, fresh in every run unless a `seed` is given. A NotImplementedError becomes "not done yet", or what
    `left_over` says, an AssertionError its message; of any other exception of the student's own code, what it is, and
    in which line.
    """
    with speaking(_language(check)):
        _run(check, _fresh_seed() if seed is None else seed)


def _run(check, seed):
    part, hints = _part(check), _hints(check)
    try:
        _examine(check, seed)
    except CheckFailedError:
        raise
    except AssertionError as error:
        lines = hints.after(check, getattr(error, "wrong", [])) if hints else []
        function = getattr(error, "function", "")
        where = f"{part}, {function}" if function not in ("", "<lambda>", part) else part
        raise CheckFailedError("\n".join([f"{where}: {error}", *lines])) from None
    except Exception as error:
        lines = _stopped(error, check)
        if lines is None:
            raise
        raise CheckFailedError("\n".join([f"{part}: {lines[0]}", *lines[1:]])) from error
    if hints:
        hints.after(check, None)
    print(f"{part}: {say('right')}")


def progress(*checks):
    """Call every check and print one line for each: right, not done yet, or not right yet."""
    for check in checks:
        with speaking(_language(check)):
            print(f"{_part(check)}: {status(_raised(check))}")


def status(error):
    """What `progress` says of a check that raised the `error`; of None, that the part is right."""
    if error is None:
        return say("right")
    if isinstance(error, AssertionError):
        return getattr(error, "undone", "") or say("not right yet")
    return say("stops with {}").format(type(error).__name__)


def _raised(check):
    """What a check raises with fresh random numbers; None if all is right."""
    try:
        _examine(check, _fresh_seed())
    except Exception as error:
        return error


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


def _unfinished(check, errors, undone):
    """The CheckFailedError about NotImplementedErrors: a `raise` was left beside code, or else what is `undone`."""
    left = next(filter(None, map(_left_behind, errors)), "")
    return CheckFailedError(f"{_part(check)}: {left or undone}", "" if left else undone)


def _left_behind(error):
    """What is said of the line that raised a NotImplementedError, if it was left beside a student's code; else ""."""
    *_, (frame, _) = traceback.walk_tb(error.__traceback__)
    is_cell = frame.f_globals.get("__name__") == "__main__"
    return left_over(traceback.extract_tb(error.__traceback__)[-1]) if is_cell else ""


def left_over(where):
    """What is said of a `raise NotImplementedError` that was left beside code in a function; nothing if it is alone.

    `where` is the traceback.FrameSummary of the place that raised it.
    """
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
        return say("{} raises NotImplementedError itself, in line {} of its cell").format(where.name, where.lineno)
    if any(node.lineno > where.lineno for node in body):
        said = say("the line `raise NotImplementedError` is still in {}, above your code: delete it")
        return said.format(where.name)
    if len(body) > 1:
        said = say(
            "the line `raise NotImplementedError` is still in {}, below your code: delete it, and return the result"
        )
        return said.format(where.name)
    return ""


def _is_idle(node):
    """Whether a statement does nothing: a docstring, an ellipsis or a pass."""
    return isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))


def _examine(check, seed, most=None):
    """Call a check; raise AssertionError with what is to be said about those of its claims that do not hold.

    It is a _WrongError where it is about results, a CheckFailedError where something is not written yet. At most so
    many claims are looked at.
    """
    functions, undone, seen, first, stopped = set(), {}, [], None, False
    fixed = []
    try:
        for claim in islice(_claims(check, np.random.default_rng(seed)) or (), most):
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
                raise _WrongError(_with_case(str(error), claim), [], name) from None
            except Exception as error:
                error.add_note(described(claim.case))
                raise
            compared = fields(claim, found)
            seen.append((claim, compared))
            if not claim.fresh:
                fixed.append((name, compared))
            if first is None and wrong_first(compared):
                first = claim, compared, name
                if BRIEF.get():
                    break
    except NotImplementedError as error:
        if first is None:
            raise _unfinished(check, [error], say("not done yet")) from None
    except Exception:
        if first is None:  # what is known to be wrong is said first: the rest may follow from it
            raise
        stopped = True  # so that not all cases were tried
    if first is not None:
        claim, compared, name = first
        lines = message(claim, compared, () if stopped else seen)
        if claim.fresh:
            lines.append(say("  the same random numbers again: exercise.run({}, seed={})").format(check.__name__, seed))
        raise _WrongError("\n".join(lines), _wrong(fixed), name)
    if undone:
        raise _unfinished(check, undone.values(), _what_is_undone(functions, undone))


def _wrong(fixed):
    """The fingerprints.Wrong of the first function that is wrong, of [(name, Fields)] on fixed numbers."""
    cases = {}
    for name, compared in fixed:
        cases.setdefault(name, []).append(tuple(field for field in compared if not field.is_right))
    for name, of_function in cases.items():
        if any(of_function):
            return [fingerprints.Wrong(name, i, fields) for i, fields in enumerate(of_function) if fields]
    return []


def wrong_on_fixed_numbers(check, seed, most=None):
    """What a check finds wrong on its fixed numbers: fingerprints.Wrong of one function, none if they are all right.

    Random cases come from `seed`. At most so many claims are looked at, all by default. Raises what the check raises
    for other reasons than a wrong result.
    """
    try:
        _examine(check, seed, most)
    except _WrongError as error:
        return error.wrong
    return []


def _outcome(check, most):
    """As `wrong_on_fixed_numbers`, in silence; None if there is no such check, or if it stops for another reason."""
    with contextlib.redirect_stdout(io.StringIO()):
        try:
            return wrong_on_fixed_numbers(check, _fresh_seed(), most)
        except Exception:
            return None


def _language(check):
    """The language that the notebook of a check names; without one, that which is spoken already."""
    return getattr(check, "__globals__", {}).get("LANGUAGE", LANGUAGE.get())


def _hints(check):
    """The Hints of the notebook that a check belongs to; None if it has none."""
    hints = getattr(check, "__globals__", {}).get("HINTS")
    return hints if isinstance(hints, Hints) else None


def _claims(check, rng):
    return check(rng) if inspect.signature(check).parameters else check()


def claims_of(check, rng):
    """All claims of a check, for which no function is called; `rng` draws the numbers of its random cases."""
    return list(_claims(check, rng) or ())


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
    return int(np.random.default_rng().integers(10**6)) if given is None else given


def _with_case(text, claim):
    said = described(claim.case)
    return f"{text} ({said})" if said else text


def _what_is_undone(functions, undone):
    for name, error in undone.items():
        *_, (frame, _) = traceback.walk_tb(error.__traceback__)
        if frame.f_globals.get("__name__") == "__main__" and frame.f_code.co_name not in functions:
            return say("{}, which {} calls, is not done yet").format(frame.f_code.co_name, name)
    if len(functions) == len(undone):
        return say("not done yet")
    done = len(functions) - len(undone)
    return say("{} of {} done and right; {} not done yet").format(done, len(functions), ", ".join(undone))


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
            # Up to Python 3.11, a comprehension is a function too: the one around it is meant.
            name = code.co_qualname.partition(".<locals>")[0]
            own = name, trace.tb_lineno, linecache.getline(code.co_filename, trace.tb_lineno).strip()
        trace = trace.tb_next
    said = f"{type(error).__name__}: {error}".splitlines()[0].strip().removesuffix(":")
    case = "".join(f", {note}" for note in getattr(error, "__notes__", []) if note)
    if own:
        name, number, line = own
        return [
            say("stops with {}{}").format(said, case),
            say("  in {}, line {} of its cell").format(name, number),
            *([f"    {line}"] if line else []),
        ]
    if isinstance(error, NameError) and error.name:
        return [say("{} is not defined: run the cell above that defines it, and then this one").format(error.name)]
    if isinstance(error, TypeError) and "unexpected keyword argument" in said:
        return [say("each argument must keep the name that it has in the exercise"), f"  {said}"]
    return [say("could not use what your code returned"), f"  {said}"]


def _part(check):
    return check.__name__.removeprefix("check_")
