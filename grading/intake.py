"""What a student handed in, read defensively: no symbolic link is followed, nothing is unpacked, nothing is trusted."""

import hashlib
import json
import os
import stat
from pathlib import Path
from typing import NamedTuple

MAX_FILE = 100 * 2**20
MAX_SOURCE = 200_000  # characters in a cell; a long answer has a few thousand


class Cell(NamedTuple):
    """All that is taken over of one cell of a submission."""

    kind: str
    grade_id: str  # empty if it has no label
    source: str


class Submission(NamedTuple):
    """The cells that a student handed in, and what was unusual about the files."""

    cells: tuple
    notes: tuple  # what was unusual and cost nothing
    problem: str  # why there is nothing to mark; empty if there is something
    digest: str  # of the notebook's bytes; empty if there is a problem
    timestamp: str = ""  # the text of timestamp.txt, which nbgrader's exchange writes


def read_folder(folder, slug):
    """The Submission in a folder submitted/<student>/<slug>; raises nothing, whatever a student put there."""
    folder = Path(folder)
    try:
        path, notes = _find(folder, slug)
        cells, more, digest = read_notebook(path)
    except (ValueError, OSError) as error:
        return Submission((), (), str(error), "")
    return Submission(tuple(cells), (*notes, *more), "", digest, _timestamp(folder))


def digest(folder, slug):
    """The digest that read_folder would give, without parsing the file; empty if there is no file that can be read."""
    try:
        path, _ = _find(Path(folder), slug)
        return _digest(_read(path))
    except (ValueError, OSError):
        return ""


def read_notebook(path):
    """The cells of a notebook file, a list of notes about it, and its digest.

    Raises ValueError, with a reason for the student, for a file that cannot be read as a notebook; OSError for one that
    cannot be read at all.
    """
    name = Path(path).name
    data = _read(path)
    text, notes = _decode(data, name)
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{name} is not a notebook: {str(error)[:200]}") from None
    cells = content.get("cells") if isinstance(content, dict) else None
    if cells is None and isinstance(content, dict) and isinstance(content.get("worksheets"), list):
        sheets = [sheet for sheet in content["worksheets"] if isinstance(sheet, dict)]
        cells = [cell for sheet in sheets for cell in sheet.get("cells", [])]
        notes.append(f"{name} has the notebook format of 2013; it was read all the same")
    if not isinstance(cells, list):
        raise ValueError(f"{name} is not a notebook: it has no cells")
    read = [_cell(cell, notes) for cell in cells[:5000] if isinstance(cell, dict)]
    return read, notes, _digest(data)


def _digest(data):
    return hashlib.sha256(data).hexdigest()


def _find(folder, slug):
    """The path of the notebook to mark, and a list of notes. Raises ValueError, with a reason, when there is none."""
    if folder.is_symlink() or folder.parent.is_symlink():
        raise ValueError(f"{folder.name} is a symbolic link, and links are not followed")
    if not folder.is_dir():
        raise ValueError(f"there is no folder {folder.name}")
    path = folder / f"{slug}.ipynb"
    if path.is_symlink():
        raise ValueError(f"{path.name} is a symbolic link, and links are not followed")
    if path.is_file():
        return path, []
    found = sorted(os.listdir(folder))
    others = [
        name
        for name in found
        if name.endswith(".ipynb") and (folder / name).is_file() and not (folder / name).is_symlink()
    ]
    if len(others) == 1:
        return folder / others[0], [f"{others[0]!r} was taken for {path.name}"]
    listed = ", ".join(found[:10]) or "nothing"
    raise ValueError(f"{path.name} is missing; found: {listed}")


def _read(path):
    """The bytes of a regular file of bearable size. Raises ValueError for anything else, OSError for a link."""
    name = Path(path).name
    # The file is opened before it is looked at, so that it cannot be exchanged in between; a pipe does not block.
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(fd, "rb") as file:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            raise ValueError(f"{name} is not a file")
        if status.st_size > MAX_FILE:
            raise ValueError(f"{name} has {status.st_size >> 20} MB, allowed are {MAX_FILE >> 20}; clear its outputs")
        return file.read(MAX_FILE)


def _decode(data, name):
    for encoding in ("utf-8-sig", "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "cp1252", "latin-1"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        return text, [] if encoding == "utf-8-sig" else [f"{name} is not in UTF-8; it was read as {encoding}"]
    raise ValueError(f"{name} is not text")


def _cell(cell, notes):
    source = cell.get("source", cell.get("input", ""))
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    source = source if isinstance(source, str) else ""
    metadata = cell.get("metadata")
    label = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    label = label.get("grade_id") if isinstance(label, dict) else None
    label = label[:200] if isinstance(label, str) else ""
    if len(source) > MAX_SOURCE:
        notes.append(
            f"a cell ({label or 'unlabelled'}) has {len(source)} characters, allowed are {MAX_SOURCE}; it was not run"
        )
        source = ""
    kind = cell.get("cell_type")
    source = source.encode("utf-8", "replace").decode("utf-8").replace("\0", "")
    return Cell("code" if kind == "code" else "markdown", label, source)


def _timestamp(folder):
    try:
        return _read(folder / "timestamp.txt")[:100].decode("ascii").strip()
    except (ValueError, OSError):
        return ""
