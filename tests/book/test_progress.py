"""How far a reader has come: the page of all exercises, the ticks in the contents, what a new release takes over."""

import json

import pytest
from browser import DESK, HTML, ROOT, START, watched
from test_lite import served

from grading.course import slugs
from grading.exercise import load

OVERVIEW = "exercises.html"
NAMES = "all => all.map(each => each.dataset.exercise)"
KEEP = "([slug, notebook]) => files.setItem(`${slug}.ipynb`, asFile(slug, notebook))"
KEPT = "slug => files.getItem(`${slug}.ipynb`).then(file => file?.content)"
NOTEBOOK = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def cell(name, source, metadata=None):
    return {"id": name, "cell_type": "code", "source": source, "metadata": metadata or {}}


@pytest.fixture
def page(chromium, site):
    """The page of all exercises, as a reader sees it who has done nothing yet."""
    with chromium.new_context(viewport=DESK) as context:
        page = watched(context.new_page(), site)
        page.set_default_timeout(START)
        page.goto(site + OVERVIEW)
        yield page
        assert page.left_the_host == page.errors == []


def row(page, slug):
    """What the table says of an exercise, cell by cell."""
    return page.locator(f"tr:has([data-exercise={slug}]) td").all_inner_texts()


def test_every_exercise_is_listed_with_what_it_takes_and_gives(page):
    assert (
        sorted(page.locator(".exercise-state").evaluate_all("all => all.map(each => each.dataset.exercise)")) == slugs()
    )
    for slug in slugs():
        exercise = load(slug)
        title, state, _, minutes, points = row(page, slug)
        about = exercise.notebook["cells"][0]["source"]
        assert about.startswith(f"# {title}\n")
        assert f"**Time.** {minutes} minutes." in about
        assert int(points) == exercise.points
        assert state == "not begun"


def test_the_title_of_an_exercise_leads_to_it(page):
    for link in page.locator("tr:has(.exercise-state) td:first-child a").all():
        chapter, place = link.get_attribute("href").split("#")
        assert f'id="{place}"' in (HTML / chapter).read_text(encoding="utf-8")


def test_what_was_right_is_shown_in_the_table_and_in_the_contents_of_every_page(page, site):
    page.evaluate("""() => {
      note("two-step", { right: ["a", "b", "c"] });
      note("graph-sweep", { right: ["a", "b", "c", "d"], mark: { points: 12, of: 18 } });
      note("bptt-loops", { right: [] });
    }""")
    assert row(page, "two-step")[1] == "3 of 4 parts right"
    assert row(page, "graph-sweep")[1] == "4 of 4 parts right, marked 12 of 18"
    assert row(page, "bptt-loops")[1] == "0 of 4 parts right"
    assert row(page, "cell")[1] == "not begun"
    page.goto(site + "notation.html")
    ticks = page.locator(".chapter-tick")
    assert ticks.evaluate_all("all => all.map(tick => tick.closest('a').pathname.slice(1))") == [
        "two-step.html",
        "graph.html",
        "vectorised.html",
    ]
    assert ticks.all_inner_texts() == ["3/4", "✓", "0/14"]
    assert ticks.first.get_attribute("aria-label") == "3 of 4 parts right"


def press(page, label):
    page.get_by_role("button", name=label).click()
    line = page.locator(".progress-ways + [role=status]")
    line.filter(has_text=".").wait_for()
    return line.inner_text()


def read_file(page, path):
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Read progress from a file").click()
    chooser.value.set_files(path)


def test_all_progress_goes_into_one_file_and_comes_back_from_it(page, tmp_path):
    mine = cell("a", "# mine", {"trusted": True})
    page.evaluate(KEEP, ["two-step", NOTEBOOK | {"cells": [mine]}])
    page.evaluate("note('two-step', { right: ['a'] })")
    with page.expect_download() as download:
        assert press(page, "Download my progress") == "Downloaded: 1 notebook."
    download.value.save_as(tmp_path / "progress.json")

    page.once("dialog", lambda dialog: dialog.accept())
    assert press(page, "Forget my progress") == "This browser keeps nothing of your work any more."
    assert page.evaluate(KEPT, "two-step") is None
    assert row(page, "two-step")[1] == "not begun"

    read_file(page, tmp_path / "progress.json")
    page.get_by_text("Read: 1 notebook.").wait_for()
    # What it has shown is not trusted: it may come from anywhere, and is cleaned when it is shown again.
    assert page.evaluate(KEPT, "two-step")["cells"] == [mine | {"metadata": {}}]
    assert row(page, "two-step")[1] == "1 of 4 parts right"


@pytest.mark.parametrize("text", ["no JSON", "[]", "null", '{"format": "another"}'])
def test_a_file_that_holds_no_progress_changes_nothing(page, tmp_path, text):
    (tmp_path / "progress.json").write_text(text, encoding="utf-8")
    page.evaluate("note('two-step', { right: ['a'] })")
    read_file(page, tmp_path / "progress.json")
    page.get_by_text("Nothing was changed: this is no file of progress.").wait_for()
    assert row(page, "two-step")[1] == "1 of 4 parts right"


def test_work_in_the_browser_is_replaced_only_when_the_reader_agrees(page, tmp_path):
    page.evaluate(KEEP, ["two-step", NOTEBOOK | {"metadata": {"whose": "mine"}}])
    all_work = {"format": "progress in exercises, 1", "notebooks": {"two-step": NOTEBOOK}, "noted": {}}
    (tmp_path / "progress.json").write_text(json.dumps(all_work), encoding="utf-8")
    asked = []
    page.once("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
    read_file(page, tmp_path / "progress.json")
    page.get_by_text("Nothing was changed.").wait_for()
    assert asked == ["The file replaces your work on two-step in this browser. Go on?"]
    assert page.evaluate(KEPT, "two-step")["metadata"] == {"whose": "mine"}


def test_nothing_is_forgotten_while_a_notebook_is_open_that_would_be_saved_again(page):
    page.evaluate(KEEP, ["two-step", NOTEBOOK])
    page.evaluate("() => { navigator.locks.request(`${STORE} two-step`, () => new Promise(() => {})); }")
    assert press(page, "Forget my progress") == "Nothing was changed: an exercise is open. Close it first."
    assert page.evaluate(KEPT, "two-step") == NOTEBOOK


MERGE = "async ([mine, release]) => (await import(new URL('lite/notebooks/release.js', ROOT))).merge(mine, release)"
LOCKED, ANSWER = {"nbgrader": {"locked": True}}, {"nbgrader": {"solution": True}}


def merged(page, mine, release, released):
    """The (name, text) of each cell, when the reader's cells `mine` meet a new release."""
    notebooks = {"cells": mine, "metadata": {"released": released}}, {"cells": release, "metadata": {"release": "new"}}
    found = page.evaluate(MERGE, notebooks)
    assert found["metadata"] == {"release": "new"}
    return [(cell["id"], cell["source"]) for cell in found["cells"]]


def test_a_new_release_takes_the_answers_and_cells_of_a_reader_and_nothing_else(page):
    mine = [
        cell("cell-00", "old text"),
        cell("set-up", "old set-up", LOCKED),
        cell("cell-02", "a text that the reader has changed"),
        cell("written", "an answer", ANSWER),
        cell("3f2a", "a cell of the reader's"),
        cell("blank", "old blank", ANSWER),
        cell("gone", "an answer to what is no longer asked", ANSWER),
    ]
    release = [
        cell("cell-00", "new text"),
        cell("set-up", "new set-up", LOCKED),
        cell("cell-02", "new text below"),
        cell("written", "new blank", ANSWER),
        cell("check", "new check", LOCKED),
        cell("blank", "new blank", ANSWER),
    ]
    released = {"cell-00": "old text", "cell-02": "old text below", "written": "old blank", "blank": "old blank"}
    assert merged(page, mine, release, released | {"gone": "old blank"}) == [
        ("cell-00", "new text"),
        ("set-up", "new set-up"),
        ("cell-02", "new text below"),
        ("cell-02-mine", "a text that the reader has changed"),
        ("written", "an answer"),
        ("3f2a", "a cell of the reader's"),
        ("check", "new check"),
        ("blank", "new blank"),
        ("gone", "an answer to what is no longer asked"),
    ]


PAGE = """<html><script src="_static/progress.js" data-course='{{"course": "{}", "exercises": []}}'></script></html>"""


def test_two_courses_on_one_host_keep_their_work_apart_and_so_do_two_folders_of_one(chromium, tmp_path):
    script = (ROOT / "book" / "progress" / "progress.js").read_text(encoding="utf-8")
    for folder in ("2026", "2027"):
        (tmp_path / folder / "_static").mkdir(parents=True)
        (tmp_path / folder / "_static" / "progress.js").write_text(script, encoding="utf-8")
        (tmp_path / folder / "index.html").write_text(PAGE.format("ours"), encoding="utf-8")
    (tmp_path / "2026" / "other.html").write_text(PAGE.format("theirs"), encoding="utf-8")
    found = {}
    with served(tmp_path) as site, chromium.new_context() as context:
        page = context.new_page()
        page.goto(f"{site}2026/index.html")
        page.evaluate("note('two-step', { right: ['a'] })")
        for path in ("2026/index.html", "2026/other.html", "2027/index.html"):
            page.goto(site + path)
            found[path] = page.evaluate("progress()"), page.evaluate("STORE")
    assert [noted for noted, _ in found.values()] == [{"two-step": {"right": ["a"]}}, {}, {}]
    assert len({store for _, store in found.values()}) == 3  # where JupyterLite keeps the notebooks
