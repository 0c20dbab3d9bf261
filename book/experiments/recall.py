"""Training on delayed recall, with and without gates."""

from functools import partial

import numpy as np

from rnnlib.clipping import clip_by_global_norm
from rnnlib.optimisers import adam, adam_state
from rnnlib.tasks import delayed_recall
from rnnlib.training import start, train


def recall_runs(models, T, updates, B=16, H=16, K=4):
    """Train each model on delayed recall and return its errors, (updates,) by name.

    `models` maps a name to (module, function of (rng, D, H, K) that draws parameters, shape of the state's front, such
    as (2,) for the LSTM). Each is trained by Adam at rate 0.01 with the gradient clipped to norm 1. Source: the chapter
    "Gates" (book/gates.md), section "Delayed recall, solved".
    """
    clip = partial(clip_by_global_norm, max_norm=1.0)
    errors = {}
    for name, (model, init, front) in models.items():
        rng = np.random.default_rng(1)
        params = init(rng, 2 * K, H, K)
        run = start(params, np.zeros((*front, B, H)), adam_state(params))
        batches = (delayed_recall(rng, T, B, K=K) for _ in range(updates))
        errors[name] = train(
            model.loss_and_gradient, partial(adam, rate=0.01), run, batches, clip=clip, progress=False
        ).E
    return errors
