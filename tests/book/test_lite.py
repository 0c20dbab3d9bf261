"""The exercises in the page: every one is done in a browser, from the untouched release to full points."""

import hashlib
import json
import shutil
import threading
import time
from contextlib import contextmanager
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest
from browser import DESK, HTML, INDEX, ROOT, START, QuietHandler, shuts_out, watched
from conftest import forget, needs
from marking import lost, mark

from grading.answers import solution
from grading.course import slugs

CHAPTER = "two-step.html"
FRAME = ".exercise-stage iframe"

OPENED = "frame => (frame?.contentWindow ?? window).jupyterapp?.shell?.currentWidget?.context?.isReady"
READY = """
  () => { const panel = window.jupyterapp?.shell?.currentWidget;
          return panel?.context?.isReady && panel.sessionContext?.session?.kernel?.status === "idle"; }
"""
RUN_ALL = """
  limit => Promise.race([
    jupyterapp.commands.execute("notebook:run-all-cells"),
    new Promise((_, fail) => setTimeout(() => fail(Error("a cell does not end")), limit)),
  ])
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
    notebook = page.evaluate(NOTEBOOK)
    assert all(cell["execution_count"] for cell in notebook["cells"] if cell["cell_type"] == "code")
    return notebook


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


# Python is never heard of in a page that runs this first.
NO_PYTHON = "window.Worker = class extends EventTarget { postMessage() {} terminate() {} };"


@pytest.fixture
def sheet(reader, site):
    """A tab of a reader who has written nothing yet; without Python, which takes long to start: typing needs none."""
    sheet = watched(reader.new_page(), site)
    forget(sheet, site)
    sheet.set_default_timeout(START)
    sheet.add_init_script(NO_PYTHON)
    yield sheet
    said = sheet.left_the_host, sheet.errors
    sheet.close()
    assert said == ([], [])


# JupyterLab says so where a test puts another notebook in the place of one whose headings it is still listing.
OUTPACED = (
    "Failed to update the table of contents. TypeError: Cannot read properties of undefined (reading 'isRunning')"
)


@pytest.fixture(scope="module")
def desk(chromium, site):
    """A tab with a notebook, for one after the other: to start Python takes longer than to do an exercise."""
    with chromium.new_context(viewport=DESK) as context:
        page = watched(context.new_page(), site)
        page.set_default_timeout(START)
        open_notebook(page, site, "two-step")
        yield page
        assert page.left_the_host == []
        assert [error for error in page.errors if not error.startswith(OUTPACED)] == []


@pytest.mark.parametrize("slug", slugs())
def test_every_exercise_is_done_in_the_browser_and_marks_to_full_points(slug, desk, tmp_path):
    needs("bwrap")
    released = desk.evaluate(INSTEAD, f"{slug}.ipynb")
    committed = json.loads((ROOT / "exercises" / slug / f"{slug}.ipynb").read_text(encoding="utf-8"))
    assert [cell["metadata"].pop("deletable") for cell in released["cells"]] == [False] * len(released["cells"])
    for cell in committed["cells"]:
        cell["metadata"].pop("deletable", None)
    assert released["cells"] == committed["cells"]
    untouched = said_by_checks(run_all(desk))
    assert untouched
    assert [said for said in untouched.values() if not said.endswith("not done yet")] == []

    desk.evaluate(FILL_IN, solution(slug).cells)
    assert [said for said in said_by_checks(run_all(desk)).values() if not said.endswith(": right")] == []
    assert desk.evaluate("progress()['two-step'].right") == list(untouched)  # the name of the file that was opened
    assert lost(mark(handed_in(desk), tmp_path, slug=slug)) == set()


def test_the_figure_of_the_warm_up_is_alive_in_the_page(desk):
    desk.evaluate(INSTEAD, "two-step.ipynb")
    run_all(desk)
    figure = desk.locator(".interactive-figure")
    figure.get_by_label("u", exact=True).press("ArrowRight")
    assert figure.get_by_label("u", exact=True).get_attribute("aria-valuetext") == "0.6"
    figure.get_by_label("forget the second chain").check()
    figure.get_by_text("central difference: ").first.wait_for()


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
    # The page asks, not the frame: a question that the frame is asked while its first, empty document goes is lost.
    frame = page.locator(FRAME).element_handle()
    page.wait_for_function(OPENED, arg=frame)
    return frame.content_frame()


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


RUN = """
  ([code, name]) => {
    const { content } = jupyterapp.shell.currentWidget;
    content.activeCellIndex = content.widgets.findIndex(({ model }) => model.id === name);
    content.activeCell.model.sharedModel.setSource(code);
    jupyterapp.commands.execute("notebook:run-cell");
  }
"""


def run_in_answer(page, code):
    page.locator(FRAME).element_handle().content_frame().evaluate(RUN, [code, "output-gradient"])


def shown_by_answer(page):
    return page.frame_locator(FRAME).locator(".jp-CodeCell").nth(ANSWER).locator(".jp-OutputArea")


ANSWER = 3  # the place of the first answer among the cells with code
AGAIN = "Python is ready again; all names are gone, so run the cells from the top."


def test_a_loop_is_interrupted_and_a_cell_that_ends_python_costs_the_names_and_no_code(page, site):
    open_in_the_page(page, site)
    for code, said in (
        ("while True:\n    print('again')", "Stopped."),
        ("import os\nos._exit(0)", "A cell has ended Python."),
    ):
        run_in_answer(page, code)
        if said == "Stopped.":
            shown_by_answer(page).get_by_text("... the rest is left out").wait_for()
            page.frame_locator(FRAME).locator("body").press("i")
            page.frame_locator(FRAME).locator("body").press("i")
        page.locator(STATUS).get_by_text(f"{said} {AGAIN}").wait_for()
        notebook = page.locator(FRAME).element_handle().content_frame()
        assert notebook.evaluate(FIRST_RESULT) == "3.0\n"
        cells = {cell["id"]: "".join(cell["source"]) for cell in notebook.evaluate(NOTEBOOK)["cells"]}
        assert cells["output-gradient"] == code
    page.errors.clear()  # Chromium reports the end of Python


def test_many_lines_are_shown_at_once_and_in_order(chapter):
    notebook = chapter.locator(FRAME).element_handle().content_frame()
    code = "import sys\nprint('first')\nprint('second', file=sys.stderr)\nfor i in range(10_000): print(i)"
    messages = notebook.evaluate(MESSAGES, code)
    assert "".join(text for name, text in messages if name == "stderr") == "second\n"
    text = "".join(text for _, text in messages)
    assert text.startswith("first\nsecond\n0\n1\n2\n")
    assert text.endswith("... the rest is left out\n")
    assert len(text) < 21_000
    assert len(messages) < 100


MESSAGES = """
  async code => {
    const future = jupyterapp.shell.currentWidget.sessionContext.session.kernel.requestExecute({ code });
    const said = [];
    future.onIOPub = ({ content: { name, text } }) => { if (text) said.push([name, text]); };
    await future.done;
    return said;
  }
"""
COUNT = "() => jupyterapp.shell.currentWidget.content.widgets.length"


def test_no_key_deletes_a_released_cell(chapter):
    frame = chapter.frame_locator(FRAME)
    before = chapter.locator(FRAME).element_handle().content_frame().evaluate(COUNT)
    for keys in ("d d", "x", "Shift+M", "Control+Shift+M", "Control+Backspace"):
        frame.locator(".jp-MarkdownCell").first.click()
        for key in keys.split():
            chapter.keyboard.press(key)
    frame.locator(".jp-MarkdownCell").first.click()
    chapter.keyboard.press("b")  # it has heard all keys before
    notebook = chapter.locator(FRAME).element_handle().content_frame()
    notebook.wait_for_function(f"({COUNT})() !== {before}")
    assert notebook.evaluate(COUNT) == before + 1
    chapter.keyboard.press("d")
    chapter.keyboard.press("d")  # a cell of one's own goes
    notebook.wait_for_function(f"({COUNT})() === {before}")


def test_a_reader_who_goes_on_reading_keeps_place_and_keys(page, site):
    page.goto(site + CHAPTER)
    page.get_by_role("button", name="Do two-step here").click()
    page.evaluate("() => { document.activeElement.blur(); scrollTo(0, 0); }")
    page.get_by_text("Python is ready").wait_for()
    page.wait_for_timeout(500)
    assert page.evaluate("[scrollY, document.activeElement.tagName]") == [0, "BODY"]
    page.frame_locator(FRAME).locator(".jp-MarkdownCell").first.click()
    assert page.evaluate(FOCUS) == "frame"


def test_a_closed_exercise_can_be_opened_again(chapter):
    chapter.get_by_role("button", name="Close two-step").click()
    chapter.locator(FRAME).wait_for(state="detached")
    start(chapter)
    assert chapter.locator(FRAME).count() == 1


def test_work_survives_a_reload_and_goes_when_the_reader_starts_again(sheet, site):
    sheet.goto(site + CHAPTER)
    write(sheet, show(sheet), "# mine")
    sheet.reload()
    show(sheet)
    with sheet.expect_download() as download:
        sheet.get_by_role("button", name="Download my notebook").click()
    assert "# mine" in download.value.path().read_text(encoding="utf-8")

    sheet.once("dialog", lambda dialog: dialog.accept())
    sheet.get_by_role("button", name="Start again").click()
    sheet.frame_locator(FRAME).get_by_text("# mine").wait_for(state="detached")
    with sheet.expect_download() as download:
        sheet.get_by_role("button", name="Download my notebook").click()
    assert "# mine" not in download.value.path().read_text(encoding="utf-8")
    sheet.reload()
    show(sheet).locator(".jp-CodeCell").nth(2).wait_for()
    assert "# mine" not in json.dumps(sheet.frame_locator(FRAME).locator("body").inner_text())


def test_to_start_again_before_the_notebook_is_there_says_so_and_loses_nothing(page, site):
    page.route("**/lite/notebooks/index.html*", lambda route: None)  # it does not come
    page.goto(site + CHAPTER)
    page.get_by_role("button", name="Do two-step here").click()
    dialogs = []
    page.on("dialog", lambda dialog: (dialogs.append((dialog.type, dialog.message)), dialog.accept()))
    page.get_by_role("button", name="Start again").click()
    assert dialogs == [("alert", "The notebook is not ready yet: start again when its cells are shown.")]


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


def test_what_is_typed_while_the_notebook_is_saved_is_kept_too(sheet, site):
    sheet.goto(own_tab(site, "two-step"))
    sheet.wait_for_function(OPENED)
    sheet.wait_for_timeout(500)  # notebook.js looks for the notebook fifty times a second
    sheet.evaluate(TYPE_WHILE_IT_IS_SAVED)
    sheet.evaluate(UNTIL_KEPT, ["# typed while it was saved", START])


A_SLOW_STORE = """
  async () => {
    const { context } = jupyterapp.shell.currentWidget, contents = jupyterapp.serviceManager.contents;
    const save = contents.save;
    window.writing = window.together = window.saved = 0;
    contents.save = async (...notebook) => {
      window.together = Math.max(window.together, ++window.writing);
      const saved = await save.apply(contents, notebook);
      await new Promise((resolve) => setTimeout(resolve, 3000)); // longer than from one saving to the next
      window.writing--;
      window.saved++;
      return saved;
    };
    context.model.cells.get(2).sharedModel.setSource("# typed before");
  }
"""


def test_a_store_slower_than_the_savings_follow_each_other_is_no_other_tab(sheet, site):
    sheet.goto(own_tab(site, "two-step"))
    sheet.get_by_text("Your work is kept in this browser.").wait_for()
    sheet.evaluate(A_SLOW_STORE)
    sheet.wait_for_function("window.saved > 0")
    sheet.evaluate("jupyterapp.shell.currentWidget.context.model.cells.get(2).sharedModel.setSource('# typed after')")
    sheet.wait_for_function("window.saved > 1")
    sheet.evaluate(UNTIL_KEPT, ["# typed after", START])
    assert sheet.evaluate("window.together") == 1
    assert sheet.locator("dialog").count() == 0


FIRST_ANSWER = "def output_gradient(o, y):\n    return o * np.sum(y) - y"
# What an answer cell and the check below it are painted with.
PAINTED = """
  () => ["output-gradient", "check-output-gradient"].map(name => {
    const { content } = jupyterapp.shell.currentWidget;
    const cell = content.widgets.find(({ model }) => model.id === name);
    return getComputedStyle(cell.node.querySelector(".jp-InputArea-editor")).backgroundColor;
  })
"""


def test_the_tab_of_its_own_has_all_that_a_reader_needs(page, site):
    open_notebook(page, site, "two-step")
    page.get_by_text("Python is ready. Your work is kept in this browser.").wait_for()
    answer, check = page.evaluate(PAINTED)
    assert answer != check

    page.evaluate(FILL_IN, {"output-gradient": FIRST_ANSWER})
    assert said_by_checks(run_all(page))["check-output-gradient"] == "output_gradient: right"
    assert page.evaluate("progress()") == {"two-step": {"right": ["check-output-gradient"]}}

    with page.expect_download() as download:
        page.get_by_role("button", name="Download my notebook").click()
    with page.expect_download() as receipt:
        page.get_by_role("button", name="Download a receipt for it").click()
    lines = receipt.value.path().read_text(encoding="utf-8").splitlines()
    digest = hashlib.sha256(download.value.path().read_bytes()).hexdigest()
    assert lines[0] == f"Receipt for {download.value.suggested_filename}"
    assert "Parts seen right: 1 of 4 (check-output-gradient)" in lines
    assert f"SHA-256 of the file: {digest}" in lines

    page.evaluate("localStorage.mode = 'dark'")
    page.evaluate(UNTIL_KEPT, ["output_gradient: right", START])
    page.reload()
    page.wait_for_function(OPENED)
    page.wait_for_function("document.body.dataset.jpThemeLight === 'false'")
    page.get_by_text("output_gradient: right").first.wait_for(state="detached")  # the new Python knows nothing of it
    assert "return o * np.sum(y) - y" in json.dumps(page.evaluate(NOTEBOOK))
    assert page.evaluate("progress()") == {"two-step": {"right": ["check-output-gradient"]}}

    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Start again").click()
    page.wait_for_function("!progress()['two-step']")
    assert "return o * np.sum(y) - y" not in json.dumps(page.evaluate(NOTEBOOK))
    page.evaluate("localStorage.removeItem('mode')")


def test_two_tabs_take_turns_and_lose_nothing(sheet, reader, site):
    sheet.goto(own_tab(site, "two-step"))
    sheet.wait_for_function(OPENED)
    second = watched(reader.new_page(), site)
    second.set_default_timeout(START)
    second.add_init_script(NO_PYTHON)
    second.goto(own_tab(site, "two-step"))
    second.get_by_role("alert").get_by_text("This exercise is open in another tab").wait_for()
    sheet.evaluate(FILL_IN, {"output-gradient": "# typed in the first"})
    second.get_by_role("button", name="Go on here").click()
    sheet.get_by_role("alert").wait_for()
    second.get_by_role("alert").wait_for(state="detached")
    second.wait_for_function("document.body.innerText.includes('# typed in the first')")

    second.evaluate(FILL_IN, {"output-gradient": "# typed in the second"})
    second.evaluate(UNTIL_KEPT, ["# typed in the second", START])
    second.close()
    sheet.wait_for_function("document.body.innerText.includes('# typed in the second')")
    sheet.get_by_role("alert").wait_for(state="detached")
    assert second.errors == []


NOTHING_IS_KEPT = """
  Object.defineProperty(window, "indexedDB", { value: undefined });
  Object.defineProperty(window, "localStorage", { get() { throw new DOMException("off", "SecurityError"); } });
"""
NO_ROOM = """() => {
  window.put = IDBObjectStore.prototype.put;
  IDBObjectStore.prototype.put = () => { throw new DOMException("full", "QuotaExceededError"); };
}"""
ROOM = "() => { IDBObjectStore.prototype.put = window.put; }"


@pytest.mark.parametrize("script", [NOTHING_IS_KEPT, ""], ids=["off", "full"])
def test_a_browser_that_does_not_keep_the_work_says_so_and_lets_it_be_downloaded(script, chromium, site):
    with chromium.new_context(viewport=DESK) as context:
        context.add_init_script(NO_PYTHON + script)
        page = watched(context.new_page(), site)
        page.set_default_timeout(START)
        page.goto(own_tab(site, "two-step"))
        page.wait_for_function(OPENED)
        if not script:
            page.get_by_text("Your work is kept in this browser.").wait_for()
            page.wait_for_timeout(2000)  # JupyterLite goes on writing while it opens the notebook
            page.evaluate(NO_ROOM)
        page.evaluate(FILL_IN, {"output-gradient": "# mine"})
        page.get_by_text("Not saved: this browser").wait_for()
        assert page.get_by_text("Your work is kept").count() == 0
        assert page.get_by_role("dialog").count() == 0
        with page.expect_download() as download:
            page.get_by_role("button", name="Download my notebook").click()
        assert "# mine" in download.value.path().read_text(encoding="utf-8")
        if not script:
            page.evaluate(ROOM)
            page.get_by_text("Your work is kept in this browser.").wait_for()
            page.evaluate(UNTIL_KEPT, ["# mine", START])
        assert page.left_the_host == page.errors == []


# A notebook of an earlier release in the store, as JupyterLite has written it.
KEEP_OLDER = """
  async answer => {
    const notebook = await (await fetch("lite/files/two-step.ipynb")).json();
    notebook.metadata.release = "an earlier one";
    const cell = notebook.cells.find(({ id }) => id === "output-gradient");
    cell.source = answer;
    notebook.cells.splice(-2, 1); // the earlier one has no cell for progress
    await files.setItem("two-step.ipynb", asFile("two-step", notebook));
  }
"""


def test_a_newer_release_is_told_and_holds_the_answers(sheet, site):
    sheet.goto(site + "exercises.html")
    sheet.evaluate(KEEP_OLDER, "# my answer")
    sheet.goto(own_tab(site, "two-step"))
    sheet.get_by_text("your answers have been put into the new version").wait_for()
    cells = {cell["id"]: "".join(cell["source"]) for cell in sheet.evaluate(NOTEBOOK)["cells"]}
    assert cells["output-gradient"] == "# my answer"
    assert cells["progress"].startswith("exercise.progress(")
    sheet.reload()
    sheet.wait_for_function(OPENED)
    sheet.get_by_text("Your work is kept in this browser.").wait_for()
    assert sheet.get_by_text("new version").count() == 0


def write(page, notebook, text):
    """Type into the first answer cell as a reader does, and wait until it is saved."""
    cell = page.frame_locator(FRAME).locator(".jp-CodeCell").nth(ANSWER).locator(".cm-content")
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


# Each line by itself, as a reader may write it: book/_ext/needless.py leaves modules out.
IMPORTS = """
from numpy import *
import numpy.f2py, numpy.fft, numpy.ctypeslib, numpy.linalg, numpy.ma, numpy.polynomial, numpy.random, numpy.testing
import rnnlib, rnnlib.fast, bptt_figures
import argparse, array, bisect, calendar, cmath, collections, contextlib, copy, csv, ctypes, dataclasses, datetime
import decimal, difflib, doctest, enum, fractions, functools, gzip, hashlib, heapq, html.parser, inspect, io, itertools
import json, locale, logging.handlers, math, operator, optparse, os, pathlib, pdb, pickle, pkgutil, pprint, profile
import random, re, shelve, shutil, statistics, string, struct, subprocess, sys, tarfile, tempfile, textwrap, threading
import time, timeit, tomllib, trace, tracemalloc, types, typing, unicodedata, unittest.mock, urllib.request, uuid, wave
import warnings, weakref, xml.etree.ElementTree, zipfile, zoneinfo, asyncio, concurrent.futures, email.message
import IPython.display, IPython.core.magic, IPython.lib.pretty, micropip, pygments.formatters.html, traitlets
assert "gbk".encode("gbk") + "é".encode("cp1252") + "é".encode("latin-1") == b"gbk\\xe9\\xe9"
assert numpy.random.default_rng(0).normal() and str(10**4000)
"""
MANY_LINES = """
import traceback
for line in IMPORTS.strip().splitlines():
    try:
        exec(line, {"numpy": numpy})
    except Exception:
        print(line, traceback.format_exc(limit=-1))
"""
SAID = """
  async code => {
    let said = "";
    const future = jupyterapp.shell.currentWidget.sessionContext.session.kernel.requestExecute({ code });
    future.onIOPub = ({ content }) => { said += content.text ?? content.traceback?.join("\\n") ?? ""; };
    await future.done;
    return said;
  }
"""


def test_whatever_a_reader_may_import_with_profit_is_there(chapter):
    frame = chapter.locator(FRAME).element_handle().content_frame()
    assert frame.evaluate(SAID, f"import numpy\nIMPORTS = {IMPORTS!r}\n{MANY_LINES}") == ""


def test_drawn_integers_are_taken_as_indices(chapter):
    frame = chapter.locator(FRAME).element_handle().content_frame()
    assert frame.evaluate(SAID, INDEX).startswith("[1 1")


def test_the_magics_of_the_notebook_work_and_a_module_that_is_left_out_is_missed_by_its_name(chapter):
    frame = chapter.locator(FRAME).element_handle().content_frame()
    assert "1 loop each" in frame.evaluate(SAID, "%timeit -n 1 -r 1 sum(range(9))")
    assert "Return the number of items" in frame.evaluate(SAID, "help(len)")
    assert "ZeroDivisionError" in frame.evaluate(SAID, "1 / 0")
    assert "No module named 'smtplib'" in frame.evaluate(SAID, "import smtplib")


COMPLETE = """
  code => jupyterapp.shell.currentWidget.sessionContext.session.kernel
    .requestComplete({ code, cursor_pos: code.length }).then(reply => reply.content.matches)
"""


def test_python_completes_a_name(chapter):
    frame = chapter.locator(FRAME).element_handle().content_frame()
    assert frame.evaluate(FIRST_RESULT) == "3.0\n"
    assert frame.evaluate(COMPLETE, "numpy.lina") == ["numpy.linalg"]
    assert frame.evaluate(COMPLETE, "enumer") == ["enumerate"]


def test_the_tab_of_its_own_leads_to_the_same_notebook(sheet, site):
    sheet.goto(site + CHAPTER)
    sheet.get_by_role("link", name="Open it in its own tab").click()
    sheet.wait_for_url(own_tab(site, "two-step"))  # which every exercise is done at
    sheet.wait_for_function(OPENED)
    assert sheet.evaluate("() => jupyterapp.shell.currentWidget.context.path") == "two-step.ipynb"


STATUS = ".exercise-stage > [role=status]"
OWN_STATUS = ".exercise > [role=status]"
AT_HOME = ", or download the notebook and do it on your own computer."


class Broken(QuietHandler):
    """Serves the site without the file `missing`, half of the file `cut`, and the address `late` with a pause in it."""

    missing = cut = late = None

    def do_GET(self):
        name = Path(self.path.partition("?")[0]).name
        if name == self.missing:
            self.send_error(404)
        elif name == self.cut:
            content = self.begin()
            self.wfile.write(content[: len(content) // 2])
        elif self.path == self.late:  # JupyterLite asks once more for the page alone, and waits for it
            head, end, rest = self.begin().partition(b"</head>")
            self.wfile.write(head + end)
            time.sleep(2)
            self.wfile.write(rest)
        else:
            super().do_GET()

    def begin(self):
        """Answer that the file is there, and return what is in it."""
        path = self.translate_path(self.path)
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(path))
        self.end_headers()
        return Path(path).read_bytes()


@contextmanager
def tab_with(chromium, **faults):
    """A tab, and the address of a site with these faults, of which nothing is in the cache of the browser."""
    with (
        served(HTML, type("Faulty", (Broken,), faults)) as site,
        chromium.new_context(viewport=DESK) as context,
    ):
        page = context.new_page()
        page.set_default_timeout(START)
        yield page, site


def test_a_notebook_whose_scripts_are_there_before_the_end_of_its_page_opens(chromium):
    with tab_with(chromium, late=own_tab("/", "two-step")) as (page, site):
        watched(page, site)
        page.goto(own_tab(site, "two-step"))
        page.wait_for_function(OPENED)
        assert page.errors == []


@pytest.mark.parametrize(
    ("faults", "reason"),
    [
        ({"missing": "files.json"}, "the list of its files is missing"),
        ({"missing": "pyodide.asm.wasm"}, "Python is missing"),
        ({"cut": "pyodide.asm.js"}, "Python is not whole"),
        ({"missing": "bundle.js"}, "bundle.js is missing"),
    ],
    ids=str,
)
def test_an_exercise_that_lacks_a_file_says_which_and_what_to_do(faults, reason, site, chromium):
    with tab_with(chromium, **faults) as (page, broken):
        page.goto(broken + CHAPTER)
        page.get_by_role("button", name="Do two-step here").click()
        said = f"Python could not be started ({reason}): reload the page{AT_HOME}"
        page.locator(STATUS).get_by_text(said).wait_for()
        assert page.get_by_role("button", name="Download my notebook").is_enabled()


def test_without_jupyterlite_the_released_notebook_can_still_be_downloaded(site, chromium):
    with tab_with(chromium, missing="bundle.js") as (page, broken):
        page.goto(own_tab(broken, "two-step"))
        page.locator(OWN_STATUS).get_by_text("bundle.js is missing").wait_for()
        with page.expect_download() as download:
            page.get_by_role("button", name="Download my notebook").click()
        assert download.value.path().read_bytes() == (HTML / "lite" / "files" / "two-step.ipynb").read_bytes()


def test_a_browser_without_webassembly_is_told_to_give_way_to_another(site, chromium):
    with chromium.new_context() as context:
        context.add_init_script("delete window.WebAssembly")
        page = context.new_page()
        page.set_default_timeout(START)
        page.route("**/files.json", lambda route: route.abort())  # nothing needs to be fetched for it
        page.goto(site + CHAPTER)
        page.get_by_role("button", name="Do two-step here").click()
        said = f"Python could not be started (this browser lacks WebAssembly): try another browser{AT_HOME}"
        page.locator(STATUS).get_by_text(said).wait_for()


def test_an_exercise_opened_without_a_server_says_what_it_needs(site, chromium):
    said = f"Python in the page needs a server: run `make serve`{AT_HOME}"
    with chromium.new_context() as context:
        page = context.new_page()
        page.goto((HTML / CHAPTER).as_uri())
        page.get_by_role("button", name="Do two-step here").click()
        assert page.locator(STATUS).inner_text() == said
        assert page.locator(FRAME).count() == 0
        page.goto(own_tab(f"{HTML.as_uri()}/", "two-step"))
        assert page.locator(OWN_STATUS).inner_text() == said


def test_a_python_that_is_stuck_for_half_a_minute_is_told(site, chromium):
    with chromium.new_context() as context:
        page = context.new_page()
        page.clock.install()
        page.route("**/python.zip", lambda route: None)  # it never comes
        page.goto(site + CHAPTER)
        page.get_by_role("button", name="Do two-step here").click()
        page.locator(STATUS).get_by_text("Loading").wait_for()
        told = page.locator(STATUS).get_by_text(
            f"Python has made no progress for 30 seconds: wait, or reload the page{AT_HOME}"
        )
        for _ in range(60):  # the other files are still coming, and each piece of one is progress
            page.clock.fast_forward(31_000)
            if told.is_visible():
                break
            page.wait_for_timeout(500)
        told.wait_for(timeout=1000)


# Thirty megabytes in pieces of thirty kilobytes.
SLOWLY = """async () => {
  const body = () => new ReadableStream({ start(stream) {
    for (let piece = 0; piece < 1000; piece++) stream.enqueue(new Uint8Array(30000));
    stream.close();
  }});
  const told = [];
  window.fetch = async (address) => String(address).endsWith("files.json")
    ? new Response(JSON.stringify([{ name: "Python", url: "python.zip", bytes: 3e7 }]))
    : new Response(body());
  await fetchFiles((...progress) => told.push(loading(...progress)));
  return told;
}"""


LARGEST = 4e6  # bytes; the servers of a published site compress them to about a quarter


def test_a_chapter_fetches_no_python_before_the_click_and_tells_of_tenths_after_it(site, chromium):
    with chromium.new_context(viewport=DESK) as context:
        page, fetched = context.new_page(), []
        page.on("requestfinished", lambda request: fetched.append((request.url, request.sizes()["responseBodySize"])))
        page.goto(site + CHAPTER)
        page.get_by_role("button", name="Do two-step here").scroll_into_view_if_needed()
        page.wait_for_timeout(500)
        assert [url for url, size in fetched if "/pyodide/" in url or size > LARGEST] == []
        told = page.evaluate(SLOWLY)
        assert told[0] == "Loading Python: 0 of 30 MB"
        assert told[-1] == "Loading Python: 30 of 30 MB"
        assert len(told) == 11


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
        for folder in ("_static", "progress"):
            shutil.copytree(ROOT / "book" / folder, tmp_path / "site" / "_static", dirs_exist_ok=True)
        lite.build_lite(tmp_path / "site" / "lite", tmp_path / "work", cdn, '{"course": "", "exercises": []}')
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
