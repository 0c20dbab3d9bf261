"""What hidden tests of a gradient checker are written with: what it must let pass, and what it must catch."""

import copy

from grading.checks import HiddenCheckFailedError
from rnnlib.words import say


def lets_pass(checker, what, *arguments, **options):
    """Raise a HiddenCheckFailedError if the student's `checker` rejects the arguments, which are `what`."""
    name = _name(checker)
    try:
        verdict = checker(*copy.deepcopy(arguments), **options)
    except AssertionError as error:
        raise HiddenCheckFailedError(
            say("{} rejects {}, which is right; it says: {}").format(name, what, error)
        ) from None
    if verdict is not None:
        raise HiddenCheckFailedError(
            say("{} returns a {} for {}, expected None").format(name, type(verdict).__name__, what)
        )


def catches(checker, what, *arguments, named="", **options):
    """Raise a HiddenCheckFailedError unless the `checker` raises an AssertionError whose message holds `named`."""
    name = _name(checker)
    try:
        checker(*copy.deepcopy(arguments), **options)
    except AssertionError as error:
        if named not in str(error):
            raise HiddenCheckFailedError(
                say("{} rejects {}, but its message does not name {}").format(name, what, named)
            ) from None
        return
    raise HiddenCheckFailedError(say("{} lets {} pass").format(name, what))


def refuses(function, what, *arguments):
    """Raise a HiddenCheckFailedError unless the student's `function` raises a ValueError for the arguments."""
    try:
        function(*copy.deepcopy(arguments))
    except ValueError:
        return
    raise HiddenCheckFailedError(say("{} takes {}, expected a ValueError").format(_name(function), what))


def _name(function):
    return getattr(function, "__name__", "your function")
