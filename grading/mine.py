"""`python -m grading mine`: mark one notebook for whoever wrote it, without a class, a gradebook or a configuration."""

import argparse
import secrets
import sys
import unicodedata
from pathlib import Path

from grading import exercise, feedback, intake, outside
from grading.course import COURSE, slugs
from grading.execute import Settings, execute
from grading.remote import SandboxError
from grading.transplant import rebuild
from rnnlib.words import say, speaking

EVERYWHERE = {"set-up", "progress", "by-hand"}  # labels that tell no exercise from another
ENOUGH = 0.5  # of the labelled cells of an exercise make a notebook one of it


def describe(parser):
    """Add the arguments of the command to a parser."""
    parser.add_argument("notebook", type=Path, metavar="FILE.ipynb", help="the notebook with your answers")
    parser.add_argument(
        "--output", type=Path, metavar="PATH", help="the page, or its folder (default: beside the file)"
    )
    parser.add_argument("--seed", type=int, metavar="N", help="the seed of an earlier run, to draw its numbers again")
    parser.set_defaults(run=run)


def main(arguments):
    """Run the command; return 0, or 2 if nothing could be marked."""
    parser = argparse.ArgumentParser(prog="python -m grading mine", description="Mark a notebook of your own.")
    describe(parser)
    try:
        return run(parser.parse_args(arguments))
    except (ValueError, OSError, SandboxError, intake.NotReadError) as error:
        print(f"error: {outside.line(str(error), 1000)}", file=sys.stderr)
        return 2


def run(arguments):
    """Mark the notebook, print its points, write the page of feedback; return 0.

    Raises ValueError or OSError with a sentence that says what to do for what is no notebook of an exercise.
    """
    page = _page(arguments.notebook, arguments.output)  # before the minute that marking may take
    submission = _read(arguments.notebook)
    slug = exercise_of(submission.cells, arguments.notebook.name)
    seed = secrets.randbelow(2**32) if arguments.seed is None else arguments.seed
    found = mark(slug, submission, Settings(seed, _has_sandbox()))
    page.write_text(feedback.page(found, for_yourself=True), encoding="utf-8")
    print(table(found))
    if found.sandbox == "none":
        print("Your code ran outside a sandbox, with your own rights: bubblewrap is missing here, or cannot start.")
    print(f"A mark for yourself, on numbers drawn with the seed {seed}. The page: {page}")
    return 0


def mark(slug, submission, settings, **bench):
    """The feedback.Results of an intake.Submission to an exercise; `bench`, if given, is what it runs on."""
    task = exercise.load(slug, submission.language)
    return feedback.results(execute(rebuild(task, submission), task, settings, **bench), task)


def exercise_of(cells, name="this notebook"):
    """The exercise that the cells of a notebook belong to, by their labels or, where those were lost, by their text.

    Raises ValueError if they belong to none, or to several; `name` is that of the file.
    """
    labels, texts, found = {cell.grade_id for cell in cells}, {cell.source.strip() for cell in cells}, []
    for _ in range(2):
        share, slug = max((_share(slug, labels, texts), slug) for slug in slugs())
        if share >= ENOUGH:
            found.append(slug)
            released = _released(slug)  # some labels are used in two exercises
            labels, texts = labels - set(released), texts - {source.strip() for source in released.values()}
    if not found:
        raise ValueError(
            f"{name} holds no exercise of this course: give a notebook in which you filled in one of them, such as "
            f"{slugs()[-1]}.ipynb"
        )
    if len(found) > 1:
        raise ValueError(
            f"{name} holds cells of {' and '.join(found)}: keep one exercise in a file, and mark each by itself"
        )
    return found[0]


def table(found):
    """The points of each part and in all, and the mistakes, as lines of text."""
    with speaking(found.language):
        return _table(found)


def _table(found):
    rows = [(say("part"), say("points"), "")]
    rows += [(p.title, say("{:g} of {:g}").format(p.points, p.most), _in_words(p)) for p in found.parts]
    rows.append((say("all"), say("{:g} of {:g}").format(found.points, found.most), ""))
    widths = [max(_width(row[i]) for row in rows) for i in range(2)]
    lines = [found.title, "", *(_row(row, widths) for row in rows), ""]
    for mistake in found.mistakes:
        lines += [
            say("{} It cost {}.").format(mistake.told, feedback.amount(mistake.cost)),
            *filter(None, [mistake.hint]),
            "",
        ]
    return "\n".join(lines)


def _row(row, widths):
    part, points, state = row
    left, right = (" " * (width - _width(text)) for text, width in zip(row, widths, strict=False))
    return f"  {part}{left}  {right}{points}  {state}".rstrip()


def _width(text):
    """The columns that a text takes in a terminal, where a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def _in_words(part):
    return say(feedback.STATES[part.state][1])


def _share(slug, labels, texts):
    """The part of the labelled cells of an exercise that are among those with these labels or these texts."""
    released = _released(slug)
    return sum(label in labels or source.strip() in texts for label, source in released.items()) / len(released)


def _released(slug):
    """{grade_id: source} of the cells that students get, without those that are alike in many exercises."""
    cells = exercise.read(COURSE / "exercises" / slug / f"{slug}.ipynb")["cells"]
    found = {exercise.grade_id(cell): cell["source"] for cell in cells if exercise.grade_id(cell)}
    return {label: source for label, source in found.items() if label not in EVERYWHERE}


def _page(notebook, output):
    """Where the page of feedback goes. Raises ValueError for a place where no page can be written."""
    page = output or notebook.with_name(f"{notebook.stem}-feedback.html")
    if page.is_dir():
        page = page / f"{notebook.stem}-feedback.html"
    if page.suffix != ".html" or not page.parent.is_dir():
        raise ValueError(f"no page can be written to {page}: give a folder that there is, or a name that ends in .html")
    return page


def _read(path):
    """The intake.Submission in a notebook file. Raises ValueError or OSError for what is no notebook."""
    if not path.is_file():
        raise ValueError(
            f"there is no file {path}: give the notebook that you filled in, such as Downloads/two-step.ipynb"
        )
    try:
        return intake.submission(path.resolve())  # a link of your own may be followed
    except ValueError as error:
        raise ValueError(f"{error}; give the .ipynb file that Jupyter has saved") from None


def _has_sandbox():
    from grading import sandbox  # a browser, which marks by what is above, starts no process

    try:
        sandbox.ensure_available()
    except SandboxError:
        return False
    return True
