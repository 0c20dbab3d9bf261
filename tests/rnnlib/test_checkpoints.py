"""Training goes on from a file as if it had never stopped, and a bad file is refused."""

import os
from functools import partial

import numpy as np
import pytest
from cases import equal

from rnnlib import gru, lstm
from rnnlib.checkpoints import load, save
from rnnlib.optimisers import adagrad_state, adam, adam_state
from rnnlib.tasks import echo
from rnnlib.training import start, train

T, B, H, K = 6, 3, 4, 5


def fresh(model=lstm, seed=0, state=adam_state, dtype=np.float64):
    rng = np.random.default_rng(seed)
    params = model.init_params(rng, K, H, K, dtype=dtype)
    return start(params, np.zeros((2, B, H) if model is lstm else (B, H), dtype), state(params)), rng


def go_on(run, rng, updates, model=lstm):
    batches = (echo(rng, T, B, delay=1, K=K)._replace(carry=True) for _ in range(updates))
    return train(model.loss_and_gradient, partial(adam, rate=0.02), run, batches, progress=False)


@pytest.fixture
def saved(tmp_path):
    run, rng = fresh()
    save(tmp_path / "run.npz", go_on(run, rng, 3), rng)
    return tmp_path / "run.npz"


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("model", [lstm, gru])
def test_training_resumed_from_a_file_is_training_that_never_stopped_to_the_last_bit(tmp_path, model, dtype):
    run, rng = fresh(model, dtype=dtype)
    whole = go_on(go_on(run, rng, 4, model), rng, 5, model)

    run, rng = fresh(model, dtype=dtype)
    save(tmp_path / "run.npz", go_on(run, rng, 4, model), rng)
    run, rng = load(tmp_path / "run.npz", like=fresh(model, seed=99, dtype=dtype)[0])
    assert run.optimiser.t == 4
    assert equal(go_on(run, rng, 5, model), whole)


@pytest.mark.parametrize("kind", [np.random.PCG64, np.random.PCG64DXSM, np.random.MT19937, np.random.Philox])
def test_the_generator_goes_on_where_it_stood_whatever_its_kind(tmp_path, kind):
    rng = np.random.Generator(kind(3))
    rng.integers(7, size=5, dtype=np.int32)  # leaves half a word in the buffer
    save(tmp_path / "run.npz", fresh()[0], rng)
    _, again = load(tmp_path / "run.npz", like=fresh()[0])
    assert np.array_equal(again.integers(7, size=9, dtype=np.int32), rng.integers(7, size=9, dtype=np.int32))
    assert np.array_equal(again.standard_normal(9), rng.standard_normal(9))


def test_the_file_has_exactly_the_given_name_and_nothing_is_left_beside_it(saved):
    save(saved.with_name("bare"), fresh()[0], np.random.default_rng(0))
    assert sorted(os.listdir(saved.parent)) == ["bare", "run.npz"]


def test_the_file_is_written_in_its_own_folder_as_no_other_can_be_renamed_in_one_step(saved, monkeypatch):
    moves, replace = [], os.replace
    monkeypatch.setattr(os, "replace", lambda source, target: (moves.append((source, target)), replace(source, target)))
    save(saved, fresh()[0], np.random.default_rng(0))
    assert [(os.path.dirname(source), target) for source, target in moves] == [(str(saved.parent), saved)]


def test_a_crash_while_writing_leaves_the_last_good_checkpoint(saved, monkeypatch):
    before = saved.read_bytes()

    def crash(file, **arrays):
        file.write(b"half a file")
        raise KeyboardInterrupt

    monkeypatch.setattr(np, "savez", crash)
    run, rng = fresh()
    with pytest.raises(KeyboardInterrupt):
        save(saved, run, rng)
    assert saved.read_bytes() == before
    assert os.listdir(saved.parent) == ["run.npz"]


def test_a_file_cut_short_anywhere_is_refused(saved):
    whole = saved.read_bytes()
    for length in [0, 1, 3, 4, 30, *range(60, len(whole), 97), len(whole) - 1]:
        saved.write_bytes(whole[:length])
        with pytest.raises(ValueError, match=r"run\.npz"):
            load(saved, like=fresh()[0])


def test_a_changed_byte_is_refused_or_changes_nothing(saved):
    whole, like = saved.read_bytes(), fresh()[0]
    intact, rng = load(saved, like)
    refused = 0
    for position in range(0, len(whole), 29):
        damaged = bytearray(whole)
        damaged[position] ^= 0x55
        saved.write_bytes(damaged)
        try:
            run, generator = load(saved, like)
        except ValueError as error:
            assert "run.npz" in str(error)  # noqa: PT017
            refused += 1
        else:
            assert equal(run, intact)
            assert generator.bit_generator.state == rng.bit_generator.state
    assert refused > len(whole) / 29 / 2


def test_a_foreign_file_is_refused(tmp_path):
    path, like = tmp_path / "foreign", fresh()[0]
    for content in (b"plain text\n", b"\x80\x04]\x94."):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"is not a whole \.npz checkpoint"):
            load(path, like)
    with open(path, "wb") as file:
        np.save(file, np.ones(3))
    with pytest.raises(ValueError, match=r"is not a whole \.npz checkpoint"):
        load(path, like)
    with open(path, "wb") as file:
        np.savez(file, a=np.ones(3))
    with pytest.raises(ValueError, match="not a checkpoint of this library"):
        load(path, like)


def test_a_pickle_inside_is_never_run(saved, tmp_path):
    class Trap:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "sprung"),))

    with np.load(saved) as archive:
        arrays = dict(archive)
    with open(saved, "wb") as file:
        np.savez(file, **arrays | {"E": np.array([Trap()], dtype=object)})
    with pytest.raises(ValueError, match="allow_pickle"):
        load(saved, like=fresh()[0])
    assert not (tmp_path / "sprung").exists()


def test_another_model_optimiser_size_or_dtype_is_refused(saved):
    with pytest.raises(ValueError, match=r"params\.U has shape \(16, 5\) and dtype float64, expected \(12, 5\)"):
        load(saved, like=fresh(gru)[0])
    with pytest.raises(ValueError, match="another model"):
        load(saved, like=fresh(state=adagrad_state)[0])
    with pytest.raises(ValueError, match=r"dtype float64, expected .* and float32"):
        load(saved, like=fresh(dtype=np.float32)[0])
    like = fresh()[0]
    with pytest.raises(ValueError, match="s_last has shape"):
        load(saved, like=like._replace(s_last=like.s_last[:, 1:]))


@pytest.mark.parametrize("state", ["", "[]", '{"bit_generator": "Generator"}', '{"bit_generator": "PCG64"}'])
def test_a_generator_that_cannot_be_restored_is_refused(saved, state):
    with np.load(saved) as archive:
        arrays = dict(archive)
    with open(saved, "wb") as file:
        np.savez(file, **arrays | {"generator": state})
    with pytest.raises(ValueError, match="no usable state of a random generator"):
        load(saved, like=fresh()[0])


def test_a_missing_file_is_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "none.npz", like=fresh()[0])
