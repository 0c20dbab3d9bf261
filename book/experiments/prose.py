"""The sentences of a MyST page as plain text, without code, tables, directives and display formulas.

The text that the chapter "A character model" (book/characters.md) learns was frozen with

    python -m book.experiments.prose (the chapters in their order) > book/corpus.txt
"""

import re
import sys
from pathlib import Path

BLOCKS = [
    r"\A---\n.*?\n---\n",  # front matter
    r"^(`{3,}|:{3,}).*?^\1$",  # code, figures, boxes
    r"^\$\$.*?^\$\$.*?$",  # display formulas
    r"^[|(].*?$",  # rows of tables, and labels
]
INLINE = [
    (r"\[([^\]]*)\]\([^)]*\)", r"\1"),  # links keep their text
    (r"\{[a-z:]+\}`[^`]*`", "{}"),  # a role marks its sentence as no prose
    (r"[*`$]", ""),
    (r"^(#+|-|\d+\.) +", ""),
    ("[\u201c\u201d]", '"'),
    ("\u2019", "'"),
]


def prose(markdown):
    """The prose of a page, one paragraph per line; a sentence that holds a formula with a backslash is left out.

    Shapes: a string in, a string out, of printable ASCII and newlines. Source: the chapter "A character model"
    (book/characters.md), section "A text to learn".
    """
    for pattern in BLOCKS:
        markdown = re.sub(pattern, "", markdown, flags=re.DOTALL | re.MULTILINE)
    paragraphs = []
    for block in re.split(r"\n\s*\n|\n(?=- |\d+\. )", markdown):
        for pattern, replacement in INLINE:
            block = re.sub(pattern, replacement, block, flags=re.MULTILINE)
        sentences = re.split(r"(?<=[.?!:]) ", " ".join(block.split()))
        paragraphs.append(" ".join(s for s in sentences if s.isascii() and not re.search(r"[\\{}_^<>|=]", s)))
    return "".join(f"{paragraph}\n" for paragraph in paragraphs if paragraph)


if __name__ == "__main__":
    sys.stdout.write("".join(prose(Path(name).read_text(encoding="utf-8")) for name in sys.argv[1:]))
