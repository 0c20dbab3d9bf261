"""The sentences of pages and exercises are not clipped: two short ones in a row are music, three are a drum."""

import re
from itertools import pairwise
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from mdit_py_plugins.colon_fence import colon_fence_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.front_matter import front_matter_plugin
from mdit_py_plugins.myst_blocks import myst_block_plugin
from mdit_py_plugins.myst_role import myst_role_plugin

COURSE = Path(__file__).parents[2]
PAGES = [
    *sorted(path for path in COURSE.glob("book/*.md") if path.name != "mistakes.md"),
    *sorted(COURSE.glob("solutions/*/*.md")),
    COURSE / "README.md",
    COURSE / "CONTRIBUTING.md",
]
BOXES = re.compile(
    r"\{(?:admonition|dropdown|exercise|note|tab-item|tab-set|tip|warning)\}"
)  # directives that hold prose
FORMULA = "a b c"  # formulas, code and roles count as three words
SHORT = 7  # words
ROW = 3

MYST = MarkdownIt().enable("table")
for plugin in (front_matter_plugin, colon_fence_plugin, dollarmath_plugin, myst_block_plugin, myst_role_plugin):
    MYST.use(plugin)


def paragraphs(text):
    """The paragraphs of a page of MyST, and of the boxes in it, as plain text."""
    tokens = MYST.parse(text)
    for before, token in pairwise(tokens):
        if before.type == "paragraph_open":
            yield "".join(map(plain, token.children))
        if token.type in ("fence", "colon_fence") and BOXES.match(token.info):
            yield from paragraphs(re.sub(r"(?m)^:[\w-]+:.*$", "", token.content))


def plain(token):
    if token.type == "text":
        return token.content
    if token.type.endswith(("_open", "_close")):  # of links, and of what is set in italics
        return ""
    return " " if token.type.endswith("break") else FORMULA


def clipped(paragraph):
    """The rows of short sentences in a paragraph; a list of questions is none."""
    rows = [[]]
    for sentence in re.split(r"(?<=[.?!])[”\"')]* +(?=[“\"'(]?[A-Z])", paragraph):
        if len(sentence.split()) <= SHORT and not sentence.endswith("?"):
            rows[-1].append(sentence)
        else:
            rows.append([])
    return [" ".join(row) for row in rows if len(row) >= ROW]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(COURSE)))
def test_no_three_short_sentences_follow_each_other(path):
    assert [row for paragraph in paragraphs(path.read_text(encoding="utf-8")) for row in clipped(paragraph)] == []


def test_a_row_of_short_sentences_is_found_in_a_box_too():
    page = "One sentence.\n\n```{note}\nIt is $x$. It is *short*. It drums.\n```\n"
    assert [clipped(paragraph) for paragraph in paragraphs(page)] == [[], [f"It is {FORMULA}. It is short. It drums."]]


def test_two_short_sentences_and_a_list_of_questions_are_left_alone():
    assert (
        clipped("It is short. It drums. Then comes one that explains why, at some length. What is it? Why? How?") == []
    )


def test_most_of_the_text_of_a_chapter_is_read():
    text = (COURSE / "book" / "vanishing.md").read_text(encoding="utf-8")
    assert len(" ".join(paragraphs(text)).split()) > 2000
