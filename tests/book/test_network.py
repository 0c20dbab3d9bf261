"""A drawn network has its arrows where its edges are, and its marks where they were asked for."""

import numpy as np
import pytest

from book.figures import network, two_step
from book.figures.style import GREEN, INK, new_figure

NODES = {"x_0": (0, 0, "x_0"), "z_0": (3, 0, "z_0"), "w_1": (3, 4, "w_1"), "y": (6, 4, "y")}
EDGES = [("x_0", "z_0"), ("w_1", "z_0"), ("y", "w_1")]


def drawn(**marks):
    axes = new_figure()[1]
    network.draw_network(axes, NODES, EDGES, **marks)
    return axes


@pytest.mark.parametrize("gap", [0.5, (0.5, 0.25)])
def test_an_arrow_leaves_its_gap_at_either_end(gap):
    axes = new_figure()[1]
    axes.set(xlim=(0, 10), ylim=(0, 10), aspect="equal")
    network.arrow(axes, (1, 1), (4, 5), gap=gap)
    before, after = np.broadcast_to(gap, 2)
    path = axes.patches[0].get_path()
    places = path.vertices[path.codes != path.CLOSEPOLY]
    way = (places - (1, 1)) @ (0.6, 0.8)  # how far along the line of length 5
    assert way.min() == pytest.approx(before)
    assert way.max() == pytest.approx(5 - after, abs=0.05)


def test_a_marked_edge_may_be_written_against_its_arrow_and_is_then_drawn_so():
    along, against = (drawn(now=[edge]).patches[0] for edge in (EDGES[0], EDGES[0][::-1]))
    assert along.get_edgecolor() == against.get_edgecolor()
    assert along.get_path().vertices[0, 0] < 1 < 2 < against.get_path().vertices[0, 0]


def test_a_mark_on_what_is_no_edge_is_refused():
    with pytest.raises(ValueError, match="is not an edge of the network"):
        drawn(now=[("x_0", "w_1")])
    with pytest.raises(ValueError, match="is not an edge of the network"):
        two_step.two_step_graph("A graph.", done=[("E", "q")])


def test_the_letters_of_weights_are_green_with_an_index_and_without():
    colours = {text.get_text(): text.get_color() for text in drawn(notes={EDGES[0]: "u"}).texts}
    assert colours == {"$x_0$": INK, "$z_0$": INK, "$w_1$": GREEN, "$y$": INK, "$u$": GREEN}


def test_what_is_given_is_dotted():
    circles = drawn().patches[len(EDGES) :]
    assert [circle.get_linestyle() for circle in circles] == [":", "-", "-", ":"]


@pytest.mark.parametrize(
    ("marks", "from_right"),
    [
        ({}, False),
        ({"now": [("z_0", "x_0")]}, False),
        ({"now": [("y", "w_1"), ("w_1", "z_0")]}, True),
        ({"now": [("x_0", "z_0")], "done": [("y", "w_1")]}, False),
        ({"done": [("y", "w_1")]}, True),
        ({"values": {"y": "1.000", "x_0": "0.2"}}, True),
    ],
)
def test_on_a_narrow_screen_the_half_is_seen_first_in_which_the_marks_begin(marks, from_right):
    shown = network.network(NODES, EDGES, "A graph.", size=(9.6, 3), **marks).html
    assert ("direction:rtl" in shown) == from_right
