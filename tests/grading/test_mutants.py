"""Every operator makes its slip, mutants are marked as the grader would, and the tests notice a sample of them."""

import ast
import functools
import signal

import pytest
from conftest import needs

from grading import mutants, mutation
from grading.answers import solution
from grading.course import slugs

SAMPLE = 60

SLIPS = [  # operator, right, one of the wrong ones that it makes
    ("constant_moved", "x[t + 1]", "x[t + 2]"),
    ("constant_moved", "x[t + 1]", "x[t + 0]"),
    ("constant_moved", "1e-6", "0.001"),
    ("constant_moved", "f(keepdims=True)", "f(keepdims=False)"),
    ("option_named_wrongly", "def f(reduction='mean'): return 0", "def f(reduction='sum'):\n    return 0"),
    ("subscripts_mixed_up", "einsum('tnh,tnj->hj', a, b)", "einsum('tnh,tnj->jh', a, b)"),
    ("subscripts_mixed_up", "einsum('tnh,tnj->hj', a, b)", "einsum('thn,tnj->hj', a, b)"),
    ("arithmetic_swapped", "a + b", "a - b"),
    ("part_dropped", "a + b", "a"),
    ("part_dropped", "a - b", "-b"),
    ("part_dropped", "a * b", "b"),
    ("sign_dropped", "-a", "a"),
    ("comparison_swapped", "a < b", "a <= b"),
    ("comparison_swapped", "a is None", "a is not None"),
    ("condition_weakened", "a and b", "a or b"),
    ("condition_weakened", "a and b", "b"),
    ("branch_removed", "if a:\n    b", "if not a:\n    b"),
    ("branch_removed", "b if a else c", "b if True else c"),
    ("filter_removed", "[a for a in b if a]", "[a for a in b]"),
    ("transpose_dropped_or_added", "W.T @ delta", "W @ delta"),
    ("transpose_dropped_or_added", "dq @ V", "dq @ V.T"),
    ("transpose_dropped_or_added", "dq @ V", "V @ dq"),
    ("slice_shifted", "s[1:]", "s[:]"),
    ("slice_shifted", "s[:cut]", "s[:cut - 1]"),
    ("slice_shifted", "s[:]", "s[::-1]"),
    ("index_shifted", "s[t]", "s[t - 1]"),
    ("index_shifted", "s[t, n]", "s[t, 0]"),
    ("neighbour_taken", "fwd.s_prev", "fwd.s"),
    ("other_function_called", "np.sum(a)", "np.mean(a)"),
    ("other_function_called", "a.any()", "a.all()"),
    ("argument_dropped", "f(a, axis=0)", "f(a)"),
    ("argument_dropped", "f(a, b)", "f(a)"),
    ("axis_changed", "f(a, axis=(0, 1))", "f(a, axis=1)"),
    ("arguments_swapped", "f(a, b)", "f(b, a)"),
    ("arguments_swapped", "f(ds=a, dm=b)", "f(ds=b, dm=a)"),
    ("arguments_swapped", "i, f = gates", "(f, i) = gates"),
    ("copy_removed", "a.copy()", "a"),
    ("copy_removed", "a = a + b", "a += b"),
    ("rounded_to_single_precision", "np.zeros(3)", "np.zeros(3, dtype='float32')"),
    ("loop_reversed_or_cut", "for t in reversed(range(T)):\n    a", "for t in range(T):\n    a"),
    ("loop_reversed_or_cut", "[a for t in b]", "[a for t in list(b)[1:]]"),
    ("collected_or_replaced", "db += delta", "db = delta"),
    ("collected_or_replaced", "for t in T:\n    ds = a", "for t in T:\n    ds += a"),
    ("statement_dropped", "for t in T:\n    a\n    b", "for t in T:\n    a"),
    ("statements_swapped", "for t in T:\n    a = b\n    b = c", "for t in T:\n    b = c\n    a = b"),
    ("option_ignored", "def f(x, y=None):\n    return x + y", "def f(x, y=None):\n    return x + None"),
    (
        "option_ignored_beside_another",
        "def f(x, y=None, z=1):\n    return y + z",
        "def f(x, y=None, z=1):\n    return y + (1 if y is not None else z)",
    ),
    (
        "option_ignored_beside_another",
        "def f(x, y=None):\n    return y if x.ndim == 2 else x",
        "def f(x, y=None):\n    return (None if x.ndim == 2 else y) if x.ndim == 2 else x",
    ),
    ("parameters_mixed_up", "def f(x, y):\n    return x", "def f(x, y):\n    return y"),
]


def changed(source):
    return {change.source: change for change in mutation.changes(source)}


def two_step(name, cell, old, new):
    """A mutant of the two-step solution, by hand."""
    source = solution("two-step").cells[cell]
    assert old in source
    return mutants.Mutant("two-step", "solution", cell, mutation.Change(source.replace(old, new), old, new, 0), name)


@functools.cache
def every():
    """All mutants, which takes seconds: the tests that need them share a worker."""
    return [mutant for slug in slugs() for mutant in mutants.mutants(slug)]


@pytest.mark.parametrize(("operator", "right", "wrong"), SLIPS)
def test_an_operator_makes_its_slip(operator, right, wrong, monkeypatch):
    monkeypatch.setattr(mutation, "OPERATORS", [getattr(mutation, operator)])
    assert ast.unparse(ast.parse(wrong)) in changed(right)


def test_every_operator_has_a_slip_that_it_is_tested_with():
    assert {operator for operator, *_ in SLIPS} == {operator.__name__ for operator in mutation.OPERATORS}


@pytest.mark.parametrize(
    "source",
    ["raise ValueError(f'{1 + 1}')", "f'{a + b}'", "def f(x: a - b) -> c[1]:\n    'a + b'\n    return x", "max(a, b)"],
)
def test_messages_docstrings_annotations_and_what_has_no_order_are_left_alone(source):
    assert set(changed(source)) <= {"max(a)", "min(a, b)"}


@pytest.mark.parametrize(
    ("one", "two"), [("dU += a", "dW += b"), ("g['u'] = a", "g['w'] = b"), ("back.U[:] = a", "back.W[:] = b")]
)
def test_statements_whose_order_is_free_keep_it(one, two):
    assert f"if c:\n    {two}\n    {one}" not in changed(f"if c:\n    {one}\n    {two}")


def test_a_change_tells_its_line_and_what_was_there_and_no_change_is_made_twice():
    source = 'def f(s, W):\n    """No 1."""\n    # a comment\n    s = s[1:]\n\n    return s @ W\n'
    made = list(mutation.changes(source))
    (change,) = [change for change in made if change.new == "return s @ W.T"]
    assert change[:4] == ("def f(s, W):\n    s = s[1:]\n    return s @ W.T", "return s @ W", "return s @ W.T", 6)
    assert len({change.source for change in made}) == len(made)
    assert mutation.plain(source) not in {change.source for change in made}


def test_a_long_line_is_told_where_it_changes():
    long = ", ".join(f"argument_{i}" for i in range(20))
    (change,) = [change for change in mutation.changes(f"f({long}, a + b)") if change.new.endswith("a - b)")]
    assert (change.old, change.new) == ("...argument_19, a + b)", "...argument_19, a - b)")


def test_what_another_answer_says_as_the_solution_does_is_not_changed_again():
    names = [mutant.name for mutant in mutants.mutants("two-step")]
    assert len(set(names)) == len(names)
    assert not [name for name in names if name.startswith("loop, output-gradient")]  # it leaves this cell as it is
    assert [name for name in names if name.startswith("loop, gradient-by-step")]


@pytest.mark.pool
def test_mutants_are_killed_by_the_first_test_that_fails_and_right_answers_are_not():
    killed = [
        two_step("a sign", "output-gradient", "- y", "+ y"),
        two_step("by way of another cell", "gradient-by-step", "delta * x", "x"),
        two_step("a syntax error", "gradient", "(", "(("),
        two_step("a name that is not there", "gradient", "parts.u", "part.u"),
    ]
    verdicts = list(mutants.mark_all([*killed, *mutants.unchanged("two-step")], workers=1))
    first = ["check-output-gradient", "check-gradient-by-step", "check-gradient", "check-gradient"]
    assert [verdict.lost for verdict in verdicts] == [*first, *[""] * (len(verdicts) - 4)]


@pytest.mark.parametrize("endless", ["pass", "a.append(np.ones(10**6))"])
def test_a_mutant_without_end_is_stopped_though_it_catches_exceptions(endless, monkeypatch, capsys):
    monkeypatch.setattr(mutants, "SECONDS", 0.5 if endless == "pass" else 60)
    monkeypatch.setattr(mutants, "MEMORY", 2**28)
    loop = f"    a = []\n    while True:\n        try: {endless}\n        except Exception: pass\n    parts ="
    mutant = two_step("no end", "gradient", "    parts =", loop)
    before = signal.signal(signal.SIGPROF, mutants.limits.look)
    signal.setitimer(signal.ITIMER_PROF, 0.1, 0.1)
    try:
        assert mutants.mark((mutant, 1)).lost == mutants.STOPPED
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def test_a_mutant_that_luck_saves_is_tried_with_other_numbers(monkeypatch):
    monkeypatch.setattr(mutants, "_first_lost", lambda mutant, seed: "test-gradient" if seed == 2 else "")
    mutant = two_step("noticed now and then", "gradient", "parts", "pieces")
    assert mutants.mark((mutant, 1)) == (mutant, "", 1)
    assert mutants.mark((mutant, 3)) == (mutant, "test-gradient", 2)


@pytest.mark.pool
def test_in_process_a_mutant_loses_points_if_it_does_in_the_sandbox():
    needs("bwrap")
    verdicts = list(mutants.mark_all(mutants.sample(mutants.mutants("two-step"), 4), workers=1))
    assert mutants.differ_in_sandbox(verdicts, workers=1) == []
    turned = [verdict._replace(lost="" if verdict.lost else "test-gradient") for verdict in verdicts]
    assert mutants.differ_in_sandbox(turned, workers=1) == turned


@pytest.mark.pool
@pytest.mark.xdist_group("mutants")
def test_the_lists_of_equivalent_mutants_are_not_out_of_date():
    assert mutants.stale(every(), {slug: mutants.equivalents(slug) for slug in slugs()}) == []


@pytest.mark.pool
@pytest.mark.xdist_group("mutants")
def test_no_mutant_of_a_sample_survives():
    verdicts = list(mutants.mark_all(mutants.sample(every(), SAMPLE)))
    assert len(verdicts) == SAMPLE
    assert mutants.survivors(verdicts, {slug: mutants.equivalents(slug) for slug in slugs()}) == []


@pytest.mark.pool
def test_the_command_counts_and_shows_what_survives(capsys, monkeypatch):
    needs("bwrap")
    survivor = two_step("one more", "gradient-by-step", "delta * x", "x * delta")  # which is still right
    monkeypatch.setattr(mutants, "mutants", lambda slug: [survivor])
    monkeypatch.setattr(mutants, "equivalents", lambda slug: {})
    assert mutants.main(["two-step", "--workers", "1"]) == 1
    printed = capsys.readouterr().out
    assert printed.splitlines()[3].split() == ["two-step", "1", "0", "0", "0", "0", "1"]
    assert "survivor: two-step, solution, gradient-by-step" in printed
    assert "In the sandbox, 1 of 1 do as they do here" in printed
    monkeypatch.setattr(mutants, "equivalents", lambda slug: {"one more": "a reason", "one less": "a reason"})
    assert mutants.main(["two-step", "--workers", "1"]) == 0
    printed = capsys.readouterr().out
    assert "stale: no mutant of two-step is called 'one less'" in printed
    assert "survivor:" not in printed
