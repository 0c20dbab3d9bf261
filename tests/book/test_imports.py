"""A reader who copies the cells that a page shows has their imports, too."""

import ast
import re
from pathlib import Path

import pytest

BOOK = Path(__file__).parents[2] / "book"
CELL = re.compile(r"^```\{code-cell\} python\n((?::[^\n]*\n)*)(.*?)^```$", re.MULTILINE | re.DOTALL)
PAGES = ["recurrence", "two-step", "graph", "t-steps", "vectors", "checking", "matrix-calculus", "questions"]


def imported(code):
    """The names that the imports of some code give, wherever they are."""
    statements = (node for node in ast.walk(ast.parse(code)) if isinstance(node, (ast.Import, ast.ImportFrom)))
    return {(alias.asname or alias.name).split(".")[0] for statement in statements for alias in statement.names}


def missing(page):
    """The names that only a hidden cell of a page imports, and that a cell before any visible import of them uses."""
    hidden, found, used = set(), set(), set()
    for tags, code in CELL.findall(page):
        if "remove-cell" in tags or "remove-input" in tags:
            hidden |= imported(code)
            continue
        found |= imported(code)
        names = {node.id for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Name)}
        used |= names - found
    return used & hidden


@pytest.mark.parametrize("name", PAGES)
def test_a_page_shows_the_imports_of_what_it_shows(name):
    page = (BOOK / f"{name}.md").read_text(encoding="utf-8")
    assert len(CELL.findall(page)) > 3
    assert not missing(page)


def test_an_import_that_only_a_hidden_cell_has_is_missed():
    cell = "```{{code-cell}} python\n{}{}\n```\n"
    hidden = cell.format(":tags: [remove-cell]\n", "import numpy as np\nfrom rnnlib import rnn as net")
    shown = cell.format("", "print(np.ones(2), net)")
    assert missing(hidden + shown) == {"np", "net"}
    assert missing(hidden + cell.format("", "import numpy as np") + shown) == {"net"}
