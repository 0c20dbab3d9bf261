"""Text that no database, terminal, notebook or page should meet as it is, and a hand-in that brings it everywhere."""

import json
import os

from marking import SLUG, filled

from grading.answers import solution

POISONS = {
    "high-surrogate": "\ud800",
    "low-surrogate": "a\udce9b",
    "colour": "\x1b[31mred\x1b[0m",
    "title-of-the-window": "\x1b]0;title\x07",
    "half-an-escape": "\x1b",
    "escape-of-one-byte": "\x9b31m",
    "new-line": "\n  zz-right: forged line",
    "carriage-return": "seen\rforged",
    "null": "\0",
    "bell-and-backspace": "\a\b\b\b",
    "delete": "\x7f",
    "form-feed": "\f",
    "next-line": "\x85",
    "line-separator": "\u2028",
    "turned-round": "\u202etxet",
    "isolated": "\u2066text",
    "no-character": "\ufffe\uffff",
    "markup": "</script><script>alert(1)</script>",
    "formats": "%s %(x)s {0} {x} {{ x }}",
    "long": "x" * 30_000,
    "marker": "### BEGIN HIDDEN TESTS",
    "link": "`[x](javascript:alert(1))",
}

# Of the answers only the first is touched: what it returns cannot be right, and costs the points of its two tests.
RETURNS = """
import collections, types
class Named(tuple): pass
Named.__name__ = Named.__qualname__ = poison[:500] if '\\0' not in poison else 'x'
Named._fields = ('a',)
def output_gradient(o, y):
    print(poison)
    return {poison: (poison, np.str_(poison), np.array([poison]), Named([poison]))}
"""
RAISES = "class Odd(Exception): pass\nOdd.__name__ = poison.replace('\\0', '')[:500]\nprint(poison)\nraise Odd(poison)"


def poisoned(poison):
    """A notebook whose every text has the poison in it; all answers but the first are right."""
    written = f"poison = {poison!r}"
    notebook = filled(solution(SLUG).cells | {"output-gradient": f"{written}\n{RETURNS}"})
    for cell in notebook["cells"]:
        cell["outputs"] = [{"output_type": "stream", "name": poison, "text": poison}]
    for kind, source in [("code", f"{written}\n{RAISES}"), ("code", f"# {poison}"), ("markdown", poison)]:
        label = {"grade_id": poison, "solution": True, "grade": False, "locked": False, "schema_version": 3}
        metadata = {"nbgrader": label, "name": poison, "tags": [poison]}
        notebook["cells"].append({"cell_type": kind, "id": poison, "metadata": metadata, "source": source})
    notebook["metadata"] |= {"kernelspec": {"name": poison}, "title": poison}
    return json.dumps(notebook)


def as_name(poison):
    """The poison as a part of the name of a file: bytes, as long as a name may be."""
    name = poison.encode("utf-8", "surrogatepass" if "\ud800" in poison else "surrogateescape")
    return os.fsdecode(name.replace(b"\0", b"").replace(b"/", b"|")[:200])


def hand_in(submitted, student, poison):
    """Hand in the notebook with strays of that name beside it, by a student whose name begins with it."""
    folder = submitted / f"{as_name(poison)}-{student}" / SLUG
    folder.mkdir(parents=True)
    (folder / f"{as_name(poison)}.ipynb").write_text(poisoned(poison))
    (folder / "timestamp.txt").write_bytes(f"2026-01-01 10:00:00 {poison}".encode("utf-8", "replace"))
    (folder / f"d{as_name(poison)}").mkdir()
    (folder.parent / f"x{as_name(poison)}").mkdir()
