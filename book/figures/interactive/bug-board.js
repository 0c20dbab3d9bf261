/* A board of all pairs of a mistake and a check: which check catches which mistake, and why the others let it pass. */

import { centralDifference, descend, gradient, halves, worst } from "./bug-board-numbers.js";
import { choice, element, phrase, say, sentences, signed, slider } from "./sliders.js";

const MESSAGE = phrase`With one step there is no message from a later step, so a mistake in it has nothing to change.`;
const SMALL = phrase`Tiny weights make the message tiny, so that a mistake in it is a small part of the whole.`;
const BELOW = phrase`All states are tiny, and with them all of dW: it lies below the floor of the error.`;
const WORDS = {
  mistake: phrase`mistake`,
  check: phrase`check`,
  tolerance: phrase`tolerance`,
  caption: phrase`Which check catches which mistake`,
  mistakes: {
    "": phrase`none: the right gradient`,
    "W for its transpose": phrase`W for its transpose`,
    "no slope in the hop": phrase`no slope in the hop`,
    "no message at all": phrase`no message at all`,
    "s_init left out of dW": phrase`s_init left out of dW`,
    "loop over D": phrase`loop over D`,
    "four steps only": phrase`four steps only`,
    "dW transposed": phrase`dW transposed`,
    "db of one step": phrase`db of one step`,
    "slope of the sigmoid": phrase`slope of the sigmoid`,
    "sum for mean": phrase`sum for mean`,
    "wrong sign": phrase`wrong sign`,
  },
  cases: { good: phrase`good`, tiny: phrase`tiny` },
  checks: {
    halves: [phrase`halves add up`, phrase`the gradients of two halves add up to that of the whole`],
    descent: [phrase`E falls`, phrase`E falls after one step of gradient descent`],
  },
  passes: phrase`passes`,
  crashes: phrase`crashes`,
  caught: phrase`caught`,
  rises: phrase`E rises`,
  key: { passes: phrase`lets the gradient pass`, caught: phrase`rejects it, with this error` },
  why: {
    "W for its transpose": { "T=1": MESSAGE, "W=W^T": phrase`W is its own transpose here.`, tiny: SMALL, "+ s=0": SMALL },
    "no slope in the hop": { "T=1": MESSAGE, tiny: SMALL, "+ s=0": SMALL },
    "no message at all": { "T=1": MESSAGE, tiny: SMALL, "+ s=0": SMALL },
    "s_init left out of dW": { "s=0": phrase`What is left out is zero.`, "+ s=0": BELOW },
    "loop over D": { "T=D=4": phrase`T and D are equal, so that the wrong loop is as long as the right one.` },
    "four steps only": {
      "T=1": phrase`There are fewer than four steps to go back.`,
      "T=D=4": phrase`There are four steps, and no error has to go back further.`,
    },
    "dW transposed": { "+ s=0": BELOW },
    "db of one step": { "T=1": phrase`The one step is all there are.` },
    "sum for mean": { "B=1": phrase`The mean over one sequence is its sum.` },
  },
  right: phrase`It is right, and it should pass.`,
  rounding: phrase`The gradient is right: the rounding of the witness is larger than this tolerance.`,
  within: phrase`What the mistake changes is smaller than the tolerance.`,
  alike: phrase`It does the same wrong thing at every step, in the whole and in the halves.`,
  downhill: phrase`A wrong gradient may still point downhill.`,
  says: {
    error: ({ mistake, check, verdict, error, limit, name, analytic, numeric }) => [
      phrase`${mistake}, ${check}: ${verdict}.`,
      phrase`The error is ${error}, the tolerance ${limit}.`,
      phrase`It is largest in ${name}: analytic ${analytic}, numeric ${numeric}.`,
    ],
    halves: ({ mistake, check, verdict, error, limit, name, analytic, numeric }) => [
      phrase`${mistake}, ${check}: ${verdict}.`,
      phrase`The difference is ${error}, the tolerance ${limit}.`,
      phrase`It is largest in ${name}: both halves ${analytic}, the whole ${numeric}.`,
    ],
    descent: ({ mistake, check, verdict, before, after }) => [
      phrase`${mistake}, ${check}: ${verdict}.`,
      phrase`E is ${before} before the step and ${after} after it.`,
    ],
    crash: ({ mistake, check, verdict }) => [
      phrase`${mistake}, ${check}: ${verdict}.`,
      phrase`The loop asks for a step that is not there.`,
    ],
  },
};

function render({ model, el }) {
  const checks = { ...model.get("cases"), halves: null, descent: null };
  const results = measure(model.get("cases"), Object.keys(WORDS.mistakes));
  const controls = element("div", { class: "controls" });
  const { table, cells } = board(Object.keys(checks), (mistake, check) => choose({ mistake, check }));
  const line = element("p", { class: "reading" });
  const key = element("p", { class: "key" }, ["passes", "caught"].map((kind) =>
    element("span", { class: kind }, [element("b", {}, MARKS[kind]), ` ${WORDS.key[kind]}`])));
  const box = element("div", { class: "board", tabindex: "0", role: "region", "aria-label": WORDS.caption }, table);
  el.append(controls, box, key, line);

  const setters = {
    mistake: choice(controls, {
      label: WORDS.mistake, options: Object.entries(WORDS.mistakes), value: model.get("mistake"),
      onInput: (mistake) => choose({ mistake }),
    }),
    check: choice(controls, {
      label: WORDS.check, value: model.get("check"),
      options: Object.keys(checks).map((check) => [check, checkName(check)]),
      onInput: (check) => choose({ check }),
    }),
    tolerance: slider(controls, {
      label: WORDS.tolerance, min: -12, max: -1, step: 1, value: model.get("tolerance"), show: tolerance,
      onInput: (power) => choose({ tolerance: power }),
    }),
  };
  function choose(settings) {
    for (const [name, value] of Object.entries(settings)) model.set(name, value);
    model.save_changes();
    say(el, line.textContent);
  }
  function draw() {
    const mistake = known(model.get("mistake"), WORDS.mistakes);
    const check = known(model.get("check"), checks);
    setters.mistake.set(mistake);
    setters.check.set(check);
    setters.tolerance.set(model.get("tolerance"));
    for (const { td, mistake: row, check: column } of cells) {
      const verdict = judge(results[row][column], model.get("tolerance"));
      td.className = verdict.kind;
      const mark = element("b", { "aria-hidden": "true" }, MARKS[verdict.kind]);
      td.replaceChildren(mark, element("span", {}, verdict.words));
      if (row === mistake && column === check) td.setAttribute("aria-current", "true");
      else td.removeAttribute("aria-current");
    }
    line.textContent = sentence(mistake, check, results[mistake][check], model.get("tolerance"));
  }
  for (const name of Object.keys(setters)) model.on(`change:${name}`, draw);
  draw();
}

/* A link may name what the board does not have. */
const known = (name, all) => (Object.hasOwn(all, name) ? name : Object.keys(all)[0]);

const MARKS = { passes: "○", caught: "×" };

/* What each check finds of each mistake; the numerical gradient of a case serves all of them. */
function measure(cases, mistakes) {
  const numeric = {};
  for (const [check, network] of Object.entries(cases)) numeric[check] = centralDifference(network);
  const [first] = Object.values(cases);
  return Object.fromEntries(mistakes.map((mistake) => {
    const found = Object.entries(cases).map(([check, network]) => {
      const analytic = gradient(network, mistake);
      return [check, analytic && worst(analytic, numeric[check])];
    });
    const others = { halves: halves(first, mistake), descent: descend(first, mistake) };
    return [mistake, { ...Object.fromEntries(found), ...others }];
  }));
}

function judge(found, power) {
  if (!found) return { kind: "caught", words: WORDS.crashes };
  if ("after" in found) return found.after < found.before ? passes : { kind: "caught", words: WORDS.rises };
  return found.error < 10 ** power ? passes : { kind: "caught", words: share(found.error) };
}

const passes = { kind: "passes", words: WORDS.passes };

function board(checks, onChoose) {
  const head = element("tr", {}, [
    element("td"), ...checks.map((check) => element("th", { scope: "col" }, element("span", {}, shortName(check))))]);
  const cells = [];
  const rows = Object.entries(WORDS.mistakes).map(([mistake, words]) => element("tr", {}, [
    element("th", { scope: "row" }, words),
    ...checks.map((check) => {
      const td = element("td");
      td.addEventListener("click", () => onChoose(mistake, check));
      cells.push({ td, mistake, check });
      return td;
    }),
  ]));
  return { table: element("table", {}, [element("thead", {}, head), element("tbody", {}, rows)]), cells };
}

const shortName = (check) => WORDS.checks[check]?.[0] ?? caseName(check);
const checkName = (check) => WORDS.checks[check]?.[1] ?? caseName(check);
const caseName = (check) =>
  WORDS.cases[check] ?? check.replace("s=0", "s₋₁ = 0").replace("W^T", "Wᵀ").replaceAll(/(?<=[A-Z])=/g, " = ");

function sentence(mistake, check, found, power) {
  const verdict = judge(found, power);
  const words = { mistake: WORDS.mistakes[mistake], check: checkName(check), limit: tolerance(power) };
  words.verdict = verdict.kind === "caught" && found ? WORDS.caught : verdict.words;
  const reason = why(mistake, check, verdict.kind);
  return signed(sentences([...says(check, words, found), reason].filter(Boolean)));
}

function says(check, words, found) {
  if (!found) return WORDS.says.crash(words);
  if ("after" in found) {
    return WORDS.says.descent({ ...words, before: found.before.toFixed(4), after: found.after.toFixed(4) });
  }
  return WORDS.says[check === "halves" ? "halves" : "error"]({
    ...words,
    error: share(found.error),
    name: `d${found.name}[${found.index.join(", ")}]`,
    analytic: found.analytic.toPrecision(8),
    numeric: found.numeric.toPrecision(8),
  });
}

function why(mistake, check, kind) {
  if (kind === "caught") return mistake ? "" : WORDS.rounding;
  if (!mistake) return WORDS.right;
  if (check === "halves") return WORDS.alike;
  if (check === "descent") return WORDS.downhill;
  return WORDS.why[mistake]?.[check] ?? WORDS.within;
}

/* A share in per cent, or as a power of ten where there would be little to see. */
function share(error) {
  if (error >= 0.005) return `${Math.round(100 * error)} %`;
  if (error >= 0.0001) return `${Number((100 * error).toPrecision(1))} %`;
  return error === 0 ? "0" : tolerance(Math.round(Math.log10(error)));
}

function tolerance(power) {
  if (power >= -2) return `${100 * 10 ** power} %`;
  return `10${String(power).replace(/./g, (sign) => "⁰¹²³⁴⁵⁶⁷⁸⁹⁻"["0123456789-".indexOf(sign)])}`;
}

export default { render };
