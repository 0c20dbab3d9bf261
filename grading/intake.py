"""What a student handed in, read defensively: no symbolic link is followed, nothing is unpacked, nothing is trusted.

What is said of it is in the language of its notebook, which is known when that has been read: until then, each line is
a rnnlib.words.Message.
"""

import base64
import binascii
import hashlib
import json
import os
import re
import stat
import subprocess
import sys
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from grading import finder, outside
from grading.course import LANGUAGES
from rnnlib.words import ENGLISH, Message, speaking, tell, to_say

try:
    import resource
except ModuleNotFoundError:  # in a browser
    resource = None

MAX_FILE = 100 * 2**20
MAX_HERE = 2**20  # bytes of a notebook that is parsed in the grader's own process, which takes 30 times as much memory
MEMORY, SECONDS = 2 * 2**30, 60  # of the process that parses a larger one
MAX_SOURCE = 200_000  # characters in a cell; a long answer has a few thousand
MAX_SOURCES = 2_000_000  # characters in all cells together
MAX_CELLS = 5000
MAX_NOTES = 100  # lines about one notebook
TOO_LARGE = to_say("{} is not a notebook that can be read within {} seconds and {} GB of memory; clear its outputs")
TOO_MANY_CELLS = to_say("of {} cells, {} were taken; the others were left out")
TOO_LONG = to_say("a cell ({}) has {} characters, allowed are {}; it was not run")
# The line of a set-up that names its language, in a source and in the text of a file: see grading.release.
NAMED = re.compile(r'^LANGUAGE = "([\w-]+)"$', re.MULTILINE)
NAMED_IN_FILE = re.compile(rb'LANGUAGE = \\"([\w-]+)\\"')
MAX_PICTURES = 10 * 2**20  # bytes of all pictures of a notebook together; a photograph has 2 to 4 MB
MAX_NUMBER = 50  # pictures
# What pictures that are taken over begin with. SVG is not among them: it is a program, and no photograph.
PICTURES = {
    "image/png": rb"\x89PNG\r\n\x1a\n",
    "image/jpeg": rb"\xff\xd8\xff",
    "image/gif": rb"GIF8[79]a",
    "image/webp": rb"RIFF....WEBP",
}
DATA = re.compile(r"data:(image/(?:png|jpe?g|gif|webp));base64,([A-Za-z0-9+/]+={0,2})")
OTHER_KIND = to_say("{!r} was left out: of what is pasted into text, PNG, JPEG, GIF and WebP are taken")
IMAGE = "image/"  # how the type of a picture begins
KEYS = {"cells", "worksheets", "cell_type", "source", "input", "metadata", "nbgrader", "grade_id", "attachments"}
READER = "import sys; sys.path.append(sys.argv[1]); from grading.intake import main; main(*sys.argv[2:])"


class NotReadError(RuntimeError):
    """This machine could not read what was handed in just now, which says nothing about it."""


class NoNotebookError(ValueError):
    """A file is no notebook, for a reason that is a rnnlib.words.Message; `digest` and `language` are what it told."""

    def __init__(self, reason, digest, language):
        super().__init__(reason)
        self.digest, self.language = digest, language


class Picture(NamedTuple):
    """A picture that was pasted into a cell of text."""

    name: str  # by which the text refers to it
    kind: str  # a key of PICTURES
    data: str  # in base64


class Cell(NamedTuple):
    """All that is taken over of one cell of a submission."""

    kind: str
    grade_id: str  # empty if it has no label
    source: str
    pictures: tuple = ()


class Submission(NamedTuple):
    """The cells that a student handed in, and what was unusual about the files."""

    cells: tuple
    notes: tuple  # what was unusual and cost nothing
    problem: str  # why there is nothing to mark; empty if there is something
    digest: str  # of all files that may be the notebook; empty if there is a problem
    timestamp: str = ""  # the text of timestamp.txt, which nbgrader's exchange writes
    human: tuple = ()  # those of all these lines that an instructor should look at
    costs: tuple = ()  # what was unusual and may have cost points
    language: str = ENGLISH  # of the notebook, and so of these lines


def read_folder(folder, slug):
    """The Submission in a folder submitted/<student>/<slug>, whatever a student put there, or beside it.

    Of several notebooks, finder.choose takes one. Raises NotReadError where this machine cannot start a process to
    read them.
    """
    folder, when = Path(folder), timestamp(folder)
    try:
        found, more = finder.candidates(folder, slug)
        looked = [_look(candidate, slug) for candidate in found]
        chosen = finder.choose([each.reading for each in looked], slug)
        if chosen.reading is None:
            # In the language of the likeliest file that names one, be it no notebook.
            named = (each.language for each in looked if each.language != ENGLISH)
            return _problem(chosen.problem or _missing(folder, slug), when, next(named, ENGLISH))
        (taken,) = [each for each in looked if each.reading is chosen.reading]
    except NotReadError:
        raise
    except (ValueError, OSError) as error:
        return _problem(_told(error), when)
    except Exception as error:  # of a kind that nobody thought of
        return _problem(_unforeseen(error), when)
    unread = [Message("{} more files were not looked at", more)] if more else []
    lines = [*chosen.notes, *taken.notes], [*chosen.costs, *unread], [*chosen.human, *unread]
    together = _together(found, [each.digest for each in looked])
    return _sorted(chosen.reading.cells, *lines, together, taken.language)._replace(timestamp=when)


def submission(path):
    """The Submission in one notebook file, whoever's it is and whatever it is called. Raises as read_notebook does."""
    cells, notes, digest = read_notebook(path)
    return _sorted(cells, notes, [], [], digest, language_of(cells))


def language_of(cells):
    """The language of a notebook's Cells, by the line of the set-up that names it; English without one.

    The notebook's metadata would say it too, but some platforms drop what they do not know of that.
    """
    named = (match[1] for cell in cells if "LANGUAGE" in cell.source and (match := NAMED.search(cell.source)))
    return next((language for language in named if language in LANGUAGES), ENGLISH)


def is_there(folder, slug):
    """Whether a student without a folder submitted/<student>/<slug> has handed in a notebook of this exercise."""
    found, _ = finder.candidates(Path(folder), slug)
    return any(_look(candidate, slug).reading.exercise == slug for candidate in found)


def exercise_in(path):
    """The exercise of which a file is a notebook; empty if it is of none, or no notebook."""
    try:
        return finder.exercise_of(read_notebook(path)[0])
    except (ValueError, OSError, NotReadError):
        return ""


def digest(folder, slug):
    """The digest that read_folder would give, without parsing a file; empty if there is none that can be read.

    All files count among which read_folder chooses, so that a better one is noticed beside the one that was marked.
    """
    try:
        found, _ = finder.candidates(Path(folder), slug)
    except (ValueError, OSError):
        return ""
    return _together(found, [_digest_of(candidate.path) for candidate in found])


class _Looked(NamedTuple):
    """What a look at a finder.Candidate tells."""

    reading: finder.Reading
    notes: list  # about its file
    digest: str  # empty if it cannot be read
    language: str


def _look(candidate, slug):
    """What the file of a finder.Candidate tells, notebook or not."""
    try:
        cells, notes, digest = read_notebook(candidate.path)
        return _Looked(finder.weigh(candidate, cells, slug), notes, digest, language_of(cells))
    except NotReadError:
        raise
    except NoNotebookError as error:
        problem, digest, language = _told(error), error.digest, error.language
    except Exception as error:
        problem = _told(error) if isinstance(error, (ValueError, OSError)) else _unforeseen(error)
        digest, language = _at_least(candidate.path)
    return _Looked(finder.Reading(candidate, None, {}, frozenset(), "", problem), [], digest, language)


def _sorted(cells, notes, costs, human, digest, language):
    """The Submission of some cells; of the `notes`, those about what was left out may have cost points as well."""
    out = [line for line in notes if line.template in (TOO_MANY_CELLS, TOO_LONG)]
    notes = [line for line in notes if line not in out]
    human = [*human, *(line for line in out if line.template == TOO_MANY_CELLS)]
    with speaking(language):
        notes, costs, human = (tuple(map(_said, lines)) for lines in (notes, [*costs, *out], dict.fromkeys(human)))
    return Submission(tuple(cells), notes, "", digest, "", human, costs, language)


def _problem(problem, when, language=ENGLISH):
    """The Submission in which there is nothing to mark."""
    with speaking(language):
        return Submission((), (), _said(problem), "", when, language=language)


def _said(line):
    return outside.line(tell(line))


def _named_in(data):
    """The language that a file names, which may be a notebook that was cut off; English if it does not."""
    named = map(bytes.decode, NAMED_IN_FILE.findall(data))
    return next((language for language in named if language in LANGUAGES), ENGLISH)


def _at_least(path):
    """The digest of a file, and the language that it names: what can be told where it could not be parsed."""
    try:
        data = _read(path)
    except (ValueError, OSError):
        return "", ENGLISH
    return _digest(data), _named_in(data)


def _missing(folder, slug):
    """Why there is no notebook in a folder in which none was found."""
    if (folder / f"{slug}.ipynb").is_symlink():
        return Message("{} is a symbolic link, and links are not followed", f"{slug}.ipynb")
    if not folder.is_dir():
        return Message("there is no folder {}", folder.name)
    with os.scandir(folder) as listing:
        found = sorted(entry.name for entry in islice(listing, finder.MAX_ENTRIES))
    return Message("{} is missing; found: {}", f"{slug}.ipynb", ", ".join(found[:10]) or Message("nothing"))


def _told(error):
    """What a ValueError or an OSError says; the words of the latter name a place on this machine."""
    if isinstance(error, OSError):
        return Message("what was handed in cannot be read: {}", error.strerror)
    said = next(iter(error.args), None)
    return said if isinstance(said, Message) else _unforeseen(error)


def _unforeseen(error):
    return Message("it cannot be read: {}: {}", type(error).__name__, str(error))


def _together(candidates, digests):
    """One digest of several files and their names; empty if none of them can be read."""
    lines = [os.fsencode(f"{digest} {each.name}\n") for each, digest in zip(candidates, digests, strict=True)]
    return _digest(b"".join(lines)) if any(digests) else ""


def _digest_of(path):
    try:
        return _digest(_read(path))
    except (ValueError, OSError):
        return ""


def read_notebook(path):
    """The cells of a notebook file, a list of notes about it, each a rnnlib.words.Message, and its digest.

    A large one is parsed in another process, with limits of time and memory. Raises NoNotebookError, with a reason for
    the student, for a file that cannot be read as a notebook; ValueError or OSError for one that cannot be read at all;
    NotReadError where that process cannot be started.
    """
    if os.lstat(path).st_size <= MAX_HERE:
        return _parse(_read(path), Path(path).name)
    command = [sys.executable, "-I", "-S", "-c", READER, str(Path(__file__).parents[1])]
    command += [os.fspath(path), str(MEMORY), str(SECONDS)]
    name = Path(path).name
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=2 * SECONDS + 1)
        problem, cells, notes, digest, language = json.loads(done.stdout)
    except OSError as error:
        raise NotReadError(f"{name} could not be read here: {error}") from None
    except (subprocess.TimeoutExpired, ValueError):
        # That process has ended without a word: what it had read is read again.
        raise NoNotebookError(Message(TOO_LARGE, name, SECONDS, MEMORY >> 30), *_at_least(path)) from None
    if problem:
        raise NoNotebookError(Message.unpacked(problem), digest, language)
    cells = [Cell(*texts, tuple(Picture(*each) for each in pictures)) for *texts, pictures in cells]
    return cells, list(map(Message.unpacked, notes)), digest


def main(path, memory, seconds):
    """What the process that reads a large notebook does: print what read_notebook returns, or raises, as JSON."""
    resource.setrlimit(resource.RLIMIT_AS, (int(memory),) * 2)
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds),) * 2)
    try:
        cells, notes, digest = _parse(_read(path), Path(path).name, _what_matters)
        found = [None, cells, [note.packed() for note in notes], digest, ""]
    except NoNotebookError as error:
        found = [_told(error).packed(), [], [], error.digest, error.language]
    except (ValueError, OSError) as error:
        found = [_told(error).packed(), [], [], "", ENGLISH]
    sys.stdout.write(json.dumps(found))


def _what_matters(pairs):
    """Of an object of a notebook, the entries that a Cell is made of: outputs may be large."""
    kept = {key: value for key, value in pairs if key in KEYS or key.startswith(IMAGE) or _is_attachment(value)}
    return kept or None


def _is_attachment(value):
    return isinstance(value, dict) and any(key.startswith(IMAGE) for key in value)


def _parse(data, name, hook=None):
    text, notes = _decode(data, name)
    digest, language = _digest(data), _named_in(data)
    del data  # the text takes as much again, and the numbers of a notebook are of no interest, however long
    try:
        content = json.loads(text, parse_int=float, object_pairs_hook=hook)
    except (ValueError, RecursionError) as error:
        reason = Message("{} is not a notebook: {}", name, str(error)[:200])
        raise NoNotebookError(reason, digest, language) from None
    cells = content.get("cells") if isinstance(content, dict) else None
    if cells is None and isinstance(content, dict) and isinstance(content.get("worksheets"), list):
        sheets = [sheet.get("cells") for sheet in content["worksheets"] if isinstance(sheet, dict)]
        cells = [cell for sheet in sheets if isinstance(sheet, list) for cell in sheet]
        notes.append(Message("{} has the notebook format of 2013; it was read all the same", name))
    if not isinstance(cells, list):
        raise NoNotebookError(Message("{} is not a notebook: it has no cells", name), digest, language)
    read = _cells(cells, notes)
    return read, [*notes[:MAX_NOTES], *([Message("there is more of this kind")] if notes[MAX_NOTES:] else [])], digest


def _cells(cells, notes):
    """The cells that hold something, as far as they are taken; what is left out is noted."""
    read = [_cell(cell, notes) for cell in cells if isinstance(cell, dict)]
    if len(read) > MAX_CELLS:
        read = [cell for cell in read if cell.source.strip() or cell.grade_id or cell.pictures]
    taken, left, pictures = [], MAX_SOURCES, Pictures(notes)
    for cell in read[:MAX_CELLS]:
        left -= len(cell.source)
        if left < 0:
            break
        taken.append(cell._replace(pictures=tuple(filter(pictures.take, cell.pictures))))
    if len(taken) < len(read):
        notes.append(Message(TOO_MANY_CELLS, len(read), len(taken)))
    return taken


def _digest(data):
    return hashlib.sha256(data).hexdigest()


def _read(path):
    """The bytes of a regular file of bearable size. Raises ValueError for anything else, OSError for a link."""
    name = Path(path).name
    # The file is opened before it is looked at, so that it cannot be exchanged in between; a pipe does not block.
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(fd, "rb") as file:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            raise ValueError(Message("{} is not a file", name))
        if status.st_size > MAX_FILE:
            sizes = status.st_size >> 20, MAX_FILE >> 20
            raise ValueError(Message("{} has {} MB, allowed are {}; clear its outputs", name, *sizes))
        return file.read(MAX_FILE)


def _decode(data, name):
    for encoding in ("utf-8-sig", "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "cp1252", "latin-1"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        other = Message("{} is not in UTF-8; it was read as {}", name, encoding)
        return text, [] if encoding == "utf-8-sig" else [other]
    raise ValueError(Message("{} is not text", name))


def _cell(cell, notes):
    source = cell.get("source", cell.get("input", ""))
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    source = source if isinstance(source, str) else ""
    metadata = cell.get("metadata")
    label = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    label = label.get("grade_id") if isinstance(label, dict) else None
    label = outside.line(label, 200) if isinstance(label, str) else ""
    kind = "code" if cell.get("cell_type") == "code" else "markdown"
    pictures = _attached(cell.get("attachments"), notes) if kind == "markdown" else ()
    if kind == "markdown":
        source, in_text = _without_data(source)
        pictures += in_text
    if len(source) > MAX_SOURCE:
        notes.append(Message(TOO_LONG, label or Message("unlabelled"), len(source), MAX_SOURCE))
        source = ""
    return Cell(kind, label, outside.source(source), pictures)


def _attached(attachments, notes):
    """The Pictures among the attachments of a cell, not yet looked into."""
    if not isinstance(attachments, dict):
        return ()
    found = []
    for name, forms in attachments.items():
        kind = next((kind for kind in PICTURES if isinstance(forms, dict) and kind in forms), None)
        data = forms[kind] if kind else None
        if isinstance(data, list):
            data = "".join(part for part in data if isinstance(part, str))
        if isinstance(data, str):
            found.append(Picture(name, kind, "".join(data.split())))
        else:
            notes.append(Message(OTHER_KIND, name[:100]))
    return tuple(found)


def _without_data(source):
    """A text with references in the place of pictures whose data it holds, as Colab writes them, and these."""
    found = []

    def take_out(match):
        found.append(Picture(f"in-the-text-{len(found) + 1}", match[1].replace("/jpg", "/jpeg"), match[2]))
        return f"attachment:{found[-1].name}"

    return DATA.sub(take_out, source, count=MAX_NUMBER + 1), tuple(found)


class Pictures:
    """Takes the pictures of one notebook, as long as they are what they say, few, and small together."""

    def __init__(self, notes):
        self.notes, self.left, self.number = notes, MAX_PICTURES, 0

    def take(self, picture):
        """Whether the picture is taken; if it is not, a note says why."""
        reason = self._reason(picture)
        if reason:
            self.notes.append(Message("the picture {!r} was left out: {}", picture.name[:100], reason))
        return not reason

    def _reason(self, picture):
        self.number += 1
        if self.number > MAX_NUMBER:
            return Message("there are more than {}", MAX_NUMBER)
        if len(picture.data) * 3 // 4 > self.left:
            return Message("all together may have {} MB", MAX_PICTURES >> 20)
        try:
            content = base64.b64decode(picture.data, validate=True)
        except (binascii.Error, ValueError):
            return Message("it is damaged")
        if not re.match(PICTURES[picture.kind], content[:16], re.DOTALL):
            return Message("it is no {}", picture.kind)
        self.left -= len(content)
        return ""


def timestamp(folder):
    """The text of timestamp.txt in a folder, which nbgrader's exchange writes.

    It is empty if there is none, as a link is none, and no time if there is no text in it.
    """
    try:
        return _read(Path(folder) / "timestamp.txt")[:100].decode("utf-8-sig", "replace").strip() or "empty"
    except OSError:
        return ""
    except ValueError:
        return "unreadable"
