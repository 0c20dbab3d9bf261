/* An exercise in the page: its notebook runs in a JupyterLite that this site serves, in an iframe or in its own tab.
   What of it is kept, and in which store, is in book/progress/progress.js. Pages with live cells use PYTHON, action, fetchFiles and loading from here: see book/live/live.js. */

const HERE = new URL("..", document.currentScript.src); // the root of the site
const PYTHON = new URL("lite/pyodide/", HERE);

addEventListener("DOMContentLoaded", () => {
  for (const button of document.querySelectorAll(".exercise-here")) {
    const stage = button.closest(".exercise").querySelector(".exercise-stage");
    button.addEventListener("click", () => {
      return stage.querySelector("iframe") ? closeExercise(stage, button) : openExercise(stage, button);
    });
  }
  // The page of JupyterLite; in a chapter, the buttons are above its frame.
  if (document.body.dataset.notebook && !window.frameElement?.closest(".exercise-stage")) standAlone();
});

function openExercise(stage, button) {
  const { exercise: slug, notebook: name } = button.dataset;
  const line = stage.querySelector("[role=status]");
  if (location.protocol === "file:") return (line.textContent = NO_SERVER + OR_AT_HOME);
  const frame = document.createElement("iframe");
  frame.title = phrase`Notebook of the exercise ${slug}`;
  frame.src = new URL(`lite/notebooks/index.html?path=${name}.ipynb`, HERE);
  const loaded = new Promise((resolve) => frame.addEventListener("load", resolve, { once: true }));
  const bar = waysWith(name, () => frame.contentWindow);
  stage.append(bar, frame);
  button.textContent = phrase`Close ${slug}`;
  button.setAttribute("aria-expanded", "true");
  letIn(frame, button);
  tellProgress(line, bar, frame, loaded);
}

async function closeExercise(stage, button) {
  const frame = stage.querySelector("iframe");
  const bar = stage.querySelector(".exercise-ways");
  await notebook(frame.contentWindow)?.context.save();
  bar.dispatchEvent(new Event("close"));
  frame.remove();
  bar.remove();
  stage.querySelector("[role=status]").textContent = "";
  button.textContent = phrase`Do ${button.dataset.exercise} here`;
  button.removeAttribute("aria-expanded");
}

// The notebook takes the focus when it is there, unless the reader has left the button meanwhile (book/lite/early.js).
async function letIn(frame, button) {
  while (frame.isConnected && !frame.contentWindow.standing) await pause(200);
  if (!frame.isConnected || document.activeElement !== button) return;
  frame.focus({ preventScroll: true });
  notebook(frame.contentWindow)?.activate();
}

function standAlone() {
  const name = new URLSearchParams(location.search).get("path")?.replace(".ipynb", "");
  const bar = waysWith(name, () => window);
  const line = document.createElement("p");
  line.role = "status";
  const head = document.createElement("div");
  head.className = "exercise";
  head.append(bar, line);
  document.body.prepend(head);
  if (location.protocol === "file:") line.textContent = NO_SERVER + OR_AT_HOME;
  else tellStanding(line, bar, () => window);
}

// The buttons above a notebook, whose file has this name; `app()` is the window of JupyterLite, or nothing once it is closed.
function waysWith(name, app) {
  const bar = document.createElement("p");
  bar.className = "exercise-ways";
  const receipt = action(phrase`Download a receipt for it`, () => {});
  receipt.hidden = true;
  bar.append(
    action(phrase`Download my notebook`, () => download(app(), name, receipt)),
    receipt,
    action(phrase`Start again from the released version`, () => startAgain(app(), name)),
  );
  window.offerMarking?.(bar, slugOf(name), () => notebook(app())?.context.model.toString()); // see book/marking/mark.js
  return bar;
}

function action(label, act) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = label;
  button.addEventListener("click", act);
  return button;
}

// The notebook panel of JupyterLite, as soon as it is there and can be written to.
function notebook(app) {
  const panel = app?.jupyterapp?.shell?.currentWidget;
  return panel?.context?.isReady && !panel.node.closest("[inert]") ? panel : null;
}

async function download(app, name, receipt) {
  const slug = slugOf(name);
  const text = notebook(app)?.context.model.toString() ?? (await keptNotebook(name).catch(() => null));
  if (!text) return fetchAs(new URL(`lite/files/${name}.ipynb`, HERE), `${slug}.ipynb`);
  save(text, `${slug}.ipynb`, "application/x-ipynb+json");
  if (!window.crypto.subtle) return; // the site is not served over https
  const written = await receiptFor(slug, text);
  receipt.onclick = () => save(written, `${slug}-receipt.txt`, "text/plain");
  receipt.hidden = false;
}

async function receiptFor(slug, text) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  const { parts } = exercises.find((each) => each.slug === slug);
  const { right = [], mark } = progress()[slug] ?? {};
  return [
    `Receipt for ${slug}.ipynb`,
    `Course: ${course}, ${HERE}`,
    `Downloaded: ${new Date().toISOString()}`,
    `Parts seen right: ${right.length} of ${parts}${right.length ? ` (${right.join(", ")})` : ""}`,
    `Marked: ${mark ? `${mark.points} of ${mark.of} points` : "no"}`,
    `SHA-256 of the file: ${[...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`,
    "",
    "The reader's own browser wrote this. The digest says which file it is about: compare it with `sha256sum`.",
    "",
  ].join("\n");
}

// What this browser keeps of an exercise, for when JupyterLite has not come; it keeps its files with localforage.
async function keptNotebook(name) {
  const answer = (asked) =>
    new Promise((resolve, reject) => {
      asked.onsuccess = () => resolve(asked.result);
      asked.onerror = () => reject(asked.error);
    });
  const opening = indexedDB.open(STORE);
  opening.onupgradeneeded = () => opening.transaction.abort(); // there is none, and it is not to be made
  const database = await answer(opening);
  const file = await answer(database.transaction("files").objectStore("files").get(`${name}.ipynb`));
  database.close();
  return file && JSON.stringify(file.content);
}

function save(text, name, type) {
  const address = URL.createObjectURL(new Blob([text], { type }));
  fetchAs(address, name);
  URL.revokeObjectURL(address);
}

function fetchAs(address, name) {
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
}

// Without the copy in the browser, JupyterLite reads the notebook of the site again.
async function startAgain(app, name) {
  if (!notebook(app)) return alert(NOT_YET);
  if (!confirm(phrase`Your work on this exercise in this browser will be lost. Start again?`)) return;
  await app.jupyterapp.serviceManager.contents.delete(`${name}.ipynb`);
  await notebook(app).context.revert();
  forget(slugOf(name));
}

async function tellProgress(line, bar, frame, loaded) {
  const leaving = new AbortController();
  const alive = watchdog(() => (line.textContent = STUCK + OR_AT_HOME));
  bar.addEventListener("close", () => {
    leaving.abort();
    alive.end();
  });
  const tell = (...progress) => {
    line.textContent = loading(...progress);
    alive();
  };
  const failed = await fetchFiles(tell, { signal: leaving.signal }).then(() => "", whyNot);
  if (leaving.signal.aborted) return; // the reader has closed it
  if (failed) line.textContent = failed + OR_AT_HOME;
  await loaded;
  alive.end();
  tellStanding(line, bar, () => frame.contentWindow, failed);
}

// One line: how far Python is, and what the page of the notebook says of the reader's work (book/lite/notebook.js).
function tellStanding(line, bar, app, failed = "") {
  if (app() && !app().tellPython) failed = whyNot({ message: "the page of the notebook is missing" });
  const write = (text) => {
    if (line.textContent !== text) line.textContent = text; // a screen reader speaks each change
  };
  const alive = watchdog(() => app() && write([STUCK + OR_AT_HOME, app().standing].filter(Boolean).join(" ")));
  const say = () => {
    if (!app()) return alive.end(); // the reader has closed it
    write([aboutPython(app(), failed), app().standing].filter(Boolean).join(" "));
    bar.inert = Boolean(app().document.querySelector("[inert] .jp-Notebook"));
    if (failed || app().python?.failed || isReady(app())) alive.end();
    else alive();
  };
  app()?.addEventListener("standing", say);
  say();
}

function aboutPython(app, before) {
  const { failed, ended } = app.python ?? {};
  if (isReady(app)) {
    return ended ? phrase`${ended} Python is ready again; all names are gone, so run the cells from the top.` : phrase`Python is ready.`;
  }
  if (failed || before) return (before || whyNot({ message: failed })) + OR_AT_HOME; // the first names the file
  return ended ? phrase`${ended} Your code is kept, and a new Python is starting.` : phrase`Starting Python.`;
}

const isReady = (app) => app.python?.ready && ["idle", "busy"].includes(kernelOf(app)?.status);
const kernelOf = (app) => app.jupyterapp?.shell?.currentWidget?.sessionContext?.session?.kernel;

// What a reader can do about it. An exercise has a way out that a live cell has not.
const OR_AT_HOME = phrase`, or download the notebook and do it on your own computer.`;
const NO_SERVER = phrase`Python in the page needs a server: run \`make serve\``;
const NOT_YET = phrase`The notebook is not ready yet: start again when its cells are shown.`;
const STUCK = phrase`Python has made no progress for 30 seconds: wait, or reload the page`;

// Why Python does not come, and what to do about it: the beginning of a sentence.
function whyNot({ message }) {
  const why = (reason, remedy) => phrase`Python could not be started (${reason}): ${remedy}`;
  if (typeof WebAssembly === "undefined") return why(phrase`this browser lacks WebAssembly`, phrase`try another browser`);
  if (/memory/i.test(message)) return why(message, phrase`close other tabs, then reload the page`);
  return why(message, phrase`reload the page`);
}

// Does something once it has heard nothing for half a minute; it begins to wait when it is called.
function watchdog(bark) {
  let timer;
  const alive = () => {
    clearTimeout(timer);
    timer = setTimeout(bark, 30_000);
  };
  alive.end = () => clearTimeout(timer);
  return alive;
}

const loading = (done, all, name) => phrase`Loading ${name}: ${megabytes(done)} of ${megabytes(all)} MB`;
const megabytes = (bytes) => (bytes / 1e6).toFixed(0);
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/* Fetch the files of Python into the cache of the browser, and count them. Live cells (book/live/live.js) and marking
   want only those whose names match `wanted`. Raises an Error that names the file which is missing or not whole. */
async function fetchFiles(tell, { wanted = /./, signal } = {}) {
  const listed = await (await fetched(phrase`the list of its files`, "files.json", signal)).json();
  const files = listed.filter((file) => wanted.test(file.name));
  const all = files.reduce((sum, file) => sum + file.bytes, 0);
  const say = nowAndThen(tell, all);
  let done = 0;
  const load = async (file) => {
    say(done, file.name);
    const reader = (await fetched(file.name, file.url, signal)).body.getReader();
    let got = 0;
    for (let part; !(part = await piece(reader, file)).done; got += part.value.length) {
      say((done += part.value.length), file.name);
    }
    if (got < file.bytes) throw new Error(phrase`${file.name} is not whole`);
  };
  await Promise.all(files.map(load));
  return files;
}

async function fetched(name, address, signal) {
  const answer = await fetch(new URL(address, PYTHON), { signal }).catch(() => ({}));
  if (!answer.ok) throw new Error(phrase`${name} is missing`);
  return answer;
}

async function piece(reader, { name }) {
  try {
    return await reader.read();
  } catch {
    throw new Error(phrase`${name} is not whole`);
  }
}

// Each tenth, or every five seconds: a screen reader speaks all of it.
function nowAndThen(tell, all) {
  let tenth = -1;
  let when = 0;
  return (done, name) => {
    const reached = Math.floor((10 * done) / all);
    if (reached === tenth && performance.now() - when < 5000) return;
    [tenth, when] = [reached, performance.now()];
    tell(done, all, name);
  };
}
