"""What a check of an exercise claims, and how it is said which of its claims do not hold.

A check yields claims, so that all of them are looked at before anything is said: what is right tells as much about a
bug as what is wrong.
"""

import copy
import inspect
from collections.abc import Mapping
from contextvars import ContextVar
from itertools import combinations
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from rnnlib import gradcheck
from rnnlib.tree import leaves
from rnnlib.words import close_up, say

CAUSES = ("dV", "dc", "gates", "m")  # a reader who mends these first often mends the others too
SWEPT_BACK = ("delta",)  # what is computed from the last step to the first one: its first error is at the latest step
SHOWN_CASES = 2
CALLS = ContextVar("CALLS", default=None)  # the list of all calls of a check, where somebody wants to see them


class Call(NamedTuple):
    """A call that a check makes: a student's function and its arguments."""

    function: Any
    arguments: tuple
    options: dict

    def result(self):
        """What the function returns for copies of the arguments; it is asked twice.

        Raises AssertionError if an argument was changed in place, or if the second answer is not the first.
        """
        first, again, changed = self._twice()
        if changed:
            said = (
                say("{} is changed in place; work on a copy")
                if len(changed) == 1
                else say("{} are changed in place; work on a copy")
            )
            raise AssertionError(said.format(say(" and ").join(changed)))
        if not _same(first, again):
            raise AssertionError(
                say("it gives two different answers to the same question: something is kept between calls")
            )
        return first

    def is_refused(self, what):
        """Raise AssertionError unless the call raises ValueError; `what` names that which is to be refused."""
        try:
            self.function(*copy.deepcopy(self.arguments), **copy.deepcopy(self.options))
        except ValueError:
            return
        raise AssertionError(say("{} should be refused with a ValueError").format(what))

    def numbers(self):
        """{name: value} of the arguments that are single numbers: a wrong result may be off by one of them."""
        named = zip(_parameters(self.function), self.arguments, strict=False)
        return {name: float(value) for name, value in named if isinstance(value, (int, float)) and np.isfinite(value)}

    def _twice(self):
        """Both results, and the names of the arguments that the first call changed: then it is not called again."""
        if hasattr(self.function, "twice"):  # it is in another process, which gets copies
            first, again = self.function.twice(self.arguments, self.options)
            return first, again, self.function.changed
        given, options = copy.deepcopy((self.arguments, self.options))
        first = self.function(*given, **options)
        names = [*_parameters(self.function), *(say("argument {}").format(i) for i in range(len(given)))]
        changed = [name for name, new, old in zip(names, given, self.arguments, strict=False) if not _same(new, old)]
        changed += [name for name, old in self.options.items() if not _same(options[name], old)]
        given, options = copy.deepcopy((self.arguments, self.options))
        return first, first if changed else self.function(*given, **options), changed


class Claim(NamedTuple):
    """That `found` is `expected`, up to `tol` times the largest entry of each array.

    `case` names the options, {"func": "sigmoid"}, or is a text. `found` is a value, or a Call that gives it. `names`
    are those of the arrays in their order, by default "d" and the field's name. `parts` are the numbers of which a
    single number is the sum, by name, and `factors` those by which it may be off. A claim on `fresh` numbers is
    another one in the next run.
    """

    case: Any
    found: Any
    expected: Any
    names: tuple = ()
    tol: float = gradcheck.EXACT_TOLERANCE
    parts: Mapping = MappingProxyType({})
    factors: Mapping = MappingProxyType({})
    fresh: bool = False


class Field(NamedTuple):
    """One array (or number) of a result beside what it should be."""

    name: str
    problem: str  # "" if it is right; what is wrong with it beside its numbers
    found: Any = None
    expected: Any = None
    # bool, shape of the array: where the entries are wrong; None if it is right, or if entries cannot be compared
    wrong: Any = None

    @property
    def is_right(self):
        """Whether nothing is wrong with it."""
        return not self.problem and self.wrong is None


def call(function, *arguments, **options):
    """A Call of a student's function, for a claim; `.result()` makes it at once."""
    asked = Call(function, arguments, options)
    if CALLS.get() is not None:
        CALLS.get().append(asked)
    return asked


def fields(claim, found):
    """A Field for each array of `found`, which is what the claim's call gave.

    Raises ValueError if the claim's `names` are not as many as the arrays of `expected`.
    """
    labels = dict(zip((path for path, _ in leaves(claim.expected)), _names(claim), strict=True))
    return list(_fields(found, claim.expected, labels, claim.tol))


def wrong_first(found):
    """The fields that are wrong, causes before what follows from them."""
    return sorted((field for field in found if not field.is_right), key=lambda field: field.name not in CAUSES)


def message(claim, found, seen=()):
    """The lines about a claim that does not hold, from its Fields, of which one at least is wrong.

    `seen` is a list of (claim, Fields) of all claims that the check has made, if all were tried: then they tell which
    other results are wrong or right, and in which of its cases this one is.
    """
    first, *others = wrong_first(found)
    of_same = [(other, fields) for other, fields in seen if (*other.names,) == (*claim.names,)]
    said = described(claim.case)
    head, *entry = _headline(first).split("\n")
    lines = [
        f"{head}{say(', ') if said else ''}{said}",
        *entry,
        *_numbers(first, claim, _elsewhere(first, found, of_same)),
    ]
    elsewhere = _in_other_claims(claim, found, seen)
    wrong = [*map(_counted, others), *(name for name, is_right in elsewhere.items() if not is_right)]
    right = [field.name for field in found if field.is_right and field.expected is not None]
    right += [name for name, is_right in elsewhere.items() if is_right]
    lines += [say("  wrong too: {}").format(", ".join(wrong))] if wrong else []
    lines += [say("  right: {}").format(", ".join(right))] if right else []
    lines += _by_case([(other.case, not wrong_first(fields)) for other, fields in of_same])
    return [close_up(line) for line in lines]


def described(case):
    """The options of a case in words, such as "with func sigmoid and weights"."""
    if isinstance(case, str):
        return case
    words = [f"{name} {value}".strip() for name, value in _options(case).items()]
    return say("with {}").format(", ".join(words)) if words else ""


def _elsewhere(first, found, of_same):
    """[(claim, Field)] of the other cases in which the field `first` of the Fields `found` has wrong numbers."""
    others = [(claim, field) for claim, fields in of_same if fields is not found for field in fields]
    return [(claim, field) for claim, field in others if field.name == first.name and field.wrong is not None]


def _in_other_claims(claim, found, seen):
    """{name: whether it is right wherever it is asked for} of the results that other claims are about, not this one."""
    own, right = {field.name for field in found}, {}
    for other, fields in seen:
        for field in fields if other.names and (*other.names,) != (*claim.names,) else []:
            if field.name not in own:
                right[field.name] = right.get(field.name, True) and field.is_right
    return right


def _by_case(verdicts):
    failing = [case for case, holds in verdicts if not holds]
    if len(verdicts) <= 1:
        return []
    if len(failing) == len(verdicts):
        return [
            say("  wrong in both cases") if len(failing) == 2 else say("  wrong in all {} cases").format(len(failing))
        ]
    common = _common(verdicts)
    if common:
        return [say("  wrong in every case with {}, and in no other").format(common)]
    rights = [described(case) for case, holds in verdicts if holds]
    # An option that goes unsaid is left out of a description: one case is meant, and not all with the options in it.
    some = [say("once {}").format(words) for words in list(dict.fromkeys(filter(None, rights)))[:SHOWN_CASES]]
    line = say("  wrong in {} of {} cases").format(len(failing), len(verdicts))
    return [line + (say("; right, for instance, {}").format(say(" and ").join(some)) if some else "")]


def _names(claim):
    paths = [path for path, _ in leaves(claim.expected)]
    if claim.names:
        return claim.names
    return [f"d{path.rpartition('.')[2]}" if path else say("the result") for path in paths]


def _fields(found, expected, labels, tol, path=""):
    """Walk through both; `labels` maps the path of each leaf of `expected` to its name."""
    if not isinstance(expected, tuple):
        yield _field(labels[path], found, expected, tol)
    elif not isinstance(found, tuple) or len(found) != len(expected):
        problem = say("is {}, expected {}").format(_kind(found), _form(expected))
        yield Field(path.rpartition(".")[2] or say("the result"), problem, found, expected)
    else:
        names = getattr(expected, "_fields", range(len(expected)))
        for name, a, n in zip(names, found, expected, strict=True):
            yield from _fields(a, n, labels, tol, f"{path}.{name}" if path else str(name))


def _field(name, found, expected, tol):
    if expected is None:
        return Field(name, "" if found is None else say("is {}, expected None").format(_kind(found)), found, None)
    if isinstance(expected, dict):
        return _dict_field(name, found, expected, tol)
    if isinstance(found, (tuple, list)):
        return Field(name, say("is {}, expected {}").format(_kind(found), _form(expected)), found, expected)
    if np.asarray(expected).dtype.kind in "iu":
        return _whole_field(name, found, np.asarray(expected))
    try:
        gradcheck.compare(found, expected, tol, [name])
    except AssertionError:
        a, n = np.asarray(found), np.asarray(expected, dtype=float)
        if problem := _of_other_form(found, n):
            return Field(name, problem, found, expected)
        scale = max(np.max(np.abs(a)), np.max(np.abs(n)), gradcheck.FLOOR)
        wrong = np.abs(a - n) >= tol * scale
        return Field(name, "", a, n, wrong)
    return Field(name, "", found, expected)


def _of_other_form(found, n):
    """What gradcheck.compare says of a result that cannot be compared with the array `n`; empty if it can."""
    if not isinstance(found, (float, np.ndarray, np.generic)):
        expected = say("a float64 array of shape {}").format(n.shape) if n.ndim else say("a float64 number")
        return say("is of type {}, expected {}").format(type(found).__name__, expected)
    a = np.asarray(found)
    if a.dtype != float:
        return say("has dtype {}, expected float64").format(a.dtype)
    if a.shape != n.shape:
        return say("has shape {}, expected {}").format(a.shape, n.shape)
    if np.all(np.isfinite(a)):
        return ""
    where = np.argwhere(~np.isfinite(a))[0]
    said = say("is {}, expected a finite number").format(a[tuple(where)])
    return f"{_index(where)} {said}" if len(where) else said


def _whole_field(name, found, expected):
    if np.asarray(found).shape != expected.shape or not isinstance(found, (int, np.ndarray, np.integer)):
        return Field(name, say("is {}, expected {}").format(_kind(found), _form(expected)), found, expected)
    if np.asarray(found).dtype.kind not in "iu":
        return Field(name, say("has dtype {}, expected whole numbers").format(np.asarray(found).dtype), found, expected)
    wrong = np.asarray(found) != expected
    return Field(name, "", np.asarray(found), expected, wrong) if wrong.any() else Field(name, "", found, expected)


def _dict_field(name, found, expected, tol):
    """A dict of numbers, of which the first wrong entry is told by its key."""
    if not isinstance(found, dict):
        return Field(name, say("is {}, expected a dict").format(_kind(found)), found, expected)
    for key in expected:
        if key not in found:
            return Field(name, say("has no entry {!r}").format(key), found, expected)
    for key in found:
        if key not in expected:
            return Field(name, say("has an entry {!r} too many").format(key), found, expected)
    entries = [
        # A whole number will do: what the dict holds is what counts here.
        _field(f"{name}[{key!r}]", float(found[key]) if _is_whole(found[key]) else found[key], float(value), tol)
        for key, value in expected.items()
    ]
    wrong = [entry for entry in entries if not entry.is_right]
    if not wrong:
        return Field(name, "", found, expected)
    first = wrong[0]
    of_all = say("is wrong in {} of {} entries, first {}").format(len(wrong), len(entries), first.name)
    if first.problem:
        return Field(name, say("holds a wrong entry: {} {}").format(first.name, first.problem), found, expected)
    numbers = say("  analytic  {}\n  numeric   {}").format(number(first.found), number(first.expected))
    return Field(name, f"{of_all}\n{numbers}", found, expected)


def _headline(field):
    if field.problem:
        return f"{field.name}{'' if field.problem.startswith('[') else ' '}{field.problem}"
    if field.wrong.ndim == 0:
        return say("{} is wrong").format(field.name)
    count = say("{} of {} entries").format(np.sum(field.wrong), field.wrong.size)
    if field.name in SWEPT_BACK:
        said = say("{} is wrong in {}, on the way back first {}")
    else:
        said = say("{} is wrong in {}, first {}")
    return said.format(field.name, count, f"{field.name}{_index(_first(field))}")


def _counted(field):
    """A wrong field with the number of its wrong entries."""
    if field.problem or field.wrong.ndim == 0:
        return field.name
    return say("{} ({} of {} entries)").format(field.name, np.sum(field.wrong), field.wrong.size)


def _numbers(field, claim, elsewhere):
    """Analytic over numeric, and what may have led from the right number to the wrong one."""
    if field.problem:
        return []
    where = _first(field)
    lines = [
        say("  analytic  {}").format(number(field.found[where])),
        say("  numeric   {}").format(number(field.expected[where])),
    ]
    return [*lines, *_clues(field, claim, elsewhere)]


def _clues(field, claim, elsewhere):
    error = gradcheck.relative_error(field.found.astype(float), field.expected.astype(float))
    if error < gradcheck.CENTRAL_TOLERANCE:
        share = say("  off by {:.0e} of the largest entry").format(error)
        return [
            say("{}: is it a finite difference, a number of single precision, or was an epsilon added?").format(share)
        ]
    lines = []
    if field.wrong.ndim == 0 and claim.parts:
        lines = [
            say("  the sum of  {}").format(
                say(" and ").join(f"{number(v).strip()} ({k})" for k, v in claim.parts.items())
            )
        ]
        lines += _part_found(field, claim, elsewhere)
    return lines + _factor(field, claim, elsewhere)


def _part_found(field, claim, elsewhere):
    """A line if the number is only some of its parts, in every case."""
    same = _parts_that_fit(field, claim).intersection(*(_parts_that_fit(f, c) for c, f in elsewhere if c.parts))
    return [say("  yours is only the part {}").format(say(" and ").join(min(same, key=len)))] if same else []


def _parts_that_fit(field, claim):
    some = [names for size in range(1, len(claim.parts)) for names in combinations(claim.parts, size)]
    sums = {names: sum(float(claim.parts[name]) for name in names) for names in some}
    return {names for names, total in sums.items() if np.isclose(field.found, total, rtol=1e-9, atol=1e-12)}


def _factor(field, claim, elsewhere):
    """A line if every entry is off by the same factor, and that is a number of the case, or is the same in all cases.

    One case may have the factor by accident, so that another one must have it too, in which it is another number.
    """
    factor = _off_by(field)
    if factor is None:
        return []
    others = [(_factors(other), _off_by(at)) for other, at in elsewhere]
    for (names, over), value in _products(_factors(claim)).items():
        given = [(_products(numbers).get((names, over)), off) for numbers, off in others if numbers.keys() >= {*names}]
        for times, sign in ((True, ""), (False, ""), (True, "-"), (False, "-")):
            if not _is_off_by(factor, value, times, sign) or abs(value) == 1:
                continue
            confirmed = all(at is not None and _is_off_by(off, at, times, sign) for at, off in given)
            if confirmed and any(not np.isclose(at, value) for at, _ in given):
                shown = number(-value if sign else value).strip()
                what = f"{sign}{(' / ' if over else ' * ').join(names)}"
                return [say("  yours {} {} is right, and {} is that number").format("*" if times else "/", shown, what)]
    if any(off is None or not np.isclose(off, factor, rtol=1e-9, atol=0) for _, off in others):
        return []
    what = say("it") if field.wrong.ndim == 0 else say("every entry")
    if np.isclose(factor, -1, rtol=1e-9, atol=0):
        return [say("  {} is right but for the sign").format(what)]
    if any(np.isclose(factor, simple, rtol=1e-9, atol=0) for simple in (2, 0.5, 3, 1 / 3)):
        return [say("  {} is off by the same factor: yours * {} is right").format(what, number(factor).strip())]
    return []


def _off_by(field):
    """The one number that makes all entries right when they are multiplied by it; None if there is none."""
    a, n = field.found.astype(float), field.expected.astype(float)
    there = np.abs(n) > 1e-3 * max(np.max(np.abs(n)), gradcheck.FLOOR)
    if not there.any() or np.any(a[there] == 0):
        return None
    ratios = n[there] / a[there]
    factor = float(ratios.flat[0])
    same_factor = np.allclose(ratios, factor, rtol=1e-8, atol=0)
    return factor if same_factor and np.allclose(a * factor, n, rtol=0, atol=1e-9 * np.max(np.abs(n))) else None


def _factors(claim):
    """{name: number} of the numbers of a case by which a result may be off."""
    given = claim.found.numbers() if isinstance(claim.found, Call) else {}
    return {name: value for name, value in (dict(claim.factors) | given).items() if value}


def _products(numbers):
    """{(names, whether divided): value} of the numbers, and of the products and ratios of two of them.

    Those of a number that is 1 or -1 are left out, as they say no more than the other number does.
    """
    single = {((name,), False): value for name, value in numbers.items()}
    pairs = [pair for pair in combinations(numbers.items(), 2) if all(abs(value) != 1 for _, value in pair)]
    times = {((name, other), False): value * second for (name, value), (other, second) in pairs}
    return single | times | {((name, other), True): value / second for (name, value), (other, second) in pairs}


def _is_off_by(factor, value, times, sign):
    value = -value if sign else value
    return factor is not None and np.isclose(factor, value if times else 1 / value, rtol=1e-9, atol=0)


def _common(verdicts):
    """The option that all failing cases share and no other has, as a text; "" if there is none."""
    given = [(_options(case) if not isinstance(case, str) else {}, holds) for case, holds in verdicts]
    for name, value in dict.fromkeys(item for options, _ in given for item in options.items()):
        if all((options.get(name) == value) != holds for options, holds in given):
            return f"{name} {value}".strip()
    for name in dict.fromkeys(name for options, _ in given for name in options):
        if all((name in options) != holds for options, holds in given):
            return name
    return ""


def _options(case):
    """{option: value as a text} of those that are given; an array is shown by its option's name alone."""
    shown = {}
    for name, value in case.items():
        value = value[0] if isinstance(value, tuple) and len(value) == 1 else value
        if value is None or (isinstance(value, (str, tuple)) and value in ("left out", ())):
            continue
        is_named_alone = isinstance(value, np.ndarray) or (isinstance(value, str) and value == "given")
        shown[name] = "" if is_named_alone else str(value)
    return shown


def number(value):
    """A number as messages show it; minus zero is zero."""
    return f"{value + 0.0: .12g}" if np.asarray(value).dtype.kind == "f" else f"{value: d}"


def _first(field):
    """The first wrong entry in the order in which entries are computed."""
    if not field.wrong.ndim:
        return ()
    entries = np.argwhere(field.wrong)
    if field.name in SWEPT_BACK:
        entries = entries[entries[:, 0] == entries[-1, 0]]
    return tuple(entries[0])


def _index(where):
    return f"[{', '.join(str(int(i)) for i in where)}]"


def _kind(value):
    if isinstance(value, np.ndarray):
        return say("an array of shape {}").format(value.shape)
    if isinstance(value, tuple) and not hasattr(value, "_fields"):
        return say("a tuple of {}").format(len(value))
    return say("of type {}").format(type(value).__name__)


def _is_whole(value):
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def _form(expected):
    if isinstance(expected, tuple):
        names = getattr(expected, "_fields", None)
        return f"{type(expected).__name__}({', '.join(names)})" if names else say("a tuple of {}").format(len(expected))
    whole = np.asarray(expected).dtype.kind in "iu"
    if np.ndim(expected):
        return say("an array of shape {} of {}").format(
            np.shape(expected), say("whole numbers") if whole else "float64"
        )
    return say("a whole number") if whole else say("a float64 number")


def _parameters(function):
    try:
        return list(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return []


def _same(a, b):
    """Whether two results or arguments are equal; what is no data, such as a function, always is."""
    if isinstance(a, (tuple, list)) and isinstance(b, (tuple, list)):
        return len(a) == len(b) and all(map(_same, a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_same(a[key], b[key]) for key in a)
    if isinstance(a, (int, float, np.ndarray, np.generic)) and isinstance(b, (int, float, np.ndarray, np.generic)):
        a, b = np.asarray(a), np.asarray(b)
        return a.shape == b.shape and np.array_equal(a, b, equal_nan=a.dtype.kind in "fc" and b.dtype.kind in "fc")
    return True
