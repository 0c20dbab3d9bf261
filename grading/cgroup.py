"""A memory group of the kernel (cgroup, version 1 or 2) around a student's process and all that belongs to it.

RLIMIT_AS limits the addresses of a process; a group limits what is held, by whomever it was asked for, files in memory
included. Root can make groups below the grader's own, and whoever has been given that part of the tree.
"""

import contextlib
import os
import secrets
import time
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

MEMORY = 2 * 2**30  # bytes
PREFIX = "bptt-"  # of the names of groups; the number of the process that made one follows
# Memory first: in version 1, memory with swap may not be less than memory alone.
LIMITS = {1: ("memory.limit_in_bytes", "memory.memsw.limit_in_bytes"), 2: ("memory.max",)}
OPTIONAL = {"memory.memsw.limit_in_bytes"}  # some kernels do not count swap
EVENTS = {1: "memory.oom_control", 2: "memory.events"}
# A process enters by itself, before it becomes another: whoever moves it later has missed what it started meanwhile.
ENTER = 'echo $$ >"$0"/cgroup.procs && exec "$@"'


class Place(NamedTuple):
    """Where groups can be made."""

    version: int
    folder: Path

    def __str__(self):
        return f"cgroup {self.version}"


class Group(NamedTuple):
    """The group that one process enters; it must be removed after it."""

    version: int
    folder: Path

    def entering(self, command):
        """The command, which enters the group before it starts."""
        return ["/bin/sh", "-c", ENTER, str(self.folder), *command]

    def has_killed(self):
        """Whether the kernel has ended a process of the group, as there was no memory left in it."""
        with contextlib.suppress(OSError):
            events = (self.folder / EVENTS[self.version]).read_text().split()
            return int(dict(zip(events[::2], events[1::2], strict=True)).get("oom_kill", 0)) > 0
        return False

    def remove(self):
        """Remove the group; those who were killed leave it a moment later."""
        for _ in range(100):
            with contextlib.suppress(OSError):
                self.folder.rmdir()
            if not self.folder.exists():
                return
            time.sleep(0.005)


def make():
    """A new Group, or None where none can be made."""
    where = place()
    try:
        return where and _make(where)
    except OSError:
        return None


@lru_cache
def place():
    """The Place for groups of this process, or None; what a grader that was killed has left there is removed."""
    for where in _places():
        with contextlib.suppress(OSError):
            _make(where).remove()
            _sweep(where.folder)
            return where
    return None


def wall():
    """Which limit the memory of a submission has on this machine, in a few words."""
    limit = f"{MEMORY >> 30} GB"
    if where := place():
        return f"{limit} for all that belongs to it, in a group of {where}"
    return f"{limit} for its process alone, as no cgroup can be made here"


def _make(where):
    group = Group(where.version, where.folder / f"{PREFIX}{os.getpid()}-{secrets.token_hex(4)}")
    group.folder.mkdir()
    try:
        for name in LIMITS[where.version]:
            if name not in OPTIONAL or (group.folder / name).exists():
                (group.folder / name).write_text(str(MEMORY))
    except OSError:
        group.folder.rmdir()
        raise
    return group


def _places():
    """Where this process is, in the trees of version 2 and of version 1 that count memory."""
    own = [line.split(":", 2) for line in _lines("/proc/self/cgroup")]
    for mount in _lines("/proc/self/mountinfo"):
        (_, _, _, root, point, *_), (kind, _, options) = (part.split() for part in mount.split(" - "))
        for number, controllers, path in own:
            is_second = kind == "cgroup2" and number == "0"
            if is_second or (
                kind == "cgroup" and "memory" in controllers.split(",") and "memory" in options.split(",")
            ):
                folder = Path(point, os.path.relpath(path, root))
                if is_second:
                    with contextlib.suppress(OSError):  # already so, or not for us: the limit then cannot be written
                        (folder / "cgroup.subtree_control").write_text("+memory")
                yield Place(2 if is_second else 1, folder)


def _lines(path):
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []


def _sweep(folder):
    """Remove the groups of graders that are no more."""
    for left in folder.glob(f"{PREFIX}*-*"):
        pid = left.name.removeprefix(PREFIX).partition("-")[0]
        if not Path("/proc", pid).exists():
            with contextlib.suppress(OSError):
                left.rmdir()
