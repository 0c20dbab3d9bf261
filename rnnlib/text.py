"""Text for a character model: a vocabulary, a small grammar that writes text, and batches that follow on."""

from typing import NamedTuple

import numpy as np

from rnnlib.tasks import Batch

NOUNS = (("neuron", "neurons"), ("layer", "layers"), ("student", "students"), ("clock", "clocks"))
VERBS = (("waits", "wait"), ("counts", "count"), ("stops", "stop"), ("learns", "learn"))
ADJECTIVES = ("old", "quiet", "green")
PLACES = ("near", "behind", "above")


class Vocabulary(NamedTuple):
    """The characters of a text; a token is a position in this string."""

    characters: str

    def encode(self, text):
        """Tokens of a text: int (len(text),). Raises ValueError for a character that is not in the vocabulary."""
        token = {character: i for i, character in enumerate(self.characters)}
        for position, character in enumerate(text):
            if character not in token:
                raise ValueError(
                    f"text holds {character!r} at position {position}, expected one of {self.characters!r}"
                )
        return np.array([token[character] for character in text], dtype=int)

    def decode(self, tokens):
        """The text of int tokens (n,). Raises ValueError for a token outside the vocabulary."""
        tokens = np.asarray(tokens, dtype=int)
        K = len(self.characters)
        if np.any((tokens < 0) | (tokens >= K)):
            raise ValueError(f"tokens reach from {tokens.min()} to {tokens.max()}, expected 0 to {K - 1}")
        return "".join(self.characters[token] for token in tokens)


def vocabulary(text):
    """The Vocabulary of a text: its distinct characters, sorted. Raises ValueError if the text is empty."""
    if not text:
        raise ValueError("text is empty, expected at least one character")
    return Vocabulary("".join(sorted(set(text))))


def grammar_text(rng, sentences):
    """Sentences of a small grammar in which the verb agrees with the first noun, over a distance that varies.

    "the old clocks near the layer stop." is one. Shapes: `sentences` is how many; the result is a string, one
    sentence per line. Source: the chapter "A character model" (book/characters.md), section "A text to learn".
    """

    def pick(options):
        return options[rng.integers(len(options))]

    def noun_phrase(number):
        adjective = pick(ADJECTIVES) + " " if rng.random() < 0.5 else ""
        return f"the {adjective}{pick(NOUNS)[number]}"

    def sentence():
        number = rng.integers(2)
        subject = noun_phrase(number)
        while rng.random() < 0.4:
            subject += f" {pick(PLACES)} {noun_phrase(rng.integers(2))}"
        return f"{subject} {pick(VERBS)[number]}.\n"

    return "".join(sentence() for _ in range(sentences))


def stream(tokens, T, B, *, first=0):
    """Endless batches of next-token prediction, each going on where the previous one ended.

    The tokens are cut into B lanes; a batch takes T tokens of every lane. The first batch of each pass through the
    lanes carries no state over, all others do. A remainder shorter than a batch is left out. `first` numbers the
    batch to begin with: pass the updates done to resume. Shapes: tokens int (n,); a Batch holds x and y, int (T, B),
    with y one token later than x. Raises ValueError if n < B * (T + 1) or tokens are not such an array.
    Source: the chapter "Truncated BPTT" (book/truncated.md), eq. stateful-batches.
    """
    tokens = np.asarray(tokens)
    if tokens.ndim != 1 or not np.issubdtype(tokens.dtype, np.integer):
        raise ValueError(f"tokens has shape {tokens.shape} and dtype {tokens.dtype}, expected int (n,)")
    if T < 1 or B < 1:
        raise ValueError(f"T is {T} and B is {B}, expected at least 1")
    if first < 0:
        raise ValueError(f"first is {first}, expected at least 0")
    if tokens.size < B * (T + 1):
        raise ValueError(f"tokens holds {tokens.size}, expected at least B * (T + 1) = {B * (T + 1)}")
    return _stream(tokens, T, B, first)


def _stream(tokens, T, B, number):
    length = tokens.size // B
    lanes = np.ascontiguousarray(tokens[: B * length].reshape(B, length).T)
    chunks = (length - 1) // T
    while True:
        t = number % chunks * T
        yield Batch(lanes[t : t + T], lanes[t + 1 : t + T + 1], None, t > 0)
        number += 1
