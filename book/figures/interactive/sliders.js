/* Controls and small helpers that the interactive figures share. All controls are the browser's own, so that keyboards,
   screen readers and touch screens know them; each shows its value, and is spoken by it. */

// A text in the language of the page, whose scripts have the function; in a notebook a text is as it is written.
export const phrase = globalThis.phrase ?? ((pieces, ...values) => String.raw({ raw: pieces }, ...values));

export const sentences = (all) => all.reduce((said, next) => phrase`${said} ${next}`);

let controls = 0;

export function element(tag, attributes = {}, children = []) {
  return filled(document.createElement(tag), attributes, children);
}

export function svg(tag, attributes = {}, children = []) {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...[children].flat());
  return node;
}

// A range of numbers. `show` makes a text of the number, which is seen beside it and spoken; `onInput` gets the number.
// What it returns can be set to another number, which calls nothing.
export function slider(el, { label, min, max, step, value, show = String, onInput }) {
  const input = element("input", { type: "range", min, max, step });
  const shown = element("span", { class: "shown", "aria-hidden": "true" }); // the input itself speaks it
  const set = (number) => {
    input.value = number;
    const text = signed(show(input.valueAsNumber));
    shown.replaceChildren(...letters(text));
    input.setAttribute("aria-valuetext", text);
  };
  set(value);
  input.addEventListener("input", () => {
    set(input.valueAsNumber);
    onInput(input.valueAsNumber);
  });
  el.append(control(label, input, [shown]));
  return { input, shown, set, get value() { return input.valueAsNumber; } };
}

// One of several: `options` are [value, text]; `onInput` gets the value.
export function choice(el, { label, options, value, onInput }) {
  const input = element("select", {}, options.map(([each, text]) => element("option", { value: each }, text)));
  const set = (chosen) => { input.value = chosen; };
  set(value);
  input.addEventListener("input", () => onInput(input.value));
  el.append(control(label, input));
  return { input, set, get value() { return input.value; } };
}

// On or off; `onInput` gets true or false.
export function toggle(el, { label, value, onInput }) {
  const input = element("input", { type: "checkbox" });
  const set = (on) => { input.checked = on; };
  set(value);
  input.addEventListener("input", () => onInput(input.checked));
  const box = control(label, input);
  box.classList.add("toggle");
  el.append(box);
  return { input, set, get value() { return input.checked; } };
}

export function button(el, { label, onPress }) {
  const press = element("button", { type: "button" }, label);
  press.addEventListener("click", onPress);
  keepKeys(press);
  el.append(press);
  return press;
}

function control(label, input, after = []) {
  input.id = `control-${(controls += 1)}`;
  keepKeys(input);
  const name = element("label", { for: input.id }, letters(label));
  return element("div", { class: "control" }, [name, input, ...after]);
}

// JupyterLab would take keys for its own commands: the right arrow leads to the next heading. It asks the element itself
// that has the focus, and none around it.
export function keepKeys(node) {
  node.dataset.lmSuppressShortcuts = "true";
}

// What follows a low line is an index.
export function letters(text) {
  return text.split(/_([-\u2212]?\d+|[a-z]\b)/).map((part, place) => {
    return place % 2 ? element("sub", {}, signed(part)) : part;
  });
}

// A sentence for those who do not see what changed; the last of many that come within a second is spoken.
export function say(el, text) {
  let line = el.querySelector(":scope > .said");
  if (!line) {
    line = element("p", { class: "said", "aria-live": "polite" });
    el.append(line);
  }
  clearTimeout(line.waiting);
  line.waiting = setTimeout(() => { line.textContent = text; }, 1000);
}

// The numbers of a page have a minus sign, not a hyphen.
export function signed(text) {
  return text.replace(/-(?=[\d.])/g, "\u2212");
}
