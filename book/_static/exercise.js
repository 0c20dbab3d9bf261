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
    fetchWhenSeen(button);
  }
  // The page of JupyterLite; in a chapter, the buttons are above its frame.
  if (document.body.dataset.notebook && !window.frameElement?.closest(".exercise-stage")) standAlone();
});

function openExercise(stage, button) {
  const slug = button.dataset.exercise;
  const frame = document.createElement("iframe");
  frame.title = `Notebook of the exercise ${slug}`;
  frame.src = new URL(`lite/notebooks/index.html?path=${slug}.ipynb`, HERE);
  const bar = waysWith(slug, () => frame.contentWindow);
  stage.append(bar, frame);
  button.textContent = `Close ${slug}`;
  button.setAttribute("aria-expanded", "true");
  tellProgress(stage.querySelector("[role=status]"), bar, () => frame.contentWindow);
}

async function closeExercise(stage, button) {
  const frame = stage.querySelector("iframe");
  await notebook(frame.contentWindow)?.context.save();
  frame.remove();
  stage.querySelector(".exercise-ways").remove();
  stage.querySelector("[role=status]").textContent = "";
  button.textContent = `Do ${button.dataset.exercise} here`;
  button.removeAttribute("aria-expanded");
}

function standAlone() {
  const slug = new URLSearchParams(location.search).get("path")?.replace(".ipynb", "");
  const bar = waysWith(slug, () => window);
  const line = document.createElement("p");
  line.role = "status";
  const head = document.createElement("div");
  head.className = "exercise";
  head.append(bar, line);
  document.body.prepend(head);
  tellStanding(line, bar, () => window);
}

// The buttons above a notebook; `app()` is the window of JupyterLite, or nothing once it is closed.
function waysWith(slug, app) {
  const bar = document.createElement("p");
  bar.className = "exercise-ways";
  const receipt = action("Download a receipt for it", () => {});
  receipt.hidden = true;
  bar.append(
    action("Download my notebook", () => download(app(), slug, receipt)),
    receipt,
    action("Start again from the released version", () => startAgain(app(), slug)),
  );
  window.offerMarking?.(bar, slug, () => notebook(app())?.context.model.toString()); // see book/marking/mark.js
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

async function download(app, slug, receipt) {
  const text = notebook(app)?.context.model.toString();
  if (!text) return;
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

function save(text, name, type) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

// Without the copy in the browser, JupyterLite reads the notebook of the site again.
async function startAgain(app, slug) {
  if (!notebook(app) || !confirm("Your work on this exercise in this browser will be lost. Start again?")) return;
  await app.jupyterapp.serviceManager.contents.delete(`${slug}.ipynb`);
  await notebook(app).context.revert();
  forget(slug);
}

async function tellProgress(line, bar, app) {
  await fetchPython((...progress) => {
    line.textContent = loading(...progress);
  });
  await tellStanding(line, bar, app);
}

// One line: how far Python is, and what the page of the notebook says of the reader's work (book/lite/notebook.js).
async function tellStanding(line, bar, app) {
  let python = "Starting Python.";
  const say = () => {
    if (!app()) return; // the reader has closed it
    line.textContent = [python, app().standing].filter(Boolean).join(" ");
    bar.inert = Boolean(app().document.querySelector("[inert] .jp-Notebook"));
  };
  say();
  while (app() && !app().standing) await pause(200);
  app()?.addEventListener("standing", say);
  say();
  while (app() && !kernelOf(app())) await pause(200);
  await (app() && kernelOf(app()).info);
  python = "Python is ready.";
  say();
}

const kernelOf = (app) => app.jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel;

const loading = (done, all, name) => `Loading ${name}: ${megabytes(done)} of ${megabytes(all)} MB`;
const megabytes = (bytes) => (bytes / 1e6).toFixed(0);
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// Python is fetched into the cache of the browser once the exercise is in sight, unless the reader saves data.
function fetchWhenSeen(button) {
  if (navigator.connection?.saveData) return;
  new IntersectionObserver((seen, observer) => {
    if (!seen.some((each) => each.isIntersecting)) return;
    observer.disconnect();
    fetchPython(() => {});
  }).observe(button);
}

let fetching;
const listeners = [];
function fetchPython(tell) {
  listeners.push(tell);
  fetching ??= fetchFiles((...progress) => listeners.forEach((each) => each(...progress)));
  return fetching;
}

// Live cells (book/live/live.js) have only those files fetched whose names match `wanted`.
async function fetchFiles(tell, wanted = /./) {
  const listed = await (await fetch(new URL("files.json", PYTHON))).json();
  const files = listed.filter((file) => wanted.test(file.name));
  const all = files.reduce((sum, file) => sum + file.bytes, 0);
  let done = 0;
  const load = async (file) => {
    tell(done, all, file.name);
    const reader = (await fetch(new URL(file.url, PYTHON))).body.getReader();
    for (let part; !(part = await reader.read()).done; ) tell((done += part.value.length), all, file.name);
  };
  await Promise.all(files.map(load));
  return files;
}
