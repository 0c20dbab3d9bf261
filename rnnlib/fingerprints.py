"""Which known mistake gives the wrong numbers that a check has seen: the fingerprint of wrong numbers, and its table.

A fingerprint is a hash of all wrong arrays of one function on the fixed cases of a check, rounded. A table maps the
fingerprints of an exercise's known mistakes to their names and hints. Both hold hashes of wrong numbers only. That
keeps anybody from reading the numbers off, not from trying: of a single number with six digits, a computer tries all in
seconds. Whoever does so has then learnt what one wrong answer returns; what is right, the check itself prints.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from rnnlib import gradcheck

# The rounding units that are tried, in millionths of the power of ten nearest to the largest entry of an array. A known
# mistake is kept with the first in which none of its numbers is near to a boundary; what is to be recognised is tried
# with each.
UNITS = tuple(1 + i / 16 for i in range(16))
MARGIN = 1e-3  # of a unit: what is nearer to a boundary could be rounded the other way on another processor
SHARE = 1e-9  # by how much a processor may move the largest entry, for the same reason
NEAR = 1e-5  # of the largest entry: what is nearer to what is right is a right formula that is short of precision
NOISE = 1e-12  # an array without a larger entry is what rounding has left of a zero
BITS = 64  # with a thousand known mistakes, other numbers are taken for one of them once in 10^16 cases


class Wrong(NamedTuple):
    """What a function returned that is wrong, in one of the fixed cases of a check."""

    function: str  # its name
    case: int  # which of the claims about this function on fixed numbers it is
    fields: tuple  # the Fields that are wrong


class Mistake(NamedTuple):
    """A known mistake in words, as the feedback gives them."""

    name: str  # goes on after "This is what you get when"
    hint: str


class Table(NamedTuple):
    """The known mistakes of an exercise, and for each of its visible checks by name what they make it see."""

    slug: str
    mistakes: tuple
    checks: dict  # {"claims": how many claims it takes until no fixed case is left, "seen": {fingerprint: indices}}

    def find(self, check, wrong):
        """The indices of the mistakes that make a check, given by name, see what is `wrong`."""
        seen = self.checks[check]["seen"] if check in self.checks and tells(wrong) else {}
        return {i for unit in UNITS if seen for i in seen.get(fingerprint(self.slug, check, wrong, unit), ())}

    def of_check(self, check):
        """The indices of all mistakes that have a fingerprint in a check."""
        return {i for some in self.checks[check]["seen"].values() for i in some}


@lru_cache(maxsize=4)
def table(slug):
    """The Table of an exercise; an empty one if it has none."""
    # Imported where they are used: a grader starts a Python per submission, and none of these looks up a mistake.
    import json
    import pkgutil

    try:
        content = json.loads(pkgutil.get_data("rnnlib", f"mistakes/{slug}.json"))
    except OSError:  # there is no file; of an archive, it is no FileNotFoundError
        return Table(slug, (), {})
    return Table(slug, tuple(Mistake(**entry) for entry in content["mistakes"]), content["checks"])


def fingerprint(slug, check, wrong, unit=UNITS[0]):
    """The fingerprint of a list of Wrong, all of one function, with numbers rounded to a `unit`.

    The exercise and the check are part of it, so that the same numbers elsewhere have another one. Of an array that
    tells nothing, only the name is.
    """
    import hashlib  # see `table`

    digest = hashlib.sha256(repr((slug, check, unit)).encode())
    for part in wrong:
        digest.update(repr((part.function, part.case)).encode())
        for field in part.fields:
            digest.update(repr((field.name, _rounded(field.found, unit) if _tells(field) else "")).encode())
    return digest.hexdigest()[: BITS // 4]


def is_safe(wrong, unit):
    """Whether no number is so near to a rounding boundary that another processor could round it the other way."""
    arrays = [array for part in wrong for field in part.fields if _tells(field) for array in _arrays(field.found)]
    return all(_is_clear(array, unit) for array in arrays)


def tells(wrong):
    """Whether equal fingerprints mean equal mistakes: there is an array of which the numbers tell something."""
    return any(_tells(field) for part in wrong for field in part.fields)


def _tells(field):
    """Whether the numbers of a wrong field are those of a mistake.

    Those are not that are mostly NaN or infinite, or not in double precision, nor what rounding has left of a zero, nor
    those of a right formula that is short of precision: finite differences are near to each other, whatever they are
    made with.
    """
    arrays = _arrays(field.found)
    if not arrays or any(array.dtype.kind == "f" and array.dtype != np.float64 for array in arrays):
        return False
    if any(array.any() and _size(array) < np.log10(NOISE) for array in arrays):
        return False
    finite = np.concatenate([np.isfinite(array).ravel() for array in arrays])
    with np.errstate(all="ignore"):
        return finite.size > 0 and np.mean(finite) >= 0.5 and not _is_near(arrays, _arrays(field.expected))


def _arrays(value):
    """All numbers in a value, as arrays in their order; what is no number is left out."""
    if isinstance(value, (tuple, list)):
        return [array for part in value for array in _arrays(part)]
    if isinstance(value, dict):
        return _arrays([value[key] for key in sorted(value, key=repr)])
    return [np.asarray(value)] if _is_number(value) else []


def _is_number(value):
    return isinstance(value, (int, float, np.ndarray, np.generic)) and np.asarray(value).dtype.kind in "iuf"


def _is_near(found, expected):
    if [array.shape for array in found] != [array.shape for array in expected]:
        return False
    return all(gradcheck.relative_error(a, n) < NEAR for a, n in zip(found, expected, strict=True))


def _rounded(value, unit):
    """A value with whole numbers in the place of its numbers, for its repr."""
    if isinstance(value, (tuple, list)):
        return type(value).__name__, [_rounded(part, unit) for part in value]
    if isinstance(value, dict):
        return [(key, _rounded(value[key], unit)) for key in sorted(value, key=repr)]
    if not _is_number(value):
        return type(value).__name__
    array = np.asarray(value)
    power, units = _in_units(array, unit)
    whole = [round(number) if np.isfinite(number) else str(number) for number in units.ravel().tolist()]
    return "float" if array.dtype.kind == "f" else "whole", array.shape, power, whole


def _in_units(array, unit):
    """The power of ten nearest to the largest entry, as its exponent, and the array in millionths of that."""
    power = round(_size(array))
    # In two steps, as the product of both powers may be too large or too small for a number.
    return power, np.asarray(array, float) / 10.0**power / (unit * 1e-6)


def _size(array):
    """The decimal logarithm of the largest finite entry; 0 if there is none, or if it is zero."""
    largest = np.max(np.abs(array[np.isfinite(array)]).astype(float), initial=0.0)
    return float(np.log10(largest)) if largest > 0 else 0.0


def _is_clear(array, unit):
    units = _in_units(array, unit)[1]
    from_boundary = np.abs(units[np.isfinite(units)] % 1 - 0.5)
    return abs(_size(array) % 1 - 0.5) > SHARE and bool(np.all(from_boundary > MARGIN))
