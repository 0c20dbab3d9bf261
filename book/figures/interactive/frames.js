/* Pictures that were drawn beforehand, and a slider for each thing that chooses one of them. */

import { button, element, phrase, say, slider } from "./sliders.js";

function render({ model, el }) {
  const [frames, axes] = [model.get("frames"), model.get("axes")]; // the last axis runs fastest
  const picture = element("div", { class: "frame" });
  const controls = element("div", { class: "controls" });
  el.append(controls, picture);

  const chosen = () => axes.reduce((index, axis, i) => index * axis.names.length + model.get(`at_${i}`), 0);
  const show = () => { picture.innerHTML = frames[chosen()].html; };
  const sliders = axes.map(({ label, names }, i) => {
    const move = (index) => {
      model.set(`at_${i}`, index);
      model.save_changes();
    };
    const value = within(model.get(`at_${i}`), names);
    const made = slider(controls, {
      label, min: 0, max: names.length - 1, step: 1, value, show: (index) => names[index],
      onInput: (index) => { stop(); move(index); say(el, frames[chosen()].alt); },
    });
    made.shown.style.flexBasis = `${Math.max(...names.map(columns))}ch`; // the slider keeps its length
    model.set(`at_${i}`, value);
    model.on(`change:at_${i}`, () => {
      const index = within(model.get(`at_${i}`), names);
      if (index !== model.get(`at_${i}`)) {
        model.set(`at_${i}`, index); // which leads here again
        return;
      }
      made.set(index);
      show();
    });
    return { move, row: made.input.parentElement, last: names.length - 1, at: () => model.get(`at_${i}`) };
  });
  const stop = model.get("interval") ? player(sliders.at(-1), model.get("interval"), () => {
    say(el, frames[chosen()].alt);
  }) : () => {};
  show();
}

// Plays to the end, and from the beginning if it is there; `onStop` is called when it has come to rest.
function player({ move, row, last, at }, interval, onStop) {
  let playing;
  const stop = () => {
    if (!playing) return;
    clearInterval(playing);
    playing = undefined;
    press.textContent = phrase`Play`;
  };
  const press = button(row, {
    label: phrase`Play`,
    onPress() {
      if (playing) {
        stop();
        onStop();
        return;
      }
      press.textContent = phrase`Pause`;
      move(at() === last ? 0 : at() + 1);
      playing = setInterval(() => {
        if (at() < last) move(at() + 1);
        if (at() === last) {
          stop();
          onStop();
        }
      }, interval);
    },
  });
  return stop;
}

// A Chinese character is as wide as two digits.
function columns(text) {
  return [...text].reduce((count, character) => count + (character < "\u2e80" ? 1 : 2), 0);
}

function within(index, names) {
  return Math.round(Math.min(Math.max(index, 0), names.length - 1));
}

export default { render };
