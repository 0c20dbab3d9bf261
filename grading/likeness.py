"""How alike the answers of two students are, counting what is unusual in their class and little else.

An exercise has one right formula, so most right answers are alike. What tells is what two answers share and few others
have: each expression and each simple statement counts by its surprise, log2(N / n) for one that n of N answers hold.
The known wrong answers of the exercise are among the N, as many students make those mistakes. What the release or a
known right answer holds does not count. (The weight is the inverse document frequency of Spärck Jones, 1972.)
"""

import ast
import builtins
import hashlib
import re
from collections import Counter
from typing import NamedTuple

import numpy as np

from grading import exercise
from grading.answers import known_answers, solution
from grading.copies import Reader
from grading.transplant import WRITTEN_BY_STUDENT

CODE_BLOCK = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)
ORDERLESS = (ast.Add, ast.Mult)  # of whose operands the order tells nothing
BLOCKS = ("body", "orelse", "finalbody", "handlers")  # of statements: each statement in them counts by itself
FORGOTTEN = ("ctx", "type_comment", "annotation", "returns", *BLOCKS)
LEAST = 60.0  # bits that a pair shares, or it is not worth a look
MOST, SHARE = 5, 0.001  # pairs that are shown: so many, or this share of all pairs if that is more


class Pair(NamedTuple):
    """Two students whose answers share what few others have."""

    first: str
    second: str
    surprise: float  # in bits: the sum of what all shared expressions and statements count
    shared: frozenset  # the forms of those


class Work(NamedTuple):
    """What a student wrote, as far as it is compared."""

    cells: list  # (title, source)
    forms: dict  # as `forms` returns them


def work(notebook, task):
    """The Work in a notebook that was rebuilt from the release: its answers, and cells of code that were added."""
    cells = []
    for cell in notebook["cells"]:
        label, source = exercise.grade_id(cell), cell["source"]
        filled_in = exercise.is_answer(cell) and source != task.released[label]
        if cell["cell_type"] == "code" and (filled_in or WRITTEN_BY_STUDENT in cell["metadata"]):
            cells.append((label or "an added cell", source))
    return Work(cells, forms([source for _, source in cells], names(task)))


def pairs(works, task):
    """The Pairs of a class, {student: Work}, that share most, the most alike first; few of them, or none."""
    surprise = _surprise({student: each.forms for student, each in works.items()}, task)
    columns = {form: place for place, form in enumerate(surprise)}
    students = list(works)
    holds = np.zeros((len(students), len(columns)), np.float32)
    for row, student in enumerate(students):
        holds[row, [columns[form] for form in works[student].forms if form in columns]] = 1
    shared = (holds * np.array(list(surprise.values()), np.float32)) @ holds.T
    first, second = np.triu_indices(len(students), 1)
    order = np.argsort(-shared[first, second], kind="stable")[: max(MOST, int(SHARE * len(first)))]
    found = [(students[first[i]], students[second[i]], float(shared[first[i], second[i]])) for i in order]
    return [
        Pair(a, b, bits, frozenset(works[a].forms.keys() & works[b].forms.keys() & surprise.keys()))
        for a, b, bits in found
        if bits >= LEAST
    ]


def _surprise(class_, task):
    """{form: its surprise in bits} of the forms that two students have, and neither the release nor a right answer.

    What more than a tenth of a class writes, and more than five, is no sign however much of it there is.
    """
    wrong = [answer for answer in known_answers(task.slug) if not answer.right]
    right = [solution(task.slug), *(answer for answer in known_answers(task.slug) if answer.right)]
    texts = [block for cell in task.notebook["cells"] for block in CODE_BLOCK.findall(cell["source"])]
    texts += [*task.released.values(), *(source for answer in right for source in answer.cells.values())]
    known = set().union(*(forms([source], names(task)) for source in dict.fromkeys(texts)))
    counts = Counter(form for each in class_.values() for form in each)
    usual = max(5, len(class_) // 10)
    several = {form for form, count in counts.items() if 1 < count <= usual and form not in known}
    counts.update(form for answer in wrong for form in forms(answer.cells.values(), names(task)) if form in several)
    everybody = len(class_) + len(wrong)
    return {form: float(np.log2(everybody / counts[form])) for form in sorted(several)}


def names(task):
    """The names that mean the same in every submission: those of functions asked for, of the set-up, and Python's own.

    Variables of the set-up are not among them: an argument may have the same name.
    """
    found = {*dir(builtins), *task.all_names}
    for label, source in task.released.items():
        if label not in task.names and label not in task.by_hand:
            body = ast.parse(source).body
            found |= {node.name for node in body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
            found |= {alias.asname or alias.name for node in body for alias in _imported(node)}
    return found


def _imported(node):
    return node.names if isinstance(node, (ast.Import, ast.ImportFrom)) else []


def forms(sources, known):
    """{form of an expression or statement: {(place of its source, line)}} of the sources that are Python.

    Names that are not `known` are forgotten, as are comments, docstrings, annotations, the text of strings, the order
    of statements and that of the operands of + and *. A source that is too long or too deep to be read has no forms.
    """
    reader, found = Reader(), {}
    for place, source in enumerate(sources):
        here = {}
        try:
            for statement in reader.body(source) or []:
                if not _is_docstring(statement):
                    _visit(statement, known, here)
        except RecursionError:
            continue
        for form, lines in here.items():
            found.setdefault(form, set()).update((place, line) for line in lines)
    return found


def _visit(node, known, found):
    """The form of a node, which is noted in `found` with its lines, as are those of all that it holds."""
    parts, is_block = [type(node).__name__], isinstance(getattr(node, "body", None), list)
    for name, value in ast.iter_fields(node):
        if name in BLOCKS and isinstance(value, list):
            for inner in value:
                if not _is_docstring(inner):
                    _visit(inner, known, found)
        elif name not in FORGOTTEN or name in BLOCKS:
            parts.append(_form(value, known, found))
    if isinstance(node, ast.BinOp) and isinstance(node.op, ORDERLESS):
        parts[1:] = sorted(parts[1:])
    form = hashlib.blake2b("\0".join(parts).encode("utf-8", "replace"), digest_size=8).hexdigest()
    if isinstance(node, (ast.expr, ast.stmt)) and not hasattr(node, "decorator_list"):
        found.setdefault(form, set()).update(range(node.lineno, (node.lineno if is_block else node.end_lineno) + 1))
    return form


def _form(value, known, found):
    if isinstance(value, ast.Name):
        return value.id if value.id in known else "name"
    if isinstance(value, ast.arg):
        return "name"
    if isinstance(value, ast.Constant):
        return _of_constant(value.value)
    if isinstance(value, ast.AST):
        return _visit(value, known, found)
    if isinstance(value, list):
        return ",".join(_form(one, known, found) for one in value)
    return str(value)


def _of_constant(value):
    """Numbers by their value, however they are written; of other constants the type."""
    if isinstance(value, int) and value.bit_length() > 1000:  # no float is so large
        return hex(value)
    return repr(complex(value)) if isinstance(value, (int, float, complex)) else type(value).__name__


def _is_docstring(node):
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
