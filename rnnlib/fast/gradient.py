"""E and its gradient in one call made for training loops, from the last piece of the sequence to the first."""

from rnnlib.fast.buffers import add_to_every_row, product, sum_of_outer, sum_of_rows
from rnnlib.fast.inputs import input_gradient
from rnnlib.fast.sweep import PIECE_ROWS, delta_sweep, pieces, run_states
from rnnlib.losses import softmax_cross_entropy, softmax_cross_entropy_gradient
from rnnlib.params import Params
from rnnlib.rnn import Backward
from rnnlib.validate import check_count, check_reduction, checked_sequence


def loss_and_gradient(
    params, x, s_init, y, *, weights=None, func="tanh", reduction="mean", checkpoint_every=None, workspace=None
):
    """E, its gradient with respect to the parameters and s_init, and the last state, in one call.

    Shapes: as for `rnnlib.rnn.forward`; the result is (E, Backward, s_last) with s_last (B, H). Backward.x is None.
    `workspace` is a dict, empty at first, that keeps the buffers from call to call. Some arrays of the gradient may
    then lie in it, and the next call with that dict overwrites them: use the gradient, or copy it, before that.
    delta and the logits are held for a piece of the sequence at a time, the states for all of it, or with
    `checkpoint_every=n` for n steps: one state in n is kept, the others are computed twice. Raises ValueError for
    what does not fit. Source: the chapter "Vectorised BPTT" (book/vectorised.md), eq. batched-delta, piece-memory and
    checkpoint-memory; checkpoints: Chen et al. (2016), "Training deep nets with sublinear memory cost".
    """
    params, x, s_init, y, weights = checked_sequence(params, x, s_init, y, weights)
    check_reduction(reduction)
    workspace = {} if workspace is None else workspace
    every = len(x) if checkpoint_every is None else check_count("checkpoint_every", checkpoint_every)
    E, total, ds, s_last = 0.0, None, None, None
    for piece, states in _pieces_from_the_end(params, x, s_init, func, every, workspace):
        s_last = states[-1].copy() if s_last is None else s_last
        y_piece, weights_piece = y[piece], None if weights is None else weights[piece]
        # One memory, three contents: the logits, then the predictions, then the gradient of the logits.
        q = product(states[1:], params.V.T, workspace, "q")
        add_to_every_row(q, params.c)
        yhat, E_piece = softmax_cross_entropy(q, y_piece, weights_piece, reduction, out=q)
        dq = softmax_cross_entropy_gradient(yhat, y_piece, weights_piece, reduction, out=yhat)
        gradient, ds = _sweep_back(params, x[piece], states, dq, func, ds, workspace)
        E += E_piece
        is_only_piece = len(dq) == len(x)
        total = gradient if is_only_piece else _plus(gradient, total)
    return E, Backward(total, None, ds), s_last


def _pieces_from_the_end(params, x, s_init, func, every, workspace):
    """Pieces of the sequence, the last one first, each with its states and the state before it.

    The states of `every` steps are kept at a time, and computed again from the checkpoint before them.
    """
    T, B = x.shape[:2]
    rows = max(PIECE_ROWS, params.U.shape[1])  # in shorter pieces, adding up the gradients of U would take too long
    spans = [slice(first, min(first + every, T)) for first in range(0, T, every)]
    checkpoints = [s_init]
    for span in spans[:-1]:
        checkpoints.append(run_states(params, x[span], checkpoints[-1], func, workspace)[-1].copy())
    for span, checkpoint in zip(reversed(spans), reversed(checkpoints), strict=True):
        states = run_states(params, x[span], checkpoint, func, workspace)
        for piece in reversed(pieces(len(states) - 1, B, rows)):
            first, end = piece.start, piece.stop
            yield slice(span.start + first, span.start + end), states[first : end + 1]


def _sweep_back(params, x, states, dq, func, ds_last, workspace):
    """From dq = dE/dq_t of every step to the parameters' gradient and dE/ds_init.

    The loop carries delta alone; everything else is one product over all steps at once.
    """
    s, s_prev = states[1:], states[:-1]
    delta, ds_init = delta_sweep(params, s, dq, func, ds_last, workspace)
    gradient = Params(
        U=input_gradient(delta, x, params.U.shape[1], workspace),
        W=sum_of_outer(delta, s_prev, workspace, "dW"),
        V=sum_of_outer(dq, s, workspace, "dV"),
        b=sum_of_rows(delta),
        c=sum_of_rows(dq),
    )
    return gradient, ds_init


def _plus(gradient, total):
    """`total` with `gradient` added in place, or a copy: the workspace that holds it is about to be used again."""
    if total is None:
        return Params(*(g.copy(order="K") for g in gradient))
    for so_far, g in zip(total, gradient, strict=True):
        so_far += g
    return total
