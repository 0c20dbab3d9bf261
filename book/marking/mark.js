/* "Mark my work": the hidden checks of a class run on fresh numbers, in another Python than the notebook's, and the
   page of feedback is shown. What marks is grading/; book/_ext/mark_page.py packs it for the browser.

   exercise.js calls offerMarking; HERE, PYTHON, STUCK, action, fetchFiles, loading, watchdog and whyNot are there. A chapter loads live.js too,
   where functions have some of these names: hence the function around all. */
(() => {
  const script = document.currentScript;
  const NEEDED = /^(Python|its library|numpy)$/; // of the names that book/_ext/lite.py gives
  // Milliseconds from one check to the next: a little more than grading/execute.py gives to all of them. The checks end
  // loops of Python themselves, but no loop inside numpy.
  const LONGEST = 75_000;

  // Put a button into the `bar` of an exercise; `written()` is the text of the notebook, as soon as there is one.
  window.offerMarking = (bar, slug, written) => {
    const line = document.createElement("span");
    line.role = "status";
    let marking;
    const button = action(phrase`Mark my work`, async () => {
      if (marking) return marking.end(phrase`Stopped.`);
      const text = written();
      if (!text) return (line.textContent = phrase`The notebook is not there yet.`);
      marking = new Marking((news) => (line.textContent = news));
      button.textContent = phrase`Stop marking`;
      marking.start(slug, text);
      show(await marking.over, slug, bar, button);
      button.textContent = phrase`Mark my work`;
      marking = undefined;
    });
    button.className = "exercise-mark";
    bar.append(button, line);
    bar.addEventListener("close", () => marking?.end(phrase`Stopped.`)); // with the exercise
  };

  class Marking {
    constructor(tell) {
      this.tell = tell;
      this.leaving = new AbortController();
      this.over = new Promise((resolve) => (this.resolve = resolve)); // with what was found, or with nothing
    }

    async start(slug, text) {
      try {
        const alive = (this.alive = watchdog(() => this.tell(`${STUCK}.`)));
        const tell = (...progress) => {
          if (this.ended) return;
          this.tell(loading(...progress));
          alive();
        };
        alive();
        const files = await fetchFiles(tell, { wanted: NEEDED, signal: this.leaving.signal });
        if (this.ended) return;
        this.tell(phrase`Starting Python`);
        alive();
        this.worker = new Worker(new URL("mark-worker.js", script.src));
        const missing = phrase`its program is missing`;
        this.worker.onerror = ({ message }) => this.end(phrase`Nothing was marked: ${message ?? missing}.`);
        this.worker.onmessage = ({ data }) => this.hear(data);
        const addresses = (ending) =>
          files.filter((file) => file.url.endsWith(ending)).map((file) => new URL(file.url, PYTHON).href);
        this.worker.postMessage({
          core: script.dataset.python || PYTHON.href,
          library: addresses(".zip")[0],
          packages: addresses(".whl"),
          archive: new URL("lite/marking.zip", HERE).href,
          site: HERE.href,
          seed: crypto.getRandomValues(new Uint32Array(1))[0],
          slug,
          text,
        });
      } catch (error) {
        if (!this.ended) this.end(phrase`${whyNot(error)}.`);
      }
    }

    hear({ part, done, failed }) {
      if (this.ended) return; // this was on its way when the reader stopped it
      this.alive.end();
      clearTimeout(this.watch);
      if (failed) return this.end(phrase`Nothing was marked: ${failed}`);
      if (done) return this.end(inWords(done), done);
      this.tell(phrase`Marking ${part}`);
      this.watch = setTimeout(() => this.end(tooLong(part)), LONGEST);
    }

    // Nothing but its end stops a running Python.
    end(news, found) {
      this.ended = true;
      this.alive?.end();
      clearTimeout(this.watch);
      this.leaving.abort();
      this.worker?.terminate();
      this.tell(news);
      this.resolve(found);
    }
  }

  const inWords = ({ points, most }) =>
    phrase`${points} of ${most} points. This mark is for yourself; the feedback is below.`;
  const tooLong = (part) =>
    phrase`Nothing was marked: ${part}, has not ended for ${LONGEST / 1000} seconds. Look for an endless loop.`;

  function show(found, slug, bar, button) {
    const stage = bar.closest(".exercise-stage") ?? bar;
    stage.parentElement?.querySelector(".exercise-feedback")?.remove();
    if (!found || !bar.isConnected) return; // stopped, or the exercise was closed meanwhile
    window.note?.(slug, { mark: { points: found.points, of: found.most } });
    const box = document.createElement("div");
    box.className = "exercise-feedback";
    const close = action(phrase`Close the feedback`, () => {
      box.remove();
      button.focus();
    });
    box.append(close, feedback(slug, found.page));
    stage.after(box);
    if (document.activeElement === button) box.scrollIntoView({ block: "nearest" }); // the reader has waited for it
  }

  // The page runs no script. It has the origin of this one, for its height to be measured and its links to be led.
  function feedback(slug, page) {
    const frame = document.createElement("iframe");
    frame.title = phrase`Feedback on ${slug}`;
    frame.sandbox = "allow-same-origin allow-popups allow-popups-to-escape-sandbox";
    frame.srcdoc = page;
    const fit = () => (frame.style.height = `${frame.contentDocument.documentElement.scrollHeight + 2}px`);
    frame.addEventListener("load", () => {
      for (const link of frame.contentDocument.querySelectorAll('a[href^="http"]')) link.target = "_blank";
      followTheme(frame);
      fit();
      new ResizeObserver(() => frame.contentDocument && fit()).observe(frame);
    });
    return frame;
  }

  // The page of feedback looks at the system; a reader may have chosen otherwise for the book.
  function followTheme(frame) {
    const { documentElement, body } = document;
    const follow = () => {
      const dark = documentElement.dataset.theme === "dark" || body.classList.contains("jp-mod-dark");
      const inside = frame.contentDocument;
      if (!inside) return; // the feedback was closed
      inside.documentElement.style.colorScheme = dark ? "dark" : "light";
      for (const rule of [...inside.styleSheets].flatMap((sheet) => [...sheet.cssRules])) {
        if (rule.media?.mediaText.includes("color-scheme") || rule.dark) {
          rule.dark = true; // once its condition is replaced, nothing else tells it
          rule.media.mediaText = dark ? "all" : "not all";
        }
      }
    };
    follow();
    new MutationObserver(follow).observe(documentElement, { attributeFilter: ["data-theme"] });
    new MutationObserver(follow).observe(body, { attributeFilter: ["class"] });
  }
})();
