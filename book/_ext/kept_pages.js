/* The service worker of the site: it keeps the pages that were read, and what they are made of, for when there is no
   network. While there is one, everything comes from the server. What lies in lite/ has a worker of its own.

   book/_static/course.js registers it; book/_ext/kept_pages.py writes it, with the sentence for pages not read. */

const CACHE = `pages of ${registration.scope}`; // several terms side by side have one host, and so one store
const MOST = 400; // files; the one that was loaded longest ago goes first
const PARTS = /^([a-z]+\/)?(_static|_images)\//;
const NOT_READ = {}; // {folder of an edition: its page}

addEventListener("install", () => skipWaiting());
addEventListener("fetch", (event) => isKept(event.request) && event.respondWith(answer(event)));
addEventListener("message", (event) => event.waitUntil(keepFirst(event.data)));

const inSite = (address) => address.startsWith(registration.scope) && address.slice(registration.scope.length);

function isKept({ method, mode, url }) {
  const path = inSite(url);
  return method === "GET" && path !== false && !path.startsWith("lite/") && (mode === "navigate" || PARTS.test(path));
}

async function answer(event) {
  const { request } = event;
  const isPage = request.mode === "navigate";
  try {
    const response = await fetch(request);
    event.waitUntil(keep(isPage ? page(request.url) : request.url, response.clone()));
    return response;
  } catch (error) {
    const kept = await (await caches.open(CACHE)).match(isPage ? page(request.url) : request.url, { ignoreVary: true });
    if (kept) return kept;
    if (isPage) return notRead(request.url);
    throw error;
  }
}

// A page has one place in the store, whatever is asked of it.
function page(address) {
  const { origin, pathname } = new URL(address);
  return origin + pathname.replace(/\/$/, "/index.html");
}

function notRead(address) {
  const text = NOT_READ[inSite(address).split("/")[0]] ?? NOT_READ[""];
  return new Response(text, { status: 503, headers: { "Content-Type": "text/html; charset=utf-8" } });
}

async function keep(address, response) {
  const isWhole = response.status === 200 && response.type === "basic";
  if (!isWhole || (!PARTS.test(inSite(address)) && !response.headers.get("Content-Type")?.startsWith("text/html"))) return;
  const cache = await caches.open(CACHE);
  await cache.put(address, response); // at the end of the list
  const kept = await cache.keys();
  await Promise.all(kept.slice(0, -MOST).map((oldest) => cache.delete(oldest)));
}

// The first page was there before its worker: it names itself and its parts, which the browser has just loaded.
async function keepFirst([first, ...parts]) {
  const load = async (address, place) => keep(place, await fetch(address, { cache: "force-cache" }));
  const wanted = parts.filter((address) => isKept({ method: "GET", url: address }));
  await Promise.allSettled([load(first, page(first)), ...wanted.map((address) => load(address, address))]);
}
