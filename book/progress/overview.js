/* The page of all exercises: what this browser keeps of each, and the whole of it as one file.

   localforage is what JupyterLite keeps its files with, so that what is written here is read there. */

const FORMAT = "progress in exercises, 1";
const files = localforage.createInstance({ name: STORE, storeName: "files" });

addEventListener("DOMContentLoaded", () => {
  const ways = document.querySelector(".progress-ways");
  const line = ways.nextElementSibling;
  const telling = (act) => async () => {
    line.textContent = "";
    line.textContent = await act().catch((error) => phrase`Nothing was changed: ${error.message}`);
  };
  ways.append(
    action(phrase`Download my progress`, telling(exportAll)),
    action(phrase`Read progress from a file`, telling(importAll)),
    action(phrase`Forget my progress`, telling(forgetAll)),
  );
});

async function exportAll() {
  const notebooks = await kept();
  const all = { format: FORMAT, course, date: new Date().toISOString(), noted: progress(), notebooks };
  save(JSON.stringify(all), "progress.json", "application/json");
  return phrase`Downloaded: ${counted(notebooks)}.`;
}

async function importAll() {
  const { noted, notebooks } = checked(await (await chosenFile()).text());
  await refuseWhileOpen();
  const mine = Object.keys(await kept()).filter((name) => name in notebooks);
  if (mine.length && !confirm(phrase`The file replaces your work on ${mine.join(", ")} in this browser. Go on?`)) {
    return phrase`Nothing was changed.`;
  }
  for (const [name, notebook] of Object.entries(notebooks)) await files.setItem(`${name}.ipynb`, asFile(name, notebook));
  replaceProgress({ ...progress(), ...noted });
  return phrase`Read: ${counted(notebooks)}.`;
}

async function forgetAll() {
  await refuseWhileOpen();
  if (!confirm(phrase`Your work on all exercises in this browser will be lost. Forget it?`)) return phrase`Nothing was changed.`;
  for (const name of Object.keys(await kept())) await files.removeItem(`${name}.ipynb`);
  replaceProgress({});
  return phrase`This browser keeps nothing of your work any more.`;
}

const counted = (notebooks) => {
  const count = Object.keys(notebooks).length;
  return count === 1 ? phrase`${count} notebook` : phrase`${count} notebooks`;
};

// The notebooks that this browser keeps, {name of the file without its ending: notebook}, in all editions.
async function kept() {
  const found = {};
  for (const name of (await files.keys()).filter((key) => key.endsWith(".ipynb")).map((key) => key.slice(0, -6))) {
    if (isOurs(name)) found[name] = (await files.getItem(`${name}.ipynb`)).content;
  }
  return found;
}

const isOurs = (name) => /^[\w-]+(\.\w+)?$/.test(name) && exercises.some(({ slug }) => slug === slugOf(name));

// An open notebook is saved every few seconds, over whatever would be written here.
async function refuseWhileOpen() {
  const { held } = (await navigator.locks?.query()) ?? { held: [] };
  if (held.some(({ name }) => name.startsWith(STORE))) throw new Error(phrase`an exercise is open. Close it first.`);
}

function chosenFile() {
  const input = document.createElement("input");
  input.type = "file";
  input.accept = ".json";
  return new Promise((resolve, reject) => {
    input.addEventListener("change", () => resolve(input.files[0]));
    input.addEventListener("cancel", () => reject(new Error(phrase`no file was chosen.`)));
    input.click();
  });
}

// What a file of progress says of the exercises of this course; it may come from anywhere.
function checked(text) {
  let all;
  try {
    all = JSON.parse(text);
  } catch {
    all = {};
  }
  if (all?.format !== FORMAT) throw new Error(phrase`this is no file of progress.`);
  const here = (some) => Object.entries(some ?? {}).filter(([name]) => isOurs(name));
  const notebooks = here(all.notebooks).filter(([, notebook]) => Array.isArray(notebook?.cells));
  return { noted: Object.fromEntries(here(all.noted)), notebooks: Object.fromEntries(notebooks) };
}

// As JupyterLite writes a file. What a notebook of elsewhere has shown is not to be trusted here.
function asFile(file, notebook) {
  const now = new Date().toISOString();
  const name = `${file}.ipynb`;
  for (const cell of notebook.cells) delete cell.metadata?.trusted;
  const content = JSON.stringify(notebook);
  const about = { name, path: name, type: "notebook", format: "json", mimetype: "application/json", writable: true };
  return { ...about, created: now, last_modified: now, content: notebook, size: content.length };
}
