"""What a reader has to load before there is something to read, or to do: bytes, which are the same on every machine."""

import gzip
import json
from urllib.parse import unquote, urlsplit

import pytest
import slim
from browser import HTML

PAGES = {"index.html": 250_000, "two-step.html": 750_000, "vanishing.html": 750_000}
START = 15_000_000  # of an exercise
SITE = 60_000_000  # of one edition, without its PDFs
PACKED = (".woff2", ".png", ".whl", ".zip")  # they are compressed already


@pytest.mark.parametrize("path", PAGES)
def test_a_first_visit_to_a_page_weighs_little(path, page, site):
    page.goto(site + path, wait_until="networkidle")
    asked = page.evaluate("() => performance.getEntriesByType('resource').map(each => each.name)")
    weights = {name: sent(name) for name in {site + path, *asked}}
    assert sum(weights.values()) <= PAGES[path], sorted(weights.items(), key=lambda each: -each[1])[:5]


def test_the_start_of_an_exercise_weighs_little(page, site):
    """What Python is made of comes from the worker, out of sight of the page, which knows its list."""
    address = f"{site}lite/notebooks/index.html?path=two-step.ipynb"
    page.goto(address)
    page.wait_for_function("() => window.jupyterapp?.shell?.currentWidget?.sessionContext?.session?.kernel")
    asked = page.evaluate("() => performance.getEntriesByType('resource').map(each => each.name)")
    python = json.loads((HTML / "lite" / "pyodide" / "files.json").read_text(encoding="utf-8"))
    paths = {*map(path_of, [address, *asked]), *(HTML / "lite" / "pyodide" / each["url"] for each in python)}
    weights = {path: weight(path) for path in paths if path.is_file()}
    assert len(weights) > len(python) + 10
    assert sum(weights.values()) <= START, sorted(weights.items(), key=lambda each: -each[1])[:5]


def test_the_whole_site_weighs_little_and_nothing_of_it_is_for_those_who_debug_the_theme(site):
    files = [path for path in HTML.rglob("*") if path.is_file() and path.relative_to(HTML).parts[0] != "zh"]
    weights = {path: path.stat().st_size for path in files if path.suffix != ".pdf"}
    assert sum(weights.values()) <= SITE, sorted(weights.items(), key=lambda each: -each[1])[:10]
    assert [path for path in files if path.suffix == ".map" or slim.is_older_font(path)] == []


def sent(address):
    return weight(path_of(address))


def path_of(address):
    return HTML / unquote(urlsplit(address).path).lstrip("/")


def weight(path):
    """The bytes of a file as a server that compresses sends it."""
    content = path.read_bytes()
    return len(content if path.suffix in PACKED else gzip.compress(content))
