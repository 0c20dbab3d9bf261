"""What the text of a student's cells tells: the names that it defines, and which of several copies of a cell count.

Nothing runs here, and little is parsed: the time and the memory that Python's parser takes grow with the square of some
texts, and they are the grader's own. The worst that is known, an import of a name with 10,000 dots, takes 0.2 seconds
and 110 MB at the limit of length; all texts of a submission, 2 seconds.
"""

import ast
import re
import warnings
from typing import NamedTuple

from rnnlib.words import say

MAX_PARSED = 20_000  # characters of a text
MAX_TOGETHER = 200_000  # characters of all texts of a submission
MIN_DOUBLED = 40  # characters; a shorter text may well be meant twice
# What IPython takes and Python does not: a magic, a command of the shell, be it assigned, or a question.
OF_IPYTHON = re.compile(
    r"^([ \t]*+)(?:[\w.,\[\]][\w.,\[\] \t]*+=[ \t]*+[%!]|[%!?]).*$|^([ \t]*+)\S.*\?[ \t]*$", re.MULTILINE
)


class Chosen(NamedTuple):
    """The text that counts, of several filled copies of one cell."""

    source: str
    how: str  # what was done, for a note; empty if there was one copy only
    doubtful: bool = False  # whether a human should look which copy is meant


class Reader:
    """Parses the texts of one submission, each of them once, as long as they are short and few."""

    def __init__(self):
        self.left, self.bodies = MAX_TOGETHER, {}

    def body(self, source):
        """The statements of a text; None if it is no Python, or too long to be parsed."""
        if source not in self.bodies:
            self.bodies[source] = self._parsed(source)
        return self.bodies[source]

    def defined(self, source):
        """The names that a text defines at its top level; none if it is no Python."""
        functions, others = _bound(self.body(source) or [])
        return functions | others

    def _parsed(self, source):
        if len(source) > min(MAX_PARSED, self.left):
            return None
        self.left -= len(source)
        for text in dict.fromkeys((source, OF_IPYTHON.sub(r"\1\2pass", source))):  # often the same
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    return ast.parse(text).body
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                continue
        return None


def choose(copies, names, reader):
    """The Chosen text of filled copies that carry one label, in the order of the notebook; `names` it should define.

    Parts of an answer are joined. Of copies that define the same, the one that is Python counts; of several, the last.
    """
    copies = list(dict.fromkeys(copies))
    if len(copies) == 1:
        return Chosen(copies[0], "")
    if any(len(copy) > MAX_PARSED for copy in copies):
        return Chosen(copies[-1], say("the last one that is filled in was marked"), doubtful=True)
    python = [copy for copy in copies if reader.body(copy) is not None]
    whole = "\n".join(copies)
    if len(python) < len(copies) and reader.body(whole) is not None and not _twice(reader.body(whole)):
        return Chosen(whole, say("the parts were joined"))  # split in the middle of a function
    if len(python) < len(copies):
        source = choose(python, names, reader).source if python else copies[-1]
        how = (
            say("the one that is Python was marked")
            if len(python) == 1
            else say("the last one that is filled in was marked")
        )
        return Chosen(source, how, doubtful=len(python) != 1)
    defined = [_bound(reader.body(copy))[0] | (reader.defined(copy) & set(names)) for copy in copies]
    counting = [
        copy
        for place, copy in enumerate(copies)
        if not defined[place] or defined[place] - set().union(*defined[place + 1 :])
    ]
    if sum(map(len, defined)) == len(set().union(*defined)):
        return Chosen(whole, say("the parts were joined"))
    return Chosen("\n".join(counting), say("the last one that is filled in was marked"), doubtful=True)


def once(source):
    """The text, or its half if it is there twice in a row, as editors that merge changes may leave it."""
    text = source.strip()
    for length in range(len(text) // 2, max(MIN_DOUBLED, len(text) // 2 - 4) - 1, -1):
        half = text[:length]
        if text.endswith(half) and not text[length:-length].strip():
            return half
    return source


def added_imports(source, original, reader):
    """The import statements of a changed cell that its original does not have, as text."""
    theirs, ours = (
        [ast.unparse(node) for node in reader.body(text) or [] if isinstance(node, (ast.Import, ast.ImportFrom))]
        for text in (source, original)
    )
    return "\n".join(line for line in theirs if line not in ours)


def without(source, names):
    """A cell of the release without the functions of these names; nothing if no statement is left."""
    body = [node for node in ast.parse(source).body if getattr(node, "name", None) not in names]
    return "\n\n\n".join(filter(None, (ast.get_source_segment(source, node) for node in body)))


def _bound(body):
    """The names that statements bind: of functions and classes, and all others."""
    functions, others = set(), set()
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            functions.add(node.name)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            others |= {name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)}
    return functions, others


def _twice(body):
    """Whether statements define a function or a class more than once."""
    names = [node.name for node in body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))]
    return len(set(names)) < len(names)
