"""rnnlib: recurrent networks and their gradients, small enough to read, in numpy.

Sizes: T steps, B sequences in the batch, D inputs, H state units, K classes. Time counts from 0 and is the first axis.

    x        (T, B, D)                inputs; or (T, B) integer tokens
    z, s     (T, B, H)                pre-activation and state: s_t = tanh(z_t), z_t = U x_t + W s_{t-1} + b
    s_init   (B, H)                   the state before the first step, s_{-1}
    yhat, y  (T, B, K), (T, B)        prediction softmax(q_t) with the logits q_t = V s_t + c, and target
    E        a number                 the error: summed over t, a mean over the batch unless reduction="sum"
    delta    (T, B, H)                dE/dz_t, the one recursion of the whole course
    message  (B, H)                   W^T delta_{t+1}, what a state hears from the step after it
    U W V b c   (H, D) (H, H) (K, H) (H,) (K,)    the parameters; dU is dE/dU, of the same shape
    u w v k     numbers, v (2,)       the same in the scalar chapters, where k is the bias

The modules, in the order of the chapters:

    scalar, graph, t_steps            numbers: two steps by hand, paths and sweeps, T steps
    activations, losses, params, cell one step of vectors and matrices, forward and backward
    optimisers, tasks, training       from a gradient to new parameters, what to learn, and a network that learns it
    gradcheck                         how to check a gradient
    inputs, rnn, routes               a whole sequence for a batch: forward, delta_sweep, backward; six routes
    diagnostics, clipping             what happens to a gradient on its way back, and what to do when it explodes
    gated, lstm, lstm_cell, gru       gates
    truncation                        errors that travel back a limited number of steps
    text, sampling, checkpoints       what a model reads, how it writes, and how its training goes on another day
    linear, mingru                    a recurrence without a squashing function: loop, scan, and a gate that fits it
    validate, tree                    what all of them use: checked input, trees of arrays

No derivation needs the rest: `exercise`, `claims`, `fingerprints` and `words` check the exercises and name mistakes,
`browser` keeps integers small enough for the Python of a page, and `rnnlib.fast` has the numbers of `rnn`, quicker.
"""

__version__ = "0.1.0"
