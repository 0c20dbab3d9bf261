"""Every labelled equation of the book is checked by code; an equation without a check fails."""

import importlib
import re
from pathlib import Path

import pytest

BOOK = Path(__file__).parents[2] / "book"
LABEL = re.compile(r"^\$\$ \(([\w-]+)\)$|^:label: ([\w-]+)$", re.MULTILINE)


def labels():
    """All (chapter, label) pairs of the book."""
    return [
        (chapter.stem, found[1] or found[2])
        for chapter in sorted(BOOK.glob("*.md"))
        for found in LABEL.finditer(chapter.read_text(encoding="utf-8"))
    ]


def checks(chapter):
    """The check functions of a chapter by label."""
    module = importlib.import_module(f"equations.{chapter.replace('-', '_')}")
    functions = {name.removeprefix("check_"): value for name, value in vars(module).items()}
    return {name.replace("_", "-"): check for name, check in functions.items() if callable(check)}


@pytest.mark.parametrize(("chapter", "label"), labels())
def test_the_equation_holds(chapter, label):
    found = checks(chapter)
    assert label in found, f"eq. {label} has no check: write check_{label.replace('-', '_')} in tests/book/equations/"
    found[label]()


def test_no_label_is_used_twice():
    names = [label for _, label in labels()]
    assert len(names) > 20
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    "module",
    [
        path.relative_to(BOOK.parent)
        for room in ("rnnlib", "book/figures", "book/experiments")
        for path in sorted((BOOK.parent / room).rglob("*.py"))
    ],
    ids=str,
)
def test_every_equation_that_a_docstring_names_is_in_the_book(module):
    source = (BOOK.parent / module).read_text(encoding="utf-8")
    sentences = re.findall(r"\beqs?\. ([^.:;)]+)", source)
    named = {label for sentence in sentences for label in re.findall(r"\b[a-z]+(?:-[a-z0-9]+)+\b", sentence)}
    assert named <= {label for _, label in labels()}
