/* The numbers of the two-step network, with the letters of rnnlib/scalar.py, which returns the same ones. */

const FUNCTIONS = {
  tanh: { squash: Math.tanh, slope: (s) => 1 - s * s },
  sigmoid: { squash: (z) => 0.5 + 0.5 * Math.tanh(0.5 * z), slope: (s) => s * (1 - s) },
};

// Every value of the forward passes; `v` and `y` are pairs.
export function forward({ u, w, k, v, x_0, x_1, s_init, y, func }) {
  const { squash } = FUNCTIONS[func];
  const a_0 = x_0 * u;
  const b_0 = s_init * w;
  const z_0 = a_0 + b_0 + k;
  const s_0 = squash(z_0);
  const a_1 = x_1 * u;
  const b_1 = s_0 * w;
  const z_1 = a_1 + b_1 + k;
  const s_1 = squash(z_1);
  const q = v.map((weight) => weight * s_1);
  const o = softmax(q);
  return { a_0, b_0, z_0, s_0, a_1, b_1, z_1, s_1, q, o, E: -(y[0] * Math.log(o[0]) + y[1] * Math.log(o[1])) };
}

// Every derivative of the backward sweep. Whoever forgets the second chain takes s_0 for a constant.
export function backward(given, forgetsSecondChain = false) {
  const { slope } = FUNCTIONS[given.func];
  const { w, v, x_0, x_1, s_init, y } = given;
  const f = forward(given);
  const dE_do = f.o.map((o, i) => -y[i] / o);
  const dE_dq = f.o.map((o, i) => o * (y[0] + y[1]) - y[i]);
  const dE_ds_1 = dE_dq[0] * v[0] + dE_dq[1] * v[1];
  const dE_dz_1 = dE_ds_1 * slope(f.s_1);
  const dE_ds_0 = forgetsSecondChain ? 0 : dE_dz_1 * w;
  const dE_dz_0 = dE_ds_0 * slope(f.s_0);
  const by_step = {
    u: [dE_dz_0 * x_0, dE_dz_1 * x_1],
    w: [dE_dz_0 * s_init, dE_dz_1 * f.s_0],
    k: [dE_dz_0, dE_dz_1],
    v: dE_dq.map((each) => each * f.s_1),
  };
  return { dE_do, dE_dq, dE_ds_1, dE_dz_1, dE_ds_0, dE_dz_0, s_init: dE_dz_0 * w, by_step };
}

// What knows nothing of chains: the central difference of E with respect to the parameter of that name.
export function witness(given, name, h = 1e-5) {
  const moved = (by) => forward({ ...given, [name]: given[name] + by }).E;
  return (moved(h) - moved(-h)) / (2 * h);
}

function softmax(q) {
  const largest = Math.max(...q);
  const powers = q.map((each) => Math.exp(each - largest));
  return powers.map((power) => power / (powers[0] + powers[1]));
}
