"""Which of the files of a hand-in is the student's work on an exercise: by their names, and by what is filled in.

Nothing here opens a student's file: intake does, within its limits. Nothing that is imported needs more than the
standard library, as the process that reads a large notebook has nothing else.
"""

import json
import os
import re
from collections import deque
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from grading.course import COURSE, LANGUAGES, slugs
from rnnlib.words import Message, to_say

MAX_DEPTH = 3  # folders below a hand-in
MAX_FOLDERS = 50
MAX_ENTRIES = 1000  # of one folder
MAX_FILES = 20  # that are read
MAX_BYTES = 100 * 2**20  # of them together
ALIKE = 0.8  # two names that have so much in common are one, misspelt
ENOUGH = 0.5  # of the labelled cells of an exercise make a notebook one of it
EVERYWHERE = {"set-up", "progress"}  # labels that tell no exercise from another
OF_NBGRADER = {"timestamp.txt", "submission_secret.txt"}
# Browsers and platforms save a notebook under these endings too, or under none.
MAY_BE_ONE = re.compile(r"ipynb|\.(?:json|txt)$|^[^.]+$", re.IGNORECASE)
ENDING = re.compile(r"(?:\.(?:ipynb|json|txt))+$", re.IGNORECASE)
# A function or a name at the top level, down to the next one; a bracket in the first column closes its head.
DEFINED = re.compile(r"(?ms)^(?:(?:async )?(?:def|class) +(\w+)|(\w+) *=(?!=)).*?(?=^[^\s)\]}#]|\Z)")
DOCSTRING = re.compile(r'""".*?"""', re.DOTALL)
BLANK = "raise NotImplementedError"
HAS_MORE = to_say("{!r} is filled in too, in another way; {!r}, which has more, was marked")


class Candidate(NamedTuple):
    """A file that may be the notebook."""

    path: Path
    name: str  # for messages: from the hand-in on
    inside: bool  # whether it lies in the folder of the exercise
    spare: bool  # whether it is hidden, such as the copy that Jupyter keeps of an earlier state


class Reading(NamedTuple):
    """What is in a Candidate; `cells` are as intake reads them, None where it is no notebook."""

    candidate: Candidate
    cells: list | None
    filled: dict  # name that students define, or label of an answer cell -> the text that was written for it
    written: frozenset  # the texts of all cells of code that are not the release's
    exercise: str  # whose cells these are; empty if of none
    problem: str = ""  # why it is no notebook


class Choice(NamedTuple):
    """The Reading to mark, None if there is none, and what is to be said of the choice."""

    reading: Reading | None
    notes: tuple = ()  # lines about what cost nothing
    costs: tuple = ()  # lines about what may have cost points
    human: tuple = ()  # those of them that an instructor should look at
    problem: str = ""  # why there is nothing to mark


def is_name_of(name, slug):
    """Whether a file or a folder is called as the exercise is, up to case, signs and endings."""
    return _letters(name) == _letters(slug)


def exercise_named(name):
    """The exercise that the name of a file or a folder speaks of, be it misspelt; empty if it speaks of none."""
    letters = _letters(name)
    held = [slug for slug in slugs() if _letters(slug) in letters]
    if held:
        return max(held, key=len)  # `cell` is in `lstm-cell` too
    likeness, slug = max((SequenceMatcher(None, _letters(slug), letters).ratio(), slug) for slug in slugs())
    return slug if likeness >= ALIKE else ""


def may_be_notebook(name):
    """Whether a file of this name is opened to see if it is a notebook."""
    return bool(MAY_BE_ONE.search(name)) and name not in OF_NBGRADER and not name.startswith("._")


def candidates(folder, slug):
    """The Candidates in a folder submitted/<student>/<slug>, the likeliest first, and how many more there are.

    What lies beside that folder counts if it is a file, or a folder whose name speaks of the exercise. No link is
    followed. Raises ValueError where the folder is a link, OSError where it cannot be read.
    """
    if folder.is_symlink() or folder.parent.is_symlink():
        raise ValueError(Message("{} is a symbolic link, and links are not followed", folder.name))
    exact, letters, inside = f"{slug}.ipynb", _letters(slug), []
    if folder.is_dir():
        usual = folder / exact  # of a folder with very many entries, not all are seen
        inside = dict.fromkeys([*([usual] if usual.is_file() and not usual.is_symlink() else []), *_files([folder])])
    found = [_candidate(path, folder, inside=True) for path in inside]
    if folder.name == slug and folder.parent.is_dir():
        found += [_candidate(path, folder.parent, inside=False) for path in _beside(folder)]
    found.sort(key=lambda each: (each.name != exact, each.spare, not _letters(each.path.name).startswith(letters)))
    taken, size = [], 0
    for each in found[:MAX_FILES]:
        size += os.lstat(each.path).st_size
        if taken and size > MAX_BYTES:
            break
        taken.append(each)
    return taken, len(found) - len(taken)


def weigh(candidate, cells, slug):
    """The Reading of a Candidate, for the exercise `slug`."""
    _, names, blanks = _release(slug)
    texts = [(cell.grade_id, cell.source) for cell in cells if cell.kind == "code" or cell.grade_id in names]
    new = [(label, text) for label, text in texts if text.strip() and text.strip() not in blanks]
    every, filled = {name for of_cell in names.values() for name in of_cell}, {}
    for label, text in new:
        defined = _defined(text)
        filled |= {name: part for name, part in defined.items() if name in every and not _is_blank(part, blanks)}
        if label in names and not set(defined) & set(names[label]):
            filled[label] = text.strip()  # of which nothing can be told but that somebody has written it
    of = _exercise_of(cells, slug, 2 * len(every & set(filled)) >= len(every) > 0)
    return Reading(candidate, cells, filled, frozenset(text.strip() for label, text in new if label != "set-up"), of)


def exercise_of(cells):
    """The exercise whose cells these are for the most part; empty if they are of none."""
    share, slug = max((_share(cells, slug), slug) for slug in slugs())
    return slug if share >= ENOUGH else ""


def choose(readings, slug):
    """The Choice of the notebook to mark: that of the exercise in which most is filled in.

    A human is asked to look where something is left aside that may be meant instead.
    """
    ours = [reading for reading in readings if reading.exercise == slug]
    if not ours:
        return _nothing(readings, slug)
    # Of several that are filled in alike, the first: they are in the order of how likely their names are.
    best = max(ours, key=lambda reading: (bool(reading.filled), not reading.candidate.spare, len(reading.filled)))
    exact = f"{slug}.ipynb"
    usual = best.candidate.name == exact and best.candidate.inside
    notes = [] if usual else [Message("{!r} was taken for {}", best.candidate.name, exact)]
    costs, human = [], []
    for reading in readings:
        name, aside = reading.candidate.name, None
        if reading is best or reading.candidate.spare:
            continue
        if reading.problem:
            aside = Message("{!r} was left aside: {}", name, reading.problem) if "ipynb" in name.lower() else None
        elif reading.exercise == slug and not reading.filled:
            if best.filled:
                notes.append(Message("{!r} was left aside: nothing is filled in there", name))
                human += [] if usual else notes[-1:]
        elif reading.exercise == slug and reading.written != best.written:
            aside = Message("{!r} is filled in too, in another way; {!r} was marked", name, best.candidate.name)
            if len(reading.filled) < len(best.filled):
                aside = Message(HAS_MORE, name, best.candidate.name)
        elif reading.exercise != slug and reading.candidate.inside and "ipynb" in name.lower():
            aside = Message("{!r} was left aside: it holds {}", name, _what(reading, slug))
        if aside:
            costs.append(aside)
            human.append(aside)
    return Choice(best, tuple(notes), tuple(costs), tuple(human))


def _nothing(readings, slug):
    """The Choice of nobody's notebook: the reason is that of the likeliest file."""
    for reading in readings:
        name = reading.candidate.name
        if reading.candidate.inside or exercise_named(name.partition(os.sep)[0]) == slug:
            if reading.cells is not None:
                return Choice(None, problem=Message("{} holds {}", name, _what(reading, slug)))
            if "ipynb" in name.lower():
                return Choice(None, problem=reading.problem)
    return Choice(None)


def _what(reading, slug):
    if reading.exercise:
        return Message("{}, another exercise", reading.exercise)
    return Message("none of the cells of {}", slug)


def _beside(folder):
    """The files in a student's folder, and in those folders of it whose names speak of the exercise of `folder`."""
    known, slug = set(slugs()), folder.name
    with os.scandir(folder.parent) as listing:
        entries = sorted(islice(listing, MAX_ENTRIES), key=lambda entry: entry.name)
    tops = []
    for entry in entries:
        if entry.is_file(follow_symlinks=False) and may_be_notebook(entry.name):
            yield Path(entry.path)
        elif entry.is_dir(follow_symlinks=False) and entry.name not in known and exercise_named(entry.name) == slug:
            tops.append(Path(entry.path))
    yield from _files(tops)


def _files(tops):
    """The files below some folders that may be notebooks, those nearer to the top first."""
    waiting, seen = deque((top, 0) for top in tops), 0
    while waiting and seen < MAX_FOLDERS:
        (folder, depth), seen = waiting.popleft(), seen + 1
        with os.scandir(folder) as listing:
            entries = sorted(islice(listing, MAX_ENTRIES), key=lambda entry: entry.name)
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if depth < MAX_DEPTH and entry.name != "__MACOSX" and os.access(entry.path, os.R_OK | os.X_OK):
                    waiting.append((Path(entry.path), depth + 1))
            elif entry.is_file(follow_symlinks=False) and may_be_notebook(entry.name):
                yield Path(entry.path)


def _candidate(path, top, inside):
    name = path.relative_to(top)
    return Candidate(path, str(name), inside, any(part.startswith(".") for part in name.parts))


def _letters(name):
    """The letters and digits of a name without its ending, small."""
    return re.sub(r"[\W_]", "", ENDING.sub("", name)).lower()


def _exercise_of(cells, slug, defines_enough):
    """The exercise of which a notebook is one, preferably `slug`: of that, a single cell is enough."""
    own = _share(cells, slug)
    if own >= ENOUGH:
        return slug
    return exercise_of(cells) or (slug if own or defines_enough else "")


def _share(cells, slug):
    """The part of the labelled cells of an exercise that are among those with these labels or these texts."""
    released, *_ = _release(slug)
    labels, texts = {cell.grade_id for cell in cells}, {cell.source.strip() for cell in cells}
    found = [label in labels or text in texts for label, text in released.items() if label not in EVERYWHERE]
    return sum(found) / (len(found) or 1)


def _release(slug):
    """What students got: {grade_id: text}, {grade_id of an answer cell: names in it}, and all texts that are blank."""
    folders = [COURSE / "exercises" / folder for folder in ("", *LANGUAGES.values())]
    paths = [path for folder in folders if (path := folder / slug / f"{slug}.ipynb").exists()]
    if not paths:
        return {}, {}, frozenset()
    (released, names, blanks), *others = (_parsed(path, path.stat().st_mtime_ns) for path in paths)
    return released, names, blanks.union(*(more for *_, more in others))


@lru_cache(maxsize=64)
def _parsed(path, _time):
    released, names, blanks = {}, {}, set()
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        text, label = "".join(cell["source"]).strip(), cell["metadata"].get("nbgrader", {})
        if label:
            released[label["grade_id"]] = text
        if label.get("solution"):
            names[label["grade_id"]] = tuple(_defined(text))
            blanks |= set(_defined(text).values())
        blanks.add(text)
    return released, names, frozenset(blanks)


def _defined(text):
    """{name: its text} of the functions and names that a text defines at its top level."""
    return {found[1] or found[2]: found[0].strip() for found in DEFINED.finditer(text)}


def _is_blank(part, blanks):
    """Whether the text of a function is that of a release, or nothing but the line that marks a blank."""
    return part in blanks or DOCSTRING.sub("", part).partition(":\n")[2].strip() == BLANK
