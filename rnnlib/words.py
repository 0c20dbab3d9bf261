"""The words of messages, in the language of whoever reads them.

A message is written in English where it is made, `say("{} is wrong").format(name)`, and looked up here by that. What
has no translation stays English.
"""

import contextlib
import re
from contextvars import ContextVar
from functools import lru_cache

__all__ = ["ENGLISH", "LANGUAGE", "close_up", "of_exercise", "say", "speaking", "to_say"]

ENGLISH = "en"
# A notebook's set-up names it, see rnnlib.exercise; a grader sets it.
LANGUAGE = ContextVar("LANGUAGE", default=ENGLISH)


def say(text):
    """A message, or the template of one, in the language that is spoken now."""
    return text if LANGUAGE.get() == ENGLISH else _table(LANGUAGE.get(), "messages").get(text, text)


def to_say(text):
    """The text itself: so is written what `say` is to be given later, that it comes into the catalogue."""
    return text


def of_exercise(slug, text):
    """What an exercise says of a known mistake, in the language that is spoken now."""
    return text if LANGUAGE.get() == ENGLISH else _table(LANGUAGE.get(), slug).get(text, text)


def close_up(text):
    """A text without the spaces between two Chinese characters, which come of values put into a template."""
    return re.sub(r"(?<=[\u2e80-\uffef]) (?=[\u2e80-\uffef])", "", text)


@contextlib.contextmanager
def speaking(language):
    """Let messages that are made in the block be in a language, such as "zh-CN"."""
    token = LANGUAGE.set(language)
    try:
        yield
    finally:
        LANGUAGE.reset(token)


@lru_cache(maxsize=64)
def _table(language, name):
    """{English text: its translation}; empty for what nobody has translated."""
    # Imported where they are used: a grader starts a Python per submission, and most of these speak English.
    import json
    import pkgutil

    try:
        return json.loads(pkgutil.get_data("rnnlib", f"locale/{language}/{name}.json"))
    except OSError:  # there is no file; of an archive, it is no FileNotFoundError
        return {}
