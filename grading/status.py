"""`python -m grading status`: what the report on the class says, in a line per exercise and nine about the class."""

from grading import marks, outside, report
from grading.course import add_db_option

NAMED = 4  # in a line, at most; the report names all


def describe(parser):
    """Add the arguments of the command to a parser."""
    parser.add_argument("slugs", nargs="*", metavar="SLUG", help="exercises (default: all in the gradebook)")
    add_db_option(parser)
    parser.set_defaults(run=run)


def run(arguments):
    """Print the lines; return 0. Raises ValueError for a class of nobody, or for an exercise that is not known."""
    course = marks.course_at(arguments.db)
    print("\n".join(lines(course, arguments.slugs)))
    print(f"Report: {report.FOLDER / 'index.html'}, written by `python -m grading report`.")
    return 0


def lines(course, slugs=()):
    """The lines about the class of nbgrader's `course`, and all exercises of it or the `slugs`.

    Raises ValueError for a class of nobody, or for an exercise that is not known.
    """
    class_ = marks.read(course, slugs)
    found = [report.of_exercise(class_, one, course) for one in class_.exercises.values()]
    if not class_.students and not any(one["unmarked"] for one in found):
        raise ValueError(report.nobody(course))
    lost = [(row["share"], f"{row['label']} of {_slug(one)}") for one in found for row in one["tests"] if row["lost"]]
    made = [(len(by), title, _slug(one)) for one in found for title, by in one["mistakes"]]
    by_size = sorted(made, key=lambda row: (-row[0], *row[1:]))
    told = {
        "Needs a human": [f"{mark.student} in {_slug(one)}: {mark.human[0]}" for one in found for mark in one["human"]],
        "Late": _who(found, "late"),
        "Not handed in": [f"{student} in {_slug(one)}" for one in found for student in one["absent"]],
        "Not marked yet": [f"{student} in {_slug(one)}" for one in found for student in one["unmarked"]],
        "Tests that cost most": [f"{name} ({100 * share:.0f} %)" for share, name in sorted(lost, reverse=True)],
        "Mistakes made most": [f"{title} ({count} in {slug})" for count, title, slug in by_size],
        "Lost points without a known mistake": _who(found, "unnamed"),
        "Marked without a sandbox": _who(found, "no_sandbox"),
    }
    return [*map(_exercise, found), *(_line(title, some) for title, some in told.items())]


def _exercise(found):
    one, given = found["exercise"], len(found["given"])
    class_ = given + len(found["absent"]) + len(found["unmarked"])
    line = f"{one.slug}: {given} of {class_} marked"
    return f"{line}, {len(found['right'])} right in all parts, median {found['median']:g} of {one.most:g} points."


def _line(title, some):
    more = f"; and {len(some) - NAMED} more" if some[NAMED:] else ""
    return outside.line(f"{title}: {len(some)}. {'; '.join(some[:NAMED])}{more}" if some else f"{title}: none.", 1000)


def _who(found, key):
    return [f"{mark.student} in {_slug(one)}" for one in found for mark in one[key]]


def _slug(found):
    return found["exercise"].slug
