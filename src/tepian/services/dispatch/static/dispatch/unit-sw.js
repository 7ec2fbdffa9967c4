/* Keeps the crew's page and what it needs, so that it opens without a connection. Fresh from the network whenever there
   is one. What answers with the sign-in page or a refusal is never kept, and makes the kept page be forgotten. */
"use strict";
const CACHE = "unit", PAGE = "/unit", KEPT = "x-kept-at";
const WAIT = 4000; // ms after which a slow network loses against the kept page
const OLDEST = 24 * 3600 * 1000; // ms; a page of yesterday's crew is nobody's page
self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

async function fresh(request) {
  const answer = await fetch(request), cache = await caches.open(CACHE);
  if (answer.type === "opaqueredirect" || answer.redirected || answer.status === 401 || answer.status === 403) await cache.delete(PAGE);
  else if (answer.ok) {
    const headers = new Headers({ "Content-Type": answer.headers.get("Content-Type") ?? "text/html", [KEPT]: String(Date.now()) });
    for (const name of ["Content-Security-Policy", "Content-Language", "X-Frame-Options"]) if (answer.headers.has(name)) headers.set(name, answer.headers.get(name));
    await cache.put(PAGE, new Response(await answer.clone().blob(), { headers }));
  }
  return answer;
}
async function page(event) {
  const network = fresh(event.request);
  event.waitUntil(network.catch(() => {}));
  const slow = new Promise((resolve) => setTimeout(resolve, WAIT, null));
  try {
    const answer = await Promise.race([network, slow]);
    if (answer) return answer;
  } catch { /* no connection */ }
  const kept = await (await caches.open(CACHE)).match(PAGE);
  return kept && Date.now() - Number(kept.headers.get(KEPT)) < OLDEST ? kept : network;
}
async function asset(request) {
  const cache = await caches.open(CACHE), kept = await cache.match(request.url);
  if (kept) return kept;
  try {
    const answer = await fetch(request);
    if (answer.ok) {
      await cache.delete(request.url, { ignoreSearch: true }); // the address carries a mark of the content: an older one goes
      await cache.put(request.url, answer.clone());
    }
    return answer;
  } catch (error) {
    const older = await cache.match(request.url, { ignoreSearch: true });
    if (older) return older;
    throw error;
  }
}
self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== self.location.origin) return;
  if (url.pathname === PAGE) event.respondWith(page(event));
  else if (url.pathname.startsWith("/static/")) event.respondWith(asset(event.request));
});
