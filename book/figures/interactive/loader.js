/* Makes the interactive figures of a page alive: each is a module of this folder, in the form of anywidget's front ends,
   and gets a small model of its state. What a reader sets is in the address, where others can be led to it:
   #fig-two-step-play?u=0.5&w=-0.8 is the figure of that name with these settings. */

(() => { // the other scripts of a page have functions of the same names
  const models = new Map(); // by the name of the figure

  // Each script of book/_ext/interactive.py calls this with the name of a module, and its address.
  globalThis.startFigures = async (module, address) => {
    const { default: figure } = await import(address);
    const boxes = document.querySelectorAll(`.interactive[data-module="${module}"]:not(.alive)`);
    await Promise.all([...boxes].map((box) => start(box, figure)));
  };

  async function start(box, figure) {
    const state = await stateOf(box.querySelector("script"));
    const name = box.closest("figure")?.id ?? "";
    const model = makeModel(state, (settings) => write(name, settings));
    models.set(name, model);
    apply(name, model);
    const el = document.createElement("div");
    el.className = "interactive-figure";
    await figure.render({ model, el });
    box.replaceChildren(el);
    box.classList.add("alive");
    follow(name);
  }

  // A large state is in its own file (book/_ext/set_aside.py), which comes after the scripts of the page's head.
  function stateOf(script) {
    if (!script.src) return JSON.parse(script.textContent);
    return script.state ?? new Promise((resolve) => script.addEventListener("load", () => resolve(script.state)));
  }

  addEventListener("hashchange", () => follow());

  // The part of anywidget's model that figures use.
  function makeModel(state, onSave = () => {}) {
    const now = { ...state };
    const listeners = {};
    return {
      get: (name) => now[name],
      set(name, value) {
        if (now[name] === value) return;
        now[name] = value;
        for (const listener of listeners[`change:${name}`] ?? []) listener();
      },
      on: (event, listener) => (listeners[event] ??= []).push(listener),
      save_changes: () => onSave(changes(state, now)),
      settings: () => Object.keys(now).filter((name) => typeof now[name] !== "object"),
    };
  }

  function changes(state, now) {
    return Object.entries(now).filter(([name, value]) => typeof value !== "object" && value !== state[name]);
  }

  function write(name, settings) {
    if (!name) return;
    const query = new URLSearchParams(settings).toString();
    // A new entry for each step of a slider would bury the page that the reader came from.
    history.replaceState(history.state, "", `#${name}${query && "?"}${query}`);
  }

  function read() {
    const [name, query = ""] = decodeURI(location.hash.slice(1)).split("?");
    return [name, new URLSearchParams(query)];
  }

  // A setting of another type than the figure's own is none.
  function apply(name, model) {
    const [wanted, settings] = read();
    if (wanted !== name) return;
    for (const setting of model.settings()) {
      const text = settings.get(setting);
      if (text === null || text === "") continue;
      const value = { number: Number, boolean: (word) => word === "true", string: String }[typeof model.get(setting)](text);
      if (!Number.isNaN(value)) model.set(setting, value);
    }
  }

  // The browser finds no figure whose name goes on with settings.
  function follow(name = read()[0]) {
    if (read()[0] !== name || !models.has(name)) return;
    apply(name, models.get(name));
    if (!location.hash.includes("?")) return;
    const show = () => document.getElementById(name).scrollIntoView({ behavior: "instant" });
    show();
    if (document.readyState !== "complete") addEventListener("load", show); // pictures and letters above it move it
  }
})();
