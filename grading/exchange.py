"""nbgrader's exchange, as a class can trust it: releases go out without answers, hand-ins come in without links.

Everybody writes into the exchange, and nbgrader's own copies follow links, stop the whole class at one odd file, and
ask one list of names what to leave out, at the teacher's as at the students'. The students' half stays nbgrader's own.
"""

import contextlib
import errno
import fnmatch
import os
import pwd
import shutil
import stat
from datetime import datetime
from functools import partial
from pathlib import Path

from nbgrader.exchange.default import ExchangeCollect, ExchangeReleaseAssignment, ExchangeReleaseFeedback
from nbgrader.utils import notebook_hash, parse_utc

from grading import outside
from grading.gradebook import FOR_ALL, time_in
from grading.platforms.place import RECORD

TIMESTAMP, SECRET = "timestamp.txt", "submission_secret.txt"  # what the exchange writes beside a hand-in
MAX_SMALL = 1000  # bytes of either; nbgrader's have 31 and 128
MIN_SECRET = 32  # characters; whoever can guess it can fetch the page
MAX_ENTRIES, MAX_DEPTH = 1000, 10  # of one hand-in
ANSWERS = (b"BEGIN SOLUTION", b"BEGIN HIDDEN TESTS")  # what a release has lost, whatever its file is called


class ReleaseAssignment(ExchangeReleaseAssignment):
    """Hands out the notebook of an exercise and what was put beside it, without anything that is an answer."""

    def init_src(self):
        """As nbgrader; fail for a notebook that is missing or holds answers, before anything is handed out."""
        super().init_src()
        slug = self.coursedir.assignment_id
        path = Path(self.src_path, f"{slug}.ipynb")
        if not path.is_file() or self._is_answer(path.name, path):
            wrong = "holds answers" if path.is_file() else "is missing"
            self.fail(f"{path} {wrong}: run `nbgrader generate_assignment {slug} --force`")

    def do_copy(self, src, dest, log=None):
        """Copy the plain files of the release; a line says what was left out."""
        for line in copy_plain_files(src, dest, self.coursedir, self._is_answer):
            self.log.warning("%s was not handed out", outside.line(line))

    def _is_answer(self, name, path):
        sources = Path(self.coursedir.format_path(self.coursedir.source_directory, ".", "."))
        beside_answers = {found.name for found in sources.glob("*/*")} - {f"{self.coursedir.assignment_id}.ipynb"}
        return name.startswith(".") or name in beside_answers or any(mark in path.read_bytes() for mark in ANSWERS)


class Collect(ExchangeCollect):
    """Takes in what was submitted; what one student put into the exchange is that student's loss at most."""

    def _path_to_record(self, path):
        try:
            return super()._path_to_record(path)
        except Exception:  # whoever may submit may make a folder of any name
            name = Path(path).name
            return {"username": name.partition("+")[0], "filename": name, "timestamp": datetime.min}

    def _sort_by_timestamp(self, records):
        """The one to collect first: a folder before a link, a student's own before another's, then the newest."""
        return sorted(records, key=lambda record: (*self._is_theirs(record), record["timestamp"]), reverse=True)

    def _is_theirs(self, record):
        """Whether it is a folder, and whether it belongs to the student that it names."""
        try:
            status = os.lstat(Path(self.inbound_path, record["filename"]))
        except OSError:  # its owner may take it away at any time
            return False, False
        try:
            owner = pwd.getpwuid(status.st_uid).pw_name
        except KeyError:
            owner = None
        return stat.S_ISDIR(status.st_mode), owner == record["username"]

    def init_src(self):
        """As nbgrader, without what is no folder, or of nobody."""
        self.coursedir.get_existing_timestamp = time_in  # nbgrader's own ends the command at what it cannot read
        super().init_src()
        taken = [record for record in self.src_records if self._is_theirs(record)[0] and record["username"]]
        for record in self.src_records:
            if record not in taken:
                name = outside.line(repr(record["filename"]))
                self.log.error("%s in the exchange is no student's folder; it was not collected", name)
        self.src_records = taken

    def do_copy(self, src, dest, log=None):
        """Copy the plain files of a hand-in, for the teacher alone; a line says what was left out."""
        # The record of `collect` says whose a hand-in is on a platform: one by a student could name somebody else.
        for line in copy_plain_files(src, dest, self.coursedir, lambda name, _: name == RECORD):
            self.log.warning("%s was not collected", outside.line(f"{Path(dest).parent.name}: {line}"))


class ReleaseFeedback(ExchangeReleaseFeedback):
    """Puts each page of feedback where the student alone finds it; who did not submit here is said and passed over."""

    def copy_files(self):
        """Release every page that says what the marks are now; fail if there is none, or no gradebook."""
        from grading import feedback_pages, marks  # which write what the exchange carries, and import it

        try:
            with marks.opened(self.coursedir) as book:
                self._release(partial(feedback_pages.is_current, book, self.coursedir, self.coursedir.assignment_id))
        except ValueError as error:
            self.fail(str(error))

    def _release(self, is_current):
        course, slug = self.coursedir, self.coursedir.assignment_id
        excluded, released = course.student_id_exclude.split(","), 0
        for student in self._students():
            marked = Path(course.format_path(course.autograded_directory, student, slug), f"{slug}.ipynb")
            page = Path(course.format_path(course.feedback_directory, student, slug), f"{slug}.html")
            if student in excluded or not (page.is_file() and marked.is_file()):
                continue
            # Of what was marked last, as the student who has handed in again will ask for this one's feedback.
            secret, shown = _small(marked.parent, SECRET).decode("utf-8", "replace"), outside.line(student)
            if len(secret) < MIN_SECRET:
                self.log.warning("%s did not submit through the exchange: hand out %s in another way", shown, page)
            elif not is_current(student):
                self.log.warning("%s has a page that is not what the marks are now: make the feedback again", shown)
            else:
                self._publish(page.read_bytes(), secret, self._names(student))
                self.log.info("Feedback released for %s", shown)
                released += 1
        if not released:
            self.fail(f"no feedback on {slug} was released: run `nbgrader generate_feedback {slug} --force` first")

    def _students(self):
        course = self.coursedir
        if course.student_id not in ("", "*"):
            return [course.student_id]
        folder = Path(course.format_path(course.feedback_directory, ".", "."))
        return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []

    def _names(self, student):
        """The names of notebooks by which a student will ask: those of the files that were handed in."""
        course, slug = self.coursedir, self.coursedir.assignment_id
        folder = Path(course.format_path(course.submitted_directory, student, slug))
        return {slug} | {path.stem for path in folder.glob("*.ipynb")}

    def _publish(self, page, secret, names):
        for name in names:
            path = Path(self.dest_path, f"{notebook_hash(secret=secret, notebook_id=name)}.html")
            scratch = path.with_suffix(".part")
            scratch.write_bytes(page)
            scratch.chmod(0o644)  # the folder shows no names, and this one is the student's secret
            scratch.replace(path)


def carry(source, target):
    """Let the small files of the exchange follow a hand-in to its marked notebook: by them, feedback finds its student.

    A time that nbgrader could not read stays behind: it would stop there at every later step.
    """
    Path(target).mkdir(parents=True, exist_ok=True)
    for name in (TIMESTAMP, SECRET):
        data = _small(source, name)
        if name == TIMESTAMP and not _is_time(data):
            data = b""
        path = Path(target, name)
        path.unlink(missing_ok=True)
        if data:
            _write(path, data)


def _is_time(data):
    try:
        return bool(parse_utc(data.decode("ascii").strip()))
    except Exception:  # of whatever kind the reader of times raises
        return False


def _small(folder, name):
    """The bytes of a small plain file, such as the exchange writes; none if it is anything else."""
    try:
        with _opened(Path(folder, name)) as fd:
            data = os.read(fd, MAX_SMALL + 1) if stat.S_ISREG(os.fstat(fd).st_mode) else b""
    except OSError:
        return b""
    return data if len(data) <= MAX_SMALL else b""


def copy_plain_files(source, target, course, unwanted=None):
    """Copy what is a plain file below `source`, as far as it is of bearable size; return lines about the rest.

    No link is followed and no pipe waited for, not even one that takes the place of a file meanwhile. The names to
    ignore and the limits of size are those of nbgrader's CourseDirectory `course`; `unwanted`, called with the name and
    the path of a file, may leave out others.
    """
    copy = _Copy(source, target, course, unwanted)
    try:
        with _opened(source, os.O_DIRECTORY) as folder:
            return list(copy.folder(folder, Path()))
    except OSError as error:
        if error.errno in FOR_ALL:
            shutil.rmtree(target, ignore_errors=True)  # half of a hand-in would be taken for all of it
            raise
        return [f"{Path(source).name} ({error.strerror})"]


class _Copy:
    """One use of copy_plain_files, and what it may still take."""

    def __init__(self, source, target, course, unwanted):
        self.source, self.target, self.unwanted = Path(source), Path(target), unwanted
        self.ignored, self.most = course.ignore, 1000 * course.max_file_size  # nbgrader counts in kilobytes
        self.bytes, self.entries = 1000 * course.max_dir_size, MAX_ENTRIES
        self.modes = (0o2770, 0o660) if course.groupshared else (0o700, 0o600)

    def folder(self, fd, below):
        """Copy an open folder; yield lines about what was left out."""
        made = self.target / below
        made.mkdir()
        made.chmod(self.modes[0])
        for name in sorted(os.listdir(fd), key=_order):
            if any(fnmatch.fnmatch(name, pattern) for pattern in self.ignored):
                continue
            self.entries -= 1
            if self.entries < 0:
                yield f"what came after {MAX_ENTRIES} files and folders"
                return
            try:
                with _opened(name, dir_fd=fd) as entry:
                    yield from self.entry(entry, name, below / name)
            except OSError as error:
                if error.errno in FOR_ALL:
                    raise
                yield f"{below / name} ({'a link' if error.errno == errno.ELOOP else error.strerror})"

    def entry(self, fd, name, below):
        """Copy an open file or folder; yield a line if it was left out."""
        status = os.fstat(fd)
        if stat.S_ISDIR(status.st_mode) and len(below.parts) <= MAX_DEPTH:
            yield from self.folder(fd, below)
        elif reason := self.against(status, name, below):
            yield f"{below} ({reason})"
        else:
            with open(fd, "rb", closefd=False) as file:
                data = file.read(status.st_size)
            self.bytes -= len(data)
            _write(self.target / below, data, self.modes[1])

    def against(self, status, name, below):
        """Why a file is left out; an empty text if it is copied."""
        if not stat.S_ISREG(status.st_mode):
            return "too many folders in one another" if stat.S_ISDIR(status.st_mode) else "no plain file"
        if status.st_size > min(self.most, self.bytes):
            return "too large"
        if self.unwanted and self.unwanted(name, self.source / below):
            return "an answer, or hidden"
        return ""


def _order(name):
    """What a mark depends on comes first, so that nothing else uses up what may be taken."""
    return name not in (TIMESTAMP, SECRET), not name.endswith(".ipynb"), name


@contextlib.contextmanager
def _opened(path, flags=0, dir_fd=None):
    """The descriptor of a file or folder that is no link; a pipe is not waited for. Raises OSError."""
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | flags, dir_fd=dir_fd)
    try:
        yield fd
    finally:
        os.close(fd)


def _write(path, data, mode=0o600):
    with open(path, "xb") as file:
        os.fchmod(file.fileno(), mode)
        file.write(data)
