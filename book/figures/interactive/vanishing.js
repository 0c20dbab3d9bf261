/* The norms of the powers of a 2 x 2 matrix, and of the Jacobians of a run with it: its eigenvalues can be dragged. */

import { choice, element, phrase, say, sentences, signed, slider, svg } from "./sliders.js";
import { HOPS, jacobianNorms, norm, powerNorms, run, spectrum, withSpectrum } from "./vanishing-numbers.js";

const WORDS = {
  example: phrase`example`,
  own: phrase`a matrix of your own`,
  examples: {
    [phrase`first up, then down`]: [[0.9, 1], [0, 0.9]],
    [phrase`a rotation`]: [[0.6, -0.8], [0.8, 0.6]],
    [phrase`radius 2, determinant 0.2`]: [[2, 0], [0, 0.1]],
    [phrase`norm 2, two hops 0.2`]: [[0, 2], [0.1, 0]],
    [phrase`twice the identity`]: [[2, 0], [0, 2]],
    [phrase`nilpotent`]: [[2, -4], [1, -2]],
  },
  by: phrase`choose`,
  ways: { eigenvalues: phrase`the eigenvalues`, entries: phrase`the entries of W` },
  middle: phrase`mean of both`,
  gap: phrase`distance from it`,
  coupling: phrase`coupling`,
  input: phrase`input, times`,
  plane: phrase`The eigenvalues of W in the complex plane, with the unit circle`,
  drag: phrase`Drag an eigenvalue`,
  powers: phrase`Norms against the number of hops n, on a logarithmic axis`,
  heat: phrase`Norms of the Jacobians of all pairs of steps`,
  hops: phrase`hops, n`,
  steps: [phrase`j, the state that moves`, phrase`t, the state that follows`],
  curves: {
    upper: "‖W‖ⁿ",
    lower: "ρ(W)ⁿ",
    linear: phrase`‖Wⁿ‖, all slopes 1`,
    squashed: phrase`tanh, the last state`,
  },
  scale: [phrase`norm 0.01`, "1", "100"],
  says: ({ matrix, eigenvalues, length, radius, peak, at, linear, squashed }) => sentences([
    phrase`W = ${matrix} has the eigenvalues ${eigenvalues}, the spectral radius ${radius} and the norm ${length}.`,
    at === HOPS
      ? phrase`With all slopes 1, the norm of n hops is largest at n = ${at}, where it is ${peak}.`
      : phrase`With all slopes 1, the norm of n hops is largest at n = ${at}, where it is ${peak}, and ${linear} at n = ${HOPS}.`,
    phrase`With tanh, ${HOPS} hops have the norm ${squashed}.`,
  ]),
};

const REACH = 2.2; // of the plane, to each side of 0
const SIDE = 300; // of each of the three pictures
const LEFT = 44;
const BELOW = 34;
const DECADES = 4; // of the logarithmic axis, above 1 and below
const ENTRIES = ["w00", "w01", "w10", "w11"];

function render({ model, el }) {
  el.classList.add("two-units");
  const controls = element("div", { class: "controls" });
  const pictures = element("div", { class: "pictures" });
  const line = element("p", { class: "reading" });
  el.append(controls, pictures);

  const matrix = () => [[model.get("w00"), model.get("w01")], [model.get("w10"), model.get("w11")]];
  const put = (W) => {
    W.flat().forEach((entry, i) => model.set(ENTRIES[i], Math.round(entry * 1e9) / 1e9));
    model.save_changes();
    say(el, line.textContent);
  };
  const setters = [examples(controls, matrix, put), ways(controls, model, matrix, put), strength(controls, model)];
  const planes = [plane(matrix, put), powers(), heatMap()];
  pictures.append(...planes.map(({ figure }) => figure), line);

  function draw() {
    const W = matrix();
    const norms = jacobianNorms(W, run(W, model.get("input")));
    const found = { W, spectrum: spectrum(W), norms, back: norms.at(-1).toReversed(), powers: powerNorms(W) };
    for (const each of setters) each(found);
    for (const each of planes) each.draw(found);
    line.textContent = sentence(found);
  }
  for (const name of [...ENTRIES, "input", "by"]) model.on(`change:${name}`, draw);
  draw();
}

function examples(el, matrix, put) {
  const names = Object.keys(WORDS.examples);
  const made = choice(el, {
    label: WORDS.example,
    options: [["", WORDS.own], ...names.map((name) => [name, name])],
    value: "",
    onInput: (name) => put(WORDS.examples[name] ?? matrix()),
  });
  return ({ W }) => made.set(names.find((name) => String(WORDS.examples[name]) === String(W)) ?? "");
}

/* The sliders of the entries, or those of the eigenvalues: one of the two groups is there. */
function ways(el, model, matrix, put) {
  const made = choice(el, {
    label: WORDS.by,
    options: Object.entries(WORDS.ways),
    value: model.get("by"),
    onInput: (way) => {
      model.set("by", way);
      model.save_changes();
    },
  });
  const groups = { eigenvalues: spectrumSliders(matrix, put), entries: entrySliders(matrix, put) };
  const place = element("div", { class: "controls" });
  el.append(place);
  return (found) => {
    const way = model.get("by") in groups ? model.get("by") : "eigenvalues";
    made.set(way);
    const { box, follow } = groups[way];
    if (place.firstChild !== box) place.replaceChildren(box); // a slider that is put back has lost the focus
    follow(found);
  };
}

function entrySliders(matrix, put) {
  const box = element("div", { class: "controls" });
  const made = ENTRIES.map((name, i) => slider(box, {
    label: `W_${name.slice(1)}`, min: -4, max: 4, step: 0.05, value: 0, show: two,
    onInput: (value) => {
      const entries = matrix().flat();
      entries[i] = value;
      put([entries.slice(0, 2), entries.slice(2)]);
    },
  }));
  return { box, follow: ({ W }) => made.forEach((each, i) => follow(each, W.flat()[i])) };
}

function spectrumSliders(matrix, put) {
  const box = element("div", { class: "controls" });
  const change = (changes) => put(withSpectrum(matrix(), { ...spectrum(matrix()), ...changes }));
  const middle = slider(box, {
    label: WORDS.middle, min: -2, max: 2, step: 0.05, value: 0, show: two,
    onInput: (value) => change({ middle: value }),
  });
  const gap = slider(box, {
    label: WORDS.gap, min: -2, max: 2, step: 0.05, value: 0,
    show: (value) => `± ${two(Math.abs(value))}${value < 0 ? " i" : ""}`,
    onInput: (value) => change({ gap: Math.abs(value), complex: value < 0 }),
  });
  const coupling = slider(box, {
    label: WORDS.coupling, min: 0, max: 5, step: 0.05, value: 0, show: two,
    onInput: (value) => change({ coupling: value }),
  });
  return {
    box,
    follow: ({ spectrum: found }) => {
      follow(middle, found.middle);
      follow(gap, found.complex ? -found.gap : found.gap);
      follow(coupling, found.coupling);
    },
  };
}

/* A slider that the reader is moving is where it should be: to round its value to a step would hold it back. */
function follow(each, value) {
  if (each.input !== document.activeElement) each.set(value);
}

function strength(el, model) {
  const made = slider(el, {
    label: WORDS.input, min: 0, max: 2, step: 0.1, value: model.get("input"), show: (value) => value.toFixed(1),
    onInput: (value) => {
      model.set("input", value);
      model.save_changes();
    },
  });
  return () => follow(made, model.get("input"));
}

/* The plane: both eigenvalues have a handle. One that is dragged off the real axis takes the other along. */
function plane(matrix, put) {
  const place = (value) => (value / REACH + 1) * SIDE / 2;
  const within = (value) => Math.min(Math.max(value, -REACH), REACH);
  const handles = [0, 1].map(() => svg("circle", { r: 12, class: "handle" }));
  const drawn = picture(WORDS.plane, [
    svg("path", { class: "axis", d: `M0 ${SIDE / 2}H${SIDE}M${SIDE / 2} 0V${SIDE}` }),
    svg("circle", { class: "axis", cx: SIDE / 2, cy: SIDE / 2, r: place(1) - place(0) }),
    ...[-2, -1, 1, 2].map((value) => text(place(value) + 3, SIDE / 2 + 14, signed(String(value)))),
    text(place(0) + 4, place(-1) - 3, "i"),
    text(6, 16, WORDS.drag),
    ...handles,
  ]);
  const at = (event) => {
    const box = drawn.getBoundingClientRect();
    return [event.clientX - box.left, box.bottom - event.clientY]
      .map((pixels) => snap(within((2 * pixels / box.width - 1) * REACH)));
  };
  handles.forEach((handle, i) => drag(handle, () => {
    const start = matrix(); // where two eigenvalues meet, a matrix has lost its ways: they are kept from here
    const { middle, gap, complex, coupling } = spectrum(start);
    let other = complex ? undefined : middle + (i ? gap : -gap);
    return (event) => {
      const [re, im] = at(event);
      other = im ? undefined : other ?? re;
      put(withSpectrum(start, im
        ? { middle: re, gap: Math.abs(im), complex: true, coupling }
        : { middle: (re + other) / 2, gap: Math.abs(re - other) / 2, complex: false, coupling }));
    };
  }));
  return {
    figure: drawn,
    draw({ spectrum: { middle, gap, complex } }) {
      handles.forEach((handle, i) => {
        const way = i ? -gap : gap;
        handle.setAttribute("cx", place(within(complex ? middle : middle + way)));
        handle.setAttribute("cy", place(within(complex ? -way : 0)));
      });
    },
  };
}

const snap = (value) => Math.round(value * 20) / 20;

function drag(handle, onStart) {
  let onMove;
  // The page must not scroll under the finger; `touch-action` does not see to that inside an SVG.
  handle.addEventListener("touchstart", (event) => event.preventDefault());
  handle.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    handle.setPointerCapture(event.pointerId);
    onMove = onStart();
  });
  handle.addEventListener("pointermove", (event) => {
    if (handle.hasPointerCapture(event.pointerId)) onMove(event);
  });
}

/* The curves: ||W^n|| runs between its two bounds, which enclose a grey wedge. */
function powers() {
  const [width, height] = [SIDE - LEFT - 8, SIDE - BELOW - 8];
  const across = (n) => LEFT + (n / HOPS) * width;
  const down = (value) => 8 + height * (0.5 - Math.log10(Math.min(Math.max(value, 1e-30), 1e30)) / 2 / DECADES);
  const points = (values) => values.map((value, n) => `${across(n)} ${down(value)}`);
  const curve = (values) => `M${points(values).join("L")}`;
  const lines = Object.fromEntries(
    ["wedge", "upper", "lower", "linear", "squashed"].map((name) => [name, svg("path", { class: name })]));
  const frame = { x: LEFT, y: 8, width, height, viewBox: `${LEFT} 8 ${width} ${height}` };
  const drawn = picture(WORDS.powers, [
    svg("path", { class: "axis", d: `M${LEFT} 8V${8 + height}H${LEFT + width}M${LEFT} ${down(1)}H${LEFT + width}` }),
    ...[4, 2, 0, -2, -4].map((power) => text(LEFT - 4, down(10 ** power) + 4, tenTo(power), "end")),
    ...[0, 5, 10, 15, 20].map((n) => text(across(n), SIDE - BELOW + 14, String(n), "middle")),
    text(across(HOPS / 2), SIDE - 4, WORDS.hops, "middle"),
    svg("svg", frame, Object.values(lines)),
  ]);
  const sample = (name) =>
    svg("svg", { width: 28, height: 10, "aria-hidden": "true" }, svg("path", { class: name, d: "M0 5H28" }));
  const key = element("ul", { class: "key" }, Object.entries(WORDS.curves).map(([name, words]) =>
    element("li", {}, [sample(name), words])));
  return {
    figure: element("div", { class: "with-key" }, [drawn, key]),
    draw({ W, spectrum: { radius }, powers: linear, back }) {
      const bounds = [norm(W), radius].map((base) => linear.map((_, n) => base ** n));
      lines.upper.setAttribute("d", curve(bounds[0]));
      lines.lower.setAttribute("d", curve(bounds[1]));
      lines.wedge.setAttribute("d", `${curve(bounds[0])}L${points(bounds[1]).toReversed().join("L")}Z`);
      lines.linear.setAttribute("d", curve(linear));
      lines.squashed.setAttribute("d", curve(back));
    },
  };
}

/* A square for each pair j <= t: blue where the norm is below 1, orange where it is above, the stronger the further. */
function heatMap() {
  const room = SIDE - LEFT - 8;
  const cell = room / (HOPS + 1);
  const place = (step) => (step + 1) * cell; // the first state is s_{-1}
  const cells = Array.from({ length: HOPS + 1 }, (_, t) => Array.from({ length: t + 1 }, (_, j) =>
    svg("rect", { x: LEFT + j * cell, y: 8 + t * cell, width: cell, height: cell, class: "cell" })));
  const ticks = [-1, 4, 9, 14, 19];
  const drawn = picture(WORDS.heat, [
    ...cells.flat(),
    ...ticks.map((step) => text(LEFT - 4, 8 + place(step) + cell, signed(String(step)), "end")),
    ...ticks.map((step) => text(LEFT + place(step) + cell / 2, 8 + room + 14, signed(String(step)), "middle")),
    text(LEFT + room / 2, SIDE - 4, WORDS.steps[0], "middle"),
    text(LEFT + room, 22, WORDS.steps[1], "end"),
  ]);
  const key = element("p", { class: "key scale" }, WORDS.scale.map((words) => element("span", {}, words)));
  return {
    figure: element("div", { class: "with-key" }, [drawn, key]),
    draw({ norms }) {
      norms.forEach((row, t) => row.forEach((value, j) => {
        const depth = Math.max(-1, Math.min(1, Math.log10(value) / 2));
        cells[t][j].classList.toggle("above", depth > 0);
        cells[t][j].setAttribute("fill-opacity", Math.abs(depth).toFixed(2));
      }));
    },
  };
}

const picture = (label, children) =>
  svg("svg", { viewBox: `0 0 ${SIDE} ${SIDE}`, role: "img", "aria-label": label }, children);
const text = (x, y, words, anchor = "start") => svg("text", { x, y, "text-anchor": anchor }, words);

function sentence({ W, spectrum: { middle, gap, complex, radius }, powers: linear, back }) {
  const peak = Math.max(...linear);
  const eigenvalues = complex ? `${two(middle)} ± ${two(gap)} i` : phrase`${two(middle - gap)} and ${two(middle + gap)}`;
  return signed(WORDS.says({
    matrix: `(${W.map((row) => row.map(rounded).join(", ")).join("; ")})`,
    eigenvalues,
    length: two(norm(W)),
    radius: two(radius),
    peak: size(peak),
    at: linear.indexOf(peak),
    linear: size(linear.at(-1)),
    squashed: size(back.at(-1)),
  }));
}

const two = (value) => signed(rounded(value).toFixed(2));
const rounded = (value) => Math.round(value * 100) / 100 + 0; // and no zero has a sign

// Two digits that count; a plain number where that is short.
function size(value) {
  if (value === 0) return "0";
  const power = Math.floor(Math.log10(value));
  if (power >= -2 && power <= 2) return String(Number(value.toPrecision(2)));
  return `${(value / 10 ** power).toFixed(1)} · ${tenTo(power)}`;
}

const tenTo = (power) =>
  power === 0 ? "1" : `10${String(power).replace(/./g, (sign) => "⁰¹²³⁴⁵⁶⁷⁸⁹⁻"["0123456789-".indexOf(sign)])}`;

export default { render };
