"""A class, `python -m grading mine` and "Mark my work" in the page give one mark: for every known answer.

`make test-doors` runs this, one exercise after the other. Nine hundred notebooks are marked three times each, which
takes long, so that `make test` leaves it out.
"""

import contextlib
import io
import json
import re
import time
from typing import NamedTuple

import pytest
from browser import HTML, START, watched
from conftest import needs
from marking import filled, hand_in, lost, text_of

from grading import exercise, feedback, grade, mine
from grading.answers import known_answers, solution
from grading.course import LANGUAGES, slugs
from grading.execute import Settings
from rnnlib.words import ENGLISH

pytestmark = pytest.mark.doors

SEED = 20  # for all three, so that they draw the same numbers
LATE = re.compile("no answer within .*? seconds?|took too long")  # said of what a limit of time has ended
LONGEST = 75_000  # milliseconds without news until a worker is ended, as in book/marking/mark.js
# In another language the tests are the same, to the letter: one exercise shows that its notebooks come through.
EXERCISES = [(slug, ENGLISH) for slug in slugs()] + [("two-step", language) for language in LANGUAGES]

# Lets the button draw the SEED, and keeps what it posts to its worker.
PREPARE = """
  crypto.getRandomValues = (numbers) => numbers.fill(%d);
  const { postMessage } = Worker.prototype;
  Worker.prototype.postMessage = function (message) {
    window.posted = message;
    postMessage.call(this, message);
  };
"""
OFFER = """
  ([slug, text]) => {
    document.querySelector("#offered")?.remove();
    const bar = document.createElement("div");
    bar.id = "offered";
    document.querySelector("main").append(bar);
    offerMarking(bar, slug, () => text);
  }
"""
BUTTON = "#offered .exercise-mark"
LINE = "#offered [role=status]"
PAGE = ".exercise-feedback iframe"
# For each message, a worker of the button's starts Python; this one goes on with the Python that it has. Its script
# may still be on its way.
KEEP_PYTHON = """
  async () => {
    while (typeof start !== "function") await new Promise((resolve) => setTimeout(resolve, 10));
    const begin = start;
    let python;
    self.start = (data) => (python ??= begin(data));
  }
"""
# Posts one text after the other to such a worker, until one of them is not marked, or says nothing for too long.
BEGIN = """
  ([texts, longest]) => {
    const mark = (text) => new Promise((resolve) => {
      let watch;
      const wait = () => {
        clearTimeout(watch);
        watch = setTimeout(() => resolve({ failed: "no news" }), longest);
      };
      worker.onerror = ({ message }) => resolve({ failed: message });
      worker.onmessage = ({ data }) => {
        clearTimeout(watch);
        if (data.part) wait();
        else resolve(data);
      };
      wait();
      worker.postMessage({ ...posted, text });
    });
    const markAll = async () => {
      const found = [];
      while (found.length < texts.length && !found.at(-1)?.failed) found.push(await mark(texts[found.length]));
      worker.terminate();
      return found;
    };
    window.marked = markAll();
  }
"""


class Told(NamedTuple):
    """What a page of feedback says of the marks, as one reads it."""

    total: str
    parts: tuple  # a line for each: its title, its points and its state
    # {grade_id: (title, state and points, the number of its mistake)}; the page leaves out those of a part that has all
    # its points, so that parts and checks together tell the points of every test cell
    checks: dict
    sections: dict  # the mistakes with their hints and costs, and whatever else the page says of all of it


def told(page):
    sections = {name: text for text, name in re.findall(r'(?s)(<section[^>]* id="([a-z]+)">.*?</section>)', page)}
    rows = re.findall("(?s)<tr>(.*?)</tr>", sections.pop("parts"))
    sections.pop("notebook", "")  # what the student wrote
    checks = re.findall(r'(?s)<h3 id="([^"]+)">(.*?)</h3>(.*?)(?=<h3|</section>)', page)
    return Told(
        text_of(re.search(r'<p class="total">(.*?)</p>', page)[1]),
        tuple(map(read, rows)),
        {label: (read(line), *re.findall('href="#mistake-([0-9]+)"', rest)) for label, line, rest in checks},
        {name: read(text) for name, text in sections.items()},
    )


def read(part):
    """A part of a page as one line of text."""
    return " ".join(text_of(part.replace("</td>", " ")).split())


def in_class(marked, slug):
    """The page of feedback that a class has of a grade.Marked, and the test cells that give no points."""
    assert not marked.problem
    task = exercise.load(slug, exercise.language_of_marked(marked.notebook))
    found = feedback.results(marked.notebook, task)
    assert found.sandbox == "bubblewrap"
    page = feedback.page(found)
    shown = [part for part in found.parts if part.state not in feedback.GOOD]
    assert told(page).checks.keys() == {check.label for part in shown for check in part.checks}
    assert len(told(page).parts) == len(found.parts) + 1  # with the line of their titles
    return page, lost(marked.notebook)


def by_mine(text, folder):
    """The page that the command writes which marks one's own notebook."""
    file, page = folder / "mine.ipynb", folder / "mine.html"
    file.write_text(text, encoding="utf-8")
    with contextlib.redirect_stdout(io.StringIO()):
        assert mine.main([str(file), "--output", str(page), "--seed", str(SEED)]) == 0
    return page.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def desk(chromium, site):
    """A tab in which the button can be offered for any notebook."""
    if not (HTML / "lite" / "marking.zip").exists():
        needs("npm")
        pytest.fail("the site was built without the button")
    with chromium.new_context() as context:
        page = watched(context.new_page(), site)
        page.set_default_timeout(START)
        page.add_init_script(PREPARE % SEED)
        page.goto(f"{site}two-step.html")
        page.script = f"{site}_static/mark-worker.js"
        yield page
        assert page.left_the_host == page.errors == []


def by_button(desk, slug, text):
    """The page that is shown when the button is pressed: it has the notebook marked by a worker of its own."""
    desk.evaluate(OFFER, [slug, text])
    desk.locator(BUTTON).click()
    desk.wait_for_function("seed => window.posted?.seed === seed", arg=SEED)
    desk.locator(BUTTON).get_by_text("Mark my work").wait_for()
    line = desk.locator(LINE).inner_text()
    assert desk.locator(PAGE).count(), line
    return desk.locator(PAGE).get_attribute("srcdoc")


def begin(desk, texts):
    """Let a worker of the button's mark these notebooks, one after the other, as the last one that was pressed for."""
    with desk.expect_worker() as started:
        desk.evaluate("url => { window.worker = new Worker(url) }", desk.script)
    started.value.evaluate(KEEP_PYTHON)
    desk.evaluate(BEGIN, [texts, LONGEST])


def end(desk, texts):
    """The page of each, empty for one that was not marked; after such a one, another worker goes on."""
    found = []
    while True:
        found += desk.evaluate("marked")
        if len(found) == len(texts):
            return [each["done"]["page"] if "done" in each else "" for each in found]
        begin(desk, texts[len(found) :])


def alike(pages):
    return all(pages) and len({repr(told(page)) for page in pages}) == 1


@pytest.mark.parametrize(("slug", "language"), EXERCISES)
def test_the_three_doors_give_one_mark(slug, language, desk, tmp_path, capsys):
    """Points and states of every test cell, and the mistakes by their names, hints and costs, are the same.

    The solution is marked by the button itself, in a worker that it starts. The known answers go to one worker with
    the same script, which gets the message of the button with another notebook in it, and does with it what the
    button's does, but for one thing: it starts Python once, and not for each of them. So they share what their
    modules keep: rnnlib, numpy and the checks.

    What comes out unlike is marked once more, through each door by itself and in the page by the button. It may be
    alike then for two reasons: that the worker was shared, or that a function had too little of a busy processor, which
    the page of feedback says. Otherwise chance has decided a mark, which is a fault.
    """
    needs("bwrap")
    began = time.monotonic()
    answers = [solution(slug), *known_answers(slug)]
    texts = [json.dumps(filled(answer.cells, slug, language)) for answer in answers]
    folders = [hand_in(tmp_path, answer.name, text, slug) for answer, text in zip(answers, texts, strict=True)]
    jobs = [grade.Job(slug, folder.parent.name, str(folder), Settings(SEED)) for folder in folders]

    pressed = by_button(desk, slug, texts[0])
    begin(desk, texts[1:])
    classes, costs, mines = {}, {}, []
    for text, marked in zip(texts, grade.mark_all(jobs, workers=2), strict=True):  # the pool is at work meanwhile
        classes[marked.student], costs[marked.student] = in_class(marked, slug)
        mines.append(by_mine(text, tmp_path))
    pressed = [pressed, *end(desk, texts[1:])]
    found = list(zip((classes[answer.name] for answer in answers), mines, pressed, strict=True))

    unlike, again = [], [i for i, pages in enumerate(found) if not alike(pages)]
    for i in again:
        page, costs[answers[i].name] = in_class(grade.mark(jobs[i]), slug)
        once_more = page, by_mine(texts[i], tmp_path), by_button(desk, slug, texts[i])
        steady = all(alike(pages) or LATE.search(pages[0]) for pages in zip(found[i][:2], once_more, strict=False))
        if not (steady and alike(once_more)):
            unlike.append(answers[i].name)
    with capsys.disabled():
        print(
            f"\n{slug} ({language}): {len(answers)} compared, {len(answers) - len(unlike)} equal, {len(unlike)} "
            f"different; {len(again)} marked once more; {(time.monotonic() - began) / 60:.1f} minutes"
        )
        for i in again:
            print(answers[i].name, *(page and (told(page), LATE.findall(page)) for page in found[i]), sep="\n  ")
    assert unlike == []
    assert costs == {answer.name: set(answer.lost) for answer in answers}
