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

CAUSES = ("dV", "dc", "gates", "m")  # a reader who mends these first often mends the others too
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
        first, changed = self._once()
        if changed:
            are = "is" if len(changed) == 1 else "are"
            raise AssertionError(f"{' and '.join(changed)} {are} changed in place; work on a copy")
        if not _same(first, self._once()[0]):
            raise AssertionError("it gives two different answers to the same question: something is kept between calls")
        return first

    def is_refused(self, what):
        """Raise AssertionError unless the call raises ValueError; `what` names that which is to be refused."""
        try:
            self.function(*copy.deepcopy(self.arguments), **copy.deepcopy(self.options))
        except ValueError:
            return
        raise AssertionError(f"{what} should be refused with a ValueError")

    def numbers(self):
        """{name: value} of the arguments that are single numbers: a wrong result may be off by one of them."""
        named = zip(_parameters(self.function), self.arguments, strict=False)
        return {name: float(value) for name, value in named if isinstance(value, (int, float)) and np.isfinite(value)}

    def _once(self):
        given, options = copy.deepcopy((self.arguments, self.options))
        result = self.function(*given, **options)
        changed = getattr(self.function, "changed", None)  # of a function in another process, which got copies
        if changed is None:
            names = [*_parameters(self.function), *(f"argument {i}" for i in range(len(given)))]
            changed = [
                name for name, new, old in zip(names, given, self.arguments, strict=False) if not _same(new, old)
            ]
            changed += [name for name, old in self.options.items() if not _same(options[name], old)]
        return result, changed


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


def message(claim, found):
    """The lines about a claim that does not hold, from its Fields, of which one at least is wrong."""
    first, *others = wrong_first(found)
    said = described(claim.case)
    lines = [f"{_headline(first)}{', ' if said else ''}{said}", *_numbers(first, claim)]
    right = [field.name for field in found if field.is_right]
    if others:
        lines.append(f"  wrong too: {', '.join(map(_counted, others))}")
    if right:
        lines.append(f"  right: {', '.join(right)}")
    return lines


def described(case):
    """The options of a case in words, such as "with func sigmoid and weights"."""
    if isinstance(case, str):
        return case
    words = [f"{name} {value}".strip() for name, value in _options(case).items()]
    return f"with {', '.join(words)}" if words else ""


def summary(claim, verdicts):
    """Lines that tell where else a check fails; `verdicts` is a list of (claim, whether it holds).

    First what the check asks of other functions, then in which of its cases this one fails.
    """
    subjects = {}
    for other, holds in verdicts:
        subjects.setdefault(_subject(other), []).append((other.case, holds))
    own = subjects.pop(_subject(claim))
    lines = []
    for words, wanted in (("wrong too", False), ("right", True)):
        named = [subject for subject, cases in subjects.items() if subject and all(h for _, h in cases) == wanted]
        lines += [f"  {words}: {', '.join(named)}"] if named else []
    return lines + _by_case(own)


def _subject(claim):
    return ", ".join(claim.names)


def _by_case(verdicts):
    failing = [case for case, holds in verdicts if not holds]
    if len(verdicts) == 1:
        return []
    if len(failing) == len(verdicts):
        return ["  wrong in both cases" if len(failing) == 2 else f"  wrong in all {len(failing)} cases"]
    common = _common(verdicts)
    if common:
        return [f"  wrong in every case with {common}, and in no other"]
    rights = [described(case) for case, holds in verdicts if holds]
    some = "; ".join(list(dict.fromkeys(filter(None, rights)))[:SHOWN_CASES])
    return [f"  wrong in {len(failing)} of {len(verdicts)} cases{'; right ' if some else ''}{some}"]


def _names(claim):
    paths = [path for path, _ in leaves(claim.expected)]
    if claim.names:
        return claim.names
    return [f"d{path.rpartition('.')[2]}" if path else "the result" for path in paths]


def _fields(found, expected, labels, tol, path=""):
    """Walk through both; `labels` maps the path of each leaf of `expected` to its name."""
    if not isinstance(expected, tuple):
        yield _field(labels[path], found, expected, tol)
    elif not isinstance(found, tuple) or len(found) != len(expected):
        problem = f"is {_kind(found)}, expected {_form(expected)}"
        yield Field(path.rpartition(".")[2] or "the result", problem, found, expected)
    else:
        names = getattr(expected, "_fields", range(len(expected)))
        for name, a, n in zip(names, found, expected, strict=True):
            yield from _fields(a, n, labels, tol, f"{path}.{name}" if path else str(name))


def _field(name, found, expected, tol):
    if expected is None:
        return Field(name, "" if found is None else f"is {_kind(found)}, expected None", found)
    if isinstance(expected, dict):
        return _dict_field(name, found, expected, tol)
    if isinstance(found, (tuple, list)):
        return Field(name, f"is {_kind(found)}, expected {_form(expected)}", found, expected)
    if np.asarray(expected).dtype.kind in "iu":
        return _whole_field(name, found, np.asarray(expected))
    try:
        gradcheck.compare(found, expected, tol, [name])
    except AssertionError as error:
        a, n = np.asarray(found), np.asarray(expected, dtype=float)
        if a.dtype != float or a.shape != n.shape or not np.all(np.isfinite(a)):
            return Field(name, str(error).removeprefix(name).strip(), found, expected)
        scale = max(np.max(np.abs(a)), np.max(np.abs(n)), gradcheck.FLOOR)
        wrong = np.abs(a - n) >= tol * scale
        return Field(name, "", a, n, wrong)
    return Field(name, "")


def _whole_field(name, found, expected):
    if np.asarray(found).shape != expected.shape or not isinstance(found, (int, np.ndarray, np.integer)):
        return Field(name, f"is {_kind(found)}, expected {_form(expected)}", found, expected)
    if np.asarray(found).dtype.kind not in "iu":
        return Field(name, f"has dtype {np.asarray(found).dtype}, expected whole numbers", found, expected)
    wrong = np.asarray(found) != expected
    return Field(name, "", np.asarray(found), expected, wrong) if wrong.any() else Field(name, "")


def _dict_field(name, found, expected, tol):
    """A dict of numbers, of which the first wrong entry is told by its key."""
    if not isinstance(found, dict):
        return Field(name, f"is {_kind(found)}, expected a dict", found, expected)
    for key in expected:
        if key not in found:
            return Field(name, f"has no entry {key!r}", found, expected)
    for key in found:
        if key not in expected:
            return Field(name, f"has an entry {key!r} too many", found, expected)
    entries = [
        # A whole number will do: what the dict holds is what counts here.
        _field(f"{name}[{key!r}]", float(found[key]) if _is_whole(found[key]) else found[key], float(value), tol)
        for key, value in expected.items()
    ]
    wrong = [entry for entry in entries if not entry.is_right]
    if not wrong:
        return Field(name, "")
    first = wrong[0]
    of_all = f"{len(wrong)} of {len(entries)} entries are wrong, first {first.name}"
    if first.problem:
        return Field(name, f"holds a wrong entry: {first.name} {first.problem}", found, expected)
    numbers = f"  analytic  {number(first.found)}\n  numeric   {number(first.expected)}"
    return Field(name, f"{of_all}\n{numbers}", found, expected)


def _headline(field):
    if field.problem:
        return f"{field.name} {field.problem}" if "\n" not in field.problem else f"{field.name}: {field.problem}"
    if field.wrong.ndim == 0:
        return f"{field.name} is wrong"
    count = f"{np.sum(field.wrong)} of {field.wrong.size} entries"
    return f"{field.name} is wrong in {count}, first {field.name}{_index(_first(field))}"


def _counted(field):
    """A wrong field with the number of its wrong entries."""
    if field.problem or field.wrong.ndim == 0:
        return field.name
    return f"{field.name} ({np.sum(field.wrong)} of {field.wrong.size} entries)"


def _numbers(field, claim):
    """Analytic over numeric, and what may have led from the right number to the wrong one."""
    if field.problem:
        return []
    where = _first(field)
    lines = [f"  analytic  {number(field.found[where])}", f"  numeric   {number(field.expected[where])}"]
    return [*lines, *_clues(field, claim)]


def _clues(field, claim):
    a, n = field.found.astype(float), field.expected.astype(float)
    error = gradcheck.relative_error(a, n)
    if error < gradcheck.CENTRAL_TOLERANCE:
        return [f"  off by {error:.0e} of the largest entry: is it a finite difference, or a single precision number?"]
    numbers = dict(claim.factors)
    if isinstance(claim.found, Call):
        numbers |= claim.found.numbers()
    lines = []
    if field.wrong.ndim == 0 and claim.parts:
        lines = [f"  the sum of  {' and '.join(f'{number(v).strip()} ({k})' for k, v in claim.parts.items())}"]
        lines += _part_found(float(a), claim.parts)
    return lines + _factor(a, n, numbers)


def _part_found(value, parts):
    for size in range(1, len(parts)):
        for some in combinations(parts, size):
            if np.isclose(value, sum(float(parts[name]) for name in some), rtol=1e-9, atol=1e-12):
                return [f"  yours is only the part {' and '.join(some)}"]
    return []


def _factor(a, n, numbers):
    """A line if every entry is off by the same factor, and that is a number of the case."""
    there = np.abs(n) > 1e-3 * max(np.max(np.abs(n)), gradcheck.FLOOR)
    if not there.any() or np.any(a[there] == 0):
        return []
    ratios = n[there] / a[there]
    factor = float(ratios.flat[0])
    same_factor = np.allclose(ratios, factor, rtol=1e-8, atol=0)
    if not same_factor or not np.allclose(a * factor, n, rtol=0, atol=1e-9 * np.max(np.abs(n))):
        return []
    what = "it" if a.ndim == 0 else "every entry"
    if np.isclose(factor, -1, rtol=1e-9, atol=0):
        return [f"  {what} is right but for the sign"]
    usable = {name: value for name, value in numbers.items() if value and abs(value) != 1}
    for name, value in usable.items():
        for sign, minus in ((1, ""), (-1, "-")):
            if np.isclose(factor, sign * value, rtol=1e-9, atol=0):
                return [f"  yours * {number(sign * value).strip()} is right, and {minus}{name} is that number"]
            if np.isclose(factor, sign / value, rtol=1e-9, atol=0):
                return [f"  yours / {number(sign * value).strip()} is right, and {minus}{name} is that number"]
    for (name, value), (other, second) in combinations(usable.items(), 2):
        for combined, text in ((value * second, f"{name} * {other}"), (value / second, f"{name} / {other}")):
            if np.isclose(factor, combined, rtol=1e-9, atol=0):
                return [f"  yours * {number(combined).strip()} is right, and {text} is that number"]
            if np.isclose(factor, 1 / combined, rtol=1e-9, atol=0):
                return [f"  yours / {number(combined).strip()} is right, and {text} is that number"]
    if any(np.isclose(factor, simple, rtol=1e-9, atol=0) for simple in (2, 0.5, 3, 1 / 3)):
        return [f"  {what} is off by the same factor: yours * {number(factor).strip()} is right"]
    return []


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
    return tuple(np.argwhere(field.wrong)[0]) if field.wrong.ndim else ()


def _index(where):
    return f"[{', '.join(str(int(i)) for i in where)}]"


def _kind(value):
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    if isinstance(value, tuple) and not hasattr(value, "_fields"):
        return f"a tuple of {len(value)}"
    return f"of type {type(value).__name__}"


def _is_whole(value):
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def _form(expected):
    if isinstance(expected, tuple):
        names = getattr(expected, "_fields", None)
        return f"{type(expected).__name__}({', '.join(names)})" if names else f"a tuple of {len(expected)}"
    whole = np.asarray(expected).dtype.kind in "iu"
    if np.ndim(expected):
        return f"an array of shape {np.shape(expected)} of {'whole numbers' if whole else 'float64'}"
    return "a whole number" if whole else "a float64 number"


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
