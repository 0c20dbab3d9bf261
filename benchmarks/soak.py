"""A large class with every attack and every poison in it, marked while workers and sandboxes are killed at random.

Honest submissions must keep all points, everybody must have a row, and no process may be left.
"""

import argparse
import ctypes
import json
import multiprocessing
import os
import random
import resource
import signal
import sys
import tempfile
import threading
import time
from contextlib import suppress
from multiprocessing import resource_tracker
from pathlib import Path

from grading.autograde import autograde
from grading.course import COURSE, class_at
from grading.execute import Settings

sys.path.insert(0, str(COURSE / "tests"))
import poisons
from attacks import ATTACKS, FULL, RIGHT, write
from marking import SLUG, filled, hand_in


class Trouble(threading.Thread):
    """Kills a worker or a sandbox now and then, and watches how much memory the workers take."""

    def __init__(self, seed, seconds):
        super().__init__(daemon=True)
        self.rng, self.seconds, self.over = random.Random(seed), seconds, threading.Event()
        self.killed, self.peak = {"worker": 0, "sandbox": 0}, 0

    def run(self):
        """Look every tenth of a second; kill after times with a mean of `seconds`."""
        due = time.monotonic() + self.rng.expovariate(1 / self.seconds)
        while not self.over.wait(0.1):
            workers = [child.pid for child in multiprocessing.active_children()]
            self.peak = max([self.peak, *map(memory, workers)])
            if time.monotonic() > due:
                self.kill(workers)
                due = time.monotonic() + self.rng.expovariate(1 / self.seconds)

    def kill(self, workers):
        """Kill one process: mostly a sandbox, as a worker takes all that it was about to do along."""
        sandboxes = [pid for worker in workers for pid in children(worker)]
        kind, found = ("sandbox", sandboxes) if self.rng.random() < 0.9 else ("worker", workers)
        if found:
            with suppress(ProcessLookupError):
                os.kill(self.rng.choice(found), signal.SIGKILL)
                self.killed[kind] += 1


def memory(pid):
    """The largest memory of a process so far, in bytes; 0 if it has ended."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) * 1024
    return 0


def children(pid):
    """The processes that a process has started and that run."""
    with suppress(OSError):
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def adopt():
    """Let processes whose parent ends become children of this one, where they are seen."""
    PR_SET_CHILD_SUBREAPER = 36
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def left_over(seconds=5.0):
    """The processes that this one, or one that has ended, started and that still run after so many seconds."""
    deadline = time.monotonic() + seconds
    while (found := [pid for pid in children(os.getpid()) if runs(pid)]) and time.monotonic() < deadline:
        time.sleep(0.1)
    return found


def runs(pid):
    """Whether a process has not ended, and is not the one of multiprocessing that ends with its parent."""
    with suppress(OSError):
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        return state != "Z" and pid != resource_tracker._resource_tracker._pid
    return False


def main():
    """Mark the class and print what became of it.

    Returns 1 if an honest submission lost a point, a row is missing or a process is left.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("--students", type=int, default=500)
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--seed", type=int, default=0, help="of what is killed when")
    parser.add_argument("--every", type=float, default=10.0, help="mean number of seconds between two kills")
    arguments = parser.parse_args()
    adopt()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        honest = make_class(root, arguments.students)
        trouble, started = Trouble(arguments.seed, arguments.every), time.monotonic()
        trouble.start()
        results, _ = autograde(SLUG, class_at(root), Settings(arguments.seed), arguments.workers)
        trouble.over.set()
        trouble.join()
    left = left_over()
    lost = {result.student: FULL - result.points for result in results if result.student in honest}
    lost = {student: points for student, points in lost.items() if points}
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(f"{len(results)} rows of {arguments.students}, in {time.monotonic() - started:.0f} s")
    print(f"killed: {trouble.killed['sandbox']} sandboxes, {trouble.killed['worker']} workers")
    print(f"points lost by {len(honest)} honest ones: {sum(lost.values()):g} {lost or ''}")
    print(f"processes left: {len(left)}")
    print(f"peak memory: grader {own >> 20} MB, largest worker {trouble.peak >> 20} MB")
    return bool(lost or left) or len(results) != arguments.students


def make_class(root, size):
    """A class with each attack and each poison once, in a mixed order; return the names of the honest ones."""
    paths = {"HOME": root / "home", "COURSE": COURSE, "CLASS": root / "submitted", "GRADEBOOK": root / "gradebook.db"}
    paths["PORT"] = 9  # nobody listens there
    paths["HOME"].mkdir()
    for attack in ATTACKS:
        write(attack, root / "submitted" / attack.name / SLUG, paths)
    for name, poison in poisons.POISONS.items():
        poisons.hand_in(root / "submitted", name, poison)
    text = json.dumps(filled(RIGHT))
    honest = {f"{number:03}-honest" for number in range(size - len(ATTACKS) - len(poisons.POISONS))}
    for student in honest:
        hand_in(root, student, text)
    return honest


if __name__ == "__main__":
    sys.exit(main())
