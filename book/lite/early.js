/* Start Python before the notebook: the first kernel gets the worker that is already under way.

   What is known of Python stands in `window.python`: {ready}, or why it has {failed}, or how one has {ended}. Each change
   of it is an event "standing"; exercise.js shows it, and notebook.js puts another in place of one that has ended. */

{
  const PlainWorker = Worker;
  const START = new URL("start.js", document.currentScript.src);

  window.python = {};
  window.tellPython = (news) => {
    const { ready } = window.python;
    Object.assign(window.python, news, news.ended && { ready: false, failed: "" });
    dispatchEvent(new Event("standing"));
    if (news.ended && ready) dispatchEvent(new Event("ended"));
  };

  const fail = (reason) => tellPython({ failed: reason });
  const isMissing = (address) => `${new URL(address).pathname.split("/").at(-1)} is missing`;

  const begin = () => {
    const worker = new PlainWorker(START);
    worker.addEventListener("message", ({ data }) => data.python && tellPython(data.python));
    worker.addEventListener("error", ({ message }) => {
      if (window.python.ready) tellPython({ ended: "A cell has ended Python." });
      else fail(message ?? isMissing(START));
    });
    return worker;
  };

  let early = begin();
  window.Worker = function (url, options) {
    if (!String(url).includes("/pyodide-kernel-extension/")) return new PlainWorker(url, options);
    const worker = early ?? begin();
    early = null;
    worker.postMessage({ kernel: String(url) });
    return worker;
  };

  addEventListener("error", ({ target }) => target.tagName === "SCRIPT" && fail(isMissing(target.src)), true);
  addEventListener("unhandledrejection", ({ reason }) => {
    if (reason?.name === "ChunkLoadError") fail(isMissing(reason.request));
    else if (/dynamically imported module/.test(reason?.message)) fail("a file of JupyterLite is missing");
  });

  // JupyterLab takes the focus when the notebook is there, and again later. Beside a chapter, it has to wait until the
  // reader comes in: he may have gone on reading, and would lose his place, and his keys would change the notebook.
  const frame = window.frameElement;
  if (frame) {
    const { focus } = HTMLElement.prototype;
    let touched = false;
    addEventListener("pointerdown", () => (touched = true), true);
    HTMLElement.prototype.focus = function (options) {
      if (touched || parent.document.activeElement === frame) focus.call(this, options);
    };
  }
}
