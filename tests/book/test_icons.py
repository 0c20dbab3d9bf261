"""The icons of the theme: drawn in the page, and no script or font is loaded for them."""

import icons
import pdf
import pytest
from browser import HTML
from fontTools.ttLib import TTFont
from sphinx.errors import ExtensionError

# Two sets of a theme's script, the solid one last.
SOURCE = '{moon:[384,512,[1],"f186","M1 1"],"file-pdf":[512,512,[],"f1c1","M2 2"]};{moon:[380,500,[],"f186","M3 3"]}'


def drawn(html):
    return icons.ICON.sub(lambda icon: icons.picture(lambda name: icons.shape_of(SOURCE, name), icon), html)


def test_of_two_icons_of_one_name_the_solid_one_is_drawn():
    assert 'viewBox="0 0 380 500"' in drawn('<i class="fa-solid fa-moon"></i>')


def test_what_the_theme_knows_an_icon_by_stays():
    html = drawn('<i class="theme-switch fa-solid fa-moon    fa-lg" data-mode="dark" title="Dark"></i>')
    assert html.startswith('<svg class="icon theme-switch fa-lg" ')
    assert ' data-mode="dark">' in html
    assert "title" not in html


def test_an_icon_without_a_shape_is_an_error():
    with pytest.raises(ExtensionError, match="no icon 'sun'"):
        drawn('<span class="fa-solid fa-sun"></span>')


def test_no_page_loads_the_script_of_icons_and_each_has_its_icons(site):
    for name in [*pdf.pages(), "search"]:
        text = (HTML / f"{name}.html").read_text(encoding="utf-8")
        assert not icons.SCRIPT.search(text)
        assert text.count('<svg class="icon') >= 8


def test_no_font_is_loaded_for_more_than_the_icons_that_style_sheets_show(site):
    sheets = [(HTML / sheet).read_text(encoding="utf-8") for sheet in icons.SHEETS]
    assert [sheet for sheet in sheets if icons.LARGER.search(sheet)] == []
    shown = {ord(letter) for sheet in sheets for letter in icons.letters_of(sheet)}
    assert len(shown) > 5
    assert shown <= set(TTFont(HTML / icons.FONT).getBestCmap())
    assert (HTML / icons.FONT).stat().st_size < 10_000
