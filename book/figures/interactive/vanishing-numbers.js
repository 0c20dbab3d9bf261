/* The arithmetic of the figure "vanishing": two units, s_t = tanh(x_t u + W s_{t-1}), with a W of the reader's choice.

A matrix is [[w00, w01], [w10, w11]], a state is a pair. Every real 2 x 2 matrix is a multiple m of the identity, plus
a turn a [[0, 1], [-1, 0]], plus a symmetric part of trace 0 and norm r: its eigenvalues are m +- sqrt(r^2 - a^2),
its singular values |m + i a| +- r. */

export const HOPS = 20;
const S_INIT = [0.5, 0.3];
const U = [1, -0.6];
export const X = [
  0.9, -0.4, 0.2, 0.7, -0.8, 0.1, 0.5, -0.3, -0.6, 0.8, 0.3, -0.9, 0.4, 0.6, -0.2, -0.7, 0.9, 0.1, -0.5, 0.3,
];

export const multiply = (A, B) =>
  A.map((row) => [0, 1].map((j) => row[0] * B[0][j] + row[1] * B[1][j]));

function parts([[a, b], [c, d]]) {
  return { m: (a + d) / 2, turn: (b - c) / 2, symmetric: [(a - d) / 2, (b + c) / 2] };
}

/* The largest singular value. */
export function norm(A) {
  const { m, turn, symmetric } = parts(A);
  return Math.hypot(m, turn) + Math.hypot(...symmetric);
}

/* What the eigenvalues m + gap and m - gap, or m + i gap and m - i gap if they are complex, leave free is the coupling:
   how strongly one unit listens to the other once W is turned into the triangle [[m + gap, coupling], [0, m - gap]].
   {middle, gap, complex, coupling, radius}. */
export function spectrum(W) {
  const { m, turn, symmetric } = parts(W);
  const r2 = symmetric[0] ** 2 + symmetric[1] ** 2;
  const complex = r2 < turn ** 2;
  const gap = Math.sqrt(Math.abs(r2 - turn ** 2));
  return {
    middle: m,
    gap,
    complex,
    coupling: 2 * Math.min(Math.sqrt(r2), Math.abs(turn)),
    radius: complex ? Math.hypot(m, gap) : Math.abs(m) + gap,
  };
}

/* The matrix of these eigenvalues and this coupling that is nearest in kind to W: its symmetric part points the same
   way, it turns the same way. A part that W does not have is off the diagonal, and turns from unit 1 to unit 0. */
export function withSpectrum(W, { middle, gap, complex, coupling }) {
  const { turn, symmetric } = parts(W);
  const small = coupling / 2;
  const large = Math.hypot(small, gap);
  const a = (turn < 0 ? -1 : 1) * (complex ? large : small);
  const length = Math.hypot(...symmetric);
  const way = length > 1e-9 ? symmetric.map((part) => part / length) : [0, 1];
  const [h, s] = way.map((part) => part * (complex ? small : large));
  return [[middle + h, s + a], [s - a, middle - h]];
}

/* ||W^n|| for n = 0 to HOPS. */
export function powerNorms(W) {
  let power = [[1, 0], [0, 1]];
  const norms = [1];
  for (let n = 1; n <= HOPS; n++) {
    power = multiply(W, power);
    norms.push(norm(power));
  }
  return norms;
}

/* s_{-1}, s_0, ...: HOPS + 1 states of a run whose inputs are multiplied by `strength`. */
export function run(W, strength) {
  const states = [S_INIT];
  for (const x of X) {
    const s = states.at(-1);
    states.push(W.map((w, i) => Math.tanh(strength * x * U[i] + w[0] * s[0] + w[1] * s[1])));
  }
  return states;
}

/* Row by row ||ds_t/ds_j||: entry [t][j] for the rows t and j <= t of `states`; the diagonal is 1. */
export function jacobianNorms(W, states) {
  return states.map((_, t) => {
    const norms = [1];
    let path = [[1, 0], [0, 1]];
    for (let i = t; i > 0; i--) {
      const hop = W.map((w, k) => w.map((entry) => (1 - states[i][k] ** 2) * entry));
      path = multiply(path, hop);
      norms.unshift(norm(path));
    }
    return norms;
  });
}
