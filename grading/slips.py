"""Where no known mistake fits: the small slips in the solution that would give what a wrong answer gives.

The slips are the changes of grading/mutation.py. Each is told in words; what is told is true by construction, as the
solution with this slip has been called with the same arguments.
"""

import ast
import contextlib
from functools import lru_cache
from itertools import permutations
from typing import NamedTuple

import numpy as np

from grading import exercise, mistakes, mutation
from grading.answers import solution
from grading.limits import TestTooLongError, time_limit
from rnnlib.words import say, to_say

MOST = 2000  # numbers in the arguments of a call: with more, the slips of a function would take seconds
SECONDS = 0.5  # for one slip, which may be an endless loop
TOLD = 2  # slips at most


class Slip(NamedTuple):
    """The solution's functions of one part with one change in them."""

    words: str | tuple  # see `words`; they go on with "These are the numbers that you get when ..."
    source: str


def find(student, seen, expected, call, tol, run):
    """The words of the slips that do what the `student`'s function was `seen` to do when called with `call`.

    `expected` is right up to `tol`, `run` is the checks.Run of the submission. A slip must do the same with the numbers
    of the call moved a little, which asks the student's process twice more; where the result says little by itself, in
    the calls of the visible checks too.
    """
    right = mistakes.Behaviour(expected, expected, ())
    found = [
        slip
        for slip, behaviour in _behaviours(run.task, student.__name__, call)
        if mistakes.alike(behaviour, seen, mistakes.SAME) and not mistakes.alike(behaviour, right, tol)
    ]
    if not found or not mistakes.tells(seen.result):
        return []
    nearby, *others = mistakes.other_calls(student, call, run)
    for elsewhere in [nearby, *(others if mistakes.says_little(seen.result) else [])]:
        if not found:
            break
        again = mistakes.observed(student, elsewhere)
        slips = {
            slip
            for slip, behaviour in _behaviours(run.task, student.__name__, elsewhere)
            if again and mistakes.alike(behaviour, again, mistakes.SAME)
        }
        found = [slip for slip in found if slip in slips]
    return list(dict.fromkeys(said(slip.words) for slip in found))


def _behaviours(task, name, call):
    """What the function of that name does with each slip in its part, as pairs; none for a large call."""
    case = mistakes.as_key(call)
    if case is None or _size(call) > MOST or name not in task.all_names:
        return []
    return _kept(task.slug, task.digest, name, case)


@lru_cache(maxsize=32)
def _kept(slug, digest, name, case):
    """As _behaviours, for arguments as bytes: a class is marked on the same cases, and asks for the same again."""
    found = []
    for slip in _slips(slug, digest, name):
        namespace, behaviour = dict(mistakes.right_namespace(slug, digest)), None
        with contextlib.suppress(TestTooLongError), time_limit(SECONDS):
            exec(mistakes.code(slip.source), namespace)
            behaviour = mistakes.observed(namespace[name], mistakes.from_key(case))
        if behaviour and mistakes.same(behaviour.result, behaviour.again):
            found.append((slip, behaviour._replace(again=behaviour.result)))  # one array instead of two
    return found


@lru_cache(maxsize=64)
def _slips(slug, _digest, name):
    """The slips in the part that asks for the function of that name."""
    task = exercise.load(slug)
    (part,) = [part for part, names in task.names.items() if name in names]
    source = solution(slug).cells[part]
    right = ast.parse(mutation.plain(source))
    return [
        Slip(words(change.operator, right, ast.parse(change.source)), change.source)
        for change in mutation.changes(source, operators=OPERATORS)
    ]


def _size(value):
    """How many numbers there are in the arguments of a call."""
    if isinstance(value, (tuple, list)):
        return sum(map(_size, value))
    return sum(map(_size, value.values())) if isinstance(value, dict) else np.size(value)


# Slips that are typical of formulas -----------------------------------------------------------------


def bracket_misplaced(node):
    """A bracket lost, `a * b + c` for `a * (b + c)`, or one too many, `(a + b) * c` for `a + b * c`."""
    if not isinstance(node, ast.BinOp):
        return
    if isinstance(node.op, ast.Mult) and _is_sum(node.right):
        yield ast.BinOp(ast.BinOp(node.left, node.op, node.right.left), node.right.op, node.right.right)
    if isinstance(node.op, ast.Mult) and _is_sum(node.left):
        yield ast.BinOp(node.left.left, node.left.op, ast.BinOp(node.left.right, node.op, node.right))
    if _is_sum(node) and isinstance(node.right, ast.BinOp) and isinstance(node.right.op, ast.Mult):
        yield _with_first_factor(node.right, lambda first: ast.BinOp(node.left, node.op, first))


def function_dropped(node):
    """What a function is applied to, in the place of what it gives."""
    if isinstance(node, ast.Call) and len(node.args) == 1 and not node.keywords:
        yield node.args[0]


def name_mixed_up(node):
    """In a statement, one name for another one of the same statement, or two in each other's place."""
    if isinstance(node, (ast.Assign, ast.AugAssign, ast.Return)):
        called = {id(part.func) for part in ast.walk(node) if isinstance(part, ast.Call)}
        owners = {id(part.value) for part in ast.walk(node) if isinstance(part, ast.Attribute)}
        places = [
            part for part in ast.walk(node.value) if isinstance(part, ast.Name) and id(part) not in called | owners
        ]
        for one, two in permutations(places, 2):
            if one.id != two.id:
                yield _renamed(node, {id(one): two.id})
                yield _renamed(node, {id(one): two.id, id(two): one.id})


def _renamed(tree, names):
    """A copy of a syntax tree in which the nodes whose `id` is among the `names` are these names."""
    if isinstance(tree, list):
        return [_renamed(part, names) for part in tree]
    if not isinstance(tree, ast.AST):
        return tree
    if id(tree) in names:
        return ast.Name(names[id(tree)], ast.Load())
    fields = {field: _renamed(part, names) for field, part in ast.iter_fields(tree)}
    return ast.copy_location(type(tree)(**fields), tree)


def _is_sum(node):
    return isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub))


def _with_first_factor(product, change):
    if isinstance(product, ast.BinOp) and isinstance(product.op, ast.Mult):
        return ast.BinOp(_with_first_factor(product.left, change), product.op, product.right)
    return change(product)


# A slip in words ----------------------------------------------------------------------------------

LONG = 40  # characters of code that are told
SWAPPED = {  # the operation that is right, and the one in its place
    (ast.Add, ast.Sub): to_say("a minus is written instead of a plus"),
    (ast.Sub, ast.Add): to_say("a plus is written instead of a minus"),
    (ast.Mult, ast.Add): to_say("a plus is written instead of a product"),
    (ast.Mult, ast.Div): to_say("a division is written instead of a product"),
    (ast.Div, ast.Mult): to_say("a product is written instead of a division"),
    (ast.Pow, ast.Mult): to_say("a product is written instead of a power"),
    (ast.MatMult, ast.Mult): to_say("a product is taken entry by entry and not as a matrix product"),
}
WHOLE = (ast.expr, ast.stmt, ast.keyword, ast.comprehension, ast.arguments)
TELLING = (ast.Subscript, ast.Attribute, ast.keyword)
FORMULA = (ast.Mult, ast.Div, ast.MatMult, ast.Pow)
GENERAL = {
    "bracket_misplaced": to_say("a bracket is left out, or there is one too many"),
    "subscripts_mixed_up": to_say("the axes of a product are mixed up"),
    "arithmetic_swapped": to_say("an operation is another one"),
    "part_dropped": to_say("a part of an expression is left out"),
    "sign_dropped": to_say("a sign is left out"),
    "comparison_swapped": to_say("a comparison is turned round, or is wrong at its border"),
    "condition_weakened": to_say("of two conditions one is not asked, or one alone is enough"),
    "branch_removed": to_say("two cases are not told apart, or are mixed up"),
    "argument_dropped": to_say("an argument of a call is left out"),
    "filter_removed": to_say("the condition of a loop is left out, or turned round"),
    "transpose_dropped_or_added": to_say(
        "a factor of a matrix product is transposed, or should be, or is on the other side"
    ),
    "slice_shifted": to_say("a slice begins or ends at another place"),
    "arguments_swapped": to_say("two neighbours in a list of arguments or results have changed places"),
    "copy_removed": to_say("a copy, or a conversion to an array, is left out"),
    "rounded_to_single_precision": to_say("numbers are rounded to float32"),
    "loop_reversed_or_cut": to_say("a loop leaves out its first or its last round"),
    "collected_or_replaced": to_say("what should be summed up is overwritten, or what should be renewed is added to"),
    "statement_dropped": to_say("a line is left out"),
    "statements_swapped": to_say("two lines have changed places"),
}


OPERATORS = (*mutation.OPERATORS, bracket_misplaced, function_dropped, name_mixed_up)


def words(operator, right, wrong):
    """What one change is, for a student who does not see the solution; `right` and `wrong` are syntax trees.

    It is a text, or a template and what to put into it: a text as it is, or one more of these.
    """
    pairs = _differences(right, wrong)
    return _particular(operator, *pairs[-1]) or GENERAL.get(operator) or _in_place_of(pairs)


def said(words):
    """What `words` gave, as a text in the language that is spoken now: a class of several asks for the same slips."""
    template, *values = [words] if isinstance(words, str) else words
    return say(template).format(*(said(value) if isinstance(value, tuple) else value for value in values))


def _particular(operator, old, new):
    """What a change is by the parts that differ, or nothing."""
    match operator:
        case "arithmetic_swapped":
            return SWAPPED.get((type(getattr(old, "op", old)), type(getattr(new, "op", new))), "")
        case "part_dropped" if isinstance(old, ast.BinOp):
            return _dropped(old, new)
        case "argument_dropped" if isinstance(old, ast.Call) and isinstance(new, ast.Call):
            kept = set(map(ast.dump, [*new.args, *new.keywords]))
            gone = [part for part in [*old.args, *old.keywords] if ast.dump(part) not in kept]
            gone = gone[0] if gone else None
            gone = ast.Name(gone.arg) if isinstance(gone, ast.keyword) and gone.arg else gone
            return _about(
                to_say("the argument {} of a call is left out"), to_say("an argument of a call is left out"), gone
            )
        case "name_mixed_up" if not isinstance(new, ast.Name):
            return to_say("two names in a line have changed places")
        case "function_dropped" if isinstance(old, ast.Call):
            return _about(
                to_say("{} is written instead of a function of it"),
                to_say("an argument is written instead of a function of it"),
                new,
            )
        case "branch_removed" if isinstance(new, ast.Constant):
            if new.value:
                return _about(
                    to_say("the condition {} is taken to be always true"),
                    to_say("a condition is taken to be always true"),
                    old,
                )
            return _about(
                to_say("the condition {} is taken to be never true"),
                to_say("a condition is taken to be never true"),
                old,
            )
        case "comparison_swapped":
            return _about(
                to_say("the condition {} is turned round, or is wrong at its border"),
                to_say("a condition is turned round, or is wrong at its border"),
                old,
            )
        case "sign_dropped" if isinstance(old, ast.UnaryOp) and isinstance(old.op, ast.Not):
            return _about(to_say("the condition {} is turned round"), to_say("a condition is turned round"), old)
        case "slice_shifted" if isinstance(new, ast.Slice) and _text(old.step) != _text(new.step):
            return to_say("an axis is read in the other direction")
        case "loop_reversed_or_cut" if "reversed" in ast.unparse(old) + ast.unparse(new):
            return to_say("a loop runs in the other direction")
        case "collected_or_replaced" if isinstance(old, ast.AugAssign):
            return _about(
                to_say("what {} collects is overwritten each time"),
                to_say("what a sum collects is overwritten each time"),
                old.target,
            )
        case "collected_or_replaced" if isinstance(new, ast.AugAssign):
            return (to_say("what {} holds is added to, where it should be renewed"), _quoted(new.target))
        case "statement_dropped":
            return _line_dropped(old, new)
        case "option_ignored_beside_another" if isinstance(new, ast.IfExp):
            if _quoted(new.test):
                option, where = _quoted(old) or (to_say("an option"),), _quoted(new.test)
                return (to_say("the option {} is not looked at where {}"), option, where)
            return _about(
                to_say("the option {} is not looked at where it should be"),
                to_say("an option is not looked at where it should be"),
                old,
            )
    return ""


def _dropped(old, new):
    gone = old.right if _text(new) == _text(old.left) else old.left
    if isinstance(old.op, (ast.Add, ast.Sub)):
        return _about(to_say("the term {} is left out"), to_say("a term is left out"), gone)
    return _about(to_say("the factor {} is left out"), to_say("a factor is left out"), gone)


def _line_dropped(old, new):
    for field in ("body", "orelse"):
        before, after = (getattr(tree, field, []) for tree in (old, new))
        gone = [line for line in before if _text(line) not in map(_text, after)]
        if len(before) == len(after) + 1 and gone:
            targets = getattr(gone[0], "targets", [getattr(gone[0], "target", None)])
            name = "" if isinstance(gone[0], ast.For) else _quoted(targets[0])
            line = to_say("a line is left out")
            return (to_say("the line that changes {} is left out"), name) if name else line
    return ()


def _in_place_of(pairs):
    """The innermost expression with a change in it that tells something by itself, as it is and as it should be."""
    for pair in [*(pair for pair in reversed(pairs) if isinstance(pair[0], TELLING)), pairs[-1]]:
        old, new = map(_quoted, pair)
        if old and new:
            return (to_say("{} is written instead of {}"), new, old)
    return to_say("one expression is written instead of another")


def _about(named, unnamed, node):
    """The words for a piece of code that can be shown, or those for one that cannot."""
    return (named, _quoted(node)) if _quoted(node) else unnamed


def _quoted(node):
    """A piece of code if it is short and no formula, which may be what is asked for; else nothing."""
    text = ast.unparse(node) if isinstance(node, ast.AST) else ""
    formula = isinstance(node, ast.BinOp) or any(isinstance(part, FORMULA) for part in ast.walk(node or ast.Pass()))
    return f"`{text}`" if text and len(text) <= LONG and "\n" not in text and not formula else ""


def _differences(old, new):
    """The parts in which two syntax trees differ, as pairs, from the whole to the smallest."""
    found = [(old, new)]
    while type(old) is type(new):
        pairs = [(getattr(old, field, None), getattr(new, field, None)) for field in old._fields]
        pairs = [pair for pair in pairs if _text(pair[0]) != _text(pair[1])]
        if len(pairs) == 1 and isinstance(pairs[0][0], list) and len(pairs[0][0]) == len(pairs[0][1]):
            pairs = [pair for pair in zip(*pairs[0], strict=True) if _text(pair[0]) != _text(pair[1])]
        if len(pairs) != 1 or not all(isinstance(part, WHOLE) for part in pairs[0]):
            break
        ((old, new),) = pairs
        found.append((old, new))
    return found


def _text(part):
    """A piece of a syntax tree, to be compared."""
    if isinstance(part, list):
        return list(map(_text, part))
    return ast.dump(part) if isinstance(part, ast.AST) else part
