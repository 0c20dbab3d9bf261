"""python -m benchmarks.training: a character model trained end to end with Adagrad, in characters a second.

Inputs are tokens here and one-hot arrays, made beforehand, for torch and jax. Prints one line for each batch size,
with the largest difference between the first losses: curves that part are not the same computation.
"""

import numpy as np

from benchmarks.timing import ratios
from rnnlib.fast import loss_and_gradient
from rnnlib.optimisers import adagrad, adagrad_state
from rnnlib.params import init_params

SHAPES = [(50, 32, 65, 128), (25, 1, 65, 100)]
RATE, EPS, FIRST = 0.01, 1e-20, 10  # torch adds EPS outside the root; this small, it only keeps from dividing 0 by 0


def text(T, B, K, steps):
    tokens = np.random.default_rng(1).integers(K, size=(steps * T + 1, B))
    return [(tokens[i * T : (i + 1) * T], tokens[i * T + 1 : (i + 1) * T + 1]) for i in range(steps)]


def ours(params, batches, B):
    """A function that trains one step and returns its loss."""
    squares, state, workspace, at = adagrad_state(params), np.zeros((B, len(params.b)), np.float32), {}, 0

    def step():
        nonlocal params, squares, state, at
        x, y = batches[at % len(batches)]
        at += 1
        E, back, state = loss_and_gradient(params, x, state, y, workspace=workspace)
        params, squares = adagrad(params, back.gradient, squares, rate=RATE, epsilon=EPS)
        return float(E)

    return step


def torch(params, batches, B):
    import torch

    torch.set_num_threads(1)
    (H, D), K = params.U.shape, len(params.c)
    rnn, head = torch.nn.RNN(D, H), torch.nn.Linear(H, K)
    U, W, V, b, c = (torch.tensor(p) for p in params)
    rnn.weight_ih_l0.data, rnn.weight_hh_l0.data, head.weight.data = U, W, V
    rnn.bias_ih_l0.data, rnn.bias_hh_l0.data, head.bias.data = b, torch.zeros_like(b), c
    rnn.bias_hh_l0.requires_grad_(False)
    leaves = [p for p in (*rnn.parameters(), *head.parameters()) if p.requires_grad]
    optimiser = torch.optim.Adagrad(leaves, lr=RATE, eps=EPS)
    data = [(torch.tensor(np.eye(D, dtype=np.float32)[x]), torch.tensor(y).reshape(-1)) for x, y in batches]
    state, at = torch.zeros(1, B, H), 0

    def step():
        nonlocal state, at
        x, y = data[at % len(data)]
        at += 1
        s, last = rnn(x, state)
        E = torch.nn.functional.cross_entropy(head(s).reshape(-1, K), y, reduction="sum") / B
        optimiser.zero_grad()
        E.backward()
        optimiser.step()
        state = last.detach()
        return E.item()

    return step


def jax(params, batches, B):
    import jax

    jnp = jax.numpy

    def error(params, x, s, y):
        def next_state(s, z):
            s = jnp.tanh(z + s @ params.W.T)
            return s, s

        last, s = jax.lax.scan(next_state, s, x @ params.U.T + params.b)
        log_p = jax.nn.log_softmax(s @ params.V.T + params.c)
        return -jnp.take_along_axis(log_p, y[..., None], axis=-1).sum() / B, last

    @jax.jit
    def train(params, squares, x, s, y):
        (E, last), g = jax.value_and_grad(error, has_aux=True)(params, x, s, y)
        squares = jax.tree.map(lambda q, g: q + g * g, squares, g)
        params = jax.tree.map(lambda p, q, g: p - RATE * g / (jnp.sqrt(q) + EPS), params, squares, g)
        return E, params, squares, last

    (H, D), at = params.U.shape, 0
    data = [jax.device_put((np.eye(D, dtype=np.float32)[x], y)) for x, y in batches]
    params = jax.device_put(params)
    squares, state = jax.tree.map(jnp.zeros_like, params), jnp.zeros((B, H), jnp.float32)

    def step():
        nonlocal params, squares, state, at
        x, y = data[at % len(data)]
        at += 1
        E, params, squares, state = train(params, squares, x, state, y)
        return float(E)

    return step


def main():
    makers = {"torch": torch, "jax": jax}
    for T, B, K, H in SHAPES:
        batches = text(T, B, K, 200)
        params = init_params(np.random.default_rng(0), K, H, K, dtype=np.float32)
        mine, others = ours(params, batches, B), {name: make(params, batches, B) for name, make in makers.items()}
        losses = {name: [step() for _ in range(FIRST)] for name, step in {"ours": mine, **others}.items()}
        apart = max(abs(a / b - 1) for name in others for a, b in zip(losses["ours"], losses[name], strict=True))
        medians, seconds = ratios(mine, others, rounds=15)
        speed = ", ".join(f"{1 / ratio:.2f} times {name}'s" for name, ratio in medians.items())
        print(f"T={T} B={B} H={H}: {T * B / seconds:,.0f} characters a second, {speed}; ", end="")
        print(f"first {FIRST} losses within {apart:.0e}")


if __name__ == "__main__":
    main()
