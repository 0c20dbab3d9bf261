"""An exercise as the grader needs it: the release notebook with its tests put back, and the names that students define.

Notebooks are plain dictionaries here and wherever submissions are marked: importing nbformat takes two seconds, which
every worker would pay.
"""

import ast
import hashlib
import importlib
import json
import pkgutil
from functools import cache, lru_cache
from typing import NamedTuple

import rnnlib
from grading import answers_file
from grading.course import COURSE, LANGUAGES, PROGRAM, slugs
from rnnlib.words import ENGLISH, say, to_say

# What is in the place of hidden tests: the line that students see, and how the feedback calls the test.
HIDDEN_CHECKS = {
    to_say("Hidden checks of {} run here when your notebook is graded."): to_say("Hidden checks of {}"),
    to_say("A hidden check of {} runs here when your notebook is graded."): to_say("A hidden check of {}"),
}


class Exercise(NamedTuple):
    """One exercise, ready to take a student's answers."""

    slug: str
    notebook: dict  # blanks in the answer cells, hidden tests in the test cells
    released: dict  # grade_id -> source as students got it
    names: dict  # grade_id of an answer cell -> the names that it defines in the solution
    docs: dict  # function that students write -> its docstring in the release
    withheld: dict  # rnnlib module -> its names that students are asked to write
    follow_through: bool  # whether a part keeps its points that is right given right parts above it
    sections: dict  # grade_id of an answer cell -> [chapter, title of a section] to read again
    language: str  # of its notebook, and so of what is said of a submission
    digest: str  # of all that marks depend on, in all languages; another one makes earlier marks stale

    @property
    def all_names(self):
        """All names that students define."""
        return {name for names in self.names.values() for name in names}

    @property
    def title(self):
        """The heading of its notebook."""
        return self.notebook["cells"][0]["source"].splitlines()[0].lstrip("# ")

    @property
    def points(self):
        """The points of the exercise, those that a human gives included."""
        cells = [cell for cell in self.notebook["cells"] if is_test(cell) or is_by_hand(cell)]
        return sum(cell["metadata"]["nbgrader"]["points"] for cell in cells)

    @property
    def by_hand(self):
        """The grade_ids of the cells that a human marks."""
        return [grade_id(cell) for cell in self.notebook["cells"] if is_by_hand(cell)]


def load(slug, language=ENGLISH):
    """The Exercise in a language; raises ValueError if there is none of that name, or if its notebooks are not built.

    Raises ValueError, too, for what cannot be meant in its answers.toml.
    """
    if slug not in slugs():
        raise ValueError(f"there is no exercise {slug!r}; there are {', '.join(slugs())}")
    for path in (source_of(slug, language), release_of(slug, language)):
        if not path.exists():
            raise ValueError(f"{path.relative_to(COURSE)} is not built: run `make notebooks`")
    return _load(slug, language, answers_file.changed(slug), *(path.stat().st_mtime_ns for path in _built(slug)))


def _built(slug):
    """The notebooks of an exercise in all languages, as far as they are there."""
    places = (place(slug, language) for language in (ENGLISH, *LANGUAGES) for place in (source_of, release_of))
    return [path for path in places if path.exists()]


def source_of(slug, language=ENGLISH):
    """Where the notebook with the answers is; one in another language lies below the English one."""
    return COURSE / "solutions" / slug / LANGUAGES.get(language, "") / f"{slug}.ipynb"


def release_of(slug, language=ENGLISH, directory=None):
    """Where the notebook for students is. Nothing lies beside it: nbgrader hands out the whole folder."""
    return (directory or COURSE / "exercises") / LANGUAGES.get(language, "") / slug / f"{slug}.ipynb"


def language_of_marked(notebook):
    """The language of a notebook that was rebuilt from a release, by the metadata that it has from there."""
    return notebook["metadata"].get("course", {}).get("language", ENGLISH)


@lru_cache(maxsize=64)
def _load(slug, language, *_times):
    answers, notebooks = answers_file.read(slug), {path: read(path) for path in _built(slug)}
    digest = _digest(notebooks, answers)  # before tests are put into one of them
    source, release = notebooks[source_of(slug, language)], notebooks[release_of(slug, language)]
    full = {grade_id(cell): cell["source"] for cell in source["cells"] if grade_id(cell)}
    released = {grade_id(cell): cell["source"] for cell in release["cells"] if grade_id(cell)}
    names = {}
    for cell in release["cells"]:
        if is_answer(cell):
            names[grade_id(cell)] = defined(full[grade_id(cell)])
        elif grade_id(cell) and not is_by_hand(cell):
            cell["source"] = full[grade_id(cell)]
    docs = {name: doc for label in names for name, doc in _docstrings(released[label]).items()}
    tests = [grade_id(cell) for cell in source["cells"] if is_test(cell)]
    answers_file.check_settings(answers, slug, names, tests)
    answers_file.entries(answers, slug, tests)  # before anybody is marked
    try:
        withheld = _withheld({name for found in names.values() for name in found}, answers.get("withhold", []))
    except (ImportError, AttributeError, ValueError) as error:
        raise ValueError(f"{answers_file.place(slug)}: `withhold`: {error}") from None
    follow_through = answers.get("follow_through", True)
    sections = answers.get("sections", {})
    return Exercise(slug, release, released, names, docs, withheld, follow_through, sections, language, digest)


def _digest(notebooks, answers):
    """The same in all languages: whether a mark is stale is asked before anybody knows in which one it was earned."""
    cells = [notebook["cells"] for notebook in notebooks.values()]
    told = json.dumps([cells, answers, _code()], sort_keys=True, default=str)
    return hashlib.sha256(told.encode()).hexdigest()


@cache
def _code():
    """A digest of the sources of the grader and of rnnlib, and of their words in other languages."""
    digest = hashlib.sha256()
    found = [(PROGRAM / house).rglob("*.py") for house in ("grading", "rnnlib")]
    for path in sorted([*found[0], *found[1], *(PROGRAM / "rnnlib" / "locale").rglob("*.json")]):
        digest.update(path.relative_to(PROGRAM).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def read(path):
    """A notebook that this course built, as a dictionary; every source in it one string."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        cell["source"] = "".join(cell["source"])
    return notebook


def grade_id(cell):
    """The label of a cell, or None."""
    return cell["metadata"].get("nbgrader", {}).get("grade_id")


def is_answer(cell):
    """Whether students fill in this cell, and tests look at what it defines."""
    label = cell["metadata"].get("nbgrader", {})
    return bool(label.get("solution") and not label.get("grade"))


def is_by_hand(cell):
    """Whether students fill in this cell, and a human marks it."""
    label = cell["metadata"].get("nbgrader", {})
    return bool(label.get("solution") and label.get("grade"))


@lru_cache(maxsize=512)
def definitions(source):
    """The functions and classes that a test cell defines, compiled, and nothing that it does."""
    defined = [node for node in ast.parse(source).body if isinstance(node, (ast.FunctionDef, ast.ClassDef))]
    return compile(ast.Module(defined, []), "<test>", "exec")


def is_test(cell):
    """Whether this cell gives points by itself."""
    label = cell["metadata"].get("nbgrader", {})
    return bool(label.get("grade") and not label.get("solution"))


def hidden_checks(line):
    """The line in HIDDEN_CHECKS of which `line` is one, in the language that is spoken now, and what it is about.

    Both are None if it is none.
    """
    for template in HIDDEN_CHECKS:
        before, after = say(template).split("{}")
        if line.startswith(before) and line.endswith(after):
            return template, line.removeprefix(before).removesuffix(after)
    return None, None


def repeats_checks(cell):
    """Whether this is the locked cell that calls the visible checks once more, to tell a reader how far they are."""
    return "exercise.progress(" in cell["source"]


def parts(notebook):
    """{grade_id of a test cell: grade_id of the answer cell above it, whose test it is}, in the notebook's order."""
    found, part = {}, None
    for cell in notebook["cells"]:
        if is_answer(cell):
            part = grade_id(cell)
        elif is_test(cell):
            found[grade_id(cell)] = part
    return found


def defined(source):
    """The names that a cell defines at its top level, in order; none if it does not parse."""
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()
    names = []
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names.append(node.name)
        elif isinstance(node, ast.Assign):
            names += [target.id for target in node.targets if isinstance(target, ast.Name)]
    return tuple(dict.fromkeys(names))


def _docstrings(source):
    functions = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
    return {function.name: ast.get_docstring(function) for function in functions}


def _withheld(names, others):
    """Where rnnlib has what students write: {module: names}, under every name by which a module knows it.

    `names` are withheld wherever they occur; `others` are given in full, such as "rnnlib.scalar.backward".
    """
    modules = [importlib.import_module(found.name) for found in pkgutil.walk_packages(rnnlib.__path__, "rnnlib.")]
    places = (name.rpartition(".") for name in others)
    answers = {id(getattr(importlib.import_module(module), name)) for module, _, name in places}

    def gives_away(name, value):
        is_ours = str(getattr(value, "__module__", "")).startswith("rnnlib")
        return name in names or id(value) in answers or (is_ours and getattr(value, "__name__", None) in names)

    hidden = {m.__name__: sorted(n for n, value in vars(m).items() if gives_away(n, value)) for m in modules}
    return {module: found for module, found in hidden.items() if found}
