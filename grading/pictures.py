"""Pictures that a student pasted into a text: taken over as data, within limits, and never looked into.

Jupyter keeps them as attachments of the cell, Colab as long addresses in its text. Both become attachments here, under
names of ours, as each tool that shows a notebook has its own rule for names with spaces in them.
"""

import re
from itertools import islice
from urllib.parse import quote

from grading import outside

KINDS = {"image/png": "PNG", "image/jpeg": "JPEG", "image/gif": "GIF", "image/webp": "WebP"}  # none that holds a script
MAX_PICTURE = 5 * 2**20  # bytes
MAX_PICTURES = 10 * 2**20  # of all of a submission
MAX_IN_CELL = 50  # pictures
MAX_NOTES = 10
IN_TEXT = re.compile(r"data:(image/[\w.+-]{1,40});base64,([A-Za-z0-9+/]+={0,2})")
BASE64 = re.compile(r"[A-Za-z0-9+/]*={0,2}")


class Album:
    """The pictures of one submission, as far as there is room for them, and the notes about the others."""

    def __init__(self, notes):
        self.notes, self.left, self.left_out = notes, MAX_PICTURES, 0

    def take(self, source, attached):
        """The text of a cell, which refers to its pictures by their new names, and these: {name: {type: base64}}.

        `attached` is what stands under "attachments" in the cell, whatever that is.
        """
        kept = {}
        for name, kind, data in _attached(attached):
            new = self._keep(kept, name, kind, data)
            for written in {name, quote(name)}:
                source = source.replace(f"attachment:{written}", f"attachment:{new}")
        source = IN_TEXT.sub(lambda found: f"attachment:{self._keep(kept, 'in the text', *found.groups())}", source)
        return source, kept

    def _keep(self, kept, name, kind, data):
        """Keep a picture if it can be; return the name under which it is referred to."""
        size, kind = len(data) * 3 // 4, kind.replace("/jpg", "/jpeg")
        new = f"pasted-{len(kept) + 1}"
        if kind not in KINDS or not BASE64.fullmatch(data):
            self._leave_out(name, f"is none of {', '.join(KINDS.values())}")
        elif len(kept) == MAX_IN_CELL:
            self._leave_out(name, f"is one too many: a cell may have {MAX_IN_CELL}")
        elif size > MAX_PICTURE:
            self._leave_out(name, f"has {size / 2**20:.1f} MB, allowed are {MAX_PICTURE >> 20}")
        elif size > self.left:
            self._leave_out(name, f"is one too many: all together may have {MAX_PICTURES >> 20} MB")
        else:
            self.left -= size
            kept[new] = {kind: data}
            return new
        return "left-out"

    def _leave_out(self, name, reason):
        self.left_out += 1
        if self.left_out <= MAX_NOTES:
            self.notes.append(f"a picture ({outside.line(name, 100)}) {reason}; it is not shown")
        elif self.left_out == MAX_NOTES + 1:
            self.notes.append("more pictures are not shown, for reasons like these")


def without_others(source, kept):
    """The text, in which what refers to an attachment that was not kept does so no more: nbconvert would stop at it."""
    names = "|".join(map(re.escape, kept)) or "(?!)"
    return re.sub(rf"\battachment:(?=\S)(?!(?:{names})(?![\w.%-]))", "picture-that-is-not-kept:", source)


def _attached(attached):
    """(name, type, base64) of the attachments of a cell, the longest name first, as one may begin like another."""
    found = []
    for name, kinds in islice(attached.items(), MAX_IN_CELL + 1) if isinstance(attached, dict) else ():
        for kind, data in list(kinds.items())[:1] if isinstance(kinds, dict) else ():
            data = "".join(filter(str.__instancecheck__, data)) if isinstance(data, list) else data
            if isinstance(data, str):
                found.append((outside.source(name), kind, re.sub(r"\s", "", data)))
    return sorted(found, key=lambda picture: -len(picture[0]))
