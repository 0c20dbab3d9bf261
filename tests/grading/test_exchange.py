"""Through nbgrader's exchange, from the release to the feedback: two users of this machine, and what reaches each."""

import json
import os
import pwd
import re
import shutil
import stat
import subprocess
import sys
import tempfile
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
import users
from entering import NOON, enter, opened
from marking import copy_of_the_course, filled, hidden_lines, nbgrader, run
from nbgrader.apps import NbGraderAPI
from nbgrader.utils import notebook_hash
from users import ROOT, STUDENTS

from grading import exchange, exercise, feedback_pages
from grading.answers import solution
from grading.course import COURSE, class_at

pytestmark = [
    pytest.mark.pool,
    pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning"),  # nbgrader's own order of adding rows
]

SLUG = "two-step"
SEED = 987_123_465
FROM_THE_EXCHANGE = {"timestamp.txt", "submission_secret.txt"}
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
READABLE = """
import json, os, sys
needles, found = json.load(sys.stdin), {}
for place in sys.argv[1:]:
    for folder, _, names in os.walk(place):
        for path in [os.path.join(folder, name) for name in names]:
            try:
                text = open(path, "rb").read().decode("utf-8", "replace")
            except OSError:
                continue
            found[path] = [needle for needle in needles if needle in text]
print(json.dumps(found))
"""


class Students:
    """The two users, each in a home of their own below a folder that everybody can read."""

    def __init__(self, base, shared):
        self.home = {name: base / "home" / name for name in STUDENTS}
        for name, home in self.home.items():
            (home / ".jupyter").mkdir(parents=True)
            settings = f"c.CourseDirectory.course_id = 'bptt'\nc.Exchange.root = {str(shared)!r}\n"
            (home / ".jupyter" / "nbgrader_config.py").write_text(settings)
            users.own_home(name, home)

    def run(self, student, *command, given=b""):
        """What a student's command prints; it runs in the student's home."""
        acting = users.acting_as(student, self.home[student], Path(sys.executable).parent)
        reaching = users.reaching(sys.base_prefix, sys.prefix)
        done = subprocess.run([*ROOT, *reaching, *acting, *command], input=given, capture_output=True, timeout=120)
        assert done.returncode == 0, done.stderr.decode()
        return (done.stdout + done.stderr).decode(errors="replace")

    def nbgrader(self, student, *command):
        """What one of nbgrader's commands says to a student."""
        return self.run(student, "python", "-m", "nbgrader", *command)

    def read(self, student, path):
        """The bytes of a file in a student's home."""
        return users.bytes_of(self.home[student] / path)

    def names(self, student, path):
        """The names of all files below a folder in a student's home."""
        place = self.home[student] / path
        done = subprocess.run([*ROOT, "find", place, "-type", "f"], check=True, capture_output=True, text=True)
        return sorted(str(Path(line).relative_to(place)) for line in done.stdout.splitlines())


@pytest.fixture(scope="module")
def base():
    """A folder that the two users can enter, as they could not enter pytest's own."""
    users.ensure_there(*STUDENTS)
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    subprocess.run([*ROOT, "rm", "-rf", folder], check=True)


def copy_of_the_class(root, shared):
    """A copy of the course whose exchange is the folder `shared`; everybody can read it, as an ordinary clone."""
    root.mkdir()
    copy_of_the_course(root)
    shutil.copytree(COURSE / "exercises" / SLUG, root / "exercises" / SLUG)
    with open(root / "nbgrader_config.py", "a", encoding="utf-8") as config:
        config.write(f"\nc.Exchange.root = {str(shared)!r}\n")
    return root


@pytest.fixture(scope="module")
def course(base):
    """A class in which both students submitted, and which both of the marking commands have marked."""
    shared = base / "exchange"
    shared.mkdir()
    shared.chmod(0o777)
    clone, students = copy_of_the_class(base / "clone", shared), Students(base, shared)
    found = SimpleNamespace(exchange=shared, clone=clone, students=students, base=base, seen={})
    found.handed_in, found.fetched, found.fetched_release = {}, {}, {}
    nbgrader(clone, "generate_assignment", SLUG, "--force")
    nbgrader(clone, "release_assignment", SLUG)
    for student in STUDENTS:
        found.seen[student] = [students.nbgrader(student, "list")]
        students.nbgrader(student, "fetch_assignment", SLUG)
        found.fetched_release[student] = students.read(student, f"{SLUG}/{SLUG}.ipynb")
        found.handed_in[student] = worked_on(student)
        for name, data in found.handed_in[student].items():
            students.run(student, "tee", f"{SLUG}/{name}", given=data)
        students.nbgrader(student, "submit", SLUG)
        found.seen[student].append(students.nbgrader(student, "list", "--inbound"))
    nbgrader(clone, "collect", SLUG)
    found.stock = shutil.copytree(clone, base / "stock")
    done = run(clone, "python", "-m", "grading", "autograde", SLUG, "--workers", "1", "--seed", str(SEED))
    assert "2 submissions: 2 marked" in done.stdout, done.stdout + done.stderr
    nbgrader(found.stock, "autograde", SLUG, f"--Execute.seed={SEED}")
    for root in (clone, found.stock):
        nbgrader(root, "generate_feedback", SLUG)
        nbgrader(root, "release_feedback", SLUG)
        for student in STUDENTS:
            students.nbgrader(student, "fetch_feedback", SLUG)
            (name,) = [name for name in students.names(student, SLUG) if name.startswith("feedback/")]
            found.fetched[root, student] = students.read(student, f"{SLUG}/{name}")
    return found


def worked_on(student):
    """What a student hands in, {name: bytes}: one part done, the student's name in it, and a picture."""
    lines = [line for line in solution(SLUG).cells["output-gradient"].splitlines() if "### " not in line]
    notebook = filled({"output-gradient": "\n".join([*lines, f"# by {student}"])})
    assert student in json.dumps(notebook)
    return {f"{SLUG}.ipynb": json.dumps(notebook).encode(), "photograph.png": PICTURE + student.encode()}


def tree(folder):
    """{path: mode} of everything below a folder."""
    return {str(path.relative_to(folder)): stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*")}


def test_what_is_fetched_is_the_release_byte_for_byte(course):
    released = (COURSE / "exercises" / SLUG / f"{SLUG}.ipynb").read_bytes()
    outbound = course.exchange / "bptt" / "outbound" / SLUG
    assert tree(outbound) == {f"{SLUG}.ipynb": 0o644}
    assert (outbound / f"{SLUG}.ipynb").read_bytes() == released
    for student in STUDENTS:
        assert course.fetched_release[student] == released


def test_students_are_shown_what_is_released_and_what_they_submitted(course):
    for student in STUDENTS:
        released, submitted = course.seen[student]
        assert f"bptt {SLUG}" in released
        assert "Submitted assignments" in submitted


def test_what_is_collected_is_what_was_handed_in_byte_for_byte_and_its_teachers_alone(course):
    for student in STUDENTS:
        (inbound,) = (course.exchange / "bptt" / "inbound").glob(f"{student}+{SLUG}+*")
        submitted = course.clone / "submitted" / student / SLUG
        assert tree(submitted) == dict.fromkeys([*course.handed_in[student], *FROM_THE_EXCHANGE], 0o600)
        for name, data in course.handed_in[student].items():
            assert (submitted / name).read_bytes() == data
        for name in FROM_THE_EXCHANGE:
            assert (submitted / name).read_bytes() == (inbound / name).read_bytes() != b""


@pytest.mark.parametrize(
    ("step", "files"),
    [("autograded", {f"{SLUG}.ipynb", *FROM_THE_EXCHANGE}), ("feedback", {f"{SLUG}.html"})],
)
def test_both_commands_leave_the_same_folders_and_the_files_of_the_exchange_travel(course, step, files):
    for student in STUDENTS:
        ours, stock = (root / step / student / SLUG for root in (course.clone, course.stock))
        assert tree(ours) == tree(stock) == dict.fromkeys(files, 0o600)
        for name in files - FROM_THE_EXCHANGE:
            assert text_without_time(ours / name) == text_without_time(stock / name)
        for name in files & FROM_THE_EXCHANGE:
            submitted = course.clone / "submitted" / student / SLUG / name
            assert (ours / name).read_bytes() == (stock / name).read_bytes() == submitted.read_bytes()


def text_without_time(path):
    """The text of a file, or the notebook in it without the seconds that marking took."""
    if path.suffix == ".html":
        return path.read_text(encoding="utf-8")
    notebook = exercise.read(path)
    del notebook["metadata"]["grading"]["seconds"]
    return notebook


def test_the_feedback_that_a_student_fetches_is_that_students_page_byte_for_byte(course):
    for student in STUDENTS:
        for root in (course.clone, course.stock):
            page = (root / "feedback" / student / SLUG / f"{SLUG}.html").read_bytes()
            assert course.fetched[root, student] == page
            assert f"by {student}".encode() in page
            assert b"3 of 15 points" in page


def test_nothing_that_a_student_can_read_holds_an_answer_a_hidden_test_a_seed_or_anothers_work(course):
    release, answers = exercise.read(COURSE / "exercises" / SLUG / f"{SLUG}.ipynb"), solution(SLUG).cells
    public = "\n".join(cell["source"] for cell in release["cells"]) + answers["output-gradient"]
    lines = {line.strip() for source in answers.values() for line in source.splitlines()}
    needles = [line for line in lines if len(line) > 20 and line not in public]
    needles += [line for line in hidden_lines(SLUG) if line not in public]
    assert len(needles) > 20
    secrets = {s: (course.clone / "submitted" / s / SLUG / "submission_secret.txt").read_text() for s in STUDENTS}
    in_the_clone = [path for path in course.clone.iterdir() if path.name not in ("solutions", "grading", "rnnlib")]
    for student, other in (STUDENTS, STUDENTS[::-1]):
        sought = [*needles, "BEGIN HIDDEN TESTS", "BEGIN SOLUTION", str(SEED), f"by {other}"]
        places = map(str, [course.exchange, course.base / "home", course.base / "stock" / "submitted", *in_the_clone])
        said = course.students.run(
            student, "python", "-c", READABLE, *places, given=json.dumps([*sought, secrets[student]]).encode()
        )
        readable = json.loads(said)
        assert {path for path, found in readable.items() if secrets[student] in found} != set()
        assert {path: found for path, found in readable.items() if set(found) - {secrets[student]}} == {}
        assert not [path for path in readable if other in path]
        assert any(path.endswith(f"outbound/{SLUG}/{SLUG}.ipynb") for path in readable)


def test_what_the_class_made_in_the_clone_is_its_teachers_alone(course):
    for root in (course.clone, course.stock):
        for name in ("submitted", "autograded", "feedback", "gradebook.db"):
            assert stat.S_IMODE((root / name).stat().st_mode) & 0o077 == 0, name
            assert [path for path, mode in tree(root / name).items() if mode & 0o077] == []
    report = course.clone / "_build" / "report"
    assert stat.S_IMODE(report.stat().st_mode) == 0o700
    modes = tree(report)
    assert "index.html" in modes
    assert len([name for name in modes if name.startswith("students/")]) == 2
    assert {name: mode for name, mode in modes.items() if mode & 0o077} == {}


@pytest.fixture
def desk(tmp_path, fresh_gradebook):
    """A class that has an exchange to itself, in which everything belongs to the user who runs the tests."""
    (tmp_path / "exchange").mkdir()
    (tmp_path / "exchange").chmod(0o777)
    clone = copy_of_the_class(tmp_path / "clone", tmp_path / "exchange")
    shutil.copy(fresh_gradebook, clone)
    inbound = tmp_path / "exchange" / "bptt" / "inbound"
    inbound.mkdir(parents=True)
    return SimpleNamespace(clone=clone, exchange=tmp_path / "exchange", inbound=inbound)


@pytest.fixture
def said(capsys, caplog):
    """What nbgrader has logged; after other commands in the same process, it goes to one place or to the other."""
    return lambda: capsys.readouterr().err + caplog.text


ME = pwd.getpwuid(os.geteuid()).pw_name
SECRET = "5ec2e7" * 20


def submitted(desk, student, when="2026-11-26 10:00:00 UTC", **files):
    """A folder as `nbgrader submit` makes it; names of files have _ for the dot."""
    folder = desk.inbound / f"{student}+{SLUG}+{when}+abc"
    folder.mkdir()
    usual = {"timestamp_txt": when.encode(), "submission_secret_txt": SECRET.encode()}
    for name, data in ({"two-step_ipynb": b"{}"} | usual | files).items():
        (folder / name.replace("_", ".").replace("submission.", "submission_")).write_bytes(data)
    return folder


def collected(desk, student):
    folder = desk.clone / "submitted" / student / SLUG
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else None


WHOLE = ["submission_secret.txt", "timestamp.txt", f"{SLUG}.ipynb"]


def test_no_link_is_followed_and_no_pipe_waited_for(desk, said):
    folder = submitted(desk, ME, picture_png=PICTURE)
    (folder / "gradebook.db").symlink_to(desk.clone / "gradebook.db")
    (folder / "all").symlink_to(desk.clone / "solutions")
    os.mkfifo(folder / "pipe")
    (folder / f"{SLUG}.ipynb").unlink()
    (folder / f"{SLUG}.ipynb").symlink_to(desk.clone / "solutions" / SLUG / f"{SLUG}.ipynb")
    nbgrader(desk.clone, "collect", SLUG)
    assert collected(desk, ME) == ["picture.png", "submission_secret.txt", "timestamp.txt"]
    words = said()
    assert f"{ME}: {SLUG}.ipynb (a link) was not collected" in words
    assert f"{ME}: pipe (no plain file) was not collected" in words


def test_a_folder_that_is_a_link_is_not_collected_and_one_that_is_none_comes_first(desk, said):
    (desk.inbound / f"ada+{SLUG}+2026-11-27 10:00:00 UTC+x").symlink_to(desk.clone / "solutions" / SLUG)
    (desk.inbound / f"{ME}+{SLUG}+2026-11-27 10:00:00 UTC+x").symlink_to(desk.clone / "solutions" / SLUG)
    submitted(desk, ME)
    nbgrader(desk.clone, "collect", SLUG)
    assert collected(desk, ME) == WHOLE
    assert collected(desk, "ada") is None
    assert f"'ada+{SLUG}+2026-11-27 10:00:00 UTC+x' in the exchange is no student's folder" in said()


def test_a_folder_of_a_senseless_name_keeps_nobody_from_being_collected(desk):
    submitted(desk, "zoe")
    submitted(desk, "")
    submitted(desk, ME, when="a long time ago")
    submitted(desk, ME)
    nbgrader(desk.clone, "collect", SLUG)
    assert collected(desk, ME) == collected(desk, "zoe") == WHOLE
    assert (desk.clone / "submitted" / ME / SLUG / "timestamp.txt").read_bytes() == b"2026-11-26 10:00:00 UTC"
    assert sorted(path.name for path in (desk.clone / "submitted").iterdir()) == sorted([ME, "zoe"])


def test_what_is_too_large_or_too_much_is_left_out_and_the_notebook_taken_all_the_same(desk, said):
    folder = submitted(desk, ME)
    with open(folder / "a-film.mp4", "wb") as file:
        file.truncate(200_000_000)  # it takes no place on the disk
    many = folder / "many"
    many.mkdir()
    for number in range(1100):
        (many / f"{number}.txt").touch()
    deep = folder
    for _ in range(15):
        deep = deep / "deeper"
        deep.mkdir()
    nbgrader(desk.clone, "collect", SLUG)
    assert set(WHOLE) < set(collected(desk, ME))
    assert not (desk.clone / "submitted" / ME / SLUG / "a-film.mp4").exists()
    assert len(list((desk.clone / "submitted" / ME / SLUG).rglob("*"))) < 1100
    words = said()
    assert "a-film.mp4 (too large) was not collected" in words
    assert "what came after 1000 files and folders was not collected" in words


def test_a_release_leaves_out_whatever_is_an_answer(desk, said):
    release = desk.clone / "exercises" / SLUG
    for name in ("answers.toml", f"{SLUG}.md"):
        shutil.copy(desk.clone / "solutions" / SLUG / name, release)
    shutil.copy(release / f"{SLUG}.md", release / "draft of mine.txt")
    (release / ".notes").write_text("mine")
    (release / "everything").symlink_to(desk.clone / "solutions")
    (release / "data.csv").write_text("1,2")
    nbgrader(desk.clone, "release_assignment", SLUG)
    outbound = desk.exchange / "bptt" / "outbound" / SLUG
    assert sorted(path.name for path in outbound.iterdir()) == ["data.csv", f"{SLUG}.ipynb"]
    assert "answers.toml (an answer, or hidden) was not handed out" in said()


@pytest.mark.parametrize("state", ["holds answers", "is missing"])
def test_a_notebook_with_answers_or_none_at_all_is_not_released(desk, said, state):
    release = desk.clone / "exercises" / SLUG / f"{SLUG}.ipynb"
    release.unlink()
    if state == "holds answers":
        shutil.copy(desk.clone / "solutions" / SLUG / f"{SLUG}.ipynb", release)
    with pytest.raises(SystemExit):
        nbgrader(desk.clone, "release_assignment", SLUG)
    assert f"{state}: run `nbgrader generate_assignment {SLUG} --force`" in said()
    assert not (desk.exchange / "bptt" / "outbound" / SLUG).exists()


def test_a_release_is_made_of_the_notebook_alone_whatever_lies_beside_its_source(desk):
    (desk.clone / "solutions" / SLUG / f"{SLUG}.md~").write_text("answers")
    nbgrader(desk.clone, "generate_assignment", SLUG, "--force")
    assert [path.name for path in (desk.clone / "exercises" / SLUG).iterdir()] == [f"{SLUG}.ipynb"]


def page_of(desk, student, secret=SECRET):
    """Make the page of feedback on a marked notebook."""
    marked = enter(desk.clone, student, ["test-gradient"], problem=f"the page of {student}")
    (marked.parent / "submission_secret.txt").write_text(secret)
    feedback_pages.write(SLUG, class_at(desk.clone), [student])


def test_a_server_that_has_made_a_release_collects_from_everybody_as_before(desk):
    """Formgrader's buttons act on one set of folders for as long as the server runs."""
    config = class_at(desk.clone)
    config.Exchange.root = str(desk.exchange)
    server = NbGraderAPI(config=config)
    ignored = list(server.coursedir.ignore)
    assert server.generate_assignment(SLUG, force=True, create=True)["success"]
    assert (server.coursedir.student_id, server.coursedir.ignore) == ("*", ignored)
    submitted(desk, ME)
    assert server.collect(SLUG)["success"]
    assert collected(desk, ME) == WHOLE


def released(desk):
    """{name of a file in the exchange: whose page of feedback it is}."""
    folder = desk.exchange / "bptt" / "feedback"
    return {path.name: re.search("the page of ([^<.]*)", path.read_text())[1] for path in folder.iterdir()}


def mark_again(desk):
    enter(desk.clone, "ada", problem="the page of ada")


def give_a_mark(desk):
    with opened(desk.clone) as book:
        book.find_grade("test-gradient", SLUG, SLUG, "ada").manual_score = 1.0
        book.db.commit()


def give_an_extension(desk):
    with opened(desk.clone) as book:
        book.find_assignment(SLUG).duedate = NOON
        book.find_submission(SLUG, "ada").extension = timedelta(days=1)
        book.db.commit()


@pytest.mark.parametrize("change", [mark_again, give_a_mark, give_an_extension])
def test_a_page_that_is_not_what_the_marks_are_now_is_not_released(change, desk, said):
    page_of(desk, "ada")
    page_of(desk, "blaise", SECRET[::-1])
    change(desk)
    nbgrader(desk.clone, "release_feedback", SLUG)
    assert "ada has a page that is not what the marks are now: make the feedback again" in said()
    assert list(released(desk).values()) == ["blaise"]
    feedback_pages.write(SLUG, class_at(desk.clone))
    nbgrader(desk.clone, "release_feedback", SLUG)
    assert sorted(released(desk).values()) == ["ada", "blaise"]


def test_feedback_is_released_by_a_students_secret_to_be_read_by_who_knows_it(desk, said):
    for student, secret in {"ada": SECRET, "by hand": "", "guessed": "1", "st[u]*": SECRET[::-1]}.items():
        page_of(desk, student, secret)
    (desk.clone / "submitted" / "ada" / SLUG).mkdir(parents=True)
    (desk.clone / "submitted" / "ada" / SLUG / "my copy.ipynb").touch()
    nbgrader(desk.clone, "release_feedback", SLUG)
    folder = desk.exchange / "bptt" / "feedback"
    names = [notebook_hash(secret=SECRET, notebook_id=name) for name in (SLUG, "my copy")]
    other = notebook_hash(secret=SECRET[::-1], notebook_id=SLUG)
    assert tree(folder) == {f"{name}.html": 0o644 for name in (*names, other)}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o711
    assert {released(desk)[f"{name}.html"] for name in names} == {"ada"}
    words = said()
    assert "by hand did not submit through the exchange" in words
    assert "guessed did not submit through the exchange" in words


def test_feedback_that_was_not_made_cannot_be_released_in_silence(desk, said):
    with pytest.raises(SystemExit):
        nbgrader(desk.clone, "release_feedback", SLUG)
    assert f"run `nbgrader generate_feedback {SLUG} --force` first" in said()


def test_a_time_that_nbgrader_cannot_read_and_a_link_stay_behind(tmp_path):
    source, target = tmp_path / "from", tmp_path / "to"
    source.mkdir()
    (source / "timestamp.txt").write_text("yesterday")
    (source / "submission_secret.txt").symlink_to("/etc/hostname")
    exchange.carry(source, target)
    assert list(target.iterdir()) == []
    (source / "timestamp.txt").write_text("2026-11-26 10:00:00 UTC")
    exchange.carry(source, target)
    assert tree(target) == {"timestamp.txt": 0o600}
    (source / "timestamp.txt").unlink()
    exchange.carry(source, target)
    assert list(target.iterdir()) == []
