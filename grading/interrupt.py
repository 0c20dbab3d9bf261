"""Ctrl-C, put off where it would break what is half done, or be taken for a failure of it."""

import contextlib
import signal
import threading


@contextlib.contextmanager
def put_off():
    """Let Ctrl-C wait until the end of the block, in this process and in what it starts.

    What is started inherits the mask. This process has other threads, which would take the signal and have it handled
    in the main thread all the same: the handler waits, too.
    """
    came, is_main = [], threading.current_thread() is threading.main_thread()
    handler = is_main and signal.signal(signal.SIGINT, lambda *_: came.append(True))
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)  # one that waited arrives here
        if is_main:
            signal.signal(signal.SIGINT, handler)
        if came:
            signal.raise_signal(signal.SIGINT)
