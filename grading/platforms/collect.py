"""`python -m grading collect`: sort what a learning platform hands out into submitted/, for all who are known."""

import sys
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from nbgrader.coursedir import CourseDirectory

from grading import outside
from grading.course import load_config, slugs
from grading.platforms import hand_ins, place, roster, times
from grading.platforms.archive import Archive, RefusedError
from grading.platforms.layouts import PLATFORMS

SHOWN = 10  # names in one line
MAX_LINES = 500  # about what was not taken


class Collected(NamedTuple):
    """What became of an archive."""

    platform: str
    outcomes: dict  # id of a student -> one of place.NEW, REPLACED, SAME, OLDER
    files: int  # files of students in the archive
    taken: int
    older: int  # files of earlier attempts
    beside: int  # files that are no notebooks, of students who also handed in one
    late: tuple  # ids of those whom the platform calls late without saying when it was
    timed: int  # students with a time
    local: bool  # whether a time was read in the zone that is given
    problems: tuple  # lines about what a human should look at


def describe(parser):
    """Add the arguments of the command to a parser."""
    parser.add_argument("slug", help="the exercise")
    parser.add_argument("archive", type=Path, metavar="FILE.zip", help="what the platform hands out, or a folder")
    parser.add_argument("--roster", type=Path, metavar="FILE.csv", help="names and ids: any list with headers will do")
    parser.add_argument("--id", metavar="COLUMN", help="the column of the roster that holds the ids")
    parser.add_argument(
        "--from", dest="platform", choices=list(PLATFORMS), help="the platform, where names do not tell"
    )
    parser.add_argument(
        "--zone", metavar="ZONE", help="of times that name none, such as Europe/Berlin (default: this machine's)"
    )
    parser.set_defaults(run=run)


def run(arguments):
    """Collect, and say what was taken; return 0, 1 if something needs a human, 2 if nothing could be taken."""
    try:
        if arguments.slug not in slugs():
            raise ValueError(f"there is no exercise {arguments.slug!r}: give one of {', '.join(slugs())}")
        if arguments.id and not arguments.roster:
            raise ValueError("--id names a column of a roster: give --roster FILE.csv as well")
        zone = arguments.zone or times.here()
        course = CourseDirectory(config=load_config())
        submitted = Path(course.format_path(course.submitted_directory, "", "").rstrip("/"))
        known = roster.read(arguments.roster, arguments.id) if arguments.roster else None
        where = times.zone_called(zone) if zone else None
        found = collect(arguments.slug, arguments.archive, submitted, known, arguments.platform, where)
    except (ValueError, OSError) as error:
        if isinstance(error, ValueError) and type(error) not in (ValueError, RefusedError):
            raise  # a kind of it is a fault of the program
        print(f"error: {outside.line(str(error), 1000)}", file=sys.stderr)
        return 2
    print("\n".join(summary(found, arguments.slug, known, zone)))
    return 2 if not found.outcomes else 1 if found.problems else 0


def collect(slug, path, submitted, known=None, platform=None, zone=None):
    """Take over the newest attempt of everybody from a zip or a folder; return what was Collected.

    `submitted` is the folder into which it goes, `known` a roster.Roster, `platform` a key of PLATFORMS if it is not to
    be found out, `zone` that of times which name none. Raises ValueError or OSError if nothing can be done.
    """
    with Archive(path) as archive:
        if not archive.entries:
            raise ValueError(f"{archive.path.name} holds no file that could be taken" + _first(archive.refused))
        platform, groups, strange = hand_ins.recognise(archive, slug, platform)
        files, nameless = hand_ins.files(archive, platform, groups, slug, known)
        people, unknown = hand_ins.students(files, platform, known)
        with_file = {file.person for file in files if not file.text}
        handed = {file.entry.path for file in files if not (file.text and file.person in with_file)}
        count = len(handed) + len(nameless) + len(strange) + len(archive.refused)
        problems = [*archive.refused, *strange, *nameless, *unknown]
        return _place(archive, slug, Path(submitted), platform, people, zone, count, problems)


def _first(refused):
    return f": {refused[0]}" if refused else ""


def _place(archive, slug, submitted, platform, people, zone, count, problems):
    """Take over everybody's newest attempt; return what was Collected."""
    taken = {}
    with place.scratch(submitted, slug) as scratch:
        for student, (row, theirs) in people.items():
            lines = []
            try:
                taken[student] = _take(archive, submitted / student / slug, platform, row, theirs, zone, scratch, lines)
            except RefusedError as error:
                lines.append(str(error))
            problems += [f"{student}: {line}" for line in lines]
    late = tuple(student for student, one in taken.items() if one.late and not one.time.stamp)
    if late:
        problems.append(
            f"{_names(late)}: marked LATE by {PLATFORMS[platform]}, which does not say when it was; "
            "a penalty needs a timestamp.txt beside the notebook"
        )
    return Collected(
        platform,
        {student: one.outcome for student, one in taken.items()},
        count,
        len({path for one in taken.values() for path in one.paths}),
        sum(one.older for one in taken.values()),
        sum(one.beside for one in taken.values()),
        late,
        sum(bool(one.time.stamp) for one in taken.values()),
        any(one.time.is_local for one in taken.values()),
        tuple(map(outside.line, problems)),
    )


class _Taken(NamedTuple):
    outcome: str
    paths: tuple  # in the archive
    older: int
    beside: int
    late: bool
    time: "_Time"


def _take(archive, target, platform, row, theirs, zone, scratch, lines):
    """Put the newest attempt of one student in place; `lines` get what a human should know.

    Raises RefusedError if there is nothing that can be put there.
    """
    slug, new, refused = target.name, scratch / "new" / target.parent.name, []
    attempts = hand_ins.attempts(theirs, platform)
    for at, attempt in enumerate(attempts):  # noqa: B007, it is needed afterwards
        written, faults = place.write(archive, hand_ins.candidates(attempt, slug), slug, new)
        refused += faults
        if written:
            break
    else:
        raise RefusedError("; ".join(refused) or hand_ins.nothing(theirs))
    lines += refused
    if at:
        lines.append(f"a newer attempt holds no notebook ({attempts[0][0].name}); an older one was taken")
    elif hand_ins.typed_later(theirs, attempt):
        lines.append("a newer attempt is text alone, without a file; an older one was taken")
    files = [file for _, file in written.values()]
    time = _time(files, row, platform, zone)
    lines += [time.problem] if time.problem else []
    record = _record(files, platform, written, time)
    outcome = place.settle(new, target, record, time.stamp, scratch / "old")
    older, handed = sum(map(len, attempts[at + 1 :])), sum(map(len, attempts))
    paths = tuple(file.entry.path for file in files)
    return _Taken(outcome, paths, older, handed - older - len(files) - len(faults), any(f.late for f in files), time)


class _Time(NamedTuple):
    written: str  # by the platform
    utc: str
    stamp: str  # for timestamp.txt
    is_local: bool
    problem: str


def _time(files, row, platform, zone):
    """When an attempt was handed in: as the platform says it, or the roster."""
    written = max((file.time for file in files), key=times.order)
    if platform == "own" and written:  # it is the grader's own note already, and read when it is marked
        when = times.utc(written, times.UTC)
        return _Time(written, when.isoformat() if when else "", written, False, "")
    if not written and row and row.time not in ("", "-"):
        written = row.time
    if not written:
        return _Time("", "", "", False, "")
    own = times.UTC if platform == "sakai" else None
    when = times.utc(written, own) or times.utc(written, zone)
    if when is None:
        hint = "" if zone else ", as this machine's time zone is not known: give --zone"
        return _Time(written, "", "", False, f"the time {written!r} cannot be read, and is not in timestamp.txt{hint}")
    return _Time(written, when.isoformat(), times.stamp(when), times.utc(written, own) is None, "")


def _record(files, platform, written, time):
    """What is noted beside the files; the first four entries are those by which feedback goes back."""
    folder, name = hand_ins.where(files[0])
    return {
        "platform": platform,
        "folder": folder,
        "file": name,
        "user_id": files[0].person.number or files[0].person.user,
        "written": time.written,
        "time": time.utc,
        "order": max(file.order for file in files),
        "made": max(file.entry.made for file in files),
        "files": {name: digest for name, (digest, _) in written.items()},
    }


def summary(found, slug, known, zone):
    """Ten lines at most about what was collected, and one for each problem."""
    count = Counter(found.outcomes.values())
    lines = [
        f"Recognised: {PLATFORMS[found.platform]}.",
        f"{found.taken} of {found.files} files taken, for {_count(len(found.outcomes), 'student')}.",
    ]
    if found.outcomes:
        lines.append(
            f"New: {count[place.NEW]}; replaced by a newer attempt: {count[place.REPLACED]}; as it was: "
            f"{count[place.SAME]}; kept, as what is there is newer: {count[place.OLDER]}."
        )
        lines += _about(found, known, zone)
        lines.append(f"Next: python -m grading autograde {slug}")
    if found.problems:
        lines.append(f"{_count(len(found.problems), 'line')} about what was not taken, or needs a human, and why:")
        lines += [f"  {line}" for line in found.problems[:MAX_LINES]]
        lines += [f"  and {len(found.problems) - MAX_LINES} more"] if found.problems[MAX_LINES:] else []
    return lines


def _about(found, known, zone):
    """Yield lines about the files that were left, the ids and the times."""
    if found.older or found.beside:
        yield (
            f"Left out: {_count(found.older, 'file')} of older attempts, "
            f"{_count(found.beside, 'other file')} of students whose notebook was taken."
        )
    if known:
        missing = len(known.rows) - len(found.outcomes)
        yield f"Ids: the roster's column {known.column!r}; {missing} of the {len(known.rows)} on it have nothing here."
    else:
        yield "Ids: what the platform calls each student, as there is no roster."
    if found.local:
        yield f"Times without a zone were read in {zone} (another one: --zone); timestamp.txt has them in UTC."
    elif not found.timed:
        yield "Times: none, so that there is no timestamp.txt."
    else:
        yield "Times: in UTC, in timestamp.txt."


def _count(number, thing):
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def _names(students):
    more = f" and {len(students) - SHOWN} more" if len(students) > SHOWN else ""
    return outside.line(", ".join(students[:SHOWN]) + more)
