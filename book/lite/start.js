/* The worker of the notebook's kernel. It starts Python at once; the kernel's own script joins it later. */

self.pythonStarts ??= (async () => {
  addEventListener("message", ({ data }) => importScripts(data.kernel), { once: true });
  const core = new URL(CORE, location);
  importScripts(new URL("pyodide.js", core));
  const python = await self.loadPyodide({
    indexURL: core.href,
    lockFileURL: new URL("pyodide-lock.json", location).href,
    stdLibURL: new URL("python.zip", location).href,
    packages: ["numpy", "sqlite3"],
  });
  // Without jedi, names are completed by looking at the objects.
  python.runPython("import numpy, piplite.piplite, pyodide_kernel");
  python.runPython("pyodide_kernel.ipython_shell.Completer.use_jedi = False");
  return python;
})();
self.loadPyodide = () => self.pythonStarts; // the kernel imports this file where it would import pyodide.js
