"""A reader has a notebook marked in the page: as in a class, in a Python whose loops and crashes cost nothing."""

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from typing import NamedTuple

import mark_page
import progress
import pytest
import yaml
from browser import DESK, ROOT, START, shuts_out, watched
from conftest import needs
from marking import SLUG, filled, hidden_lines, mark
from test_lite import FILL_IN, FRAME, own_tab
from test_site_build import build, new_book, write_settings

from grading import exercise, feedback
from grading.answers import known_answers, solution

WRONG = [
    pytest.param(slug, answer, id=answer.name)
    for slug, names in {
        SLUG: ("message-without-w", "target-minus-prediction"),
        "t-steps": ("part-without-hops",),
        "bptt-vectorised": ("tokens-averaged",),  # by np.bincount, which refuses integers that are too wide
    }.items()
    for answer in known_answers(slug)
    if answer.name in names
]
CHAPTERS = {each["slug"]: each["chapter"] for each in progress.exercises()}
BUTTON = ".exercise-mark"
LINE = ".exercise-mark + [role=status]"
PAGE = ".exercise-feedback iframe"
# The frame runs no script, not even one of a test: it is looked at from the page around it.
READ = f"document.querySelector('{PAGE}').contentDocument.body.innerText"
TEXTS = {".css", ".html", ".ipynb", ".js", ".json", ".py", ".txt"}
# What Chromium says of the script of `watched`, which Playwright wants to run in every frame, in this one too.
BLOCKED = (
    "Blocked script execution in 'about:srcdoc' because the document's frame is sandboxed and the 'allow-scripts' "
    "permission is not set."
)
# What JupyterLite says when it is left while it waits for an answer of its service worker.
LEFT = "Cannot read properties of null (reading '_pingServiceWorker')"
HANG = "sum(iter(int, 1))"  # a loop in compiled code: Python itself cannot look at the clock
LOOP = "while True:\n        try:\n            1 / 0\n        except Exception:\n            pass"


class Marked(NamedTuple):
    """What the line beside the button says at last, and the page of feedback as one reads it."""

    line: str
    page: str


@pytest.fixture(scope="module")
def desk(chromium, site):
    """A tab with an exercise opened in its chapter, for one notebook after the other."""
    with chromium.new_context(viewport=DESK) as context:
        page = watched(context.new_page(), site)
        page.set_default_timeout(START)
        page.asked = []
        page.on("request", lambda asked: page.asked.append(asked.url))
        sit_down(page, site, SLUG)
        page.before = list(page.asked)
        yield page
        assert page.left_the_host == []
        assert [error for error in page.errors if error not in (BLOCKED, LEFT)] == []


def sit_down(page, site, slug):
    """Open the exercise in its chapter, unless it is open."""
    address = f"{site}{CHAPTERS[slug]}.html"
    if page.url == address:
        return
    page.goto(address)
    page.get_by_role("button", name=f"Do {slug} here").click()
    page.get_by_text("Python is ready").wait_for()  # JupyterLite complains if it is left while it starts


def notebook_in(page):
    return page.locator(FRAME).element_handle().content_frame()


def press(page, cells):
    """Fill in the notebook and press the button."""
    notebook_in(page).evaluate(FILL_IN, cells)
    page.locator(BUTTON).click()


def marked(page, cells):
    """What comes of the notebook with these answers."""
    press(page, cells)
    page.locator(BUTTON).get_by_text("Mark my work").wait_for()
    line = page.locator(LINE).inner_text()
    return Marked(line, page.evaluate(READ) if page.locator(PAGE).count() else "")


def of_class(slug, cells, folder):
    """The feedback.Results that the autograder of a class gives."""
    needs("bwrap")
    return feedback.results(mark(filled(cells, slug), folder, slug=slug), exercise.load(slug))


def lost_points(answer):
    cells = exercise.load(SLUG).notebook["cells"]
    return sum(cell["metadata"]["nbgrader"]["points"] for cell in cells if exercise.grade_id(cell) in answer.lost)


def with_line(part, line):
    """The solution, in which the first function of a part begins with this line."""
    cells = dict(solution(SLUG).cells)
    cells[part] = re.sub(r'(\n    """(?s:.*?)"""\n)', lambda found: f"{found[1]}    {line}\n", cells[part], count=1)
    return cells


def test_right_answers_get_full_marks_by_checks_that_are_fetched_when_the_button_is_pressed(desk, site):
    sit_down(desk, site, SLUG)
    desk.asked.clear()
    found = marked(desk, solution(SLUG).cells)
    assert found.line == "15 of 15 points. This mark is for yourself; the feedback is below."
    assert "All of it is right." in found.page
    assert "A mark for yourself." in found.page
    assert desk.before.count(f"{site}lite/marking.zip") == 0
    assert desk.asked.count(f"{site}lite/marking.zip") == 1


@pytest.mark.parametrize(("slug", "answer"), WRONG)
def test_a_known_wrong_answer_gets_the_mark_of_a_class_and_is_named(slug, answer, desk, site, tmp_path):
    sit_down(desk, site, slug)
    found, in_class = marked(desk, answer.cells), of_class(slug, answer.cells, tmp_path)
    assert found.line.startswith(f"{in_class.points:g} of {in_class.most:g} points.")
    assert in_class.points < in_class.most
    (mistake,) = in_class.mistakes
    assert mistake.told.replace("`", "") in found.page
    for part in in_class.parts:
        assert f"{part.title}\t{part.points:g} of {part.most:g}\t" in found.page


def test_an_endless_loop_ends_at_the_limit_of_the_checks_and_costs_what_it_costs_in_a_class(desk, site, tmp_path):
    sit_down(desk, site, SLUG)
    cells = with_line("gradient-by-step", LOOP)
    found, in_class = marked(desk, cells), of_class(SLUG, cells, tmp_path)
    assert found.line.startswith(f"{in_class.points:g} of 15 points.")
    assert 0 < in_class.points < 15
    assert "no answer within 10 seconds, which is all that gradient_by_step may take: an endless loop?" in found.page


def test_stop_ends_what_no_check_can_end_and_a_second_press_marks(desk, site):
    sit_down(desk, site, SLUG)
    press(desk, with_line("gradient-by-step", HANG))
    desk.locator(LINE).get_by_text("Marking part 3 of 4, The part of each step").wait_for()
    desk.wait_for_timeout(300)
    desk.get_by_role("button", name="Stop marking").click()
    assert desk.locator(LINE).inner_text() == "Stopped."
    assert desk.locator(PAGE).count() == 0
    assert marked(desk, solution(SLUG).cells).line.startswith("15 of 15 points.")


def test_the_end_of_an_exercise_ends_its_marking(desk, site):
    sit_down(desk, site, SLUG)
    before = len(desk.workers)
    press(desk, with_line("gradient-by-step", HANG))
    desk.locator(LINE).get_by_text("Marking part 3 of 4").wait_for()
    assert len(desk.workers) == before + 1
    desk.get_by_role("button", name=f"Close {SLUG}").click()
    desk.locator(FRAME).wait_for(state="detached")
    for _ in range(100):  # a worker that does not listen is given a while
        if not desk.workers:
            break
        desk.wait_for_timeout(100)
    assert desk.workers == []
    desk.goto("about:blank")  # so that the next one opens the exercise again


def test_python_that_gives_no_news_is_ended_and_the_part_is_named(desk, site):
    desk.clock.install()
    sit_down(desk, site, SLUG)
    press(desk, with_line("gradient-by-step", HANG))
    desk.locator(LINE).get_by_text("Marking part 3 of 4").wait_for()
    desk.clock.fast_forward(80_000)
    desk.locator(BUTTON).get_by_text("Mark my work").wait_for()
    said = "Nothing was marked: part 3 of 4, The part of each step, has not ended for 75 seconds."
    assert desk.locator(LINE).inner_text().startswith(said)


def test_the_tab_of_its_own_has_the_button_too_and_the_mark_is_noted(desk, site):
    desk.goto(own_tab(site, SLUG))
    desk.get_by_text("Python is ready").wait_for()
    desk.evaluate(FILL_IN, WRONG[0].values[1].cells)
    desk.locator(BUTTON).click()
    desk.locator(PAGE).wait_for()
    points = 15 - lost_points(WRONG[0].values[1])
    assert desk.locator(LINE).inner_text().startswith(f"{points} of 15 points.")
    assert desk.evaluate("progress()['two-step'].mark") == {"points": points, "of": 15}
    assert f"{points} of 15 points" in desk.evaluate(READ)


ADD = """
  text => jupyterapp.shell.currentWidget.content.model.sharedModel.addCell({ cell_type: "markdown", source: text })
"""
LOOKS = f"""
  () => {{
    const {{ contentDocument, contentWindow, clientHeight }} = document.querySelector("{PAGE}");
    const {{ documentElement, body }} = contentDocument;
    return {{
      background: contentWindow.getComputedStyle(body).backgroundColor,
      isTooWide: documentElement.scrollWidth > documentElement.clientWidth,
      isTooHigh: documentElement.scrollHeight > clientHeight,
    }};
  }}
"""


def test_the_feedback_is_a_page_without_scripts_that_fits_a_phone_and_the_colours_of_the_book(desk, site):
    sit_down(desk, site, SLUG)
    text = "# Mine, <b>bold</b> <script>document.title = 'taken'</script>"
    notebook_in(desk).evaluate(ADD, text)
    assert text in marked(desk, WRONG[0].values[1].cells).page
    assert "allow-scripts" not in desk.locator(PAGE).get_attribute("sandbox")
    assert desk.locator(PAGE).get_attribute("title") == "Feedback on two-step"
    assert shuts_out(desk, "iframe", iframes=False) == []
    backgrounds = {}
    for theme in ("light", "dark"):
        desk.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
        for width in (DESK["width"], 390):
            desk.set_viewport_size({"width": width, "height": 844})
            desk.wait_for_function(f"!({LOOKS})().isTooHigh")
            looks = desk.evaluate(LOOKS)
            assert not looks["isTooWide"]
            assert desk.evaluate("document.documentElement.scrollWidth") <= width
            backgrounds[theme] = looks["background"]
    desk.set_viewport_size(DESK)
    assert backgrounds == {"light": "rgb(255, 255, 255)", "dark": "rgb(23, 23, 22)"}
    desk.get_by_role("button", name="Close the feedback").click()
    assert desk.locator(PAGE).count() == 0


MARK = """
import sys

folder, text = sys.argv[1:]
sys.path.insert(0, folder)
exec(open(f"{folder}/mark_here.py").read())
print(mark("two-step", text, 7, "https://example.org/", lambda part: print(part, file=sys.stderr)))
"""


def test_what_is_packed_marks_a_notebook_without_the_rest_of_the_course(tmp_path):
    zipfile.ZipFile(mark_page.checks(tmp_path / "checks.zip")).extractall(tmp_path)
    (tmp_path / "rnnlib").symlink_to(ROOT / "rnnlib")
    shutil.copy(ROOT / "book" / "marking" / "mark_here.py", tmp_path)
    answer = WRONG[0].values[1]
    command = [sys.executable, "-I", "-c", MARK, tmp_path, json.dumps(filled(answer.cells))]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout)
    assert (found["points"], found["most"]) == (15 - lost_points(answer), 15)
    assert f"This is what you get when {answer.mistake}." in found["page"]
    assert 'href="https://example.org/two-step.html#' in found["page"]
    assert list(dict.fromkeys(done.stderr.splitlines())) == [
        "part 1 of 4, The output gradient",
        "part 2 of 4, The clean formulas",
        "part 3 of 4, The part of each step",
        "part 4 of 4, The gradient",
    ]


@pytest.mark.browser
def test_a_setting_leaves_out_the_button_the_checks_and_the_answers(tmp_path):
    needs("npm")
    book = new_book(tmp_path / "course")
    for house in ("book/lite", "book/marking", "grading", f"solutions/{SLUG}", f"exercises/{SLUG}"):
        shutil.copytree(ROOT / house, book / house, dirs_exist_ok=True)
    (book / "_build").mkdir()
    (book / "_build" / "vendor").symlink_to(ROOT / "_build" / "vendor")
    archive = book / "_build" / "html" / "lite" / "marking.zip"
    offered = build(book, os.environ["PATH"])
    assert offered.status == 0, offered.said
    assert "mark.js" in offered.shown
    assert f"solutions/{SLUG}/answers.toml" in zipfile.ZipFile(archive).namelist()

    settings = yaml.safe_load((book / "_config.yml").read_text(encoding="utf-8"))
    settings["sphinx"]["config"]["mark_in_the_page"] = False
    write_settings(book, settings)
    left_out = build(book, os.environ["PATH"])
    assert left_out.status == 0, left_out.said
    assert "exercise-here" in left_out.shown
    assert "mark.js" not in left_out.shown
    assert not archive.exists()
    texts = [path.read_text(encoding="utf-8") for path in archive.parents[1].rglob("*.*") if path.suffix in TEXTS]
    assert [line for line in hidden_lines(SLUG) if any(line in text for text in texts)] == []
