"""What the chapters measure, times and memory, is measured as they say."""

import time
import tracemalloc

import numpy as np
import pytest

from book.experiments import measured


def work(seconds):
    """Keep the processor busy for so long."""
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def test_the_best_time_is_that_of_the_quickest_call():
    each = iter([0.06, 0.01, 0.04])
    assert 0.01 <= measured.best_time(lambda: work(next(each)), repeats=3) < 0.03
    assert next(each, None) is None  # all of them were called


def test_waiting_for_others_costs_no_time():
    assert measured.best_time(lambda: time.sleep(0.05), repeats=2) < 0.02


def test_the_peak_counts_what_is_given_back_before_the_end():
    assert 800_000 <= measured.peak_bytes(lambda: np.ones(100_000).sum()) < 820_000


def test_the_peak_does_not_count_what_was_there_before():
    kept = np.ones(100_000)
    assert measured.peak_bytes(lambda: kept.sum()) < 20_000


def test_after_a_call_that_fails_memory_is_no_longer_traced():
    with pytest.raises(ZeroDivisionError):
        measured.peak_bytes(lambda: 1 / 0)
    assert not tracemalloc.is_tracing()


def test_the_times_have_an_entry_per_batch_and_the_limit_grows_with_the_batch():
    seconds = measured.times_by_batch(T=3, D=2, H=3, K=2, batches=[1, 4, 16])
    assert {name: len(times) for name, times in seconds.items()} == dict.fromkeys(
        ("loops", "vectorised", "tuned", "limit"), 3
    )
    assert np.divide(seconds["limit"], seconds["limit"][0]) == pytest.approx([1, 4, 16])


def test_chunks_need_less_memory_than_checkpoints_and_checkpoints_less_than_all():
    peaks = measured.peak_megabytes_by_length((200, 400), 20, B=4, H=16, K=5)
    full, checkpoints, chunks = (peaks[name] for name in ("full", "checkpoints every 20", "chunks of 20"))
    assert full[1] > checkpoints[1] > chunks[1]
    assert full[1] / full[0] > 1.7
    assert chunks[1] / chunks[0] < 1.2
