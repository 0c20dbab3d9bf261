"""The training loop: one function for every model that has the `loss_and_gradient` interface.

    run = start(params, s_init, adam_state(params))
    batches = (echo(rng, 20, 16) for _ in range(500))
    run = train(loss_and_gradient, partial(adam, rate=0.01), run, batches)

A Run is all that training knows, so a second call of `train` goes on where the first stopped, and a checkpoint is
a saved Run.
"""

from itertools import islice
from typing import NamedTuple

import numpy as np

from rnnlib.clipping import clip_by_global_norm
from rnnlib.optimisers import adagrad
from rnnlib.rnn import loss_and_gradient


class Run(NamedTuple):
    """How far training has come, and its history."""

    params: tuple
    optimiser: tuple  # state of the optimiser
    s_init: np.ndarray  # state in which a batch begins that carries nothing over
    s_last: np.ndarray  # state at the end of the last batch
    E: np.ndarray  # history: E of every batch so far, each before its update


def start(params, s_init, optimiser):
    """The Run before the first update, with an empty history.

    Shapes: `s_init` a state of the model for one batch, (B, H), or (2, B, H) for the LSTM; `optimiser` a state such
    as `adam_state(params)`.
    """
    return Run(params, optimiser, s_init, s_init, np.empty(0))


def train(loss_and_gradient, update, run, batches, *, updates=None, clip=None, progress=True, **options):
    """Take one update for each batch of an iterator, or for the next `updates` of them; return the new Run.

    Shapes: `loss_and_gradient(params, x, s_init, y, weights=..., **options)` gives (E, Backward, s_last);
    `update(params, gradient, state)` is an optimiser with its rate bound; a batch is as in rnnlib.tasks; `clip`, if
    given, maps a gradient to a gradient, or to a pair that begins with one, as `clip_by_global_norm` does. A progress
    bar needs tqdm (the extra "training"). Batches are drawn one at a time and none in advance, so their generator has
    advanced exactly as far as training. Raises ValueError if a batch has another number of sequences than the state,
    FloatingPointError as soon as E is not finite, ModuleNotFoundError if the bar is wanted and tqdm is missing.
    Source: the chapter "A character model" (book/characters.md), section "Training".
    """
    params, optimiser, s_init, s_last, _ = run
    history = []
    for batch in _bar(islice(batches, updates), updates, progress):
        s = s_last if batch.carry else s_init
        if batch.x.shape[1] != s.shape[-2]:
            raise ValueError(f"batch has {batch.x.shape[1]} sequences, expected {s.shape[-2]}, those of the state")
        E, back, s_last = loss_and_gradient(params, batch.x, s, batch.y, weights=batch.weights, **options)
        if not np.isfinite(E):
            raise FloatingPointError(
                f"E is {E} at update {len(run.E) + len(history)}: lower the learning rate, or clip the gradient"
            )
        clipped = clip(back.gradient) if clip else back.gradient
        if not isinstance(clipped, type(params)):  # clip_by_global_norm gives the norm, too
            clipped, _ = clipped
        params, optimiser = update(params, clipped, optimiser)
        history.append(E)
    return Run(params, optimiser, s_init, np.array(s_last), np.concatenate([run.E, history]))


def training_step(params, state, x, s_init, y, *, rate, max_norm, loss_and_gradient=loss_and_gradient):
    """One update of the simple network by Adagrad, with the gradient clipped: (E, params, state, s_last).

    Shapes: x and y int (T, B), s_init (B, H), `state` as from `adagrad_state`; E is the error before the update.
    `loss_and_gradient(params, x, s_init, y)` gives (E, Backward, s_last); another one trains another network, or the
    same one quicker.
    Raises ValueError for a max_norm that is not positive. Source: the chapter "A character model"
    (book/characters.md), section "Training".
    """
    E, back, s_last = loss_and_gradient(params, x, s_init, y)
    clipped, _ = clip_by_global_norm(back.gradient, max_norm)
    params, state = adagrad(params, clipped, state, rate=rate)
    return E, params, state, s_last


def _bar(batches, total, progress):
    """The batches, with a tqdm bar around them if progress is wanted; rnnlib itself needs numpy only."""
    if not progress:
        return batches
    try:
        from tqdm import tqdm
    except ModuleNotFoundError as missing:
        raise ModuleNotFoundError("the progress bar needs tqdm: pip install tqdm, or pass progress=False") from missing
    return tqdm(batches, total=total, unit="update")
