/* The Python in which a notebook is marked: one notebook, and then it ends. */

const COURSE = "/course"; // where the checks and the answers of the exercises are unpacked

self.onmessage = async ({ data }) => {
  try {
    const { slug, text, seed, site } = data;
    const mark = await start(data);
    postMessage({ done: JSON.parse(mark(slug, text, seed, site, (part) => postMessage({ part }))) });
  } catch (error) {
    postMessage({ failed: error.message.trim().split("\n").at(-1) });
  }
};

async function start({ core, library, packages, archive, text }) {
  importScripts(`${core}pyodide.js`);
  if (text.includes("matplotlib")) packages.push("matplotlib");
  const [pyodide, packed, program] = await Promise.all([
    loadPyodide({ indexURL: core, stdLibURL: library, packages, stdin: () => null }), // nobody answers input()
    fetched(archive).then((answer) => answer.arrayBuffer()),
    fetched("mark_here.py").then((answer) => answer.text()),
  ]);
  pyodide.unpackArchive(packed, "zip", { extractDir: COURSE });
  pyodide.runPython(`import sys; sys.path.insert(0, "${COURSE}")`);
  pyodide.runPython(program);
  return pyodide.globals.get("mark");
}

async function fetched(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${address} is not there`);
  return answer;
}
