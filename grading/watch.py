"""How long a student's code may take, and the words for what took too long."""

from collections import Counter
from operator import itemgetter

import numpy as np

from rnnlib.words import say

FIRST, AGAIN = "for the first time", "again, in a new process"
CALLS_BACK = 100_000  # of the grader's functions, by one submission


class Watch:
    """Gives every request to a student's process the same time."""

    def __init__(self, seconds=10.0):
        self.seconds = seconds

    def allowed(self, request):
        """The seconds that a request may take from now on."""
        return self.seconds

    def in_all(self):
        """The seconds of processors that the process may take in all, whenever it takes them."""
        return 10 * self.seconds

    def took(self, request, seconds, late=False):
        """Take note of a request that took `seconds`; a `late` one was not answered."""

    def may_call_back(self):
        """Whether the process may call a function of the grader's once more."""
        return True

    def verdict(self, request, seconds):
        """What is said of a request that was not answered within `seconds`."""
        return say("no answer within {}: an endless loop?").format(_seconds(seconds))

    def refusal(self, request, reason):
        """What is said of a request to a process that has ended for a `reason`."""
        return reason


class Budget(Watch):
    """The time of one submission: what its functions may take, and apart from it what cells without points may take.

    A function that was late once is given little time from then on, as it will be late again; others are not.
    """

    def __init__(self, settings):
        """`settings` are execute.Settings."""
        self.settings = settings
        self.left = settings.submission_seconds
        self.left_to_extras = {FIRST: settings.extra_seconds, AGAIN: settings.extra_seconds}
        self.calls_back = 0
        self.extra = None  # FIRST or AGAIN while a cell without points is running
        self.spent, self.late, self.answered = Counter(), {}, {}  # each by function

    def allowed(self, request):
        """The seconds that a request may take from now on, of the clock or of several processors together.

        A cell without points gets at most half of what they all have left: however many hang, the next can still run.
        """
        if self.extra:
            return max(0.01, min(self.settings.call_seconds, self.left_to_extras[self.extra] / 2))
        return max(0.001, min(self._usual(request), self.left))

    def in_all(self):
        """The seconds of processors that a new process may take in all: what the ones before it have left."""
        return self.left + sum(self.left_to_extras.values())

    def took(self, request, seconds, late=False):
        """Take note of a request that took `seconds`; a `late` one was not answered."""
        if self.extra:
            self.left_to_extras[self.extra] -= seconds
            return
        what = _what(request)
        self.left -= seconds
        self.spent[what] += seconds
        if request[0] == "call" and late:
            self.late.setdefault(what, seconds)
        elif request[0] == "call":
            self.answered[what] = max(_size(request[2:4]), self.answered.get(what, 0))

    def may_call_back(self):
        """Whether the submission may call a function of the grader's once more; the question counts as a call."""
        self.calls_back += 1
        return self.calls_back <= CALLS_BACK

    def verdict(self, request, seconds):
        """What is said of a request that was not answered in time: which limit was met, and by what."""
        what, start = _what(request), say("no answer within {}").format(_seconds(seconds))
        if self.extra:
            return say(
                "{}: cells without points may take {} in all, and each of them half of what is left. "
                "That costs no points, and says nothing about your functions"
            ).format(start, _seconds(self.settings.extra_seconds))
        if seconds < self._usual(request):
            return say("{}, which is what was left: {}").format(start, self._used_up(what))
        if what in self.late:
            return say("{}: {} took {} before, and a call after that is given less").format(
                start, what, _seconds(self.late[what])
            )
        start = say("{}, which is all that {} may take").format(start, what)
        if what not in self.answered:
            return say("{}: an endless loop?").format(start)
        return say(
            "{}: it has answered other calls, with arrays of up to {} entries, and here are {}. "
            "Its cost may grow with T^2 where T is enough"
        ).format(start, self.answered[what], _size(request[2:4]))

    def refusal(self, request, reason):
        """What is said of a request to a process that has ended for a `reason`, and is not replaced any more."""
        what = _what(request)
        if self.is_used_up():
            return say("{} was not run: {}").format(what, self._used_up(what))
        return say("{} was not run, as the process has ended too often; the last time, {}").format(what, reason)

    def is_used_up(self):
        """Whether nothing can be run any more."""
        return self.left < 0.01

    def _usual(self, request):
        return self.settings.hang_seconds if _what(request) in self.late else self.settings.call_seconds

    def _used_up(self, what):
        """How the time of the submission was spent."""
        most, seconds = max(self.spent.items(), key=itemgetter(1), default=(what, 0.0))
        total = _seconds(self.settings.submission_seconds)
        line = say("all calls of a submission may take {} together, and {} took {} of them").format(
            total, most, _seconds(seconds)
        )
        return line if what == most else say("{}. This says nothing about {}").format(line, what)


def _what(request):
    """What a request runs: the name of a function, or a cell."""
    kind, *rest = request
    if kind != "call":
        return say("this cell") if kind == "run" else say("looking up a name")
    return rest[0] if isinstance(rest[0], str) else getattr(rest[0], "__name__", "a function")


def _size(value):
    """The entries of the largest array in a value."""
    if isinstance(value, dict):
        return _size(list(value.values()))
    if isinstance(value, (tuple, list)):
        return max(map(_size, value), default=0)
    return np.size(value) if isinstance(value, np.ndarray) else 1


def _seconds(seconds):
    return (say("{:.3g} second") if seconds == 1 else say("{:.3g} seconds")).format(seconds)
