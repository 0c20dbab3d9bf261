"""The book on paper: two PDFs beside the site, one for readers and one for instructors, and what is on their pages."""

import html
import re
from typing import NamedTuple

import chapters
import pdf
import pytest
from browser import HTML, ROOT
from pypdf import PdfReader

from book.figures.style import ORANGE

pytestmark = pytest.mark.xdist_group("pdf")  # one process reads the pages once

READERS, INSTRUCTORS = pdf.VOLUMES
RIGHT = 595 * (1 - 18 / 210)  # points from the left edge to the right margin
FOOT = 30  # points from the lower edge to the line with the number of a page, to the nearest one


class Piece(NamedTuple):
    """Letters that a page shows side by side, and where they begin, in points from its lower left corner."""

    text: str
    x: float
    y: float


class Page(NamedTuple):
    text: str
    pieces: list[Piece]


@pytest.fixture(scope="module")
def book(site):
    return PdfReader(HTML / READERS)


@pytest.fixture(scope="module")
def read(book):
    """What is on the pages of the readers' volume."""
    return [look_at(page) for page in book.pages]


def look_at(page):
    pieces = []

    def note(text, cm, tm, font, size):
        if text.strip():
            x = cm[0] * tm[4] + cm[2] * tm[5] + cm[4]
            pieces.append(Piece(text.strip(), x, cm[1] * tm[4] + cm[3] * tm[5] + cm[5]))

    return Page(page.extract_text(visitor_text=note), pieces)


def titles(reader):
    return [entry.title for entry in reader.outline if not isinstance(entry, list)]


def title(name):
    """The title of a page, after its number if it is a chapter of the course."""
    written = re.search(r"(?m)^# (.+)$", (ROOT / "book" / f"{name}.md").read_text(encoding="utf-8"))[1]
    numbers = {each["chapter"]: f"{each['number']}. " for each in chapters.chapters()}
    return numbers.get(name, "") + written


def starts(reader):
    """The places of the first pages of the chapters, from 0, and how many pages there are."""
    return [reader.get_destination_page_number(entry) for entry in reader.outline if not isinstance(entry, list)]


@pytest.mark.parametrize("file", [READERS, INSTRUCTORS])
def test_a_volume_holds_its_pages_in_the_order_of_the_contents(site, file):
    assert titles(PdfReader(HTML / file)) == [title(name) for name in pdf.volumes()[file]]


def test_the_answers_are_in_the_volume_for_instructors_alone(site):
    names = pdf.volumes()
    assert not [name for name in names[READERS] if name.startswith("mistakes")]
    assert {f"mistakes/{path.parent.name}" for path in ROOT.glob("solutions/*/answers.toml")} < set(names[INSTRUCTORS])


def test_readers_need_less_than_200_pages(book):
    assert len(book.pages) < 200


def test_every_page_has_its_number_and_the_title_of_its_chapter_at_the_foot(book, read):
    chapters = dict(zip(starts(book), titles(book), strict=True))
    current = "Contents"
    for place, page in enumerate(read):
        current = chapters.get(place, current)
        assert foot(page) == [current, str(place + 1)]


def foot(page):
    """The title at the foot of a page, whose letters may be of several fonts, and the number."""
    *title, number = [piece.text for piece in sorted(page.pieces, key=lambda piece: piece.x) if round(piece.y) == FOOT]
    return ["".join(title), number]


def test_the_contents_give_the_numbers_of_the_pages_to_which_their_lines_lead(book, read):
    lines = 0
    for place in range(starts(book)[0]):
        numbers = [int(piece.text) for piece in read[place].pieces if piece.text.isdecimal() and round(piece.y) > FOOT]
        pages = {target(book, link)[0] + 1 for link in book.pages[place]["/Annots"]}
        assert set(numbers) == pages
        lines += len(numbers)
    assert lines == len(titles(book)) + sum(len(entry) for entry in book.outline if isinstance(entry, list))


def target(reader, link):
    """The place of the page that a link leads to, from 0, and how high on it."""
    page, _, _, top, _ = link.get_object()["/Dest"]
    return reader.get_page_number(page.get_object()), float(top)


def test_no_link_leads_to_the_server_that_the_pages_were_printed_from(book):
    actions = [
        link.get_object().get("/A", {}).get("/URI", "") for page in book.pages for link in page.get("/Annots", [])
    ]
    assert any(action.startswith("https://") for action in actions)
    assert not [action for action in actions if "127.0.0.1" in action]


def numbered(read):
    """The pages and heights of the numbers of formulas, which end near the right margin: {number: (place, piece)}."""
    pieces = [(place, piece) for place, page in enumerate(read) for piece in page.pieces if piece.x > RIGHT - 45]
    pieces.sort(
        key=lambda found: found[1].x
    )  # where the text mentions one near the margin, the formula's is further right
    return {piece.text.strip("()"): (place, piece) for place, piece in pieces if re.fullmatch(r"\(\d+\)", piece.text)}


def test_every_formula_has_its_number_and_letters_beside_it(read):
    sources = [(HTML / f"{name}.html").read_text(encoding="utf-8") for name in pdf.volumes()[READERS]]
    count = sum(source.count('class="eqno"') for source in sources)
    shown = numbered(read)
    assert count > 100
    assert sorted(map(int, shown)) == list(range(1, count + 1))
    for number, (place, label) in shown.items():
        beside = [piece for piece in read[place].pieces if abs(piece.y - label.y) < 25 and 0 < piece.x < label.x]
        assert beside, f"({number}) on page {place + 1}"


def test_formulas_that_the_text_mentions_are_where_links_lead(book, read):
    links = [link for page in book.pages for link in page.get("/Annots", []) if "/Dest" in link.get_object()]
    targets = {target(book, link) for link in links}
    led = [
        number
        for number, (place, label) in numbered(read).items()
        if any(page == place and label.y < top < label.y + 80 for page, top in targets)
    ]
    assert len(led) > 40  # one of many rows has its number further below the top


def test_long_lines_of_code_are_wrapped_and_lose_nothing(read):
    text = "".join("".join(page.text.split("\n")[:-1]) for page in read)  # without the feet of the pages
    printed = re.sub(r"\s", "", text)
    long = [
        line
        for name in pdf.volumes()[READERS]
        for block in re.findall(r"<pre>(.*?)</pre>", (HTML / f"{name}.html").read_text(encoding="utf-8"), re.DOTALL)
        for line in html.unescape(re.sub(r"<[^>]*>", "", block)).splitlines()
        if len(line) > 100
    ]
    assert len(long) > 10
    assert [line for line in long if re.sub(r"\s", "", line) not in printed] == []
    assert [piece for page in read for piece in page.pieces if piece.x > RIGHT] == []


def test_the_colours_of_the_units_are_printed(book):
    shares = [f"{int(ORANGE[place : place + 2], 16) / 255:.4f}".removeprefix("0") for place in (1, 3)]
    orange = re.compile(rf"0?{re.escape(shares[0])} 0?{re.escape(shares[1])} 0 rg".encode())  # as Chromium writes it
    counts = [len(orange.findall(page.get_contents().get_data())) for page in book.pages]
    assert max(counts) > 100  # one box per letter of a text


def test_two_works_of_one_year_are_told_apart_in_the_text_and_in_the_list(read):
    text = re.sub(r"\s+", " ", " ".join(page.text for page in read))
    assert {"Karpathy [2015a]", "Karpathy [2015b]"} <= set(re.findall(r"Karpathy \[\w+\]", text))
    for label in ("Karpathy, 2015a", "Karpathy, 2015b", "Hochreiter and Schmidhuber, 1997"):
        assert text.count(f"[{label}]") >= 1
