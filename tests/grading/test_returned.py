"""What a function may return: numbers in whatever wrapping the text allows, and a sentence for everything else."""

import pytest
from conftest import needs
from marking import FAST, SLUG, filled, lost, mark, record, said

from grading import checks, exercise, outputs
from grading.answers import solution
from grading.bench import OwnBench
from grading.own import OwnProcess
from grading.remote import Remote, UnfinishedError
from rnnlib.scalar import Params

pytestmark = pytest.mark.pool

ANSWERS = solution(SLUG).cells
OF_GRADIENT = {"check-gradient", "test-gradient"}
PATIENT = FAST._replace(call_seconds=60.0, submission_seconds=200.0)  # IPython loads slowly


def function(source, name="f"):
    """A function of a student's, as tests see it."""
    process = OwnProcess()
    process.run(f"import numpy as np\nfrom collections import namedtuple\n{source}")
    return Remote(lambda: process, name)


def returns(expression, right, first=""):
    """What is said of a function that returns the expression; nothing if it is taken for the `right` value."""
    try:
        checks.same_answer(function(f"{first}\ndef f(): return {expression}"), lambda: right)
    except checks.HiddenCheckFailedError as error:
        return str(error).splitlines()[0].removeprefix("f: ")
    return ""


def marked(cells, folder, settings=FAST):
    return mark(filled(ANSWERS | cells), folder, settings, bench=OwnBench)


def undone(notebook):
    """Whether a test that failed was of something left out, {grade_id of the test: bool}."""
    failures = {
        exercise.grade_id(cell): outputs.failure_of(cell) for cell in notebook["cells"] if exercise.is_test(cell)
    }
    return {label: failure.undone for label, failure in failures.items() if failure}


@pytest.mark.parametrize("value", ["np.array(0.5)", "np.float64(0.5)", "np.array([0.5])[0]", "0.5"])
def test_a_number_may_be_an_array_without_axes(value):
    assert returns(value, 0.5) == ""
    assert returns(f"{{'u': {value}, 'w': 2.0}}", {"u": 0.5, "w": 2.0}) == ""
    assert returns(f"({value}, None)", (0.5, None)) == ""


@pytest.mark.parametrize("kind", ["int8", "uint8", "int16", "int32", "uint32", "int64", "uint64", "intp"])
def test_an_integer_may_have_any_width(kind):
    assert returns(f"np.{kind}(7)", 7) == ""
    assert returns(f"np.array([1, 2], np.{kind})", checks.np.array([1, 2])) == ""
    assert "is wrong by" in returns(f"np.{kind}(8)", 7)


def test_an_integer_is_no_float_and_no_truth_value():
    assert returns("7.0", 7) == "has dtype float64, expected an integer type"
    assert returns("True", 1) == "has dtype bool, expected an integer type"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("0", "has dtype int64, expected float64: write 0.0 for 0, or np.zeros(shape) without a dtype"),
        (
            "np.float32(0)",
            "has dtype float32, expected float64: compute in float64, no other precision is compared",
        ),
        ("np.complex128(0)", "has dtype complex128, expected float64"),
        ("[0.0]", "is of type list, expected a float64 number"),
        ("np", "is of type module, expected a float64 number"),
        ("lambda: 0.0", "is of type function, expected a float64 number"),
    ],
)
def test_a_float_is_float64_and_the_message_says_how_to_get_there(value, said):
    assert returns(value, 0.0) == said


RIGHT = Params(0.5, -0.25, checks.np.array([1.0, 2.0]), 0.1)
DATACLASS = """
from dataclasses import dataclass

@dataclass
class G:
    u: float
    w: float
    v: object
    k: float
"""
ENTRIES = "0.5, -0.25, np.array([1.0, 2.0]), 0.1"


@pytest.mark.parametrize("fields", ["u w v k", "a b c d", "dE_du dE_dw dE_dv dE_dk", "é à è ü", "u w v " + "x" * 100])
def test_a_named_tuple_is_compared_by_position_whatever_its_fields_are_called(fields):
    assert returns(f"G({ENTRIES})", RIGHT, f"G = namedtuple('G', {fields!r})") == ""
    assert returns(f"G({ENTRIES})", tuple(RIGHT), f"G = namedtuple('G', {fields!r})") == ""
    assert returns(f"G(*({ENTRIES})[::-1])", RIGHT, f"G = namedtuple('G', {fields!r})").startswith("u is wrong by")
    assert returns(f"G({ENTRIES})", RIGHT, "G = namedtuple('G', '_ 1 class b', rename=True)") == ""


def test_what_is_no_tuple_of_the_right_length_is_called_what_it_is():
    assert returns(f"G({ENTRIES})", RIGHT, DATACLASS) == "is of type G, expected Params(u, w, v, k)"
    assert returns("(1.0, 2.0)", RIGHT) == "is a tuple of 2, expected Params(u, w, v, k)"
    assert returns("1.0", (1.0, 2.0)) == "is of type float, expected a tuple of 2 results"
    pair = "G = namedtuple('G', 'u w')"
    assert returns("G(1.0, 2.0)", RIGHT, pair) == "is of type G with 2 entries, expected Params(u, w, v, k)"


def test_in_a_tuple_in_a_tuple_it_is_said_where():
    inner = f"Params({ENTRIES.replace('-0.25', '0.25')})"
    first = "from rnnlib.scalar import Params"
    assert returns(f"(1.0, {inner})", (1.0, RIGHT), first).startswith("result[1].w is wrong by")
    assert returns(f"(1.0, (2.0, {inner}))", (1.0, (2.0, RIGHT)), first).startswith("result[1][1].w is wrong by")
    assert returns("(1.0, 2)", (1.0, 2.0)).startswith("result[1] has dtype int64")
    assert returns("{'u': 'text'}", {"u": 0.5}) == "at 'u' is of type str, expected a number"


def test_an_array_of_objects_has_a_sentence_of_its_own():
    with pytest.raises(TypeError, match="what your code returned cannot be graded: an array of dtype object, which"):
        function("def f(): return np.array([1.0, None])")()
    with pytest.raises(TypeError, match="a dictionary with sets for keys"):
        function("def f(): return {frozenset('ab'): 1.0}")()


def test_a_dataclass_in_a_visible_check_is_called_what_it_is(tmp_path):
    source = ANSWERS["gradient"].replace("return Params(", "return G(")
    notebook = marked({"gradient": f"{DATACLASS}\n{source}"}, tmp_path)
    assert lost(notebook) == OF_GRADIENT
    assert "of type G, expected Params(u, w, v, k)" in said(notebook, "test-gradient")
    assert "Remote" not in said(notebook, "check-gradient")


@pytest.mark.parametrize("star", ["from numpy import *", "from rnnlib.rnn import *", "from rnnlib.scalar import *"])
@pytest.mark.parametrize("label", ANSWERS)
def test_star_imports_in_an_answer_disturb_no_check(tmp_path, star, label):
    again = "from rnnlib.scalar import Params, forward\nimport numpy as np\n"  # else the student disturbs himself
    cells = {label: f"{star}\n{again}{ANSWERS[label]}"}
    assert lost(mark(filled(ANSWERS | cells), tmp_path, bench=OwnBench)) == set()


def test_what_jupyter_has_built_in_is_there(tmp_path):
    needs("bwrap")
    extra = "help(np.sum)\nhelp('no such topic')\nexit\nexit()\nquit()\ndisplay(1)\ndisplay\n"
    notebook = mark(filled(ANSWERS | {"gradient": extra + ANSWERS["gradient"]}), tmp_path)
    assert lost(notebook) == set()
    text = said(notebook, "gradient")
    assert "Sum of array elements" in text
    assert text.count("exit and quit do nothing when a notebook is graded") == 2


def test_what_ipython_assigns_works_and_commands_give_nothing_and_say_so(tmp_path):
    needs("bwrap")
    extra = (
        "\nt = %timeit -o -n 1 -r 1 output_gradient(params.v, y)\nfiles = !ls\nassert files == [] and t.best > 0\n"
        "assert get_ipython().user_ns['files'] is files"
    )
    notebook = mark(filled(ANSWERS | {"output-gradient": ANSWERS["output-gradient"] + extra}), tmp_path, PATIENT)
    assert lost(notebook) == set()
    assert "commands of the shell do not run when a notebook is graded" in said(notebook, "output-gradient")
    assert "Traceback" not in said(notebook, "output-gradient")


def test_input_in_a_cell_gives_an_empty_text_and_in_a_function_a_sentence(tmp_path):
    notebook = marked({"gradient": "name = input('Who? ')\n" + ANSWERS["gradient"]}, tmp_path)
    assert lost(notebook) == set()
    assert "Who? \n(input() asks somebody, and nobody answers" in said(notebook, "gradient")
    assert record(notebook).costs == (
        "gradient calls input(), which nobody answers here: a cell gets an empty text, a function an error",
    )
    notebook = marked({"gradient": ANSWERS["gradient"].replace("    parts =", "    input()\n    parts =")}, tmp_path)
    assert lost(notebook) == OF_GRADIENT
    for test in OF_GRADIENT:
        assert "nobody answers when a notebook is graded: let the function depend" in said(notebook, test)


def test_input_that_is_asked_for_ever_ends(tmp_path):
    notebook = marked({"gradient": "while input() != 'q': pass\n" + ANSWERS["gradient"]}, tmp_path)
    assert lost(notebook) == OF_GRADIENT
    assert "EOFError" in said(notebook, "gradient")


LEFT = "    raise NotImplementedError\n"


@pytest.fixture
def each_part_counts(monkeypatch):
    """Let no part keep its points because it would be right below another one: its own failure is shown then."""
    load = exercise.load
    monkeypatch.setattr(exercise, "load", lambda slug: load(slug)._replace(follow_through=False))


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        (
            ANSWERS["output-gradient"].replace("    return", f"{LEFT}    return"),
            "the line `raise NotImplementedError` is still in output_gradient, above your code: delete it",
        ),
        (
            ANSWERS["output-gradient"].replace("    return", "    d =") + "\n" + LEFT,
            "the line `raise NotImplementedError` is still in output_gradient, below your code: delete it, and "
            "return the result",
        ),
    ],
)
@pytest.mark.usefixtures("each_part_counts")
def test_a_raise_left_beside_code_is_named_and_parts_that_call_it_are_not_called_undone(tmp_path, source, sentence):
    notebook = marked({"output-gradient": source}, tmp_path)
    assert said(notebook, "check-output-gradient").startswith(sentence)
    assert said(notebook, "test-output-gradient").startswith(sentence)
    assert said(notebook, "test-gradient").startswith(f"gradient needs output_gradient: {sentence}")
    assert not any(undone(notebook).values())


@pytest.mark.usefixtures("each_part_counts")
def test_a_part_that_calls_a_blank_one_says_which(tmp_path):
    blank = solution(SLUG).cells | {}
    del blank["output-gradient"]
    notebook = mark(filled(blank), tmp_path, bench=OwnBench)
    assert said(notebook, "test-output-gradient") == "not done yet"
    for test in ("check-gradient", "test-gradient"):
        assert said(notebook, test).startswith("gradient needs output_gradient, which is not done yet")
    assert all(undone(notebook)[label] for label in ("test-output-gradient", "check-gradient", "test-gradient"))


def test_what_is_not_implemented_in_a_library_is_not_called_undone():
    f = function("import codecs\ndef f(): return codecs.Codec().encode('a')")
    with pytest.raises(UnfinishedError, match="f calls encode, which raises NotImplementedError"):
        f()


def test_a_function_that_refuses_an_option_is_not_called_undone(tmp_path):
    source = ANSWERS["gradient"].replace(
        "    parts =", "    if func != 'relu':\n        raise NotImplementedError\n    parts ="
    )
    text = said(marked({"gradient": source}, tmp_path), "test-gradient")
    assert text.startswith("gradient raises NotImplementedError itself, in line ")


def test_what_a_check_cannot_use_is_told_with_the_call_and_with_what_came_back(tmp_path):
    source = "def backward_recursion(*arguments, **options):\n    return {'dU': np.zeros((2, 3))}"
    cells = solution("bptt-loops").cells | {"backward-recursion": source}
    notebook = mark(filled(cells, "bptt-loops"), tmp_path, slug="bptt-loops", bench=OwnBench)
    first, called, gave = said(notebook, "test-linear-cost").splitlines()
    assert first == "backward_recursion: is of type dict, expected Params(U, W, V, b, c)"
    assert called.startswith("  last call  backward_recursion(Params(U=<float64 array (12, 60)>, ")
    assert called.endswith(", <float64 array (4000, 1, 60)>, <float64 array (1, 12)>, <int64 array (4000, 1)>)")
    assert gave == "  gave       {'dU': <float64 array (2, 3)>}"


@pytest.mark.parametrize("source", ["def gradient(:", "    return 1"])
def test_of_a_cell_that_is_no_python_its_own_line_is_shown_and_no_line_of_the_grader(tmp_path, source):
    text = said(marked({"gradient": source}, tmp_path, PATIENT), "gradient")
    assert "SyntaxError" in text or "IndentationError" in text
    assert source.strip() in text
    assert not [name for name in ("ast.py", "student_host", "compilerop", "ast.parse") if name in text]


def test_an_answer_that_cannot_be_sent_is_told_why_with_the_call(tmp_path):
    source = "def output_gradient(o, y):\n    return np.array([None, 1.0])"
    text = said(marked({"output-gradient": source}, tmp_path), "test-output-gradient")
    assert text.splitlines()[0].startswith("what your code returned cannot be graded: an array of dtype object")
    assert "in the call output_gradient(" in text


def test_a_forged_answer_is_told_to_be_no_numbers(tmp_path):
    needs("bwrap")
    forge = (
        'def output_gradient(o, y):\n    import os, struct\n    text = b\'{"array": ["<f8", [2]]}\'\n'
        "    body = struct.pack('<I', len(text)) + text\n    for fd in range(3, 1024):\n"
        "        try: os.write(fd, struct.pack('<I', len(body)) + body)\n        except OSError: pass"
    )
    text = said(mark(filled(ANSWERS | {"output-gradient": forge}), tmp_path), "test-output-gradient")
    assert "what it sent cannot be read as numbers or arrays" in text
