"""Limits of time and memory for code that runs in the grader's own process."""

import contextlib
import ctypes
import signal
import threading
import time
from pathlib import Path

try:
    import resource
except ModuleNotFoundError:  # in a browser, which limits its pages itself
    resource = None


class TestTooLongError(Exception):
    """A test cell used up its time in the grader's own process."""

    seconds = None  # that it was allowed

    def __str__(self):
        allowed = f": it may take {self.seconds:.3g} seconds, with all calls in it" if self.seconds else ""
        return f"this check took too long, and was stopped{allowed}"


@contextlib.contextmanager
def time_limit(seconds):
    """Raise TestTooLongError in the block after `seconds`, in any thread: a Dask worker marks outside the main one.

    In a browser nothing is raised: its page ends the whole worker.
    """
    if not hasattr(signal, "setitimer"):
        yield
        return
    in_main = threading.current_thread() is threading.main_thread()
    try:
        with _signal_after(seconds) if in_main else _thread_after(seconds):
            yield
    except TestTooLongError as error:
        error.seconds = seconds
        raise


@contextlib.contextmanager
def _signal_after(seconds):
    """For the main thread, as signals reach no other. A limit around this one goes on, and may come first."""
    started, before = time.monotonic(), signal.signal(signal.SIGALRM, _too_long)
    around, _ = signal.setitimer(signal.ITIMER_REAL, seconds)
    if 0 < around < seconds:
        signal.setitimer(signal.ITIMER_REAL, around)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, around and max(around - (time.monotonic() - started), 1e-3))
        signal.signal(signal.SIGALRM, before)


def _too_long(*_):
    raise TestTooLongError


@contextlib.contextmanager
def _thread_after(seconds):
    """For any thread; to start one takes ten times as long as to set a signal."""
    here, raised = ctypes.c_ulong(threading.get_ident()), ctypes.py_object(TestTooLongError)
    timer = threading.Timer(seconds, ctypes.pythonapi.PyThreadState_SetAsyncExc, (here, raised))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


@contextlib.contextmanager
def memory_limit(size):
    """Let the block take `size` more bytes; beyond that, it gets a MemoryError. Other threads are limited as well."""
    if resource is None:
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    most = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize() + size
    resource.setrlimit(resource.RLIMIT_AS, (most if soft == resource.RLIM_INFINITY else min(most, soft), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
