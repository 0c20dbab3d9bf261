"""The pictures that a stepper does not show yet are not in its page: they come when the page is there."""

import json
import re

import pytest
from browser import HTML
from set_aside import FOLDER, STATE, set_aside

from book.figures import interactive, style, widgets

PICTURES = [style.Picture(f"<svg>{name}</svg>", f"picture {name}", name) for name in ("a", "b")]
LED = re.compile(r'<script defer src="([^"?]*)\?v=(\w{8})"></script>')


def page_with(pictures):
    stepper = widgets.stepper(pictures, "step").html()
    return f"<p>before</p>{stepper}<p>between</p>{interactive.box('two-step', {'u': 1})}{stepper}<p>after</p>"


@pytest.mark.parametrize(("page", "up"), [("graph", ""), ("mistakes/cell", "../")])
def test_a_page_loads_the_state_of_each_stepper_and_keeps_all_else(page, up, tmp_path):
    text = page_with(PICTURES)
    states = [json.loads(state) for _, state in STATE.findall(text)]
    led = set_aside(text, page, tmp_path)
    addresses = [address for address, _ in LED.findall(led)]
    assert addresses == [f"{up}{FOLDER}/{page.replace('/', '-')}-{number}.js" for number in (1, 2)]
    for address, state in zip(addresses, states, strict=True):
        assigned = (tmp_path / address.removeprefix(up)).read_text(encoding="utf-8")
        assert json.loads(assigned.removeprefix("document.currentScript.state = ").removesuffix(";\n")) == state
    inline = re.compile('<script type="application/json">.*?</script>')
    assert LED.sub("", led).replace(inline.search(led)[0], "") == inline.sub("", text)
    assert "<svg>b</svg>" not in led


def test_the_address_of_a_state_changes_with_it(tmp_path):
    (first, _), (second, _) = (
        LED.findall(set_aside(page_with(each), "graph", tmp_path)) for each in (PICTURES, PICTURES[::-1])
    )
    assert first[0] == second[0]
    assert first[1] != second[1]


def test_no_page_of_any_edition_holds_the_pictures_of_a_stepper_and_all_that_it_loads_is_there(site):
    pages = [*HTML.glob("*.html"), *HTML.glob("*/*.html")]
    led = {page: LED.findall(page.read_text(encoding="utf-8")) for page in pages}
    assert sum(map(len, led.values())) >= 20
    assert not [page for page in pages if STATE.search(page.read_text(encoding="utf-8"))]
    assert all((page.parent / address).is_file() for page, addresses in led.items() for address, _ in addresses)
