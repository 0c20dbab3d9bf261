"""The words of messages, in the language of whoever reads them.

A message is written in English where it is made, `say("{} is wrong").format(name)`, and looked up here by that. What
has no translation stays English.
"""

import contextlib
import re
import sys
from contextvars import ContextVar
from functools import lru_cache

__all__ = ["ENGLISH", "LANGUAGE", "Message", "close_up", "of_exercise", "say", "speaking", "tell", "to_say"]

ENGLISH = "en"
# A notebook's set-up names it, see rnnlib.exercise; a grader sets it.
LANGUAGE = ContextVar("LANGUAGE", default=ENGLISH)


def say(text):
    """A message, or the template of one, in the language that is spoken now."""
    return _looked_up("messages", text)


def to_say(text):
    """The text itself: so is written what `say` is to be given later, that it comes into the catalogue."""
    return text


class Message(str):
    """A message in English, made before anybody knows in which language it will be read: `tell` says it in that.

    It has its template, and the values that were put into it, which may be Messages themselves.
    """

    def __new__(cls, template, *values):
        """The template with the values put in by their places."""
        made = super().__new__(cls, template.format(*values))
        made.template, made.values = template, values
        return made

    def packed(self):
        """The Message as a list of what JSON holds, of which `unpacked` makes it again."""
        return [self.template, *(value.packed() if isinstance(value, Message) else value for value in self.values)]

    @classmethod
    def unpacked(cls, packed):
        """The Message that was packed."""
        template, *values = packed
        return cls(template, *(cls.unpacked(value) if isinstance(value, list) else value for value in values))


def tell(text):
    """A Message in the language that is spoken now; any other text as it is."""
    return say(text.template).format(*map(tell, text.values)) if isinstance(text, Message) else text


def of_exercise(slug, text):
    """What an exercise says of a known mistake, in the language that is spoken now."""
    return _looked_up(slug, text)


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


def _looked_up(name, text):
    language = spoken()
    return text if language == ENGLISH else _table(language, name).get(text, text)


def spoken():
    """The language that is spoken now; where nobody has said which, that of the notebook whose cells run here."""
    # Its cells are the module __main__, and may call a function of rnnlib that is no check.
    named = LANGUAGE.get(None) or getattr(sys.modules["__main__"], "LANGUAGE", ENGLISH)
    return named if isinstance(named, str) else ENGLISH


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
