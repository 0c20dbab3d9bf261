"""A picture has words for those who do not see it, the colours of its page, and ids of its own."""

import html
import re
from pathlib import Path

import numpy as np
import pytest

from book.figures.style import BLUE, INK, PALETTE, new_figure, picture

CSS = (Path(__file__).parents[2] / "book" / "_static" / "course.css").read_text(encoding="utf-8")
ON_DARK = dict(re.findall(r"--picture-(\w+): (#\w{6});", CSS))


def drawn(alt="A line.", width=6.4, end=1, **options):
    figure, axes = new_figure(width, 3)
    axes.plot([0, end], color=INK)
    axes.plot([end, 0], color=BLUE)
    return picture(figure, alt, **options)


def contrast(one, other):
    """The contrast of two colours, such as "#ffffff", as WCAG 2 defines it: 1 to 21."""
    luminances = []
    for colour in (one, other):
        rgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
        linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
        luminances.append(linear @ (0.2126, 0.7152, 0.0722) + 0.05)
    return max(luminances) / min(luminances)


def ids(picture):
    return set(re.findall(r'\bid="([^"]*)"', picture.html))


def test_a_picture_without_words_is_refused():
    with pytest.raises(ValueError, match="alt is empty"):
        drawn(alt=" ")


def test_the_words_are_read_out_as_they_were_written():
    words = 'A "line" < 2 & rising.'
    label = re.search(r'role="img" aria-label="([^"]*)"', drawn(words).html)[1]
    assert html.unescape(label) == drawn(words).alt == words


def test_ink_takes_the_colour_of_the_page_and_other_colours_those_that_the_page_has_for_them():
    shown = drawn().html
    assert "currentColor" in shown
    assert "#000000" not in shown
    assert shown.count(BLUE) == shown.count(f"stroke: var(--picture-blue,{BLUE})") > 0


def test_small_letters_in_each_colour_can_be_read_on_white_paper_and_on_dark_paper():
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    assert ON_DARK.keys() == PALETTE.keys()
    for name, colour in PALETTE.items():
        assert contrast(colour, "#ffffff") >= 4.5, name
        assert contrast(ON_DARK[name], "#121212") >= 4.5, name


def test_two_pictures_on_a_page_share_no_id_and_each_refers_to_its_own():
    one, other = drawn(end=1), drawn(end=2)
    assert ids(one)
    assert not ids(one) & ids(other)
    for shown in (one, other):
        assert set(re.findall(r'href="#([^"]*)"|url\(#([^)]*)\)', shown.html)) <= {
            pair for name in ids(shown) for pair in ((name, ""), ("", name))
        }


def test_the_same_picture_drawn_again_is_the_same_text():
    assert drawn() == drawn()


def test_a_wide_picture_scrolls_with_the_keyboard_and_a_narrow_one_need_not():
    assert 'tabindex="0" style="overflow-x:auto;' in drawn(width=9).html
    assert "tabindex" not in drawn(width=6).html


def test_a_wide_picture_is_seen_from_its_left_end_first_unless_it_is_asked_to_begin_at_its_right():
    assert "overflow-x:auto;direction:ltr" in drawn(width=9).html
    assert "overflow-x:auto;direction:rtl" in drawn(width=9, from_right=True).html
