"""Under which name a learning platform gave out what a student handed in: marks and feedback go back under it."""

import json
import os
from typing import NamedTuple

FILE = ".platform.json"  # in submitted/<student>/<exercise>, beside timestamp.txt
MAX_BYTES = 10_000


class PlatformName(NamedTuple):
    """What a platform called one file; a part that it does not use is empty."""

    platform: str  # canvas, moodle, blackboard, brightspace
    folder: str  # of the file in the platform's zip
    file: str
    user_id: str  # by which the platform knows the student


def platform_name(folder):
    """The PlatformName kept in a folder submitted/<student>/<exercise>; None if there is none, or none to be used.

    It is read with caution: where files were not collected from a platform, a student may have put this one there.
    """
    try:
        descriptor = os.open(os.path.join(folder, FILE), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with open(descriptor, "rb") as file:
            kept = json.loads(file.read(MAX_BYTES))
        found = PlatformName(*(str(kept.get(field) or "") for field in PlatformName._fields))
    except (OSError, ValueError, AttributeError, RecursionError):
        return None
    return found if all(map(_is_one_part, (found.folder, found.file))) else None


def _is_one_part(name):
    """Whether a name of a file leads to no other folder, here or on the system of whoever opens a zip with it."""
    return name not in (".", "..") and name.isprintable() and not set(name) & set("/\\:")
