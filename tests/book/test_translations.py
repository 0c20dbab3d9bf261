"""The editions of the site in other languages: what a translation keeps, and what the built Chinese edition holds."""

import html
import json
import os
import re
import subprocess
from collections import Counter

import catalogues
import numpy as np
import pdf
import pytest
import redrawn
from babel.messages.pofile import read_po
from browser import DESK, HTML, ROOT, START, shuts_out, watched
from pypdf import PdfReader
from test_pdf import foot, look_at, starts, titles
from test_search import ASK

from book.experiments import units
from book.figures import characters, style, widgets
from book.figures.style import new_figure, picture

CATALOGUES = sorted((ROOT / "book" / "locale").glob("*/LC_MESSAGES/*.po"))
# What a translation has as it is, as often as the English: formulas, roles, code, targets of links, HTML, and values.
KEPT = re.compile(r"\$[^$]*\$|(?:\{[a-z:]+\})?`[^`]*`|\]\([^)]*\)|<[^>]*>|\{\d+\}")
# What a reader types, and the page that must come first.
QUERIES = {
    "随时间反向传播": "index",
    "梯度消失": "vanishing",
    "梯度裁剪": "vanishing",
    "遗忘门": "gates",
    "困惑度": "characters",
}
PAGES = ["two-step", "checking", "linear", "notation"]
# Where axe looks: what differs between editions are words, names and languages, and these pages have all that has them:
# pictures, a slider, buttons, tables, citations, a field to search with, and words that the grader has written.
SHUT_OUT_OF = ["index", "exercises", "matrix-calculus", "search", "404", "mistakes/two-step"]


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


def test_the_words_of_pictures_that_are_not_drawn_yet_are_not_taken_for_needless(tmp_path, monkeypatch):
    """As after a change of the library, before the site is built: their translations would be deleted."""
    monkeypatch.setattr(catalogues, "kept_figures", lambda: tmp_path / "figures")
    with pytest.raises(SystemExit, match="There are no outputs of two-step, graph as they are now: run `make site`"):
        catalogues.words_of_pictures(["two-step", "graph", "about"])


def test_the_cells_of_a_directive_table_are_in_the_catalogue():
    for name, cell in (("dictionary", "pre-activation"), ("vectors", "own error")):
        (path,) = [path for path in CATALOGUES if path.stem == name]
        assert cell in [message.id for message in messages(path)]


def test_what_is_compared_would_be_missed():
    english = "See [the sum](graph.md#sum) of $u_0$ in {eq}`total`, {glue:text}`E:.2f`, `o - y` and <b>{0}</b>."
    for part in ("(graph.md#sum)", "$u_0$", "{eq}", "E:.2f", "`o - y`", "<b>", "{0}"):
        assert Counter(KEPT.findall(english)) != Counter(KEPT.findall(english.replace(part, "")))


def test_a_number_in_a_picture_is_put_into_its_translation():
    words = {"after {0} hops: {1}": "{0} 步之后为{1}"}
    assert redrawn.translated("after 20 hops: 1.5e-07", words) == "20 步之后为1.5e-07"
    assert redrawn.translated("after 20 hops", words) == "after 20 hops"


def test_no_script_uses_a_name_that_a_script_of_sphinx_has():
    scripts = [*(ROOT / "book").glob("*/*.js")]
    assert scripts
    assert not [path.name for path in scripts if re.search(r"(?<!\w)_`|function _\(", path.read_text(encoding="utf-8"))]


def test_letters_with_an_index_are_no_numbers():
    assert redrawn.message("the state s_-1 and w_0 of $s_{-1}$ give 3") == (
        "the state s_-1 and w_0 of $s_{-1}$ give {0}",
        ["3"],
    )
    assert redrawn.message("$x_0$, 3.5") == (None, [])


def test_a_picture_is_drawn_again_with_other_words(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_FIGURES", str(tmp_path))
    monkeypatch.setattr(redrawn, "font", lambda: "DejaVu Sans")
    figure, axes = new_figure()
    axes.set(title="error of step 3", xlabel="step $t$")
    axes.set_yticks([0, 1], ["left out", "kept"])
    shown = picture(figure, "A curve that falls to 0.5.").html
    words = {
        "error of step {0}": "Fehler im Schritt {0}",
        "A curve that falls to {0}.": "Eine fallende Kurve bis {0}.",
        "kept": "behalten",
    }
    page = f"<p>text</p>{shown}<p>text</p>"
    again = redrawn.page(page, words, tmp_path)
    assert 'aria-label="Eine fallende Kurve bis 0.5."' in again
    assert "<!-- Fehler im Schritt 3 -->" in again
    assert "<!-- behalten -->" in again
    assert "<!-- left out -->" in again
    assert "error of step" not in again
    assert redrawn.page(page, {}, tmp_path) == page


def test_a_picture_without_words_keeps_its_english_for_the_next_edition(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_FIGURES", str(tmp_path))
    monkeypatch.setattr(redrawn, "font", lambda: "DejaVu Sans")
    figure, axes = new_figure()
    axes.set(xticks=[], yticks=[])
    shown = picture(figure, "A curve that falls.").html
    assert "Eine fallende Kurve." in redrawn.page(shown, {"A curve that falls.": "Eine fallende Kurve."}, tmp_path)
    assert set(redrawn.messages(as_notebook(shown), tmp_path)) == {"A curve that falls.", None}
    assert "Une courbe." in redrawn.page(shown, {"A curve that falls.": "Une courbe."}, tmp_path)


def test_what_a_cell_without_code_prints_has_the_words_of_the_edition_and_what_another_prints_stays():
    line = "after   20 updates: error 2.954 &amp; more"
    shown = "".join(
        f'<div class="cell {tags}docutils container"><div class="cell_output docutils container"><div class="output '
        f'stream"><div class="highlight"><pre><span></span>{line}\nB =   2  1.5\n</pre></div></div></div></div>'
        for tags in ("tag_remove-input ", "tag_hide-input ", "")
    )
    words = {"after {0} updates: error {1} & more": "更新{0}次之后的误差是{1} & 更多"}
    again = redrawn.page(shown, words, ROOT)
    assert again.count("更新20次之后的误差是2.954 &amp; 更多\nB =   2  1.5\n") == 1
    assert again.count(line) == 2
    assert again.index("更新") < again.index(line)
    output = {"output_type": "stream", "text": html.unescape(f"{line}\nB =   2  1.5\n")}
    cells = [{"metadata": {"tags": [tag]}, "outputs": [output]} for tag in ("remove-input", "hide-input")]
    assert list(redrawn.messages({"metadata": {}, "cells": cells}, ROOT)) == list(words)


def test_a_slider_and_its_frames_have_the_words_of_the_edition(tmp_path):
    title = "after 20 updates; longest piece: 'of the'"
    frame = style.Picture(f'<p style="margin:0">{html.escape(title)}</p><div>x</div>', f"{title}: x", "half")
    shown = widgets.stepper([frame], "updates").html()
    words = {"after {0} updates; longest piece: ": "更新{0}次的最长片段\uff1a", "updates": "更新", "half": "一半"}
    assert set(words) == set(redrawn.messages(as_notebook(shown), tmp_path))
    again = redrawn.page(f"<p>text</p>{shown}", words, tmp_path)
    state = json.loads(re.search(r'json">(.*?)</script>', again)[1])
    assert state["axes"] == [{"label": "更新", "names": ["一半"]}]
    assert state["frames"][0]["alt"] == "更新20次的最长片段\uff1a'of the': x"
    for text in (state["frames"][0]["html"], again):  # before the figure is alive, the page shows the frame itself
        assert '<p style="margin:0">更新20次的最长片段\uff1a&#x27;of the&#x27;</p>' in text
    assert "after 20" not in again


def test_what_is_said_of_a_coloured_text_has_the_words_of_the_edition(tmp_path):
    (frame,) = characters.unit_frames("a'b", np.array([[0.5], [-0.5], [0.1]]), {"a word begins": units.Match(0, 1, 1)})
    shown = widgets.stepper([frame], "mark").html()
    words = {
        "unit {0}: a word begins (correlation here {1})": "单元{0}",
        "A text, coloured by one unit. It is highest at the characters ": "最高处是",
        " and lowest at ": "、最低处是",
    }
    assert set(words) <= set(redrawn.messages(as_notebook(shown), tmp_path))
    again = redrawn.page(f"<p>text</p>{shown}", words, tmp_path)
    state = json.loads(re.search(r'json">(.*?)</script>', again)[1])
    assert state["frames"][0]["alt"].startswith("单元0: 最高处是")
    assert state["frames"][0]["alt"].endswith(": a'b")
    for text in (state["frames"][0]["html"], again):
        assert "、最低处是" in text
    assert "A text" not in again


def test_the_pictures_that_a_slider_chooses_are_drawn_again(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_FIGURES", str(tmp_path))
    monkeypatch.setattr(redrawn, "font", lambda: "DejaVu Sans")
    figure, axes = new_figure()
    axes.set(title="error of a step")
    frames = [style.Picture("<div>x</div>", "first", "0"), picture(figure, "A curve that falls.").named("1")]
    shown = widgets.stepper(frames, "h").html()
    words = {"error of a step": "Fehler eines Schritts", "A curve that falls.": "Eine fallende Kurve."}
    assert set(words) <= set(redrawn.messages(as_notebook(shown), tmp_path))
    again = redrawn.page(shown, words, tmp_path)
    assert "<!-- Fehler eines Schritts -->" in again
    assert "error of a step" not in again
    assert again.count("Eine fallende Kurve.") == 2  # in the picture, and in the words of its frame


def as_notebook(shown):
    return {"metadata": {}, "cells": [{"metadata": {}, "outputs": [{"data": {"text/html": shown}}]}]}


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


def plain_title(page):
    """The heading of a page without its blanks."""
    (heading,) = parts(page, r"<h1>([^\n]*?)<a class=\"headerlink")
    return re.sub(r"<[^>]*>|\s", "", html.unescape(heading))


def parts(page, pattern):
    """What fits the pattern on a page, without the lines that its cells without code print: they are translated."""
    shown = redrawn.PRINTED.sub(r"\1", (HTML / page).read_text(encoding="utf-8"))
    return re.findall(pattern, shown, re.DOTALL)


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
        of_chinese, of_english = parts(f"zh/{name}.html", pattern), parts(f"{name}.html", pattern)
        assert Counter(of_chinese) == Counter(of_english)  # a sentence may name two numbers the other way round
        assert of_english or name == "notation"

    @pytest.mark.parametrize("query", QUERIES)
    def test_leads_who_types_a_usual_term_to_the_page_that_explains_it(self, chinese, chromium, query):
        page = chromium.new_page()
        page.goto(chinese + "search.html")
        page.wait_for_function("Search.hasIndex()")
        found = page.evaluate(ASK, query)
        page.close()
        if not any(query in message.string for path in CATALOGUES for message in messages(path)):
            pytest.skip("the catalogues do not have the term yet")
        assert found
        assert found[0].startswith(QUERIES[query] + ".html")

    @pytest.mark.parametrize("file", pdf.VOLUMES)
    def test_is_printed_with_the_titles_of_its_pages_at_their_feet(self, chinese, file):
        book = PdfReader(HTML / "zh" / file)
        assert re.search("[\u4e00-\u9fff]", book.metadata.title)
        own = [plain_title(f"zh/{name}.html") for name in pdf.volumes()[file]]
        assert [re.sub(r"\s", "", title) for title in titles(book)] == own
        begins, current = dict(zip(starts(book), titles(book), strict=True)), "目录"
        for number, page in enumerate(book.pages):
            current = begins.get(number, current)
            at_foot = [re.sub(r"\s", "", text) for text in foot(look_at(page))]
            assert at_foot == [re.sub(r"\s", "", current), str(number + 1)]

    def test_offers_its_own_pdfs_where_the_english_one_does(self, chinese):
        for page in pdf.pages():
            pattern = r'href="(\w[^"]*\.pdf|\.\./[^"]*\.pdf)"'
            assert parts(f"zh/{page}.html", pattern) == parts(f"{page}.html", pattern)
        assert parts("zh/index.html", r'<a href="bptt\.pdf">(.*?)</a>') == ["一个PDF文件"]

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

    def test_links_both_editions_on_the_first_page(self, chinese):
        for folder, links in {"": ["index.html", "zh/index.html"], "zh/": ["../index.html", "index.html"]}.items():
            (found,) = parts(f"{folder}index.html", r"<!--editions-->(.*?)<!--/editions-->")
            assert re.findall('href="(.*?)"', found) == links

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

    @pytest.mark.parametrize("name", SHUT_OUT_OF)
    def test_shuts_no_reader_out(self, chinese, chromium, name):
        page = chromium.new_page(viewport=DESK)
        page.set_default_timeout(START)
        page.goto(f"{chinese}{name}.html", wait_until="networkidle")
        found = shuts_out(page)
        page.close()
        assert found == []

    def test_shows_pictures_of_its_own_notebooks_and_reports(self, chinese):
        for page, shown in (("exercises", "exercise"), ("index", "class-report")):
            pattern = rf'<img[^>]* src="_images/({shown}[^"]*)"'
            assert parts(f"zh/{page}.html", pattern) == [f"{shown}.zh_CN.png"]
            assert parts(f"{page}.html", pattern) == [f"{shown}.png"]

    def test_stresses_chinese_and_not_latin(self, chinese):
        mixed = '<span lang="en">sigmoid</span><span class="stressed">函数</span>'
        assert mixed in parts("zh/questions.html", r"<em>(.*?)</em>")
        assert set(parts("zh/reading.html", r"<em>(.*?)</em>")) >= {'<span lang="en">et al.</span>'}

    def test_begins_no_line_with_the_stop_after_a_formula(self, chinese):
        loose = parts("zh/t-steps.html", r'(<span class="math">(?:(?!</annotation>).)*</annotation>)')
        tied = parts("zh/t-steps.html", r"</span>([\u3001\u3002\uff0c\uff1a\uff1b])</span>")
        assert len(loose) > len(tied) > 20
