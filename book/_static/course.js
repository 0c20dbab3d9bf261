/* What the pages need in the browser: names and focus for readers who use the keyboard. */

// A formula wider than the page scrolls in its own box. Not every browser lets the arrow keys reach such a box.
function letKeyboardScroll() {
  for (const box of document.querySelectorAll("article .katex-display")) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
}
// The observer also calls when it starts. It comes after the columns of the page have taken their new widths.
addEventListener("DOMContentLoaded", () => {
  const article = document.querySelector("article");
  if (article) new ResizeObserver(letKeyboardScroll).observe(article);
});

// A formula is on the page three times: as MathML, as its source, as letters in place. An extract of a page that the
// search has found shows the source.
addEventListener("DOMContentLoaded", () => {
  if (typeof Search === "undefined") return;
  const asText = Search.htmlToText;
  Search.htmlToText = (html, anchor) => {
    const page = new DOMParser().parseFromString(html, "text/html");
    page.querySelectorAll(".katex-html, .katex semantics > :first-child").forEach((form) => form.remove());
    return asText(page.documentElement.outerHTML, anchor);
  };
});

// ipywidgets leaves its sliders and the buttons of Play without names, and shows the tooltip "null".
const PLAY_BUTTONS = [phrase`Play or pause`, phrase`Stop`, phrase`Repeat`];
function nameControls() {
  for (const button of document.querySelectorAll(".widget-play button:not([aria-label])")) {
    button.setAttribute("aria-label", PLAY_BUTTONS[[...button.parentElement.children].indexOf(button)]);
  }
  for (const slider of document.querySelectorAll(".widget-slider:not([data-named])")) {
    const label = slider.querySelector(".widget-label");
    const handles = slider.querySelectorAll(".noUi-handle");
    if (!handles.length) continue; // it is not complete yet
    for (const handle of handles) handle.setAttribute("aria-label", label.textContent.trim() || phrase`value`);
    label.removeAttribute("title");
    slider.dataset.named = "";
  }
}
new MutationObserver(nameControls).observe(document.documentElement, { childList: true, subtree: true });

// Paper is white: what is printed has the light colours, whatever the reader has on the screen.
let onScreen;
addEventListener("beforeprint", () => {
  onScreen ??= document.documentElement.dataset.theme;
  document.documentElement.dataset.theme = "light";
});
addEventListener("afterprint", () => {
  document.documentElement.dataset.theme = onScreen;
  onScreen = undefined;
});
