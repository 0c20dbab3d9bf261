"""What hidden tests of a gradient checker are written with: what it must let pass, and what it must catch."""

import copy

from grading.checks import HiddenCheckFailedError


def lets_pass(checker, what, *arguments, **options):
    """Raise a HiddenCheckFailedError if the student's `checker` rejects the arguments, which are `what`."""
    name = _name(checker)
    try:
        verdict = checker(*copy.deepcopy(arguments), **options)
    except AssertionError as error:
        raise HiddenCheckFailedError(f"{name} rejects {what}, which is right; it says: {error}") from None
    if verdict is not None:
        raise HiddenCheckFailedError(f"{name} returns a {type(verdict).__name__} for {what}, expected None")


def catches(checker, what, *arguments, named="", **options):
    """Raise a HiddenCheckFailedError unless the `checker` raises an AssertionError whose message holds `named`."""
    name = _name(checker)
    try:
        checker(*copy.deepcopy(arguments), **options)
    except AssertionError as error:
        if named not in str(error):
            raise HiddenCheckFailedError(f"{name} rejects {what}, but its message does not name {named}") from None
        return
    raise HiddenCheckFailedError(f"{name} lets {what} pass")


def refuses(function, what, *arguments):
    """Raise a HiddenCheckFailedError unless the student's `function` raises a ValueError for the arguments."""
    try:
        function(*copy.deepcopy(arguments))
    except ValueError:
        return
    raise HiddenCheckFailedError(f"{_name(function)} takes {what}, expected a ValueError")


def _name(function):
    return getattr(function, "__name__", "your function")
