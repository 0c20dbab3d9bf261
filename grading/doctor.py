"""`python -m grading doctor`: what a class needs of this machine, a line each: that it is there, or what to type.

It must run where nothing else does, so that only the standard library is imported before a check needs more. A check
returns "ok" or "note", which is for what not every class needs, and a text; it raises ValueError with a text that says
what to type. Whatever else goes wrong in it spoils no other line.
"""

import argparse
import importlib.metadata
import logging
import os
import re
import shutil
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from grading import outside
from grading.course import COURSE, PROGRAM, add_db_option, ensure_found, load_config

GRADER = "bptt-grading"  # the distribution that holds the grader alone
FREE = 2**30  # bytes; 200 submissions take a tenth of it, with outputs and feedback
COLOURS = {"ok": "\033[32m", "note": "\033[33m", "MEND": "\033[31m"}
IN_CLONE = (PROGRAM / "pyproject.toml").is_file()  # and not installed by itself, as on a JupyterHub
PIP = f"`python -m pip install {'-r requirements.txt' if IN_CLONE else 'bptt_rnnlib-*.whl bptt_grading-*.whl'}`"
BUILD = "`make notebooks`" if IN_CLONE and shutil.which("make") else "`python -m grading.notebooks`"
ROSTER = "`nbgrader db student import FILE.csv`, a file with the columns id, first_name, last_name, email"


def describe(parser):
    """Add the arguments of the command to a parser."""
    add_db_option(parser)
    parser.set_defaults(run=run)


def main(arguments):
    """Run the command by itself, with nothing of the grader imported; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m grading doctor", description="Look at what a class needs.")
    describe(parser)
    return run(parser.parse_args(arguments))


def run(arguments):
    """Print a line for each part; return 0, or 1 if one of them is to be mended."""
    signs = []
    for part, check in CHECKS.items():
        sign, text = _look(check, arguments.db)
        signs.append(sign)
        colour, usual = (COLOURS[sign], "\033[0m") if sys.stdout.isatty() else ("", "")
        print(f"{colour}{sign:<5}{usual} {part:<12} {outside.line(text, 1000)}")
        if part == "course" and sign == "MEND":  # the others would all say so again
            break
    return 1 if "MEND" in signs else 0


def _look(check, db):
    try:
        return check(db)
    except ModuleNotFoundError as error:
        return "MEND", f"{error.name} is not installed: {PIP}"
    except ValueError as error:
        return "MEND", str(error)
    except Exception as error:
        return "MEND", f"it could not be looked at: {type(error).__name__}: {error}"


def _course(_):
    ensure_found()
    return "ok", f"{COURSE}, {'with its own grader' if IN_CLONE else f'and the grader that is installed in {PROGRAM}'}"


def _python(_):
    said = _project()["requires-python"] if IN_CLONE else importlib.metadata.metadata(GRADER)["Requires-Python"]
    wanted = re.fullmatch(r">=(\d+)\.(\d+)", said)
    here = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < tuple(map(int, wanted.groups())):
        needed = ".".join(wanted.groups())
        raise ValueError(f"this is {here}: install Python {needed} or newer, and `rm -r .venv; make notebooks`")
    return "ok", f"{here}, {sys.executable}"


def _project():
    import tomllib

    return tomllib.loads((COURSE / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def _packages(_):
    """What marking needs is installed as requirements.txt pins it; what the site needs is not looked for.

    A grader that is installed by itself has no such file: what it asks for is then what was tested.
    """
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    if IN_CLONE:
        lines = (COURSE / "requirements.txt").read_text(encoding="utf-8").splitlines()
        waiting = [*_project()["dependencies"], *_project()["optional-dependencies"]["grading"]]
    else:
        waiting = lines = importlib.metadata.requires(GRADER)
    pinned = [Requirement(line) for line in lines if line.strip() and not line.startswith("#")]
    pins = {canonicalize_name(pin.name): pin for pin in pinned if pin.marker is None or pin.marker.evaluate()}
    waiting, found, missing, others = [*waiting], {}, [], []
    while waiting:
        needed = Requirement(waiting.pop())
        name = canonicalize_name(needed.name)
        if name in found or (needed.marker and not needed.marker.evaluate({"extra": ""})):
            continue
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = None
            missing.append(name)
            continue
        waiting += importlib.metadata.requires(name) or []
        if name in pins and not pins[name].specifier.contains(found[name], prereleases=True):
            others.append(f"{name} {found[name]} ({str(pins[name].specifier).removeprefix('==')} is pinned)")
    if missing:
        raise ValueError(f"{', '.join(sorted(missing))}: not installed; {PIP}")
    if others:
        raise ValueError(f"other versions than were tested, {', '.join(sorted(others))}: {PIP}")
    return "ok", f"{len(found)} that marking needs, as {'requirements.txt' if IN_CLONE else GRADER} pins them"


def _sandbox(_):
    from grading import cgroup, sandbox

    try:
        sandbox.ensure_available()
    except sandbox.SandboxError as error:
        raise ValueError(str(error)) from None
    return "ok", f"bubblewrap starts with its own namespaces; memory of a submission: {cgroup.wall()}"


def _disk(_):
    places = [COURSE, Path(tempfile.gettempdir())]
    for place in places:
        free = shutil.disk_usage(place).free
        if free < FREE:
            raise ValueError(
                f"{free >> 20} MB are free in {place}, a class needs {FREE >> 30} GB: `make clean`, or more"
            )
        if not os.access(place, os.W_OK | os.X_OK):
            raise ValueError(f"{place} cannot be written to: `chmod u+rwx {place}`")
    return "ok", f"{min(shutil.disk_usage(place).free for place in places) >> 30} GB are free"


def _settings(_):
    try:
        load_config()
    except ModuleNotFoundError:
        raise
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise ValueError(f"nbgrader_config.py cannot be read ({reason}): mend it, or `git checkout` it") from None
    return "ok", "nbgrader_config.py can be read"


def _gradebook(db):
    from sqlalchemy.exc import SQLAlchemyError

    from grading import gradebook

    address, path = _address(db)
    if path and not path.exists():
        if not os.access(path.parent, os.W_OK):
            raise ValueError(f"{path.parent} cannot be written to, so that no gradebook can be made: `chmod u+rwx` it")
        return "ok", f"none yet; the first marking makes {path}"
    if path and not os.access(path, os.R_OK | os.W_OK):
        raise ValueError(f"{path} cannot be read and written: `chmod u+rw {path}`")
    try:
        gradebook.check_schema(_db_url(db))
    except SQLAlchemyError as error:
        advice = "put a copy of it in its place" if path else "start its server, or give its address with --db"
        raise ValueError(f"{address} cannot be used ({getattr(error, 'orig', None) or error}): {advice}") from None
    return "ok", str(address)


def _exchange(db):
    from nbgrader.exchange.default.exchange import Exchange

    root = Path(_config(db).Exchange.get("root") or Exchange.root.default_value)
    if not root.is_dir():
        return "note", f"none; on a JupyterHub, `sudo mkdir -p {root}; sudo chmod 1777 {root}`"
    if not os.access(root, os.R_OK | os.W_OK | os.X_OK):
        raise ValueError(f"{root} cannot be written to: `sudo chmod 1777 {root}`")
    return "ok", f"{root} can be written to"


def _course_id(db):
    here = _config(db).CourseDirectory.get("course_id")
    if not here:
        raise ValueError('nbgrader_config.py names no course: write `c.CourseDirectory.course_id = "bptt"` into it')
    others = _in_gradebook(db, "select distinct course_id from assignment order by course_id") or []
    if others and (here,) not in others:
        there = ", ".join(other for (other,) in others)
        raise ValueError(
            f"nbgrader_config.py says {here}, the gradebook {there}: "
            f'write `c.CourseDirectory.course_id = "{there}"` into nbgrader_config.py'
        )
    return "ok", here


def _roster(db):
    students = _in_gradebook(db, "select first_name, last_name from student") or []
    if not students:
        raise ValueError(f"nobody is known, so that no report can say who handed in nothing: {ROSTER}")
    unnamed = sum(not any(names) for names in students)
    if unnamed:
        raise ValueError(f"{unnamed} of {len(students)} students have no name: {ROSTER}")
    return "ok", f"{len(students)} students"


def _time_zone(db):
    from nbgrader.exchange.default.exchange import Exchange

    made = Path(__file__).stat().st_mtime
    if time.time() < made - 86400:  # a file may come from another zone, or from a clock that is a little fast
        raise ValueError(f"the clock says {time.strftime('%Y-%m-%d %H:%M')}: set it, `sudo timedatectl set-ntp true`")
    name = _config(db).Exchange.get("timezone") or Exchange.timezone.default_value
    try:
        ZoneInfo("Europe/Zurich")
    except ZoneInfoNotFoundError:
        raise ValueError(f"no time zone is known here, and times with a zone cannot be read: {PIP}") from None
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(
            f'there is no time zone {name!r}: write `c.Exchange.timezone = "UTC"` into nbgrader_config.py'
        ) from None
    return (
        "ok",
        f"times are kept in UTC; the exchange writes {name}, this machine {datetime.now().astimezone():%Z (%z)}",
    )


def _exercises(_):
    sources = sorted(COURSE.glob("solutions/*/*.md"))
    if not sources:
        raise ValueError(f"there are none in {COURSE / 'solutions'}: `git checkout solutions`")
    unbuilt, older = [], []
    for source in sources:
        slug = source.stem
        built = [COURSE / house / slug / f"{slug}.ipynb" for house in ("solutions", "exercises")]
        if not all(path.exists() for path in built):
            unbuilt.append(slug)
        elif min(path.stat().st_mtime for path in built) < source.stat().st_mtime and not _is_as_built(slug):
            older.append(slug)
    if unbuilt:
        raise ValueError(f"{', '.join(unbuilt)}: not built, {BUILD}")
    if older:
        raise ValueError(f"{', '.join(older)}: older than the source, {BUILD}")
    return "ok", f"{len(sources)} are built, and none is out of date"


def _is_as_built(slug):
    """Whether the notebooks hold what their text gives: after a checkout or a copy, their times say little."""
    from grading import notebooks

    try:
        notebooks.checked(slug)
    except ValueError:
        return False
    return True


def _browser(_):
    path = shutil.which("chromium")
    return ("ok", path) if path else ("note", "no Chromium; for the PDF of the site, and for its tests, `make system`")


def _config(db):
    """The settings of the course, and beneath them those of nbgrader that all users of this machine share."""
    from nbgrader.apps.baseapp import NbGrader

    shared = NbGrader(log_level=logging.CRITICAL)  # it says so where there are none
    shared.load_cwd_config = False
    try:
        shared.load_config_file()
        config = shared.config
        config.merge(load_config())
    except ModuleNotFoundError:
        raise
    except Exception:
        raise ValueError("nbgrader_config.py cannot be read: see the line about settings") from None
    if db:
        config.CourseDirectory.db_url = db
    return config


def _db_url(db):
    from nbgrader.coursedir import CourseDirectory

    return CourseDirectory(config=_config(db)).db_url


def _address(db):
    """The address of the gradebook, without its password, and its path if it is a file."""
    from sqlalchemy.engine import make_url

    url = make_url(_db_url(db))
    return url, Path(url.database) if url.drivername.startswith("sqlite") and url.database else None


def _in_gradebook(db, question):
    """What the gradebook answers; None where there is none, or where it cannot be used, which is said elsewhere."""
    from sqlalchemy import create_engine, text
    from sqlalchemy.exc import SQLAlchemyError

    _, path = _address(db)
    if path and not path.exists():  # to look for it would make it
        return None
    engine = create_engine(_db_url(db))
    try:
        with engine.connect() as connection:
            return list(map(tuple, connection.execute(text(question))))
    except SQLAlchemyError:
        return None
    finally:
        engine.dispose()


CHECKS = {
    "course": _course,
    "Python": _python,
    "packages": _packages,
    "sandbox": _sandbox,
    "disk": _disk,
    "settings": _settings,
    "gradebook": _gradebook,
    "exchange": _exchange,
    "course id": _course_id,
    "roster": _roster,
    "time zone": _time_zone,
    "exercises": _exercises,
    "browser": _browser,
}
