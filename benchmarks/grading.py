"""Time, processor time and memory of marking a class, against `nbgrader autograde` as it comes on the same files.

Processor time is that of the whole machine while we mark, so let nothing else run. nbgrader marks samples of the class,
before and after us, and is scaled: what the larger sample takes longer than the smaller one, so that its start is not
counted. Our start is, but for taking the exercise into a new gradebook, which either does once a term. A worker imports
this module again, so nbgrader is imported where it is used: workers of the command `python -m grading` never import it.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from itertools import cycle, islice
from pathlib import Path

import psutil

from benchmarks import stock
from grading.answers import known_answers
from grading.course import COURSE, class_at

SLUG = "two-step"
SAMPLES = 2, 8
# The class is the same from one state of the course to the next: an answer that is known since then changes no number.
ANSWERS = (
    "gathered",
    "loop",
    "einsum-and-python-floats",
    "softmax-jacobian",
    "last-step-only",
    "message-dropped",
    "message-without-w",
    "slope-missing",
    "slope-of-z",
    "sigmoid-slope-for-tanh",
    "target-minus-prediction",
    "w-with-its-own-state",
    "parts-swapped",
    "edits-its-argument",
    "returns-a-list",
    "numeric-gradient",
)
OUTPUT = COURSE / "_build" / "bench" / "grading.json"


def main(arguments=None):
    """Measure every size of class with one worker and with two; print the rows and write them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[60, 300])
    sizes = parser.parse_args(arguments).sizes
    bare, rows = bare_start(), []
    print(f"Python with numpy starts in {bare:.3f} s of processor time.")
    with tempfile.TemporaryDirectory() as folder:
        course = Path(folder, "stock")
        stock.make_course(course, SLUG)
        for number, size in enumerate(sizes):
            before = stock_seconds(course, f"{number}-before")
            ours = [measured(Path(folder, f"{size}-{workers}"), size, workers) for workers in (1, 2)]
            theirs = statistics.mean([before, stock_seconds(course, f"{number}-after")])
            for row in ours:
                row |= {
                    "stock_seconds_per_submission": round(theirs, 2),
                    "ratio_to_stock": round(row["seconds_per_submission"] / theirs, 4),
                    "cpu_above_bare": round(row["cpu_per_submission"] - bare, 3),
                }
                print(json.dumps(row))
            rows += ours
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    OUTPUT.write_text(json.dumps(rows, indent=1) + "\n")


def bare_start(rounds=20):
    """Seconds of processor time in which a Python starts and imports numpy."""
    start = busy()
    for _ in range(rounds):
        subprocess.run([sys.executable, "-c", "import numpy"], check=True)
    return (busy() - start) / rounds


def stock_seconds(course, name):
    """Seconds in which nbgrader marks one submission more."""
    took = []
    for size in SAMPLES:
        students = hand_in(course / "submitted", size, f"{name}-{size}")
        start = time.perf_counter()
        stock.nbgrader(course, "autograde", SLUG, f"--CourseDirectory.student_id_exclude={others(course, students)}")
        took.append(time.perf_counter() - start)
    return (took[1] - took[0]) / (SAMPLES[1] - SAMPLES[0])


def others(course, students):
    """All students of the course but these, as nbgrader's option takes them."""
    return ",".join({path.name for path in (course / "submitted").iterdir()} - set(students))


def measured(root, size, workers):
    """Mark a fresh class of this size; wall time, processor time of the machine, and the most memory held."""
    from grading.autograde import autograde
    from grading.execute import Settings

    config, settings = class_at(root), Settings(seed=1)
    autograde(SLUG, config, settings)
    hand_in(root / "submitted", size, "student")
    with Memory() as memory:
        start, busy_before = time.perf_counter(), busy()
        results, _ = autograde(SLUG, config, settings, workers)
        seconds, cpu = time.perf_counter() - start, busy() - busy_before
    if len(results) != size or any(result.human for result in results):
        raise RuntimeError("not every submission was marked")
    return {
        "submissions": size,
        "workers": workers,
        "seconds_per_submission": round(seconds / size, 4),
        "cpu_per_submission": round(cpu / size, 4),
        "peak_mb": round(memory.peak / 2**20),
    }


def hand_in(submitted, size, name):
    """A class of ANSWERS, right and wrong, in turn; returns the students."""
    from grading.sample_class import notebook_with

    known = {answer.name: answer for answer in known_answers(SLUG)}
    texts = [notebook_with(SLUG, known[name].cells) for name in ANSWERS]
    students = [f"{name}-{number:03}" for number in range(size)]
    for student, text in zip(students, islice(cycle(texts), size), strict=True):
        folder = submitted / student / SLUG
        folder.mkdir(parents=True)
        (folder / f"{SLUG}.ipynb").write_text(text, encoding="utf-8")
    return students


def busy():
    """Seconds that the machine's processors have worked."""
    times = psutil.cpu_times()
    return times.user + times.nice + times.system


class Memory(threading.Thread):
    """Looks twice a second at the memory that this process and all below it hold."""

    def __init__(self):
        super().__init__(daemon=True)
        self.peak, self.done = 0, threading.Event()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *error):
        self.done.set()
        self.join()

    def run(self):
        while not self.done.wait(0.5):
            here = psutil.Process()
            self.peak = max(self.peak, sum(map(held, [here, *here.children(recursive=True)])))


def held(process):
    """Bytes that belong to the process, its share of common pages included; 0 if it is gone."""
    try:
        return process.memory_full_info().pss
    except psutil.Error:
        return 0


if __name__ == "__main__":
    main()
