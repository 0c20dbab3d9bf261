"""What single state units respond to: marks on the characters of a text, and the unit that follows each mark best."""

from typing import NamedTuple

import numpy as np


class Match(NamedTuple):
    """The unit whose state follows a mark most closely."""

    unit: int
    correlation: float  # on the text that chose the unit
    fresh: float  # the correlation of the same unit on another text


def marks(text):
    """Things that are true of a place in a text and cannot be read off the single character there, by name.

    Shapes: a string of n characters; each mark is a float array (n,). Source: the chapter "A character model"
    (book/characters.md), section "What single units learnt".
    """
    length_of_line, length_of_word, length_of_sentence, quoted = 0, 0, 0, False
    rows = []
    for character in text:
        ends_line = character == "\n"
        quoted = not ends_line and (quoted != (character == '"'))
        length_of_line = 0 if ends_line else length_of_line + 1
        length_of_word = length_of_word + 1 if character.isalpha() else 0
        length_of_sentence = 0 if ends_line or character in ".?!:" else length_of_sentence + 1
        rows.append((length_of_word, length_of_sentence < 8, length_of_line < 30, quoted))
    names = ("letters of the word so far", "a sentence begins", "a paragraph begins", "inside quotation marks")
    return dict(zip(names, np.array(rows, dtype=float).reshape(-1, len(names)).T, strict=True))


def match(states, text, fresh_states, fresh_text):
    """For every mark, the unit that is most correlated with it on one text, and its correlation on a fresh one.

    Shapes: states (n, H) after each of the n characters of a text, in both pairs; the result maps names to Match.
    Raises ValueError if the lengths differ. Source: the chapter "A character model" (book/characters.md), section
    "What single units learnt".
    """
    for name, s, of in (("states", states, text), ("fresh_states", fresh_states, fresh_text)):
        if len(s) != len(of):
            raise ValueError(f"{name} has {len(s)} rows, expected {len(of)}, one per character")
    fresh = marks(fresh_text)
    found = {}
    for name, mark in marks(text).items():
        correlation = _correlation(states, mark)
        unit = int(np.argmax(np.abs(correlation)))
        found[name] = Match(unit, float(correlation[unit]), float(_correlation(fresh_states, fresh[name])[unit]))
    return found


def _correlation(states, mark):
    """Pearson's correlation of every unit with a mark, (H,); 0 where either does not vary."""
    s, m = states - states.mean(axis=0), mark - mark.mean()
    scale = np.sqrt((s * s).sum(axis=0) * (m @ m))
    return (m @ s) / np.where(scale > 0, scale, 1)
