"""The image of the grader has what marking needs, as the course installs it elsewhere, and nothing of the clone's."""

import fnmatch
import re
import shlex
import subprocess
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]


def instructions():
    """[(word, the rest in one line)] of the Dockerfile."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    lines = text.replace("\\\n", " ").splitlines()
    return [tuple(line.split(None, 1)) for line in lines if line.strip()]


def of(word):
    return [rest for name, rest in instructions() if name == word]


def words_after(text, *wanted):
    """The words after some others of a command of the shell, up to the next command; without options."""
    for command in re.split(r"&&|;|'", text):
        words = shlex.split(command.replace("$$(", "(").replace("(", " ").replace(")", " "))
        if all(word in words for word in wanted):
            return [word for word in words[words.index(wanted[-1]) + 1 :] if not word.startswith("-")]
    raise AssertionError(f"no {' '.join(wanted)} in {text}")


def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_the_image_has_debian_and_the_python_in_which_everything_is_tested():
    (base,) = of("FROM")
    python, system = re.fullmatch(r"python:(\d+\.\d+)-slim-(\w+)", base).groups()
    assert project()["requires-python"] == f">={python}"
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))["jobs"]
    assert [step["with"]["python-version"] for step in jobs["test"]["steps"] if "with" in step] == [python]
    assert system in ("bookworm", "trixie")


def test_what_it_takes_from_debian_make_system_installs_too_and_the_sandbox_is_in_it():
    (system,) = re.findall(r"apt-get install .*", (ROOT / "Makefile").read_text(encoding="utf-8"))
    installed = words_after(" ".join(of("RUN")), "apt-get", "install")
    assert "bubblewrap" in installed
    assert set(installed) <= set(words_after(system, "apt-get", "install"))


def test_it_installs_the_pinned_packages_of_an_extra_that_holds_all_that_marking_needs():
    (pip,) = [command for command in of("RUN") if "pip install" in command]
    words = shlex.split(pip.split("&&")[0])
    assert words[words.index("--constraint") + 1] == "requirements.txt"
    extra = re.fullmatch(r"\.\[(\w+)\]", words[words.index("--editable") + 1])[1]
    extras = project()["optional-dependencies"]
    assert extra == "grading" or "bptt-course[grading]" in extras[extra]


def test_nothing_of_the_clone_but_what_is_copied_reaches_docker_and_that_holds_no_answer():
    (copied,) = of("COPY")
    *files, _ = copied.split()
    ignore = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in ignore if not line.startswith("#")]
    assert rules[0] == "*"
    assert sorted(rules[1:]) == sorted(f"!{name}" for name in files)
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    let_through = [name for name in tracked.split() if any(fnmatch.fnmatch(name, rule[1:]) for rule in rules[1:])]
    assert sorted(let_through) == sorted(files), "each is a file of the clone's root"


def test_the_image_does_not_run_as_root_and_the_marks_belong_to_who_starts_it():
    assert of("USER") == ["65534"]
    page = (ROOT / "book" / "your-platform.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"\$ (docker run(?:.*\\\n)*.*)", page)
    assert '--user "$(id -u):$(id -g)"' in command
    assert f'--volume "$PWD:{of("WORKDIR")[0]}"' in command


def test_the_page_starts_the_image_as_it_is_tried():
    """The same options: without one of them, docker keeps bubblewrap from making its namespaces."""
    page = (ROOT / "book" / "your-platform.md").read_text(encoding="utf-8")
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    options = [
        sorted(re.findall(r"--security-opt (\S+)", re.search(r"docker run(?:.*\\\n)*.*", text)[0]))
        for text in (page, workflow)
    ]
    assert options[0] == options[1] == ["apparmor=unconfined", "seccomp=unconfined", "systempaths=unconfined"]
