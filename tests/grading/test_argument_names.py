"""Who calls the arguments of a function otherwise loses no point of which no check in the notebook warns."""

import ast

import pytest
from marking import filled, lost, mark, said_by_checks

from grading import exercise
from grading.answers import known_answers, solution
from grading.bench import OwnBench
from grading.course import slugs
from grading.fingerprints import visible_checks

pytestmark = pytest.mark.pool


NAMES = "each argument must keep the name that it has in the exercise"


class Renamed(ast.NodeTransformer):
    """Gives the arguments of some functions other names: where they are listed, used, and passed by name."""

    def __init__(self, arguments):
        self.arguments, self.within = arguments, []

    def visit_FunctionDef(self, node):
        if not self.within:
            self.within = self.arguments.get(node.name, [])
            node = self.generic_visit(node)
            self.within = []
            return node
        return self.generic_visit(node)

    def visit_arg(self, node):
        return ast.arg(self.new(node.arg), node.annotation)

    def visit_Name(self, node):
        return ast.Name(self.new(node.id), node.ctx)

    def visit_Call(self, node):
        node = self.generic_visit(node)
        for keyword in node.keywords if getattr(node.func, "id", None) in self.arguments else []:
            keyword.arg = f"my_{keyword.arg}" if keyword.arg in self.arguments[node.func.id] else keyword.arg
        return node

    def new(self, name):
        return f"my_{name}" if name in self.within else name


def functions(sources):
    nodes = [node for source in sources for node in ast.parse(source).body]
    return [node for node in nodes if isinstance(node, ast.FunctionDef)]


def renamed(slug, cells):
    """An answer in which the functions that are asked for have other names for all their arguments."""
    asked = exercise.load(slug).all_names
    arguments = {
        f.name: [arg.arg for arg in ast.walk(f.args) if isinstance(arg, ast.arg)] for f in functions(cells.values())
    }
    arguments = {name: found for name, found in arguments.items() if name in asked}
    return {label: ast.unparse(Renamed(arguments).visit(ast.parse(source))) for label, source in cells.items()}


def right(slug):
    return [solution(slug), *(answer for answer in known_answers(slug) if answer.right)]


@pytest.mark.parametrize("slug", slugs())
def test_other_names_of_arguments_cost_nothing_or_a_check_in_the_notebook_asks_for_the_names(slug, tmp_path):
    for answer in right(slug):
        answer = answer._replace(cells=renamed(slug, answer.cells))
        told = said_by_checks(slug, answer, visible_checks(slug))
        costs = lost(mark(filled(answer.cells, slug), tmp_path, slug=slug, bench=OwnBench))
        part_of = exercise.parts(exercise.load(slug).notebook)
        assert {part_of[label] for label in costs} <= {part_of[label] for label in told}, answer.name
        assert not costs or any(NAMES in text for text in told.values()), answer.name


def test_an_argument_of_another_name_is_told_in_a_sentence():
    """The names are passed in the second exercise, and in no check of the first."""
    first, second = (
        solution(slug)._replace(cells=renamed(slug, solution(slug).cells)) for slug in ("cell", "char-model")
    )
    assert said_by_checks("cell", first, visible_checks("cell")) == {}
    assert said_by_checks("char-model", second, ["check-adagrad"])["check-adagrad"].splitlines() == [
        f"adagrad: {NAMES}",
        "  TypeError: adagrad() got an unexpected keyword argument 'rate'",
    ]
