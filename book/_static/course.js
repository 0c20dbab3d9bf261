/* What the pages need in the browser: names and focus for readers who use the keyboard. */

// A formula wider than the page scrolls in its own box. Not every browser lets the arrow keys reach such a box.
function letKeyboardScroll() {
  const boxes = [...document.querySelectorAll("article .katex-display")];
  // All are measured before any is changed: each change has the page laid out again.
  const wide = boxes.map((box) => box.scrollWidth > box.clientWidth);
  boxes.forEach((box, i) => {
    if (wide[i]) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  });
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

// What was read can be read again without a network: see book/_ext/kept_pages.js, at the root of the site.
{
  const worker = new URL("../kept-pages.js", document.currentScript.src);
  addEventListener("load", async () => {
    const { serviceWorker } = navigator;
    if (!serviceWorker || location.protocol === "file:") return;
    const isFirst = !serviceWorker.controller;
    try {
      await serviceWorker.register(worker);
    } catch {
      return; // where the browser keeps nothing, the pages are as good as ever
    }
    const { active } = await serviceWorker.ready;
    const loaded = performance.getEntriesByType("resource").map(({ name }) => name);
    if (isFirst) active.postMessage([location.href, ...loaded]);
  });
}
