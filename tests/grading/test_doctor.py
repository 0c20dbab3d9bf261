"""`python -m grading doctor` has a line for each part of a machine: what is broken alone changes its own line alone."""

import importlib.metadata
import os
import shutil
import subprocess
import sys
import zoneinfo
from collections import namedtuple
from types import SimpleNamespace

import pytest
from entering import opened
from marking import SLUG, copy_of_the_course, run
from packaging.requirements import Requirement
from sqlalchemy import text

from grading import course, doctor, sandbox
from grading.course import COURSE

PARTS = [
    "course",
    "Python",
    "packages",
    "sandbox",
    "disk",
    "settings",
    "gradebook",
    "exchange",
    "course-id",
    "roster",
    "time-zone",
]
PARTS += ["exercises", "browser"]
Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def root(tmp_path, fresh_gradebook, monkeypatch):
    """A course folder with two exercises, an exchange and a gradebook that knows a student: nothing is amiss in it."""
    root = tmp_path / "course"
    for house, ending in (("solutions", "md"), ("solutions", "ipynb"), ("exercises", "ipynb")):
        for slug in ("one", "two"):
            (root / house / slug).mkdir(parents=True, exist_ok=True)
            (root / house / slug / f"{slug}.{ending}").write_text("")
    for name in ("pyproject.toml", "requirements.txt"):
        shutil.copy(COURSE / name, root)
    shutil.copy(fresh_gradebook, root)
    (root / "exchange").mkdir()
    with opened(root) as book:
        book.add_student("ada", first_name="Ada", last_name="Lovelace")

    def load_config():
        config = course.class_at(root)
        config.Exchange.root = str(root / "exchange")
        return config

    monkeypatch.setattr(doctor, "COURSE", root)
    monkeypatch.setattr(doctor, "load_config", load_config)
    monkeypatch.setattr(sandbox, "ensure_available", lambda: None)
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(importlib.metadata, "version", pinned(importlib.metadata.version))
    return root


def pinned(version):
    """The versions that requirements.txt asks for, whatever is installed here."""
    lines = map(Requirement, (COURSE / "requirements.txt").read_text(encoding="utf-8").splitlines())
    pins = {line.name: str(line.specifier)[2:] for line in lines if line.marker is None or line.marker.evaluate()}
    return lambda name: pins.get(name) or version(name)


@pytest.fixture
def look(root, capsys):
    """Run the command; return its lines as {part: (sign, text)}, and its status."""

    def run(*arguments):
        status = doctor.main(list(arguments))
        lines = [line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines()]
        assert len(lines) == len(PARTS)
        return {part: (sign, line[12:].strip()) for part, (sign, line) in zip(PARTS, lines, strict=True)}, status

    return run


def test_a_machine_that_has_all_has_a_good_line_for_each_part(look):
    found, status = look()
    assert {sign for sign, _ in found.values()} == {"ok"}, found
    assert status == 0
    assert found["roster"][1] == "1 students"
    assert found["exercises"][1].startswith("2 are built")
    assert found["gradebook"][1].endswith("/gradebook.db")


def old_python(root, patch):
    here = (3, 10, 9, "final", 0)
    patch.setattr(doctor.sys, "version_info", here)


def missing_package(root, patch):
    version = importlib.metadata.version

    def without(name):
        if name == "nbgrader":
            raise importlib.metadata.PackageNotFoundError(name)
        return version(name)

    patch.setattr(importlib.metadata, "version", without)


def other_version(root, patch):
    version = importlib.metadata.version
    patch.setattr(importlib.metadata, "version", lambda name: "0.9.5" if name == "nbgrader" else version(name))


def no_sandbox(root, patch):
    def refuse():
        raise sandbox.SandboxError("bubblewrap is missing: install it with `make system`")

    patch.setattr(sandbox, "ensure_available", refuse)


def full_disk(root, patch):
    patch.setattr(shutil, "disk_usage", lambda _: Usage(2**40, 2**40, 20 * 2**20))


def unwritable(name):
    def refuse(root, patch):
        real = os.access
        place = root / name if name else root
        patch.setattr(os, "access", lambda path, mode: str(path) != str(place) and real(path, mode))

    return refuse


def no_gradebook_file(root, patch):
    (root / "gradebook.db").write_bytes(b"no database, but as long as one " * 100)


def old_gradebook(root, patch):
    with opened(root) as book:
        book.db.execute(text("update alembic_version set version_num = '724cde206c17'"))
        book.db.commit()


def no_exchange(root, patch):
    (root / "exchange").rmdir()


def course_of_another_name(root, patch):
    load = doctor.load_config

    def other():
        config = load()
        config.CourseDirectory.course_id = "another"
        return config

    patch.setattr(doctor, "load_config", other)


def nobody(root, patch):
    with opened(root) as book:
        book.remove_student("ada")


def nameless(root, patch):
    with opened(root) as book:
        book.add_student("bob")


def no_zones(root, patch):
    def refuse(key):
        raise zoneinfo.ZoneInfoNotFoundError(key)

    patch.setattr(doctor, "ZoneInfo", refuse)


def no_such_zone(root, patch):
    load = doctor.load_config

    def other():
        config = load()
        config.Exchange.timezone = "CEST"
        return config

    patch.setattr(doctor, "load_config", other)


def slow_clock(root, patch):
    patch.setattr(doctor, "time", SimpleNamespace(time=lambda: 0.0, strftime=lambda _: "1970-01-01 00:00"))


def unbuilt(root, patch):
    (root / "exercises" / "two" / "two.ipynb").unlink()


def edited(root, patch):
    built = (root / "solutions" / "one" / "one.ipynb").stat().st_mtime
    os.utime(root / "solutions" / "one" / "one.md", (built + 60,) * 2)


def no_browser(root, patch):
    patch.setattr(shutil, "which", lambda _: None)


@pytest.mark.parametrize(
    ("spoil", "part", "sign", "said"),
    [
        (old_python, "Python", "MEND", "this is 3.10.9: install Python 3.11 or newer"),
        (missing_package, "packages", "MEND", "nbgrader: not installed; `python -m pip install -r requirements.txt`"),
        (other_version, "packages", "MEND", "nbgrader 0.9.5 (0.9.6 is pinned): `python -m pip install -r"),
        (no_sandbox, "sandbox", "MEND", "install it with `make system`"),
        (full_disk, "disk", "MEND", "20 MB are free in "),
        (unwritable(""), "disk", "MEND", "cannot be written to: `chmod u+rwx "),
        (no_gradebook_file, "gradebook", "MEND", "(file is not a database): put a copy of it in its place"),
        (old_gradebook, "gradebook", "MEND", "the gradebook's version is 724cde206c17: "),
        (unwritable("gradebook.db"), "gradebook", "MEND", "cannot be read and written: `chmod u+rw "),
        (no_exchange, "exchange", "note", "`sudo mkdir -p "),
        (unwritable("exchange"), "exchange", "MEND", "`sudo chmod 1777 "),
        (course_of_another_name, "course-id", "MEND", 'write `c.CourseDirectory.course_id = "bptt"` into'),
        (nobody, "roster", "MEND", "`nbgrader db student import FILE.csv`"),
        (nameless, "roster", "MEND", "1 of 2 students have no name: `nbgrader db student import"),
        (no_zones, "time-zone", "MEND", "no time zone is known here"),
        (no_such_zone, "time-zone", "MEND", "there is no time zone 'CEST': write `c.Exchange.timezone"),
        (slow_clock, "time-zone", "MEND", "the clock says 1970-01-01 00:00: set it"),
        (unbuilt, "exercises", "MEND", "two: not built, `make notebooks`"),
        (edited, "exercises", "MEND", "one: older than the source, `make notebooks`"),
        (no_browser, "browser", "note", "`make system`"),
    ],
)
def test_what_is_broken_alone_changes_its_own_line_alone(spoil, part, sign, said, root, look, monkeypatch):
    before, _ = look()
    spoil(root, monkeypatch)
    after, status = look()
    assert after[part][0] == sign
    assert said in after[part][1]
    assert status == (sign == "MEND")
    changed = {name for name in PARTS if after[name] != before[name]}
    # A file that is no gradebook knows neither students nor a course.
    assert changed == ({part, "roster"} if spoil is no_gradebook_file else {part})


def test_settings_that_cannot_be_read_are_said_once_and_pointed_to(look, monkeypatch):
    def fail():
        raise SyntaxError("invalid syntax")

    monkeypatch.setattr(doctor, "load_config", fail)
    found, _ = look()
    assert "cannot be read (SyntaxError: invalid syntax): mend it" in found["settings"][1]
    see = ("MEND", "nbgrader_config.py cannot be read: see the line about settings")
    pointing = [part for part in PARTS if found[part] == see]
    assert pointing == ["gradebook", "exchange", "course-id", "roster", "time-zone"]
    assert all(found[part][0] == "ok" for part in PARTS if part not in [*pointing, "settings"])


def test_a_gradebook_that_is_not_there_yet_is_not_made(root, look):
    (root / "gradebook.db").unlink()
    found, _ = look()
    assert found["gradebook"][0] == "ok"
    assert not (root / "gradebook.db").exists()


def test_a_server_that_does_not_answer_is_named_without_its_password(look):
    found, status = look("--db", "postgresql+psycopg://teacher:secret@localhost:1/gradebook")
    assert found["gradebook"][0] == "MEND"
    assert "postgresql+psycopg://teacher:***@localhost:1/gradebook cannot be used" in found["gradebook"][1]
    assert "secret" not in str(found)
    assert status == 1


def test_a_check_that_fails_spoils_no_other_line(look, monkeypatch):
    def fail(_):
        raise KeyError("x")

    monkeypatch.setitem(doctor.CHECKS, "disk", fail)
    found, status = look()
    assert found["disk"] == ("MEND", "it could not be looked at: KeyError: 'x'")
    assert [part for part in PARTS if found[part][0] == "MEND"] == ["disk"]
    assert status == 1


def test_the_command_runs_where_no_package_is_installed():
    """Python's -S leaves out the folder of packages."""
    done = subprocess.run(
        [sys.executable, "-S", "-m", "grading", "doctor"], cwd=COURSE, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == len(PARTS)
    assert lines[1].startswith("ok    Python ")
    assert lines[2].startswith("MEND  packages ")
    assert "is not installed: `python -m pip install -r requirements.txt`" in lines[2]


@pytest.mark.pool
def test_after_a_checkout_or_a_copy_notebooks_are_out_of_date_by_what_they_hold_and_not_by_their_times(tmp_path):
    """Each text is a minute younger than its notebooks, and one has changed."""
    root = copy_of_the_course(tmp_path)
    shutil.copytree(COURSE / "exercises", root / "exercises")
    for path in root.glob("solutions/*/*.md"):
        os.utime(path, (path.with_suffix(".ipynb").stat().st_mtime + 60,) * 2)
    assert "ok    exercises    " in run(root, sys.executable, "-m", "grading", "doctor").stdout
    text = root / "solutions" / SLUG / f"{SLUG}.md"
    text.write_text(text.read_text(encoding="utf-8") + "\nOne more sentence.\n", encoding="utf-8")
    said = run(root, sys.executable, "-m", "grading", "doctor").stdout
    assert f"MEND  exercises    {SLUG}: older than the source, " in said
