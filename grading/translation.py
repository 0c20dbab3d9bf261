"""Exercises in other languages: what there is to translate in a notebook, and the notebook that this makes.

One walk serves both. It hands every text that people read to a function `say`, and puts what that returns in its place:
paragraphs of text cells, docstrings, comments, and the words of checks. Where `say` returns its argument, nothing is
changed, down to the line breaks; so a text that is not translated yet stays English, and no line of code ever moves.
"""

import ast
import copy
import io
import json
import re
import textwrap
import tokenize
import unicodedata
from functools import partial
from typing import NamedTuple

from grading import exercise

WIDTH = 100  # columns of a comment or docstring; a Chinese character takes two
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# What grading.notebooks has written of points, which come from the checks and not from the text.
TOTAL = re.compile(r" \*\*Points\.\*\* ([\d.]+)\.")
SAID_TOTAL = "**Points.** {}."  # in the catalogue of the exercise, so that it is no message of the grader's
POINTS = re.compile(r"\*([\d.]+) (points?)\*")
ITEM = re.compile(r"^(\s*(?:[-*]|\d+\.)\s+|#+ (?:\d+\. )?)")
FORMULA = re.compile(r"\$\$.*\$\$", re.DOTALL)
# Two words, one of them no letter: the others are names, such as "tanh". What rnnlib compares is one, too.
WORDS = re.compile(r"(?=.*[a-z]{2})(?=.*[A-Za-z}]\S* +[A-Za-z{(])")
NAMES = ("left out",)
SOLUTION = re.compile(r"^ *### BEGIN SOLUTION\n.*?^ *### END SOLUTION$", re.MULTILINE | re.DOTALL)
HIDDEN = re.compile(r"^### BEGIN HIDDEN TESTS\n.*?^### END HIDDEN TESTS$", re.MULTILINE | re.DOTALL)
ENDS = ("Pe", "Pf", "Po")  # signs that begin no line, such as a full stop
FIELD = re.compile(r"\{[^{}]*\}")


def notebook(original, say):
    """A copy of a notebook, with or without its answers, in which every text is what `say` makes of it.

    Raises ValueError for a translation of a text with numbers or names in braces that has others in them.
    """
    made = copy.deepcopy(original)
    for cell in made["cells"]:
        if exercise.is_by_hand(cell):
            cell["source"] = say(cell["source"])  # one sentence of a release, or the instructor's own derivation
            continue
        cell["source"] = (text if cell["cell_type"] == "markdown" else code)(cell["source"], say)
    return made


def text(source, say):
    """A text cell: each paragraph, heading and item of a list is a text by itself, on one line."""
    parts, end = [], 0
    for fence in FENCE.finditer(source):
        shown = code(fence[2], say) if fence[1] == "python" else fence[2]
        parts += [_paragraphs(source[end : fence.start()], say), f"```{fence[1]}\n{shown}```"]
        end = fence.end()
    return "".join([*parts, _paragraphs(source[end:], say)])


def _paragraphs(source, say):
    return "".join(
        part if not part.strip() or FORMULA.fullmatch(part) else "\n".join(_items(part, say))
        for part in re.split(r"(\n{2,})", source)
    )


def _items(paragraph, say):
    """The lines of a paragraph, or of the items that it consists of, which begin at their marks."""
    items = []
    for line in paragraph.split("\n"):
        if not items or ITEM.match(line):
            items.append([line])
        else:
            items[-1].append(line)
    for lines in items:
        mark = match[0] if (match := ITEM.match(lines[0])) else ""
        plain = _joined([lines[0][len(mark) :], *lines[1:]])
        said = _with_points(plain, say)
        yield "\n".join(lines) if said == plain else mark + said


def _with_points(plain, say):
    """A paragraph in other words, in which the points are what they were: their number is no part of the text."""
    if alone := POINTS.fullmatch(plain):
        return say(f"*{{}} {alone[2]}*").format(alone[1])
    total = TOTAL.search(plain)
    if total is None:
        return say(plain)
    without = TOTAL.sub("", plain)
    said, points = say(without), say(SAID_TOTAL).format(total[1])
    return plain if said == without else f"{said} {points}"


def _joined(lines):
    return " ".join(line.strip() for line in lines if line.strip())


def code(source, say):
    """A code cell: docstrings, comments, the words of checks; of hidden tests those words alone, of answers nothing."""
    try:
        tree = ast.parse(source)
    except SyntaxError:  # a line of IPython, or of a sketch in the text
        return source
    answers, hidden = [m.span() for m in SOLUTION.finditer(source)], [m.span() for m in HIDDEN.finditer(source)]
    place = _Places(source)
    found = [(*place.of(node), partial(_docstring, node)) for node in _docstrings(tree)]
    found = [one for one in [*found, *_comments(source, place)] if not _is_within(one, hidden)]
    found += [(*place.of(node), partial(_literal, node)) for node in _strings(tree)]
    found = sorted((one for one in found if not _is_within(one, answers)), key=lambda one: one[0])
    edits = [(start, end, made(say)) for start, end, made in found]  # in reading order, as translators get the texts
    for start, end, said in reversed(edits):
        if said is not None:
            source = source[:start] + _indented(said, source, start) + source[end:]
    return source


class _Places:
    """Where in a source something is, as a pair of offsets; Python counts lines, and bytes within them."""

    def __init__(self, source):
        self.lines = source.splitlines(keepends=True)
        self.starts = [0]
        for line in self.lines:
            self.starts.append(self.starts[-1] + len(line))

    def of(self, node):
        return self.at(node.lineno, node.col_offset), self.at(node.end_lineno, node.end_col_offset)

    def at(self, line, column):
        return self.starts[line - 1] + len(self.lines[line - 1].encode()[:column].decode())


def _is_within(one, spans):
    return any(start <= one[0] and one[1] <= end for start, end in spans)


def _docstrings(tree):
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and ast.get_docstring(node) is not None:
            yield node.body[0].value


def _strings(tree):
    """The texts in quotation marks that say something, those with values in them too; no docstrings."""
    skipped = {id(node) for node in _docstrings(tree)}
    skipped |= {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)} - {
        id(node) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)
    }
    for node in ast.walk(tree):
        if id(node) not in skipped and isinstance(node, (ast.Constant, ast.JoinedStr)):
            words = _template(node)
            if words not in NAMES and WORDS.match(words):
                yield node


def _template(node):
    """A text in quotation marks as translators see it: with the values that are put in between braces."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    return ast.unparse(node)[2:-1] if isinstance(node, ast.JoinedStr) else ""


def _literal(node, say):
    words = _template(node)
    said = say(words)
    if said == words:
        return None
    if isinstance(node, ast.Constant):
        return json.dumps(said, ensure_ascii=False)
    if sorted(FIELD.findall(said)) != sorted(FIELD.findall(words)):
        raise ValueError(f"the translation of {words!r} has other braces: {said!r}")
    quote = next(mark for mark in ('"', "'", '"""') if mark not in said)
    return f"f{quote}{said}{quote}"


def _docstring(node, say):
    paragraphs = [_joined(part.split("\n")) for part in re.split(r"\n{2,}", node.value.strip())]
    said = [say(paragraph) for paragraph in paragraphs]
    if said == paragraphs:
        return None
    lines = "\n\n".join("\n".join(wrapped(paragraph)) for paragraph in said).replace("\\", "\\\\")
    return f'"""{lines}\n"""' if "\n" in lines else f'"""{lines}"""'


def _comments(source, place):
    """(start, end, what to make of it) of every comment that says something; lines that follow each other are one."""
    blocks = []
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT or token.string.startswith(("###", "# noqa")):
            continue
        line, column = token.start
        alone = not token.line[:column].strip()
        if blocks and alone and blocks[-1].alone and blocks[-1].below == (line, column):
            blocks[-1] = blocks[-1]._replace(
                lines=[*blocks[-1].lines, token.string], below=(line + 1, column), end=token.end
            )
        else:
            blocks.append(_Comment(token.start, token.end, (line + 1, column), alone, [token.string]))
    for block in blocks:
        if re.search("[A-Za-z]{3}", "".join(block.lines)):  # no shape
            start, end = (place.starts[line - 1] + column for line, column in (block.start, block.end))
            yield start, end, partial(_comment, block)


class _Comment(NamedTuple):
    start: tuple  # line and column
    end: tuple
    below: tuple  # where a line that goes on with it begins
    alone: bool  # whether there is no code before it
    lines: list


def _comment(block, say):
    plain = _joined([line.lstrip("#") for line in block.lines])
    said = _of_hidden(plain, say)
    lines = wrapped(said) if block.alone else [said]
    return None if said == plain else "\n".join(f"# {line}" for line in lines)


def _of_hidden(plain, say):
    """A comment in other words; of the one in the place of hidden tests, what they are about is a text by itself."""
    template, about = exercise.hidden_checks(plain)
    if template is None:
        return say(plain)
    return say(template).format(say(about) if " " in about else about)


def _indented(said, source, start):
    column = start - source.rfind("\n", 0, start) - 1
    return textwrap.indent(said, " " * column, lambda line: bool(line.strip())).lstrip()


def wrapped(line, width=WIDTH):
    """The lines of a text in which words stay whole, and which may break between Chinese characters."""
    lines, column = [""], 0
    for unit in re.findall(r"\s+|[^\s\u2e80-\uffef]+|[\u2e80-\uffef]", line):
        wide = sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in unit)
        if column + wide > width and unicodedata.category(unit[0]) not in ENDS:
            lines[-1], column = lines[-1].rstrip(), 0
            lines.append("")
        if column or not unit.isspace():
            lines[-1] += unit
            column += wide
    return lines
