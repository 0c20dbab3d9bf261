"""Training is the update of its formula, again and again, and may stop at any of them."""

import builtins
import itertools
from functools import partial

import numpy as np
import pytest
from cases import equal

from rnnlib import fast, gru, lstm, optimisers, rnn
from rnnlib.clipping import clip_by_global_norm
from rnnlib.optimisers import adam, adam_state, sgd, sgd_state
from rnnlib.params import init_params
from rnnlib.tasks import Batch, echo
from rnnlib.training import start, train, training_step

MODELS = {
    "rnn": (rnn.loss_and_gradient, init_params, ()),
    "fast": (fast.loss_and_gradient, init_params, ()),
    "lstm": (lstm.loss_and_gradient, lstm.init_params, (2,)),
    "gru": (gru.loss_and_gradient, gru.init_params, ()),
}
T, B, H, K = 7, 5, 6, 3


def begin(name, seed=1):
    """The model's gradient function, a fresh Run for echo, and the generator of its batches."""
    loss_and_gradient, init, pair = MODELS[name]
    rng = np.random.default_rng(seed)
    params = init(rng, K, H, K)
    run = start(params, 0.1 * rng.standard_normal((*pair, B, H)), adam_state(params))
    return loss_and_gradient, run, rng


def echoes(rng):
    while True:
        yield echo(rng, T, B, delay=1, K=K)


@pytest.mark.parametrize("name", MODELS)
def test_every_model_learns_to_echo(name):
    loss_and_gradient, run, rng = begin(name)
    run = train(loss_and_gradient, partial(adam, rate=0.03), run, echoes(rng), updates=200, progress=False)
    assert run.E.shape == (200,)
    assert run.E[0] > 0.8 * (T - 1) * np.log(K)
    assert run.E[-10:].mean() < 0.1 * run.E[0]


@pytest.mark.parametrize("name", MODELS)
def test_two_calls_are_one_longer_call_to_the_last_bit(name):
    loss_and_gradient, run, rng = begin(name)
    update = partial(adam, rate=0.01)
    whole = train(loss_and_gradient, update, run, echoes(rng), updates=9, progress=False)
    loss_and_gradient, run, rng = begin(name)
    part = train(loss_and_gradient, update, run, echoes(rng), updates=4, progress=False)
    part = train(loss_and_gradient, update, part, echoes(rng), updates=5, progress=False)
    assert equal(part, whole)


def test_one_update_is_the_gradient_of_the_weighted_batch_through_the_optimiser():
    loss_and_gradient, run, rng = begin("rnn")
    batch = echo(rng, T, B, delay=2, K=K)
    run = run._replace(optimiser=sgd_state(run.params))
    new = train(loss_and_gradient, partial(sgd, rate=0.5), run, [batch], progress=False, reduction="sum")
    E, back, s_last = rnn.loss_and_gradient(
        run.params, batch.x, run.s_init, batch.y, weights=batch.weights, reduction="sum"
    )
    assert new.E.tolist() == [E]
    assert np.array_equal(new.s_last, s_last)
    for before, after, gradient in zip(run.params, new.params, back.gradient, strict=True):
        assert np.allclose(after, before - 0.5 * gradient, rtol=1e-15, atol=0)


@pytest.mark.parametrize("name", MODELS)
def test_a_batch_that_carries_begins_where_the_last_one_ended_and_any_other_at_s_init(name):
    _, run, rng = begin(name)
    seen, ends = [], []

    def watched(params, x, s, y, **options):
        E, back, s_last = MODELS[name][0](params, x, s, y, **options)
        seen.append(s.copy())
        ends.append(s_last.copy())
        return E, back, s_last

    batches = [echo(rng, T, B, delay=1, K=K)._replace(carry=carry) for carry in (False, True, True, False)]
    train(watched, partial(adam, rate=0.01), run, batches, progress=False)
    for s, expected in zip(seen, [run.s_init, ends[0], ends[1], run.s_init], strict=True):
        assert np.array_equal(s, expected)


def test_clip_sees_every_gradient_and_what_it_returns_is_used():
    loss_and_gradient, run, rng = begin("gru")
    norms = []

    def clip(gradient):
        norms.append(sum(float((g * g).sum()) for g in gradient))
        return gradient._make(0 * g for g in gradient)

    run = run._replace(optimiser=sgd_state(run.params))
    new = train(loss_and_gradient, partial(sgd, rate=1.0), run, echoes(rng), updates=3, clip=clip, progress=False)
    assert len(norms) == 3
    assert min(norms) > 0
    assert equal(new.params, run.params)


def test_no_batch_is_drawn_in_advance():
    loss_and_gradient, run, rng = begin("rnn")
    batches = echoes(rng)
    train(loss_and_gradient, partial(adam, rate=0.01), run, batches, updates=3, progress=False)
    again = np.random.default_rng(1)
    init_params(again, K, H, K)
    again.standard_normal((B, H))
    for _ in range(3):
        echo(again, T, B, delay=1, K=K)
    assert rng.bit_generator.state == again.bit_generator.state


def test_a_run_is_not_changed_by_training_from_it():
    loss_and_gradient, run, rng = begin("lstm")
    for array in (*run.params, *run.optimiser.mean, *run.optimiser.square, run.s_init):
        array.flags.writeable = False
    new = train(loss_and_gradient, partial(adam, rate=0.01), run, echoes(rng), updates=2, progress=False)
    assert not equal(new.params, run.params)
    assert run.E.size == 0


def test_no_batches_leave_the_run_as_it_is():
    loss_and_gradient, run, _ = begin("rnn")
    assert equal(train(loss_and_gradient, partial(adam, rate=0.01), run, [], progress=False), run)


def test_training_stops_at_the_first_error_that_is_not_finite():
    _, run, rng = begin("rnn")
    values = itertools.chain([1.0, 0.5], itertools.repeat(np.nan))

    def breaking(params, x, s, y, **options):
        _, back, s_last = rnn.loss_and_gradient(params, x, s, y, **options)
        return next(values), back, s_last

    with pytest.raises(FloatingPointError, match="E is nan at update 2"):
        train(breaking, partial(adam, rate=0.01), run, echoes(rng), updates=9, progress=False)


def test_a_batch_of_another_width_is_refused():
    loss_and_gradient, run, rng = begin("lstm")
    with pytest.raises(ValueError, match="batch has 4 sequences, expected 5"):
        train(loss_and_gradient, partial(adam, rate=0.01), run, [echo(rng, T, 4, K=K)], progress=False)


def test_the_bar_counts_the_updates(capsys):
    pytest.importorskip("tqdm", reason="the progress bar is the extra 'training'")
    loss_and_gradient, run, rng = begin("rnn")
    train(loss_and_gradient, partial(adam, rate=0.01), run, echoes(rng), updates=3)
    assert "3/3" in capsys.readouterr().err


def test_a_missing_tqdm_is_named_with_its_remedy(monkeypatch):
    def without_tqdm(name, *rest, **more):
        if name == "tqdm":
            raise ModuleNotFoundError(name)
        return imported(name, *rest, **more)

    imported = builtins.__import__
    monkeypatch.setattr(builtins, "__import__", without_tqdm)
    loss_and_gradient, run, rng = begin("rnn")
    with pytest.raises(ModuleNotFoundError, match="needs tqdm: pip install tqdm,"):
        train(loss_and_gradient, partial(adam, rate=0.01), run, echoes(rng), updates=1)


def test_a_batch_defaults_to_full_weight_and_no_carry():
    assert Batch(x=0, y=1) == (0, 1, None, False)


def test_one_training_step_is_gradient_then_clipping_then_adagrad():
    rng = np.random.default_rng(61)
    params, s_init = init_params(rng, 5, 4, 5), rng.standard_normal((3, 4))
    x, y = rng.integers(5, size=(2, 6, 3))
    state = optimisers.adagrad_state(params)._replace(total=params._make(np.ones_like(p) for p in params))
    E, new, after, s_last = training_step(params, state, x, s_init, y, rate=0.1, max_norm=0.5)
    loss, back, last = rnn.loss_and_gradient(params, x, s_init, y)
    clipped, norm = clip_by_global_norm(back.gradient, 0.5)
    assert norm > 0.5
    assert E == loss
    assert np.array_equal(s_last, last)
    for p, q, g, n in zip(params, new, clipped, after.total, strict=True):
        assert np.allclose(n, 1 + g * g, rtol=1e-14)
        assert np.allclose(q, p - 0.1 * g / np.sqrt(1 + g * g + 1e-8), rtol=1e-13)


def test_a_training_step_takes_the_gradient_function_that_it_is_given():
    rng = np.random.default_rng(62)
    params, s_init = init_params(rng, 5, 4, 5), rng.standard_normal((3, 4))
    arguments = (params, optimisers.adagrad_state(params), *rng.integers(5, size=(1, 6, 3)), s_init)
    y = rng.integers(5, size=(6, 3))
    plain, tuned = (
        training_step(*arguments, y, rate=0.1, max_norm=0.5, loss_and_gradient=model.loss_and_gradient)
        for model in (rnn, fast)
    )
    assert tuned[0] == pytest.approx(plain[0], rel=1e-13)
    for p, q in zip(plain[1], tuned[1], strict=True):
        np.testing.assert_allclose(p, q, rtol=1e-9)
    calls = []
    given = lambda *args: (calls.append(args), rnn.loss_and_gradient(*args))[1]  # noqa: E731
    training_step(*arguments, y, rate=0.1, max_norm=0.5, loss_and_gradient=given)
    assert len(calls) == 1
