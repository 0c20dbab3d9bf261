"""Accidents of a worker while it marks, in a small module: every worker imports it, and pytest's own takes long."""

import os
import signal
from pathlib import Path

from grading.grade import mark

ONCE = {"ada": signal.SIGSTOP, "blaise": signal.SIGKILL}


def killed_for_blaise(job):
    """Mark a submission; the process is killed whenever it is that of blaise."""
    return mark(job) if job.student == "ada" else os.kill(os.getpid(), signal.SIGKILL)


def unlucky(job):
    """Mark a submission; the process is stopped once for ada, and killed once for blaise."""
    seen = Path(job.folder).parent / "seen"
    if job.student in ONCE and not seen.exists():
        seen.mkdir()
        os.kill(os.getpid(), ONCE[job.student])
    return mark(job)
