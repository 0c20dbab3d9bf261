"""What became of a submission, as data, and the page that shows it: the same for a class and for a reader alone."""

import os
import re
import sys
import textwrap
from dataclasses import asdict, dataclass, field, replace
from typing import NamedTuple

from markupsafe import Markup, escape

from grading import exercise, outputs, record
from grading.course import COURSE, LANGUAGES
from grading.pages import render
from grading.transplant import WRITTEN_BY_STUDENT
from rnnlib.words import ENGLISH, of_exercise, say, speaking, to_say

# Each state of a check or a part: the sign and the word that show it beside its colour.
STATES = {
    "right": ("✓", to_say("right")),
    "follows": ("✓", to_say("right, given right parts above")),
    "partly": ("◐", to_say("partly right")),
    "undone": ("○", to_say("not done yet")),
    "wrong": ("✗", to_say("wrong")),
    "unmarked": ("·", to_say("not marked")),
    "waiting": ("…", to_say("waits for a mark by hand")),
}
GOOD = ("right", "follows")
UNITS = (
    (86400, to_say("{} day"), to_say("{} days")),
    (3600, to_say("{} hour"), to_say("{} hours")),
    (60, to_say("{} minute"), to_say("{} minutes")),
    (1, to_say("{} second"), to_say("{} seconds")),
)
VISIBLE = re.compile(r"^exercise\.run\(check_(\w+)\)", re.MULTILINE)
# Where this machine keeps the course, its owner's files and Python, which is not for students to read in a traceback.
PLACES = {os.path.expanduser("~"), sys.prefix, sys.base_prefix, os.path.realpath(sys.prefix), str(COURSE)}
PLACES -= {"", "~", "/", "/usr", "/usr/local"}  # on these, machines are alike
PLACE = re.compile(rf"(?<![\w.-])(?:{'|'.join(map(re.escape, sorted(PLACES, key=len, reverse=True)))})(?![\w.-])")
MAX_PRINTED = 2000  # characters of what a function printed while it was checked
AS_WRITTEN = "source", "figures", "attachments", "pictures"  # keys of what a student wrote or drew


@dataclass(frozen=True)
class Mistake:
    """A mistake that was recognised, once, however many checks it fails."""

    told: str  # the sentence that names it
    hint: str  # empty if there is none
    cost: float  # points
    parts: list  # titles of the parts in which it was seen


@dataclass(frozen=True)
class Check:
    """A test cell, and what came of it."""

    label: str  # grade_id
    title: str
    hidden: bool
    points: float
    most: float
    state: str  # a key of STATES
    headline: str = ""  # what was seen, in one line; empty if it is right
    details: list = field(default_factory=list)  # the other lines of that
    facts: list = field(default_factory=list)  # [what it is, text]: the call, what came back, what is asked for
    remarks: list = field(default_factory=list)
    mistake: int = 0  # its number in Results.mistakes, from 1 on; 0 if none was recognised
    given: list = field(default_factory=list)  # names of the right functions with which it is right
    printed: str = ""  # what the student's functions printed


@dataclass(frozen=True)
class Part:
    """A section of the notebook with points."""

    title: str
    points: float
    most: float
    state: str  # a key of STATES
    checks: list
    comments: list  # what an instructor wrote
    sections: list  # [title, address] of sections of the book to read again; no address without a site


class Marks(NamedTuple):
    """What a gradebook says of a submission."""

    checks: dict  # grade_id of a cell with points -> (points, most); without those that wait for a mark by hand
    comments: dict  # grade_id of an answer cell -> what an instructor wrote
    points: float  # after the penalty
    most: float
    late: float = 0.0  # seconds after the due date, which an extension moves
    extension: float = 0.0  # seconds
    penalty: float = 0.0  # points
    lost: bool = False  # whether a check has lost points, which extra credit does not give back


@dataclass(frozen=True)
class Results:
    """What became of one submission; asdict makes it what JSON can hold."""

    slug: str
    title: str
    points: float
    most: float
    penalty: float  # for being late; it is taken from the points already
    problem: str  # why nothing was marked; empty if something was
    notes: list  # what was unusual in what was handed in and cost nothing
    mistakes: list
    parts: list
    cells: list  # the student's own cells as they ran: dicts with title, kind, source, texts, figures and so on
    seed: int | None
    sandbox: str
    late: float = 0.0  # seconds after the due date, which an extension moves
    extension: float = 0.0  # seconds
    costs: list = field(default_factory=list)  # what was unusual and may have cost points; empty if none were lost
    language: str = ENGLISH


def results(notebook, task, marks=None):
    """The Results of a notebook of the exercise `task` that execute has run, with the Marks of a gradebook if given."""
    with speaking(task.language):
        return _results(notebook, task, marks)


def _results(notebook, task, marks):
    noted = record.of(notebook) or record.Record("", (), "", "")  # an older grader may have marked it
    placed, checks = in_parts(notebook["cells"]), {}
    for title, cell in placed:
        if exercise.is_test(cell):
            check = _check(cell, noted, marks.checks if marks else {})
            checks.setdefault(title, []).append((check, outputs.failure_of(cell)))
        elif exercise.is_by_hand(cell) and cell["metadata"]["nbgrader"]["points"]:
            check = _check_by_hand(cell, noted, marks.checks if marks else {}, task)
            checks.setdefault(title, []).append((check, None))
    checks, mistakes = _with_mistakes(checks)
    comments = marks.comments if marks else {}
    parts = [_part(title, of_part, placed, task, comments) for title, of_part in checks.items()]
    points, most = sum(part.points for part in parts), sum(part.most for part in parts)
    marks = marks or Marks({}, {}, points, most, lost=points < most)
    return Results(
        slug=task.slug,
        title=task.title,
        points=marks.points,
        most=marks.most,
        penalty=marks.penalty,
        problem=noted.problem,
        notes=[] if noted.problem else [*noted.notes, *([] if marks.lost else noted.costs)],
        mistakes=mistakes,
        parts=parts,
        cells=[_own(cell, title, comments) for title, cell in placed if _is_students(cell, task)],
        seed=noted.seed,
        sandbox=noted.sandbox,
        late=marks.late,
        extension=marks.extension,
        costs=list(noted.costs) if marks.lost and not noted.problem else [],
        language=task.language,
    )


def page(found, for_yourself=False, markdown=None):
    """The page of feedback that shows Results, as a text of HTML.

    `markdown` makes HTML that is safe to show of a student's text and its attachments; without it, the text is shown as
    it was written.
    """
    words = {
        "of": _of,
        "late": _late,
        "states": STATES,
        "good": GOOD,
        "prose": _prose,
        "amount": amount,
        "duration": duration,
    }
    with speaking(found.language):
        return render(
            "feedback.html.jinja",
            found=without_places(asdict(found)),
            for_yourself=for_yourself,
            markdown=markdown,
            **words,
        )


def without_places(found):
    """Strings, in lists and dictionaries, with three dots for PLACES; what a student wrote or drew is left as it is."""
    if isinstance(found, dict):
        return {key: part if key in AS_WRITTEN else without_places(part) for key, part in found.items()}
    if isinstance(found, list):
        return [without_places(part) for part in found]
    return PLACE.sub("...", found) if isinstance(found, str) else found


def _of(points, most):
    return say("{:g} of {}").format(points, amount(most))


def _late(found):
    """How late it was, and what that cost."""
    said = say("It was handed in {} late").format(duration(found["late"]))
    if found["extension"]:
        said = say("{}, after an extension of {}").format(said, duration(found["extension"]))
    if not found["penalty"]:
        return say("{}; no points were taken off.").format(said)
    taken = say("{}; {} was taken off.") if found["penalty"] == 1 else say("{}; {} were taken off.")
    return taken.format(said, amount(found["penalty"]))


def amount(points):
    """A number of points in words."""
    return (say("{:g} point") if points == 1 else say("{:g} points")).format(points)


def duration(seconds):
    """A length of time in words, in its two largest units."""
    left, words = round(seconds), []
    for size, one, several in UNITS:
        number, left = divmod(left, size)
        words += [say(one if number == 1 else several).format(number)] if number else []
    return " ".join(words[:2]) or say("{} seconds").format(0)


def in_parts(cells):
    """(heading of its part, cell) for all cells but the one in which the grader says what it noted."""
    found, heading = [], ""
    for cell in cells:
        heading = _heading(cell) or heading
        found += [(heading, cell)] if cell.get("id") != "about-this-submission" else []
    return found


def _is_students(cell, task):
    by_hand = exercise.is_by_hand(cell) and not _is_blank(cell, task)
    return by_hand or exercise.is_answer(cell) or WRITTEN_BY_STUDENT in cell["metadata"]


def _is_blank(cell, task):
    """Whether a cell that a human marks is as it was released."""
    return cell["source"] == task.released[exercise.grade_id(cell)]


def _heading(cell):
    """The heading of the part that goes on below this cell; empty if the cell begins none."""
    if cell["cell_type"] != "markdown" or WRITTEN_BY_STUDENT in cell["metadata"]:
        return ""
    found = re.findall(r"^## (.*)$", cell["source"], re.MULTILINE)
    return found[-1].strip() if found else ""


def _check(cell, noted, grades):
    label, most = exercise.grade_id(cell), cell["metadata"]["nbgrader"]["points"]
    points, most = grades.get(label, (_points(cell, most), most))
    failure = outputs.failure_of(cell)
    given = (noted.follows or {}).get(label, [])
    hidden, visible = _hidden(cell["source"]), VISIBLE.search(cell["source"])
    told = _told(failure) if failure and points < most else {}
    return Check(
        label=label,
        title=hidden or (say("The check of {} in the notebook").format(visible[1]) if visible else label),
        hidden=bool(hidden),
        points=points,
        most=most,
        state=_state(points, most, noted.problem, failure, given),
        given=list(given),
        printed=_printed(cell) if told else "",
        **told,
    )


def _hidden(source):
    """What a hidden test is called, by its first line that says what it is about; an empty text for another test."""
    for line in re.findall(r"^# (.*)$", source, re.MULTILINE):
        template, about = exercise.hidden_checks(line)
        if template:
            return say(exercise.HIDDEN_CHECKS[template]).format(about)
    return ""


def _check_by_hand(cell, noted, grades, task):
    """As _check, for a cell that a human marks: it waits for that unless `grades` has its points."""
    label, most = exercise.grade_id(cell), cell["metadata"]["nbgrader"]["points"]
    points, most = grades.get(label, (0.0, most))
    if label in grades and (points or not _is_blank(cell, task)):
        state = _state(points, most, noted.problem, None)
    else:
        state = "unmarked" if noted.problem else "undone" if _is_blank(cell, task) else "waiting"
    return Check(label=label, title=say("What a human marks"), hidden=False, points=points, most=most, state=state)


def _told(failure):
    """What a Check says of a Failure."""
    call = say("in the call {}").format("")  # how a line begins that names the call in which a function stopped
    calls = [["called", line.removeprefix(call)] for line in failure.seen if line.startswith(call)]
    headline, details = _split([line for line in failure.seen if not line.startswith(call)] or failure.seen)
    facts = [*calls, *map(list, failure.facts)]
    return {"headline": headline, "details": details, "facts": facts, "remarks": list(failure.remarks)}


def _points(cell, most):
    """The points of a test cell by its outputs, as nbgrader counts them."""
    if any(output["output_type"] == "error" for output in cell["outputs"]):
        return 0.0
    partial = [output for output in cell["outputs"] if output["output_type"] == "execute_result"]
    return float(partial[-1]["data"]["text/plain"]) if partial else float(most)


def _state(points, most, problem, failure, given=()):
    if problem:
        return "unmarked"
    if points >= most:
        return "follows" if given else "right"
    if points > 0:
        return "partly"
    return "undone" if failure and failure.undone else "wrong"


def _split(seen):
    """What was seen in one line, and the other lines: of an error with a traceback, the error itself comes first."""
    first, *others = seen
    if others and first.startswith(("Traceback", "  File", "File")):
        frame = max((i for i, line in enumerate(seen) if line.lstrip().startswith("File ")), default=0)
        at = next((i for i in range(frame, len(seen)) if i and not seen[i].startswith((" ", "File "))), 0)
        return say("It stops with {}").format(seen[at]), [line for i, line in enumerate(seen) if i != at]
    return first, textwrap.dedent("\n".join(others)).splitlines()


def _printed(cell):
    """What the student's functions printed in a test, without what the grader says of it."""
    texts = [output["text"] for output in cell["outputs"] if output["output_type"] == "stream"]
    return "".join(map("".join, texts))[:MAX_PRINTED]


def _with_mistakes(checks):
    """{title of a part: its Checks, each with the number of its mistake}, and the Mistakes as they were met.

    `checks` maps a title to pairs of a Check and its Failure. A visible check knows no names. One that fails beside a
    hidden check whose mistake has a name is put down to that: both look at the same functions.
    """
    numbers, numbered = {}, {}  # of (sentence, hint)
    for title, of_part in checks.items():
        named = {
            check.label: numbers.setdefault((failure.mistake, failure.hint), len(numbers) + 1)
            for check, failure in of_part
            if check.headline and failure.mistake
        }
        first = next(iter(named.values()), 0)
        numbered[title] = [
            replace(check, mistake=named.get(check.label, 0 if check.hidden else first)) if check.headline else check
            for check, _ in of_part
        ]
    return numbered, [_mistake(*told, number, numbered) for told, number in numbers.items()]


def _mistake(told, hint, number, checks):
    lost = [(title, check) for title, of_part in checks.items() for check in of_part if check.mistake == number]
    cost = sum(check.most - check.points for _, check in lost)
    return Mistake(told, hint, cost, list(dict.fromkeys(title for title, _ in lost)))


def _part(title, checks, placed, task, comments):
    of_part = [cell for heading, cell in placed if heading == title]
    answers = [cell for cell in of_part if exercise.is_answer(cell) or exercise.is_by_hand(cell)]
    named = [task.sections.get(exercise.grade_id(cell)) for cell in answers]
    sections = [section for i, section in enumerate(named) if section and section not in named[:i]]
    return Part(
        title=title,
        points=sum(check.points for check in checks),
        most=sum(check.most for check in checks),
        state=_state_of_part([check.state for check in checks]),
        checks=checks,
        comments=[comments[exercise.grade_id(cell)] for cell in answers if exercise.grade_id(cell) in comments],
        sections=[_section(chapter, section, task) for chapter, section in sections],
    )


def _state_of_part(states):
    if len(set(states)) == 1:
        return states[0]
    if set(states) <= set(GOOD):
        return "right"
    return "partly" if {"partly", *GOOD} & set(states) else "wrong"


def _section(chapter, title, task):
    """The title of a section and its address, which is empty unless the notebook knows where the site is."""
    site = task.notebook["metadata"].get("course", {}).get("site", "")
    folder = f"{LANGUAGES[task.language]}/" if task.language in LANGUAGES else ""
    # The translated page knows the section by its English title, too.
    address = f"{site}{folder}{chapter}.html#{anchor(title)}" if site else ""
    return [of_exercise(task.slug, title), address]


def anchor(title):
    """The name by which a page of the book knows the section with this title."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")


def _own(cell, heading, comments):
    """A cell of the student's own with what it printed, drew and raised."""
    texts, figures = [], []
    for output in cell.get("outputs", []):
        if output["output_type"] == "stream":
            texts.append("".join(output["text"]))
        elif output["output_type"] == "error":
            texts.append("\n".join(output["traceback"]))
        elif "image/png" in output.get("data", {}):
            figures.append("".join(output["data"]["image/png"]))
    own = {"title": heading, "source": cell["source"], "texts": texts, "figures": figures}
    own["kind"] = "answer" if exercise.is_answer(cell) else cell["cell_type"]
    own["pictures"] = {name: form for name, forms in cell.get("attachments", {}).items() for form in forms.items()}
    # Where there are points, the comment is shown with the part.
    seen = exercise.is_by_hand(cell) and not cell["metadata"]["nbgrader"]["points"]
    own["comment"] = comments.get(exercise.grade_id(cell)) if seen else None
    return own


def _prose(text):
    """A sentence of ours as HTML, with `code` set as code; nothing else in it is markup."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return escape(text)
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if i % 2 else escape(part) for i, part in enumerate(parts)
    )
