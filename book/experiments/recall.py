"""Delayed recall, with and without gates: who learns it, and how much of the error reaches the first step before."""

from functools import partial

import numpy as np

from rnnlib.clipping import clip_by_global_norm
from rnnlib.optimisers import adam, adam_state
from rnnlib.tasks import delayed_recall
from rnnlib.training import start, train

BLOCK = 20  # updates over which an error is averaged


def recall_runs(models, T, updates, *, seed=1, enough=None, B=16, H=16, K=4):
    """Train each model on delayed recall and return its errors by name, at most `updates` of them.

    `models` maps a name to (module, function of (rng, D, H, K) that draws parameters, shape of the state's front, such
    as (2,) for the LSTM). Each is trained by Adam at rate 0.01 with the gradient clipped to norm 1, and stops after the
    first 20 updates whose mean error is below `enough`, if that is given. Source: the chapter "Gates" (book/gates.md),
    section "Delayed recall, solved".
    """
    clip, update = partial(clip_by_global_norm, max_norm=1.0), partial(adam, rate=0.01)
    errors = {}
    for name, (model, init, front) in models.items():
        rng = np.random.default_rng(seed)
        params = init(rng, 2 * K, H, K)
        run = start(params, np.zeros((*front, B, H)), adam_state(params))
        batches = (delayed_recall(rng, T, B, K=K) for _ in range(updates))
        while len(run.E) < updates and not (enough and learnt(run.E, enough)):
            run = train(model.loss_and_gradient, update, run, batches, updates=BLOCK, clip=clip, progress=False)
        errors[name] = run.E
    return errors


def learnt(E, enough):
    """Whether the last 20 errors of a history, all of them if there are fewer, have a mean below `enough`."""
    return len(E) > 0 and E[-BLOCK:].mean() < enough


def first_step_shares(models, T, *, seed=1, B=16, H=16, K=4):
    """How much of the error reaches the first state: the norm of its gradient, over that of the last but one, by name.

    `models` is as for `recall_runs`, with modules that have `forward` and `backward`; the parameters are those with
    which its runs begin, and so is the batch. Source: the chapter "Gates" (book/gates.md), section "Delayed recall,
    solved".
    """
    shares = {}
    for name, (model, init, front) in models.items():
        rng = np.random.default_rng(seed)
        params = init(rng, 2 * K, H, K)
        batch = delayed_recall(rng, T, B, K=K)
        first, last = gradient_norms(model, params, batch, np.zeros((*front, B, H)), [1, T - 1])
        shares[name] = float(first / last)
    return shares


def gradient_norms(model, params, batch, s_init, steps):
    """The norm of the gradient of E with respect to the state before each of `steps`, (len(steps),), in one sweep.

    Where a state is a pair, as in the LSTM, it is the gradient with respect to the memory. Source: the chapter
    "Truncated BPTT" (book/truncated.md), eq. chunk-identity: each piece hands its gradient to the one before.
    """
    states = model.forward(params, batch.x, s_init).states
    later, norms = None, []
    for begin, end in reversed(list(zip(steps, [*steps[1:], len(batch.x)], strict=True))):
        x, y, weights = batch.x[begin:end], batch.y[begin:end], batch.weights[begin:end]
        fwd = model.forward(params, x, states[begin], y, weights=weights)
        later = model.backward(params, x, y, fwd, weights=weights, ds_last=later).s_init
        norms.append(np.linalg.norm(later[-1] if later.ndim == 3 else later))
    return np.array(norms[::-1])
