"""The dictionary says of torch what torch says, and can be read on a phone."""

import json
import re
from pathlib import Path

import pytest

BOOK = Path(__file__).parents[2] / "book"
PAGE = (BOOK / "dictionary.md").read_text(encoding="utf-8")
TABLES = re.findall(r"^:::\{table\} (.*?)^:::$", PAGE, re.MULTILINE | re.DOTALL)


def test_the_parameters_of_torch_have_the_names_and_shapes_that_torch_gives_them():
    names = json.loads((BOOK / "frameworks.json").read_text(encoding="utf-8"))["names"]
    assert set(names) == set(re.findall(r"`(\w+_l0)`", PAGE))
    assert names["weight_ih_l0"] == [4, 3]  # (H, D), with D = 3 and H = 4


def test_every_table_has_a_caption_and_words_above_all_its_columns():
    assert len(TABLES) == 3
    for table in TABLES:
        assert not table.startswith("\n")
        headers = re.search(r"^\| (.*) \|$", table, re.MULTILINE)[1].split(" | ")
        assert headers[0] == "here"
        assert all(re.search(r"\w{2}", header) for header in headers)


@pytest.mark.parametrize("place", range(len(TABLES)))
def test_on_a_phone_our_letters_stay_in_sight_while_the_others_are_scrolled(chromium, site, place):
    with chromium.new_context(viewport={"width": 390, "height": 844}) as context:
        page = context.new_page()
        page.goto(site + "dictionary.html", wait_until="networkidle")
        table = page.locator("table.dictionary").nth(place)
        box = table.locator("xpath=..")
        box.evaluate("box => { box.scrollLeft = box.scrollWidth; }")
        ours, last = (
            table.locator(f"tbody tr:first-child td:{which}-child").bounding_box() for which in ("first", "last")
        )
        assert 0 <= ours["x"] < ours["x"] + ours["width"] <= last["x"] + 1
        assert last["x"] + last["width"] <= 390
