/* Live pages. One stream for the whole page; without it, or without JavaScript, the page is simply as old as it says.

   [data-live="warnings sensors"]  gets the event `live` (for hx-trigger="live") when an event of such a type arrives;
                                   "*" means every type. With data-live-get="/address" it is fetched and filled here,
                                   for pages that do not load htmx.
   [data-live-first]               is asked once more when the stream opens: what happened since the page was drawn counts.
   [data-live-key="station/K1"]    takes level and value from state frames at once.
   time[data-age]                  "4 minutes ago", kept true. [data-stale-after="600"] turns grey after so many seconds.
   [data-clock]                    the city's clock. [data-live-strip] says since when the connection is lost. */
(() => {
  "use strict";
  const words = document.getElementById("live-words")?.dataset ?? {};
  const LEVELS = ["normal", "waspada", "siaga", "awas", "unknown", "none"];
  const WAIT = 150; // ms in which several events cause one refresh
  const REST = 1000; // ms between two refreshes of the same part, however much happens
  const LOST_AFTER = 5000; // ms without connection before the page says so
  const HIDDEN_FOR = 60000; // ms after which a tab that nobody sees gives its connection back
  let stream, last = "", lostAt = null, opened = false, retry = 1000, lostTimer, hiddenTimer, retryTimer;
  const due = new Map(), done = new WeakMap();

  const clockText = (date, seconds) => {
    const parts = new Intl.DateTimeFormat("id", { timeZone: words.timezone || undefined, hour: "2-digit", minute: "2-digit", second: seconds ? "2-digit" : undefined, hourCycle: "h23" }).formatToParts(date);
    const mark = document.documentElement.lang === "en" ? ":" : ".";
    return parts.filter((part) => /^(hour|minute|second)$/.test(part.type)).map((part) => part.value).join(mark) + (words.zone ? ` ${words.zone}` : "");
  };
  const ageText = (seconds) => {
    if (seconds < 10) return words.now;
    const [kind, size] = seconds < 60 ? ["second", 1] : seconds < 3600 ? ["minute", 60] : seconds < 172800 ? ["hour", 3600] : ["day", 86400];
    return (words[kind] ?? "").replace("{n}", Math.floor(seconds / size));
  };

  function refresh(element) {
    if (due.has(element)) return;
    const rest = REST - (Date.now() - (done.get(element) ?? 0));
    due.set(element, setTimeout(() => {
      due.delete(element);
      done.set(element, Date.now());
      if (!element.isConnected) return;
      element.dispatchEvent(new CustomEvent("live"));
      if (element.dataset.liveGet) fill(element);
    }, Math.max(WAIT, rest)));
  }
  async function fill(element) {
    try {
      const answer = await fetch(element.dataset.liveGet, { headers: { "HX-Request": "true" }, credentials: "same-origin" });
      if (!answer.ok) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      element.replaceChildren(...document.importNode(fresh.body, true).childNodes);
      tick();
    } catch { /* the strip tells */ }
  }
  function refreshAll() { document.querySelectorAll("[data-live]").forEach(refresh); }

  function onEvent(message) {
    last = message.lastEventId || last;
    let type;
    try { type = JSON.parse(message.data).type; } catch { return; }
    document.dispatchEvent(new CustomEvent("live:event", { detail: type }));
    for (const element of document.querySelectorAll("[data-live]"))
      if (element.dataset.live.split(/\s+/).some((word) => word === "*" || (word && type.startsWith(word)))) refresh(element);
  }
  function onState(message) {
    let frame;
    try { frame = JSON.parse(message.data); } catch { return; }
    document.dispatchEvent(new CustomEvent("live:state", { detail: frame }));
    for (const item of frame.items ?? [])
      for (const element of document.querySelectorAll(`[data-live-key="${CSS.escape(item.key)}"]`)) apply(element, item);
  }
  function apply(element, item) {
    if (item.level && LEVELS.includes(item.level)) {
      for (const level of LEVELS) element.classList.toggle(`level-${level}`, level === item.level && level !== "none");
      element.querySelector("[data-live-shape]")?.setAttribute("href", `#m-${item.level}`);
      const word = element.matches("[data-live-word]") ? element : element.querySelector("[data-live-word]");
      if (word && item.level !== "none") word.textContent = words[`level${item.level[0].toUpperCase()}${item.level.slice(1)}`] ?? item.level;
    }
    if (item.value !== undefined) {
      const value = element.matches("[data-live-value]") ? element : element.querySelector("[data-live-value]");
      if (value) value.textContent = item.value ?? "–";
    }
    const link = element.querySelector("a[aria-label]");
    if (link) { // what is heard stays what is seen
      const level = item.level && item.level !== "none" ? words[`level${item.level[0].toUpperCase()}${item.level.slice(1)}`] : "";
      link.setAttribute("aria-label", [link.getAttribute("aria-label").split(" · ")[0], item.value, level].filter(Boolean).join(" · "));
    }
    const age = item.at && element.querySelector("time[data-age]");
    if (age) { age.dateTime = item.at; tick(); }
  }

  function tick() {
    const now = Date.now();
    for (const time of document.querySelectorAll("time[data-age]")) {
      const age = (now - Date.parse(time.dateTime)) / 1000;
      if (Number.isNaN(age) || age < -60) continue;
      const text = ageText(Math.max(0, age));
      if (text && time.textContent !== text) time.textContent = text;
      const panel = time.closest("[data-stale-after]");
      if (panel) panel.classList.toggle("stale", age > Number(panel.dataset.staleAfter));
    }
    for (const clock of document.querySelectorAll("[data-clock]")) clock.textContent = clockText(new Date());
  }

  function lost() {
    lostAt ??= new Date();
    clearTimeout(lostTimer);
    lostTimer = setTimeout(() => {
      document.documentElement.classList.add("lost");
      for (const strip of document.querySelectorAll("[data-live-strip]")) {
        const text = strip.querySelector("[data-live-strip-text]");
        text.textContent = (words.lost ?? "").replace("{time}", clockText(lostAt));
        strip.hidden = false;
      }
    }, Math.max(0, LOST_AFTER - (Date.now() - lostAt)));
  }
  function found() {
    clearTimeout(lostTimer);
    if (lostAt && opened) refreshAll(); // what was said meanwhile comes from the stream; what only shows as state does not
    // What happened between the drawing of the page and the opening of its stream is in neither; some pages cannot miss it.
    if (!opened) document.querySelectorAll("[data-live-first]").forEach(refresh);
    lostAt = null; opened = true; retry = 1000;
    document.documentElement.classList.remove("lost");
    for (const strip of document.querySelectorAll("[data-live-strip]")) strip.hidden = true;
  }
  function open() {
    clearTimeout(retryTimer);
    stream?.close();
    stream = new EventSource(`/api/v1/stream${last ? `?after=${encodeURIComponent(last)}` : ""}`);
    stream.addEventListener("open", found);
    stream.addEventListener("event", onEvent);
    stream.addEventListener("state", onState);
    stream.addEventListener("error", () => {
      lost();
      if (stream.readyState !== EventSource.CLOSED) return; // the browser comes back by itself, with its Last-Event-ID
      retryTimer = setTimeout(open, retry + Math.random() * 500);
      retry = Math.min(retry * 2, 30000);
    });
  }

  document.addEventListener("visibilitychange", () => {
    clearTimeout(hiddenTimer);
    if (document.hidden) hiddenTimer = setTimeout(() => { stream?.close(); stream = null; }, HIDDEN_FOR);
    else { if (!stream) { open(); refreshAll(); } tick(); }
  });
  addEventListener("pagehide", () => stream?.close());
  addEventListener("pageshow", (event) => { if (event.persisted) { open(); refreshAll(); } });
  document.addEventListener("htmx:afterSwap", tick);
  tick();
  setInterval(tick, 10000);
  if (document.querySelector("[data-live], [data-live-key], [data-live-strip]")) open();
})();
