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
addEventListener("resize", letKeyboardScroll);

// ipywidgets leaves its sliders and the buttons of Play without names.
function nameControls() {
  for (const play of document.querySelectorAll(".widget-play:not([role])")) {
    play.setAttribute("role", "group");
    play.setAttribute("aria-label", "Animation");
    ["Play or pause", "Stop", "Repeat"].forEach((name, i) => play.querySelectorAll("button")[i]?.setAttribute("aria-label", name));
  }
  for (const handle of document.querySelectorAll(".noUi-handle:not([aria-label])")) {
    const label = handle.closest(".widget-slider")?.querySelector(".widget-label")?.textContent.trim();
    handle.setAttribute("aria-label", label || "value");
  }
}
new MutationObserver(nameControls).observe(document.documentElement, { childList: true, subtree: true });
