"""Every exercise has the parts that a student may count on; read from solutions/*/*.md, nothing is run."""

import ast
import re
from functools import cache

import jupytext
import pytest
from house import OWN

from grading import exercise
from grading.course import COURSE, slugs
from rnnlib.gradcheck import CENTRAL_TOLERANCE

J, K, L = ({"B": 3, "D": 5, "H": 4, "K": 2}, {"T": 7, "B": 2, "D": 3, "H": 5, "K": 4}, {"T": 9, "B": 16})
ARRAY_BPTT = {"bptt-loops", "bptt-vectorised", "lstm-cell", "truncated-bptt"}
TITLES = [
    re.search(r"^# (.*)", path.read_text(encoding="utf-8"), re.MULTILINE)[1] for path in (COURSE / "book").glob("*.md")
]


@cache
def cells(slug):
    return jupytext.read(COURSE / "solutions" / slug / f"{slug}.md").cells


def text(slug):
    return "\n".join(cell.source for cell in cells(slug) if cell.cell_type == "markdown")


def code(slug, wanted):
    return [cell.source for cell in cells(slug) if cell.cell_type == "code" and wanted(cell)]


def hidden(slug):
    """The hidden tests of an exercise, a text each."""
    found = code(slug, lambda cell: "BEGIN HIDDEN TESTS" in cell.source)
    return [re.search(r"### BEGIN HIDDEN TESTS\n(.*)### END", source, re.DOTALL)[1] for source in found]


def graded(slug):
    """The functions that a student writes, as they stand in the solution."""
    nodes = [node for source in code(slug, exercise.is_answer) for node in ast.parse(source).body]
    return [node for node in nodes if isinstance(node, ast.FunctionDef)]


def is_formula(function):
    """Whether the function is one of those that take local derivatives as numbers."""
    return function.name.startswith(("clean_", "chain_"))


@cache
def library():
    """All functions of rnnlib by name."""
    found = {}
    for path in (COURSE / "rnnlib").glob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef):
                found.setdefault(node.name, []).append(node)
    return found


def parameters(function):
    """The arguments of a function, with their defaults, as text; which model is trained is no choice in an exercise."""
    found = re.sub(r", loss_and_gradient=loss_and_gradient", "", ast.unparse(function.args))
    return found.replace("CENTRAL_TOLERANCE", repr(CENTRAL_TOLERANCE))


def words(function):
    """The words of the first line of a docstring."""
    return re.findall(r"[\w/]+", ast.get_docstring(function).splitlines()[0])


def in_order(some, all_):
    """Whether the words of `some` stand in `all_` in their order: a formula that is asked for may be left out."""
    rest = iter(all_)
    return all(word in rest for word in some)


@pytest.mark.parametrize("slug", OWN)
def test_it_opens_with_its_goal_its_time_and_what_to_read(slug):
    (goal,) = re.findall(r"^\*\*Goal\.\*\* (.*(?:\n.+)*)", text(slug), re.MULTILINE)
    assert re.fullmatch(r"[^.!?]+\.", goal)
    (minutes,) = re.findall(r"^\*\*Time\.\*\* (\d+) minutes\.", text(slug), re.MULTILINE)
    assert 30 <= int(minutes) <= 120
    (read,) = re.findall(r"\*\*Read first\.\*\* (.*)", text(slug))
    chapters = re.findall(r"\*([^*]+)\*", read)
    assert chapters
    assert not set(chapters) - set(TITLES)


@pytest.mark.parametrize("slug", OWN)
def test_it_warms_up_first_and_ends_with_more_that_gives_no_points(slug):
    headings = re.findall(r"^## (.*)", text(slug), re.MULTILINE)
    assert headings.index("Warm-up") < next(i for i, heading in enumerate(headings) if heading.startswith("1."))
    end = headings[headings.index("How far are you?") + 1 :]
    assert end in (["Use it", "If you want more"], ["If you want more"])  # which may hold a use of it, too
    warm_up = text(slug).split("## Warm-up")[1].split("\n## ")[0]
    assert len(re.findall(r"^\d\. ", warm_up, re.MULTILINE)) >= 2
    assert "No points" in cells(slug)[-1].source
    assert len(re.findall(r"^- ", cells(slug)[-1].source, re.MULTILINE)) >= 2


@pytest.mark.parametrize("slug", OWN)
def test_its_parts_are_numbered_each_with_a_check_at_once_and_checks_when_it_is_graded(slug):
    parts = re.split(r"^## (?=\d\.)", "\n".join(cell.source for cell in cells(slug)), flags=re.MULTILINE)[1:]
    assert [part[0] for part in parts] == [str(i + 1) for i in range(len(parts))]
    for part in parts:
        assert part.index("BEGIN SOLUTION") < part.index("exercise.run(") < part.index("BEGIN HIDDEN TESTS")
    functions = [function for function in graded(slug) if not is_formula(function)]
    assert 2 <= len(functions) <= 5


@pytest.mark.parametrize("slug", OWN)
def test_the_last_cell_of_code_says_which_parts_are_done(slug):
    checks = re.findall(r"^exercise\.run\((\w+)\)", "\n".join(code(slug, exercise.is_test)), re.MULTILINE)
    (call,) = ast.parse(code(slug, lambda cell: True)[-1]).body
    assert ast.unparse(call) == f"exercise.progress({', '.join(checks)})"


@pytest.mark.parametrize("slug", OWN)
def test_a_step_of_the_derivation_is_a_formula_in_one_line_compared_at_many_points(slug):
    formulas = [function for function in graded(slug) if is_formula(function)]
    assert formulas
    for formula in formulas:
        assert isinstance(formula.body[-1], ast.Return)
        assert len(formula.body) == 2
        (test,) = [source for source in hidden(slug) if re.search(rf"\b{formula.name}\b", source)]
        loops = [ast.unparse(node) for node in ast.parse(test).body if isinstance(node, ast.For)]
        compared = [loop for loop in loops if re.search(r"checks\.same_(answer|gradient)\(", loop)]
        assert [loop for loop in compared if re.search(r"\brng\b", loop)], "no loop over points"


@pytest.mark.parametrize("slug", OWN)
def test_a_finished_student_can_swap_the_library_in(slug):
    for function in graded(slug):
        if not is_formula(function):
            same = [node for node in library()[function.name] if parameters(node) == parameters(function)]
            assert same, f"{function.name}({parameters(function)}) is not in rnnlib"
            assert [node for node in same if in_order(words(function), words(node))], words(function)


@pytest.mark.parametrize("slug", slugs())
def test_hidden_tests_draw_their_cases_anew(slug):
    for source in hidden(slug):
        assert "checks.generator()" in source
        assert not re.search(r"default_rng|seed", source)


@pytest.mark.parametrize("slug", sorted(ARRAY_BPTT))
def test_array_bptt_is_tested_on_the_shapes_that_hide_no_mistake(slug):
    for sizes in (J, K, L):
        # Any D will do that no other size is equal to, nor next to T.
        pattern = ", ".join(f"{name}={size if name != 'D' else '[0-9]+'}" for name, size in sizes.items())
        assert [source for source in hidden(slug) if re.search(pattern, source)], pattern
    for reduction in ("mean", "sum"):
        assert [source for source in hidden(slug) if re.search(rf'reduction(=|": |.*)"{reduction}"', source)]
    assert [source for source in hidden(slug) if "> 40" in source]


@pytest.mark.parametrize("slug", OWN)
def test_no_case_starts_from_a_state_of_zero(slug):
    every = "\n".join([*hidden(slug), *code(slug, lambda cell: exercise.grade_id(cell) == "set-up")])
    assert not re.search(r"(s_init|before) = (0(\.0)?$|np\.zeros)", every, re.MULTILINE)
