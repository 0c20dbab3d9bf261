"""Every module of pictures belongs to a chapter or to all of them, and some pictures show what they say."""

import importlib
import re
from pathlib import Path

import numpy as np
import pytest

from book.experiments.units import Match
from book.figures import characters, style, truncated, vectorised

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
