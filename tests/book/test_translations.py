"""The editions of the site in other languages: what a translation keeps, and what the built Chinese edition holds."""

import os
import re
import subprocess
from collections import Counter

import pytest
from babel.messages.pofile import read_po
from browser import DESK, HTML, ROOT, watched

CATALOGUES = sorted((ROOT / "book" / "locale").glob("*/LC_MESSAGES/*.po"))
# What a translation has as it is, as often as the English: formulas, roles, code, targets of links, HTML, and values.
KEPT = re.compile(r"\$[^$]*\$|(?:\{[a-z:]+\})?`[^`]*`|\]\([^)]*\)|<[^>]*>|\{\d+\}")
PAGES = ["two-step", "checking", "linear", "notation"]


def messages(path):
    with path.open("rb") as file:
        return [message for message in read_po(file) if message.id]


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: f"{path.parts[-3]}-{path.stem}")
def test_a_translation_keeps_formulas_numbers_code_and_links(path):
    changed = [
        (message.id, Counter(KEPT.findall(message.id)) - Counter(KEPT.findall(message.string)) or "something more")
        for message in messages(path)
        if message.string and not message.fuzzy
        if Counter(KEPT.findall(message.id)) != Counter(KEPT.findall(message.string))
    ]
    assert not changed


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: f"{path.parts[-3]}-{path.stem}")
def test_a_catalogue_lists_each_message_once_in_one_line(path):
    found = [message.id for message in messages(path)]
    assert found
    assert len(found) == len(set(found))
    assert not [message.id for message in messages(path) if "\n" in message.string]


def test_what_is_compared_would_be_missed():
    english = "See [the sum](graph.md#sum) of $u_0$ in {eq}`total`, {glue:text}`E:.2f`, `o - y` and <b>{0}</b>."
    for part in ("(graph.md#sum)", "$u_0$", "{eq}", "E:.2f", "`o - y`", "<b>", "{0}"):
        assert Counter(KEPT.findall(english)) != Counter(KEPT.findall(english.replace(part, "")))


@pytest.mark.skipif(not os.environ.get("RELEASE"), reason="counts what is left to translate: RELEASE=1")
def test_nothing_is_left_to_translate():
    left = {path.stem: sum(not message.string or message.fuzzy for message in messages(path)) for path in CATALOGUES}
    assert not {name: count for name, count in left.items() if count}


@pytest.fixture(scope="module")
def chinese(site):
    """The address of the Chinese edition."""
    done = subprocess.run(["make", "zh"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return site + "zh/"


def parts(page, pattern):
    return re.findall(pattern, (HTML / page).read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.browser
@pytest.mark.xdist_group("translations")
class TestTheChineseEdition:
    @pytest.mark.parametrize("name", PAGES)
    @pytest.mark.parametrize(
        "pattern",
        [
            r'class="pasted-text">(.*?)<',
            r'<div class="highlight.*?</div>',
            r'<div class="math.*?<annotation.*?>(.*?)</annotation>',
            r'<section[^>]* id="(.*?)"',
        ],
        ids=["numbers", "code", "equations", "sections"],
    )
    def test_has_what_the_english_page_has(self, chinese, name, pattern):
        assert parts(f"zh/{name}.html", pattern) == parts(f"{name}.html", pattern)

    def test_says_its_language(self, chinese):
        assert parts("zh/two-step.html", r'<html[^>]* lang="(.*?)"') == ["zh-CN"]

    @pytest.mark.parametrize("name", ["index", "two-step", "mistakes/two-step", "search"])
    def test_leads_to_the_same_page_in_english_and_back(self, chinese, chromium, name):
        page = chromium.new_page()
        page.goto(f"{chinese}{name}.html")
        page.click("a.edition")
        assert page.url == f"{chinese.removesuffix('zh/')}{name}.html"
        page.click("a.edition")
        assert page.url == f"{chinese}{name}.html"
        page.close()

    def test_names_both_editions_to_search_engines(self, chinese):
        for page in ("two-step.html", "zh/two-step.html"):
            assert sorted(parts(page, r'rel="alternate" hreflang="(.*?)"')) == ["en", "zh-CN"]

    def test_has_no_copy_of_what_the_site_serves(self, chinese):
        own, shared = HTML / "zh" / "_static", HTML / "_static"
        served = {path.relative_to(own): path.read_bytes() for path in own.rglob("*") if path.is_file()}
        twice = [
            str(place)
            for place, there in served.items()
            if (shared / place).is_file() and (shared / place).read_bytes() == there
        ]
        assert served
        assert not twice
        assert not (HTML / "zh" / "lite").exists()

    def test_finds_all_that_its_pages_ask_for(self, chinese, chromium):
        page = watched(chromium.new_page(viewport=DESK), chinese.removesuffix("zh/"))
        missing = []
        page.on("response", lambda answer: missing.append(answer.url) if answer.status >= 400 else None)
        for name in ("index", "two-step", "exercises", "mistakes/two-step"):
            page.goto(f"{chinese}{name}.html", wait_until="networkidle")
        assert missing == page.left_the_host == page.errors == []
        page.close()
