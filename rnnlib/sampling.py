"""Let a model of characters continue a prompt: sampling, and what temperature does to the probabilities."""

import numpy as np

from rnnlib.losses import softmax


def sample(rng, forward, params, s_init, prompt, length, *, temperature=1.0):
    """Let a model continue a prompt: each token is drawn from softmax(log(yhat) / temperature) and fed back.

    Shapes: `forward(params, x, s_init)` of any model; s_init its state for one sequence, (1, H), or (2, 1, H) for the
    LSTM; prompt int (n,), n at least 1; the result int (length,), without the prompt. Below 1, `temperature` prefers
    likely tokens; above 1 it levels them. Raises ValueError for an empty prompt or a temperature that is not
    positive. Source: the chapter "A character model" (book/characters.md), eq. temperature.
    """
    return continuation(forward, params, s_init, prompt, rng.random(length), temperature=temperature)


def continuation(forward, params, s_init, prompt, draws, *, temperature=1.0):
    """The tokens with which a model continues a prompt, one for each of the numbers drawn uniformly from [0, 1).

    A draw u picks the first token at which the probabilities added up from token 0 exceed u.
    Shapes: as for `sample`; draws (n,), result int (n,). Raises ValueError as `sample` does.
    Source: the chapter "A character model" (book/characters.md), eq. temperature.
    """
    prompt = np.asarray(prompt)
    if prompt.ndim != 1 or not prompt.size:
        raise ValueError(f"prompt has shape {prompt.shape}, expected (n,) with n at least 1")
    x, s, tokens = prompt[:, None], s_init, []
    for u in draws:
        fwd = forward(params, x, s)
        reached = np.cumsum(tempered(fwd.yhat[-1, 0], temperature))
        token = np.searchsorted(reached / reached[-1], u, side="right")
        x, s = np.array([[token]]), fwd.states[-1].copy()
        tokens.append(token)
    return np.array(tokens, dtype=int)


def tempered(p, temperature):
    """The probabilities softmax(log(p) / temperature): sharper below 1, more level above.

    Shapes: p (..., K), kept. Zero probabilities stay zero. Raises ValueError for a temperature that is not
    positive. Source: the chapter "A character model" (book/characters.md), eq. temperature.
    """
    if not temperature > 0:
        raise ValueError(f"temperature is {temperature}, expected a positive number")
    with np.errstate(divide="ignore"):  # log 0 is minus infinity, and stays so; a floor would rise with the temperature
        return softmax(np.log(np.asarray(p, dtype=float)) / temperature)
