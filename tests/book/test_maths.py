"""How the site is built sets formulas: what KaTeX refuses, and where the words beside a formula go."""

from pathlib import Path

import pytest
from docutils import nodes

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def maths(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "book" / "_ext")
    return __import__("maths")


def paragraph(*parts):
    """A paragraph of texts, and of formulas: those in dollars."""
    made = [nodes.math("", part.strip("$")) if part.startswith("$") else nodes.Text(part) for part in parts]
    return nodes.paragraph("", "", *made)


@pytest.mark.parametrize(
    ("parts", "tied"),
    [
        (["Let ", "$a$", ", ", "$b$", " and ", "$c$", "."], ["a,", "c."]),
        (["The end", ".", " So ", "$a$", "."], ["a."]),  # two texts that are equal
        (["$a$", " fits (as ", "$b$", "). Then ", "$c$"], ["b)."]),
        (["$a$", "$b$"], []),
    ],
)
def test_a_comma_is_tied_to_the_formula_before_it_and_all_words_stay_in_their_order(maths, parts, tied):
    line = paragraph(*parts)
    before = line.astext()
    maths.tie_punctuation(None, line)
    assert line.astext() == before
    assert [each.astext() for each in line.findall(nodes.inline)] == tied
    assert len(list(line.findall(nodes.math))) == sum(part.startswith("$") for part in parts)
