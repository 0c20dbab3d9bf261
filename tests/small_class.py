"""A class that was marked in this process, for the tests of what comes after the marking."""

import json
from datetime import datetime

from marking import FAST, SLUG, filled, hand_in
from nbgrader.api import Gradebook
from nbgrader.coursedir import CourseDirectory

from grading import exercise, gradebook, intake, transplant
from grading.answers import solution
from grading.bench import OwnBench
from grading.course import class_at
from grading.execute import execute

DUE = datetime(2026, 1, 10, 12)
ANSWERS = solution(SLUG).cells
_executed = {}


class Class:
    """Students' folders, marked notebooks and a gradebook in a folder of their own."""

    def __init__(self, root):
        self.root, self.config = root, class_at(root)
        self.task = exercise.load(SLUG)

    def book(self):
        return Gradebook(self.config.CourseDirectory.db_url, "bptt")

    def course(self):
        return CourseDirectory(config=self.config)

    def hand_in(self, student, time=None, cells=ANSWERS):
        """Hand in a notebook and mark it; return the gradebook.Result."""
        text = json.dumps(filled(cells))
        folder = hand_in(self.root, student, text)
        if time:
            (folder / "timestamp.txt").write_text(time, encoding="utf-8")
        notebook = json.loads(json.dumps(self._executed(text, folder)))
        with self.book() as book:
            return gradebook.save(book, self.course(), self.task, student, notebook, time or "")

    def _executed(self, text, folder):
        if text not in _executed:
            read = intake.read_folder(folder, SLUG)
            _executed[text] = execute(transplant.rebuild(self.task, read), self.task, FAST, OwnBench)
        return _executed[text]

    def kept(self, student):
        """The Result of a run in which this student's notebook is marked already; None if it is to be marked again."""
        folder = self.root / "submitted" / student / SLUG
        with self.book() as book:
            return gradebook.still_valid(book, self.course(), self.task, student, folder, FAST)

    def change(self, student=None, **values):
        """Set a value of the exercise in the gradebook, or of a student's submission."""
        with self.book() as book:
            row = book.find_submission(SLUG, student) if student else book.find_assignment(SLUG)
            for name, value in values.items():
                setattr(row, name, value)
            book.db.commit()

    def stored(self, student):
        """The penalty that nbgrader's gradebook has."""
        with self.book() as book:
            return book.find_submission(SLUG, student).late_submission_penalty
