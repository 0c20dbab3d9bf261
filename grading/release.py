"""What a release adds to the set-up of an exercise: above it, how to get rnnlib; below it, how to get hints.

None of it runs when a notebook is marked: there, the set-up of the source does. Before a set-up that was handed in is
compared with the release, it is taken off, so that it makes no difference when, and from which site, it was fetched.
"""

import re

import rnnlib

# Names with an underscore: an answer that used `sys` would work here, and fail where it is marked.
FROM_THE_SITE = """\
# rnnlib is the library of this course. Where Python does not find it, these lines say how to get it; in Colab, in
# JupyterLite and, with its internet switched on, in Kaggle they install it.
import os as _os
import sys as _sys
from importlib.util import find_spec as _find_spec

_installs = _sys.platform == "emscripten" or "google.colab" in _sys.modules or "KAGGLE_KERNEL_RUN_TYPE" in _os.environ
if _installs and _find_spec("rnnlib") is None:
    %pip install -q {address}{wheel}
if _find_spec("rnnlib") is None:
    raise ModuleNotFoundError(
        "rnnlib, the library of this course, is missing: run "
        "`%pip install {address}{wheel}` "
        "in a new cell, and then this one again."
    )

"""
FROM_A_FILE = """\
# rnnlib is the library of this course. Where Python does not find it, these lines say how to get it.
from importlib.util import find_spec as _find_spec

if _find_spec("rnnlib") is None:
    raise ModuleNotFoundError(
        "rnnlib, the library of this course, is missing: from the page about the exercises, download "
        "{wheel} into the folder of this notebook, run "
        "`%pip install {wheel}` in a new cell, and then this one again."
    )

"""
HINTS = """\


# When a check sees the same wrong numbers for the second time, it adds a hint, and from the third time on the name of
# the mistake, if it is a known one. To read both at once: exercise.hint()
HINTS = exercise.Hints("{slug}")"""
# Of bounded length: what a student wrote is searched for them, and that must not take long whatever it is.
ADDED = re.compile(
    r"# rnnlib is the library of this course\.(?s:.{0,900}?)\n    raise ModuleNotFoundError\([^()]{0,600}\)\n\n"
    r"|\n{0,3}# When a check sees the same wrong numbers.{0,100}\n#.{0,120}\nHINTS = .{0,80}"
)


def wheel():
    """The file name of the students' wheel."""
    return f"bptt_rnnlib-{rnnlib.__version__}-py3-none-any.whl"


def library(address):
    """The lines above a set-up, which say how to get rnnlib from the site at `address`, an empty text if it has none.

    Without an address, it is a file that the reader has fetched. Either way, pip looks up no name for it on PyPI.
    """
    return (FROM_THE_SITE if address else FROM_A_FILE).format(address=address, wheel=wheel())


def hints(slug):
    """The lines below a set-up, with which the checks of an exercise name known mistakes."""
    return HINTS.format(slug=slug)


def bare(source):
    """A set-up without what a release adds to it, be it this one or another."""
    return ADDED.sub("", source).strip()
