"""Whatever a student has done to a Chinese notebook, no sentence of ours in its feedback is English."""

import base64
import contextlib
import html
import io
import json
import re
import sys
from functools import cache

import numpy as np
import pytest
import rearranged
from marking import FAST, SLUG

from grading import catalogues, exercise, feedback, gradebook, intake, nbgrader_plugins, record, transplant
from grading.answers import solution
from grading.bench import OwnBench
from grading.execute import execute
from rnnlib import gradcheck, words

pytestmark = pytest.mark.pool

LANGUAGE = "zh-CN"
ANSWERS = solution(SLUG).cells
GRADIENT = ANSWERS["gradient"]
HEAD = GRADIENT[: GRADIENT.index("\n") + 1]
# Three words in a row are a sentence. What a page shows as it is was written by the student, by Python or for it.
ENGLISH = re.compile(r"[A-Za-z][a-z']+(?:,? [A-Za-z][a-z']+){2,}")
AS_IT_IS = re.compile(
    r'<(pre|code|style|script|dd class="call"|div class="own")\b.*?</(?:pre|code|style|script|dd|div)>', re.DOTALL
)
OF_PYTHON = [
    "Expecting value",
    "Unterminated string starting at",
    "division by zero",
    "invalid syntax",
    "is not defined",
]


def chinese(cells=None):
    """The Chinese notebook with some of its answer cells filled in."""
    notebook = exercise.read(exercise.release_of(SLUG, LANGUAGE))
    for cell in notebook["cells"]:
        cell["source"] = (ANSWERS if cells is None else cells).get(exercise.grade_id(cell), cell["source"])
    return notebook


def with_gradient(source):
    return chinese(ANSWERS | {"gradient": source})


def with_own_cell(source):
    notebook = chinese()
    rearranged.insert_below(notebook, "gradient", rearranged.unlabelled(source))
    return notebook


def with_text(cell):
    notebook = chinese()
    notebook["cells"].append({"cell_type": "markdown", "metadata": {}, "source": "我的推导"} | cell)
    return notebook


def rearranged_by(change):
    notebook = chinese()
    change(notebook)
    return notebook


def old(notebook):
    return {"nbformat": 3, "worksheets": [{"cells": notebook["cells"]}]}


def picture(data, kind="image/png"):
    return {"attachments": {"photo.png": {kind: base64.b64encode(data).decode()}}}


def files(**others):
    """The files of a hand-in, {name: a notebook or text}; `usual` is the one with the right name."""
    return {f"{SLUG}.ipynb" if name == "usual" else name: content for name, content in others.items()}


LONG = "#" * (intake.MAX_SOURCE + 1)
CUT = json.dumps(chinese())[:-2000]
ASKED = HEAD + '    input("u?")\n    return Params(1.0, 1.0, 1.0, 1.0)'
NOTEBOOKS = {
    **{change.__name__: rearranged_by(change) for change in rearranged.FULL},
    "untouched": chinese({}),
    "a cell that is missing": {"cells": [c for c in chinese()["cells"] if exercise.grade_id(c) != "gradient"]},
    "a set-up that is missing": {"cells": [*chinese()["cells"][:1], *chinese()["cells"][2:]]},
    "a locked cell that was changed": rearranged_by(
        lambda n: rearranged.cell(n, "check-gradient").update(source="exercise.run = print")
    ),
    "an answer that is text": rearranged_by(lambda n: rearranged.cell(n, "gradient").update(cell_type="markdown")),
    "two versions": rearranged_by(
        lambda n: rearranged.insert_below(n, "gradient", rearranged.labelled(n, "gradient", rearranged.WRONG))
    ),
    "a draft below": with_own_cell(rearranged.WRONG),
    "a wrong answer": with_gradient(rearranged.WRONG),
    "the raise of the stub above the code": with_gradient(
        HEAD + "    raise NotImplementedError\n" + GRADIENT[len(HEAD) :]
    ),
    "the raise of the stub below the code": with_gradient(
        GRADIENT.replace("    return ", "    found = ") + "\n    raise NotImplementedError"
    ),
    "one that another calls is not done": chinese({**ANSWERS, "output-gradient": HEAD.replace("gradient", "x")}),
    "input() in a function": with_gradient(ASKED),
    "input() in a cell": with_own_cell('name = input("?")'),
    "a command of the shell": with_own_cell("!ls\nfiles = !ls"),
    "exit": with_own_cell("exit()"),
    "an error in a cell": with_own_cell("1 / 0"),
    "no Python": with_gradient("def gradient(:"),
    "an error in a function": with_gradient(HEAD + "    return 1 / 0"),
    "nothing returned": with_gradient(HEAD + "    pass"),
    "a text returned": with_gradient(HEAD + "    return 'x'"),
    "a generator returned": with_gradient(HEAD + "    yield 1"),
    "what cannot be graded": with_gradient(HEAD + "    return object()"),
    "NaN": with_gradient(GRADIENT.replace("parts.u.sum()", "float('nan')")),
    "whole numbers": with_gradient(GRADIENT.replace("parts.u.sum()", "int(1)")),
    "another shape": with_gradient(GRADIENT.replace("parts.u.sum()", "parts.u")),
    "much that is printed": with_own_cell("print('x' * 200_000)"),
    "what is withheld": with_own_cell("from rnnlib.scalar import backward"),
    "a cell that is too long": with_own_cell(LONG),
    "more cells than are taken": {"cells": [*chinese()["cells"], *[rearranged.unlabelled("x = 1")] * 5000]},
    "a damaged picture": with_text(picture(b"no picture")),
    "a picture of another kind": with_text(picture(b"<svg/>", "image/svg+xml")),
    "a long text": with_text({"source": "字" * 20_000}),
    "the format of 2013": old(chinese()),
}
FILES = {
    "another name": files(**{"two-step (1).ipynb": chinese()}),
    "nested": files(**{"a/b/homework.json": chinese()}),
    "an untouched one beside it": files(usual=chinese({}), **{"copy.ipynb": chinese()}),
    "two that differ": files(usual=chinese(), **{"copy.ipynb": with_gradient(rearranged.WRONG)}),
    "two of which one has more": files(usual=chinese(), **{"copy.ipynb": chinese({"gradient": rearranged.WRONG})}),
    "one that is cut off beside it": files(usual=chinese(), **{"copy.ipynb": CUT}),
    "another exercise beside it": files(
        usual=chinese(), **{"b.ipynb": exercise.read(exercise.release_of("t-steps", LANGUAGE))}
    ),
    "something else beside it": files(usual=chinese(), **{"b.ipynb": {"cells": [rearranged.unlabelled("x = 1")]}}),
    "very many files": files(usual=chinese(), **{f"{i}.txt": "x" for i in range(30)}),
    "another exercise": files(usual=exercise.read(exercise.release_of("t-steps", LANGUAGE))),
    "one that is cut off": files(usual=CUT),
    "one without cells": files(usual={"metadata": {}, "text": 'LANGUAGE = "zh-CN"'}),
    "a large one that is cut off": files(usual=json.dumps(with_own_cell("#" * intake.MAX_HERE))[:-9]),
    "another encoding": files(usual=json.dumps(chinese(), ensure_ascii=False).encode("utf-16")),
}


def handed_in(folder, content):
    """Write the files of a hand-in; return the intake.Submission that is read of them."""
    for name, text in content.items():
        path = folder / SLUG / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = text if isinstance(text, (str, bytes)) else json.dumps(text)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
    return intake.read_folder(folder / SLUG, SLUG)


def marked(read):
    task = exercise.load(SLUG, read.language)
    with contextlib.redirect_stdout(io.StringIO()):
        return execute(transplant.rebuild(task, read), task, FAST, OwnBench)


def english(page):
    """The English sentences in a page of feedback that we have written: of the catalogue, or of more than two words."""
    text = html.unescape(re.sub(r"<[^>]*>", "\n", AS_IT_IS.sub("\n", page)))
    for said in OF_PYTHON:
        text = text.replace(said, "")
    return [*ENGLISH.findall(text), *(said for said in known() if said in text)]


@cache
def known():
    """What the messages of the catalogue say in two words or more, between the values that are put in."""
    pieces = {piece.strip() for message in catalogues.messages() for piece in re.split(r"\{[^}]*\}|\n", message)}
    return {piece for piece in pieces if re.search("[a-z]{2,} [a-z]{2,}", piece)}


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_no_sentence_about_a_chinese_notebook_is_english(tmp_path, name):
    read = handed_in(tmp_path, files(usual=NOTEBOOKS[name]))
    if name != "a set-up that is missing":
        assert read.language == LANGUAGE
        assert english(nbgrader_plugins.page_of(marked(read), SLUG)) == []


@pytest.mark.parametrize("name", FILES)
def test_no_sentence_about_a_chinese_hand_in_is_english(tmp_path, name):
    read = handed_in(tmp_path, FILES[name])
    lines = [read.problem, *read.notes, *read.costs, *read.human]
    assert any(lines), "this case is to have something to say"
    assert read.language == LANGUAGE
    assert english("\n".join(map(html.escape, lines))) == []
    assert all(re.search("[\u4e00-\u9fff]", line) for line in filter(None, lines))


def test_what_is_looked_for_would_be_found():
    task = exercise.load(SLUG)
    read = intake.Submission((), ("two-step.ipynb was left aside: nothing is filled in there",), "", "")
    page = feedback.page(feedback.results(execute(transplant.rebuild(task, read), task, FAST, OwnBench), task))
    assert any("nothing is filled in there" in found for found in english(page))
    assert english("<p>gradient 没有定义</p><pre>an error that Python shows</pre>") == []
    assert english("<p>gradient is wrong</p>")


def test_a_page_that_is_shortened_says_so_in_the_language_of_the_notebook(tmp_path, monkeypatch):
    monkeypatch.setattr(nbgrader_plugins, "MAX_PAGE", 0)
    page = nbgrader_plugins.page_of(marked(handed_in(tmp_path, files(usual=chinese({})))), SLUG)
    assert "本页有删减" in page
    assert english(page) == []


@pytest.mark.parametrize("timestamp", ["some time", "2999-01-01 00:00:00 UTC"])
def test_what_is_said_of_a_time_is_in_the_language_of_the_notebook(tmp_path, timestamp):
    when, noted = gradebook._time_of(timestamp, record.Record("", (), ""), LANGUAGE)
    assert (when is None) == (timestamp == "some time")
    assert [line for line in noted.human if "timestamp.txt 中" in line] == list(noted.human) != []
    assert gradebook._without_time(noted, LANGUAGE) == record.Record("", (), "")


WRONG = {
    "a wrong entry": (np.array([1.0, 2.0]), np.array([1.0, 3.0])),
    "another type": ("x", np.array(1.0)),
    "whole numbers": (np.array([1, 2]), np.array([1.0, 2.0])),
    "another shape": (np.array([1.0]), np.array([1.0, 2.0])),
    "NaN": (np.array([np.nan]), np.array([1.0])),
    "too many": ((1.0, 2.0), np.array(1.0)),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_gradient_check_in_a_chinese_notebook_speaks_its_language(monkeypatch, case):
    """Where a cell calls it outside of a check, too: the cells of a notebook are the module __main__."""
    with pytest.raises(AssertionError) as usual:
        gradcheck.compare(*WRONG[case])
    monkeypatch.setattr(sys.modules["__main__"], "LANGUAGE", LANGUAGE, raising=False)
    with pytest.raises(AssertionError) as told:
        gradcheck.compare(*WRONG[case])
    assert str(told.value) != str(usual.value)
    assert english(str(told.value)) == []
    assert re.findall(r"\d[\d.e-]*", str(told.value)) == re.findall(r"\d[\d.e-]*", str(usual.value))
    with words.speaking(words.ENGLISH), pytest.raises(AssertionError) as again:  # a grader says which language
        gradcheck.compare(*WRONG[case])
    assert str(again.value) == str(usual.value)
