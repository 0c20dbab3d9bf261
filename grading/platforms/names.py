"""What a learning platform called a student's file when it gave it out: feedback goes back under that name."""

import json
import os
import re
from pathlib import Path
from typing import NamedTuple

from grading.platforms import place

# Name, number of the participant, kind of work; where there are no folders, the name of the file follows.
MOODLE = re.compile(r"[^_]*_\d+_assignsubmission_[a-z]+_?")


class PlatformName(NamedTuple):
    """What a platform knows of a student's file."""

    platform: str
    user_id: str  # by which the platform knows the student; empty if it does not say it
    page: str  # the name for a page of feedback, by which the platform knows whose it is; empty if it would not know


def platform_name(folder, slug):
    """The PlatformName of what `collect` put into a folder submitted/<student>/<slug>; None if it put nothing there.

    It is read with caution: where files were not collected from a platform, a student may have written the record.
    """
    try:
        descriptor = os.open(Path(folder, place.RECORD), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with open(descriptor, "rb") as file:
            record = json.loads(file.read(place.MAX_RECORD))
        platform, *names, user_id = (str(record[key] or "") for key in ("platform", "folder", "file", "user_id"))
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return None
    is_safe = all(name.isprintable() and not set(name) & set("/\\") for name in names)
    page = PAGES[platform](*names, slug) if is_safe and platform in PAGES else ""
    return PlatformName(platform, user_id, page)


def _moodle(folder, file, slug):
    """By the rule of importziplib.php, in Moodle's assignfeedback_file: a folder for each student, or a flat name."""
    if MOODLE.fullmatch(folder):
        return f"{folder}/{slug}.html"
    flat = MOODLE.match(file)
    return f"{flat[0]}{slug}.html" if flat and flat[0].endswith("_") else ""


def _canvas(_, file, __):
    """By the rule of infer_comment_context_from_filename, in Canvas's models of assignments."""
    words = [word for word in file.split("_") if word != "LATE"]
    if words[0] == "anon":
        known = len(words) > 2 and words[2].isdecimal()
    else:
        known = sum(word.isdecimal() for word in words) >= 2  # the student's number, and that of what was handed in
    return f"{Path(file).stem}.html" if known else ""


PAGES = {"moodle": _moodle, "canvas": _canvas}
