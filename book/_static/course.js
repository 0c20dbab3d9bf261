/* What the pages need in the browser: maths in the widgets, and names and focus for readers who use the keyboard. */

// The widgets ask for maths in the words of MathJax 2.
addEventListener("DOMContentLoaded", () => {
  if (!window.MathJax?.startup) return;
  MathJax.Hub = { Queue: ([, , element]) => MathJax.startup.promise.then(() => MathJax.typesetPromise([element])) };
  MathJax.startup.promise.then(letKeyboardScroll);
});

// A formula wider than the page scrolls in its own box; the arrow keys must reach that box.
function letKeyboardScroll() {
  for (const box of document.querySelectorAll("article span.math, article div.math mjx-container")) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
}
// Not the event "resize", which comes before the columns of the page have taken their new widths.
addEventListener("DOMContentLoaded", () => {
  const article = document.querySelector("article");
  if (article) new ResizeObserver(letKeyboardScroll).observe(article);
});

// ipywidgets leaves its sliders and the buttons of Play without names, and shows the tooltip "null".
const PLAY_BUTTONS = ["Play or pause", "Stop", "Repeat"];
function nameControls() {
  for (const button of document.querySelectorAll(".widget-play button:not([aria-label])")) {
    button.setAttribute("aria-label", PLAY_BUTTONS[[...button.parentElement.children].indexOf(button)]);
  }
  for (const slider of document.querySelectorAll(".widget-slider:not([data-named])")) {
    const label = slider.querySelector(".widget-label");
    const handles = slider.querySelectorAll(".noUi-handle");
    if (!handles.length) continue; // it is not complete yet
    for (const handle of handles) handle.setAttribute("aria-label", label.textContent.trim() || "value");
    label.removeAttribute("title");
    slider.dataset.named = "";
  }
}
new MutationObserver(nameControls).observe(document.documentElement, { childList: true, subtree: true });
