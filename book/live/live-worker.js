/* The Python of the live cells: it works beside the page, which stays free, and runs one cell after the other. */

const LONGEST = 20000; // characters of output; more would be of no use to a reader
const BETWEEN = 100; // milliseconds from one piece of output that the page gets to the next

let run;

self.onmessage = ({ data }) => ("source" in data ? runCell(data) : start(data));

async function start({ core, library, packages }) {
  try {
    importScripts(`${core}pyodide.js`);
    const pyodide = await loadPyodide({
      indexURL: core,
      stdLibURL: library,
      packages,
      stdin: () => null, // nobody answers input()
    });
    pyodide.runPython(await (await fetch("live_cell.py")).text());
    run = pyodide.globals.get("run");
    postMessage({ ready: true });
  } catch (error) {
    postMessage({ failed: error.message });
  }
}

function runCell({ name, source }) {
  let text = "";
  let told = 0;
  const tell = (done, failedLine) => postMessage({ name, text, done, failedLine });
  const failedLine = run(source, name, (piece) => {
    if (text.length > LONGEST) return;
    text += piece;
    if (text.length > LONGEST) text = `${text.slice(0, LONGEST)}\n... the rest is left out\n`;
    else if (performance.now() - told < BETWEEN) return;
    tell(false);
    told = performance.now();
  });
  tell(true, failedLine);
}
