"""The times that platforms write, in UTC. One that cannot be read is none: nothing is guessed."""

import os
import re
import time
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
MONTH = rf"(?P<month>(?:{'|'.join(MONTHS)})[a-z]*)\.?"
HOUR = r"(?P<hour>\d{1,2}?)[.:]?(?P<minute>\d\d)(?::(?P<second>\d\d))?(?: ?(?P<half>[ap])\.?m\.?)?"
# In words, as Brightspace (without a colon, which no name of a folder may hold) and Moodle write them.
WORDS = [
    re.compile(rf"(?:[a-z]+,? )?{MONTH} (?P<day>\d{{1,2}}),? (?P<year>\d{{4}}),? {HOUR}", re.IGNORECASE),
    re.compile(rf"(?:[a-z]+,? )?(?P<day>\d{{1,2}})\.? {MONTH},? (?P<year>\d{{4}}),? {HOUR}", re.IGNORECASE),
]
# 2026-11-26-09-30-00 (Blackboard), 20261126093000 and, with thousandths, 20261126093000123 (ILIAS, Sakai), ISO 8601.
DIGITS = re.compile(
    r"(?P<year>\d{4})-?(?P<month>\d\d)-?(?P<day>\d\d)[ T-]?(?P<hour>\d\d)[:-]?(?P<minute>\d\d)(?:[:-]?(?P<second>\d\d)"
    r"(?:[.,]?\d{1,9})?)?(?: ?(?P<zone>Z|UTC|GMT|[+-]\d\d:?\d\d))?",
    re.ASCII,
)


def utc(text, zone):
    """The datetime, in UTC, of a time as a platform writes it, or None; without its own zone it is in `zone`.

    Of an hour that the clocks went through twice, the first is taken. None, too, where `zone` is None and needed.
    """
    text = " ".join(text.split())
    found = DIGITS.fullmatch(text) or WORDS[0].fullmatch(text) or WORDS[1].fullmatch(text)
    if not found:
        return None
    part = found.groupdict()
    own = part.get("zone")
    where = _offset(own) if own else zone
    try:
        hour = _hour(int(part["hour"]), (part.get("half") or "").lower())
        date = int(part["year"]), _month(part["month"]), int(part["day"])
        when = datetime(*date, hour, int(part["minute"]), int(part["second"] or 0), tzinfo=where)
        return when.astimezone(UTC) if where else None
    except (ValueError, OverflowError):
        return None


def order(text):
    """A time as a platform writes it, whatever its zone, for comparing two of one kind; empty if it cannot be read."""
    when = utc(text, UTC)
    return when.isoformat() if when else ""


def stamp(when):
    """The text of timestamp.txt."""
    return f"{when:%Y-%m-%d %H:%M:%S} UTC"


def zone_called(name):
    """The zone that a reader named. Raises ValueError with examples for one that there is not."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(
            f"there is no time zone {name!r}: give one such as Europe/Berlin, America/New_York or UTC"
        ) from None


def here():
    """The name of this machine's time zone; empty if it cannot be told."""
    named = os.environ.get("TZ", "").lstrip(":") or str(Path("/etc/localtime").resolve()).partition("zoneinfo/")[2]
    try:
        return ZoneInfo(named).key if named else "UTC" * (time.timezone == 0 and not time.daylight)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ""


def _offset(zone):
    if zone[0] not in "+-":
        return UTC
    shift = timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:]))
    return timezone(-shift if zone[0] == "-" else shift)


def _month(text):
    return int(text) if text.isdigit() else MONTHS.index(text[:3].lower()) + 1


def _hour(hour, half):
    if half and not 1 <= hour <= 12:
        raise ValueError(hour)
    return hour % 12 + 12 * (half == "p") if half else hour
