"""Freeze what torch and JAX return, for the page "For users of torch and JAX" (book/frameworks.md).

    python -m benchmarks.frameworks

It runs the code that the page shows (book/experiments/frameworks.py) and the other claims of the page, and writes
book/frameworks.json. A change of either file asks for a new run, and a test says so.
"""

import hashlib
import json
from datetime import date
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
import torch
from torch.nn.functional import cross_entropy
from torch.nn.utils import clip_grad_norm_

from book.experiments import frameworks as shown
from rnnlib import gru, lstm
from rnnlib.params import Params, init_params

FROZEN = Path(__file__).parents[1] / "book" / "frameworks.json"


def case(init, pair=False):
    """Random parameters, inputs (T, B, D), first state and labels; all sizes differ."""
    T, B, D, H, K = 6, 2, 3, 4, 5
    rng = np.random.default_rng(11)
    s_init = rng.normal(size=(2, B, H) if pair else (B, H))
    return init(rng, D, H, K), rng.normal(size=(T, B, D)), s_init, rng.integers(K, size=(T, B))


def two_chunks(params, x, s_init, y, *, retain_graph=False, update=False):
    """The gradient, or the message of an error, when the state goes on with its tape; each chunk ends in a target."""
    U, W, V, b, c = leaves = [torch.tensor(p, requires_grad=True) for p in params]
    s, optimiser = torch.tensor(s_init), torch.optim.SGD(leaves, lr=0.1)
    try:
        for t, (x_t, y_t) in enumerate(zip(torch.tensor(x), torch.tensor(y), strict=True)):
            s = torch.tanh(x_t @ U.T + s @ W.T + b)
            E = cross_entropy(s @ V.T + c, y_t)
            if t % 3 == 2:
                E.backward(retain_graph=retain_graph)
                if update:
                    optimiser.step()
    except RuntimeError as error:
        return str(error)
    return Params(*(leaf.grad for leaf in leaves))


def packed(params, x, s_init, y):
    """States, last states and gradient of two sequences of different lengths; and the last row without packing."""
    (H, D), B, lengths = params.U.shape, len(s_init), [6, 4]
    rnn = torch.nn.RNN(D, H, dtype=torch.float64)
    leaves = [rnn.weight_ih_l0, rnn.weight_hh_l0, rnn.bias_ih_l0, rnn.bias_hh_l0]
    shown.load(leaves, [params.U, params.W, params.b, np.zeros(H)])
    V, c = (torch.tensor(p, requires_grad=True) for p in (params.V, params.c))
    s, s_last = shown.packed_states(rnn, x, s_init, lengths)
    real = torch.arange(len(x))[:, None] < torch.tensor(lengths)
    (cross_entropy((s @ V.T + c)[real], torch.tensor(y)[real], reduction="sum") / B).backward()
    U, W, b, _ = (leaf.grad for leaf in leaves)
    unpacked, _ = rnn(torch.tensor(x), torch.tensor(s_init)[None])
    return {
        "lengths": lengths,
        "s": s,
        "s_last": s_last,
        "last row without packing": unpacked[-1],
        "gradient": Params(U, W, V.grad, b, c.grad),
    }


def lstm_gradient(params, x, s_init, y):
    """The gradient of torch's LSTM with the weights of rnnlib's, its rows back in our order."""
    H, B = params.V.shape[1], x.shape[1]
    reorder = np.r_[0 : 2 * H, 3 * H : 4 * H, 2 * H : 3 * H]  # i, f, o, g to i, f, g, o; the same way back
    net = torch.nn.LSTM(x.shape[-1], H, dtype=torch.float64)
    leaves = [net.weight_ih_l0, net.weight_hh_l0, net.bias_ih_l0, net.bias_hh_l0]
    shown.load(leaves, [*(p[reorder] for p in (params.U, params.W, params.b)), np.zeros(4 * H)])
    V, c = (torch.tensor(p, requires_grad=True) for p in (params.V, params.c))
    s, _ = net(torch.tensor(x), tuple(torch.tensor(s_init)[:, None]))
    E = cross_entropy((s @ V.T + c).flatten(0, 1), torch.tensor(y).flatten(), reduction="sum") / B
    E.backward()
    dU, dW, db, _ = (leaf.grad[reorder] for leaf in leaves)
    return Params(dU, dW, V.grad, db, c.grad)


def forget_gate(H=400):
    """The bias of a new forget gate, both vectors added; and what it becomes when both are set to 1."""
    torch.manual_seed(0)
    net = torch.nn.LSTM(3, H)
    forget = slice(H, 2 * H)
    new = (net.bias_ih_l0 + net.bias_hh_l0)[forget]
    with torch.no_grad():
        net.bias_ih_l0[forget] = net.bias_hh_l0[forget] = 1
    twice = (net.bias_ih_l0 + net.bias_hh_l0)[forget]
    return {"H": H, "mean": new.mean(), "largest": new.abs().max(), "both set to 1": twice.mean()}


def gru_states(params, x, s_init, y, inner):
    """The states of torch's GRU with our weights, and `inner` (H,) as the second bias of the candidate."""
    H = s_init.shape[-1]
    net = torch.nn.GRU(x.shape[-1], H, dtype=torch.float64)
    second = np.concatenate([np.zeros(2 * H), inner])
    leaves = [net.weight_ih_l0, net.weight_hh_l0, net.bias_ih_l0, net.bias_hh_l0]
    shown.load(leaves, [params.U, params.W, params.b, second])
    return net(torch.tensor(x), torch.tensor(s_init)[None])[0]


def gru_results():
    params, *data = network = case(gru.init_params)
    H = params.V.shape[1]
    inner, none = np.linspace(-1, 1, H), np.zeros(H)
    diagonal = np.concatenate([params.W[: 2 * H], np.diag(np.linspace(0.5, 1, H))])
    return {
        "case": named(network),
        "inner": inner,
        "W, its last block diagonal": diagonal,
        "states": gru_states(*network, inner),
        "states, inner bias 0": gru_states(*network, none),
        "states, inner bias in the outer": gru_states(
            params._replace(b=params.b + np.r_[none, none, inner]), *data, none
        ),
        "states, W_g diagonal": gru_states(params._replace(W=diagonal), *data, none),
    }


def teacher_forcing(params, x, s_init, y):
    """Inputs that are known beforehand, in one call and in a loop; and whether a chosen class passes a gradient."""
    (H, D) = params.U.shape
    rnn, cell = torch.nn.RNN(D, H, dtype=torch.float64), torch.nn.RNNCell(D, H, dtype=torch.float64)
    cell.load_state_dict({name.removesuffix("_l0"): value for name, value in rnn.state_dict().items()})
    at_once, _ = rnn(torch.tensor(x), torch.tensor(s_init)[None])
    s, states = torch.tensor(s_init), []
    for x_t in torch.tensor(x):
        s = cell(x_t, s)
        states.append(s)
    chosen = (s @ torch.tensor(params.V).T).argmax(dim=-1)
    return {
        "one call and a loop differ by": (at_once - torch.stack(states)).abs().max(),
        "the state passes a gradient": s.requires_grad,
        "the chosen class passes a gradient": chosen.requires_grad,
    }


def clipped(gradient, max_norm):
    """A gradient as torch and as optax clip it, and the norm that torch returns."""
    leaves = [torch.zeros(g.shape, dtype=torch.float64) for g in gradient]
    for leaf, g in zip(leaves, gradient, strict=True):
        leaf.grad = torch.tensor(np.asarray(g))
    norm = clip_grad_norm_(leaves, max_norm)
    by_optax, _ = optax.clip_by_global_norm(max_norm).update(gradient, optax.EmptyState())
    return {"max_norm": max_norm, "norm": norm, "torch": Params(*(leaf.grad for leaf in leaves)), "optax": by_optax}


def clipped_nan():
    """What becomes of a gradient with one NaN among three numbers."""
    leaf = torch.zeros(3)
    leaf.grad = torch.tensor([1.0, float("nan"), 2.0])
    try:
        clip_grad_norm_([leaf], 1.0, error_if_nonfinite=True)
        complaint = "no error"
    except RuntimeError as error:
        complaint = str(error).split(",")[0]
    clip_grad_norm_([leaf], 1.0)
    by_optax, _ = optax.clip_by_global_norm(1.0).update(jnp.array([1.0, jnp.nan, 2.0]), optax.EmptyState())
    return {
        "torch": leaf.grad.isnan().sum(),
        "optax": jnp.isnan(by_optax).sum(),
        "torch with error_if_nonfinite=True": complaint,
    }


def results():
    network, pairs = case(init_params), case(lstm.init_params, pair=True)
    by_module, second_bias = shown.module_gradient(*network)
    return {
        "names": {name: value.shape for name, value in torch.nn.RNN(3, 4).named_parameters()},
        "case": named(network),
        "torch": shown.torch_gradient(*network),
        "torch.nn.RNN": by_module,
        "second bias": second_bias,
        "jax": shown.jax_gradient(*network),
        "torch deltas": shown.torch_deltas(*network),
        "jax deltas": shown.jax_deltas(*network),
        "torch chunks": shown.torch_chunks(*network, window=3),
        "jax chunks": shown.jax_chunks(*network, window=3),
        "without detach": two_chunks(*network),
        "with retain_graph": two_chunks(*network, retain_graph=True),
        "with retain_graph and an update": two_chunks(*network, retain_graph=True, update=True),
        "packed": packed(*network),
        "lstm": {"case": named(pairs), "gradient": lstm_gradient(*pairs)},
        "forget gate": forget_gate(),
        "gru": gru_results(),
        "teacher forcing": teacher_forcing(*network),
        "clipped": clipped(shown.jax_gradient(*network), max_norm=0.5),
        "too short to be clipped": clipped(shown.jax_gradient(*network), max_norm=100.0),
        "NaN": clipped_nan(),
    }


def named(network):
    return dict(zip(("params", "x", "s_init", "y"), network, strict=True))


def plain(value):
    """The same with arrays as nested lists of Python numbers, which JSON keeps to the last bit."""
    if isinstance(value, Params):
        value = value._asdict()
    if isinstance(value, dict):
        return {name: plain(part) for name, part in value.items()}
    if isinstance(value, str):
        return value
    return np.asarray(value.detach() if isinstance(value, torch.Tensor) else value).tolist()


def checksum():
    """A checksum of the code whose results are frozen."""
    return hashlib.sha256(Path(shown.__file__).read_bytes() + Path(__file__).read_bytes()).hexdigest()


def main():
    of_float64 = str(jnp.asarray(np.ones(1)).dtype)
    jax.config.update("jax_enable_x64", True)
    versions = {module.__name__: module.__version__ for module in (torch, jax, optax, np)}
    frozen = {"date": date.today().isoformat(), "versions": versions, "checksum": checksum()}
    frozen |= {"float64 in jax by default": of_float64} | plain(results())
    lines = (f"{json.dumps(name)}: {json.dumps(value)}" for name, value in frozen.items())
    FROZEN.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
