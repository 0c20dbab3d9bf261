"""The equations of the chapter "When the loop can go", each on fresh numbers."""

import numpy as np
from pytest import approx

from rnnlib import gradcheck, linear, losses, mingru, rnn
from rnnlib.params import init_params

rng = np.random.default_rng(97)
T = 6
A, B, E_T = rng.uniform(0.5, 1, T) * rng.choice([-1, 1], T), rng.normal(size=T), rng.normal(size=T)
S_INIT = 1.3


def states(a=A, b=B, s=S_INIT):
    """All states, one number after the other; of whatever kind the numbers are."""
    found = [s]
    for t in range(len(a)):
        found.append(a[t] * found[t] + b[t])
    return found


def error(a=A, b=B, s=S_INIT):
    return sum(e * s for e, s in zip(E_T, states(a, b, s)[1:], strict=True))


def rest(t, s):
    """The error from step t on, given s_t."""
    return E_T[t] * s + sum(e * s for e, s in zip(E_T[t + 1 :], states(A[t + 1 :], B[t + 1 :], s)[1:], strict=True))


def ds(t):
    """dE/ds_t."""
    return gradcheck.complex_step(lambda s: rest(t, s), states()[t + 1])


def check_linear_recurrence():
    assert linear.loop_forward(A, B, np.array(S_INIT)) == approx(np.array(states()), rel=1e-13)


def check_linear_state_gradient():
    for t in range(T - 1):
        assert ds(t) == approx(E_T[t] + A[t + 1] * ds(t + 1), rel=1e-12)
    assert ds(T - 1) == approx(E_T[-1], rel=1e-12)


def check_linear_gradients():
    before = states()
    assert gradcheck.complex_step(lambda a: error(a=a), A) == approx([ds(t) * before[t] for t in range(T)], rel=1e-12)
    assert gradcheck.complex_step(lambda b: error(b=b), B) == approx([ds(t) for t in range(T)], rel=1e-12)
    assert gradcheck.complex_step(lambda s: error(s=s), S_INIT) == approx(A[0] * ds(0), rel=1e-12)


def check_flipped_recurrence():
    r = [E_T[T - 1]]
    for n in range(1, T):
        r.append(A[T - n] * r[n - 1] + E_T[T - 1 - n])
    assert r == approx([ds(T - 1 - n) for n in range(T)], rel=1e-12)


def check_transposed_system():
    system = np.eye(T) - np.diag(A[1:], -1)
    assert system @ states()[1:] == approx(B + A[0] * S_INIT * np.eye(T)[0], rel=1e-12)
    assert system.T @ [ds(t) for t in range(T)] == approx(E_T, rel=1e-12)


def check_pair_composition():
    for s in (0.3, -1.7):
        a, b = linear.combine((A[0], B[0]), (A[1], B[1]))
        assert (a, b) == (A[1] * A[0], A[1] * B[0] + B[1])
        assert a * s + b == approx(A[1] * (A[0] * s + B[0]) + B[1], rel=1e-13)


def check_pair_associativity():
    one, two, three = zip(A[:3], B[:3], strict=True)
    left = linear.combine(one, linear.combine(two, three))
    right = linear.combine(linear.combine(one, two), three)
    a, b = A[2] * A[1] * A[0], A[2] * A[1] * B[0] + A[2] * B[1] + B[2]
    assert left == approx((a, b), rel=1e-13)
    assert right == approx((a, A[2] * (A[1] * B[0] + B[1]) + B[2]), rel=1e-13)


def check_scan_states():
    decays, inputs = linear.scan((A, B), linear.combine)
    assert decays * S_INIT + inputs == approx(np.array(states()[1:]), rel=1e-12)


def check_scan_work():
    for steps in (2, 5, 8, 1000):
        rounds, pairs = int(np.ceil(np.log2(steps))), []
        some = np.ones(steps), np.ones(steps)
        linear.scan(
            some, lambda first, second, pairs=pairs: pairs.append(len(first[0])) or linear.combine(first, second)
        )
        assert len(pairs) == rounds
        assert sum(pairs) == sum(steps - 2**n for n in range(rounds)) == steps * rounds - 2**rounds + 1


def check_divided_products():
    product = np.cumprod(A)
    closed = [product[t] * (S_INIT + sum(B[n] / product[n] for n in range(t + 1))) for t in range(T)]
    assert closed == approx(states()[1:], rel=1e-12)


H, D, K = 4, 3, 2
X, Y, S_H = rng.normal(size=(T, 1, D)), rng.integers(K, size=(T, 1)), rng.normal(size=(1, H))
M = mingru.init_params(rng, D, H, K)
FM = mingru.forward(M, X, S_H, Y)


def gate_and_candidate(t):
    z = X[t] @ M.U.T + M.b
    return 1 / (1 + np.exp(-z[:, :H])), z[:, H:]


def check_mingru_step():
    for t in range(T):
        u, g = gate_and_candidate(t)
        assert FM.s[t] == approx(u * FM.s_prev[t] + (1 - u) * g, rel=1e-13)


def mingru_rest(t, s):
    E = losses.cross_entropy(s @ M.V.T + M.c, Y[t])
    return E if t == T - 1 else E + mingru.forward(M, X[t + 1 :], s, Y[t + 1 :]).E


def check_mingru_delta():
    for t in range(T):
        u, g = gate_and_candidate(t)
        d = gradcheck.complex_step(lambda s, t=t: mingru_rest(t, s), FM.s[t])

        def from_z(z, t=t):
            u = 1 / (1 + np.exp(-z[:, :H]))
            return mingru_rest(t, u * FM.s_prev[t] + (1 - u) * z[:, H:])

        expected = np.concatenate([d * (FM.s_prev[t] - g) * u * (1 - u), d * (1 - u)], axis=1)
        assert gradcheck.complex_step(from_z, X[t] @ M.U.T + M.b) == approx(expected, rel=1e-10)


def check_one_direction():
    fwd = mingru.forward(M, np.broadcast_to(X[0], X.shape), S_H)
    u, g = gate_and_candidate(0)
    for t in range(T):
        assert fwd.s[t] - g == approx(u ** (t + 1) * (S_H - g), rel=1e-12)


C_, H_, RE, IM, E_RE, E_IM = rng.normal(size=(6, T))
PAIR = (0.4, -0.9)


def pair_steps(c=C_, h=H_, first=0, pair=PAIR):
    """(re, im) of each step from `first` on."""
    found, (re, im) = [], pair
    for t in range(first, T):
        re, im = c[t] * re - h[t] * im + RE[t], h[t] * re + c[t] * im + IM[t]
        found.append((re, im))
    return found


def pair_error(first=0, **moved):
    return sum(
        E_RE[first + n] * re + E_IM[first + n] * im for n, (re, im) in enumerate(pair_steps(first=first, **moved))
    )


def pair_ds(t):
    """dE/dre_t and dE/dim_t."""
    re, im = pair_steps()[t]
    return gradcheck.complex_step(
        lambda at: E_RE[t] * at[0] + E_IM[t] * at[1] + (pair_error(first=t + 1, pair=at) if t < T - 1 else 0), (re, im)
    )


def complex_states():
    return linear.loop_forward(C_ + 1j * H_, RE + 1j * IM, np.array(complex(*PAIR)))


def check_pair_recurrence():
    assert complex_states()[1:] == approx(np.array([complex(*pair) for pair in pair_steps()]), rel=1e-12)


def check_pair_gradients():
    before = [PAIR, *pair_steps()]
    for t in range(1, T):
        (re, im), (re_before, im_before) = pair_ds(t), pair_ds(t - 1)
        assert re_before == approx(E_RE[t - 1] + C_[t] * re + H_[t] * im, rel=1e-10)
        assert im_before == approx(E_IM[t - 1] - H_[t] * re + C_[t] * im, rel=1e-10)
    dc = gradcheck.complex_step(lambda c: pair_error(c=c), C_)
    dh = gradcheck.complex_step(lambda h: pair_error(h=h), H_)
    for t in range(T):
        (re, im), (re_prev, im_prev) = pair_ds(t), before[t]
        assert dc[t] == approx(re * re_prev + im * im_prev, rel=1e-10)
        assert dh[t] == approx(im * re_prev - re * im_prev, rel=1e-10)


def check_conjugate_sweep():
    a, found = C_ + 1j * H_, [complex(*pair_ds(t)) for t in range(T)]
    for t in range(1, T):
        assert found[t - 1] == approx(complex(E_RE[t - 1], E_IM[t - 1]) + np.conj(a[t]) * found[t], rel=1e-10)
    dc = gradcheck.complex_step(lambda c: pair_error(c=c), C_)
    dh = gradcheck.complex_step(lambda h: pair_error(h=h), H_)
    assert dc + 1j * dh == approx(np.array(found) * np.conj(complex_states()[:-1]), rel=1e-10)


RATE, INPUT, TIME, S_0 = -0.8, 1.7, 0.6, 0.9  # alpha, beta x, Delta and the state before


def check_zero_order_hold():
    s, steps = S_0, 4000
    for _ in range(steps):  # the midpoint rule, in small steps
        middle = s + (RATE * s + INPUT) * TIME / steps / 2
        s += (RATE * middle + INPUT) * TIME / steps
    phi = (np.exp(RATE * TIME) - 1) / RATE
    assert np.exp(RATE * TIME) * S_0 + phi * INPUT == approx(s, rel=1e-7)


def check_hold_gradients():
    a, phi = np.exp(RATE * TIME), (np.exp(RATE * TIME) - 1) / RATE
    of_a = gradcheck.complex_step(lambda at: np.exp(at[0] * at[1]), (RATE, TIME))
    of_phi = gradcheck.complex_step(lambda at: (np.exp(at[0] * at[1]) - 1) / at[0], (RATE, TIME))
    assert of_a == approx((TIME * a, RATE * a), rel=1e-12)
    assert of_phi == approx(((TIME * a - phi) / RATE, a), rel=1e-12)
    whole = gradcheck.complex_step(
        lambda time: 1.3 * np.exp(RATE * time) - 0.4 * (np.exp(RATE * time) - 1) / RATE * INPUT, TIME
    )
    assert whole == approx(1.3 * RATE * a - 0.4 * a * INPUT, rel=1e-12)  # dE/da is 1.3, dE/db is -0.4


P = init_params(rng, D, H, K)
FP = rnn.forward(P, X, S_H, Y)


def tanh_rest(t, s):
    E = losses.cross_entropy(s @ P.V.T + P.c, Y[t])
    return E if t == T - 1 else E + rnn.forward(P, X[t + 1 :], s, Y[t + 1 :]).E


def hop(t):
    return (1 - FP.s[t, 0] ** 2)[:, None] * P.W


def check_affine_sweep():
    found = [gradcheck.complex_step(lambda s, t=t: tanh_rest(t, s), FP.s[t])[0] for t in range(T)]
    for t in range(T - 1):
        dq = (FP.yhat[t] - np.eye(K)[Y[t]])[0]
        assert found[t] == approx(P.V.T @ dq + hop(t + 1).T @ found[t + 1], rel=1e-10)


def check_newton_step():
    """Of a small error in the guess, a round leaves the square."""
    exact = FP.s[:, 0]

    def f(s, t):
        return np.tanh(P.U @ X[t, 0] + P.W @ s + P.b)

    sizes = []
    for size in (1e-3, 1e-4):
        old = exact + size * rng.normal(size=exact.shape)
        new = [S_H[0]]
        for t in range(T):
            old_prev = old[t - 1] if t else S_H[0]
            slope = 1 - f(old_prev, t) ** 2
            new.append(f(old_prev, t) + slope[:, None] * P.W @ (new[t] - old_prev))
        sizes.append(np.abs(np.array(new[1:]) - exact).max())
    assert sizes[0] < 1e-4
    assert sizes[1] < 0.1 * sizes[0]


def check_decay_product():
    for j in range(T):
        moved = gradcheck.complex_step(lambda s, j=j: states(A[j + 1 :], B[j + 1 :], s)[-1], states()[j + 1])
        assert moved == approx(np.prod(A[j + 1 :]), rel=1e-12)


def check_decay_sensitivity():
    """The sums of the squares of all weights with which independent inputs enter the state, and its derivative."""
    for a in (0.3, 0.8, -0.9):
        k = np.arange(2000.0)
        assert np.sum(a ** (2 * k)) == approx(1 / (1 - a**2), rel=1e-10)
        assert np.sum((k[1:] * a ** (k[1:] - 1)) ** 2) == approx((1 + a**2) / (1 - a**2) ** 3, rel=1e-10)


def check_decay_influence():
    a, found = 0.7, 0.0
    before = states([a] * T)
    for t in range(T):
        found = before[t] + a * found
        moved = gradcheck.complex_step(lambda a, t=t: states([a] * T)[t + 1], a)
        assert found == approx(moved, rel=1e-12)
