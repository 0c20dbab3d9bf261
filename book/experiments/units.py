"""What single state units know beyond the current character: marks on a text, and the unit that follows each best."""

from typing import NamedTuple

import numpy as np


class Match(NamedTuple):
    """The unit whose state follows a mark most closely."""

    unit: int
    correlation: float  # on the text that chose the unit
    fresh: float  # the correlation of the same unit on another text


def marks(text):
    """Things that are true of a place in a text and that the single character there does not decide, by name.

    It may hint at them: "letters of the word so far" is 0 unless the character is a letter. `match` allows for that.
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

    Both are compared with the current character held fixed, as `beyond_the_character` does.
    Shapes: states (n, H) after each of the n characters of a text, in both pairs; the result maps names to Match.
    Raises ValueError if the lengths differ. Source: the chapter "A character model" (book/characters.md), section
    "What single units learnt".
    """
    for name, s, of in (("states", states, text), ("fresh_states", fresh_states, fresh_text)):
        if len(s) != len(of):
            raise ValueError(f"{name} has {len(s)} rows, expected {len(of)}, one per character")
    own, others = _correlations(states, text), _correlations(fresh_states, fresh_text)
    found = {}
    for name, correlation in own.items():
        unit = int(np.argmax(np.abs(correlation)))
        found[name] = Match(unit, float(correlation[unit]), float(others[name][unit]))
    return found


def beyond_the_character(values, text):
    """What is left of some values at each place of a text without their mean over all places of the same character.

    Shapes: values (n,) or (n, H) for a string of n characters; the result is alike. A value that the character
    decides leaves 0. Source: the chapter "A character model" (book/characters.md), section "What single units learnt".
    """
    _, kind = np.unique(list(text), return_inverse=True)
    rows = np.reshape(values, (len(text), -1))
    same = np.eye(kind.max() + 1)[kind]  # (n, characters)
    means = (same.T @ rows) / same.sum(axis=0)[:, None]
    return np.reshape(rows - means[kind], np.shape(values))


def _correlations(states, text):
    """{mark: Pearson's correlation of every unit with it, (H,)}, the character held fixed; 0 where it decides one."""
    s = beyond_the_character(states, text)
    found = {}
    for name, mark in marks(text).items():
        m = beyond_the_character(mark, text)
        scale = np.sqrt((s * s).sum(axis=0) * (m @ m))
        decided = scale < 1e-9 * len(text)  # nothing but rounding errors is left
        found[name] = np.where(decided, 0, m @ s) / np.where(decided, 1, scale)
    return found
