"""The live cells: readers change the code of a chapter and run it in the page."""

import json
from pathlib import Path

import numpy as np
import pdf
import pytest
from browser import DESK, HTML, INDEX, ROOT, START, shuts_out, watched

from rnnlib import scalar

BOOK = ROOT / "book"
WITHOUT_CODE = {
    "about",
    "exercises",
    "glossary",
    "notation",
    "reading",
    *pdf.volumes()["bptt-instructors.pdf"],
}  # they teach no computation


class Cell:
    """A live cell of a page, by its place among them."""

    def __init__(self, page, place=0):
        self.box = page.locator(".tag_live").nth(place)
        self.editor = self.box.locator("textarea")
        self.output = self.box.locator(".cell_output")
        self.line = self.box.locator(".live [role=status]")

    def button(self, name):
        return self.box.get_by_role("button", name=name, exact=True)

    def open(self):
        """Open the editor, if it is not open yet."""
        if self.button("Change and run").is_visible():
            self.button("Change and run").click()
        return self

    def run(self, code=None):
        """Run the cell, with other code if given, and return what it shows then."""
        if code is not None:
            self.editor.fill(code)
        self.button("Run").click()
        self.button("Run").wait_for()  # instead of it there is a "Stop" while it runs
        assert self.line.inner_text().startswith(("Done", "Error in line "))
        return self.shown()

    def shown(self):
        return self.output.inner_text().strip()


@pytest.fixture
def two_step(page, site):
    """A chapter with two live cells, as a reader finds it."""
    page.goto(site + "two-step.html")
    return page


def tab_with_a_chapter(reader, site):
    page = watched(reader.new_page(), site)
    page.set_default_timeout(START)
    page.goto(site + "two-step.html")
    return page


@pytest.fixture(scope="session")
def worked_in(reader, site):
    """A tab with a chapter in which one test after the other works, so that Python starts once."""
    with tab_with_a_chapter(reader, site) as page:
        yield page


@pytest.fixture
def opened(worked_in):
    """Both live cells of a chapter, open, and as they were built; their Python may know names of other tests."""
    worked_in.emulate_media(color_scheme="light")
    worked_in.set_viewport_size(DESK)
    cells = [Cell(worked_in, place).open() for place in range(2)]
    yield cells
    for cell in cells:
        cell.button("Reset").click()
    assert worked_in.left_the_host == worked_in.errors == []


def test_every_chapter_has_a_live_cell():
    sources = {name: (BOOK / f"{name}.md").read_text(encoding="utf-8") for name in pdf.pages()[1:]}
    without = {name for name, source in sources.items() if ":tags: [live]" not in source}
    assert without == WITHOUT_CODE
    assert [name for name in without if "{code-cell}" in sources[name]] == []


# The live cells of another page in place of what this one shows, wired as live.js wires its own.
BRING = """
  async name => {
    const page = new DOMParser().parseFromString(await (await fetch(`${name}.html`)).text(), "text/html");
    const cells = [...page.querySelectorAll(".tag_live")];
    document.querySelector("article").replaceChildren(...cells);
    cells.forEach((cell, index) => {
      const bar = cell.querySelector(".live");
      bar.querySelector("button").addEventListener("click", () => edit(bar, `cell ${index + 1}`));
    });
  }
"""
FORGET = "for each in [each for each in globals() if each[:2] != '__']: del globals()[each]"


@pytest.fixture(scope="module")
def borrowed(reader, site):
    """A tab into which the cells of other pages are brought, so that Python starts once for all of them."""
    with tab_with_a_chapter(reader, site) as page:
        yield page
        assert page.left_the_host == page.errors == []


@pytest.mark.parametrize("name", [name for name in pdf.pages()[1:] if name not in WITHOUT_CODE])
def test_every_live_cell_prints_in_the_browser_what_the_page_shows(name, borrowed):
    assert "live.js" in (HTML / f"{name}.html").read_text(encoding="utf-8")
    borrowed.evaluate(BRING, name)
    for place in range(borrowed.locator(".tag_live").count()):
        cell = Cell(borrowed, place)
        built = cell.shown()
        assert built
        cell.open().output.evaluate("output => output.replaceChildren()")
        assert cell.run() == built
    assert "NameError" in cell.run(f"{FORGET}\nnp")  # nothing is left for the next page


def test_a_changed_number_changes_the_output(opened):
    cell = opened[1]
    before = cell.run()
    after = cell.run(cell.editor.input_value().replace("s_init = 0.4", "s_init = 0.0"))
    params = scalar.Params(u=0.5, w=-0.8, v=np.array([1.2, -0.7]), k=0.1)
    gradient = scalar.gradient(params, np.array([1.0, 2.0]), 0.0, np.array([1.0, 0.0]))
    assert f"= {gradient.w:7.4f}" in after
    assert f"= {gradient.w:7.4f}" not in before


def test_the_cells_of_a_page_share_one_python(opened, worked_in):
    first, second = opened
    first.run("answer = 41")
    assert second.run("answer + 1") == "42"
    assert left_alone(worked_in)


def test_a_value_is_shown_as_in_a_notebook(opened):
    cell = opened[0]
    assert cell.run("print('first')\n'last'") == "first\n'last'"
    assert cell.run("None") == ""
    assert cell.line.inner_text() == "Done; nothing was printed."


def test_drawn_integers_are_taken_as_indices(opened):
    assert opened[0].run(INDEX).startswith("[1 1")


def left_alone(page):
    """Whether one Python is left in a page, once those that were stopped have ended: a busy one takes a while."""
    for _ in range(100):
        if len(page.workers) == 1:
            return True
        page.wait_for_timeout(100)
    return False


@pytest.mark.parametrize("body", ["pass", "print('again and again')"])
def test_an_endless_loop_can_be_stopped_and_the_page_goes_on(body, opened, worked_in):
    cell = opened[0]
    built = cell.run()
    cell.run("before = 1")
    cell.editor.fill(f"while True:\n    {body}")
    cell.button("Run").click()
    if "print" in body:
        cell.output.get_by_text("... the rest is left out").wait_for()
    worked_in.wait_for_timeout(300)
    cell.button("Stop").click()
    assert cell.line.inner_text() == "Stopped. All names that were defined are gone."
    assert "NameError: name 'before' is not defined" in cell.run("before")
    assert left_alone(worked_in)
    cell.button("Reset").click()
    assert cell.run() == built


def test_a_stop_while_python_loads_is_no_run(two_step):
    cell = Cell(two_step).open()
    built = cell.shown()
    cell.editor.fill("print('too late')")
    cell.button("Run").click()
    cell.button("Stop").click()
    assert cell.line.inner_text().startswith("Stopped")
    cell.editor.fill("print('in time')")
    assert cell.shown() == built
    assert cell.run() == "in time"
    assert left_alone(two_step)


def test_an_error_shows_its_message_and_only_the_lines_of_the_reader(opened):
    cell = opened[0]
    wrong_shape = "from rnnlib import scalar\nparams = scalar.Params(1, 2, 3, 4)\nscalar.forward(params, [1], 0, 1)"
    shown = cell.run(wrong_shape)
    assert "line 3, in <module>\n    scalar.forward(params, [1], 0, 1)" in shown
    assert "ValueError: x has shape (1,), expected (2,)" in shown
    assert "rnnlib/" not in shown
    assert "pyodide" not in shown
    assert "SyntaxError" in cell.run("1 +")
    assert "SystemExit" in cell.run("exit()")
    assert cell.run("2 + 2") == "4"


def test_a_cell_that_ends_python_says_so_and_shows_no_old_output(opened, worked_in):
    cell = opened[0]
    cell.run("print('before')")
    cell.editor.fill("import os\nos._exit(0)")
    cell.button("Run").click()
    cell.line.get_by_text("Python has ended. All names that were defined are gone").wait_for()
    assert cell.shown() == ""
    assert cell.run("1 + 1") == "2"
    worked_in.errors.clear()  # Chromium reports the end of Python


@pytest.mark.parametrize(
    ("code", "line"), [("a = 1\nb = a / 0\nc = 2", 2), ("a = 1\nb = (", 2), ("def f():\n    1 / 0\n\n\nf()", 2)]
)
def test_the_line_of_the_cell_says_where_it_failed(opened, code, line):
    cell = opened[0]
    cell.run(code)
    assert cell.line.inner_text() == f"Error in line {line}."
    cell.run("1 / 2")
    assert cell.line.inner_text() == "Done."


def test_reset_brings_back_code_and_output(opened):
    cell = opened[0]
    built = cell.output.inner_html()
    code = cell.editor.input_value()
    assert cell.run("7") == "7"
    cell.button("Reset").click()
    assert cell.editor.input_value() == code
    assert cell.output.inner_html() == built


def test_the_keyboard_leads_into_the_editor_and_out_of_it(two_step):
    def focus():
        return two_step.evaluate("document.activeElement.tagName + document.activeElement.textContent")

    cell = Cell(two_step)
    cell.button("Change and run").focus()
    two_step.keyboard.press("Enter")
    assert focus() == "TEXTAREA"
    cell.line.get_by_text("Python is ready.").wait_for()
    two_step.keyboard.press("Control+a")
    two_step.keyboard.type("6 * 7")
    two_step.keyboard.press("Shift+Enter")
    cell.line.get_by_text("Done.").wait_for()
    assert cell.editor.input_value() == "6 * 7"
    assert cell.shown() == "42"
    two_step.keyboard.press("Tab")
    assert focus() == "BUTTONRun"
    two_step.keyboard.press("Enter")
    cell.line.get_by_text("Done.").wait_for()
    assert focus() == "BUTTONRun"
    two_step.keyboard.press("Tab")
    assert focus() == "BUTTONReset"
    two_step.keyboard.press("Tab")
    assert focus() not in ("TEXTAREA", "BUTTONRun", "BUTTONReset")
    for _ in range(3):
        two_step.keyboard.press("Shift+Tab")
    assert focus() == "TEXTAREA"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_open_editor_shuts_no_reader_out(scheme, opened, worked_in):
    worked_in.emulate_media(color_scheme=scheme)
    cell = opened[0]
    cell.run("1 / 0")
    assert shuts_out(worked_in) == []
    assert cell.output.get_attribute("role") == cell.line.get_attribute("role") == "status"


def test_a_live_cell_fits_a_phone(opened, worked_in):
    worked_in.set_viewport_size({"width": 390, "height": 844})
    cell = opened[0]
    cell.run("print('wide ' * 100)")
    assert worked_in.evaluate("document.documentElement.scrollWidth") == 390
    assert cell.editor.bounding_box()["width"] > 300
    assert cell.editor.evaluate("editor => parseFloat(getComputedStyle(editor).fontSize)") >= 16
    for name in ("Run", "Reset"):
        assert cell.button(name).bounding_box()["height"] >= 24


def test_without_javascript_the_cell_shows_its_output_and_no_button(site, chromium):
    with chromium.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(site + "two-step.html")
        cell = Cell(page)
        assert "scalar.forward" in cell.box.locator(".cell_input").inner_text()
        assert cell.shown().startswith("o = [")
        assert not page.get_by_text("Change and run").first.is_visible()


def test_a_page_opened_without_a_server_says_what_it_needs(site, chromium):
    with chromium.new_context() as context:
        page = context.new_page()
        page.goto((HTML / "two-step.html").as_uri())
        bar = page.locator(".live").first
        assert bar.inner_text() == "Python in the page needs a server: run `make serve`."
        assert bar.get_by_role("button").count() == 0


def test_a_python_that_does_not_come_is_told_and_the_next_run_asks_again(site, reader):
    with reader.new_page() as page:
        page.set_default_timeout(START)
        page.goto(site + "two-step.html")
        page.route("**/files.json", lambda route: route.abort())
        cell = Cell(page).open()
        cell.line.get_by_text("Python could not be started").wait_for()
        assert cell.line.inner_text().endswith("(the list of its files is missing): reload the page.")
        page.unroute("**/files.json")
        assert cell.run("1 + 1") == "2"


def test_a_request_of_a_cell_that_leaves_the_host_would_be_seen(site, reader):
    with watched(reader.new_page(), site) as page:
        page.set_default_timeout(START)
        page.goto(site + "two-step.html")
        Cell(page).open().run("import js\njs.fetch('https://example.org/')")
        page.wait_for_timeout(300)
        assert page.left_the_host == ["https://example.org/"]


def test_python_comes_from_the_cdn_of_the_settings(site, chromium):
    cdn, pyodide = "https://cdn.example.org/pyodide/", HTML / "lite" / "pyodide"
    listed = json.loads((pyodide / "files.json").read_text(encoding="utf-8"))
    elsewhere = [file if file["url"] == "python.zip" else file | {"url": cdn + file["url"]} for file in listed]
    chapter = (HTML / "two-step.html").read_text(encoding="utf-8")
    assert chapter.count('data-python=""') == 2  # the other is of "Mark my work"
    chapter = chapter.replace('data-python=""', f'data-python="{cdn}"')
    open_to_all = {"Access-Control-Allow-Origin": "*"}
    with chromium.new_context() as context:
        page, asked = context.new_page(), []
        page.route("**/two-step.html", lambda route: route.fulfill(body=chapter, content_type="text/html"))
        page.route("**/files.json", lambda route: route.fulfill(json=elsewhere))
        page.route(
            f"{cdn}*", lambda route, request: route.fulfill(path=pyodide / Path(request.url).name, headers=open_to_all)
        )
        page.on("request", lambda request: asked.append(request.url))
        page.goto(site + "two-step.html")
        cell = Cell(page)
        built = cell.shown()
        assert cell.open().run() == built
    core = ["pyodide.js", "pyodide.asm.js", "pyodide.asm.wasm"]
    assert {cdn + name for name in core} <= set(asked)
    of_the_site = {Path(url).name for url in asked if url.startswith(f"{site}lite/")}
    assert of_the_site == {"files.json", "python.zip"}
