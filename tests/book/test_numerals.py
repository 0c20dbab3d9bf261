"""Numbers that a page takes from its cells look as those of its formulas."""

from pathlib import Path

import pytest
from docutils import nodes
from docutils.utils import new_document

ROOT = Path(__file__).resolve().parents[2]
MINUS = "\N{MINUS SIGN}"


@pytest.fixture
def numerals(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "book" / "_ext")
    return __import__("numerals")


@pytest.mark.parametrize(
    ("python", "text"),
    [
        ("-0.2475", f"{MINUS}0.2475"),
        ("(0.1000, -0.2000), (-0.3000, 0.4000)", f"(0.1000, {MINUS}0.2000), ({MINUS}0.3000, 0.4000)"),
        ("1.5e-07", "1.5·10⁻⁷"),
        ("1.0e+06", "1.0·10⁶"),
        ("-2e-12", f"{MINUS}2·10⁻¹²"),
    ],
)
def test_a_number_has_a_minus_sign_and_a_power_of_ten(numerals, python, text):
    assert numerals.set_numbers(python) == text


@pytest.mark.parametrize("text", ["1,510,000", "5 of 5", "W-1", "2026-11-26", "one-half"])
def test_what_is_no_negative_number_is_left_alone(numerals, text):
    assert numerals.set_numbers(text) == text


def test_numbers_from_cells_are_set_and_code_is_left_alone(numerals):
    page = new_document("page")
    page += nodes.paragraph("", "", nodes.inline("", "-1e-05", classes=["pasted-text"]), nodes.literal("", "-1e-05"))
    numerals.SetNumbers(page).apply()
    assert [node.astext() for node in page[0]] == [f"{MINUS}1·10⁻⁵", "-1e-05"]
