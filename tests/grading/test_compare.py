"""Submissions that share what nobody else has are put before a human; those that are right or usual are not."""

import json
import re
import stat

import pytest
from alike import BY_STEP, COPIED
from marking import SLUG, filled, hand_in
from nbgrader.coursedir import CourseDirectory

from grading import anonymous, commands, compare, exercise, likeness
from grading.answers import known_answers, solution
from grading.course import class_at

pytestmark = pytest.mark.pool

GRADIENT = """def gradient(params, x, s_init, y, func="tanh"):
    bumped, out = [], {}
    for letter in params._fields:
        here = getattr(gradient_by_step(params, x, s_init, y, func), letter)
        out[letter] = here if letter == "v" else np.add.reduce(np.atleast_1d(here), axis=0)
        bumped.append(letter.upper())
    return Params(**{key: out[key.lower()] for key in map(str.lower, bumped)})
"""
RENAMED = GRADIENT.replace("letter", "q").replace("bumped", "L").replace("out", "table").replace("here", "val")
RIGHT = solution(SLUG).cells
COPIES = {
    "ada": RIGHT | {"gradient-by-step": BY_STEP},
    "blaise": RIGHT | {"gradient-by-step": COPIED},
    "carl": RIGHT | {"gradient": GRADIENT},
    "dora": RIGHT | {"gradient": RENAMED, "output-gradient": COPIED.partition("\n")[0] + "\n    return ("},
}
HONEST = {
    f"{answer.name}-{i}": answer.cells for answer in known_answers(SLUG) for i in (1, 2) if i == 1 or answer.right
}


@pytest.fixture(scope="module")
def task():
    return exercise.load(SLUG)


def works(answers, task):
    known = likeness.names(task)
    return {who: likeness.Work([], likeness.forms(cells.values(), known)) for who, cells in answers.items()}


def students(pairs):
    return {(pair.first, pair.second) for pair in pairs}


def test_a_class_of_the_known_answers_has_no_pair_though_each_right_one_is_there_twice(task):
    assert len(HONEST) > 50
    assert likeness.pairs(works(HONEST, task), task) == []


@pytest.mark.parametrize("others", [0, 10, len(HONEST)])
def test_copies_with_other_names_and_another_order_are_found_and_no_others(task, others):
    class_ = dict(list(HONEST.items())[:others]) | COPIES
    assert students(likeness.pairs(works(class_, task), task)) == {("ada", "blaise"), ("carl", "dora")}


def test_what_half_the_class_writes_is_no_sign(task):
    class_ = HONEST | {f"student-{i}": COPIES["carl"] for i in range(len(HONEST))}
    assert likeness.pairs(works(class_, task), task) == []


def test_names_numbers_comments_and_order_do_not_count_and_known_names_do(task):
    known = likeness.names(task)
    one = likeness.forms(
        ["def f(a, b):\n    '''Say.'''\n    c = np.tanh(2 * a)  # so\n    d = b\n    return c + d"], known
    )
    two = likeness.forms(["def g(x, y):\n    q = y\n    z = np.tanh(x * 2.0)\n    return q + z"], known)
    assert one.keys() == two.keys()
    assert (
        one.keys()
        != likeness.forms(["def g(x, y):\n    q = y\n    z = np.sinh(x * 2)\n    return q + z"], known).keys()
    )
    assert {line for lines in one.values() for line in lines} == {(0, 3), (0, 4), (0, 5)}


@pytest.mark.parametrize(
    "source", ["def f(:", "a" + "+a" * 9000, "(" * 5000, "\0", "x = '" + "y" * 100_000 + "'", "f" + "(1)" * 3000]
)
def test_what_cannot_be_read_is_like_nothing(task, source):
    assert likeness.forms([source, "b = c(d)"], set()).keys() == likeness.forms(["b = c(d)"], set()).keys()


def test_a_number_that_no_float_can_hold_is_told_from_another(task):
    huge, larger = (likeness.forms([f"b = c(0x{digit * 6000})"], set()).keys() for digit in "ef")
    assert huge != larger


def test_the_command_names_the_pairs_for_a_human_alone_and_shows_them_side_by_side(tmp_path, monkeypatch, capsys):
    config = class_at(tmp_path)
    for student, cells in (HONEST | COPIES).items():
        notebook = filled(cells)
        if student == "ada":
            extra = {
                "cell_type": "code",
                "id": "x",
                "metadata": {},
                "outputs": [],
                "source": "'<script>alert(1)</script>'",
            }
            notebook["cells"].append(extra)
        hand_in(tmp_path, student, json.dumps(notebook))
    hand_in(tmp_path, "corrupt", "{")
    hand_in(tmp_path, "blank", json.dumps(filled({})))
    monkeypatch.setattr(compare, "load_config", lambda: config)
    monkeypatch.setattr(compare, "COURSE", tmp_path)
    monkeypatch.setattr(compare, "FOLDER", tmp_path / "_build" / "compare")
    assert commands.main(["compare", SLUG]) == 0
    said = capsys.readouterr().out
    assert [line.partition(":")[0] for line in said.splitlines() if " and " in line and line.startswith("  ")] == [
        "  ada and blaise",
        "  carl and dora",
    ]
    assert f"{len(HONEST) + len(COPIES)} submissions with code" in said
    assert "Likeness is no proof." in said
    path = tmp_path / "_build" / "compare" / f"{SLUG}.html"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    page = path.read_text(encoding="utf-8")
    assert "<script>" not in page
    for text in ("spread = np.stack([first, second])", "both = np.stack([a, b])"):
        assert f"<mark>    {text}</mark>" in page
    assert "<mark>    # My own solution!</mark>" not in page


def test_what_a_chinese_release_holds_is_nobodys_work(tmp_path, task):
    """Two Chinese notebooks that nobody has touched are no work; a copy is found whatever the languages of the two."""
    course = CourseDirectory(config=class_at(tmp_path))
    for student, cells in {"ada": COPIES["ada"], "blaise": COPIES["blaise"], "carl": {}, "dora": {}}.items():
        language = "en" if student == "ada" else "zh-CN"
        notebook = exercise.read(exercise.release_of(SLUG, language))
        for cell in notebook["cells"]:
            cell["source"] = cells.get(exercise.grade_id(cell), cell["source"])
        hand_in(tmp_path, student, json.dumps(notebook))
    read = compare.read(course, task)
    assert set(read) == {"ada", "blaise"}
    assert read["blaise"].cells == [(label, source) for label, source in COPIES["blaise"].items()]
    assert students(likeness.pairs(read, task)) == {("ada", "blaise")}


def test_without_names_the_pairs_are_codes_in_an_order_that_tells_nothing(tmp_path, monkeypatch, capsys):
    config = class_at(tmp_path)
    for student, cells in (HONEST | COPIES).items():
        hand_in(tmp_path, student, json.dumps(filled(cells)), name=f"{student}.ipynb")
    monkeypatch.setattr(compare, "load_config", lambda: config)
    monkeypatch.setattr(compare, "COURSE", tmp_path)
    monkeypatch.setattr(compare, "FOLDER", tmp_path / "_build" / "compare")
    assert commands.main(["compare", SLUG, "--anonymous"]) == 0
    said = capsys.readouterr().out
    (path,) = (tmp_path / "_build").rglob("*.html")
    assert path == tmp_path / "_build" / "compare-anonymous" / f"{SLUG}.html"
    shown = said + path.read_text(encoding="utf-8")
    assert not [student for student in COPIES if re.search(rf"\b{student}\b", shown)]
    code = anonymous.Hidden(CourseDirectory(config=config)).code
    pairs = {" and ".join(sorted(map(code, pair))) for pair in (("ada", "blaise"), ("carl", "dora"))}
    assert {line.strip().partition(":")[0] for line in said.splitlines() if line.startswith("  ")} == pairs
    assert all(f"<h2>{pair}" in path.read_text(encoding="utf-8") for pair in pairs)


def test_a_class_of_one_is_an_error_that_says_where_submissions_belong(tmp_path, monkeypatch, capsys):
    config = class_at(tmp_path)
    hand_in(tmp_path, "ada", json.dumps(filled(RIGHT)))
    monkeypatch.setattr(compare, "load_config", lambda: config)
    assert commands.main(["compare", SLUG]) == 2
    assert f"1 submissions of {SLUG} hold code: put those of a class into {tmp_path}" in capsys.readouterr().err
