"""Lateness: what a late submission loses, computed each time from the gradebook as it is.

A penalty depends on the time stamp, the due date, the extension, the points and the policy. Any of them may change
after the marking, so that no penalty is taken over from an earlier run.
"""

import math
from datetime import UTC, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from nbgrader.plugins import LateSubmissionPlugin
from nbgrader.preprocessors import AssignLatePenalties
from traitlets import Float, Unicode

from grading import outside
from grading.feedback import amount, duration

DAY = 24 * 3600  # seconds


class LatePolicy(LateSubmissionPlugin):
    """Takes points, or a share of the points, for each day begun after the due date: see nbgrader_config.py."""

    grace_minutes = Float(0, min=0, help="Minutes after the due date that still count as in time").tag(config=True)
    points_per_day = Float(0, min=0, help="Points taken for each day begun").tag(config=True)
    percent_per_day = Float(0, min=0, help="Per cent of the submission's points taken for each day begun").tag(
        config=True
    )
    cap_points = Float(None, allow_none=True, min=0, help="The most points that are taken; None: all").tag(config=True)
    cap_percent = Float(100, min=0, max=100, help="The most that is taken, in per cent of the points").tag(config=True)
    timezone = Unicode("UTC", help="The zone of due dates that name none, such as Europe/Zurich").tag(config=True)

    def late_submission_penalty(self, _student, score, total_seconds_late):
        """The points to take from a submission that has `score` points and came so late; 0 within the grace."""
        beyond = total_seconds_late - 60 * self.grace_minutes
        if beyond <= 0:
            return 0.0
        if self.penalty_method == "zero":
            return score
        days = math.ceil(beyond / DAY)
        lost = days * (self.points_per_day + score * self.percent_per_day / 100)
        most = math.inf if self.cap_points is None else self.cap_points
        return min(lost, most, score * self.cap_percent / 100)

    def sentence(self):
        """The policy in a sentence."""
        rates = [amount(self.points_per_day)] if self.points_per_day else []
        rates += [f"{self.percent_per_day:g} per cent of the points"] if self.percent_per_day else []
        caps = [amount(self.cap_points)] if self.cap_points is not None else []
        caps += [f"{self.cap_percent:g} per cent of the points"] if self.cap_percent < 100 else []
        grace = f" after {duration(60 * self.grace_minutes)} of grace" if self.grace_minutes else ""
        if self.penalty_method == "zero":
            return f"What is late{grace} gets no points."
        if not rates:
            return "No points are taken for being late: see LatePolicy in nbgrader_config.py."
        most = f", at most {' and '.join(caps)}" if caps else ""
        return f"Each day begun{grace} costs {' and '.join(rates)}{most}."


class Lateness(NamedTuple):
    """How late a submission is, and what that costs."""

    late: float = 0.0  # seconds after the due date, which an extension moves
    extension: float = 0.0  # seconds
    penalty: float = 0.0  # points; to be taken from those that the marks add up to


def of(submission):
    """The Lateness of a submission of the gradebook, with the penalty that is noted there."""
    penalties = [notebook.late_submission_penalty or 0.0 for notebook in submission.notebooks]
    extension = submission.extension.total_seconds() if submission.extension else 0.0
    return Lateness(_seconds_late(submission), extension, sum(penalties))


def _seconds_late(submission):
    return seconds_late(submission.timestamp, submission.assignment.duedate, submission.extension)


def seconds_late(handed_in, due, extension=None):
    """The whole seconds from the due date, which an extension moves, to a time; 0 where one of the two is None.

    nbgrader's own total_seconds_late fails for an extension without a due date, and counts fractions of a second.
    """
    if due is None or handed_in is None:
        return 0.0
    return float(max(0, math.floor((handed_in - due - (extension or timedelta())).total_seconds())))


def renew(gradebook, parent, submission):
    """Note the penalty that the policy now gives a submission, and commit; return why there is none, where it fails.

    `parent` is what carries nbgrader's configuration. A plug-in that nbgrader is configured to use is asked as nbgrader
    does: for late submissions only, and never for more than they have.
    """
    reason, late, changed = "", _seconds_late(submission), False
    for notebook in submission.notebooks:
        penalty = None
        if late:
            try:
                penalty = _allowed(
                    policy(parent).late_submission_penalty(submission.student_id, notebook.score, late), notebook
                )
            except Exception as error:
                reason = outside.line(f"the late policy failed, no points were taken: {type(error).__name__}: {error}")
        if notebook.late_submission_penalty != penalty:
            notebook.late_submission_penalty, changed = penalty, True
    if changed:
        gradebook.db.commit()
    return reason


def _allowed(penalty, notebook):
    penalty = float(penalty or 0.0)
    if math.isnan(penalty):
        raise ValueError("it gave no number")
    return min(max(penalty, 0.0), notebook.score)


def policy(parent):
    """The plug-in that nbgrader is configured to ask; LatePolicy, unless nbgrader_config.py names another one."""
    asking = AssignLatePenalties(parent=parent)
    asking.init_plugin()
    return asking.plugin_inst


def described(parent):
    """The policy in a sentence."""
    found = policy(parent)
    if isinstance(found, LatePolicy):
        return found.sentence()
    return f"The late policy is the plug-in {type(found).__module__}.{type(found).__name__}."


def zone(parent):
    """The time zone of the course. Raises ValueError for a setting that names none."""
    name = LatePolicy(parent=parent).timezone
    try:
        return UTC if name == "UTC" else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(
            f"LatePolicy.timezone in nbgrader_config.py is {name!r}, which is no time zone: write one, such as UTC or "
            "Europe/Zurich"
        ) from None
