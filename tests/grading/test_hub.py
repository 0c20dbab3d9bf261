"""A class on a JupyterHub that the commands of its page set up: by the buttons, from the release to the feedback.

Chromium is a teacher's and two students'; each has a server of their own, which runs as another user of this machine.
`make test-hub` runs this: it installs a JupyterHub into _build/hub, and takes minutes the first time.
"""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from types import SimpleNamespace

import pytest
import users
from browser import DESK
from conftest import free_port, needs
from marking import SLUG, filled
from nbgrader.api import Gradebook
from users import ROOT, STUDENTS, TEACHER

from grading.answers import known_answers, solution
from grading.course import COURSE

pytestmark = [pytest.mark.hub, pytest.mark.xdist_group("hub")]

PAGE = (COURSE / "book" / "hub.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```bash\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
PLACES, INSTALL, SHARE, COPY, TEACH, MARK = BLOCKS
START = re.search(r"^```console\n\$ (.*)\n```", PAGE, re.MULTILINE)[1]
ADA, BLAISE = STUDENTS
WRONG = next(answer for answer in known_answers(SLUG) if answer.name == "message-dropped")
WORK = {ADA: solution(SLUG).cells, BLAISE: WRONG.cells}
HUB = COURSE / "_build" / "hub"  # it is kept: what is installed there already, the commands leave as it is
SHOTS = COURSE / "_build" / "hub-screenshots"
PASSWORD = "a password for all"
PARTS = ["output_gradient", "clean_formulas", "gradient_by_step", "gradient"]  # as the last cell lists them
MINUTE = 60_000  # milliseconds
# What a test needs instead of accounts with a home and a password, and of the usual ports.
OF_THE_TEST = """

import os

from jupyterhub.spawner import LocalProcessSpawner, set_user_setuid


class Spawner(LocalProcessSpawner):
    def user_env(self, env):
        return super().user_env(env) | {{"HOME": f"{homes}/{{self.user.name}}", "SHELL": "/bin/bash"}}

    def make_preexec_fn(self, name):
        become = set_user_setuid(name, chdir=False)
        return lambda: (become(), os.chdir(f"{homes}/{{name}}"))


c.JupyterHub.authenticator_class = "dummy"
c.DummyAuthenticator.password = {password!r}
c.JupyterHub.spawner_class = Spawner
c.Spawner.notebook_dir = "{homes}/{{username}}"
c.Spawner.http_timeout = c.Spawner.start_timeout = 300
c.JupyterHub.bind_url = {address!r}
c.JupyterHub.hub_port = {ports[0]}
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{ports[1]}"
"""


class Machine:
    """A machine with the accounts of a class, on which the commands of the page are given."""

    def __init__(self, base):
        self.base, self.homes, self.exchange = base, base / "home", base / "exchange"
        self.course = self.homes / TEACHER / "bptt"
        for name in (TEACHER, *STUDENTS):
            (self.homes / name).mkdir(parents=True)
            users.own_home(name, self.homes / name)
        values = {"HUB": HUB, "EXCHANGE": self.exchange, "TEACHER": TEACHER, "COURSE": self.course}
        assert re.findall(r"^(\w+)=", PLACES, re.MULTILINE) == list(values)
        self.places = "".join(f"{name}={value}\n" for name, value in values.items())

    def root(self, block):
        """Give the commands of a block as root, in the clone."""
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        return self._give([*ROOT, "env", f"PATH={path}", "bash", "-e"], block, COURSE)

    def teacher(self, block):
        """Give the commands of a block as the teacher, in the course folder."""
        command = [*ROOT, *users.reaching(sys.base_prefix, HUB), *users.acting_as(TEACHER, self.homes / TEACHER)]
        return self._give([*command, "bash", "-e"], f"cd $COURSE\n{block}", self.base)

    def _give(self, command, block, folder):
        given = {"input": self.places + block, "cwd": folder, "capture_output": True, "text": True, "timeout": 600}
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        done = subprocess.run(command, env=environment, **given)
        assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def write(self, user, path, data):
        """Put a file into the home of a user."""
        command = [*ROOT, *users.acting_as(user, self.homes / user), "tee", path]
        subprocess.run(command, input=data, check=True, stdout=subprocess.DEVNULL)

    def try_as(self, user, *command):
        """Run a command as a user; return what came of it."""
        return subprocess.run(
            [*ROOT, *users.acting_as(user, self.homes / user), *map(str, command)], capture_output=True, text=True
        )

    def read(self, user, path):
        """The bytes of a file in the home of a user."""
        return users.bytes_of(self.homes / user / path)


@pytest.fixture(scope="module")
def machine():
    """A machine on which all has been done that the page says, up to the start of the hub."""
    users.ensure_there(TEACHER, *STUDENTS)
    needs("npm")
    base = Path(tempfile.mkdtemp(dir="/tmp"))
    base.chmod(0o755)
    made = Machine(base)
    try:
        if (HUB / "bin" / "pip").exists():  # pip would keep wheels of the same version, from an earlier run
            made.root("$HUB/bin/pip uninstall --quiet --yes bptt-grading bptt-rnnlib")
        for block in (INSTALL, SHARE, COPY):
            made.root(block)
        people = [f"{ADA},Ada,Lovelace,", f"{BLAISE},Blaise,Pascal,", ""]
        made.write(TEACHER, "bptt/roster.csv", "\n".join(["id,first_name,last_name,email", *people]).encode())
        made.doctor = made.teacher(TEACH)
        yield made
    finally:
        subprocess.run([*ROOT, "rm", "-rf", base, HUB / "state"], check=True)


@pytest.fixture(scope="module")
def hub(machine):
    """The address of the hub."""
    address = f"http://127.0.0.1:{free_port()}"
    settings = {"homes": machine.homes, "password": PASSWORD, "address": address, "ports": [free_port(), free_port()]}
    config = machine.base / "jupyterhub_config.py"
    config.write_text((HUB / "jupyterhub_config.py").read_text() + OF_THE_TEST.format(**settings))
    command = START.replace("$HUB/jupyterhub_config.py", str(config)).replace("$HUB", str(HUB))
    # Not in namespaces, in which the sandbox could not mount its own /proc.
    confined = users.reaching(sys.base_prefix, HUB)
    clean = ["env", "-i", f"PATH={Path(needs('node')).parent}:/usr/bin:/bin"]
    with open(machine.base / "hub.log", "wb") as log:
        server = subprocess.Popen(
            [*ROOT, *confined, *clean, *command.split()], cwd=machine.base, stdout=log, stderr=log
        )
        try:
            wait_for(f"{address}/hub/login", server, machine)
            yield address
        finally:
            server.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                server.wait(timeout=20)
            end_what_is_left()
            server.wait(timeout=60)


def end_what_is_left():
    """End what was started from the environment of the hub: the servers of its users would outlive it."""
    listed = subprocess.run(["ps", "-eo", "pid=,args="], capture_output=True, text=True, check=True).stdout
    left = [line.split()[0] for line in listed.splitlines() if f"{HUB}/" in line]
    if left:
        subprocess.run([*ROOT, "kill", "-9", *left])


def wait_for(address, server, machine):
    """Wait until a page can be fetched."""
    for _ in range(300):
        assert server.poll() is None, (machine.base / "hub.log").read_text()
        with contextlib.suppress(OSError), urllib.request.urlopen(address, timeout=10):
            return
        time.sleep(0.2)
    pytest.fail((machine.base / "hub.log").read_text())


class Person:
    """A user of the hub in a browser of their own."""

    def __init__(self, chromium, hub, name):
        self.name = name
        self.page = chromium.new_context(viewport=DESK).new_page()
        self.page.set_default_timeout(2 * MINUTE)
        self.page.goto(f"{hub}/hub/login")
        self.page.fill("#username_input", name)
        self.page.fill("#password_input", PASSWORD)
        self.page.click("#login_submit", no_wait_after=True)  # meanwhile, the next one can log in

    def wait_for_server(self):
        self.page.get_by_role("menuitem", name="Nbgrader").wait_for(timeout=5 * MINUTE)

    def menu(self):
        """What the menu of nbgrader offers."""
        self.item("Assignment List")
        items = [line.strip() for line in self.page.locator(".lm-Menu-itemLabel").all_inner_texts()]
        self.page.keyboard.press("Escape")
        return [item for item in items if item]

    def item(self, name):
        """An item of that menu, which is opened; while JupyterLab still starts, it may close again."""
        item = self.page.locator(".lm-Menu-itemLabel").get_by_text(name, exact=True)
        for _ in range(200):
            if item.is_visible():
                return item
            self.page.get_by_role("menuitem", name="Nbgrader").click()
            self.page.wait_for_timeout(300)
        return item

    def choose(self, name):
        """Choose an item of that menu."""
        self.item(name).click()

    def shoot(self, name):
        """Keep a picture of what is seen now."""
        SHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SHOTS / f"{name}.png")


class Student(Person):
    """A student, before the list of assignments."""

    def section(self, kind):
        return self.page.locator(f"#{kind}_assignments_list")

    def fetch(self):
        self.choose("Assignment List")
        self.section("released").get_by_role("button", name="Fetch", exact=True).click()
        self.section("fetched").get_by_role("button", name="Submit").wait_for()
        self.shoot(f"{self.name}-fetched")

    def file(self, name):
        """A file or folder in the browser of files."""
        return self.page.locator(".jp-DirListing-item").filter(has=self.page.get_by_text(name, exact=True))

    def run_notebook(self):
        """Open the notebook, run all its cells, and return what the last one says."""
        self.page.locator("[data-command='filebrowser:refresh']").first.click()
        self.file(SLUG).dblclick()
        self.file(f"{SLUG}.ipynb").dblclick()
        self.page.locator("#jp-main-statusbar").get_by_text("Python 3 (ipykernel) | Idle").wait_for()
        self.page.get_by_role("menuitem", name="Run", exact=True).click()
        self.page.locator(".lm-Menu-itemLabel").get_by_text("Run All Cells", exact=True).click()
        first, second, *_ = PARTS  # each check says of itself, the last cell says of all
        said = self.page.locator(".jp-OutputArea-output").filter(has_text=first).filter(has_text=second)
        said.wait_for()
        said.scroll_into_view_if_needed()
        self.shoot(f"{self.name}-notebook")
        return said.inner_text().strip()

    def submit(self):
        self.choose("Assignment List")
        self.section("fetched").get_by_role("button", name="Submit").click()
        self.section("submitted").get_by_text(SLUG).first.wait_for()
        self.shoot(f"{self.name}-submitted")

    def fetch_feedback(self):
        self.page.locator("#refresh_assignments_list").click()
        self.section("submitted").get_by_role("button", name="Fetch Feedback").click()
        self.section("submitted").get_by_text("(view feedback)").first.wait_for()
        self.shoot(f"{self.name}-feedback")

    def open_feedback(self):
        """Open the page of feedback, and return what is read on it."""
        self.section("submitted").get_by_text("(view feedback)").first.click()
        self.file(f"{SLUG}.html").dblclick()
        page = self.page.frame_locator(".jp-HTMLViewer iframe").locator("body")
        page.get_by_text("15 points").first.wait_for()
        self.shoot(f"{self.name}-page")
        return page.inner_text()


class Teacher(Person):
    """A teacher, before formgrader."""

    def open(self):
        self.choose("Formgrader")
        self.form = self.page.frame_locator("iframe[src*=formgrader]")
        self.row(SLUG).wait_for()

    def row(self, name):
        return self.form.locator("tr").filter(has=self.form.get_by_text(name, exact=True))

    def press(self, name, button):
        """Press a button in the row of an exercise or of a student, which must say that it has worked."""
        self.row(name).locator(f"td.{button} a").click()
        said = self.form.locator(".modal.in")
        said.get_by_text(re.compile("^(Success|Error)$")).wait_for()
        said.get_by_role("button", name="OK").hover()  # waits until it stands still
        self.shoot(f"teacher-{button}-{name}")
        assert "Success" in said.inner_text(), said.inner_text()
        assert "[CRITICAL]" not in said.inner_text()
        said.get_by_role("button", name="OK").click()
        self.form.locator(".modal-backdrop").wait_for(state="detached")


@pytest.fixture(scope="module")
def term(hub, machine, chromium):
    """One round of an exercise, and what was seen in it."""
    seen = SimpleNamespace(menu={}, fetched={}, progress={}, page={}, read={})
    teacher = Teacher(chromium, hub, TEACHER)
    students = [Student(chromium, hub, name) for name in STUDENTS]
    for person in (teacher, *students):
        person.wait_for_server()
        seen.menu[person.name] = person.menu()
    teacher.open()
    teacher.press(SLUG, "assign")
    teacher.press(SLUG, "release")
    for student in students:
        student.fetch()
        seen.fetched[student.name] = machine.read(student.name, f"{SLUG}/{SLUG}.ipynb")
        machine.write(student.name, f"{SLUG}/{SLUG}.ipynb", json.dumps(filled(WORK[student.name])).encode())
        seen.progress[student.name] = student.run_notebook()
        student.submit()
    teacher.press(SLUG, "collect")
    teacher.row(SLUG).locator("td.num-submissions a").click()
    for name in STUDENTS:
        teacher.press(name, "autograde")
        teacher.row(name).get_by_text("needs autograding").wait_for(state="hidden")
    teacher.shoot("teacher-marked")
    seen.marks = marks(machine)
    teacher.form.get_by_role("link", name="Manage Assignments").first.click()
    teacher.press(SLUG, "generate-feedback")
    teacher.press(SLUG, "release-feedback")
    for student in students:
        student.fetch_feedback()
        found = machine.try_as(
            student.name, "find", machine.homes / student.name / SLUG / "feedback", "-name", "*.html"
        )
        (path,) = found.stdout.split("\n")[:-1]
        seen.page[student.name] = users.bytes_of(path)
        seen.read[student.name] = student.open_feedback()
    return seen


def marks(machine):
    """{student: points}, as the gradebook has them."""
    database = machine.course / "gradebook.db"
    copy = machine.base / "gradebook.db"
    copy.write_bytes(users.bytes_of(database))
    with Gradebook(f"sqlite:///{copy}", "bptt") as book:
        return {name: book.find_submission(SLUG, name).score for name in STUDENTS}


def test_doctor_finds_nothing_to_mend_and_the_grader_that_is_installed_in_the_environment(machine):
    assert "MEND" not in machine.doctor
    assert f"{machine.course}, and the grader that is installed in {HUB}/" in machine.doctor
    assert f"{machine.exchange} can be written to" in machine.doctor


def test_formgrader_is_in_the_teachers_menu_alone(term):
    assert "Formgrader" in term.menu[TEACHER]
    for student in STUDENTS:
        assert "Assignment List" in term.menu[student]
        assert "Formgrader" not in term.menu[student]


def test_what_students_fetch_is_the_release_byte_for_byte(term):
    release = (COURSE / "exercises" / SLUG / f"{SLUG}.ipynb").read_bytes()
    assert term.fetched == dict.fromkeys(STUDENTS, release)


def test_the_checks_of_the_notebook_run_in_the_students_own_server_and_say_what_is_right(term):
    assert term.progress[ADA].split("\n") == [f"{part}: right" for part in PARTS]
    assert term.progress[BLAISE].count(": right") < len(PARTS)
    assert ": not right yet" in term.progress[BLAISE]


def test_formgraders_button_marks_as_the_command_of_the_page_does(term, machine):
    assert term.marks[ADA] == 15 > term.marks[BLAISE] > 0
    machine.teacher(f"rm -r autograded\n{MARK}")
    assert marks(machine) == term.marks


def test_the_page_that_a_student_opens_is_made_by_the_courses_grader_and_is_that_students_own(term, machine):
    for student in STUDENTS:
        made = users.bytes_of(machine.course / "feedback" / student / SLUG / f"{SLUG}.html")
        assert term.page[student] == made
        assert f"{term.marks[student]:g} of 15 points".encode() in made
        assert f"{term.marks[student]:g} of 15 points" in term.read[student]
    assert WRONG.mistake.encode() in term.page[BLAISE]
    assert WRONG.mistake.encode() not in term.page[ADA]


def test_a_student_can_read_neither_the_course_folder_nor_what_another_has_handed_in(term, machine):
    inbound = machine.exchange / "bptt" / "inbound"
    handed_in = subprocess.run([*ROOT, "ls", inbound], check=True, capture_output=True, text=True).stdout.split("\n")
    (of_ada,) = [name for name in handed_in if name.startswith(f"{ADA}+{SLUG}+")]
    for path in (machine.course, inbound, machine.homes / ADA):
        said = machine.try_as(BLAISE, "ls", path)
        assert said.returncode != 0
        assert "Permission denied" in said.stderr, path
    assert machine.try_as(ADA, "ls", inbound / of_ada).returncode == 0
