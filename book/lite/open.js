/* JupyterLite starts with settings that only the reader's browser knows: where work is kept, and how light the page is.

   JupyterLite loads this script in place of its own, once it has read its other settings. */

const isDark = () => {
  let mode;
  try {
    mode = localStorage.getItem("mode"); // as the pages of the book keep it
  } catch {
    // the browser keeps nothing
  }
  return mode === "dark" || (mode !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
};

(async () => {
  const place = document.getElementById("jupyter-config-data");
  const settings = JSON.parse(place.textContent);
  const driver = await storage();
  // Where all files are at hand, this runs before the end of the page has come, and JupyterLite too needs a body.
  if (!document.body) await new Promise((done) => addEventListener("DOMContentLoaded", done));
  settings.contentsStorageName = STORE;
  settings.settingsStorageName = `settings of ${STORE}`;
  settings.contentsStorageDrivers = settings.settingsStorageDrivers = [driver];
  settings.enableMemoryStorage = driver === "memoryStorageDriver";
  settings.settingsOverrides["@jupyterlab/apputils-extension:themes"] = {
    theme: isDark() ? "JupyterLab Dark" : "JupyterLab Light",
  };
  place.textContent = JSON.stringify(settings);
  document.body.classList.toggle("jp-mod-dark", isDark()); // until the theme is there
  const bundle = document.createElement("script");
  bundle.src = document.getElementById("jupyter-lite-bundle").href;
  document.head.append(bundle);
})();

// The first of the stores of localforage that takes a notebook, by its name there; JupyterLite fails if that is none.
async function storage() {
  const kept = (asked) => asked.transaction.abort(); // opened if it is there, and not made
  const tried = (asked) => asked.result.createObjectStore("probe").put(new Uint8Array(2e5), "a notebook");
  try {
    await opened(STORE, kept).catch(() => opened("probe", tried).finally(() => indexedDB.deleteDatabase("probe")));
    return "asyncStorage";
  } catch {
    // IndexedDB is off, or full
  }
  try {
    localStorage.setItem("probe", "x".repeat(2e5));
    localStorage.removeItem("probe");
    return "localStorageWrapper";
  } catch {
    return "memoryStorageDriver";
  }
}

async function opened(name, make) {
  const asked = indexedDB.open(name);
  await new Promise((resolve, reject) => {
    asked.onupgradeneeded = () => make(asked);
    asked.onsuccess = resolve;
    asked.onerror = () => reject(asked.error);
  });
  asked.result.close();
}
