"""What a learning platform called a student's file when it gave it out: feedback goes back under that name."""

import json
import os
import re
from pathlib import Path
from typing import NamedTuple

from grading.platforms import place

# Name, number of the participant, kind of work; where there are no folders, the name of the file follows.
MOODLE = re.compile(r"[^_]*_(\d+)_assignsubmission_[a-z]+(?:_|$)")


class PlatformName(NamedTuple):
    """What the name of a student's file tells."""

    platform: str
    user_id: str  # by which the platform knows the student; empty if the name does not say it
    page: str  # the name for a page of feedback, by which the platform knows whose it is; empty if it would not know


def platform_name(folder, slug):
    """The PlatformName of what `collect` put into a folder submitted/<student>/<slug>; None if it put nothing there.

    It is read with caution: where files were not collected from a platform, a student may have written the record.
    """
    try:
        descriptor = os.open(Path(folder, place.RECORD), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with open(descriptor, "rb") as file:
            record = json.loads(file.read(place.MAX_RECORD))
        platform, paths = str(record["platform"]), [str(path) for path in record["paths"].values()]
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None
    read = {"moodle": _moodle, "canvas": _canvas}.get(platform)
    usable = [path for path in paths if path.isprintable() and "\\" not in path]
    found = [told for path in usable if read and (told := read(path.split("/"), slug))]
    return PlatformName(platform, *(found[0] if found else ("", "")))


def _moodle(parts, slug):
    """By the rule of importziplib.php, in Moodle's assignfeedback_file: a folder for each student, or a flat name."""
    for part in parts:
        found = MOODLE.match(part)
        if found and part is not parts[-1] and found.end() == len(part):
            return found[1], f"{part}/{slug}.html"
        if found and part is parts[-1] and found[0].endswith("_"):
            return found[1], f"{found[0]}{slug}.html"
    return None


def _canvas(parts, _):
    """By the rule of infer_comment_context_from_filename, in Canvas's models of assignments."""
    words = [word for word in parts[-1].split("_") if word != "LATE"]
    numbers = [word for word in words if word.isdecimal()]
    if words[0] == "anon":
        known = "" if words[2:] and words[2].isdecimal() else None
    else:
        known = numbers[0] if len(numbers) >= 2 else None  # the student's, and that of what was handed in
    return None if known is None else (known, f"{Path(parts[-1]).stem}.html")
