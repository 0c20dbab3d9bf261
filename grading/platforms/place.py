"""Put one student's files into submitted/<id>/<exercise>: whole or not at all, and never over what is newer."""

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
from pathlib import Path

from grading import outside
from grading.platforms.archive import RefusedError

# Where the files in a folder are from: what may take their place, and under which name feedback goes back.
RECORD = ".platform.json"
MARKS = [b'"nbformat"', '"nbformat"'.encode("utf-16-le")]  # of a notebook that has another ending
KINDS = {"files": dict, "time": str, "written": str, "order": int, "made": str}  # of what decides which is newer
MAX_RECORD = 2**20
NEW, REPLACED, SAME, OLDER = "new", "replaced", "same", "older"


@contextlib.contextmanager
def scratch(submitted, slug):
    """A folder inside `submitted`, and so on its disk, that is gone afterwards; one at a time for an exercise.

    Raises ValueError while another command has it.
    """
    submitted = Path(submitted)
    submitted.mkdir(parents=True, exist_ok=True)
    folder = submitted / f".collecting-{slug}"
    folder.mkdir(mode=0o700, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ValueError(f"another command collects {slug} for this class; wait until it has ended") from None
        _undo(folder, submitted, slug)
        try:
            yield folder
        finally:
            _undo(folder, submitted, slug)
            shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(handle)


def _undo(folder, submitted, slug):
    """Put back what a command that ended between two renames had taken away, and remove what else it left."""
    for kept in (folder / "old").glob("*"):
        if not (submitted / kept.name / slug).exists():
            os.rename(kept, submitted / kept.name / slug)
    for left in folder.iterdir():
        shutil.rmtree(left, ignore_errors=True)


def write(archive, files, slug, folder):
    """Write hand_ins.Files into a new folder; return {name: (digest, File)} of the notebooks, and lines about others.

    A single file gets the exercise's name, for which every command of nbgrader looks. Of several, the marking chooses.
    """
    folder.mkdir(parents=True)
    written, lines = {}, []
    for file in files:
        name = _name(file, files, written)
        try:
            digest, is_one = _copy(archive, file, folder / name)
        except RefusedError as error:
            lines.append(f"{outside.line(file.entry.path)}: {error}")
            is_one = False
        if is_one:
            written[name] = digest, file
        else:
            (folder / name).unlink(missing_ok=True)
    if len(written) == 1 and (name := next(iter(written))) != f"{slug}.ipynb":
        os.rename(folder / name, folder / f"{slug}.ipynb")
        written = {f"{slug}.ipynb": written[name]}
    if not written:
        folder.rmdir()
    return written, lines


def _name(file, files, written):
    """The name that a student gave or, where two files in different folders have the same, one made of both."""
    name, taken = file.name, {other.casefold() for other in written}
    if [other.name.casefold() for other in files].count(name.casefold()) > 1:
        name = " ".join(file.entry.path.split("/")[-2:])
    number = len(written)
    while name.casefold() in taken or len(name.encode()) > 255:
        name, number = f"{number}.ipynb", number + 1
    return name


def _copy(archive, file, path):
    """Write one file; return its digest, and whether it may be a notebook."""
    digest, tail = hashlib.sha256(), b""
    is_one = file.name.lower().endswith(".ipynb")
    with open(path, "xb") as target:
        for chunk in archive.chunks(file.entry):
            target.write(chunk)
            digest.update(chunk)
            is_one = is_one or any(mark in tail + chunk for mark in MARKS)
            tail = chunk[-20:]  # a mark may be cut in two
    return digest.hexdigest(), is_one


def settle(new, target, record, timestamp, aside):
    """Let the folder `new` take the place of `target` if it is newer; return NEW, REPLACED, SAME or OLDER.

    What is there, and equal, is left alone: an instructor may have mended it. Raises RefusedError for what collecting
    has not put there.
    """
    there = _record(target)
    if there == {}:
        raise RefusedError(f"{target} was not collected by this command: move it away to have it replaced")
    if there and there["files"] == record["files"] and record["time"] in ("", there["time"]):
        if all((target / name).is_file() for name in there["files"]):
            return SAME
    elif there and not _is_newer(record, there):
        return OLDER
    (new / RECORD).write_text(json.dumps(record, ensure_ascii=False, indent=1), encoding="utf-8")
    if timestamp:
        (new / "timestamp.txt").write_text(f"{timestamp}\n", encoding="utf-8")
    target.parent.mkdir(exist_ok=True)
    if there:
        aside.mkdir(exist_ok=True)
        os.rename(target, aside / target.parent.name)
    os.rename(new, target)
    return REPLACED if there else NEW


def _record(target):
    """What was noted of the files in a folder; None if it is empty or not there, {} if it was not collected."""
    if target.parent.is_symlink() or target.is_symlink():
        raise RefusedError(f"{target} is a symbolic link, and links are not followed")
    if os.path.lexists(target.parent) and not target.parent.is_dir():
        raise RefusedError(f"{target.parent} is a file where the student's folder should be")
    if not os.path.lexists(target) or (target.is_dir() and not os.listdir(target)):
        return None
    try:
        with open(target / RECORD, "rb") as file:
            found = json.loads(file.read(MAX_RECORD))
        return found if all(isinstance(found[key], kind) for key, kind in KINDS.items()) else {}
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return {}


def _is_newer(record, there):
    """By the times that the platform wrote, by the numbers of its attempts, or by the dates in the archive."""
    if record["written"] and record["written"] == there["written"] and record["files"].keys() == there["files"].keys():
        return True  # the same attempt, whose time is read in another zone, or again
    for key in ("time", "order", "made"):
        if record[key] and there[key] and record[key] != there[key]:
            return record[key] > there[key]
    return True
