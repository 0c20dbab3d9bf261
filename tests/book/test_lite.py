"""The exercises in the page: every one is done in a browser, from the untouched release to full points."""

import json
import shutil
import threading
from contextlib import contextmanager
from functools import partial
from http.server import ThreadingHTTPServer

import pytest
from browser import DESK, HTML, ROOT, START, QuietHandler, shuts_out, watched
from conftest import needs
from marking import lost, mark

from grading.answers import solution
from grading.course import slugs

CHAPTER = "two-step.html"
FRAME = ".exercise-stage iframe"

OPENED = "() => window.jupyterapp?.shell?.currentWidget?.context?.isReady"
READY = """
  () => { const panel = window.jupyterapp?.shell?.currentWidget;
          return panel?.context?.isReady && panel.sessionContext?.session?.kernel?.status === "idle"; }
"""
# One cell after the other, as with Shift+Enter: "Run All" of JupyterLite stops at the first check that raises.
RUN_ALL = """
  async limit => { const { content } = jupyterapp.shell.currentWidget;
    const late = new Promise((_, fail) => setTimeout(() => fail(Error("a cell does not end")), limit));
    for (let cell = 0; cell < content.widgets.length; cell++) {
      content.activeCellIndex = cell;
      await Promise.race([late, jupyterapp.commands.execute("notebook:run-cell").catch(() => {})]);
    } }
"""
FILL_IN = """
  answers => { for (const cell of jupyterapp.shell.currentWidget.content.model.cells) {
    const name = cell.getMetadata("nbgrader")?.grade_id;
    if (name in answers) cell.sharedModel.setSource(answers[name]);
  } }
"""
NOTEBOOK = "() => JSON.parse(jupyterapp.shell.currentWidget.context.model.toString())"


def own_tab(site, slug):
    """The address of the notebook of an exercise in a tab of its own."""
    return f"{site}lite/notebooks/index.html?path={slug}.ipynb"


def open_notebook(page, site, slug):
    page.goto(own_tab(site, slug))
    page.wait_for_function(READY)


def run_all(page):
    """Run all cells, and return the notebook."""
    page.evaluate(RUN_ALL, START)
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


# Another notebook in place of the one that is open, with no name left of what has run.
INSTEAD = """
  async path => { const { context, sessionContext } = jupyterapp.shell.currentWidget;
    const content = await (await fetch(`../files/${path}`)).json();
    context.model.fromJSON(content);
    await sessionContext.session.kernel.requestExecute({ code: "%reset -f" }).done;
    return content; }
"""


@pytest.fixture(scope="module")
def desk(chromium, site):
    """A tab with a notebook, for one after the other: to start Python takes longer than to do an exercise."""
    with chromium.new_context(viewport=DESK) as context:
        page = watched(context.new_page(), site)
        page.set_default_timeout(START)
        open_notebook(page, site, "two-step")
        yield page
        assert page.left_the_host == page.errors == []


@pytest.mark.parametrize("slug", slugs())
def test_every_exercise_is_done_in_the_browser_and_marks_to_full_points(slug, desk, tmp_path):
    needs("bwrap")
    released = desk.evaluate(INSTEAD, f"{slug}.ipynb")
    committed = json.loads((ROOT / "exercises" / slug / f"{slug}.ipynb").read_text(encoding="utf-8"))
    assert released["cells"] == committed["cells"]
    untouched = said_by_checks(run_all(desk))
    assert untouched
    assert [said for said in untouched.values() if not said.endswith("not done yet")] == []

    desk.evaluate(FILL_IN, solution(slug).cells)
    assert [said for said in said_by_checks(run_all(desk)).values() if not said.endswith(": right")] == []
    assert lost(mark(handed_in(desk), tmp_path, slug=slug)) == set()


def handed_in(page):
    """The notebook that is open, as a reader downloads it."""
    with page.expect_download() as download:
        page.evaluate("() => jupyterapp.commands.execute('docmanager:download')")
    assert download.value.suggested_filename == "two-step.ipynb"  # the name of the file that was opened
    return json.loads(download.value.path().read_text(encoding="utf-8"))


def open_in_the_page(page, site):
    """Open the exercise of a chapter in the page, and return the frame of its notebook."""
    page.goto(site + CHAPTER)
    return start(page)


def start(page):
    frame = show(page)
    page.get_by_text("Python is ready").wait_for()
    return frame


def show(page):
    """Open the exercise and return the frame of its notebook, which can be read and written before Python is there."""
    page.get_by_role("button", name="Do two-step here").click()
    frame = page.locator(FRAME).element_handle().content_frame()
    frame.wait_for_function(OPENED)
    return frame


@pytest.fixture(scope="module")
def chapter(chromium, site):
    """A chapter with its exercise opened in the page, for tests that write nothing into it."""
    with chromium.new_context(viewport=DESK) as context:
        page = watched(context.new_page(), site)
        page.set_default_timeout(START)
        open_in_the_page(page, site)
        yield page
        assert page.left_the_host == page.errors == []


def test_the_frame_of_the_notebook_has_a_title_and_the_page_shuts_no_reader_out(chapter):
    frame = chapter.locator(FRAME)
    assert frame.get_attribute("title") == "Notebook of the exercise two-step"
    assert shuts_out(chapter, "iframe", iframes=False) == []


def test_the_notebook_fits_a_phone(chapter):
    chapter.set_viewport_size({"width": 390, "height": 844})
    assert chapter.evaluate("document.documentElement.scrollWidth") == 390
    cell = chapter.frame_locator(FRAME).locator(".jp-CodeCell .cm-content").first
    assert cell.bounding_box()["width"] > 250
    chapter.set_viewport_size(DESK)


def test_a_closed_exercise_can_be_opened_again(chapter):
    chapter.get_by_role("button", name="Close two-step").click()
    chapter.locator(FRAME).wait_for(state="detached")
    start(chapter)
    assert chapter.locator(FRAME).count() == 1


def test_work_survives_a_reload_and_goes_when_the_reader_starts_again(page, site):
    page.goto(site + CHAPTER)
    write(page, show(page), "# mine")
    page.reload()
    show(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download my notebook").click()
    assert "# mine" in download.value.path().read_text(encoding="utf-8")

    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Start again").click()
    page.frame_locator(FRAME).get_by_text("# mine").wait_for(state="detached")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download my notebook").click()
    assert "# mine" not in download.value.path().read_text(encoding="utf-8")
    page.reload()
    show(page).locator(".jp-CodeCell").nth(2).wait_for()
    assert "# mine" not in json.dumps(page.frame_locator(FRAME).locator("body").inner_text())


# Ends when a text is in the notebook that is kept in this browser.
UNTIL_KEPT = """
  async ([text, limit]) => {
    const { path } = jupyterapp.shell.currentWidget.context;
    for (const end = Date.now() + limit; Date.now() < end; await new Promise(done => setTimeout(done, 100))) {
      const kept = await jupyterapp.serviceManager.contents.get(path, { content: true });
      if (JSON.stringify(kept.content).includes(text)) return;
    }
    throw Error(`not kept: ${text}`);
  }
"""
TYPE_WHILE_IT_IS_SAVED = """
  async () => {
    const { context } = jupyterapp.shell.currentWidget, contents = jupyterapp.serviceManager.contents;
    const cell = context.model.cells.get(2).sharedModel, save = contents.save;
    contents.save = async (...notebook) => {
      const saved = await save.apply(contents, notebook);
      contents.save = save;
      cell.setSource("# typed while it was saved");
      return saved;
    };
    cell.setSource("# typed before");
    await context.save();
  }
"""


def test_what_is_typed_while_the_notebook_is_saved_is_kept_too(page, site):
    page.goto(own_tab(site, "two-step"))
    page.wait_for_function(OPENED)
    page.wait_for_timeout(500)  # saved.js looks for the notebook fifty times a second
    page.evaluate(TYPE_WHILE_IT_IS_SAVED)
    page.evaluate(UNTIL_KEPT, ["# typed while it was saved", START])


def write(page, notebook, text):
    """Type into the first answer cell as a reader does, and wait until it is saved."""
    cell = page.frame_locator(FRAME).locator(".jp-CodeCell").nth(2).locator(".cm-content")
    cell.click()
    page.keyboard.press("Control+End")
    page.keyboard.type(text)
    notebook.evaluate(UNTIL_KEPT, [text, START])


# "frame", or the text of what has the focus in the page.
FOCUS = "document.activeElement.tagName === 'IFRAME' ? 'frame' : document.activeElement.textContent.trim()"


def press_until(page, key, arrived):
    for _ in range(300):
        page.keyboard.press(key)
        if arrived(page.evaluate(FOCUS)):
            return
    pytest.fail(f"{key} leads nowhere; it ends at {page.evaluate(FOCUS)}")


def test_a_keyboard_alone_leads_into_the_notebook_and_out_of_it_both_ways(page, site):
    page.goto(site + CHAPTER)
    press_until(page, "Tab", lambda focus: focus == "Do two-step here")
    page.keyboard.press("Enter")
    page.get_by_text("Python is ready").wait_for()
    if page.evaluate(FOCUS) != "frame":  # the notebook takes the focus when it is there
        press_until(page, "Tab", lambda focus: focus == "frame")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Shift+Enter")
    page.frame_locator(FRAME).get_by_text("[1]:").wait_for()

    page.keyboard.press("Enter")  # into the text of the next cell, where Tab is a letter
    page.keyboard.press("Escape")
    press_until(page, "Tab", lambda focus: focus != "frame")
    press_until(page, "Shift+Tab", lambda focus: focus == "frame")
    press_until(page, "Shift+Tab", lambda focus: focus == "Start again from the released version")


COMPLETE = """
  code => jupyterapp.shell.currentWidget.sessionContext.session.kernel
    .requestComplete({ code, cursor_pos: code.length }).then(reply => reply.content.matches)
"""


def test_python_completes_a_name(chapter):
    frame = chapter.locator(FRAME).element_handle().content_frame()
    assert frame.evaluate(FIRST_RESULT) == "3.0\n"
    assert frame.evaluate(COMPLETE, "numpy.lina") == ["numpy.linalg"]
    assert frame.evaluate(COMPLETE, "enumer") == ["enumerate"]


def test_the_tab_of_its_own_leads_to_the_same_notebook(page, site):
    page.goto(site + CHAPTER)
    page.get_by_role("link", name="Open it in its own tab").click()
    page.wait_for_url(own_tab(site, "two-step"))  # which every exercise is done at
    page.wait_for_function(OPENED)
    assert page.evaluate("() => jupyterapp.shell.currentWidget.context.path") == "two-step.ipynb"


FIRST_RESULT = """
  async () => {
    const kernel = jupyterapp.shell.currentWidget.sessionContext.session.kernel;
    let said = "";
    const future = kernel.requestExecute({ code: "import numpy, rnnlib.scalar; print(numpy.ones(3).sum())" });
    future.onIOPub = message => { said += message.content.text ?? ""; };
    await future.done;
    return said;
  }
"""


class Cdn(QuietHandler):
    """A server of another host, which lets pages of all hosts read its files."""

    def end_headers(self):
        self.send_header("Access-Control-Allow-Origin", "*")
        super().end_headers()


@contextmanager
def served(folder, handler=QuietHandler):
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def test_python_can_come_from_a_cdn(reader, tmp_path, monkeypatch):
    """Of everything that the site would serve, a CDN then serves the interpreter and the compiled packages."""
    monkeypatch.syspath_prepend(ROOT / "book" / "_ext")
    import lite
    import pyodide

    core, wheels, _ = pyodide.fetch_all()
    for source in (core, wheels):
        shutil.copytree(source, tmp_path / "cdn", dirs_exist_ok=True)
    with served(tmp_path / "cdn", Cdn) as cdn, served(tmp_path / "site") as site:
        shutil.copytree(ROOT / "book" / "_static", tmp_path / "site" / "_static")
        lite.build_lite(tmp_path / "site" / "lite", tmp_path / "work", cdn)
        page = reader.new_page()
        watched(page, site, cdn)
        page.set_default_timeout(START)
        asked = []
        page.context.on("request", lambda request: asked.append(request.url))
        open_notebook(page, site, "two-step")
        assert page.evaluate(FIRST_RESULT) == "3.0\n"
        assert page.left_the_host == page.errors == []
        page.close()
    assert size(tmp_path / "site" / "lite" / "pyodide") < size(HTML / "lite" / "pyodide") / 2
    assert any(url.startswith(cdn) and "numpy" in url for url in asked)


def size(folder):
    return sum(path.stat().st_size for path in folder.iterdir())


def test_every_exercise_has_its_buttons_in_a_chapter(site):
    pages = [path.read_text(encoding="utf-8") for path in HTML.glob("*.html")]
    for slug in slugs():
        assert any(f'data-exercise="{slug}"' in page and f"/{slug}.ipynb" in page for page in pages), slug
