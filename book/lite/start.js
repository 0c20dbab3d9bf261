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
  python.runPython("import numpy, piplite.piplite, pyodide_kernel, rnnlib.exercise");
  python.runPython("pyodide_kernel.ipython_shell.Completer.use_jedi = False");
  // Once a cell has raised, JupyterLite runs none of those that wait, although a check is marked as one that may raise.
  // So that "Run All" gets to the last cell, a check that fails is printed in red, and counts as a cell that has run.
  python.runPython(`
def show_failed_check(shell, kind, error, trace, tb_offset=None):
    import sys
    print(error, file=sys.stderr)
pyodide_kernel.ipython_shell.set_custom_exc((rnnlib.exercise.CheckFailedError,), show_failed_check)
del show_failed_check
`);
  return python;
})();
self.loadPyodide = () => self.pythonStarts; // the kernel imports this file where it would import pyodide.js
