"""Which platform an archive is from, who handed in what, and which attempt counts: by the table of layouts."""

import itertools
import re
from collections import defaultdict
from typing import NamedTuple

import yaml

from grading import outside
from grading.course import slugs
from grading.finder import MAY_BE_ONE
from grading.platforms import times
from grading.platforms.archive import Entry, RefusedError
from grading.platforms.layouts import LOOSE, PLATFORMS, WORDS, Layout, table
from grading.platforms.roster import NOBODY, Person, fit

PACKED = re.compile(r"\.(?:zip|7z|rar|gz|tgz|tar|xz|bz2)$", re.IGNORECASE)
MAX_CANDIDATES = 20
SIDE = 2**20  # bytes of a note that a platform puts beside a file
METADATA, METADATA_BYTES = "submission_metadata.yml", 64 * 2**20
PLATFORMS_OWN = re.compile(  # what lies beside the hand-ins, and is by nobody
    r"(?:.*/)?(?:index\.html|submission_metadata\.yml|grades?\.(?:csv|xlsx?)|status\.(?:csv|xlsx?)|timestamp\.txt|"
    r"comments\.txt|feedbackText\.html|submission_secret\.txt|\.platform\.json|README(?:\.\w+)?)|(?:.*/)?Feedback[^/]*/.*",
    re.IGNORECASE,
)
AGAIN = re.compile(r"-\d+(?=\.[^.]+$|$)")  # Canvas adds it to the name of a file that is handed in again


class File(NamedTuple):
    """One file that somebody handed in, as far as the platform tells it."""

    person: Person
    name: str  # that the student gave
    entry: Entry
    time: str  # as the platform writes it
    late: bool
    order: int
    text: bool  # typed into the platform's editor


def recognise(archive, slug, platform=None):
    """The platform, its matches {path: groups}, and lines about files that it has not named.

    Raises ValueError that names what is possible where that is not clear, or if the `platform` given has no such files.
    """
    found = _matches(archive, table(slug) + _repositories(archive.repositories))
    by_students = [entry.path for entry in archive.entries if not PLATFORMS_OWN.fullmatch(entry.path)]
    if not platform:
        platform = _best(found, len(by_students))
    if platform == "drive":
        return platform, {path: {} for path in by_students}, []
    if platform not in found:
        raise ValueError(f"{archive.path.name} holds no file with a name of the form of {PLATFORMS[platform]}")
    groups = {path: match.groupdict() for path, (_, match) in found[platform].items()}
    others = set(slugs()) - {slug} if platform == "own" else set()
    left = [path for path in by_students if path not in groups and not others & set(path.split("/"))]
    reason = f"its name has not the form of {PLATFORMS[platform]}"
    return platform, groups, [f"{outside.line(path)}: {reason}" for path in left]


def _repositories(folders):
    """A row for repositories in one folder whose names begin alike: what is left of these is the name of a user."""
    around = {folder.rpartition("/")[0] for folder in folders}
    names = [folder.rpartition("/")[2].split("-") for folder in folders]
    begin = "-".join(
        words[0] for words in itertools.takewhile(lambda words: len(set(words)) == 1, zip(*names, strict=False))
    )
    if len(folders) < 2 or len(around) > 1 or not begin:
        return []
    top = re.escape("".join(f"{folder}/" for folder in around if folder) + begin)
    return [Layout("github", re.compile(rf"{top}-(?P<user>[^/]+)/(?:.*/)?(?P<file>[^/]+)"), "", {}, WORDS)]


def _matches(archive, rows):
    """{platform: {path: (row, match)}}, by the first row that fits."""
    found, root = defaultdict(dict), archive.path.resolve().name.removesuffix(".zip")
    sure = {"gradescope": WORDS if any(entry.path.endswith(METADATA) for entry in archive.entries) else LOOSE}
    for entry in archive.entries:
        for row in rows:
            if entry.path in found[row.platform]:
                continue
            # The name of the folder that is given, or of the zip, may be the one that tells.
            match = row.pattern.fullmatch(entry.path)
            if match is None and row.platform == "github":
                match = row.pattern.fullmatch(f"{root}/{entry.path}")
            if match:
                found[row.platform][entry.path] = (row._replace(tells=sure.get(row.platform, row.tells)), match)
    return {name: rows for name, rows in found.items() if rows}


def _best(found, count):
    """The platform whose patterns tell most, of those that fit half of the files; `drive` if none fits any."""
    tells = {name: max(row.tells for row, _ in rows.values()) for name, rows in found.items()}
    ranks = {name: (tells[name], len(rows)) for name, rows in found.items() if 2 * len(rows) >= count}
    best = [name for name, rank in ranks.items() if rank == max(ranks.values())]
    if len(best) == 1:
        return best[0]
    others = best or [name for name in found if tells[name] > LOOSE]
    if not others:
        return "drive"
    possible = others if best else [*others, "drive"]
    named = " or ".join(f"{PLATFORMS[name]} (--from {name})" for name in possible)
    raise ValueError(f"the names of the files do not tell which platform they are from: give --from; possible: {named}")


def files(archive, platform, groups, slug, roster):
    """The Files of everybody, and lines about those of whom the archive does not tell who they are."""
    told = _told(archive, platform, groups)
    with_file = {group.get("folder") for group in groups.values() if group.get("file")}
    around = _around(archive.entries)  # once for all: an archive may list a hundred thousand files
    found, lines = [], []
    for entry in archive.entries:
        group = groups.get(entry.path)
        # Blackboard has a note on every attempt: one without a file is an attempt of text alone.
        alone = platform == "blackboard" and group is not None and group["folder"] not in with_file
        if group is None or (group.get("note") and not alone):
            continue
        who, when = told(group)
        if platform == "drive":
            who, line = _by_name(entry.path, slug, roster, around)
            lines += [line] if line else []
        name = group.get("file") or entry.path.rpartition("/")[2]
        order = int(group.get("order") or 0)
        late, text = bool(group.get("late")), bool(group.get("text")) or alone
        found += [File(person, name, entry, when, late, order, text) for person in who]
        if not who and platform != "drive":
            lines.append(f"{outside.line(entry.path)}: {METADATA} does not say whose it is")
    return found, lines


def _told(archive, platform, groups):
    """The function that says who is meant by the groups of a match, a list of Persons, and when it was."""
    notes = {}
    for entry in archive.entries:
        group = groups.get(entry.path) or {}
        if group.get("note"):
            notes[group["folder"]] = _read(archive, entry)
    sheet = _submitters(archive) if platform == "gradescope" else {}

    def told(group):
        note, time = notes.get(group.get("folder"), ""), group.get("time") or ""
        if platform == "gradescope":
            return sheet.get(group["folder"], ([], ""))
        if platform in ("sakai", "own"):
            time = note.strip()[:100]
        name, user, number = group.get("name") or "", group.get("user") or "", group.get("number") or ""
        if platform == "ilias":
            name = name.replace("_", " ")
        if platform == "canvas" and number.startswith("anon_"):
            user, number = number, ""
        if platform == "blackboard":
            name, user = _of_note(note, group)
        return [Person(name.strip(), user.strip(), number)], time

    return told


def _read(archive, entry):
    try:
        return archive.read(entry, SIDE).decode("utf-8-sig", "replace")
    except RefusedError:
        return ""


def _of_note(note, group):
    """A name and a user name: Blackboard's note has both, the name of the file has the second one, or its end."""
    found = re.match(r"[^\n:]{1,40}:[ \t]*([^\n]{1,200}?)[ \t]*\(([^()\n]{1,100})\)[ \t]*\r?\n", note)
    if found and group["folder"].partition("_attempt_")[0].endswith(f"_{found[2]}"):
        return found[1], found[2]
    return "", group["user"]


def _submitters(archive):
    """{folder: (Persons, time)} of Gradescope's list; it is read as events, as it names types that only Ruby has.

    Raises ValueError for a list that is not there or cannot be read.
    """
    lists = [entry for entry in archive.entries if entry.path.rpartition("/")[2] == METADATA]
    entry = min(lists, key=lambda entry: entry.path.count("/"), default=None)  # a student's would lie further inside
    if entry is None:
        raise ValueError(f"{METADATA} is missing, which says whose files they are: give all that Gradescope exports")
    try:
        data = archive.read(entry, METADATA_BYTES).decode("utf-8-sig", "replace")
        found = defaultdict(lambda: ([], ""))
        for (folder, *path), value in _scalars(data):
            people, _ = found[folder]
            if path[:1] == [":submitters"] and len(path) == 3 and path[1] in (str(len(people)), str(len(people) - 1)):
                at = int(path[1])
                people += [{}] * (at + 1 - len(people))
                people[at] = people[at] | {path[2]: value}
            elif path in ([":created_at"], [":created_at", "utc"]):
                found[folder] = people, value
    except (yaml.YAMLError, RefusedError, RecursionError) as error:
        raise ValueError(f"{METADATA} cannot be read: {outside.line(str(error), 200)}") from None
    return {folder: ([_submitter(told) for told in people], time) for folder, (people, time) in found.items()}


def _submitter(told):
    return Person(told.get(":name", ""), told.get(":sid", ""), "", told.get(":email", ""))


def _scalars(data):
    """Yield (path, value) for what is in the mappings and lists of a YAML text, three levels down from a folder."""
    stack, loader = [], yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
    for event in yaml.parse(data, loader):
        if isinstance(event, yaml.CollectionStartEvent):
            stack.append(["mapping", None] if isinstance(event, yaml.MappingStartEvent) else ["list", 0])
            continue
        if isinstance(event, yaml.CollectionEndEvent):
            stack.pop()
        elif not isinstance(event, yaml.NodeEvent):
            continue
        if not stack:
            continue
        kind, key = stack[-1]
        if kind == "mapping" and key is None:
            stack[-1][1] = getattr(event, "value", "")
            continue
        if isinstance(event, yaml.ScalarEvent) and 2 <= len(stack) <= 4:
            yield [str(key) for _, key in stack], event.value
        stack[-1][1] = key + 1 if kind == "list" else None


def _by_name(path, slug, roster, around):
    """The Person whom the name of a file or of a folder around it says, in a list, and a line if it says nobody.

    The first `around` folders are nobody's.
    """
    *folders, file = path.split("/")
    if roster:
        rows, reason = roster.within([*folders, re.sub(r"(?:\.\w{1,5}){1,2}$", "", file)], slug)
        return [Person(row.name, row.id) for row in rows], f"{outside.line(path)}: {reason}" if reason else ""
    if len(folders) > around:
        return [Person(user=folders[around])], ""
    return [], f"{outside.line(path)}: whose it is only a roster can tell; give --roster"


def _around(entries):
    """The number of folders in which all files lie."""
    levels = zip(*(entry.path.split("/")[:-1] for entry in entries), strict=False)
    return sum(1 for _ in itertools.takewhile(lambda names: len(set(names)) == 1, levels))


def own_id(person, platform):
    """The id of somebody without a roster: what the platform says that stays the same from exercise to exercise."""
    if person.user or person.email:
        return person.user or person.email
    if platform == "canvas" and person.number:
        return person.number
    if platform == "moodle" and person.number and NOBODY.fullmatch(person.name):
        return f"{person.name} {person.number}"  # as the worksheet of marks calls who stays unnamed
    return person.name


def students(found, platform, roster):
    """Who is who: {id: (Row or None, Files)}, and lines about those who are nobody, or may be somebody else."""
    by_person = defaultdict(list)
    for file in found:
        by_person[file.person].append(file)
    of_id, lines, rows = defaultdict(dict), [], {}
    # With blind marking, Moodle gives everybody one name, in the language of the site.
    blind = platform == "moodle" and len(by_person) > 1 and len({person.name for person in by_person}) == 1
    for person, theirs in by_person.items():
        if roster:
            numbered = blind and roster.numbers_of == "moodle"
            matched, reason = roster.find(person._replace(name="") if numbered else person, platform)
            ids = [row.id for row in matched]
            rows |= {row.id: row for row in matched}
        else:
            ids, reason = [own_id(person, platform)], ""
        for student in ids:
            reason = fit(student)
            if not reason:
                of_id[student][person] = theirs
        if reason:
            lines.append(f"{shown(person)}: {reason}; not taken: {_listed(theirs)}")
    result = {}
    for student, people in sorted(of_id.items()):
        if _are_several(people):
            lines += [
                f"{shown(person)}: {len(people)} people would be {outside.line(student)}; not taken: {_listed(theirs)}"
                for person, theirs in people.items()
            ]
        else:
            result[student] = rows.get(student), [file for theirs in people.values() for file in theirs]
    return result, lines


def _are_several(people):
    """Whether Persons of one id are different ones, and not a student whom a platform tells of in two ways."""
    told = [
        {person.number for person in people},
        {person.user.casefold() for person in people},
        {person.name for person in people},
    ]
    return any(len(values - {""}) > 1 for values in told)


def shown(person):
    """How a platform calls somebody, for a line."""
    parts = [person.user or person.email, person.number]
    inside = ", ".join(filter(None, parts))
    return outside.line(f"{person.name} ({inside})" if person.name and inside else person.name or inside or "somebody")


def _listed(theirs):
    names = [file.name for file in theirs]
    return outside.line(", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else ""))


def attempts(theirs, platform):
    """The files of each attempt of one student, the newest first. Raises RefusedError where there is no newest one."""
    handed = [file for file in theirs if not file.text]
    if not handed:
        raise RefusedError(f"typed text into the editor of {PLATFORMS[platform]} instead of handing in a file")
    if platform == "canvas":
        return _by_order(handed)
    by_time = defaultdict(list)
    for file in handed:
        by_time[file.time].append(file)
    if len(by_time) > 1 and not all(map(times.order, by_time)):
        raise RefusedError("of several attempts, the time of one cannot be read, so that none is the newest")
    return [by_time[time] for time in sorted(by_time, key=times.order, reverse=True)]


def _by_order(handed):
    """Canvas: all that is there belongs to one attempt, but of a file that was handed in again only the last does.

    Files that are not late are of an earlier attempt than those that are, and the other way round after a new due date.
    """
    handed = sorted(handed, key=lambda file: file.order)
    last, older = {}, [file for file in handed if file.late != handed[-1].late]
    for file in handed:
        if file.late == handed[-1].late:
            name = AGAIN.sub("", file.name)
            older += [last[name]] if name in last else []
            last[name] = file
    return [list(last.values()), *([older] if older else [])]


def candidates(attempt, slug):
    """The files of an attempt that may be the notebook; those that are called as another exercise is, if all are."""
    found = [file for file in attempt if MAY_BE_ONE.search(file.name) and not PACKED.search(file.name)]
    found = [file for file in found if not PLATFORMS_OWN.fullmatch(file.name)]  # above all, nobody's own timestamp.txt
    others = set(slugs()) - {slug}
    found = [file for file in found if file.name.partition(".")[0].lower() not in others] or found
    return sorted(found, key=lambda file: "ipynb" not in file.name.lower())[:MAX_CANDIDATES]


def nothing(theirs):
    """Why there is no notebook in what a student handed in."""
    names = [file.name for file in theirs if not file.text]
    packed = any(map(PACKED.search, names))
    why = "an archive, which is not opened: ask for the notebook itself" if packed else "no notebook"
    return f"handed in {_listed(theirs)}: {why}"


def typed_later(theirs, attempt):
    """Whether a student has typed text into the editor after an attempt."""
    return max(times.order(file.time) for file in theirs) > max(times.order(file.time) for file in attempt)


def where(file):
    """The folder and the name of a file, as the platform gave them: by these it knows whose feedback a page is."""
    *folders, name = file.entry.path.split("/")
    named = [folder for folder in folders if "_assignsubmission_" in folder] or folders[-1:]
    return named[0] if named else "", name
