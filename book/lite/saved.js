/* JupyterLab takes a notebook for saved once it has been written, even if a reader has typed more meanwhile. */

(async function saveWhatWasTypedMeanwhile() {
  while (!window.jupyterapp?.shell?.currentWidget?.context) await new Promise((resolve) => setTimeout(resolve, 20));
  const { context } = window.jupyterapp.shell.currentWidget;
  let written;
  context.saveState.connect((_, state) => {
    if (state === "started") written = context.model.toString();
    else if (state === "completed" && context.model.toString() !== written) context.model.dirty = true;
  });
})();
