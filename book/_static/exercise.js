/* An exercise in the page: its notebook runs in a JupyterLite that this site serves, in an iframe.
   Pages with live cells use PYTHON, action, fetchFiles and loading from here: see book/live/live.js. */

const HERE = new URL("..", document.currentScript.src); // the root of the site
const PYTHON = new URL("lite/pyodide/", HERE);

addEventListener("DOMContentLoaded", () => {
  for (const button of document.querySelectorAll(".exercise-here")) {
    const stage = button.closest(".exercise").querySelector(".exercise-stage");
    button.addEventListener("click", () => (stage.querySelector("iframe") ? close(stage, button) : open(stage, button)));
    fetchWhenSeen(button);
  }
});

function open(stage, button) {
  const slug = button.dataset.exercise;
  const frame = document.createElement("iframe");
  frame.title = `Notebook of the exercise ${slug}`;
  frame.src = new URL(`lite/notebooks/index.html?path=${slug}.ipynb`, HERE);
  const bar = document.createElement("p");
  bar.className = "exercise-ways";
  bar.append(
    action("Download my notebook", () => download(frame, slug)),
    action("Start again from the released version", () => startAgain(frame, slug)),
  );
  window.offerMarking?.(bar, slug, () => notebook(frame)?.context.model.toString()); // see book/marking/mark.js
  stage.append(bar, frame);
  button.textContent = `Close ${slug}`;
  button.setAttribute("aria-expanded", "true");
  tellProgress(stage.querySelector("[role=status]"), frame);
}

async function close(stage, button) {
  const frame = stage.querySelector("iframe");
  await notebook(frame)?.context.save();
  frame.remove();
  stage.querySelector(".exercise-ways").remove();
  stage.querySelector("[role=status]").textContent = "";
  button.textContent = `Do ${button.dataset.exercise} here`;
  button.removeAttribute("aria-expanded");
}

function action(label, act) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = label;
  button.addEventListener("click", act);
  return button;
}

// The notebook panel of JupyterLite, as soon as it is there.
function notebook(frame) {
  const panel = frame.contentWindow?.jupyterapp?.shell?.currentWidget;
  return panel?.context?.isReady ? panel : null;
}

function download(frame, slug) {
  const panel = notebook(frame);
  if (!panel) return;
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([panel.context.model.toString()], { type: "application/x-ipynb+json" }));
  link.download = `${slug}.ipynb`;
  link.click();
  URL.revokeObjectURL(link.href);
}

// Without the copy in the browser, JupyterLite reads the notebook of the site again.
async function startAgain(frame, slug) {
  if (!notebook(frame) || !confirm("Your work on this exercise in this browser will be lost. Start again?")) return;
  await frame.contentWindow.jupyterapp.serviceManager.contents.delete(`${slug}.ipynb`);
  await notebook(frame).context.revert();
}

async function tellProgress(line, frame) {
  await fetchPython((...progress) => {
    line.textContent = loading(...progress);
  });
  line.textContent = "Starting Python";
  while (frame.isConnected && !notebook(frame)?.sessionContext?.session?.kernel) await pause(200);
  if (!frame.isConnected) return;
  await notebook(frame).sessionContext.session.kernel.info;
  line.textContent = "Python is ready. Your work is kept in this browser.";
}

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
