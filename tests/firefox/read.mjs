/* node read.mjs FIREFOX PUPPETEER SITE: reads a chapter in Firefox, moves a slider of its figure, and runs its exercise up
   to the first checks. Prints what it has seen, as JSON: {moved: [before, after], said, errors, elsewhere}. */

// Firefox also says this of a formula of which it has read a part when it shows the page: see `torn`.
const HALF_READ = /^Invalid markup: Incorrect number of children for <\w+\/> tag\.$/;

const [firefox, library, site] = process.argv.slice(2);
const { default: puppeteer } = await import(library);

const browser = await puppeteer.launch({ browser: "firefox", executablePath: firefox, headless: true });
try {
  const page = await browser.newPage();
  page.setDefaultTimeout(120_000); // Python starts on a machine that does other things too
  const errors = [];
  const elsewhere = [];
  page.on("pageerror", ({ message }) => HALF_READ.test(message) || errors.push(message));
  page.on("request", (request) => {
    if (!request.url().startsWith(site) && /^https?:/.test(request.url())) elsewhere.push(request.url());
  });
  await page.goto(`${site}two-step.html`);
  const moved = await move(page);
  const said = await check(page);
  for (const frame of page.frames()) errors.push(...(await torn(frame)));
  console.log(JSON.stringify({ moved, said, errors, elsewhere }));
} finally {
  await browser.close();
}

/** The value of the first slider, as it is spoken, before and after a step to the right. */
async function move(page) {
  const slider = await page.waitForSelector(".interactive-figure input[type=range]");
  const spoken = () => slider.evaluate((input) => input.getAttribute("aria-valuetext"));
  const before = await spoken();
  await slider.focus();
  await page.keyboard.press("ArrowRight");
  return [before, await spoken()];
}

/** What the first check of the untouched notebook prints. */
async function check(page) {
  await page.locator("::-p-aria(Do two-step here)").click();
  await page.waitForSelector("::-p-text(Python is ready)");
  const frame = await (await page.waitForSelector(".exercise-stage iframe")).contentFrame();
  await frame.evaluate("void jupyterapp.commands.execute('notebook:run-all-cells')");
  const output = await frame.waitForSelector(".jp-OutputArea-output ::-p-text(not done yet)");
  return output.evaluate((element) => element.textContent.trim());
}

/** The elements of the formulas that lack a part, now that all is read. */
async function torn(frame) {
  return frame.$$eval("msub, msup, mfrac, mover, munder", (found) =>
    found.filter(({ children }) => children.length !== 2).map((element) => element.outerHTML));
}
