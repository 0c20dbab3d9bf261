"""Small changes that make code wrong: an operator for each kind of slip, and all the changes that they make in a cell.

An operator takes a node of a syntax tree and yields changed copies of it, which share the parts that stayed as they
were. Messages, docstrings and annotations are left alone.
"""

import ast
from copy import copy
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

SKIPPED_NODES = (ast.JoinedStr, ast.Raise)  # a message may be worded in any way
SKIPPED_FIELDS = {"annotation", "returns", "decorator_list", "ctx", "type_ignores"}

ARITHMETIC = {
    ast.Add: [ast.Sub],
    ast.Sub: [ast.Add],
    ast.Mult: [ast.Add, ast.Div],
    ast.Div: [ast.Mult],
    ast.FloorDiv: [ast.Mult],
    ast.Mod: [ast.FloorDiv],
    ast.Pow: [ast.Mult],
    ast.MatMult: [ast.Mult],
    ast.BitAnd: [ast.BitOr],
    ast.BitOr: [ast.BitAnd],
}
COMPARISONS = {
    ast.Lt: [ast.LtE, ast.Gt],
    ast.LtE: [ast.Lt, ast.GtE],
    ast.Gt: [ast.GtE, ast.Lt],
    ast.GtE: [ast.Gt, ast.LtE],
    ast.Eq: [ast.NotEq],
    ast.NotEq: [ast.Eq],
    ast.Is: [ast.IsNot],
    ast.IsNot: [ast.Is],
    ast.In: [ast.NotIn],
    ast.NotIn: [ast.In],
}
WORDS = {"mean": "sum", "sum": "mean", "tanh": "sigmoid", "sigmoid": "tanh"}  # the options of the exercises
FUNCTIONS = {
    "sum": "mean",
    "mean": "sum",
    "max": "min",
    "min": "max",
    "maximum": "minimum",
    "minimum": "maximum",
    "argmax": "argmin",
    "argmin": "argmax",
    "any": "all",
    "all": "any",
    "tanh": "sigmoid",
    "sigmoid": "tanh",
    "tanh_derivative": "sigmoid_derivative",
    "sigmoid_derivative": "tanh_derivative",
}
NEIGHBOURS = {"s": "s_prev", "s_prev": "s", "m": "m_prev", "m_prev": "m"}
COPIES = {"array", "asarray", "ascontiguousarray", "deepcopy"}
ZEROS = {"zeros", "zeros_like"}
SYMMETRIC = {"max", "min", "maximum", "minimum"}  # the order of their arguments is nobody's mistake
LONG = 100  # letters of a changed line that are told in full
AROUND = 15  # letters on either side of a change in a longer one


class Change(NamedTuple):
    """A piece of code with one change in it."""

    source: str
    old: str  # the lines that were changed, joined
    new: str  # what takes their place
    line: int  # of the changed place in the code as it was
    operator: str = ""  # its name


# The operators, from the smallest parts of an expression to the statements of a function ----------


def constant_moved(node):
    """A number one more or one less, a tolerance a thousandfold more or less, a truth value negated."""
    if not isinstance(node, ast.Constant):
        return
    value = node.value
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, float) and 0 < value < 1e-3:
        yield from (ast.Constant(value * 1000), ast.Constant(value / 1000))
    elif isinstance(value, (int, float)):
        yield from (ast.Constant(value + 1), _number(value - 1))


def option_named_wrongly(node):
    """The mean for the sum, the sigmoid for tanh, in the name of an option."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in WORDS:
        yield ast.Constant(WORDS[node.value])


def subscripts_mixed_up(node):
    """The result of an einsum transposed, and the letters of one of its operands in another order."""
    if not (isinstance(node, ast.Constant) and isinstance(node.value, str) and "->" in node.value):
        return
    inputs, result = node.value.split("->")
    operands = inputs.split(",")
    if len(result) > 1:
        yield ast.Constant(f"{inputs}->{result[::-1]}")
    for i, operand in enumerate(operands):
        yield ast.Constant(
            ",".join([*operands[:i], operand[:-2] + operand[:-3:-1], *operands[i + 1 :]]) + "->" + result
        )


def arithmetic_swapped(node):
    """Minus for plus, times for divided by, and so on."""
    if isinstance(node, (ast.BinOp, ast.AugAssign)):
        for operator in ARITHMETIC.get(type(node.op), []):
            yield _with(node, op=operator())


def part_dropped(node):
    """A term of a sum, or a factor of a product, left out."""
    if not isinstance(node, ast.BinOp):
        return
    yield node.left
    if isinstance(node.op, ast.Sub):
        yield ast.UnaryOp(ast.USub(), node.right)
    elif not isinstance(node.op, (ast.Div, ast.FloorDiv, ast.Mod, ast.Pow)):
        yield node.right


def sign_dropped(node):
    """A minus, or a `not`, left out."""
    if isinstance(node, ast.UnaryOp):
        yield node.operand


def comparison_swapped(node):
    """A comparison with its border on the other side, or turned round."""
    if isinstance(node, ast.Compare):
        for i, operator in enumerate(node.ops):
            for other in COMPARISONS[type(operator)]:
                yield _with(node, ops=[*node.ops[:i], other(), *node.ops[i + 1 :]])


def condition_weakened(node):
    """`or` for `and`, or one of the parts left out."""
    if isinstance(node, ast.BoolOp):
        yield _with(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
        for i in range(len(node.values)):
            rest = node.values[:i] + node.values[i + 1 :]
            yield _with(node, values=rest) if len(rest) > 1 else rest[0]


def branch_removed(node):
    """A condition negated, always true, or never."""
    if isinstance(node, (ast.If, ast.IfExp)):
        if not isinstance(node.test, ast.Compare):  # those are turned round by comparison_swapped
            yield _with(node, test=ast.UnaryOp(ast.Not(), node.test))
        yield _with(node, test=ast.Constant(True))
        yield _with(node, test=ast.Constant(False))


def filter_removed(node):
    """A condition of a comprehension negated or left out."""
    if isinstance(node, ast.comprehension):
        for i, test in enumerate(node.ifs):
            yield _with(node, ifs=node.ifs[:i] + node.ifs[i + 1 :])
            yield _with(node, ifs=[*node.ifs[:i], ast.UnaryOp(ast.Not(), test), *node.ifs[i + 1 :]])


def transpose_dropped_or_added(node):
    """A `.T` left out, an operand of a product transposed, or both operands swapped."""
    if isinstance(node, ast.Attribute) and node.attr == "T":
        yield node.value
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
        yield from (_with(node, **{side: changed}) for side in ("left", "right") for changed in _transposed(node, side))
        yield _with(node, left=node.right, right=node.left)


def slice_shifted(node):
    """A slice that begins or ends one place earlier or later, at the end of the axis, or is read backwards."""
    if not isinstance(node, ast.Slice):
        return
    for end in ("lower", "upper"):
        bound = getattr(node, end)
        if bound is None:
            yield _with(node, **{end: ast.Constant(1) if end == "lower" else _number(-1)})
        else:
            yield _with(node, **{end: None})
            if not _is_constant(bound):  # constants are moved by constant_moved
                yield from (_with(node, **{end: shifted}) for shifted in _one_more_or_less(bound))
    yield _with(node, step=_number(-1) if node.step is None else None)


def index_shifted(node):
    """The place before or after, the last or the first, instead of the place that is meant."""
    if not isinstance(node, ast.Subscript):
        return
    inside = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    for i, index in enumerate(inside):
        if isinstance(index, (ast.Name, ast.BinOp)):
            for other in (*_one_more_or_less(index), _number(-1), ast.Constant(0)):
                changed = [*inside[:i], other, *inside[i + 1 :]]
                yield _with(node, slice=_with(node.slice, elts=changed) if len(inside) > 1 else changed[0])


def neighbour_taken(node):
    """The state before the step for the state after it, and the other way round."""
    if isinstance(node, ast.Attribute) and node.attr in NEIGHBOURS:
        yield _with(node, attr=NEIGHBOURS[node.attr])


def other_function_called(node):
    """The sum for the mean, the largest for the smallest, `any` for `all`."""
    if isinstance(node, ast.Call) and _name(node.func) in FUNCTIONS:
        yield _with(node, func=_renamed(node.func, FUNCTIONS[_name(node.func)]))


def argument_dropped(node):
    """An argument given by name, or the last of those given by position, left out: its default is taken."""
    if not isinstance(node, ast.Call):
        return
    for i in range(len(node.keywords)):
        yield _with(node, keywords=node.keywords[:i] + node.keywords[i + 1 :])
    if len(node.args) > 1:
        yield _with(node, args=node.args[:-1])


def axis_changed(node):
    """One axis for another, and one axis for several."""
    if isinstance(node, ast.keyword) and node.arg == "axis":
        several = isinstance(node.value, ast.Tuple)
        for other in node.value.elts if several else (ast.Constant(0), ast.Constant(1)):
            yield _with(node, value=other)


def arguments_swapped(node):
    """Two neighbours in a call, or in a tuple, in each other's place."""
    if isinstance(node, ast.Tuple) and not all(map(_is_constant, node.elts)):  # axis=(0, 1) has no order
        yield from (_with(node, elts=items) for items in _neighbours_swapped(node.elts))
    if isinstance(node, ast.Call) and _name(node.func) not in SYMMETRIC:
        yield from (_with(node, args=items) for items in _neighbours_swapped(node.args))
    if isinstance(node, ast.Call):
        # By name, the order is free: the values change places.
        for i, (one, two) in enumerate(zip(node.keywords, node.keywords[1:], strict=False)):
            if one.arg and two.arg:
                pair = [_with(one, value=two.value), _with(two, value=one.value)]
                yield _with(node, keywords=[*node.keywords[:i], *pair, *node.keywords[i + 2 :]])


def copy_removed(node):
    """The array itself instead of a copy, or changed in place where a new one was made."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        if node.func.attr == "copy":
            yield node.func.value
        elif node.func.attr in COPIES and node.args:
            yield node.args[0]
    if isinstance(node, ast.Assign) and isinstance(node.value, ast.BinOp) and len(node.targets) == 1:
        target, value = node.targets[0], node.value
        if ast.unparse(target) == ast.unparse(value.left):
            yield ast.AugAssign(target, value.op, value.right)


def rounded_to_single_precision(node):
    """A buffer of 32-bit numbers."""
    if isinstance(node, ast.Call) and _name(node.func) in ZEROS and not any(k.arg == "dtype" for k in node.keywords):
        yield _with(node, keywords=[*node.keywords, ast.keyword("dtype", ast.Constant("float32"))])


def loop_reversed_or_cut(node):
    """A loop that runs the other way, or misses its first or its last round."""
    if not isinstance(node, (ast.For, ast.comprehension)):
        return
    rounds = _call("list", node.iter)
    if isinstance(node, ast.For):  # most comprehensions are summed up
        backwards = isinstance(node.iter, ast.Call) and _name(node.iter.func) == "reversed"
        yield _with(node, iter=node.iter.args[0] if backwards else _call("reversed", rounds))
    yield _with(node, iter=ast.Subscript(rounds, ast.Slice(lower=ast.Constant(1))))
    yield _with(node, iter=ast.Subscript(rounds, ast.Slice(upper=_number(-1))))


def collected_or_replaced(node):
    """`=` for `+=`, so that only the last part stays, and `+=` for `=` in a loop."""
    if isinstance(node, ast.AugAssign):
        yield ast.Assign([node.target], node.value, lineno=node.lineno)
    if isinstance(node, ast.For):
        for i, one in enumerate(node.body):
            if isinstance(one, ast.Assign) and isinstance(one.targets[0], ast.Name):
                added = ast.AugAssign(one.targets[0], ast.Add(), one.value)
                yield _with(node, body=[*node.body[:i], added, *node.body[i + 1 :]])


def statement_dropped(node):
    """A statement left out; conditions and returns are not, which the other operators see to."""
    for field, statements in _blocks(node):
        for i, statement in enumerate(statements):
            if not isinstance(statement, (ast.If, ast.Return, ast.Raise, ast.FunctionDef)):
                yield _with(node, **{field: statements[:i] + statements[i + 1 :] or [ast.Pass()]})


def statements_swapped(node):
    """A statement after the next one, where one of them changes what the other uses."""
    for field, statements in _blocks(node):
        for i, (one, two) in enumerate(pairwise(statements)):
            fixed = isinstance(two, ast.Return) or ast.FunctionDef in (type(one), type(two))
            if not fixed and _depend(one, two):
                yield _with(node, **{field: [*statements[:i], two, one, *statements[i + 2 :]]})


def option_ignored(node):
    """A parameter with a default not looked at in one place: its default, or None, is there instead."""
    if isinstance(node, ast.FunctionDef):
        defaults = _defaults(node)
        for place in _places_read(node, defaults):
            for value in (defaults[place.id], ast.Constant(None)):
                yield _exchanged(node, place, value)


def option_ignored_beside_another(node):
    """An option not looked at where another one is given, or in one of the cases that the function tells apart."""
    if isinstance(node, ast.FunctionDef):
        defaults = _defaults(node)
        for place in _places_read(node, defaults):
            for case in _cases(node, defaults):
                if place.id not in _names(case):
                    yield _exchanged(node, place, ast.IfExp(case, defaults[place.id], ast.Name(place.id)))


def parameters_mixed_up(node):
    """One parameter read in the place of another, the one after it."""
    if isinstance(node, ast.FunctionDef):
        names = [argument.arg for argument in (*node.args.args, *node.args.kwonlyargs)]
        after = dict(zip(names, [*names[1:], *names[:1]], strict=True))
        for place in _places_read(node, after):
            yield _exchanged(node, place, ast.Name(after[place.id], ast.Load()))


OPERATORS = (
    constant_moved,
    option_named_wrongly,
    subscripts_mixed_up,
    arithmetic_swapped,
    part_dropped,
    sign_dropped,
    comparison_swapped,
    condition_weakened,
    branch_removed,
    filter_removed,
    transpose_dropped_or_added,
    slice_shifted,
    index_shifted,
    neighbour_taken,
    other_function_called,
    argument_dropped,
    axis_changed,
    arguments_swapped,
    copy_removed,
    rounded_to_single_precision,
    loop_reversed_or_cut,
    collected_or_replaced,
    statement_dropped,
    statements_swapped,
    option_ignored,
    option_ignored_beside_another,
    parameters_mixed_up,
)


# From the operators to the changes of a cell ------------------------------------------------------


def changes(source, known=frozenset(), operators=None):
    """Every Change of the source of a cell, once each, in reading order.

    Top-level statements whose text, as `top_level` gives it, is in `known` are left as they are. `operators` are those
    of this module unless others are given.
    """
    body = _parsed(source)
    texts, lines = [ast.unparse(statement) for statement in body], _lines(body)
    seen = set(texts)
    for i in (i for i, text in enumerate(texts) if text not in known):
        for operator, text in _texts_with_a_change(body, i, operators or OPERATORS):
            if text not in seen:
                seen.add(text)
                yield _change(texts, i, text, lines)._replace(operator=operator)


def top_level(source):
    """The texts of a cell's top-level statements without comments and docstrings."""
    return frozenset(map(ast.unparse, _parsed(source)))


def plain(source):
    """A cell as ast.unparse gives it, without comments and docstrings."""
    return "\n\n\n".join(map(ast.unparse, _parsed(source)))


@lru_cache(maxsize=1024)
def names_in(source):
    """All names in the source of a cell."""
    return frozenset(node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name))


def _texts_with_a_change(body, i, operators):
    """The operator's name, and the text of the i-th statement, for every change in it.

    The change is in the tree only while its text is made: to copy the tree each time takes much longer.
    """
    for holder, key in [(body, i), *_holders(body[i])]:
        place = holder[key]
        for operator in operators:
            for changed in operator(place):
                holder[key] = changed
                text = ast.unparse(body[i])
                holder[key] = place
                yield operator.__name__, text


def _parsed(source):
    body = ast.parse(source).body
    for statement in body:
        if isinstance(statement, ast.FunctionDef) and ast.get_docstring(statement) is not None:
            del statement.body[0]
    return body


def _lines(body):
    """Where each statement begins in the source: {(its first line as ast.unparse has it, the n-th of these): line}."""
    found, times = {}, {}
    for node in (holder[key] for holder, key in _holders(ast.Module(body)) if isinstance(holder[key], ast.stmt)):
        text = ast.unparse(node).partition("\n")[0]
        found[text, times.setdefault(text, 0)] = node.lineno
        times[text] += 1
    return found


def _change(texts, i, text, lines):
    """The Change that puts `text` in the place of the i-th of the `texts` of a cell."""
    old, new = texts[i].split("\n"), text.split("\n")
    head = next(n for n, (a, b) in enumerate(zip([*old, None], [*new, None], strict=False)) if a != b)
    tail = next(n for n, (a, b) in enumerate(zip([None, *old][::-1], [None, *new][::-1], strict=False)) if a != b)
    tail = min(tail, len(old) - head, len(new) - head)
    gone, there = ([line.strip() for line in part[head : len(part) - tail]] for part in (old, new))
    before = "\n".join([*texts[:i], *old[:head]]).split("\n")
    line = lines.get((gone[0], [text.strip() for text in before].count(gone[0])), 0) if gone else 0
    old, new = _shortened("; ".join(gone), "; ".join(there))
    return Change("\n\n\n".join([*texts[:i], text, *texts[i + 1 :]]), old, new, line)


def _shortened(old, new):
    """Two long texts cut down to where they differ, and a few words around it."""
    if max(len(old), len(new)) <= LONG:
        return old, new
    head = next((i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    rest = zip(reversed(old[head:]), reversed(new[head:]), strict=False)
    tail = next((i for i, (a, b) in enumerate(rest) if a != b), min(len(old), len(new)) - head)
    begin, end = old.rfind(" ", 0, max(head - AROUND, 0)) + 1, max(tail - AROUND, 0)
    parts = (f"{'...' * (begin > 0)}{part[begin : len(part) - end]}{'...' * (end > 0)}" for part in (old, new))
    return tuple(part if len(part) <= 2 * LONG else f"{part[:LONG]}...{part[-LONG:]}" for part in parts)


# What the operators are made of -------------------------------------------------------------------


def _holders(node):
    """Where the nodes below a node are, in reading order: (a list, place) or (the fields of a node, field)."""
    for field, value in ast.iter_fields(node):
        places = [(value, i) for i in range(len(value))] if isinstance(value, list) else [(vars(node), field)]
        for holder, key in places if field not in SKIPPED_FIELDS else ():
            if isinstance(holder[key], ast.AST) and not isinstance(holder[key], SKIPPED_NODES):
                yield holder, key
                yield from _holders(holder[key])


def _exchanged(tree, place, value):
    """The tree with `value` in the place of the node `place`; the tree itself stays as it was."""
    if tree is place:
        return value
    if isinstance(tree, list):
        return [_exchanged(part, place, value) for part in tree]
    if isinstance(tree, ast.AST):
        return _with(tree, **{field: _exchanged(part, place, value) for field, part in ast.iter_fields(tree)})
    return tree


def _with(node, **fields):
    """A copy of the node with other values of some fields."""
    changed = copy(node)
    for field, value in fields.items():
        setattr(changed, field, value)
    return changed


def _blocks(node):
    """The lists of statements that a node holds, by field."""
    return [(field, getattr(node, field)) for field in ("body", "orelse") if isinstance(getattr(node, field, 0), list)]


def _defaults(function):
    """The defaults of a function's parameters, by name."""
    arguments = function.args
    by_place = zip(reversed(arguments.args), reversed(arguments.defaults), strict=False)
    by_name = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    return {argument.arg: default for argument, default in (*by_place, *by_name) if default is not None}


def _cases(function, defaults):
    """Conditions on the parameters: an option given or not, and what the body asks about the shapes of parameters."""
    names = {argument.arg for argument in (*function.args.args, *function.args.kwonlyargs)}
    assigned = {node.id for node in _stores(function) if _is_name(node)}
    for name in (
        name for name in defaults if name not in assigned
    ):  # what is filled in when it is not given does not tell any more
        for operator in (ast.Is, ast.IsNot) if _is_none(defaults[name]) else (ast.Eq, ast.NotEq):
            yield ast.Compare(ast.Name(name), [operator()], [defaults[name]])
    asked = [node for node in ast.walk(function) if isinstance(node, ast.Compare) and _names(node) <= names]
    for test in {ast.unparse(test): test for test in asked if isinstance(test.left, ast.Attribute)}.values():
        yield from (test, ast.UnaryOp(ast.Not(), test))


def _places_read(function, names):
    """The places in a function's body where one of the names is read, for more than its shape."""
    nodes = [holder[key] for holder, key in _holders(ast.Module(function.body))]
    shapes = {id(node.value) for node in nodes if isinstance(node, ast.Attribute) and node.attr in ("shape", "ndim")}
    shapes |= {id(node.args[0]) for node in nodes if isinstance(node, ast.Call) and _name(node.func) == "len"}
    for node in nodes:
        if (
            isinstance(node, ast.Name)
            and isinstance(node.ctx, ast.Load)
            and node.id in names
            and id(node) not in shapes
        ):
            yield node


def _depend(one, two):
    """Whether the order of two statements matters; for sums, and for parts of an array or a dict, it does not."""
    return bool(_changed(one) & (_read(two) | _assigned(two)) or _changed(two) & (_read(one) | _assigned(one)))


def _changed(statement):
    """The names that a statement may change, whole or in parts."""
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        function = _base(statement.value.func)
        return _names(*statement.value.args) if _name(function) == "np" else _names(function)
    return {name for node in _stores(statement) for name in _names(_base(node))}


def _read(statement):
    """The names that a statement reads, but for what it only adds to or fills in."""
    filled = {id(_base(node)) for node in _stores(statement)}
    return {node.id for node in ast.walk(statement) if isinstance(node, ast.Name) and id(node) not in filled}


def _assigned(statement):
    """The names that a statement gives a new value to."""
    return _names(*statement.targets) if isinstance(statement, ast.Assign) and _is_name(statement.targets[0]) else set()


def _stores(statement):
    return [node for node in ast.walk(statement) if isinstance(getattr(node, "ctx", None), ast.Store)]


def _names(*nodes):
    return {part.id for node in nodes for part in ast.walk(node) if isinstance(part, ast.Name)}


def _is_name(node):
    return isinstance(node, ast.Name)


def _is_none(node):
    return isinstance(node, ast.Constant) and node.value is None


def _base(node):
    while isinstance(node, (ast.Subscript, ast.Attribute)):
        node = node.value
    return node


def _neighbours_swapped(items):
    """Lists in which two items that stand side by side have changed places."""
    for i in range(len(items) - 1):
        yield [*items[:i], items[i + 1], items[i], *items[i + 2 :]]


def _one_more_or_less(node):
    return ast.BinOp(node, ast.Sub(), ast.Constant(1)), ast.BinOp(node, ast.Add(), ast.Constant(1))


def _transposed(product, side):
    """An operand with its `.T` dropped or added; a row such as `dq[t, n]` has none."""
    operand = getattr(product, side)
    if isinstance(operand, ast.Attribute) and operand.attr == "T":
        yield operand.value
    elif not (isinstance(operand, ast.Subscript) and isinstance(operand.slice, ast.Tuple)):
        yield ast.Attribute(operand, "T")


def _number(value):
    return ast.UnaryOp(ast.USub(), ast.Constant(-value)) if value < 0 else ast.Constant(value)


def _is_constant(node):
    return isinstance(node.operand if isinstance(node, ast.UnaryOp) else node, ast.Constant)


def _call(name, *arguments):
    return ast.Call(ast.Name(name), list(arguments), [])


def _name(function):
    """The last part of the name of what is called, if it has one."""
    return getattr(function, "attr", getattr(function, "id", None))


def _renamed(function, name):
    return _with(function, **{"attr" if isinstance(function, ast.Attribute) else "id": name})
