"""The known answers of every exercise cover what students do; read from answers.toml, nothing is run."""

import ast
import re
import symtable
import tomllib
from collections import Counter

import pytest
from house import OWN
from marking import wrong_answers

from grading import answers_file, course, exercise
from grading.answers import known_answers, solution
from grading.course import COURSE, slugs

KINDS = {
    "edits its input": r"\bin place\b|as the buffer",
    "returns NaN": r"\bNaN\b",
    "rounds to float32": r"\bfloat32\b",
    "returns a list": r"\blists?\b",
}


def functions(source):
    """Each top-level function of a cell as text that does not depend on its layout."""
    return {node.name: ast.unparse(node) for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)}


def data_of_the_example(slug):
    """The names of the set-up's own numbers, which no answer should read."""
    cells = exercise.load(slug).notebook["cells"]
    (source,) = [cell["source"] for cell in cells if exercise.grade_id(cell) == "set-up"]
    targets = [name for node in ast.parse(source).body if isinstance(node, ast.Assign) for name in ast.walk(node)]
    return {name.id for name in targets if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store)}


def globals_read(source):
    """The names that the functions of a cell read from outside."""
    scopes, found = symtable.symtable(source, "<answer>", "exec").get_children(), set()
    while scopes:
        scope = scopes.pop()
        scopes += scope.get_children()
        found |= {symbol.get_name() for symbol in scope.get_symbols() if symbol.is_global() and symbol.is_referenced()}
    return found


@pytest.mark.parametrize("slug", OWN)
def test_an_exercise_has_many_wrong_answers_and_some_right_ones(slug):
    known = known_answers(slug)
    assert sum(not answer.right for answer in known) >= 8
    assert sum(answer.right for answer in known) >= 3


@pytest.mark.parametrize("slug", OWN)
def test_a_function_has_at_least_three_wrong_answers(slug):
    base = solution(slug).cells
    right = {name: text for source in base.values() for name, text in functions(source).items()}
    counts = Counter()
    for answer in wrong_answers(slug):
        given = {name: text for source in answer.cells.values() for name, text in functions(source).items()}
        counts.update(name for name in right if given.get(name, right[name]) != right[name])
    assert right
    assert not [name for name in right if counts[name] < 3]


@pytest.mark.parametrize("slug", slugs())
def test_every_answer_changes_the_solution_and_no_two_have_the_same_name(slug):
    base, known = solution(slug), known_answers(slug)
    assert not [answer.name for answer in known if answer.cells == base.cells]
    assert max(Counter(answer.name for answer in [base, *known]).values()) == 1


@pytest.mark.parametrize("slug", OWN)
def test_a_wrong_answer_reads_a_global_of_the_notebook(slug):
    data = data_of_the_example(slug)
    for source in solution(slug).cells.values():
        assert not globals_read(source) & data
    assert [answer.name for answer in wrong_answers(slug) if any(globals_read(s) & data for s in answer.cells.values())]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("slug", OWN)
def test_there_is_a_wrong_answer_that(slug, kind):
    assert [answer.name for answer in wrong_answers(slug) if re.search(KINDS[kind], answer.mistake)]


@pytest.mark.parametrize("slug", slugs())
def test_a_hint_is_one_sentence_and_a_mistake_goes_on_with_the_sentence_of_the_feedback(slug):
    for answer in wrong_answers(slug):
        assert re.fullmatch(r"(?:[^.!?]|[.!?](?! |$))+\.", answer.hint), answer.hint
        assert not re.search(r"[.!?](?: |$)", answer.mistake), answer.mistake


ENTRY = """
[[wrong]]
name = "entry"
mistake = "it is wrong"
hint = "Mend it."
loses = ["@gradient", "test-clean-u", "check-gradient"]
edit.gradient = [["parts.u.sum()", "parts.u[0]"]]
"""
FILE = """
withhold = ["rnnlib.scalar.backward"]
gradients = ["gradient"]

[sections]
gradient = ["two-step", "Two derivatives, two symbols"]

[groups]
gradient = ["check-gradient", "test-gradient"]
"""
ALL = ENTRY + "[[right]]\nname = 'other'\ncells.gradient = '1'\n"


@pytest.fixture
def load(tmp_path, monkeypatch):
    """Loads two-step and its known answers with another answers.toml, of the text that is given."""
    folder = tmp_path / "solutions" / "two-step"
    folder.mkdir(parents=True)
    (tmp_path / "book").symlink_to(COURSE / "book")
    monkeypatch.setattr(answers_file, "COURSE", tmp_path)

    def loaded(text):
        if text is not None:
            (folder / "answers.toml").write_bytes(text if isinstance(text, bytes) else text.encode())
        return exercise.load("two-step"), known_answers("two-step")

    return loaded


def test_a_group_stands_for_its_cells_and_a_cell_that_is_in_two_is_lost_once(load):
    _, (wrong, right) = load(FILE + ALL)
    assert wrong.loses == ("check-gradient", "test-gradient", "test-clean-u")
    assert (wrong.mistake, wrong.right, right.right) == ("it is wrong", False, True)
    assert right.cells["gradient"] == "1"


def entry(**changed):
    """The file with lines of its wrong entry replaced, or left out."""
    lines = {line.partition(" =")[0].removeprefix("edit."): line for line in ENTRY.strip().splitlines()}
    return FILE + "\n".join(filter(None, (lines | changed).values()))


HERE = r"solutions/two-step/answers\.toml"
OF_ENTRY = rf"{HERE}: \[\[wrong\]\] entry: "


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, rf"{HERE} is missing"),
        (b"\xff", rf"{HERE} is not in UTF-8"),
        ("[[wrong\n", rf"{HERE} is no TOML: .*line 1"),
        ("withheld = []", rf"{HERE}: unknown `withheld`; the keys are `withhold`"),
        ("withhold = 3", rf"{HERE}: `withhold`: must be a list of texts"),
        ('withhold = ["rnnlib.no.such"]', rf"{HERE}: `withhold`: No module named"),
        ('withhold = ["rnnlib.rnn.no_such"]', rf"{HERE}: `withhold`: .*no_such"),
        ('gradients = ["no_such"]', rf"{HERE}: `gradients` has `no_such`; the functions are `"),
        ('follow_through = "no"', rf"{HERE}: `follow_through` must be true or false"),
        ("sections = 3", rf"{HERE}: `sections`: must be a table"),
        ('sections.gradeint = ["two-step", "x"]', rf"{HERE}: \[sections\] gradeint: is no answer cell; there are `"),
        ('sections.gradient = "two-step"', rf"{HERE}: \[sections\] gradient: must be a page and a section"),
        ('sections.gradient = ["no-page", "x"]', rf"{HERE}: \[sections\] gradient: there is no page book/no-page.md"),
        ('sections.gradient = ["two-step", "No"]', "gradient: book/two-step.md has no section `## No`"),
        ('groups.a = "test-gradient"', rf"{HERE}: \[groups\] a: must be a list of texts"),
        ('groups.a = ["test-gradeint"]', rf"{HERE}: \[groups\] a: 'test-gradeint' is no test cell; there are `"),
        ("wrong = 3", rf"{HERE}: `wrong` must be tables, each under a line \[\[wrong\]\]"),
        ("[wrong]", rf"{HERE}: `wrong` must be tables"),
        (entry(name=""), rf"{HERE}: \[\[wrong\]\] number 1: needs `name`"),
        (entry(name="name = 3"), rf"{HERE}: \[\[wrong\]\] 3: `name` must be a text"),
        (entry(name='name = "a/b"'), rf"{HERE}: \[\[wrong\]\] a/b: `name` must be made of letters"),
        (FILE + ENTRY + ENTRY, rf"{OF_ENTRY}`name` is that of another answer"),
        (entry(name='name = "solution"'), "solution: `name` is that of another answer"),
        (entry(hint=""), rf"{OF_ENTRY}needs `hint`"),
        (entry(hint="hint = 3"), rf"{OF_ENTRY}`hint` must be a text"),
        (entry(hint='hnit = "typo"'), rf"{OF_ENTRY}unknown `hnit`; the keys are `name`"),
        (entry(loses="loses = []"), rf"{OF_ENTRY}needs `loses`"),
        (entry(loses='loses = "test-gradient"'), rf"{OF_ENTRY}`loses`: must be a list of texts"),
        (entry(loses='loses = ["test-gradeint"]'), rf"{OF_ENTRY}`loses`: 'test-gradeint' is no test cell; there are `"),
        (
            entry(loses='loses = ["@gradeint"]'),
            rf"{OF_ENTRY}`loses`: '@gradeint' is no group; \[groups\] has `gradient`",
        ),
        (entry(gradient="edit = 3"), rf"{OF_ENTRY}`edit`: must be a table"),
        (entry(gradient='edit.gradient = ["old", "new"]'), rf"{OF_ENTRY}`edit.gradient` must be pairs of texts"),
        (entry(gradient='edit.gradient = [["old"]]'), rf"{OF_ENTRY}`edit.gradient` must be pairs of texts"),
        (entry(gradient='edit.gradient = [["", "new"]]'), rf"{OF_ENTRY}`edit.gradient` must be pairs of texts"),
        (entry(gradient='edit.gradeint = [["a", "b"]]'), rf"{OF_ENTRY}`edit` names the cell 'gradeint'"),
        (
            entry(gradient='edit.gradient = [["no such", ""]]'),
            rf"{OF_ENTRY}`edit.gradient`: 'no such' is not in the cell",
        ),
        (entry(gradient="cells.gradient = 3"), rf"{OF_ENTRY}`cells.gradient` must be a text"),
        (entry(gradient="cells.gradeint = 'x'"), rf"{OF_ENTRY}`cells` names the cell 'gradeint'"),
        (entry(gradient=""), rf"{OF_ENTRY}is the solution itself"),
        (FILE + "[[right]]\nname = 'r'\nloses = []", rf"{HERE}: \[\[right\]\] r: unknown `loses`"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_file_entry_and_key(load, text, words):
    with pytest.raises(ValueError, match=words) as error:
        load(text)
    assert type(error.value) is ValueError  # which the commands show as a sentence
    assert "\n" not in str(error.value)


def test_a_file_that_is_mended_while_the_program_runs_is_read_again(load):
    with pytest.raises(ValueError, match="no TOML"):
        load("[[")
    assert load(FILE + ALL)[0].sections == {"gradient": ["two-step", "Two derivatives, two symbols"]}


def test_an_exercise_without_its_file_is_listed_all_the_same(tmp_path, monkeypatch):
    (tmp_path / "solutions" / "new").mkdir(parents=True)
    (tmp_path / "solutions" / "new" / "new.md").write_text("# New")
    monkeypatch.setattr(course, "COURSE", tmp_path)
    assert course.slugs() == ["new"]


@pytest.mark.parametrize("slug", slugs())
def test_every_group_of_test_cells_is_used(slug):
    text = (COURSE / "solutions" / slug / "answers.toml").read_text(encoding="utf-8")
    assert not [name for name in tomllib.loads(text).get("groups", {}) if f'"@{name}"' not in text]


@pytest.mark.parametrize("slug", slugs())
def test_no_list_of_three_or_more_test_cells_is_written_twice(slug):
    """In whatever order: they are a set."""
    content = answers_file.read(slug)
    groups = content.get("groups", {})
    lists = [tuple(entry["loses"]) for entry in content.get("wrong", [])]
    # Names may be written as often as they are used, alone or several together.
    named = {loses for loses in lists if all(label.startswith("@") for label in loses)}
    written = list(groups.values())
    for loses in [*(loses for loses in named if len(loses) > 1), *(loses for loses in lists if loses not in named)]:
        parts = [groups[label[1:]] if label.startswith("@") else [label] for label in loses]
        written.append([cell for part in parts for cell in part])
    counts = Counter(map(frozenset, written))
    assert not [cells for cells in counts if len(cells) >= 3 and counts[cells] > 1]
