"""Functions that a page shows are those of the program, without their docstrings."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CODE = '''class Pair:
    """Two numbers.

    In this order.
    """

    a: float  # the first


def f(x):
    """What it is."""
    text = """no docstring"""

    def g():
        """Inside."""
        return x

    return g, text
'''


@pytest.fixture
def without_docstrings(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "book" / "_ext")
    return __import__("listings").without_docstrings


def test_docstrings_go_and_all_other_lines_stay(without_docstrings):
    assert without_docstrings(CODE) == (
        'class Pair:\n    a: float  # the first\n\n\ndef f(x):\n    text = """no docstring"""\n\n'
        "    def g():\n        return x\n\n    return g, text\n"
    )


@pytest.mark.parametrize("path", sorted((ROOT / "rnnlib").glob("*.py")), ids=lambda path: path.stem)
def test_the_code_that_is_left_does_the_same(without_docstrings, path):
    code = path.read_text(encoding="utf-8")
    tree = ast.parse(code)
    for node in ast.walk(tree):
        if (
            isinstance(node, (ast.ClassDef, ast.FunctionDef))
            and ast.get_docstring(node) is not None
            and len(node.body) > 1
        ):
            del node.body[0]
    left = ast.parse(without_docstrings(code))
    assert ast.dump(left) == ast.dump(tree)
