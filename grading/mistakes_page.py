"""The kill matrix: every known answer goes through the grader, and what each costs becomes pages of the book."""

import tempfile
from pathlib import Path

from grading import exercise, grade, record
from grading.answers import known_answers, solution
from grading.course import COURSE, put, slugs
from grading.pages import render
from grading.sample_class import notebook_with
from rnnlib.words import ENGLISH, close_up, speaking, to_say

PAGE = COURSE / "book" / "mistakes.md"
DEFAULT = to_say("Can you say why, in your own words?")  # once a student has read the hint
OF_EXERCISES = COURSE / "book" / "mistakes"  # one page per exercise: the table of contents takes all that are here


def kill_matrix(slug, settings, workers=1):
    """Hand in and mark every known answer; yield the answer, and the grade_ids of the tests that it failed.

    They come as two sets: those that cost it points, and those that did not, being right given right parts above.
    """
    known = {answer.name: answer for answer in known_answers(slug)}
    for name, notebook in mark_answers(slug, {name: a.cells for name, a in known.items()}, settings, workers):
        yield known[name], lost(notebook), set(record.of(notebook).follows)


def mark_answers(slug, answers, settings, workers=1):
    """Hand in answers, {name: source by grade_id}, and yield each name with the notebook as the grader leaves it."""
    with tempfile.TemporaryDirectory() as root:
        jobs = []
        for name, cells in answers.items():
            folder = Path(root, name)
            folder.mkdir()
            (folder / f"{slug}.ipynb").write_text(notebook_with(slug, cells), encoding="utf-8")
            jobs.append(grade.Job(slug, name, str(folder), settings))
        for marked in grade.mark_all(jobs, workers):
            yield marked.student, marked.notebook


def lost(notebook):
    """The grade_ids of the tests of an executed notebook that gave no points."""
    return {
        exercise.grade_id(cell)
        for cell in notebook["cells"]
        if exercise.is_test(cell) and any(output["output_type"] == "error" for output in cell["outputs"])
    }


def write(some=None):
    """Write the pages of the book, and delete those of exercises that are no more; return the paths of those written.

    Of the pages about one exercise, those of `some` are written, or all; the one that lists them has numbers of each.
    """
    OF_EXERCISES.mkdir(exist_ok=True)
    for path in OF_EXERCISES.glob("*.md"):
        if path.stem not in slugs():
            path.unlink()
    found = pages(some)
    for path, text in found.items():
        put(path, text)
    return list(found)


def pages(some=None, language=ENGLISH):
    """The text of each page, {path: text}: one for every exercise, or for `some`, and the page that lists them all.

    In another language, they have the words of its catalogues; what is not translated there is English.
    """
    with speaking(language):
        exercises = [summary(exercise.load(slug, language)) for slug in slugs()]
        found = {PAGE: close_up(render("mistakes.md.jinja", exercises=exercises, literal=_literal))}
        for each in exercises:
            if some is not None and each["slug"] not in some:
                continue
            words = _words(each["slug"], language)
            path = OF_EXERCISES / f"{each['slug']}.md"
            text = render(
                "mistakes_of.md.jinja",
                exercise=each,
                literal=_literal,
                default=DEFAULT,
                told=lambda text, words=words: words.get(text, text),
            )
            found[path] = close_up(text)
    return found


def _words(slug, language):
    """{text of answers.toml: its translation}."""
    if language == ENGLISH:
        return {}
    from grading import catalogues  # which imports Babel

    return catalogues.translations(catalogues.path(slug, language), language)


def summary(task):
    """What the pages say about one exercise."""
    known = known_answers(task.slug)
    wrong = [answer for answer in known if not answer.right]
    return {
        "slug": task.slug,
        "title": task.title,
        "points": task.points,
        "right": len(known) - len(wrong),
        "wrong": len(wrong),
        "parts": _by_part(task, wrong),
        "sections": task.sections,
    }


def _by_part(task, wrong):
    """The wrong answers by the cell that is wrong, as the notebook has them, and in it by the tests that they fail.

    A list for one cell would repeat the tests in every row: a few combinations of tests serve dozens of mistakes.
    """
    right = solution(task.slug).cells
    points = {
        exercise.grade_id(cell): cell["metadata"]["nbgrader"]["points"]
        for cell in task.notebook["cells"]
        if exercise.is_test(cell)
    }
    parts = {label: {} for label in right}
    for answer in wrong:
        first = next(label for label in right if answer.cells[label] != right[label])
        parts[first].setdefault((answer.lost, answer.follows), []).append(answer)
    return [
        {"label": label, "groups": [_group(*tests, answers, points) for tests, answers in groups.items()]}
        for label, groups in parts.items()
        if groups
    ]


def _group(lost, follows, answers, points):
    cost = sum(points[label] for label in lost)
    alone = cost + sum(points[label] for label in follows)
    return {"lost": lost, "follows": follows, "answers": answers, "cost": cost, "alone": alone}


def _literal(text):
    """Prose that a table of MyST shows unchanged: characters that would be markup are escaped, except in code."""
    parts = text.split("`")
    for place in range(0, len(parts), 2):
        for character in "\\*_$<[{":
            parts[place] = parts[place].replace(character, f"\\{character}")
    return "`".join(parts).replace("|", "\\|")
