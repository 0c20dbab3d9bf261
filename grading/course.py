"""Where things are: the grader, the course directory, its exercises, its nbgrader configuration."""

import contextlib
import os
from pathlib import Path

SETTING = "BPTT_COURSE"  # by which a grader that is installed by itself is told of the course folder
PROGRAM = Path(__file__).resolve().parents[1]  # `grading` and `rnnlib` lie here: a clone, or a folder of packages
# {language beside English, as a notebook and a page name it: the folder of its exercises and of its site}
LANGUAGES = {"zh-CN": "zh"}


def _course():
    """The clone that this grader is part of, else what SETTING names, else the first folder upwards with exercises."""
    if (PROGRAM / "solutions").is_dir():  # first, so that a clone's grader never marks by the exercises of another
        return PROGRAM
    if os.environ.get(SETTING):
        return Path(os.environ[SETTING]).resolve()
    here = Path.cwd()
    return next((folder for folder in (here, *here.parents) if (folder / "solutions").is_dir()), PROGRAM)


COURSE = _course()


def ensure_found():
    """Raise ValueError, with what to type in its message, unless there is a course folder."""
    if not (COURSE / "solutions").is_dir():
        named = os.environ.get(SETTING)
        where = f"{SETTING} names {named}, which is none" if named else f"{Path.cwd()} lies in none"
        raise ValueError(f"there is no course folder, with solutions/ in it: {where}; `cd` to it, or set {SETTING}")


def slugs():
    """The names of all exercises, sorted: every folder of solutions/ is one, and says so if a file is missing."""
    found = (path for kind in ("*/answers.toml", "*/*.md") for path in (COURSE / "solutions").glob(kind))
    return sorted({path.parent.name for path in found})


def address():
    """The address of the site that _config.yml names, with a slash at its end; empty if it names none."""
    import yaml  # only notebooks are built with it

    settings = yaml.safe_load((COURSE / "_config.yml").read_text(encoding="utf-8"))
    named = settings["html"].get("baseurl")
    return named.rstrip("/") + "/" if named else ""


@contextlib.contextmanager
def private():
    """Let the files and folders that are made in the block be their owner's alone, whatever the umask was."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


def put(path, text):
    """Let a file of the course hold a text; who reads it meanwhile, such as a grader, finds the old one or the new one.

    It is not touched where it holds that already. Makes the folder that it needs.
    """
    data = text.encode()
    if path.exists() and path.read_bytes() == data:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_suffix(".part")
    scratch.write_bytes(data)
    scratch.replace(path)


def load_config():
    """The course's nbgrader configuration, with the course directory as its root."""
    from traitlets.config import PyFileConfigLoader  # workers need no configuration

    with private():  # the file sets the umask of nbgrader's own commands; who asks for the settings keeps another one
        config = PyFileConfigLoader("nbgrader_config.py", path=str(COURSE)).load_config()
    config.CourseDirectory.root = str(COURSE)
    return config


def class_at(root):
    """The course's nbgrader configuration for a class whose files and gradebook are in the folder `root`; makes it."""
    config = load_config()
    for kind in ("release", "submitted", "autograded", "feedback"):
        config.CourseDirectory[f"{kind}_directory"] = str(Path(root, kind))
    config.CourseDirectory.db_url = f"sqlite:///{root}/gradebook.db"
    Path(root, "submitted").mkdir(parents=True, exist_ok=True)
    return config


def add_db_option(parser):
    """Let a command take the address of a gradebook, as nbgrader's own commands do by another option."""
    parser.add_argument("--db", metavar="URL", help="the gradebook (default: gradebook.db in the course folder)")
