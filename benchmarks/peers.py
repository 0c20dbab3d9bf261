"""The same job as `rnnlib.fast.loss_and_gradient`, done by other means: every maker returns a function of no arguments.

A job is E and dE/d(U, W, V, b, c) of one batch of sequences with dense inputs; dE/dx is nobody's job.
"""

import numpy as np

from rnnlib.fast import loss_and_gradient
from rnnlib.params import Params


def ours(params, x, s_init, y):
    """rnnlib, with a workspace kept from call to call as a training loop does."""
    workspace = {}

    def job():
        E, gradient, _ = loss_and_gradient(params, x, s_init, y, workspace=workspace)
        return E, gradient.gradient

    return job


def torch(params, x, s_init, y):
    """torch.nn.RNN, a linear layer, cross-entropy, autograd."""
    import torch

    (H, D), K, B = params.U.shape, len(params.c), x.shape[1]
    rnn, head = torch.nn.RNN(D, H), torch.nn.Linear(H, K)
    U, W, V, b, c = (torch.tensor(p) for p in params)
    rnn.weight_ih_l0.data, rnn.weight_hh_l0.data, head.weight.data = U, W, V
    rnn.bias_ih_l0.data, rnn.bias_hh_l0.data, head.bias.data = b, torch.zeros_like(b), c
    leaves = [rnn.weight_ih_l0, rnn.weight_hh_l0, head.weight, rnn.bias_ih_l0, head.bias]
    x, s_init, y = torch.tensor(x), torch.tensor(s_init)[None], torch.tensor(y).reshape(-1)

    def job():
        q = head(rnn(x, s_init)[0])
        E = torch.nn.functional.cross_entropy(q.reshape(-1, K), y, reduction="sum") / B
        return E.item(), Params(*(g.numpy() for g in torch.autograd.grad(E, leaves)))

    return job


def jax(params, x, s_init, y):
    """jax.jit of value_and_grad over lax.scan, the inputs projected before the scan."""
    import jax

    jax.config.update("jax_enable_x64", True)
    jnp = jax.numpy
    B = x.shape[1]

    def error(params, x, s_init, y):
        def next_state(s, z):
            s = jnp.tanh(z + s @ params.W.T)
            return s, s

        _, s = jax.lax.scan(next_state, s_init, x @ params.U.T + params.b)
        log_p = jax.nn.log_softmax(s @ params.V.T + params.c)
        return -jnp.take_along_axis(log_p, y[..., None], axis=-1).sum() / B

    step = jax.jit(jax.value_and_grad(error))
    arguments = jax.device_put((params, x, s_init, y))

    def job():
        return jax.block_until_ready(step(*arguments))

    return job


def numpy_loop(params, x, s_init, y):
    """BPTT as usually written: one step at a time, the weight gradients summed inside the loop."""
    (T, B), (U, W, V, b, c) = y.shape, params
    rows = np.arange(B)

    def job():
        s, yhat, E = [s_init], [], 0.0
        for t in range(T):
            s.append(np.tanh(x[t] @ U.T + s[-1] @ W.T + b))
            q = s[-1] @ V.T + c
            e = np.exp(q - q.max(axis=1, keepdims=True))
            yhat.append(e / e.sum(axis=1, keepdims=True))
            E -= np.log(yhat[t][rows, y[t]]).sum() / B
        dU, dW, dV, db, dc = (np.zeros_like(p) for p in params)
        message = np.zeros_like(s_init)
        for t in reversed(range(T)):
            dq = yhat[t].copy()
            dq[rows, y[t]] -= 1
            dq /= B
            dV += dq.T @ s[t + 1]
            dc += dq.sum(axis=0)
            delta = (dq @ V + message) * (1 - s[t + 1] ** 2)
            dU += delta.T @ x[t]
            dW += delta.T @ s[t]
            db += delta.sum(axis=0)
            message = delta @ W
        return E, Params(dU, dW, dV, db, dc)

    return job


def limit(params, x, s_init, y):
    """What no numpy program can leave out: the products, in the order the recurrence forces, and tanh of each state.

    Nothing is added, scaled or scored, so the result is not a gradient.
    """
    (T, B), (U, W, V, _, _) = y.shape, params
    H, D, K = *U.shape, len(V)
    states = np.zeros((T + 1, B, H), x.dtype)
    delta, dq = np.zeros((T, B, H), x.dtype), np.full((T, B, K), 1e-3, x.dtype)
    s, q = states[1:].reshape(-1, H), np.empty((T * B, K), x.dtype)
    outs = [np.empty(shape, x.dtype) for shape in (U.shape, W.shape, V.shape)]
    flat_x, flat_dq, flat_delta = x.reshape(-1, D), dq.reshape(-1, K), delta.reshape(-1, H)
    WT, rows, deltas = np.ascontiguousarray(W.T), list(states), list(delta)  # a transposed view is slower

    def job():
        np.dot(flat_x, U.T, s)
        for t in range(T):
            rows[t].dot(WT, rows[t + 1])
            np.tanh(rows[t + 1], rows[t + 1])
        np.dot(s, V.T, q)
        np.dot(flat_dq, V, flat_delta)
        for t in range(T - 1, 0, -1):
            deltas[t].dot(W, deltas[t - 1])
        np.dot(flat_delta.T, flat_x, outs[0])
        np.dot(flat_delta.T, states[:-1].reshape(-1, H), outs[1])
        np.dot(flat_dq.T, s, outs[2])

    return job
