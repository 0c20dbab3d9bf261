"""The page "Notation" lists every letter of the book, and says of every name in code what rnnlib gives it."""

import re
from pathlib import Path

import numpy as np
import pytest

from rnnlib import gru, lstm, rnn, scalar
from rnnlib.losses import softmax
from rnnlib.params import init_params

COURSE = Path(__file__).parents[2]
PAGE = (COURSE / "book" / "notation.md").read_text(encoding="utf-8")
CHAPTERS = {
    path.stem: path.read_text(encoding="utf-8")
    for path in sorted((COURSE / "book").glob("*.md"))
    if path.stem not in ("mistakes", "notation")
}
EXERCISES = {path.stem: path.read_text(encoding="utf-8") for path in sorted((COURSE / "solutions").glob("*/*.md"))}
SIZES = {"T": 6, "B": 2, "D": 3, "H": 4, "K": 5, "4H": 16, "3H": 12}


def rows(section):
    """The rows of the table in one section, as lists of cells."""
    text = PAGE.split(f"## {section}\n")[1].split("\n## ")[0]
    return [
        [cell.strip() for cell in line.strip("|").split(" | ")] for line in text.splitlines() if line.startswith("|")
    ]


PROSE = ("{admonition}", "{figure}", "{exercise}", "{csv-table}")  # directives that hold text; all others hold code
GREEK = "alpha beta gamma delta epsilon varepsilon zeta eta theta lambda mu nu xi pi rho sigma tau phi chi psi omega"
GREEK = {"\\" + name for name in [*GREEK.split(), *GREEK.title().split()]}


def text_of(page):
    """The text of a MyST page and the captions of its figures, without code."""
    kept, fence = [], None
    for line in page.splitlines():
        opened = re.match(r"(`{3,})(\{[\w-]+\})?", line)
        if fence:
            kept += [line] * line.startswith(":")  # an option of a cell, such as a caption
            fence = None if line.strip() == fence else fence
        elif opened and line.strip() != opened[1] and opened[2] not in PROSE:
            fence = opened[1]
        else:
            kept.append(line)
    return re.sub(r"`[^`\n]+`", "", "\n".join(kept))


def formulas(page):
    """Every formula of a page, those on lines of their own first."""
    text = text_of(page)
    displayed = re.findall(r"\$\$(.+?)\$\$", text, re.DOTALL)
    return displayed + re.findall(r"\$([^$]+)\$", re.sub(r"\$\$.+?\$\$", "", text, flags=re.DOTALL))


def letters(page):
    """The letters of all formulas of a page, without words and commands."""
    text = re.sub(r"\\(?:text|operatorname|mathsf|begin|end)\s*\{[^{}]*\}", " ", " ".join(formulas(page)))
    return {found for found in re.findall(r"\\[A-Za-z]+|[A-Za-z]", text) if _is_letter(found)}


def defined(text):
    """The letters that stand alone in a formula of the text, or with an index, or to the left of an equals sign."""
    alone = re.compile(r"(?:\\hat |\\mathcal )?(\\?[A-Za-z]+?)(?:[_(].*?)?(?: = .*)?")
    found = [alone.fullmatch(formula) for formula in re.findall(r"\$([^$]+)\$", text)]
    return {match[1] for match in found if match and _is_letter(match[1])}


def _is_letter(symbol):
    return len(symbol) == 1 or symbol in GREEK


def own_letters():
    """The letters of the course: all that the page defines before it comes to those that are borrowed."""
    lines = PAGE.split("(two-meanings)=")[0].splitlines()
    return defined("\n".join(line.split(" | ")[0] for line in lines))


def borrowed_letters():
    """{chapter: the letters that it borrows}."""
    found = {name: set() for name in CHAPTERS}
    for symbols, where, _ in rows("Borrowed letters")[2:]:
        for chapter in re.findall(r"\(([\w-]+)\.md\)", where):
            found[chapter] |= defined(symbols)
    return found


def exercises_of(chapter):
    """The exercises that a chapter offers."""
    return re.findall(r"\{exercise\} ([\w-]+)", CHAPTERS[chapter])


def names_and_shapes(section):
    """(name in code, shape as numbers) of each row that has both."""
    found = []
    for row in rows(section):
        shape = re.match(r"\(([^)]*)\)", row[2]) if len(row) == 4 else None
        if shape and row[1].startswith("`"):
            letters = [letter.strip() for letter in shape[1].split(",") if letter.strip()]
            found.append((row[1].strip("`"), tuple(SIZES[letter] for letter in letters)))
    assert len(found) >= 4
    return found


@pytest.fixture(scope="module")
def named():
    """Everything the simple network computes, under the names of the page."""
    T, B, D, H, K = (SIZES[letter] for letter in "TBDHK")
    rng = np.random.default_rng(3)
    params, x, s_init = init_params(rng, D, H, K), rng.normal(size=(T, B, D)), rng.normal(size=(B, H))
    y, weights = rng.integers(K, size=(T, B)), rng.uniform(0.5, 2, (T, B))
    fwd = rnn.forward(params, x, s_init, y, weights=weights)
    z = x @ params.U.T + fwd.s_prev @ params.W.T + params.b
    q = fwd.s @ params.V.T + params.c
    dq = (fwd.yhat - np.eye(K)[y]) * weights[..., None] / B
    delta = rnn.delta_sweep(params, fwd.s, dq).delta
    data = {"x": x, "s_init": s_init, "y": y, "weights": weights, "z": z, "q": q, "dq": dq, "delta": delta}
    data |= {"slope": 1 - fwd.s**2, "message": delta[1] @ params.W}
    return params, data | fwd._asdict()


def test_every_array_has_the_shape_that_the_page_gives_it(named):
    params, arrays = named
    for name, shape in names_and_shapes("Arrays"):
        assert arrays[name].shape == shape, name
    for name, shape in names_and_shapes("Parameters"):
        assert getattr(params, name).shape == shape, name
    assert params._fields == tuple(name for name, _ in names_and_shapes("Parameters"))


def test_the_formulas_of_the_page_hold(named):
    params, arrays = named
    np.testing.assert_allclose(arrays["s"], np.tanh(arrays["z"]), rtol=1e-12)
    np.testing.assert_array_equal(arrays["s_prev"][1:], arrays["s"][:-1])
    np.testing.assert_array_equal(arrays["s_prev"][0], arrays["s_init"])
    np.testing.assert_allclose(arrays["yhat"], softmax(arrays["q"]), rtol=1e-12)
    fwd = rnn.Forward(*(arrays[name] for name in rnn.Forward._fields))
    back = rnn.backward(params, arrays["x"], arrays["y"], fwd, weights=arrays["weights"])
    rows_of_delta = arrays["delta"].reshape(SIZES["T"] * SIZES["B"], SIZES["H"])
    np.testing.assert_allclose(back.gradient.b, rows_of_delta.sum(axis=0), rtol=1e-10)


@pytest.mark.parametrize(("model", "gates"), [(lstm, "4H"), (gru, "3H")])
def test_the_gated_networks_have_the_shapes_of_the_page(model, gates):
    T, B, D, H, K = (SIZES[letter] for letter in "TBDHK")
    rng = np.random.default_rng(4)
    s_init = rng.normal(size=(2, B, H) if model is lstm else (B, H))
    fwd = model.forward(model.init_params(rng, D, H, K), rng.normal(size=(T, B, D)), s_init)
    shapes = names_and_shapes("Gates")
    assert ("gates", fwd.gates.shape) in shapes
    for name, shape in shapes:
        if name != "gates" and model is lstm:
            assert getattr(fwd, name).shape == shape


def test_every_letter_of_the_scalar_network_is_a_field_of_rnnlib_scalar():
    fields = {name for kind in vars(scalar).values() for name in getattr(kind, "_fields", ())}
    table = rows("The scalar chapters")
    listed = {name for row in table if len(row) == 3 for name in re.findall(r"`(\w+)`", row[1])}
    assert len(listed) >= 12
    assert listed <= fields


def test_the_letters_of_a_page_are_those_of_its_formulas_and_captions():
    code = "```{code-cell} python\n:  caption: $\\hat y$\nprint('$F$')\n```\n"
    page = f"# A title\n\n$\\delta_t = W^\\mathsf{{T}} x$ `$K$`\n\n{code}\n$$\nE \\text{{ word}} \\cdot h\n$$ (label)\n"
    assert letters(page) == {r"\delta", "t", "W", "x", "y", "E", "h"}


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_letter_of_a_chapter_and_of_its_exercises_is_listed(chapter):
    listed = own_letters() | borrowed_letters()[chapter]
    for page in [CHAPTERS[chapter], *(EXERCISES[name] for name in exercises_of(chapter))]:
        assert letters(page) <= listed, f"book/notation.md lacks {sorted(letters(page) - listed)}"


def test_every_exercise_belongs_to_a_chapter():
    assert {name for chapter in CHAPTERS for name in exercises_of(chapter)} == set(EXERCISES)


def test_every_chapter_of_the_course_but_the_first_has_a_notebook():
    course = (COURSE / "book" / "_toc.yml").read_text(encoding="utf-8").split("caption: Appendix")[0]
    first, *later, _ = re.findall(r"file: ([\w-]+)", course)  # the last one lists the exercises
    assert len(later) >= 10
    assert not exercises_of(first)
    assert all(exercises_of(chapter) for chapter in later)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_no_letter_is_listed_as_borrowed_by_a_chapter_that_does_not_use_it(chapter):
    used = letters(CHAPTERS[chapter]).union(*(letters(EXERCISES[name]) for name in exercises_of(chapter)))
    assert borrowed_letters()[chapter] <= used


def test_the_letters_with_two_meanings_are_those_that_two_tables_define():
    tables = [rows(name)[2:] for name in ("Sizes", "Indices", "Arrays", "Parameters", "Gates", "The scalar chapters")]
    found = [
        set().union(*(defined(symbol) for symbol, *_, meaning in table if not meaning.startswith("as above")))
        for table in tables
    ]
    twice = {letter for letter in set().union(*found) if sum(letter in table for table in found) > 1}
    assert twice == defined(" ".join(row[0] for row in rows("Letters with two meanings")))


@pytest.mark.parametrize("chapter", ["two-step", "graph", "t-steps"])
def test_where_weights_are_numbers_none_has_a_capital_letter(chapter):
    for page in [CHAPTERS[chapter], *(EXERCISES[name] for name in exercises_of(chapter))]:
        assert not letters(page) & {"U", "W", "V"}
        assert "\\hat" not in "".join(formulas(page))
