"""What a release adds to the set-up of an exercise: above it, how to get rnnlib; below it, how to get hints.

None of it runs when a notebook is marked: there, the set-up of the source does. Before a set-up that was handed in is
compared with the release, it is taken off, so that it makes no difference when, and from which site, it was fetched.
"""

import re

import rnnlib
from rnnlib.words import say, speaking, to_say

WIDTH = 117  # columns of a comment, without its sign

# Names with an underscore: an answer that used `sys` would work here, and fail where it is marked.
INSTALLED = to_say(
    "rnnlib is the library of this course. Where Python does not find it, these lines say how to get it; in Colab, in "
    "JupyterLite and, with its internet switched on, in Kaggle they install it."
)
FETCHED = to_say("rnnlib is the library of this course. Where Python does not find it, these lines say how to get it.")
RUN = to_say("rnnlib, the library of this course, is missing: run")
DOWNLOAD = to_say("rnnlib, the library of this course, is missing: from the page about the exercises, download")
TO_THE_FOLDER = to_say("into the folder of this notebook, run")
AND_AGAIN = to_say("in a new cell, and then this one again.")
HELP = to_say(
    "When a check sees the same wrong numbers for the second time, it adds a hint, and from the third time on the name "
    "of the mistake, if it is a known one. To read both at once: exercise.hint()"
)
SPOKEN = to_say("In this language speak the checks, and what is said of this notebook when it is marked.")
FROM_THE_SITE = """\
{comment}
import os as _os
import sys as _sys
from importlib.util import find_spec as _find_spec

_installs = _sys.platform == "emscripten" or "google.colab" in _sys.modules or "KAGGLE_KERNEL_RUN_TYPE" in _os.environ
if _installs and _find_spec("rnnlib") is None:
    %pip install -q {address}{wheel}
if _find_spec("rnnlib") is None:
    raise ModuleNotFoundError(
        "{run} "
        "`%pip install {address}{wheel}` "
        "{again}"
    )

"""
FROM_A_FILE = """\
{comment}
from importlib.util import find_spec as _find_spec

if _find_spec("rnnlib") is None:
    raise ModuleNotFoundError(
        "{download} "
        "{wheel} {folder} "
        "`%pip install {wheel}` {again}"
    )

"""
HINTS = """\


{comment}
HINTS = exercise.Hints("{slug}")"""
LANGUAGE = """\


{comment}
LANGUAGE = "{language}\""""
# Of bounded length: what a student wrote is searched for them, and that must not take long whatever it is.
ADDED = re.compile(
    r"#.{0,20}rnnlib(?s:.{0,900}?)\n    raise ModuleNotFoundError\([^()]{0,600}\)\n\n"
    r"|\n{0,3}(?:#.{0,200}\n){1,2}HINTS = .{0,80}"
    r'|(?:\n{0,3}#.{0,200})?\nLANGUAGE = "[\w-]{1,20}"'
)


def wheel():
    """The file name of the students' wheel."""
    return f"bptt_rnnlib-{rnnlib.__version__}-py3-none-any.whl"


def library(address):
    """The lines above a set-up, which say how to get rnnlib from the site at `address`, an empty text if it has none.

    Without an address, it is a file that the reader has fetched. Either way, pip looks up no name for it on PyPI.
    """
    words = {"run": say(RUN), "download": say(DOWNLOAD), "folder": say(TO_THE_FOLDER), "again": say(AND_AGAIN)}
    lines, comment = (FROM_THE_SITE, INSTALLED) if address else (FROM_A_FILE, FETCHED)
    return lines.format(address=address, wheel=wheel(), comment=_comment(comment), **words)


def hints(slug):
    """The lines below a set-up, with which the checks of an exercise name known mistakes."""
    return HINTS.format(slug=slug, comment=_comment(HELP))


def in_language(source, translated, language, slug, address):
    """The set-up of a release in another language: what it held is `translated`, what was added is said again."""
    with speaking(language):
        below = hints(slug) if "HINTS = " in source else ""
        return library(address) + translated + below + LANGUAGE.format(language=language, comment=_comment(SPOKEN))


def _comment(text):
    from grading import translation  # only notebooks are built with it

    return "\n".join(f"# {line}" for line in translation.wrapped(say(text), WIDTH))


def bare(source):
    """A set-up without what a release adds to it, be it this one or another."""
    return ADDED.sub("", source).strip()
