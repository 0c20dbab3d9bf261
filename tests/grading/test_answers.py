"""The known answers of every exercise cover what students do; read from answers.toml, nothing is run."""

import ast
import re
import symtable
import tomllib
from collections import Counter

import pytest

from grading import answers, exercise
from grading.answers import known_answers, solution
from grading.course import COURSE, slugs

KINDS = {
    "edits its input": r"\bin place\b|as the buffer",
    "returns NaN": r"\bNaN\b",
    "rounds to float32": r"\bfloat32\b",
    "returns a list": r"\blists?\b",
}
GROUPS = {"sweep": ["check-sweep", "test-sweep"], "hidden": ["test-sweep", "test-large"]}


def wrong(slug):
    return [answer for answer in known_answers(slug) if not answer.right]


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


@pytest.mark.parametrize("slug", slugs())
def test_an_exercise_has_many_wrong_answers_and_some_right_ones(slug):
    known = known_answers(slug)
    assert sum(not answer.right for answer in known) >= 8
    assert sum(answer.right for answer in known) >= 3


@pytest.mark.parametrize("slug", slugs())
def test_a_function_has_at_least_three_wrong_answers(slug):
    base = solution(slug).cells
    right = {name: text for source in base.values() for name, text in functions(source).items()}
    counts = Counter()
    for answer in wrong(slug):
        given = {name: text for source in answer.cells.values() for name, text in functions(source).items()}
        counts.update(name for name in right if given.get(name, right[name]) != right[name])
    assert right
    assert not [name for name in right if counts[name] < 3]


@pytest.mark.parametrize("slug", slugs())
def test_every_answer_changes_the_solution_and_no_two_have_the_same_name(slug):
    base, known = solution(slug), known_answers(slug)
    assert not [answer.name for answer in known if answer.cells == base.cells]
    assert max(Counter(answer.name for answer in [base, *known]).values()) == 1


@pytest.mark.parametrize("slug", slugs())
def test_a_wrong_answer_reads_a_global_of_the_notebook(slug):
    data = data_of_the_example(slug)
    for source in solution(slug).cells.values():
        assert not globals_read(source) & data
    assert [answer.name for answer in wrong(slug) if any(globals_read(s) & data for s in answer.cells.values())]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("slug", slugs())
def test_there_is_a_wrong_answer_that(slug, kind):
    assert [answer.name for answer in wrong(slug) if re.search(KINDS[kind], answer.mistake)]


@pytest.mark.parametrize("slug", slugs())
def test_a_hint_is_one_sentence_and_a_mistake_goes_on_with_the_sentence_of_the_feedback(slug):
    for answer in wrong(slug):
        assert re.fullmatch(r"(?:[^.!?]|[.!?](?! |$))+\.", answer.hint), answer.hint
        assert not re.search(r"[.!?](?: |$)", answer.mistake), answer.mistake


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"hnit": "typo"}, "unknown keys hnit"),
        ({"edit": {"gradeint": []}}, "names the cell 'gradeint'"),
        ({"edit": {"gradient": [["no such text", ""]]}}, "edits 'no such text'"),
        ({"hint": ""}, "needs `mistake`, `hint` and `loses`"),
        ({"loses": []}, "needs `mistake`, `hint` and `loses`"),
        (
            {"loses": ["@sweeep"]},
            "answers.toml: entry has '@sweeep' in `loses`, which is no group; .* has sweep, hidden",
        ),
    ],
)
def test_an_entry_that_cannot_be_meant_is_refused(change, words):
    entry = {"name": "entry", "mistake": "it is wrong", "hint": "Mend it.", "loses": ["test-gradient"]}
    with pytest.raises(ValueError, match=words):
        answers._answer(entry | change, False, solution("two-step"), GROUPS, "answers.toml")


def test_a_group_stands_for_its_cells_and_a_cell_that_is_in_two_groups_is_lost_once():
    entry = {"name": "entry", "mistake": "it is wrong", "hint": "Mend it.", "loses": ["test-w", "@sweep", "@hidden"]}
    answer = answers._answer(entry, False, solution("two-step"), GROUPS, "answers.toml")
    assert answer.loses == ("test-w", "check-sweep", "test-sweep", "test-large")


@pytest.mark.parametrize("slug", slugs())
def test_every_group_of_test_cells_is_used(slug):
    text = (COURSE / "solutions" / slug / "answers.toml").read_text(encoding="utf-8")
    assert not [name for name in tomllib.loads(text).get("groups", {}) if f'"@{name}"' not in text]
