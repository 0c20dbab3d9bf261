"""What the hidden tests draw: differences for every gradient, and every two options of a function together."""

import ast
import collections
import functools
import inspect
import itertools
import re
import tomllib

import numpy as np
import pytest
from house import OWN

from grading import checks, exercise, mutants
from grading.answers import solution
from grading.course import COURSE, slugs
from rnnlib import gradcheck

# Exercises in which nothing that is asked for is a gradient of an error.
WITHOUT = {"gradient-checker"}


def gradients(slug):
    """The functions of an exercise that return a gradient, as its answers.toml says."""
    text = (COURSE / "solutions" / slug / "answers.toml").read_text(encoding="utf-8")
    return tomllib.loads(text).get("gradients", [])


def hidden(slug):
    cells = exercise.load(slug).notebook["cells"]
    return [cell["source"] for cell in cells if (exercise.grade_id(cell) or "").startswith("test-")]


def compared_with_differences(source):
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return {call.args[0].id for call in calls if ast.unparse(call.func) == "checks.same_gradient"}


def documented(slug):
    """{name of a graded function: first line of its docstring}"""
    nodes = [node for source in solution(slug).cells.values() for node in ast.walk(ast.parse(source))]
    functions = [
        node for node in nodes if isinstance(node, ast.FunctionDef) and node.name in exercise.load(slug).all_names
    ]
    return {node.name: ast.get_docstring(node).split("\n")[0] for node in functions}


@pytest.mark.parametrize("slug", slugs())
def test_every_function_that_returns_a_gradient_is_compared_with_central_differences(slug):
    assert set().union(*map(compared_with_differences, hidden(slug))) == set(gradients(slug))
    assert slug not in OWN or bool(gradients(slug)) == (slug not in WITHOUT)


@pytest.mark.parametrize("slug", sorted(set(OWN) - WITHOUT))
def test_the_differences_that_hidden_tests_take_are_those_of_the_right_gradient(slug, monkeypatch):
    """Otherwise a right answer would pass all the same, and the numbers beside a wrong one would mislead."""
    errors = []

    def same_gradient(student, reference, numeric, *arguments, tol=None, **options):
        errors.extend(distances(reference(*arguments, **options), numeric))

    monkeypatch.setattr(checks, "same_gradient", same_gradient)
    for label, source, names in mutants.cells_with_tests(exercise.load(slug), solution(slug).cells):
        for seed in (1, 2, 3) if label.startswith("test-") and "same_gradient" in source else ():
            with checks.running(checks.Run(exercise.load(slug), seed, naming=False), label):
                assert mutants.runs(source, dict(names)), label
    assert 0 < max(errors) < gradcheck.CENTRAL_TOLERANCE


@pytest.mark.parametrize("slug", sorted(set(OWN) - WITHOUT))
def test_a_numeric_gradient_fails_the_exact_comparison_and_a_wrong_one_is_shown_beside_the_differences(
    slug, monkeypatch
):
    compared, same_gradient = set(), checks.same_gradient

    def said(factor, student, reference, numeric, *arguments, **options):
        """What is said of a right answer whose gradients are too large by a factor."""
        off = functools.wraps(student)(lambda *given, **by_name: scaled(student(*given, **by_name), numeric, factor))
        with pytest.raises(checks.HiddenCheckFailedError) as caught:
            same_gradient(off, reference, numeric, *arguments, **options)
        return str(caught.value)

    def both_ways(student, *call, **options):
        assert "is as close to the derivative as a finite difference is" in said(1 + 1e-8, student, *call, **options)
        assert re.search(r"\n  analytic .*\n  numeric ", said(1.01, student, *call, **options))
        compared.add(student.__name__)

    monkeypatch.setattr(checks, "same_gradient", both_ways)
    for label, source, names in mutants.cells_with_tests(exercise.load(slug), solution(slug).cells):
        if label.startswith("test-") and "same_gradient" in source:
            with checks.running(checks.Run(exercise.load(slug), 1, naming=False), label):
                exec(source, names)
    assert compared == set(gradients(slug))


def scaled(value, numeric, factor):
    """A result in which the arrays that are compared with differences are too large by a factor."""
    if numeric is None:
        return value
    if isinstance(value, dict):
        return {key: scaled(part, numeric[key], factor) for key, part in value.items()}
    if isinstance(value, tuple):
        parts = [scaled(part, other, factor) for part, other in zip(value, numeric, strict=True)]
        return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
    return value * factor


def distances(right, numeric):
    """The relative distance of every array of a result from its differences, where there are any."""
    if numeric is None:
        return []
    if isinstance(right, dict):
        right, numeric = (tuple(given[key] for key in right) for given in (right, numeric))
    if isinstance(right, tuple):
        return [one for pair in zip(right, numeric, strict=True) for one in distances(*pair)]
    return [gradcheck.relative_error(right, numeric)]


@pytest.mark.parametrize("slug", sorted(set(OWN) - WITHOUT))
def test_a_function_whose_docstring_promises_a_derivative_of_the_error_is_said_to_return_one(slug):
    promised = {name for name, line in documented(slug).items() if re.match(r"[^.:,]*\bdE/d", line)}
    assert promised <= set(gradients(slug))


def sizes(arguments):
    """{letter: size} of a call, as far as the arguments are those of a network."""
    params, x, s = (arguments.get(name) for name in ("params", "x", "s"))
    found = {}
    if np.ndim(getattr(params, "U", 0)) == 2:
        found |= {"D": params.U.shape[1], "H": params.W.shape[1]}
        # K is a size of its own only where there are targets, which a model of text takes from its inputs' letters.
        found |= {"K": len(params.V)} if "y" in arguments and len(params.V) != params.U.shape[1] else {}
    for array in (x, s):
        if np.ndim(array) >= 2:
            return found | {"T": len(array), "B": array.shape[1]}
    return found


def coincide(found):
    """Whether two sizes are equal, or one is T - 1 or T + 1; edge rows have one of 0 or 1, and are let off."""
    others = [size for letter, size in found.items() if letter != "T"]
    edge = min(found.values(), default=0) <= 1
    return not edge and (
        len({*others}) < len(others) or bool({abs(size - found.get("T", 99)) for size in others} & {0, 1})
    )


@pytest.mark.parametrize("slug", slugs())
def test_sizes_are_pairwise_different_also_from_the_steps_before_and_behind(slug):
    """Otherwise an axis could be taken for another, or T + 1 states for T."""
    rows = []

    def noted(function):
        if not inspect.isfunction(function):
            return function

        @functools.wraps(function)
        def call(*arguments, **options):
            rows.append((function.__name__, sizes(inspect.signature(function).bind(*arguments, **options).arguments)))
            return function(*arguments, **options)

        return call

    for label, source, names in mutants.cells_with_tests(exercise.load(slug), solution(slug).cells, noted):
        for seed in (1, 2) if label.startswith("test-") and "-cost" not in label else ():
            with checks.running(checks.Run(exercise.load(slug), seed, naming=False), label):
                assert mutants.runs(source, dict(names)), label
    assert [row for row in rows if coincide(row[1])] == []


@pytest.mark.parametrize(
    ("found", "bad"),
    [
        ({"D": 5, "H": 4, "T": 8, "B": 2}, False),
        ({"D": 5, "H": 5, "T": 8, "B": 2}, True),
        ({"D": 5, "H": 4, "T": 6, "B": 2}, True),
        ({"D": 5, "H": 4, "T": 3, "B": 2}, True),
        ({"D": 5, "H": 5, "T": 1, "B": 2}, False),
        ({}, False),
    ],
)
def test_what_coincides_is_noticed(found, bad):
    assert coincide(found) is bad


def kind(value, parameter):
    """What sort of value a call passes: the default or another one for an option, labels or numbers for x and y."""
    if parameter.default is not parameter.empty:
        if value is parameter.default or (np.ndim(value) == 0 and value == parameter.default):
            return "the default"
        return value if isinstance(value, str) else f"{np.ndim(value)} axes" if np.ndim(value) else "a number"
    return np.asarray(value).dtype.kind if parameter.name in ("x", "y") else ""


def drawn(slug):
    """{function: set of the rows of kinds with which the hidden tests call it}, and what was ever left out."""
    rows, left_out = collections.defaultdict(set), set()

    def noted(function):
        if not inspect.isfunction(function):
            return function
        parameters = inspect.signature(function).parameters

        @functools.wraps(function)
        def call(*arguments, **options):
            given = inspect.signature(function).bind(*arguments, **options).arguments
            row = [(name, kind(given.get(name, p.default), p)) for name, p in parameters.items()]
            rows[function.__name__].add(tuple(row))
            left_out.update((function.__name__, name) for name in set(parameters) - set(given))
            return function(*arguments, **options)

        return call

    for label, source, names in mutants.cells_with_tests(exercise.load(slug), solution(slug).cells, noted):
        if label.startswith("test-"):
            with checks.running(checks.Run(exercise.load(slug), 1, naming=False), label):
                assert mutants.runs(source, names), label
    return rows, left_out


@pytest.mark.parametrize("slug", OWN)
def test_hidden_tests_draw_every_two_options_of_a_function_together_and_leave_each_out_once(slug):
    rows, left_out = drawn(slug)
    assert set(rows) == set(documented(slug))
    for function, calls in rows.items():
        calls = [dict(row) for row in calls]
        values = {name: {call[name] for call in calls} for name in calls[0]}
        options = {name for name in values if "the default" in values[name]}
        for name in options:
            assert len(values[name]) > 1, f"{function}: {name} is always the default"
            assert (function, name) in left_out, f"{function}: {name} is never left out"
        for a, b in itertools.combinations(values, 2):
            if {a, b} & options:
                met = {(call[a], call[b]) for call in calls}
                missing = set(itertools.product(values[a], values[b])) - met
                assert not missing, f"{function}: {a} and {b} never meet as {missing}"
