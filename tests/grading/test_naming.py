"""What the feedback calls a wrong answer is true: of NaN nothing is guessed, and a slip is told only where it fits."""

import ast
import re

import numpy as np
import pytest
from marking import FAST, filled, lost, mark, record, said

from grading import checks, exercise, mistakes, mutants, mutation, slips
from grading.answers import known_answers, solution
from grading.bench import OwnBench
from grading.course import slugs

pytestmark = pytest.mark.pool

NAN, INF = np.nan, np.inf
TYPICAL = [  # exercise, part, right, wrong, the test that tells, what it says
    (
        "two-step",
        "clean-formulas",
        "(x_1 + w * ds_0_dz_0 * x_0)",
        "x_1 + w * ds_0_dz_0 * x_0",
        "test-clean-u",
        "a bracket is left out, or there is one too many",
    ),
    (
        "two-step",
        "clean-formulas",
        "s_0 + w * ds_0_dz_0 * s_init",
        "s_init + w * ds_0_dz_0 * s_0",
        "test-clean-w",
        "two names in a line have changed places",
    ),
    (
        "bptt-loops",
        "parameter-gradients",
        "db += delta[t, n]",
        "db + delta[t, n]",
        "test-parameter-gradients",
        "the line that changes `db` is left out",
    ),
    (
        "bptt-loops",
        "parameter-gradients",
        "s_prev[t, n]",
        "s_prev[-1, n]",
        "test-parameter-gradients",
        "`s_prev[-1, n]` is written instead of `s_prev[t, n]`",
    ),
    (
        "bptt-loops",
        "delta-recursion",
        "slope(s[t, n])",
        "s[t, n]",
        "test-delta-recursion-tanh",
        "`s[t, n]` is written instead of a function of it",
    ),
    (
        "lstm-cell",
        "step-backward",
        "tanh_derivative(g)",
        "tanh_derivative(i)",
        "test-step-backward",
        "`i` is written instead of `g`",
    ),
    (
        "lstm-cell",
        "backward",
        "ds, dm = part.s_prev, part.m_prev",
        "pass",
        "test-backward-sum",
        "the line that changes `(ds, dm)` is left out",
    ),
]
SLIPS = [
    ("a + b", "a - b", "a minus is written instead of a plus"),
    ("a @ b", "a * b", "a product is taken entry by entry and not as a matrix product"),
    ("f(a * b + c)", "f(b + c)", "the factor `a` is left out"),
    ("a * b * c - d", "-d", "a term is left out"),
    ("not a", "a", "the condition `not a` is turned round"),
    ("-a", "a", "a sign is left out"),
    ("if a is None:\n    b", "if True:\n    b", "the condition `a is None` is taken to be always true"),
    ("a[1:]", "a[:]", "a slice begins or ends at another place"),
    ("a[:]", "a[::-1]", "an axis is read in the other direction"),
    ("a[t, n]", "a[t - 1, n]", "`a[t - 1, n]` is written instead of `a[t, n]`"),
    ("f(a, axis=0)", "f(a, axis=1)", "`axis=1` is written instead of `axis=0`"),
    ("f(a, axis=0)", "f(a)", "the argument `axis` of a call is left out"),
    ("for t in reversed(range(T)):\n    a", "for t in range(T):\n    a", "a loop runs in the other direction"),
    ("for t in T:\n    a", "for t in list(T)[1:]:\n    a", "a loop leaves out its first or its last round"),
    ("a += b", "a = b", "what `a` collects is overwritten each time"),
    ("for t in T:\n    a = b", "for t in T:\n    a += b", "what `a` holds is added to, where it should be renewed"),
    ("for t in T:\n    a = b\n    c", "for t in T:\n    c", "the line that changes `a` is left out"),
    ("def f(a, b=None):\n    return b", "def f(a, b=None):\n    return a", "`a` is written instead of `b`"),
]


def marked(slug, part, right, wrong, folder):
    cells = solution(slug).cells
    assert right in cells[part]
    return mark(filled(cells | {part: cells[part].replace(right, wrong)}, slug), folder, slug=slug, bench=OwnBench)


def slips_of(source):
    right = ast.parse(mutation.plain(source))
    for change in mutation.changes(source, operators=slips.OPERATORS):
        yield change, slips.words(change.operator, right, ast.parse(change.source))


@pytest.mark.parametrize(
    ("result", "tells"),
    [
        (1.0, True),
        (3, True),
        (None, True),
        (NAN, False),
        (np.array([1.0, NAN]), True),
        (np.array([1.0, NAN, INF]), False),
        ((np.full(3, NAN), np.ones(4)), True),
        ((np.full(4, NAN), [np.ones(3)]), False),
        ({"a": NAN, "b": NAN, "c": 1.0}, False),
    ],
)
def test_a_result_tells_something_if_half_of_its_numbers_are_finite(result, tells):
    assert mistakes.tells(result) is tells


def test_of_two_answers_that_give_nan_each_gets_its_own_name(tmp_path):
    """Both lose the padding's test with NaN; what tells them apart is a later test."""
    shift = next(
        answer for answer in known_answers("softmax-gradient") if answer.name == "error-shift-of-the-whole-batch"
    )
    notebook = mark(filled(shift.cells, "softmax-gradient"), tmp_path, slug="softmax-gradient", bench=OwnBench)
    assert record(notebook).mistakes["test-cross-entropy-padding"] == shift.name
    assert said(notebook, "test-cross-entropy-padding").endswith(
        f"This is what you get when {shift.mistake}.\n{shift.hint}"
    )
    times = "np.where(weights == 0, 0.0, weights * errors)", "weights * errors"
    notebook = marked("softmax-gradient", "cross-entropy", *times, tmp_path)
    assert lost(notebook) == {"check-cross-entropy", "test-cross-entropy-padding"}
    assert record(notebook).mistakes == {"test-cross-entropy-padding": "error-padding-leaks"}


def test_a_nan_of_another_origin_has_no_name(tmp_path):
    wrong = 'if reduction == "mean" and q.ndim > 1 else 0'
    notebook = marked("softmax-gradient", "cross-entropy", wrong.replace("else 0", "else 1"), wrong, tmp_path)
    assert "test-cross-entropy-padding" in lost(notebook)
    assert "error-padding-leaks" not in record(notebook).mistakes.values()


def test_zeros_have_a_name_if_other_calls_give_the_same_too(tmp_path, monkeypatch):
    """A function that looks at no path returns zeros, as does one that looks for the paths of another graph."""
    change = "sum-over-paths", "in paths(graph, start, end):", "in []:"
    notebook = marked("graph-sweep", *change, tmp_path)
    assert lost(notebook) == {"check-sum-over-paths", "test-sum-over-paths", "test-sum-over-paths-edges"}
    assert set(record(notebook).mistakes.values()) == {"a line is left out, or `graph` is written instead of `end`"}
    monkeypatch.setattr(mistakes, "says_little", lambda result: False)
    named = record(marked("graph-sweep", *change, tmp_path)).mistakes
    assert named["test-sum-over-paths"] == "paths-read-a-notebook-global"


@pytest.mark.parametrize(("slug", "part", "right", "wrong", "test", "words"), TYPICAL)
def test_a_typical_slip_that_is_no_entry_is_told_in_words(slug, part, right, wrong, test, words, tmp_path):
    notebook = marked(slug, part, right, wrong, tmp_path)
    assert record(notebook).mistakes[test] == words
    assert said(notebook, test).endswith(f"These are the numbers that you get when {words}.")


@pytest.mark.parametrize(("right", "wrong", "words"), SLIPS)
def test_a_slip_is_told_by_what_was_changed(right, wrong, words):
    wrong = mutation.plain(wrong)
    assert words in [slips.said(told) for change, told in slips_of(right) if change.source == wrong]


@pytest.mark.parametrize("slug", slugs())
def test_no_formula_of_the_solution_is_told(slug):
    for source in solution(slug).cells.values():
        for _, template in slips_of(source):
            words = slips.said(template)
            assert re.fullmatch(r"[^\n]{10,150}", words)
            assert not re.search(r"[.!?]( |$)", re.sub("`[^`]*`", "", words))
            assert not [code for code in re.findall("`([^`]*)`", words) if re.search(r" (\*|\*\*|/|@) ", code)]


def test_a_slip_must_fit_other_numbers_too():
    run = checks.Run(exercise.load("two-step"), seed=3, cell="test-output-gradient")

    def output_gradient(o, y):
        return o - y if o[0] == 0.25 else np.zeros(2)  # as a slip in one case, and in no other

    call = ((np.array([0.25, 0.75]), np.array([0.4, 0.8])), {})
    seen, expected = mistakes.observe(output_gradient, *call), call[0][0] * 1.2 - call[0][1]
    assert slips._behaviours(run.task, "output_gradient", call)
    assert slips.find(output_gradient, seen, expected, call, 1e-10, run) == []
    output_gradient.__code__ = (lambda o, y: o - y).__code__
    assert slips.find(output_gradient, seen, expected, call, 1e-10, run) == ["the factor `np.sum(y)` is left out"]


def test_a_large_call_and_one_with_a_function_in_it_are_not_searched():
    task = exercise.load("two-step")
    for large in (np.zeros(slips.MOST + 1), [np.zeros((2, slips.MOST))], {"a": (1.0, np.zeros(slips.MOST))}, lambda: 0):
        assert slips._behaviours(task, "output_gradient", ((np.ones(2), large), {})) == []


def test_a_slip_without_end_is_given_up(monkeypatch):
    endless = slips.Slip("it never ends", "def output_gradient(o, y):\n    while True: pass")
    ends = slips.Slip("it ends", "def output_gradient(o, y):\n    return o")
    monkeypatch.setattr(slips, "SECONDS", 0.2)
    monkeypatch.setattr(slips, "_slips", lambda *_: [endless, ends])
    found = slips._kept.__wrapped__("two-step", "", "output_gradient", mistakes.as_key(((1.0, 2.0), {})))
    assert [slip for slip, _ in found] == [ends]


@pytest.mark.parametrize("slug", ["two-step", "cell"])
def test_what_is_told_of_a_mutant_is_what_was_changed(slug, tmp_path):
    """A sample: each is named by an entry, or by the words of its own change among those that give the same numbers."""
    entries = {answer.name for answer in known_answers(slug)}
    made = [mutant for mutant in mutants.mutants(slug) if mutant.answer == "solution"]
    told = []
    for mutant in made[:: len(made) // 15]:
        cells = solution(slug).cells
        (words,) = [words for change, words in slips_of(cells[mutant.cell]) if change.source == mutant.change.source]
        notebook = mark(filled(cells | {mutant.cell: mutant.change.source}, slug), tmp_path, FAST, slug, OwnBench)
        for name in record(notebook).mistakes.values():
            assert name in entries or slips.said(words) in name.split(", or "), mutant
        told.append(bool(record(notebook).mistakes) or any("Error" in said(notebook, test) for test in lost(notebook)))
    assert np.mean(told) > 0.75


TELLING = (
    r"Error|^Of what it returns|^\S+ (is|has) .*(everywhere|every entry|elsewhere|should be|axis \d)\b.*\.$"
    r"|has (shape|dtype)|of type|NaN|in place|is missing"
)


@pytest.mark.parametrize("slug", ["cell", "t-steps"])
def test_of_three_mutants_in_another_style_at_least_two_are_told_more_than_a_wrong_number(slug, tmp_path):
    """By an entry, a slip, what is read off the result, or the error that it raises: a sample again."""
    made = [mutant for mutant in mutants.mutants(slug) if mutant.answer != "solution"]
    listed, told = mutants.equivalents(slug), []
    for mutant in [mutant for mutant in made if mutant.name not in listed][:: len(made) // 15]:
        notebook = mark(filled(mutants._cells(mutant), slug), tmp_path, FAST, slug, OwnBench)
        texts = [said(notebook, test) for test in lost(notebook)]
        told.append(bool(record(notebook).mistakes) or any(re.search(TELLING, text, re.MULTILINE) for text in texts))
    assert len(told) >= 15
    assert np.mean(told) > 2 / 3
