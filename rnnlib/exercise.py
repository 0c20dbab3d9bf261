"""What the checks in a student notebook say: "right", "not done yet", or what is wrong, in a few lines."""


class CheckFailedError(AssertionError):
    """A check of an exercise did not pass; the message is written for the student."""

    def _render_traceback_(self):
        """The lines that Jupyter shows instead of a traceback."""
        return str(self).splitlines()


def run(check):
    """Call check(), a function named check_<part>; print that the part is right, or raise CheckFailedError.

    A NotImplementedError becomes "not done yet", an AssertionError becomes its message. Any other exception of the
    student's own code passes through with its traceback, since that shows the line to mend.
    """
    part = _part(check)
    try:
        check()
    except NotImplementedError:
        raise CheckFailedError(f"{part}: not done yet") from None
    except AssertionError as error:
        raise CheckFailedError(f"{part}: {error}") from None
    print(f"{part}: right")


def progress(*checks):
    """Call every check and print one line for each: right, not done yet, or not right yet."""
    for check in checks:
        print(f"{_part(check)}: {_status(check)}")


def _status(check):
    try:
        check()
    except NotImplementedError:
        return "not done yet"
    except AssertionError:
        return "not right yet"
    except Exception as error:
        return f"stops with {type(error).__name__}"
    return "right"


def _part(check):
    return check.__name__.removeprefix("check_")
