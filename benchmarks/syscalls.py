"""The system calls that answers need: all right answers run under strace, and what else students' cells may do.

It compares them with the list in grading/seccomp.py. Needs strace and bubblewrap, and takes five minutes.
"""

import re
import sys
import tempfile
from collections import Counter
from pathlib import Path

from grading import sandbox, seccomp
from grading.answers import known_answers, solution
from grading.course import COURSE, slugs
from grading.execute import Settings
from grading.student_process import StudentProcess
from grading.watch import Watch

sys.path.insert(0, str(COURSE / "tests"))
from cells import CELLS
from marking import filled, mark

PATIENT = Settings(seed=20, call_seconds=300.0, submission_seconds=3000.0, extra_seconds=300.0)
NUMPY = """
import os, pytest, sys
os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
files = "linalg.tests.test_linalg random.tests.test_generator_mt19937 lib.tests.test_format".split()
files += [f"_core.tests.test_{name}" for name in ("einsum", "umath", "shape_base")]
options = "-q -s -p no:cacheprovider -p no:faulthandler --tb=line -W ignore --noconftest --pyargs".split()
failed = pytest.main([*options, "-m", "not slow", *(f"numpy.{file}" for file in files)])
assert not failed
"""
SPARED = {  # calls that are refused all the same, as those who make them do without
    "clone3": "libc starts threads with clone",
    "connect": "nobody answers there for names of users",
    "socket": "as above",
    "vfork": "platform.processor() asks another program",
}
CALL = re.compile(rb"^\d+ +(\w+)\(", re.MULTILINE)


def main():
    """Print how often each system call was seen; return 1 if one that is needed is not allowed."""
    with tempfile.TemporaryDirectory() as folder:
        trace(Path(folder))
        for threads in ("1", "4"):
            run_cells(threads)
        for slug in slugs():
            for answer in (solution(slug), *(answer for answer in known_answers(slug) if answer.right)):
                mark(filled(solution(slug).cells | answer.cells, slug), Path(folder), PATIENT, slug)
        seen = Counter(
            call.decode() for log in Path(folder).glob("*.strace") for call in CALL.findall(log.read_bytes())
        )
    allowed = {*seccomp.ALLOWED, "clone"}
    for name, times in seen.most_common():
        said = "" if name in allowed else f"   refused: {SPARED.get(name, 'BUT NEEDED?')}"
        print(f"{times:9,} {name}{said}")
    return not set(seen) <= allowed | set(SPARED)


def trace(folder):
    """Let every sandbox start without a filter, and write the calls inside into a file of the folder."""
    confined = sandbox._confined

    def traced(command, fds):
        fd, _ = tempfile.mkstemp(".strace", dir=folder)
        fds.append(fd)
        return confined(["/usr/bin/strace", "-f", "-qq", "-s0", "-o", f"/proc/self/fd/{fd}", *command], fds)

    seccomp.program = lambda: None
    sandbox._confined = traced


def run_cells(threads):
    """Run the cells of tests/cells.py, and numpy's own tests, with OpenBLAS on so many threads."""
    environment = sandbox._environment
    sandbox._environment = lambda: environment() | {"OPENBLAS_NUM_THREADS": threads}
    student = StudentProcess(Watch(3000.0))
    for source in (*CELLS.values(), NUMPY):
        student.run(source)
    student.close()
    sandbox._environment = environment


if __name__ == "__main__":
    sys.exit(main())
