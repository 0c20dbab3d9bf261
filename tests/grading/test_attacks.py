"""No submission gets more than it deserves, learns a secret, changes anything outside, or stops the grader."""

import hashlib
import json
import socket

import nbformat
import pytest
from attacks import ATTACKS, CANARY, FULL, RIGHT, write
from conftest import needs
from marking import FAST, SLUG, filled, hand_in
from nbgrader.coursedir import CourseDirectory

from grading.autograde import autograde
from grading.course import COURSE, class_at
from grading.gradebook import autograded

pytestmark = pytest.mark.pool

HONEST = ("aa-right", "zz-right")  # the first and the last to be marked
SECONDS = 90  # for one submission on a busy machine; its own budget is 60


class Class:
    """The class after it was marked once, all submissions together, by two workers."""

    def __init__(self, root, listener):
        self.paths = {
            "HOME": root / "home",
            "COURSE": COURSE,
            "CLASS": root / "submitted",
            "GRADEBOOK": root / "gradebook.db",
            "PORT": listener.getsockname()[1],
        }
        self.config = class_at(root)
        self.paths["HOME"].mkdir()
        (self.paths["HOME"] / "secret").write_text(CANARY)
        for attack in ATTACKS:
            write(attack, root / "submitted" / attack.name / SLUG, self.paths)
        for student in HONEST:
            hand_in(root, student, json.dumps(filled(RIGHT | {"gradient": own_words()})))
        watched = [
            self.paths["HOME"],
            root / "submitted",
            COURSE / "solutions",
            COURSE / "rnnlib",
            COURSE / "exercises",
        ]
        self.before = [fingerprint(path) for path in watched]
        results, self.strays = autograde(SLUG, self.config, FAST, workers=2)
        self.after = [fingerprint(path) for path in watched]
        self.results = {result.student: result for result in results}

    def notebook(self, student):
        path = autograded(CourseDirectory(config=self.config), SLUG, student)
        return nbformat.read(path, as_version=4)


def own_words():
    """The right answer, with a secret in it that no other student may see."""
    return f"# {CANARY}\n{RIGHT['gradient']}"


def fingerprint(directory):
    """A digest of the names, sizes and bytes below a directory; compiled files aside."""
    digest = hashlib.sha256()
    for path in sorted(directory.rglob("*")):
        if "__pycache__" in path.parts:
            continue
        digest.update(str(path).encode())
        if path.is_file() and not path.is_symlink():
            digest.update(str(path.stat().st_size).encode())
            digest.update(path.read_bytes() if path.stat().st_size < 2**30 else b"")
    return digest.hexdigest()


@pytest.fixture(scope="module")
def listener():
    """A port of this machine that answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        yield server


@pytest.fixture(scope="module")
def marked(tmp_path_factory, listener):
    needs("bwrap")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADER_SECRET", CANARY)
        return Class(tmp_path_factory.mktemp("class"), listener)


def test_there_are_sixty_attacks_and_more_of_five_families():
    assert len(ATTACKS) >= 60
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS)
    assert {attack.family for attack in ATTACKS} == {"language", "machine", "border", "notebook", "record"}


@pytest.mark.parametrize("attack", ATTACKS, ids=[f"{attack.family}-{attack.name}" for attack in ATTACKS])
def test_an_attack_gets_the_mark_it_deserves_and_nothing_else(marked, attack):
    result = marked.results[attack.name]
    assert result.points == attack.points, attack.why
    assert result.seconds < SECONDS
    assert not any("the grader failed" in line for line in result.human)
    received = marked.notebook(attack.name)
    outputs = json.dumps([cell.get("outputs", []) for cell in received.cells])
    assert CANARY not in outputs
    assert "same_answer" not in outputs
    assert len(outputs) < 2**20


def test_right_submissions_before_and_after_the_attacks_keep_all_points(marked):
    assert [marked.results[student].points for student in HONEST] == [FULL, FULL]


def test_nothing_outside_was_changed(marked):
    assert marked.after == marked.before
    assert not (marked.paths["HOME"] / "planted").exists()


def test_nobody_called_the_network(marked, listener):
    with pytest.raises(TimeoutError):
        listener.accept()
