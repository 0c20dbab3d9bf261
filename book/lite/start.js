/* The worker of the notebook's kernel. It starts Python at once; the kernel's own script joins it later. early.js hears
   how far it has come. Both load this file, so that it declares functions alone. */

self.pythonStarts ??= (async () => {
  addEventListener("message", ({ data }) => importScripts(data.kernel), { once: true });
  const fail = (error) => postMessage({ python: { failed: error.message.trim().split("\n").at(-1) } });
  const end = () => postMessage({ python: { ended: "A cell has ended Python." } });
  let begun = false;
  addEventListener("unhandledrejection", ({ reason }) => (begun ? reason?.pyodide_fatal_error && end() : fail(reason)));
  try {
    const python = await started();
    python._api.on_fatal = end;
    gatherOutput(python);
    begun = true;
    postMessage({ python: { ready: true } });
    return python;
  } catch (error) {
    fail(error);
    throw error;
  }
})();
self.loadPyodide = () => self.pythonStarts; // the kernel imports this file where it would import pyodide.js

async function started() {
  const core = new URL(CORE, location);
  importScripts(new URL("pyodide.js", core));
  const packages = ["numpy", "sqlite3"];
  const python = await self.loadPyodide({
    indexURL: core.href,
    lockFileURL: new URL("pyodide-lock.json", location).href,
    stdLibURL: new URL("python.zip", location).href,
    packages,
  });
  const missing = packages.find((name) => !(name in python.loadedPackages));
  if (missing) throw new Error(`${missing} is missing, or is not whole`);
  postMessage({ python: {} }); // a sign of life
  // Without jedi, names are completed by looking at the objects.
  python.runPython("import numpy, piplite.piplite, pyodide_kernel, rnnlib.browser, rnnlib.exercise");
  python.runPython("rnnlib.browser.draw_indices()");
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
}

/* A message for each print would cost JupyterLab more with each line that is there already. What is printed leaves in
   pieces, ten a second, and before any other message, so that the order stays; of one cell, no more than is of use. */
function gatherOutput(python) {
  python.runPython(`
def gather_output():
    import time

    LONGEST = 20_000  # characters of one cell
    BETWEEN = 0.1  # seconds from one piece to the next
    pieces, name, length, told = [], "stdout", 0, 0.0

    def write(stream, text):
        nonlocal name, length, told
        if length > LONGEST:
            return len(text)
        if stream.name != name:
            flush()
            name = stream.name
        length += len(text)
        if length > LONGEST:
            pieces.append(text[: len(text) - (length - LONGEST)] + "\\n... the rest is left out\\n")
            flush()
        else:
            pieces.append(text)
            if time.monotonic() - told > BETWEEN:
                flush()
                told = time.monotonic()
        return len(text)

    def flush(stream=None):
        stream = pyodide_kernel.stdout_stream if name == "stdout" else pyodide_kernel.stderr_stream
        text = "".join(pieces)
        pieces.clear()
        if text and stream.publish_stream_callback:
            stream.publish_stream_callback(name, text)

    def begin(info):
        nonlocal length
        length = 0

    pyodide_kernel.display.LiteStream.write = write
    pyodide_kernel.display.LiteStream.flush = flush
    pyodide_kernel.ipython_shell.events.register("pre_run_cell", begin)
    return flush
`);
  const flush = python.runPython("gather_output()");
  python.runPython("del gather_output");
  const send = self.postMessage;
  self.postMessage = (message, ...others) => {
    if (message._kernelMessage?.type !== "stream" && !message.python) flush();
    send.call(self, message, ...others);
  };
}
