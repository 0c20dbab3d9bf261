/* The arithmetic of the figure "bug board": a small network forward and backward, its wrong gradients, its checks.

A network is {params: {U, W, V, b, c}, x, s_init, y} with the shapes and letters of the course, as nested arrays:
x is T x B x D, s_init is B x H, y holds the classes, T x B. The mistakes have the names that they have in
book/experiments/wrong_gradients.py, whose numbers these are. */

const FLOOR = 1e-4; // of the size that an error is measured against, as in rnnlib.gradcheck
const RATE = 0.1;
const PARAMETERS = ["U", "W", "V", "b", "c"];

const sum = (values) => values.reduce((total, value) => total + value, 0);
const dot = (a, b) => sum(a.map((value, i) => value * b[i]));
const timesMatrix = (row, matrix) => matrix[0].map((_, j) => sum(row.map((value, i) => value * matrix[i][j])));
const transpose = (matrix) => matrix[0].map((_, j) => matrix.map((row) => row[j]));
const add = (a, b) => (Array.isArray(a) ? a.map((part, i) => add(part, b[i])) : a + b);
const scale = (factor, a) => (Array.isArray(a) ? a.map((part) => scale(factor, part)) : factor * a);
const sumOfOuter = (left, right) => transpose(left).map((a) => transpose(right).map((b) => dot(a, b)));

export function forward({ params, x, s_init, y }) {
  const states = [s_init];
  const yhat = [];
  let E = 0;
  x.forEach((rows, t) => {
    const s = rows.map((row, n) =>
      params.W.map((w, i) => Math.tanh(dot(params.U[i], row) + dot(w, states[t][n]) + params.b[i])));
    states.push(s);
    const q = s.map((row) => params.V.map((v, k) => dot(v, row) + params.c[k]));
    yhat.push(q.map(softmax));
    q.forEach((row, n) => (E += logSum(row) - row[y[t][n]]));
  });
  return { states, yhat, E: E / s_init.length };
}

function softmax(q) {
  const e = q.map((value) => Math.exp(value - Math.max(...q)));
  return e.map((value) => value / sum(e));
}

function logSum(q) {
  const largest = Math.max(...q);
  return largest + Math.log(sum(q.map((value) => Math.exp(value - largest))));
}

/* The gradient with respect to the parameters and s_init, wrong in the way that `mistake` says (undefined: right);
   null if the wrong code would read beyond the last step. `ds_last` is what the last state hears from later steps. */
export function gradient(network, mistake, ds_last = scale(0, network.s_init)) {
  const { params, x } = network;
  const pass = forward(network);
  const dq = outputGradient(network, pass, mistake);
  if (mistake === "four steps only") return truncated(network, pass, dq);
  const steps = mistake === "loop over D" ? params.U[0].length : x.length;
  if (steps > x.length) return null;
  return collect(network, pass, dq, sweep(network, pass, dq, steps, ds_last, mistake), mistake);
}

function outputGradient({ s_init, y }, { yhat }, mistake) {
  const size = (mistake === "wrong sign" ? -1 : 1) / (mistake === "sum for mean" ? 1 : s_init.length);
  return yhat.map((rows, t) => rows.map((row, n) => row.map((value, k) => size * (value - (k === y[t][n])))));
}

function sweep({ params }, { states }, dq, steps, ds_last, mistake) {
  const delta = scale(0, states.slice(1));
  const W = mistake === "W for its transpose" ? transpose(params.W) : params.W;
  let message = ds_last;
  for (let t = steps - 1; t >= 0; t--) {
    const heard = dq[t].map((row, n) => add(timesMatrix(row, params.V), message[n]));
    delta[t] = heard.map((row, n) => row.map((value, i) => value * slope(states[t + 1][n][i], mistake)));
    const passedOn = mistake === "no slope in the hop" ? heard : delta[t];
    message = passedOn.map((row) => scale(mistake === "no message at all" ? 0 : 1, timesMatrix(row, W)));
  }
  return { delta, message };
}

const slope = (s, mistake) => (mistake === "slope of the sigmoid" ? s * (1 - s) : 1 - s ** 2);

function collect({ params, x }, { states }, dq, { delta, message }, mistake) {
  const before = states.slice(0, -1);
  if (mistake === "s_init left out of dW") before[0] = scale(0, before[0]);
  const dW = sumOfOuter(delta.flat(), before.flat());
  return {
    U: sumOfOuter(delta.flat(), x.flat()),
    W: mistake === "dW transposed" ? transpose(dW) : dW,
    V: sumOfOuter(dq.flat(), states.slice(1).flat()),
    b: (mistake === "db of one step" ? delta.at(-1) : delta.flat()).reduce(add, scale(0, params.b)),
    c: dq.flat().reduce(add, scale(0, params.c)),
    s_init: message,
  };
}

/* Each error travels back through four steps, its own among them. */
function truncated(network, pass, dq) {
  const parts = dq.map((_, t) => {
    const own = dq.map((rows, i) => (i === t ? rows : scale(0, rows)));
    const found = sweep(network, pass, own, t + 1, scale(0, network.s_init));
    const delta = found.delta.map((rows, i) => (i > t - 4 ? rows : scale(0, rows)));
    return { delta, message: scale(t < 4 ? 1 : 0, found.message) };
  });
  const total = (name) => parts.map((part) => part[name]).reduce(add);
  return collect(network, pass, dq, { delta: total("delta"), message: total("message") });
}

/* (E(p + h) - E(p - h)) / 2h for every entry of every parameter. */
export function centralDifference(network, h = 1e-5) {
  const slopes = {};
  for (const name of PARAMETERS) {
    const E = (moved) => forward({ ...network, params: { ...network.params, [name]: moved } }).E;
    slopes[name] = eachEntry(network.params[name], (move) => (E(move(h)) - E(move(-h))) / (2 * h));
  }
  return slopes;
}

/* An array like `array` of the numbers f(move), where move(h) is the array with this one entry moved by h. */
function eachEntry(array, f) {
  return array.map((part, i) => {
    const put = (moved) => array.map((other, k) => (k === i ? moved : other));
    return Array.isArray(part) ? eachEntry(part, (move) => f((h) => put(move(h)))) : f((h) => put(part + h));
  });
}

/* The largest error of any parameter, max|a - n| / max(max|a|, max|n|, 1e-4), and the entry where it is:
   {error, name, index, analytic, numeric}. */
export function worst(analytic, numeric) {
  return PARAMETERS.map((name) => {
    const [a, n] = [analytic[name].flat(), numeric[name].flat()];
    const largest = Math.max(...a.map(Math.abs), ...n.map(Math.abs), FLOOR);
    const off = a.map((value, i) => Math.abs(value - n[i]));
    const at = off.indexOf(Math.max(...off));
    const width = numeric[name][0].length;
    const index = width ? [Math.floor(at / width), at % width] : [at];
    return { error: off[at] / largest, name, index, analytic: a[at], numeric: n[at] };
  }).reduce((best, found) => (found.error > best.error ? found : best));
}

/* The gradients of two halves, the second one's dE/ds_{-1} handed to the first, beside that of the whole. */
export function halves(network, mistake) {
  const half = network.x.length >> 1;
  const first = { ...network, x: network.x.slice(0, half), y: network.y.slice(0, half) };
  const s_half = forward(first).states.at(-1);
  const second = { ...network, x: network.x.slice(half), y: network.y.slice(half), s_init: s_half };
  const whole = gradient(network, mistake);
  const late = gradient(second, mistake);
  const early = late && gradient(first, mistake, late.s_init);
  if (!whole || !early) return null;
  const added = Object.fromEntries(PARAMETERS.map((name) => [name, add(early[name], late[name])]));
  return worst(added, whole);
}

/* E before and after one step of gradient descent, {before, after}, or null if there is no gradient. */
export function descend(network, mistake) {
  const downhill = gradient(network, mistake);
  if (!downhill) return null;
  const params = {};
  for (const name of PARAMETERS) params[name] = add(network.params[name], scale(-RATE, downhill[name]));
  return { before: forward(network).E, after: forward({ ...network, params }).E };
}
