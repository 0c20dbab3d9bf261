"""A file of a table, in which single fields are replaced and every other byte stays what it is.

A reader and a writer of CSV would lose which fields had quotes, how lines ended and where the byte-order mark was. The
platforms read their own files back, each with its own rules: what is not changed here cannot be read otherwise there.
"""

import re
from pathlib import Path
from typing import NamedTuple

MAX_BYTES = 100 * 2**20
BOM = "\ufeff"
SPREADSHEETS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # how the files of Excel begin that are no text


class Field(NamedTuple):
    """One field of a row."""

    start: int  # of its characters, quotes included, in the text of the file
    end: int
    value: str
    quoted: bool


class Table(NamedTuple):
    """The text of a file, and its fields."""

    text: str  # with the byte-order mark, if there is one
    separator: str
    rows: list  # of lists of Field

    def values(self, row):
        """The values of a row."""
        return [field.value for field in self.rows[row]]

    def value(self, row, column):
        """The value of a field, without spaces around it; empty where a row ends before that column."""
        return self.rows[row][column].value.strip() if column < len(self.rows[row]) else ""

    def line(self, row):
        """The number of the line of the file in which a row begins, from 1 on."""
        return len(re.findall(r"\r\n|\r|\n", self.text[: self.rows[row][0].start])) + 1

    def replaced(self, changes):
        """The text with the fields of `changes`, {(row, column): value}, replaced; quoted if they were, or must be."""
        parts, at = [], 0
        for (row, column), value in sorted(changes.items()):
            field = self.rows[row][column]
            if field.quoted or set(value) & {self.separator, '"', "\r", "\n"}:
                value = '"' + value.replace('"', '""') + '"'
            parts += [self.text[at : field.start], value]
            at = field.end
        return "".join([*parts, self.text[at:]])


def read(path):
    """The text of a file and its encoding, in which the text gives the same bytes again.

    Raises OSError, or ValueError with a sentence for what is no text.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"there is no file {path}: give the file as the platform made it")
    if path.stat().st_size > MAX_BYTES:
        raise ValueError(f"{path.name} has more than {MAX_BYTES >> 20} MB: it is no file of marks")
    data = path.read_bytes()
    if data.startswith(SPREADSHEETS):
        raise ValueError(f"{path.name} is a spreadsheet of Excel: give the file as the platform made it")
    for encoding in _encodings(data):
        try:
            text = data.decode(encoding)
            if text.encode(encoding) == data:
                return text, encoding
        except UnicodeError:
            continue
    raise ValueError(f"{path.name} is not text: give the file as the platform made it")


def parse(text, separator):
    """The Table in a text; whatever the text is, its fields cover all of it but separators and line ends."""
    pattern = re.compile(rf'"((?:[^"]|"")*+)"(?=[{separator}\r\n]|\Z)|[^{separator}\r\n]*')
    rows, row, at = [], [], len(BOM) if text.startswith(BOM) else 0
    while True:
        found = pattern.match(text, at)
        quoted = found[1] is not None
        row.append(Field(*found.span(), found[1].replace('""', '"') if quoted else found[0], quoted))
        at = found.end()
        if text.startswith(separator, at):
            at += 1
            continue
        rows.append(row)
        row, at = [], at + (2 if text.startswith("\r\n", at) else 1)
        if at >= len(text):
            return Table(text, separator, rows)


def _encodings(data):
    """The encodings to try; UTF-16 is told by its byte-order mark, or by the zeros beside Latin letters."""
    if data.startswith(b"\xff\xfe") or data[1:2] == b"\0":
        return ["utf-16-le"]
    if data.startswith((b"\xfe\xff", b"\0")):
        return ["utf-16-be"]
    return ["utf-8", "cp1252", "latin-1"]
