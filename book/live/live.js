/* Live cells: the code of a cell can be changed, and runs in a Python that all cells of the page share.
   PYTHON, action, fetchFiles, loading, watchdog, whyNot and what they say come from book/_static/exercise.js, which every page loads first. */

const CORE = document.currentScript.dataset.python || PYTHON.href; // where the interpreter lies
const WORKER = new URL("live-worker.js", document.currentScript.src);
const NEEDED = /^(Python|its library|numpy)$/; // of the names that book/_ext/lite.py gives; rnnlib lies in the library
const STOPPED = phrase`Stopped. All names that were defined are gone.`;
const ENDED = phrase`Python has ended. All names that were defined are gone; the next run starts another.`;

document.querySelectorAll(".live").forEach((bar, index) => {
  if (location.protocol === "file:") bar.textContent = `${NO_SERVER}.`;
  else bar.querySelector("button").addEventListener("click", () => edit(bar, `cell ${index + 1}`));
});

const opened = [];

function edit(bar, name) {
  const [input, output] = ["input", "output"].map((part) => bar.parentElement.querySelector(`.cell_${part}`));
  const code = input.querySelector("pre").textContent.trimEnd();
  const built = [...output.childNodes];
  const cell = { name, output, editor: textarea(), line: bar.querySelector("[role=status]") };
  cell.run = action(phrase`Run`, () => (cell.running ? kernel.end(STOPPED) : run(cell)));
  cell.reset = action(phrase`Reset`, () => {
    write(cell, code);
    output.replaceChildren(...built);
    cell.line.textContent = "";
  });
  cell.editor.addEventListener("input", () => write(cell, cell.editor.value));
  cell.editor.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !event.shiftKey) return;
    event.preventDefault();
    run(cell);
  });
  write(cell, code);
  output.setAttribute("role", "status");
  input.replaceChildren(cell.editor);
  bar.replaceChildren(cell.run, cell.reset, cell.line);
  cell.editor.setSelectionRange(0, 0);
  cell.editor.focus();
  opened.push(cell);
  whenReady(cell, () => (cell.running ? phrase`Running` : phrase`Python is ready.`)); // it starts while the reader types
}

function textarea() {
  const editor = document.createElement("textarea");
  const settings = { "aria-label": phrase`Python code; Shift+Enter runs it`, spellcheck: false, autocapitalize: "off" };
  for (const [name, value] of Object.entries(settings)) editor.setAttribute(name, value);
  return editor;
}

// Put code into the editor, which shows all its lines.
function write(cell, code) {
  if (cell.editor.value !== code) cell.editor.value = code;
  cell.editor.rows = code.split("\n").length;
}

async function run(cell) {
  if (cell.running) return;
  showRunning(cell, true);
  await whenReady(cell, (python) => python.execute(cell));
  if (cell.line.textContent === ENDED) cell.output.replaceChildren();
  showRunning(cell, false);
}

function showRunning(cell, running) {
  cell.running = running;
  cell.run.textContent = running ? phrase`Stop` : phrase`Run`;
  cell.reset.disabled = running;
  cell.output.setAttribute("aria-busy", running); // a screen reader waits until it is complete
}

function show(cell, text) {
  const box = document.createElement("div");
  box.className = "output stream highlight-myst-ansi notranslate";
  box.innerHTML = '<div class="highlight"><pre></pre></div>';
  box.querySelector("pre").textContent = text;
  cell.output.replaceChildren(box);
}

let kernel;

// Do something with the Python of the page, and tell in the line of the cell how it ended.
async function whenReady(cell, act) {
  kernel ??= new Kernel();
  cell.line.textContent = await Promise.race([kernel.ended, kernel.ready.then(act)]);
}

class Kernel {
  constructor() {
    this.leaving = new AbortController();
    this.alive = watchdog(() => this.tell(`${STUCK}.`));
    this.listeners = new Map(); // what to do with the messages for a cell, by its name
    this.ended = new Promise((resolve) => (this.tellEnd = resolve));
    this.ready = new Promise((resolve) => {
      this.start().then(() => this.over || resolve(this), (error) => this.end(`${whyNot(error)}.`));
    });
  }

  async start() {
    const tell = (...progress) => this.tell(loading(...progress));
    const files = await fetchFiles(tell, { wanted: NEEDED, signal: this.leaving.signal });
    const addresses = (ending) =>
      files.filter((file) => file.url.endsWith(ending)).map((file) => new URL(file.url, PYTHON).href);
    if (this.over) return;
    this.tell(phrase`Starting Python`);
    this.worker = new Worker(WORKER);
    this.worker.postMessage({ core: CORE, library: addresses(".zip")[0], packages: addresses(".whl") });
    await new Promise((resolve, reject) => {
      this.worker.onerror = () => this.end(ENDED);
      this.worker.onmessage = ({ data }) => {
        this.alive.end();
        if (data.ready) resolve();
        else if (data.failed) reject(new Error(data.failed));
        else this.listeners.get(data.name)(data);
      };
    });
  }

  tell(text) {
    if (this.over) return;
    opened.forEach((cell) => (cell.line.textContent = text));
    if (!text.startsWith(STUCK)) this.alive();
  }

  execute(cell) {
    cell.line.textContent = phrase`Running`;
    return new Promise((resolve) => {
      this.listeners.set(cell.name, ({ text, done, failedLine }) => {
        show(cell, text);
        if (!done) return;
        if (failedLine) resolve(phrase`Error in line ${failedLine}.`);
        else resolve(text ? phrase`Done.` : phrase`Done; nothing was printed.`);
      });
      this.worker.postMessage({ name: cell.name, source: cell.editor.value });
    });
  }

  // Nothing but its end stops a running Python. The next run starts another.
  end(reason) {
    this.over = true;
    this.alive.end();
    this.leaving.abort();
    this.worker?.terminate();
    this.tellEnd(reason);
    if (kernel === this) kernel = null;
  }
}
