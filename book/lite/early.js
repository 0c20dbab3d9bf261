/* Start Python before the notebook: the first kernel gets the worker that is already under way. */

{
  const PlainWorker = Worker;
  const START = new URL("start.js", document.currentScript.src);
  let early = new PlainWorker(START);
  window.Worker = function (url, options) {
    if (!String(url).includes("/pyodide-kernel-extension/")) return new PlainWorker(url, options);
    const worker = early ?? new PlainWorker(START);
    early = null;
    worker.postMessage({ kernel: String(url) });
    return worker;
  };
}
