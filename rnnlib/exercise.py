"""What the checks in a student notebook say: "not done yet", "right", or what is wrong, in a few lines."""

from contextlib import contextmanager


class CheckFailedError(AssertionError):
    """A check of an exercise did not pass; the message is written for the student."""

    def _render_traceback_(self):
        """The lines that Jupyter shows instead of a traceback."""
        return str(self).splitlines()


@contextmanager
def check(name):
    """Run the checks in the block; print that `name` is right, or raise CheckFailedError with what is wrong.

    A NotImplementedError means "not done yet". Any other exception of the student's own code passes through with its
    traceback, since that shows the line to mend.
    """
    try:
        yield
    except NotImplementedError:
        raise CheckFailedError(f"{name}: not done yet") from None
    except AssertionError as error:
        raise CheckFailedError(f"{name}: {error}") from None
    print(f"{name}: right")
