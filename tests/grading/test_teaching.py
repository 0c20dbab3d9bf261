"""What the pages for instructors say is so: their tables agree with the code, their commands do what they promise."""

import json
import os
import pwd
import re
import shutil
import subprocess

import pytest
from conftest import needs
from marking import SLUG, copy_of_the_course, environment, filled, hand_in, nbgrader
from nbgrader.api import Gradebook
from terminal import terminal

from grading import bench, cgroup, exercise, release, remote, sandbox, student_process, watch, wire
from grading.answers import solution
from grading.course import COURSE
from grading.execute import Settings
from grading.platforms import gradebook_layouts, layouts, names

pytestmark = pytest.mark.pool

TERM, PLATFORM, AUTOGRADER = (
    (COURSE / "book" / f"{page}.md").read_text(encoding="utf-8") for page in ("teaching", "your-platform", "autograder")
)
CONSOLE = re.findall(r"^```console\n(.*?)^```", AUTOGRADER, re.DOTALL | re.MULTILINE)  # of a cluster, and of a server
RIGHT = json.dumps(filled(solution(SLUG).cells))
NOTES = {"sakai", "gradescope", "moodle"}  # who says the times beside the files: in a note, in a list, in the worksheet
PLACES = {"drive": "Google Drive, or a plain folder"}


def blocks(page, kind):
    return re.findall(rf"^```{kind}\n(.*?)^```", page, re.DOTALL | re.MULTILINE)


def rows(page, header):
    """The cells of the table of a page whose first line begins so."""
    lines = page[page.index(f"| {header} |") :].split("\n\n")[0].splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


@pytest.fixture
def course(tmp_path):
    """A copy of the course."""
    needs("bwrap")
    root = copy_of_the_course(tmp_path / "clone")
    for name in ("pyproject.toml", "requirements.txt"):
        shutil.copy(COURSE / name, root)
    shutil.copytree(COURSE / "exercises", root / "exercises")
    return root


def test_the_plan_of_the_term_has_all_chapters_and_exercises_in_order_with_their_points_and_minutes():
    toc = re.findall(r"- file: (\S+)", (COURSE / "book" / "_toc.yml").read_text(encoding="utf-8"))
    chapters, tasks = toc[: toc.index("exercises")], []
    found, plan = [], rows(TERM, "week")
    for _, chapter, can, task, points, minutes in plan:
        reading, doing = (part.strip() for part in f"{minutes}+".split("+")[:2])
        page = re.fullmatch(r"\[\]\((\S+)\.md\)", chapter)
        assert bool(page) == bool(can) == bool(reading)
        if page:
            found.append(page[1])
            text = (COURSE / "book" / f"{page[1]}.md").read_text(encoding="utf-8")
            assert reading == re.search(r"\*\*Time:\*\* (\d+) minutes", text)[1], page[1]
            tasks += re.findall(r"^```\{exercise\} (\S+)", text, re.MULTILINE)
        assert bool(task) == bool(points) == bool(doing)
        if task:
            assert task.strip("`") in tasks, "the exercise is in a chapter that comes no later"
            assert int(points) == exercise.load(task.strip("`")).points
            first = "".join(exercise.load(task.strip("`")).notebook["cells"][0]["source"])
            assert doing == re.search(r"\*\*Time\.\*\* (\d+) minutes", first)[1], task
    assert found == chapters
    assert [row[3].strip("`") for row in plan if row[3]] == tasks
    weeks = [int(row[0]) for row in plan if row[0]]
    assert weeks == list(range(1, len(weeks) + 1))


def test_a_term_of_six_weeks_leaves_out_no_chapter_that_another_one_needs():
    chosen = {
        int(week)
        for week in re.search(r"numbered ([\d, and]+): no", " ".join(TERM.split()))[1].replace("and", ",").split(",")
        if week.strip()
    }
    week, kept = 0, []
    for row in rows(TERM, "week"):
        week = int(row[0] or week)
        page = re.fullmatch(r"\[\]\((\S+)\.md\)", row[1])
        kept += [page[1]] if page and week in chosen else []
    for page in kept:
        text = (COURSE / "book" / f"{page}.md").read_text(encoding="utf-8")
        needed = re.search(r"\*\*You need:\*\*(.*?)\*\*You get", text, re.DOTALL)[1]
        assert set(re.findall(r"\((\S+?)\.md", needed)) <= set(kept), page


def test_the_table_of_platforms_is_what_the_code_reads_and_writes():
    table = rows(PLATFORM, "platform")
    assert {row[1].strip("`"): row[0] for row in table} == layouts.PLATFORMS | PLACES
    timed = NOTES | {row.platform for row in layouts.LAYOUTS if "time" in row.finds or "timestamp.txt" in row.example}
    for _, word, _, back, lost in table:
        platform = word.strip("`")
        assert (f"`--{platform}`" in back) == (platform in gradebook_layouts.PLATFORMS)
        assert ("`--csv`" in back) == (platform not in gradebook_layouts.PLATFORMS)
        assert ("`--feedback-zip`" in back) == (platform in names.PAGES)
        assert ("the times" in lost) == (platform not in timed), platform
        assert ("the pages of feedback" in lost) == (platform not in names.PAGES and platform != "own")


def test_the_commands_of_the_exchange_carry_a_release_out_and_a_mark_back(course, tmp_path):
    first, after = blocks(PLATFORM, "bash")
    exchange, student = tmp_path / "exchange", tmp_path / "student"
    for folder in (exchange, student):
        folder.mkdir()
    exchange.chmod(0o777)
    for config in (course / "nbgrader_config.py", student / "nbgrader_config.py"):
        with open(config, "a", encoding="utf-8") as file:
            file.write("\nc = get_config()\nc.CourseDirectory.course_id = 'bptt'\n")
            file.write(f"c.Exchange.root = {str(exchange)!r}\nc.Exchange.cache = {str(tmp_path / 'cache')!r}\n")
    notebook, me = student / SLUG / f"{SLUG}.ipynb", pwd.getpwuid(os.getuid()).pw_name

    with terminal(course, tmp_path) as shell:
        assert shell.type(f"nbgrader generate_assignment {SLUG} --force").status == 0
        assert [done.status for done in shell.block("bash", first)] == [0]
        nbgrader(student, "fetch_assignment", SLUG, "--course=bptt")
        assert notebook.read_bytes() == (course / "exercises" / SLUG / f"{SLUG}.ipynb").read_bytes()
        notebook.write_text(RIGHT)
        nbgrader(student, "submit", SLUG, "--course=bptt")
        assert [done.status for done in shell.block("bash", after)] == [0, 0, 0, 0]
    assert (course / "submitted" / me / SLUG / f"{SLUG}.ipynb").read_text() == RIGHT
    with Gradebook(f"sqlite:///{course}/gradebook.db", "bptt") as book:
        assert book.find_submission(SLUG, me).score == exercise.load(SLUG).points
    nbgrader(student, "fetch_feedback", SLUG, "--course=bptt")
    (page,) = (student / SLUG / "feedback").rglob("*.html")
    assert page.read_bytes() == (course / "feedback" / me / SLUG / f"{SLUG}.html").read_bytes()


def test_a_notebook_offers_no_hints_where_the_line_of_the_page_is_in_the_settings(course, tmp_path):
    (line,) = blocks(AUTOGRADER, "python")
    notebook = course / "exercises" / SLUG / f"{SLUG}.ipynb"
    before = set_up(notebook)
    with terminal(course, tmp_path) as shell:
        shell.block("python", line)
        assert shell.type(f"python -m grading.notebooks {SLUG}").status == 0
    assert before.endswith(release.hints(SLUG))
    assert set_up(notebook) == before.removesuffix(release.hints(SLUG))


def set_up(notebook):
    (cell,) = [cell for cell in exercise.read(notebook)["cells"] if exercise.grade_id(cell) == "set-up"]
    return cell["source"]


def test_the_entry_that_the_page_shows_is_one_of_the_course():
    (entry,) = blocks(AUTOGRADER, "toml")
    name = re.search(r'^name = "(\S+)"', entry, re.MULTILINE)[1]
    text = (COURSE / "solutions" / SLUG / "answers.toml").read_text(encoding="utf-8")
    assert name in re.findall(r'^name = "(\S+)"', text, re.MULTILINE)


def start(command, course):
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen(command.split(), cwd=course, env=environment(course), **quiet)


def test_the_commands_of_a_cluster_and_of_a_database_server_work(course, tmp_path, postgresql):
    """The last command of each block is waited for; those before it are servers."""
    assert len(CONSOLE) == 2
    for student in ("ada", "blaise"):
        hand_in(course, student, RIGHT)
    with terminal(course, tmp_path) as shell:
        for block in CONSOLE:
            *servers, last = re.findall(r"^\$ (.*)", block, re.MULTILINE)
            running = [start(command, course) for command in servers]
            try:
                done = shell.type(f"{last} --force")
            finally:
                for server in running:
                    server.terminate()
                    server.wait(timeout=30)
            assert "2 submissions: 2 marked" in done.stdout, f"{last}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    for address in (f"sqlite:///{course}/gradebook.db", postgresql):
        with Gradebook(address, "bptt") as book:
            assert {row.student_id: row.score for row in book.assignment_submissions(SLUG)} == {"ada": 15, "blaise": 15}


def test_the_limits_of_the_page_are_those_of_the_code():
    usual, text = Settings(seed=0), " ".join(AUTOGRADER.split())
    for line in (
        f"a function or a cell | {usual.call_seconds:g} s;",
        f"later calls of it get {usual.hang_seconds:g} s |",
        f"answers | {usual.submission_seconds:g} s, and {usual.extra_seconds:g} s for cells",
        f"its process | {sandbox.LIMITS['RLIMIT_AS'] >> 30} GB |",
        f"files included | {cgroup.MEMORY >> 30} GB,",
        f"| files | {sandbox.DISK >> 20} MB and {student_process.MAX_FILES:,} files |",
        f"| threads | {student_process.MAX_THREADS} at once",
        f"is given | {watch.CALLS_BACK:,}, each within {remote.MEMORY >> 20} MB",
        f"to the grader | {wire.MAX_BYTES >> 20} MB, {wire.MAX_TEXT >> 20} MB of it text",
        f"what is shown | {bench.MAX_SHOWN >> 20} MB |",
        f"| {usual.replacements} for answers, {usual.replacements} for cells without points |",
    ):
        assert line in text, line
    term = " ".join(TERM.split())
    assert f"A function may take {usual.call_seconds:g} seconds" in term
    assert f"all functions of a submission {usual.submission_seconds:g} together" in term
    assert f"have their own {usual.extra_seconds:g} seconds" in term
