"""Two answers of which one is a copy of the other: other names, another order, a comment, and the same turns."""

BY_STEP = """def gradient_by_step(params, x, s_init, y, func="tanh"):
    run = forward(params, x, s_init, y, func)
    first, second = run.s_0, run.s_1
    spread = np.stack([first, second])
    rate = 1.0 - spread**2 if func == "tanh" else spread - spread * spread
    blame = run.o * y.sum() - y
    push = np.einsum("k,k->", blame, params.v)
    chain = np.cumprod(np.r_[push * rate[1], params.w * rate[0]])
    late, early = chain
    memory = np.hstack((s_init, first))
    return Params(u=np.flip(chain) * x, w=chain[::-1] * memory, v=blame * second, k=np.array([early, late]))
"""
COPIED = """def gradient_by_step(params, x, s_init, y, func="tanh"):
    # My own solution!
    result = forward(params, x, s_init, y, func)
    a, b = result.s_0, result.s_1
    g = result.o * y.sum() - y
    total = np.einsum("k,k->", g, params.v)
    both = np.stack([a, b])
    prev = np.hstack((s_init, a))
    slopes = 1 - both**2 if func == "tanh" else both - both * both
    c = np.cumprod(np.r_[total * slopes[1], slopes[0] * params.w])
    one, zero = c
    return Params(u=x * np.flip(c), w=c[::-1] * prev, v=g * b, k=np.array([zero, one]))
"""
