/* What an exercise needs beyond JupyterLab: its work is kept, or the reader is told; one tab at a time writes; a newer
   release takes the answers of an older one; what is right is noted for the other pages. */

import { merge } from "./release.js";

const KEPT = phrase`Your work is kept in this browser.`;
const NO_ROOM = phrase`Not saved: this browser has no room for it. Download your notebook now.`;
const NO_STORE = phrase`Not saved: this browser keeps nothing. Download your notebook before you leave.`;
const NEW_RELEASE = phrase`The exercise has changed since you began; your answers have been put into the new version.`;
const ELSEWHERE = phrase`This exercise is open in another tab, and can be changed in one of them at a time.`;

const { app, panel } = await found(() => {
  const app = window.jupyterapp;
  const panel = app?.shell?.currentWidget;
  return panel?.context && { app, panel };
});
const { context, sessionContext } = panel;
const file = context.path.replace(".ipynb", "");
const slug = slugOf(file);
const state = { news: "", failed: false, waits: false };

await context.ready;
followTheme();
keepWork();
replacePython();
sessionContext.statusChanged.connect((_, status) => {
  if (status === "idle") noteProgress();
  dispatchEvent(new Event("standing"));
});
takeTurns();

async function found(look) {
  for (;;) {
    const it = look();
    if (it) return it;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

// The line above the notebook shows it: see _static/exercise.js.
function say(sentence) {
  window.standing = [state.news, sentence].join(" ").trim();
  dispatchEvent(new Event("standing"));
}

function followTheme() {
  const follow = () => {
    const theme = isDark() ? "JupyterLab Dark" : "JupyterLab Light";
    if (document.body.dataset.jpThemeName !== theme) app.commands.execute("apputils:change-theme", { theme });
  };
  follow(); // JupyterLab keeps what it was told last, and that comes before what open.js says
  addEventListener("storage", ({ key }) => key === "mode" && follow());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", follow);
}

/* JupyterLite cannot interrupt Python, and does not notice when it ends. In both cases another takes its place; the cells
   stay as they are. */
function replacePython() {
  const stop = async () => sessionContext.session.kernel.status === "busy" && window.tellPython({ ended: phrase`Stopped.` });
  const adopt = () => sessionContext.session?.kernel && (sessionContext.session.kernel.interrupt = stop);
  sessionContext.kernelChanged.connect(adopt);
  adopt();
  addEventListener("ended", () => sessionContext.restartKernel());
}

/* JupyterLab takes a notebook for saved once it has been written, even if a reader has typed more meanwhile; and when it
   cannot be written, a box gets in the way every few seconds. Here it stays unsaved in both cases, so that it is tried
   again soon, and a line tells the reader. Where it takes longer to write than JupyterLab waits before it saves again,
   it would find its own file changed: one saving waits for the one before it. */
function keepWork() {
  const saveNow = context.save.bind(context);
  let last = Promise.resolve();
  context.save = () => (last = last.then(saveNow, saveNow));
  const { contents } = app.serviceManager;
  const save = contents.save.bind(contents);
  let written;
  contents.save = async (...notebook) => {
    try {
      const saved = await save(...notebook);
      state.failed = false;
      return saved;
    } catch {
      state.failed = true;
      return context.contentsModel;
    }
  };
  Object.defineProperty(context, "canSave", { get: () => !state.waits });
  context.saveState.connect((_, how) => {
    if (how === "started") written = context.model.toString();
    if (how !== "completed") return;
    if (state.failed || context.model.toString() !== written) context.model.dirty = true;
    sayWhetherKept();
    noteProgress();
  });
}

function sayWhetherKept() {
  const { enableMemoryStorage } = JSON.parse(document.getElementById("jupyter-config-data").textContent);
  say(state.failed ? NO_ROOM : enableMemoryStorage ? NO_STORE : KEPT);
}

/* Of all tabs and pages with this exercise, the one that has the lock writes. The others wait, and can ask for it; the
   one that has it then saves, gives it away and waits itself. */
async function takeTurns() {
  if (!navigator.locks) return begin(); // not served over https: JupyterLab asks, once two have written
  const name = `${STORE} ${file}`;
  const channel = new BroadcastChannel(name);
  for (let how = { ifAvailable: true }; ; how = {}) {
    await navigator.locks.request(name, how, (lock) => lock && writeUntilAsked(channel));
    if (!state.waits) showWaiting(channel);
  }
}

async function writeUntilAsked(channel) {
  if (state.waits) await context.revert(); // to what another tab has written
  hideWaiting();
  await begin();
  for (;;) {
    await new Promise((asked) => (channel.onmessage = asked));
    showWaiting(channel); // before it is saved, so that no more is typed
    await context.save();
    if (!state.failed) break;
    hideWaiting();
  }
  channel.onmessage = null;
}

function showWaiting(channel) {
  state.waits = app.shell.node.inert = true;
  const box = document.createElement("div");
  const button = document.createElement("button");
  box.id = "waiting";
  box.role = "alert";
  button.textContent = phrase`Go on here`;
  button.addEventListener("click", () => channel.postMessage("please"));
  box.append(ELSEWHERE, button);
  document.body.append(box);
  say(ELSEWHERE);
}

function hideWaiting() {
  state.waits = app.shell.node.inert = false;
  document.getElementById("waiting")?.remove();
  sayWhetherKept();
}

async function begin() {
  await takeNewRelease().catch(() => {}); // without a network, the release that is kept has to do
  for (const cell of context.model.cells) {
    // The new Python knows nothing of what the one before it found right.
    if (cell.getMetadata("nbgrader")?.locked && cell.outputs.length) cell.clearExecution();
  }
}

async function takeNewRelease() {
  const release = await (await fetch(new URL(`lite/files/${file}.ipynb`, ROOT))).json();
  if (release.metadata.release === context.model.getMetadata("release")) return;
  context.model.fromJSON(merge(context.model.toJSON(), release));
  state.news = NEW_RELEASE;
  await context.save();
}

// A check without an output has not run since the notebook was opened: what was noted of it before still holds.
function noteProgress() {
  const cells = [...context.model.cells];
  if (state.waits || !cells.some(isTouched)) return;
  const checks = cells.filter((cell) => cell.getMetadata("nbgrader")?.locked && source(cell).includes("exercise.run("));
  const before = progress()[slug]?.right ?? [];
  const right = checks.filter((cell) => (cell.outputs.length ? saysRight(cell) : before.includes(cell.id)));
  note(slug, { right: right.map(({ id }) => id) });
}

function source(cell) {
  return cell.sharedModel.getSource();
}

function saysRight({ outputs }) {
  const printed = outputs.toJSON().filter(({ name }) => name === "stdout");
  return /: right\s*$/.test(printed.map(({ text }) => [text].flat().join("")).join(""));
}

// Whether the reader has run or changed a cell.
function isTouched(cell) {
  const released = context.model.getMetadata("released")?.[cell.id];
  return Boolean(cell.executionCount) || (released !== undefined && released !== source(cell));
}
