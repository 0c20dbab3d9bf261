"""A zip or a folder from outside, read as if a stranger had packed it: only what is asked for is unpacked, and counted.

The paths of both are given with slashes. What has a name that no file should have, or is no file, is refused by itself.
"""

import contextlib
import os
import re
import stat
import struct
import unicodedata
import zipfile
import zlib
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from grading import intake, outside

MAX_ENTRIES = 100_000
MAX_DIRECTORY = 16 * 2**20  # bytes of a zip's own list of its files
MAX_BYTES = 10 * 2**30  # of all files together, unpacked
MAX_RATIO, SMALL = 200, 32 * 2**20  # a file that is not small may be so many times as large as its packed form
MAX_DEPTH, MAX_PATH, MAX_NAME = 20, 1000, 255
CHUNK = 2**16
# What computers and programs put beside the files that somebody meant to hand in.
NOISE = re.compile(
    r"(?:.*/)?(?:__MACOSX|\.git|\.ipynb_checkpoints)/.*|(?:.*/)?(?:\._.*|\.DS_Store|Thumbs\.db|desktop\.ini)"
)
WINDOWS = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.IGNORECASE)  # devices, not files, on that system
END, END_64, RECORD_64 = b"PK\5\6", b"PK\6\7", b"PK\6\6"
DAMAGED = zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError, struct.error


class RefusedError(ValueError):
    """What is not taken, and why: one file, or all of them."""


class Entry(NamedTuple):
    """One file of an archive: its path, its size, when it was last changed (in no zone), and where its bytes are."""

    path: str
    size: int
    made: str
    at: object


class Archive:
    """The files of a zip or of a folder: `entries`, and `refused`, lines about those that are not among them.

    `repositories` are the folders in which git keeps its own. Used in a with statement. Raises ValueError, with a
    sentence that says what to do, for what is neither a zip nor a folder.
    """

    def __init__(self, path):
        self.path, self.entries, self.refused, self.repositories = Path(path), [], [], set()
        self._left, self._zip = MAX_BYTES, None
        if not (self.path.is_file() or self.path.is_dir()):
            raise ValueError(
                f"there is no file or folder {self.path}: give the zip that the platform handed out, or a folder"
            )
        if self.path.is_dir():
            self._list_folder()
        else:
            self._list_zip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._zip:
            self._zip.close()
            self._file.close()

    def read(self, entry, most):
        """The bytes of a small file. Raises RefusedError if it has more than `most`, or cannot be read."""
        if entry.size > most:
            raise RefusedError(f"it has {entry.size} bytes, allowed are {most}")
        return b"".join(self.chunks(entry))

    def chunks(self, entry):
        """Yield the bytes of a file, piece by piece. Raises RefusedError as soon as a limit is reached."""
        if entry.size > intake.MAX_FILE:
            raise RefusedError(f"it has {entry.size >> 20} MB, allowed are {intake.MAX_FILE >> 20}")
        count = 0
        try:
            with self._open(entry) as file:
                while chunk := file.read(CHUNK):
                    count += len(chunk)  # what a zip says of sizes need not be true
                    self._left -= len(chunk)
                    if count > intake.MAX_FILE:
                        raise RefusedError(f"it has more than {intake.MAX_FILE >> 20} MB")
                    if self._left < 0:
                        raise RefusedError(
                            f"the files before it have used up the {MAX_BYTES >> 30} GB that are allowed"
                        )
                    yield chunk
        except RefusedError:
            raise
        except DAMAGED as error:
            raise RefusedError(f"it is damaged, or cannot be read: {outside.line(str(error), 100)}") from None

    def _open(self, entry):
        if self._zip is None:
            # Not a link, although it was none before; and a pipe does not block.
            file = os.fdopen(os.open(entry.at, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb")
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                file.close()
                raise RefusedError("it is not a file")
            return file
        info = entry.at
        if info.flag_bits & 1:
            raise RefusedError("it is encrypted")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise RefusedError("it is packed in a way that platforms do not use")
        if info.file_size > max(SMALL, MAX_RATIO * info.compress_size):
            raise RefusedError(f"{info.compress_size} bytes would be unpacked to {info.file_size >> 20} MB")
        return self._zip.open(info)

    def _list_folder(self):
        seen, count = {}, 0
        for folder, folders, files in os.walk(self.path, onerror=self._unread):
            folders.sort()
            for name in [*folders, *sorted(files)]:
                where = Path(folder, name)
                path, count = where.relative_to(self.path).as_posix(), count + 1
                if count > MAX_ENTRIES:
                    raise ValueError(
                        f"{self.path} holds more than {MAX_ENTRIES} files: give the folder of one exercise"
                    )
                status = where.lstat()
                if stat.S_ISDIR(status.st_mode) or NOISE.fullmatch(path):
                    continue
                kind = "" if stat.S_ISREG(status.st_mode) else "it is a link, or another thing that is no file"
                made = datetime.fromtimestamp(status.st_mtime).isoformat(timespec="seconds")
                self._add(Entry(path, status.st_size, made, where), kind, seen)
            if ".git" in [*folders, *files] and Path(folder) != self.path:
                self.repositories.add(Path(folder).relative_to(self.path).as_posix())
            folders[:] = [name for name in folders if not NOISE.fullmatch(f"{name}/")]

    def _unread(self, error):
        self.refused.append(f"{outside.line(str(error.filename))}: it cannot be read")

    def _list_zip(self):
        self._file = open(self.path, "rb")  # noqa: SIM115, it is closed with the archive
        try:
            self._zip = zipfile.ZipFile(_readable(self._file, self.path.name))
        except DAMAGED as error:
            self._file.close()
            if isinstance(error, RefusedError):
                raise
            raise ValueError(
                f"{self.path.name} is no zip, or a part of it is missing: download it again, or unpack it and give the "
                "folder"
            ) from None
        seen = {}
        infos = [info for info in self._zip.infolist() if not info.is_dir()]
        if infos and all(info.flag_bits & 1 for info in infos):
            self.__exit__()
            raise ValueError(f"{self.path.name} is encrypted: unpack it with its password, and give the folder")
        for info in infos:
            path = "/".join(part for part in _name(info).split("/") if part != ".")
            mode = info.external_attr >> 16
            kind = (
                "it is a link, or another thing that is no file" if stat.S_IFMT(mode) not in (0, stat.S_IFREG) else ""
            )
            if "/.git/" in path:
                self.repositories.add(path.partition("/.git/")[0])
            if not NOISE.fullmatch(path) and not path.endswith("/"):
                self._add(Entry(path, info.file_size, _date(info), info), kind, seen)

    def _add(self, entry, kind, seen):
        same = unicodedata.normalize("NFC", entry.path).casefold()
        reason = kind or fault(entry.path)
        if not reason and seen.get(same) == entry.path:
            reason = "another file of the same name comes before it"
        elif not reason and same in seen:
            reason = f"its name is that of {outside.line(seen[same])}, but for small and capital letters"
        if reason:
            self.refused.append(f"{outside.line(entry.path)}: {reason}")
        else:
            seen[same] = entry.path
            self.entries.append(entry)


def fault(path):
    """Why a path in an archive is refused; empty for a plain one."""
    parts = path.split("/")
    if outside.UNPRINTABLE.search(path) or re.search(r"[\t\n]", path):
        return "its name holds characters that no name should"
    if path.startswith("/") or re.match("[A-Za-z]:", path):
        return "its path is absolute"
    if ".." in parts:
        return "its path leads out of the archive"
    if len(parts) > MAX_DEPTH:
        return f"it lies more than {MAX_DEPTH} folders deep"
    if len(path) > MAX_PATH or any(len(part.encode()) > MAX_NAME for part in parts):
        return "its name is too long"
    if any(map(WINDOWS.fullmatch, parts)) or not all(parts):
        return "its name is no name of a file"
    return ""


def _name(info):
    """The path of a zip's entry. One without the mark for UTF-8 may be in it all the same; the standard says cp437."""
    name = info.orig_filename  # with all that follows a NUL, which `filename` lacks
    if not info.flag_bits & 0x800:
        with contextlib.suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    return name.replace("\\", "/")  # some programs of Windows write it so


def _date(info):
    try:
        return datetime(*info.date_time).isoformat(timespec="seconds")
    except ValueError:
        return ""


def _readable(file, name):
    """The file of a zip, or a view of it in which each name can be decoded; raise RefusedError for one with too many.

    zipfile reads the whole directory at once, and stops at a name that says UTF-8 and is not: such a name would keep
    everybody else's work from being read. Without its mark there, only its own file cannot be read.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - 2**16 - 22 - 76))
    tail = file.read()
    at = tail.rfind(END)
    if at < 0 or len(tail) < at + 22:
        raise zipfile.BadZipFile("there is no end")
    (length,) = struct.unpack_from("<I", tail, at + 12)
    end = at
    if at >= 76 and tail[at - 20 : at - 16] == END_64:
        # Versions of zipfile look for the record where it lies or where this says; here it must be one place.
        (said,) = struct.unpack_from("<Q", tail, at - 12)
        if tail[at - 76 : at - 72] != RECORD_64 or said != size - len(tail) + at - 76:
            raise zipfile.BadZipFile("its end does not say where its directory is")
        (length,) = struct.unpack_from("<Q", tail, at - 36)
        end = at - 76
    start = size - len(tail) + end - length
    if length > MAX_DIRECTORY:
        raise RefusedError(f"{name} lists more files than {MAX_ENTRIES}: give a zip of one exercise")
    if start < 0:
        raise zipfile.BadZipFile("the directory is cut")
    file.seek(start)
    directory, place, count, changed = bytearray(file.read(length)), 0, 0, False
    while len(directory) >= place + 46 and directory[place : place + 4] == b"PK\1\2":
        flags, lengths = directory[place + 9], struct.unpack_from("<HHH", directory, place + 28)
        if flags & 8 and not _is_utf8(directory[place + 46 : place + 46 + lengths[0]]):
            directory[place + 9], changed = flags & ~8, True
        place, count = place + 46 + sum(lengths), count + 1
        if count > MAX_ENTRIES:
            raise RefusedError(f"{name} lists more than {MAX_ENTRIES} files: give a zip of one exercise")
    file.seek(0)
    return _View(file, start, bytes(directory)) if changed else file


def _is_utf8(name):
    try:
        name.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


class _View:
    """A file that is read with other bytes at one place."""

    def __init__(self, file, start, other):
        self.file, self.start, self.other = file, start, other
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size=-1):
        at = self.file.tell()
        data = bytearray(self.file.read(size))
        first, last = max(at, self.start), min(at + len(data), self.start + len(self.other))
        if first < last:
            data[first - at : last - at] = self.other[first - self.start : last - self.start]
        return bytes(data)
