"""What the character model reads is the prose of the book, and nothing else of its pages."""

from pathlib import Path

from book.experiments.prose import prose

PAGE = """---
file_format: mystnb
---

# A title

One sentence. Another with $x$ and [a link](#there). A third with $\\alpha$ in it.

```{code-cell} python
no = "prose"
```

$$
x = 1
$$ (label)

| a | table |
|---|---|

- An *item*
- Another, {eq}`label`. Kept.
"""


def test_only_sentences_are_left():
    assert prose(PAGE) == "A title\nOne sentence. Another with x and a link.\nAn item\nKept.\n"


def test_the_frozen_text_is_prose():
    corpus = (Path(__file__).parents[2] / "book" / "corpus.txt").read_text(encoding="ascii")
    assert len(corpus) > 10_000
    assert not set("\\{}$|<>") & set(corpus)
