"""Interactive figures: a table shows the picture that was chosen, and is whole; a notebook shows them as widgets."""

import json
import re

import pytest

from book.figures import style, widgets


def pictures(n, name="{}"):
    return [style.Picture(f"<div>{i}</div>", f"frame {i}", name.format(i)) for i in range(n)]


def state(figure):
    return json.loads(re.search(r'<script type="application/json">(.*?)</script>', figure.html(), re.DOTALL)[1])


def test_the_grid_shows_the_picture_of_its_row_and_column_first():
    table = widgets.grid({"a": pictures(3), "b": pictures(3)}, (1, 2, 4), "row", "column", 2)
    axes = [{"label": "row", "names": ["a", "b"]}, {"label": "column", "names": ["1", "2", "4"]}]
    assert state(table)["axes"] == axes
    assert (state(table)["at_0"], state(table)["at_1"]) == (0, 2)
    assert [frame["alt"] for frame in state(table)["frames"]] == 2 * ["frame 0", "frame 1", "frame 2"]
    assert table.html().endswith("<div>2</div></div>")  # the still


def test_a_row_of_the_grid_with_a_missing_picture_is_refused():
    with pytest.raises(ValueError, match="row 'b' holds 2 pictures, expected 3"):
        widgets.grid({"a": pictures(3), "b": pictures(2)}, (1, 2, 4), "row", "column")


def test_a_picture_without_a_name_is_refused_for_a_slider_would_show_its_index():
    with pytest.raises(ValueError, match="picture 0 has no name"):
        widgets.stepper(pictures(2, name=""), "step")


def test_no_text_of_a_figure_ends_its_script():
    figure = widgets.stepper([style.Picture("<script>1</script>", "x", "a")], "step")
    assert state(figure)["frames"][0]["html"] == "<script>1</script>"
