"""A table of pictures shows the one that was chosen, and is whole."""

import pytest

from book.figures import style, widgets


def pictures(n):
    return [style.Picture(f"<div>{i}</div>", f"frame {i}") for i in range(n)]


def test_the_grid_shows_the_picture_of_its_row_and_column():
    row, column, frames = widgets.grid({"a": pictures(3), "b": pictures(3)}, (1, 2, 4), "row", "column", 2).children
    assert row.options == ("a", "b")
    assert column.index == 2
    assert [len(stack.children) for stack in frames.children] == [3, 3]
    assert all(stack.selected_index == 2 for stack in frames.children)


def test_a_row_of_the_grid_with_a_missing_picture_is_refused():
    with pytest.raises(ValueError, match="row 'b' holds 2 pictures, expected 3"):
        widgets.grid({"a": pictures(3), "b": pictures(2)}, (1, 2, 4), "row", "column")
