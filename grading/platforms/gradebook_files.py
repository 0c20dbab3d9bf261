"""`python -m grading export SLUG --canvas FILE`, or --moodle and others: the platform's own file, with the marks in it.

The instructor's own export is read, the cells of one column are filled, and every other byte stays: ids, headers and
read-only columns are the platform's, and it knows its file again. Only numbers are written, never text from students.
"""

import re
import sys
from collections import defaultdict
from pathlib import Path

from grading import exercise, grade, outside, private
from grading.course import slugs
from grading.platforms import gradebook_layouts as layouts
from grading.platforms import table
from grading.platforms.names import platform_name

LISTED = 30  # columns that an error names
NOTHING = ("", "-")  # what a cell without a mark holds
GIVE = f"give it as well, with one of {', '.join(f'--{platform} FILE' for platform in layouts.PLATFORMS)}"
REFUSED = "nothing was written: mend this, or give --partial to write the marks of the others"


def describe(parser):
    """Add the arguments of the command to a parser."""
    for platform, words in layouts.PLATFORMS.items():
        parser.add_argument(f"--{platform}", type=Path, metavar="FILE", help=f"fill a copy of this {words.file}")
    parser.add_argument("--column", metavar="NAME", help="the column to fill, where it is not clear")
    scale = parser.add_mutually_exclusive_group()
    scale.add_argument("--percent", action="store_true", help="write per cent instead of points")
    scale.add_argument("--scale", action="store_true", help="scale the points to the maximum of the column")
    parser.add_argument("--partial", action="store_true", help="write what can be written, although something is amiss")
    parser.add_argument("--missing-zero", action="store_true", help="write 0 for those who handed in nothing")
    parser.add_argument("--output", type=Path, metavar="FILE", help="the file to write (default: beside the other)")


def asked(arguments):
    """The platforms whose files are to be filled; raises ValueError for options about such a file without one."""
    platforms = [platform for platform in layouts.PLATFORMS if getattr(arguments, platform)]
    for option in ("column", "percent", "scale", "missing_zero", "output"):
        if getattr(arguments, option) and not platforms:
            raise ValueError(f"--{option.replace('_', '-')} is about a platform's file: {GIVE}")
    return platforms


def run(arguments, class_, course):
    """Fill the file that was given; return 0, 1 if something needs a human, or 2 if nothing was written.

    `class_` is a marks.Class, `course` nbgrader's CourseDirectory. Raises ValueError with a sentence for a file or a
    column that cannot be used, OSError for what cannot be read or written.
    """
    if len(asked(arguments)) > 1:
        raise ValueError(f"give one file at a time, not --{' and --'.join(asked(arguments))}")
    (platform,) = asked(arguments)
    path = getattr(arguments, platform)
    text, encoding = table.read(path)
    found, layout = layouts.read(text, platform, path.name)
    slug, column = _choice(layout, path, platform, arguments.column, arguments.slugs or list(class_.exercises))
    output = path.with_name(f"{path.stem}-{slug}{path.suffix}")
    if arguments.output:
        output = arguments.output / output.name if arguments.output.is_dir() else arguments.output
    of_exercise = class_.exercises[slug]
    if not of_exercise.marks:
        raise ValueError(f"nobody has a mark for {slug}: mark it first")
    folders, _ = grade.find_submissions(course.format_path(course.submitted_directory, "", "").rstrip("/"), slug)
    rows, amiss = _rows(of_exercise, class_.students, layout, _user_ids(course, slug, folders, platform))
    amiss += [
        f"{student} handed in {slug} and is not marked yet" for student in folders if student not in of_exercise.marks
    ]
    if arguments.percent and platform == "canvas":
        ending, column = "%", column._replace(most=None)  # Canvas takes it for a share of its maximum, whatever that is
    else:
        ending = ""
    factor = _factor(arguments, of_exercise, column)
    said = [f"{path.name} is a {layouts.PLATFORMS[platform].file}; its column {column.title!r} is for {slug}."]
    scale = _about_scale(arguments, of_exercise, column, factor)
    changes, more = _changes(found, layout, column, of_exercise, rows, factor)
    if arguments.missing_zero:
        if amiss:
            raise ValueError(f"--missing-zero would give 0 to some who handed in, as {outside.line(amiss[0])}")
        empty = [row for row in layout.rows if row.at not in set(rows.values())]
        for row in empty:
            if not row.locked and found.value(row.at, column.at) in NOTHING:
                changes[row.at] = 0.0
    comma = _has_comma(found, column)
    cells = {(row, column.at): _number(value, comma) + ending for row, value in changes.items()}
    _say([*said, *scale, *more, *_about_rows(of_exercise, rows, layout, arguments.missing_zero)], amiss)
    if amiss and not arguments.partial:
        print(f"error: {REFUSED}", file=sys.stderr)
        return 2
    _write(output, found.replaced(cells), encoding)
    print(f"Written: {output}, with {len(cells)} marks. Next: {layouts.PLATFORMS[platform].back}.")
    doubtful = [student for student in rows if of_exercise.marks[student].human]
    if doubtful:
        print(
            f"{len(doubtful)} of these marks need a human, as the report says: {', '.join(map(outside.line, doubtful))}"
        )
    return 1 if amiss or doubtful or scale else 0


def _choice(layout, path, platform, asked_for, exercises):
    """The exercise and the Column to fill. Raises ValueError, with the possible columns, if it is not clear."""
    if asked_for:
        columns = [column for column in layout.columns if asked_for in (column.title, column.name)]
        if len(columns) != 1:
            raise ValueError(f"{path.name} has no single column {asked_for!r}; it has these: {_listed(layout.columns)}")
        choices = [(slug, columns[0]) for slug in exercises]
    elif platform == "moodle":  # whose file is of one assignment, and does not say which
        named = _named(path.stem)
        choices = [(slug, layout.columns[0]) for slug in exercises if named in (slug, None) or named not in _known()]
        choices = [choice for choice in choices if choice[0] == named] or choices
        if not choices:
            raise ValueError(
                f"by its name, {path.name} is about {named}, not {' or '.join(exercises)}; if it is not, "
                f"give --column {layout.columns[0].title!r}"
            )
    else:
        choices = [(slug, column) for slug in exercises for column in _columns_of(layout, slug)]
    for_slug = {slug: [column for other, column in choices if other == slug] for slug, _ in choices}
    clear = {slug: columns[0] for slug, columns in for_slug.items() if len(columns) == 1}
    if len(exercises) == 1 and exercises[0] not in clear:
        raise ValueError(
            f"it is not clear which column of {path.name} is for {exercises[0]}; give --column with one of these: "
            f"{_listed(for_slug.get(exercises[0]) or layout.columns)}"
        )
    if len(clear) != 1:
        raise ValueError(
            f"say which exercise it is: python -m grading export SLUG --{platform} {path.name}, "
            f"with SLUG one of {', '.join(exercises)}"
        )
    ((slug, column),) = clear.items()
    if column.refused:
        raise ValueError(f"the column {column.title!r} of {path.name} {column.refused}")
    return slug, column


def _listed(columns):
    titles = [column.title for column in columns]
    more = f", and {len(titles) - LISTED} more" if titles[LISTED:] else ""
    return (" | ".join(titles[:LISTED]) or "it has no column for marks") + more


def _columns_of(layout, slug):
    """The columns that have the name of an exercise, or if none has, those that have it among other words."""
    exact = [column for column in layout.columns if _words(column.name) in _known().get(slug, ())]
    return exact or [column for column in layout.columns if _named(column.name) == slug]


def _named(text):
    """The exercise whose name is among the words of a text, the longest if there are several; None if none is."""
    words = f" {_words(text)} "
    found = [(len(name), slug) for slug, names in _known().items() for name in names if f" {name} " in words]
    return max(found, default=(0, None))[1]


def _known():
    """{slug: the names of that exercise, as words}."""
    return {slug: {_words(slug), _words(exercise.load(slug).title)} for slug in slugs()}


def _words(text):
    return " ".join(re.findall(r"[^\W_]+", text.casefold()))


def _user_ids(course, slug, folders, platform):
    """{student: the id by which this platform knows them}, for those whose work was collected from it."""
    found = {}
    for student, folder in folders.items():
        name = platform_name(course.format_path(course.submitted_directory, folder, slug), slug)
        if name and name.platform == platform:
            found[student] = name.user_id
    return found


def _rows(of_exercise, students, layout, user_ids):
    """{student: row} of those with a mark, and lines about those for whom there is no row, or more than one.

    Nobody is guessed: a row is taken where one of the ids in it is the student's, and no other row has it. The first
    kind of id that fits decides. Names come last, as two people may have the same.
    """
    indices = [defaultdict(set) for _ in range(4)]
    for row in layout.rows:
        for value in row.ids:
            indices[0][outside.student(value)].add(row.at)
            indices[1][value.casefold()].add(row.at)
        indices[2][row.user_id].add(row.at)
        indices[3][layouts.plain(row.name)].add(row.at)
    taken, amiss = defaultdict(list), []
    for student in of_exercise.marks:
        person, found = students[student], set()
        looked_for = [(0, student), (0, person.lms_user_id), (1, student.casefold()), (1, person.email.casefold())]
        looked_for += [(2, user_ids.get(student)), (3, layouts.plain(person.name))]
        for which, value in looked_for:
            rows = indices[which].get(value, set()) if value else set()
            found = (found & rows or found) if found else rows
            if len(found) == 1:
                break
        if len(found) == 1:
            taken[found.pop()].append(student)
        else:
            amiss.append(f"{student} has {f'{len(found)} possible rows' if found else 'no row'} in the file")
    for others in taken.values():
        if len(others) > 1:
            amiss.append(f"{' and '.join(others)} have the same row in the file")
    return {others[0]: row for row, others in taken.items() if len(others) == 1}, amiss


def _factor(arguments, of_exercise, column):
    """What a mark is multiplied by. Raises ValueError where nobody knows to which maximum it is to be scaled."""
    if arguments.percent:
        return 100 / of_exercise.most
    if not arguments.scale:
        return 1.0
    if not column.most:
        raise ValueError(f"the file does not say the maximum of {column.title!r}: use --percent, or no scale")
    return column.most / of_exercise.most


def _about_scale(arguments, of_exercise, column, factor):
    most = of_exercise.most * factor
    if column.most is None or round(most - column.most, 6) == 0:
        return []
    what = "per cent" if arguments.percent else "points"
    return [
        f"The column is out of {column.most:g}, the marks that are written are out of {most:g} {what}; --scale would "
        f"multiply the points by {column.most / of_exercise.most:.4g}."
    ]


def _changes(found, layout, column, of_exercise, rows, factor):
    """{row: number to write}, and lines about cells that stay, or that held another mark."""
    of_row, changes, lines, others = {row.at: row for row in layout.rows}, {}, [], 0
    for student, at in rows.items():
        if len(found.rows[at]) <= column.at:
            raise ValueError(f"line {found.line(at)} of the file ends before {column.title!r}: export the file again")
        held, value = found.value(at, column.at), round(of_exercise.marks[student].points * factor, 2)
        stays = f"the platform says {held}" if held.upper() in layout.kept else of_row[at].locked
        if stays:
            lines.append(f"The cell of {student} stays as it is: {stays}.")
            continue
        others += held not in NOTHING and layouts.number(held) != value
        changes[at] = value
    late = sum(of_exercise.marks[student].penalty > 0 for student, at in rows.items() if at in changes)
    lines += [f"A penalty for being late is taken off {late} of the marks."] if late else []
    lines += [f"{others} of the cells held something else, which is replaced."] if others else []
    above = sum(column.most is not None and value > column.most for value in changes.values())
    lines += [f"{above} of the marks are above the column's maximum."] if above else []
    return changes, lines


def _about_rows(of_exercise, rows, layout, zero):
    empty = len(layout.rows) - len(rows)
    if not empty:
        return []
    what = "get 0 where nothing stands" if zero else "stay as they are"
    return [f"{empty} of {len(layout.rows)} rows have no mark for {of_exercise.slug} here and {what}."]


def _has_comma(found, column):
    """Whether numbers of this file have a decimal comma: those near the mark say so first, then all, then the file."""
    near = [found.value(row, at) for row in range(1, len(found.rows)) for at in (column.at, column.at + 1)]
    for values in (near, [field.value.strip() for row in found.rows for field in row]):
        signs = [match[1] for match in map(re.compile(r"-?\d+([.,])\d+").fullmatch, values) if match]
        if signs:
            return signs.count(",") > signs.count(".")
    return found.separator == ";"


def _number(value, comma):
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return text.replace(".", ",") if comma else text


def _say(said, amiss):
    for line in said:
        print(outside.line(line))
    if amiss:
        print(f"{len(amiss)} need a human:")
        print("\n".join(f"  {outside.line(line)}" for line in amiss))


def _write(path, text, encoding):
    """Write the file; raises ValueError where another one is in its place: it may be the one that was given."""
    if path.exists() and path.read_bytes() != text.encode(encoding):
        raise ValueError(f"{path} is there already: move it away, or give another name with --output")
    private.write(path, text, encoding)
