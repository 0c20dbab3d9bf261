"""Every module of pictures belongs to a chapter or to all of them, and some pictures show what they say."""

import importlib
import re
from pathlib import Path

import numpy as np
import pytest

from book.experiments import cliff
from book.experiments.units import Match
from book.figures import characters, checking, gates, style, truncated, two_step, vanishing, vectorised, vectors
from rnnlib import scalar

BOOK = Path(__file__).parents[2] / "book"
SHARED = {"style", "curves", "network", "widgets"}
ELSEWHERE = {"frameworks"}  # it needs torch and JAX, which the environment of the benchmarks has
MODULES = [path.relative_to(BOOK.parent) for room in ("figures", "experiments") for path in (BOOK / room).glob("*.py")]
OF_A_CHAPTER = [path for path in MODULES if path.parent.name == "figures" and path.stem not in SHARED]


@pytest.mark.parametrize("path", [path for path in MODULES if path.stem not in ELSEWHERE], ids=str)
def test_a_module_can_be_imported_and_says_what_it_holds(path):
    assert importlib.import_module(".".join(path.with_suffix("").parts)).__doc__.strip()


@pytest.mark.parametrize("path", OF_A_CHAPTER, ids=str)
def test_a_module_of_pictures_is_named_as_its_chapter_and_opens_with_the_name(path):
    chapter = f"{path.stem.replace('_', '-')}.md"
    title = re.search(r"^# (.*)$", (BOOK / chapter).read_text(encoding="utf-8"), re.MULTILINE)[1]
    opening = (BOOK.parent / path).read_text(encoding="utf-8").split("\n")[0]
    assert opening == f'"""Pictures of the chapter "{title}" (book/{chapter})."""'


@pytest.mark.parametrize("path", [path for path in MODULES if path.name != "style.py"], ids=str)
def test_colours_are_those_of_the_palette(path):
    source = (BOOK.parent / path).read_text(encoding="utf-8")
    assert not re.findall(r"""#[0-9a-fA-F]{6}\b|["'](?:black|C\d)["']|\(\d+, \d+, \d+\) (?:if|else)""", source)


def test_what_arrives_at_both_copies_of_u_adds_up_as_it_is_printed():
    params = scalar.Params(u=0.5, w=-0.8, v=np.array([1.2, -0.7]), k=0.1)
    drawn = two_step.back_to_u(params, np.array([1.0, 2.0]), 0.4, np.array([1.0, 0.0]))
    second, first, total = (float(number) for number in re.findall(r"-?\d+\.\d+", drawn.alt))
    assert round(first + second, 5) == total
    by_step = scalar.backward(params, np.array([1.0, 2.0]), 0.4, np.array([1.0, 0.0])).by_step.u
    assert np.allclose([first, second], by_step, rtol=0, atol=6e-6)


def test_each_arrow_of_the_first_picture_arrives_after_the_one_before_and_takes_the_place_of_one_that_leaves():
    drawn = two_step.back_to_u(scalar.Params(0.5, -0.8, 1.2, 0.1), np.array([1.0, 2.0]), 0.4, 1.0)
    stages = {kind: re.findall(rf'class="{kind}" style="--stage:(\d)', drawn.html) for kind in ("arrives", "leaves")}
    assert sorted(set(stages["arrives"])) == ["0", "1", "2", "3", "4"]
    assert stages["leaves"] == ["0", "1", "2", "3"]


@pytest.mark.parametrize("T", [1, 4, 7])
def test_the_sweep_has_a_picture_of_every_call(T):
    assert len(vectorised.sweep(T)) == 2 * T + 4


@pytest.mark.parametrize(("T", "window", "stride"), [(9, 4, 1), (9, 4, 2), (9, 4, 4), (10, 3, 3)])
def test_an_error_looks_back_at_most_a_window_and_at_least_what_its_stride_leaves_of_it(T, window, stride):
    kept = truncated.kept_pairs(T, window, stride)
    lengths = kept.sum(axis=1)
    assert np.all(lengths <= window)
    assert np.all(lengths >= np.minimum(window - stride + 1, np.arange(T) + 1))
    assert np.all(kept.diagonal())
    assert not np.triu(kept, 1).any()


@pytest.mark.parametrize("stride", [1, 4])
def test_a_window_as_long_as_the_sequence_keeps_every_pair(stride):
    assert np.array_equal(truncated.kept_pairs(6, 6, stride), np.tri(6, dtype=bool))


def test_a_unit_is_told_in_colours_and_in_words():
    states = np.zeros((3, 2))
    states[:, 1] = (1.0, -1.0, 0.0)
    (frame,) = characters.unit_frames("a<b", states, {"a mark": Match(1, 0.9, 0.8)})
    assert f'background:{style.BLUE}99">a</span>' in frame.html
    assert f'background:{style.ORANGE}99">&lt;</span>' in frame.html
    assert "unit 1: a mark (correlation here 0.80)" in frame.html
    assert frame.alt.endswith("highest at the characters 'ab<' and lowest at '<ba': a<b")


def curve(fall, updates, high=1.4, low=0.05):
    """A history of errors that is high, with some noise, and falls at one update for fifty of them."""
    noise = 0.03 * np.sin(np.arange(updates))
    return np.interp(np.arange(updates), [fall, fall + 50], [high, low]) + noise * (np.arange(updates) < fall)


NEVER = 10_000
RECALL = {
    "simple network": curve(500, 560),
    "LSTM, forget bias 1": curve(NEVER, 600),
    "LSTM, forget bias 4": curve(10, 80),
    "GRU, update bias 3": curve(40, 100, low=0.2),
}
RISING = np.interp(np.arange(300), [40, 50, 60, 80, 260, 265, 270], [1.4, 2.4, 2.3, 1.6, 1.5, 1.9, 1.5])
RECALL_AFTER_A_START = {
    "small": curve(NEVER, 300),
    "small, clipped": curve(NEVER, 300),
    "orthogonal": RISING,
    "orthogonal, clipped": curve(30, 300, low=0),
}
PARITY = {1: curve(NEVER, 400, 0.69), 2: curve(30, 400, 0.69, 0.53), 8: curve(50, 400, 0.69, 0)}
TASKS = {"1 step later": 50, "2 steps later": NEVER, "3 steps later": NEVER}
AUTOPSY = {task: {"right": curve(40, 600, low=0), "wrong": curve(fall, 600, 1.1, 0)} for task, fall in TASKS.items()}
RIGHT = {task: {"right": 1.0, "wrong": 0.51} for task in TASKS}
CLIFF = {
    name: cliff.descend(cliff.Unit(1.5, -0.6), 50, 100, rate=0.1, max_norm=limit)
    for name, limit in (("not clipped", np.inf), ("clipped", 2.0))
}


@pytest.mark.parametrize(
    ("module", "draw"),
    [
        (gates, lambda: gates.recall_curves(RECALL)),
        (vanishing, lambda: vanishing.loss_curves(RECALL_AFTER_A_START, np.log(4))),
        (vanishing, lambda: vanishing.cliff(50, CLIFF)),
        (vectors, lambda: vectors.parity_curves(PARITY, np.log(2))),
        (checking, lambda: checking.autopsy(AUTOPSY, RIGHT)),
    ],
    ids=["recall with gates", "recall after a start", "cliff", "parity", "autopsy"],
)
def test_no_line_runs_through_a_word(module, draw, monkeypatch):
    figures = []
    monkeypatch.setattr(module, "picture", lambda figure, alt: figures.append(figure))
    draw()
    figure = figures[0]
    figure.draw_without_rendering()
    texts = [(axes, text) for axes in figure.axes for text in axes.texts if text.get_text()]
    assert len(texts) >= 4
    for axes, text in texts:
        box = text.get_window_extent()
        for line in axes.lines:
            path = line.get_transform().transform_path(line.get_path())
            assert not path.intersects_bbox(box, filled=False), text.get_text()
