"""The first page: how long the course takes, where it begins, what moves, and what it weighs."""

import re

import chapters
import pytest
from browser import DESK, HTML, ROOT, watched

from grading.course import slugs

HOME = "index.html"
PHONE = {"width": 390, "height": 844}
# Which of the parts that move are seen, as their names.
SEEN = """() => [...document.querySelectorAll(".arrives, .leaves")]
  .filter(part => getComputedStyle(part).opacity > 0).map(part => part.getAttribute("class"))"""
INSIDE = """selector => {
  const box = document.querySelector(selector).getBoundingClientRect();
  return box.left >= 0 && box.right <= innerWidth;
}"""


@pytest.fixture
def visit(chromium, site):
    """Open the first page as a visitor with certain settings of the browser does."""
    contexts = []

    def open_home(**settings):
        contexts.append(chromium.new_context(**({"viewport": DESK} | settings)))
        page = watched(contexts[-1].new_page(), site)
        page.goto(site + HOME)
        return page

    yield open_home
    for context in contexts:
        context.close()


def minutes_of_all(pattern, paths):
    return sum(int(re.search(pattern, path.read_text(encoding="utf-8"))[1]) for path in paths)


def test_the_hours_are_the_sums_of_what_chapters_and_exercises_say(visit):
    reading = minutes_of_all(
        r"\*\*Time:\*\* (\d+) minutes", [chapters.source(each["chapter"]) for each in chapters.chapters()]
    )
    doing = minutes_of_all(r"\*\*Time\.\*\* (\d+) minutes", (ROOT / "solutions").glob("*/*.md"))
    text = visit().locator("article").inner_text()
    told = re.search(r"It takes ([\d.]+) hours to read\. .* take ([\d.]+) hours more", text)
    assert float(told[1]) * 60 == pytest.approx(reading, abs=15)
    assert float(told[2]) * 60 == pytest.approx(doing, abs=15)


def test_every_numbered_chapter_is_in_the_table_under_the_number_that_its_title_has(visit):
    rows = visit().locator("article table tbody tr").all()
    assert len(rows) == len(chapters.chapters())
    for row, chapter in zip(rows, chapters.chapters(), strict=True):
        name, minutes, done = row.locator("td").all_inner_texts()
        built = (HTML / f"{chapter['chapter']}.html").read_text(encoding="utf-8")
        number, title = re.search(r'<h1><span class="section-number">(\d+)\. </span>(.*?)<a', built).groups()
        assert name == f"{number}. {title}"
        assert int(minutes) == chapter["minutes"]
        assert done.count("minutes") == len(chapter["exercises"])


def test_a_table_of_chapters_shows_what_was_right_once_an_exercise_is_begun(visit):
    page = visit()
    states = page.locator(".exercise-state")
    assert set(states.all_inner_texts()) == {""}
    page.evaluate("note('graph-sweep', { right: ['a'] })")
    assert [text for text in states.all_inner_texts() if text] == ["1 of 4 parts right"]


def test_the_two_buttons_lead_to_the_first_chapter_and_to_an_exercise(visit, site):
    page = visit(viewport=PHONE)
    ways = page.locator(".ways-in a")
    assert ways.evaluate_all("all => all.every(way => way.getBoundingClientRect().bottom < innerHeight)")
    first, second = ways.evaluate_all("all => all.map(way => way.href)")
    assert first == f"{site}{chapters.chapters()[0]['chapter']}.html"
    page.goto(second)
    assert page.locator(f"{second[second.index('#') :]} .exercise-here").is_visible()


def test_the_way_back_is_drawn_once_and_is_still_within_five_seconds(visit):
    page = visit()
    running = "() => document.getAnimations().filter(each => each.effect.target.matches('.arrives, .leaves')).length"
    parts = page.locator(".arrives, .leaves").count()
    assert 0 < page.evaluate(running) <= parts
    page.evaluate("""() => {
      for (const each of document.getAnimations()) if (each.effect.getComputedTiming().endTime < 5000) each.finish();
    }""")
    assert page.evaluate(running) == 0
    assert page.evaluate(SEEN) == ["arrives"] * page.locator(".arrives").count()


@pytest.mark.parametrize("media", [{"reduced_motion": "reduce"}, {"media": "print"}], ids=["calm", "print"])
def test_who_wants_no_motion_and_who_prints_gets_the_whole_picture_at_once(visit, media):
    page = visit()
    page.emulate_media(**media)
    assert page.evaluate(SEEN) == ["arrives"] * page.locator(".arrives").count()


def test_without_javascript_the_page_can_be_read(visit):
    page = visit(java_script_enabled=False)
    for part in (".ways-in a >> nth=1", "article figure svg", ".feedback-excerpt", "article tbody tr >> nth=11"):
        assert page.locator(part).is_visible()
    assert "not begun" not in page.locator("article").inner_text()


def test_on_a_phone_the_whole_figure_and_the_name_of_the_book_are_in_sight(visit):
    page = visit(viewport=PHONE)
    assert page.evaluate(INSIDE, "article figure svg")
    assert page.evaluate(INSIDE, ".book-name")
    assert page.locator(".book-name").inner_text() == page.locator("h1").first.inner_text().rstrip("#")
    assert page.locator(".exercise-state").count() == len(slugs())


def test_the_feedback_that_is_shown_names_a_known_mistake(visit):
    shown = visit().locator(".feedback-excerpt").inner_text()
    assert "chain to u_0 is left out" in shown
    assert "13 of 15 points" in shown
