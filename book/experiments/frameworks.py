"""The same gradients in torch and in JAX, as the page "For users of torch and JAX" (book/frameworks.md) shows them.

`python -m benchmarks.frameworks` runs them in the environment of the benchmarks; the site does without torch and JAX.
Everything has time first, and is in float64.
"""

import jax
import jax.numpy as jnp
import numpy as np
import torch
from torch.nn.functional import cross_entropy
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from rnnlib.params import Params


def load(parameters, arrays):
    with torch.no_grad():
        for parameter, array in zip(parameters, arrays, strict=True):
            parameter.copy_(torch.tensor(array))


def torch_gradient(params, x, s_init, y):
    U, W, V, b, c = leaves = [torch.tensor(p, requires_grad=True) for p in params]
    s, E = torch.tensor(s_init), 0.0
    for x_t, y_t in zip(torch.tensor(x), torch.tensor(y), strict=True):
        s = torch.tanh(x_t @ U.T + s @ W.T + b)
        E = E + cross_entropy(s @ V.T + c, y_t)  # softmax and cross-entropy, a mean over the batch
    E.backward()
    return Params(*(leaf.grad for leaf in leaves))


def module_gradient(params, x, s_init, y):
    K, H, D, B = *params.V.shape, params.U.shape[1], len(s_init)
    rnn, head = torch.nn.RNN(D, H, dtype=torch.float64), torch.nn.Linear(H, K, dtype=torch.float64)
    theirs = [rnn.weight_ih_l0, rnn.weight_hh_l0, head.weight, rnn.bias_ih_l0, head.bias]
    load([*theirs, rnn.bias_hh_l0], [*params, np.zeros(H)])  # the second bias is 0: our b is the sum of both
    s, _ = rnn(torch.tensor(x), torch.tensor(s_init)[None])
    E = cross_entropy(head(s).flatten(0, 1), torch.tensor(y).flatten(), reduction="sum") / B
    E.backward()
    return Params(*(parameter.grad for parameter in theirs)), rnn.bias_hh_l0.grad


def jax_gradient(params, x, s_init, y):
    def error(params):
        def step(s, x_t):
            s = jnp.tanh(x_t @ params.U.T + s @ params.W.T + params.b)
            return s, s

        _, s = jax.lax.scan(step, s_init, x)
        log_yhat = jax.nn.log_softmax(s @ params.V.T + params.c)
        return -jnp.take_along_axis(log_yhat, y[..., None], axis=-1).sum() / y.shape[1]

    return jax.grad(error)(params)  # a named tuple goes in, a named tuple comes back


def torch_deltas(params, x, s_init, y):
    deltas = []
    U, W, V, b, c = (torch.tensor(p, requires_grad=True) for p in params)
    s, E = torch.tensor(s_init), 0.0
    for x_t, y_t in zip(torch.tensor(x), torch.tensor(y), strict=True):
        z = x_t @ U.T + s @ W.T + b
        z.register_hook(deltas.append)  # called with delta_t once it is complete
        s = torch.tanh(z)
        E = E + cross_entropy(s @ V.T + c, y_t)
    E.backward()
    return torch.stack(deltas)


def jax_deltas(params, x, s_init, y):
    def error(zeros):
        def step(s, at_t):
            x_t, zero = at_t
            s = jnp.tanh(x_t @ params.U.T + s @ params.W.T + params.b + zero)
            return s, s

        _, s = jax.lax.scan(step, s_init, (x, zeros))
        log_yhat = jax.nn.log_softmax(s @ params.V.T + params.c)
        return -jnp.take_along_axis(log_yhat, y[..., None], axis=-1).sum() / y.shape[1]

    return jax.grad(error)(jnp.zeros((*y.shape, len(params.b))))


def torch_chunks(params, x, s_init, y, window):
    U, W, V, b, c = leaves = [torch.tensor(p, requires_grad=True) for p in params]
    s, E = torch.tensor(s_init), 0.0
    for t, (x_t, y_t) in enumerate(zip(torch.tensor(x), torch.tensor(y), strict=True)):
        if t % window == 0:
            s = s.detach()
        s = torch.tanh(x_t @ U.T + s @ W.T + b)
        E = E + cross_entropy(s @ V.T + c, y_t)
    E.backward()
    return Params(*(leaf.grad for leaf in leaves))


def jax_chunks(params, x, s_init, y, window):
    def error(params):
        s, E = s_init, 0.0
        for t in range(len(x)):
            if t % window == 0:
                s = jax.lax.stop_gradient(s)
            s = jnp.tanh(x[t] @ params.U.T + s @ params.W.T + params.b)
            log_yhat = jax.nn.log_softmax(s @ params.V.T + params.c)
            E -= jnp.take_along_axis(log_yhat, y[t][:, None], axis=-1).mean()
        return E

    return jax.grad(error)(params)


def packed_states(rnn, x, s_init, lengths):
    sequences = pack_padded_sequence(torch.tensor(x), lengths, enforce_sorted=False)
    out, s_last = rnn(sequences, torch.tensor(s_init)[None])
    s, _ = pad_packed_sequence(out, total_length=len(x))
    return s, s_last[0]
