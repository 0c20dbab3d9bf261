"""Text from outside, made storable and printable on its way in: this is the one place where that is done.

File names, sources, outputs, messages and labels come from students. Half of a surrogate pair can be written to no file
and no database; a control character, or one that turns the direction of writing, forges lines in a terminal.
"""

import re

REPLACEMENT = "\ufffd"
# The last group are marks that reorder the letters around them, and what no page of HTML may hold.
UNPRINTABLE = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029\u202a-\u202e\u2066-\u2069\ufffe\uffff]")
ESCAPE_SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*+[ -/]*+[@-~]|\][^\x07\x1b\n]{0,2000}+(?:\x07|\x1b\\)|[@-Z\\^_])")
MAX_LINE = 500  # characters
MAX_STUDENT = 128  # characters, as many as nbgrader's table of students takes
# nbgrader makes no page of a notebook with one of its markers in a cell that is no test.
MARKER = re.compile(r"(BEGIN|END) (HIDDEN TESTS|MARK SCHEME)")
UNFIT = re.compile(r"[\[\]*?\\]")  # what nbgrader, which looks for files by patterns, does not find again


def text(value, most=None):
    """Text of several lines: colours are left out, what a carriage return overwrites too, the rest is replaced."""
    value = value[:most]
    if value.isascii() and value.isprintable():
        return value
    value = ESCAPE_SEQUENCE.sub("", value)
    if "\r" in value:
        value = "\n".join(part.rstrip("\r").rpartition("\r")[2] for part in value.split("\n"))
    return UNPRINTABLE.sub(REPLACEMENT, value)


def line(value, most=MAX_LINE):
    """Text of one line, for a list, a table or a message."""
    value = value if len(value) <= most else f"{value[:most]}..."
    return text(_without_markers(re.sub(r"[\r\n\t]", " ", value)))


def source(value):
    """The source of a cell: the line ends are Python's, and a form feed, which it passes by, is left out."""
    value = re.sub(r"\r\n?", "\n", _without_markers(value))
    return UNPRINTABLE.sub(REPLACEMENT, value.replace("\f", "").replace("\0", ""))


def student(name):
    """The name under which a student's folder goes into the gradebook: the folder's own, if nbgrader can take it."""
    name = UNFIT.sub("_", re.sub(r"[\n\t]", "_", UNPRINTABLE.sub("_", name)))[:MAX_STUDENT]
    return f"_{name[1:]}" if name.startswith(".") else name


def _without_markers(value):
    return MARKER.sub(lambda found: found[0].lower(), value)
