"""A picture has words for those who do not see it, the colours of its page, and ids of its own."""

import html
import re

import pytest

from book.figures.style import BLUE, INK, new_figure, picture


def drawn(alt="A line.", width=6.4, end=1):
    figure, axes = new_figure(width, 3)
    axes.plot([0, end], color=INK)
    axes.plot([end, 0], color=BLUE)
    return picture(figure, alt)


def ids(picture):
    return set(re.findall(r'\bid="([^"]*)"', picture.html))


def test_a_picture_without_words_is_refused():
    with pytest.raises(ValueError, match="alt is empty"):
        drawn(alt=" ")


def test_the_words_are_read_out_as_they_were_written():
    words = 'A "line" < 2 & rising.'
    label = re.search(r'role="img" aria-label="([^"]*)"', drawn(words).html)[1]
    assert html.unescape(label) == drawn(words).alt == words


def test_ink_takes_the_colour_of_the_page_and_other_colours_stay():
    shown = drawn().html
    assert "currentColor" in shown
    assert BLUE in shown
    assert "#000000" not in shown


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
    assert 'tabindex="0" style="overflow-x:auto"' in drawn(width=9).html
    assert "tabindex" not in drawn(width=6).html
