"""The exercises in the page: every one is done in a browser, from the untouched release to full points."""

import json

import pytest

from grading.answers import solution
from grading.course import slugs
from tests.browser import HTML, chromium, site, watched  # noqa: F401, two are fixtures
from tests.conftest import needs
from tests.marking import lost, mark

CHAPTER = "two-step.html"
START = 120_000  # milliseconds for the start of Python on a machine that does other things too

READY = """
  () => { const panel = window.jupyterapp?.shell?.currentWidget;
          return panel?.context?.isReady && panel.sessionContext?.session?.kernel?.status === "idle"; }
"""
# One cell after the other, as with Shift+Enter: "Run All" of JupyterLite stops at the first check that raises.
RUN_ALL = """
  async () => { const { content } = jupyterapp.shell.currentWidget;
    for (let cell = 0; cell < content.widgets.length; cell++) {
      content.activeCellIndex = cell;
      await jupyterapp.commands.execute("notebook:run-cell").catch(() => {});
    } }
"""
FILL_IN = """
  answers => { for (const cell of jupyterapp.shell.currentWidget.content.model.cells) {
    const name = cell.getMetadata("nbgrader")?.grade_id;
    if (name in answers) cell.sharedModel.setSource(answers[name]);
  } }
"""
NOTEBOOK = "() => JSON.parse(jupyterapp.shell.currentWidget.context.model.toString())"


@pytest.fixture(scope="module")
def reader(site, chromium):
    """A reader's browser, which keeps what it has loaded and what was written in it."""
    if not (HTML / "lite").exists():
        needs("npm")
        pytest.fail("the site was built without the exercises in the page")
    with chromium.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True) as context:
        yield context


@pytest.fixture
def page(reader, site):
    page = watched(reader.new_page(), site)
    page.set_default_timeout(START)
    yield page
    assert page.left_the_host == page.errors == []
    page.close()


def open_notebook(page, site, slug):
    page.goto(f"{site}lite/notebooks/index.html?path={slug}.ipynb")
    page.wait_for_function(READY)


def run_all(page):
    """Run all cells, and return the notebook."""
    page.evaluate(RUN_ALL)
    return page.evaluate(NOTEBOOK)


def said_by_checks(notebook):
    """What each visible check of a notebook says, {grade_id: text}."""
    return {
        cell["metadata"]["nbgrader"]["grade_id"]: "".join(
            "".join(output.get("text", output.get("evalue", ""))) for output in cell["outputs"]
        ).strip()
        for cell in notebook["cells"]
        if "exercise.run(" in "".join(cell["source"])
    }


@pytest.mark.parametrize("slug", slugs())
def test_every_exercise_is_done_in_the_browser_and_marks_to_full_points(slug, page, site, tmp_path):
    needs("bwrap")
    open_notebook(page, site, slug)
    untouched = said_by_checks(run_all(page))
    assert untouched
    assert [said for said in untouched.values() if not said.endswith("not done yet")] == []

    page.evaluate(FILL_IN, solution(slug).cells)
    assert [said for said in said_by_checks(run_all(page)).values() if not said.endswith(": right")] == []

    with page.expect_download() as download:
        page.evaluate("() => jupyterapp.commands.execute('docmanager:download')")
    assert download.value.suggested_filename == f"{slug}.ipynb"
    handed_in = json.loads(download.value.path().read_text(encoding="utf-8"))
    assert lost(mark(handed_in, tmp_path, slug=slug)) == set()
