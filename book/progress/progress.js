/* How far a reader has come: a note in this browser, the ticks beside the chapters, and the states in tables.

   The notebooks are in the store of JupyterLite. Which parts were right is noted apart: every page can read it at once,
   and it stays when a notebook is cleared. The name of both says which course it is, and where on the host: two courses
   on one host, or two releases of one in two folders, have nothing in common. */

// A text in the language of the page, as a tagged template; the name _ is taken by a script of Sphinx. An edition's
// words.js has {text: translation}, a value of the text being {0}, the next {1}; JupyterLite, which is one for all
// editions, takes the words of the page around it.
const SAID = window.WORDS ?? window.frameElement?.ownerDocument.defaultView.WORDS ?? {};
function phrase(pieces, ...values) {
  const text = pieces.reduce((all, piece, place) => `${all}{${place - 1}}${piece}`);
  return (SAID[text] ?? text).replace(/\{(\d+)\}/g, (_, place) => values[place]);
}

const { course, exercises } = JSON.parse(document.currentScript.dataset.course);
const ROOT = new URL("..", document.currentScript.src);
const EDITION = new URL(document.documentElement.dataset.content_root ?? ".", location); // where its chapters are
const STORE = `exercises of ${course} at ${ROOT.pathname}`;
const NOTE = `progress in the ${STORE}`;

// An edition's notebook is a file of its own, two-step.zh.ipynb; what a reader got right there is that exercise's.
const slugOf = (name) => name?.split(".")[0];

// {slug: {right: names of checks, mark: {points, of}, ...}}; an exercise that is not in it has not been begun.
function progress() {
  try {
    return JSON.parse(localStorage.getItem(NOTE)) ?? {};
  } catch {
    return {}; // the browser keeps nothing
  }
}

function note(slug, news) {
  const all = progress();
  replaceProgress({ ...all, [slug]: { ...all[slug], ...news } });
}

function forget(slug) {
  replaceProgress({ ...progress(), [slug]: undefined });
}

function replaceProgress(all) {
  try {
    localStorage.setItem(NOTE, JSON.stringify(all));
  } catch {
    return; // the line above the notebook tells the reader that nothing is kept
  }
  dispatchEvent(new Event("progress"));
}

// Events of the store come from the other pages only, those of this page are our own.
function whenProgressChanges(act) {
  addEventListener("progress", act);
  addEventListener("storage", ({ key }) => key === NOTE && act());
}

function tickChapters() {
  const noted = progress();
  for (const link of document.querySelectorAll(".bd-links a.reference.internal")) {
    const own = exercises.filter(({ chapter }) => new URL(`${chapter}.html`, EDITION).pathname === link.pathname);
    const begun = own.filter(({ slug }) => noted[slug]);
    link.querySelector(".chapter-tick")?.remove();
    if (begun.length) link.append(tick(rightOf(begun, noted), own.reduce((sum, each) => sum + each.parts, 0)));
  }
}

const rightOf = (some, noted) => some.reduce((sum, { slug }) => sum + (noted[slug].right?.length ?? 0), 0);

function tick(right, parts) {
  const sign = document.createElement("span");
  sign.className = "chapter-tick";
  sign.role = "img";
  sign.ariaLabel = phrase`${right} of ${parts} parts right`;
  sign.textContent = right < parts ? `${right}/${parts}` : "✓";
  return sign;
}

// In a table of exercises, how far each has come.
function showStates() {
  const noted = progress();
  for (const place of document.querySelectorAll(".exercise-state")) {
    const { slug, parts } = exercises.find((each) => each.slug === place.dataset.exercise);
    place.textContent = noted[slug] ? state(noted[slug], parts) : place.dataset.untouched;
  }
}

function state({ right, mark }, parts) {
  const found = phrase`${right?.length ?? 0} of ${parts} parts right`;
  return mark ? phrase`${found}, marked ${mark.points} of ${mark.of}` : found;
}

for (const show of [tickChapters, showStates]) {
  addEventListener("DOMContentLoaded", show);
  whenProgressChanges(show);
}
