"""`python -m grading export SLUG --canvas FILE`, or --moodle and others: the platform's own file, with the marks in it.

The instructor's own export is read, the cells of one column are filled, and every other byte stays: ids, headers and
read-only columns are the platform's, and it knows its file again. Only numbers are written, never text from students.
"""

import re
import sys
from pathlib import Path
from typing import NamedTuple

from grading import exercise, grade, marks, outside, private
from grading.course import slugs
from grading.platforms import gradebook_layouts as layouts
from grading.platforms import matching, table
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
    task = _task(arguments, class_)
    rows, amiss = _rows(task, class_.students, course)
    changes, lines = _changes(task, rows)
    if arguments.missing_zero:
        changes |= _zeros(task, rows, amiss)
    for line in [*_about(task, arguments), *lines, *_about_rows(task, rows, arguments.missing_zero)]:
        print(outside.line(line))
    if amiss:
        print(f"{len(amiss)} need a human:")
        print("\n".join(f"  {outside.line(line)}" for line in amiss))
    if amiss and not arguments.partial:
        print(f"error: {REFUSED}", file=sys.stderr)
        return 2
    _write(task, changes)
    doubtful = [outside.line(student) for student in rows if task.exercise.marks[student].human]
    if doubtful:
        print(f"{len(doubtful)} of these marks need a human, as the report says: {', '.join(doubtful)}")
    return 1 if amiss or doubtful or task.is_off_scale else 0


class _Task(NamedTuple):
    """What is to be filled with which marks."""

    platform: str
    encoding: str
    table: table.Table
    layout: layouts.Layout
    column: layouts.Column
    exercise: marks.Exercise
    factor: float  # by which points are multiplied
    ending: str  # after each number
    output: Path

    @property
    def is_off_scale(self):
        """Whether the marks that are written have another maximum than the column, as far as one can tell."""
        most = None if self.ending else self.column.most  # Canvas takes per cent as a share of any maximum
        return most is not None and abs(self.exercise.most * self.factor - most) > 1e-6


def _task(arguments, class_):
    if len(asked(arguments)) > 1:
        raise ValueError(f"give one file at a time, not --{' and --'.join(asked(arguments))}")
    (platform,) = asked(arguments)
    path = getattr(arguments, platform)
    text, encoding = table.read(path)
    found, layout = layouts.read(text, platform, path.name)
    slug, column = _choice(layout, path, platform, arguments.column, arguments.slugs or list(class_.exercises))
    if not class_.exercises[slug].marks:
        raise ValueError(f"nobody has a mark for {slug}: mark it first")
    output = path.with_name(f"{path.stem}-{slug}{path.suffix}")
    if arguments.output:
        output = arguments.output / output.name if arguments.output.is_dir() else arguments.output
    factor = _factor(arguments, class_.exercises[slug], column)
    ending = "%" if arguments.percent and platform == "canvas" else ""
    return _Task(platform, encoding, found, layout, column, class_.exercises[slug], factor, ending, output)


def _choice(layout, path, platform, asked_for, exercises):
    """The exercise and the Column to fill. Raises ValueError, with the possible columns, if it is not clear."""
    if asked_for:
        columns = [column for column in layout.columns if asked_for in (column.title, column.name)]
        if len(columns) != 1:
            raise ValueError(f"{path.name} has no single column {asked_for!r}; it has these: {_listed(layout.columns)}")
        choices = [(slug, columns[0]) for slug in exercises]
    elif platform == "moodle":  # whose file is of one assignment, and does not say which
        named = _named(path.stem)
        choices = [(slug, layout.columns[0]) for slug in exercises if named in (slug, None)]
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
            f"{_listed(for_slug.get(exercises[0]) or _columns_like(layout, exercises[0]) or layout.columns)}"
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
    """The columns that are called as an exercise is."""
    return [column for column in layout.columns if _words(column.name) in _known().get(slug, ())]


def _columns_like(layout, slug):
    """The columns that have the name of an exercise among other words: whether they are meant, a human is asked."""
    return [column for column in layout.columns if _named(column.name) == slug]


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


def _rows(task, students, course):
    """{student: number of the row} of those with a mark, and lines about those who have none, or no row."""
    slug, user_ids = task.exercise.slug, {}
    folders, _ = grade.find_submissions(course.format_path(course.submitted_directory, "", "").rstrip("/"), slug)
    for student, folder in folders.items():
        name = platform_name(course.format_path(course.submitted_directory, folder, slug), slug)
        if name and name.platform == task.platform:
            user_ids[student] = name.user_id
    found, lines = matching.rows_of(students, task.layout.rows, user_ids)
    marked = task.exercise.marks
    amiss = dict.fromkeys(lines[student] for student in marked if student in lines)
    amiss |= dict.fromkeys(
        f"{student} handed in {slug} and is not marked yet" for student in folders if student not in marked
    )
    return {student: found[student] for student in marked if student in found}, list(amiss)


def _factor(arguments, of_exercise, column):
    """What a mark is multiplied by. Raises ValueError where nobody knows to which maximum it is to be scaled."""
    if arguments.percent:
        return 100 / of_exercise.most
    if not arguments.scale:
        return 1.0
    if not column.most:
        raise ValueError(f"the file does not say the maximum of {column.title!r}: use --percent, or no scale")
    return column.most / of_exercise.most


def _about(task, arguments):
    """Lines about the file, the column and its maximum."""
    file, most = layouts.PLATFORMS[task.platform].file, task.column.most
    lines = [f"This is a {file}; its column {task.column.title!r} is for {task.exercise.slug}."]
    if task.is_off_scale:
        lines.append(
            f"The column is out of {most:g}, the marks that are written are out of {task.exercise.most * task.factor:g}"
            f"{' per cent' if arguments.percent else ' points'}; --scale would multiply the points by "
            f"{most / task.exercise.most:.4g}."
        )
    return lines


def _changes(task, rows):
    """{row: number to write}, and lines about cells that stay, or that held another mark."""
    at, of_row, changes, lines, others = task.column.at, {row.at: row for row in task.layout.rows}, {}, [], 0
    for student, row in rows.items():
        if len(task.table.rows[row]) <= at:
            line = task.table.line(row)
            raise ValueError(f"line {line} of the file ends before {task.column.title!r}: export the file again")
        held, value = task.table.value(row, at), round(task.exercise.marks[student].points * task.factor, 2)
        stays = f"the platform says {held}" if held.upper() in task.layout.kept else of_row[row].locked
        if stays:
            lines.append(f"The cell of {student} stays as it is: {stays}.")
            continue
        others += held not in NOTHING and layouts.number(held) != value
        changes[row] = value
    late = sum(task.exercise.marks[student].penalty > 0 for student, row in rows.items() if row in changes)
    lines += [f"A penalty for being late is taken off {late} of the marks."] if late else []
    lines += [f"{others} of the cells held something else, which is replaced."] if others else []
    most = task.column.most if not task.ending else None
    above = sum(most is not None and value > most for value in changes.values())
    lines += [f"{above} of the marks are above the column's maximum."] if above else []
    return changes, lines


def _zeros(task, rows, amiss):
    """{row: 0} for those who handed in nothing; raises ValueError while some who did have no row, or no mark."""
    if amiss:
        raise ValueError(f"--missing-zero would give 0 to some who handed in, as {outside.line(amiss[0])}")
    filled, at = set(rows.values()), task.column.at
    empty = [row for row in task.layout.rows if row.at not in filled and not row.locked]
    return {
        row.at: 0.0 for row in empty if len(task.table.rows[row.at]) > at and task.table.value(row.at, at) in NOTHING
    }


def _about_rows(task, rows, zero):
    empty = len(task.layout.rows) - len(rows)
    if not empty:
        return []
    what = "get 0 where there is nothing" if zero else "stay as they are"
    return [f"{empty} of {len(task.layout.rows)} rows have no mark for {task.exercise.slug} here and {what}."]


def _write(task, changes):
    """Write the file; raises ValueError where another one is in its place: it may be the one that was given."""
    comma = _has_comma(task.table, task.column)
    cells = {(row, task.column.at): _number(value, comma) + task.ending for row, value in changes.items()}
    text, path = task.table.replaced(cells), task.output
    if path.exists() and path.read_bytes() != text.encode(task.encoding):
        raise ValueError(f"{path} is there already: move it away, or give another name with --output")
    private.write(path, text, task.encoding)
    print(f"Written: {path}, with {len(cells)} marks. Next: {layouts.PLATFORMS[task.platform].back}.")


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
