/* The two-step network with numbers of the reader's own: every value, every derivative, and the two chains as bars. */

import { choice, element, letters, phrase, say, sentences, signed, slider, svg, toggle } from "./sliders.js";
import { backward, forward, witness } from "./two-step-numbers.js";

const SLIDERS = [["u", 2], ["w", 2], ["k", 2], ["x_0", 3], ["x_1", 3], ["s_init", 1]]; // each from minus that number
const NODES = { // column and row of each
  "s_-1": [0, 1], b_0: [1, 1], a_0: [2, 0], z_0: [2, 1], s_0: [3, 1],
  b_1: [2, 2], a_1: [1, 3], z_1: [2, 3], s_1: [3, 3],
  q: [1, 4], o: [2, 4], E: [3, 4],
};
const ARROWS = [
  ["s_-1", "b_0"], ["b_0", "z_0"], ["a_0", "z_0"], ["z_0", "s_0"], ["s_0", "b_1"], ["b_1", "z_1"], ["a_1", "z_1"],
  ["z_1", "s_1"], ["s_1", "q"], ["q", "o"], ["o", "E"],
];
const RADIUS = 17;
const ROWS = [22, 116, 210, 304, 426]; // the height of each
const HEIGHT = 504;

function render({ model, el }) {
  const controls = element("div", { class: "controls several" });
  const drawn = element("div", { class: "sides" });
  el.append(controls, drawn);
  const given = () => ({
    ...Object.fromEntries([...SLIDERS.map(([name]) => name), "func", "v", "y"].map((name) => [name, model.get(name)])),
  });
  const show = () => {
    const now = numbers(given(), model.get("forget"));
    drawn.replaceChildren(graph(now), element("div", {}, [bars(now), table(now)]));
    return now;
  };
  const change = (name) => (value) => {
    model.set(name, value);
    model.save_changes();
    say(el, sentence(numbers(given(), model.get("forget"))));
  };
  const bind = (name, control) => {
    if (model.get(name) !== control.value) model.set(name, control.value); // it was out of range
    model.on(`change:${name}`, () => {
      control.set(model.get(name));
      show();
    });
  };
  for (const [name, most] of SLIDERS) {
    const label = name.replace("init", "-1");
    const settings = { label, min: -most, max: most, step: 0.1, value: model.get(name), show: (number) => number.toFixed(1) };
    bind(name, slider(controls, { ...settings, onInput: change(name) }));
  }
  const options = [["tanh", "tanh"], ["sigmoid", "sigmoid"]];
  bind("func", choice(controls, { label: "func", options, value: model.get("func"), onInput: change("func") }));
  const forget = phrase`forget the second chain`;
  bind("forget", toggle(controls, { label: forget, value: model.get("forget"), onInput: change("forget") }));
  show();
}

function numbers(given, forget) {
  const f = forward(given);
  const b = backward(given, forget);
  const values = { "s_-1": given.s_init, ...f };
  const derivatives = {
    "s_-1": b.s_init, b_0: b.dE_dz_0, a_0: b.dE_dz_0, z_0: b.dE_dz_0, s_0: b.dE_ds_0,
    b_1: b.dE_dz_1, a_1: b.dE_dz_1, z_1: b.dE_dz_1, s_1: b.dE_ds_1, q: b.dE_dq, o: b.dE_do, E: 1,
  };
  const chains = ["u", "w", "k"].map((name) => ({ name, parts: b.by_step[name], truth: witness(given, name) }));
  return { given, forget, values, derivatives, chains };
}

function digits(value) {
  return signed([value].flat().map((each) => (Math.round(each * 1e4) / 1e4 + 0).toFixed(4)).join(", "));
}

function sentence({ forget, chains: [{ parts, truth }], values }) {
  const [whole, second, first] = [parts[0] + parts[1], parts[0], parts[1]].map(digits);
  const told = phrase`E is ${digits(values.E)}. dE/du is ${whole}: ${first} from step 1 and ${second} from step 0.`;
  return forget ? phrase`${told} The central difference says ${digits(truth)}.` : told;
}

function graph({ values, derivatives }) {
  const at = ([column, row]) => [48 + 96 * column, ROWS[row]];
  const names = Object.keys(NODES);
  const told = names.map((name) => phrase`${name} is ${digits(values[name])}, dE/d${name} ${digits(derivatives[name])}`);
  const list = told.reduce((all, next) => phrase`${all}; ${next}`);
  const drawing = svg("svg", {
    viewBox: `0 0 384 ${HEIGHT}`, class: "graph", role: "img",
    "aria-label": phrase`The graph of the two steps: ${list}.`,
  });
  for (const [tail, head] of ARROWS) drawing.append(arrow(at(NODES[tail]), at(NODES[head])));
  for (const name of names) {
    const [x, y] = at(NODES[name]);
    drawing.append(
      svg("circle", { cx: x, cy: y, r: RADIUS, fill: "none", stroke: "currentColor" }),
      named(x, y, name),
      ...[values, derivatives].flatMap((numbers, line) => [numbers[name]].flat().map((number, i, all) => svg(
        "text", { x, y: y + RADIUS + 14 + 13 * (line * all.length + i), class: line ? "derivative" : "value" }, digits(number),
      ))),
    );
  }
  return drawing;
}

function named(x, y, name) {
  const [letter, below] = name.split("_");
  const index = below ? [svg("tspan", { dy: 4, "font-size": 10 }, signed(below))] : [];
  return svg("text", { x, y: y + 5, class: "name" }, [letter, ...index]);
}

function arrow([x0, y0], [x1, y1]) {
  const length = Math.hypot(x1 - x0, y1 - y0);
  const [dx, dy] = [(x1 - x0) / length, (y1 - y0) / length];
  // What leads down a row begins below the numbers of its circle.
  const gap = (y1 === y0 ? RADIUS : RADIUS + 34) + 2;
  const [sx, sy, ex, ey] = [x0 + gap * dx, y0 + gap * dy, x1 - (RADIUS + 3) * dx, y1 - (RADIUS + 3) * dy];
  const head = `${ex},${ey} ${ex - 8 * dx + 4 * dy},${ey - 8 * dy - 4 * dx} ${ex - 8 * dx - 4 * dy},${ey - 8 * dy + 4 * dx}`;
  return svg("g", {}, [
    svg("line", { x1: sx, y1: sy, x2: ex - 6 * dx, y2: ey - 6 * dy, stroke: "currentColor" }),
    svg("polygon", { points: head, fill: "currentColor" }),
  ]);
}

// For each parameter: the part of step 1, then that of step 0 from where the first ends, and their sum.
function bars({ forget, chains }) {
  const ends = chains.flatMap(({ parts: [second, first], truth }) => [first, first + second, truth]).map(Math.abs);
  const scale = 75 / 2 ** Math.ceil(Math.log2(Math.max(...ends, 0.01))); // it changes seldom
  const place = (number) => 150 + scale * number;
  const drawing = svg("svg", { viewBox: "0 0 300 264", class: "bars", role: "img", "aria-label": told(chains) });
  chains.forEach(({ name, parts: [second, first], truth }, i) => {
    const sum = first + second;
    const top = 88 * i;
    const row = (line, label, from, to, number, colour) => [
      svg("rect", { x: Math.min(place(from), place(to)), y: top + 20 * line + 4, width: Math.abs(place(to) - place(from)),
        height: 13, class: colour }),
      svg("text", { x: 0, y: top + 20 * line + 15, class: "label" }, label),
      svg("text", { x: 300, y: top + 20 * line + 15, class: "number" }, digits(number)),
    ];
    drawing.append(
      svg("line", { x1: place(0), x2: place(0), y1: top, y2: top + 64, stroke: "currentColor", "stroke-width": 0.6 }),
      ...row(0, phrase`${name}, step 1`, 0, first, first, "first"),
      ...row(1, phrase`${name}, step 0`, first, sum, second, "second"),
      ...row(2, `dE/d${name}`, 0, sum, sum, "sum"),
      svg("line", { x1: place(truth), x2: place(truth), y1: top + 41, y2: top + 62, class: "truth" }),
    );
    const central = phrase`central difference: ${digits(truth)}`;
    if (forget) drawing.append(svg("text", { x: 0, y: top + 76, class: "label" }, central));
  });
  return drawing;
}

function told(chains) {
  return sentences(chains.flatMap(({ name, parts: [second, first], truth }) => [
    phrase`dE/d${name}: ${digits(first)} from step 1 and ${digits(second)} from step 0, in all ${digits(first + second)};`,
    phrase`the central difference is ${digits(truth)}.`,
  ]));
}

// The calculator's table.
function table({ given: { func, v, y }, values }) {
  const squash = func === "tanh" ? "tanh" : "sigmoid";
  const error = y[0] === 1 ? "\u2212log o_0" : "\u2212\u2211 y_i log o_i";
  const rows = [
    ["z_0", "x_0 u + s_-1 w + k"], ["s_0", `${squash} z_0`], ["z_1", "x_1 u + s_0 w + k"], ["s_1", `${squash} z_1`],
    ["q", `(${signed(String(v[0]))} s_1, ${signed(String(v[1]))} s_1)`], ["o", "softmax q"], ["E", error],
  ];
  const cells = (tag, texts) => element("tr", {}, texts.map((text) => element(tag, {}, letters(text))));
  return element("table", {}, [
    element("caption", {}, phrase`The calculator's table, with the numbers set above`),
    element("thead", {}, cells("th", [phrase`number`, phrase`formula`, phrase`value`])),
    element("tbody", {}, rows.map(([name, formula]) => cells("td", [name, formula, digits(values[name])]))),
  ]);
}

export default { render };
