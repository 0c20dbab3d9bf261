"""Commands as they are typed in a copy of the course, without the seconds that Python takes to import what they need.

One process in the copy has imported it, and each command runs in a fork of that: what one leaves in memory, no other
finds, and each begins with the files as they are then.
"""

import contextlib
import json
import re
import shlex
import subprocess
import sys
from typing import NamedTuple

from marking import environment

SERVER = """
import json, os, runpy, sys
import grading.commands, grading.notebooks, nbgrader.apps

def run(module, arguments, streams):
    for number, path in enumerate(streams):
        os.dup2(os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC if number else os.O_RDONLY, 0o600), number)
    sys.stdin, sys.argv = open(0), [module, *arguments]
    if module == "-c":
        exec(arguments[0], {"__name__": "__main__"})
    else:
        runpy.run_module(module, run_name="__main__", alter_sys=True)

for line in sys.stdin:
    pid = os.fork()
    if not pid:
        status = 0
        try:
            run(*json.loads(line))
        except SystemExit as stop:
            status = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
        except BaseException:
            sys.excepthook(*sys.exc_info())
            status = 1
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""
MODULE = re.compile(r"(?:python -m )?(nbgrader|(?<=python -m )grading[.\w]*)(?: (.*))?")
INSTALLS = {"make notebooks": "python -m grading.notebooks", "make system": "make --dry-run system"}


class Done(NamedTuple):
    """A command that has ended."""

    line: str
    status: int
    stdout: str
    stderr: str

    @property
    def said(self):
        """All that it has printed, as one line."""
        return " ".join(f"{self.stdout} {self.stderr}".split())


class Terminal:
    """A shell in a copy of the course; `folder` is where the outputs of its commands are kept meanwhile."""

    def __init__(self, course, folder):
        self.course, self.folder = course, folder
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        command = [sys.executable, "-c", SERVER]
        self.server = subprocess.Popen(command, cwd=course, env=environment(course), text=True, **pipes)

    def close(self):
        """End the process."""
        self.server.stdin.close()
        self.server.stdout.close()
        self.server.wait(timeout=30)

    def block(self, kind, text):
        """Run a block of a page, line by line if it is for the shell; return what is Done, a command each.

        A test installs nothing: of `make`, what it does is run without that.
        """
        if text.startswith("c."):
            with open(self.course / "nbgrader_config.py", "a", encoding="utf-8") as config:
                config.write(f"\n{text}")
            return []
        if kind == "python":
            return [self._in_fork(text, "-c", [text])]
        return [self.type(INSTALLS.get(line, line)) for line in text.replace("\\\n", " ").splitlines()]

    def type(self, line):
        """Run one line; a command of the grader's, or of nbgrader's, in a fork."""
        found = MODULE.fullmatch(line)
        if found:
            return self._in_fork(line, found[1], shlex.split(found[2] or "", comments=True))
        there = {"cwd": self.course, "env": environment(self.course), "timeout": 60}
        done = subprocess.run(["bash", "-e", "-c", line], capture_output=True, text=True, **there)
        return Done(line, done.returncode, done.stdout, done.stderr)

    def _in_fork(self, line, module, arguments):
        outputs = [self.folder / "stdout", self.folder / "stderr"]
        order = [module, arguments, ["/dev/null", *map(str, outputs)]]
        self.server.stdin.write(json.dumps(order) + "\n")
        self.server.stdin.flush()
        status = int(self.server.stdout.readline())
        return Done(line, status, *(path.read_text(encoding="utf-8", errors="replace") for path in outputs))


@contextlib.contextmanager
def terminal(course, folder):
    """A Terminal for the block."""
    opened = Terminal(course, folder)
    try:
        yield opened
    finally:
        opened.close()
