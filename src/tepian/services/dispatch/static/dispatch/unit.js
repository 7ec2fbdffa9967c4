/* The crew's phone. A press is kept on the phone before anything else, shown at once, and sent in order as soon as there
   is a connection; each press has a key of its own, so that it counts once however often it is sent. What the desk
   changes appears by itself, without touching what somebody is writing. */
(() => {
  "use strict";
  const words = document.getElementById("unit-kata")?.dataset ?? {}, who = words.who ?? "";
  const holder = document.getElementById("unit112");
  if (!holder) return;
  const OUTBOX = "unit:outbox", PRESSED = "unit:pressed", TOLD = "unit:told", CACHE = "unit", PAGE = "/unit";
  const ORDER = ["accepted", "under_way", "arrived", "done"], OVER = ["cancelled", "declined", "expired"];
  const BATCH = 50, PATIENCE = 15000, POLL = 30000, BETWEEN = 1200, POSITION_EVERY = 10000;
  const english = document.documentElement.lang.startsWith("en");
  const read = (name, empty) => { try { return JSON.parse(localStorage.getItem(name)) ?? empty; } catch { return empty; } };
  const write = (name, value) => localStorage.setItem(name, JSON.stringify(value));
  const task = () => holder.querySelector("[data-task]");
  const sign = () => holder.querySelector("[data-unit]")?.dataset.unit;
  const token = () => document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";
  const mine = () => read(OUTBOX, []).filter((item) => item.who === who);
  const clock = (iso) => new Intl.DateTimeFormat("id", { timeZone: words.zone || undefined, hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(new Date(iso)).replace(":", english ? ":" : ".");
  const post = (url, body) => fetch(url, { method: "POST", credentials: "same-origin", signal: AbortSignal.timeout(PATIENCE), headers: { "Content-Type": "application/json", "X-CSRFToken": token() }, body: JSON.stringify(body) });
  let sending = false, retryTimer, pause = 2000, lastPress = 0, trouble = "";

  // --- what is shown ---------------------------------------------------------------------------------------------------
  // Steps of this task that were pressed here: also those that the server has, but the kept page does not know yet.
  function pressed(deployment) {
    const kept = read(PRESSED, {}), steps = kept.who === who && kept.deployment === deployment ? { ...kept.steps } : {};
    for (const item of mine()) if (item.deployment === deployment) steps[item.step] ??= item.at;
    return steps;
  }
  function paint() {
    const waiting = mine().length, strip = document.getElementById("unit-tunda");
    strip.hidden = !waiting && !trouble;
    strip.querySelector("span").textContent = [waiting ? (words.waiting ?? "").replace("{n}", waiting) : "", trouble].filter(Boolean).join(" ");
    const told = read(TOLD, []).filter((one) => one.who === who), refusal = document.getElementById("unit-tolak");
    refusal.hidden = !told.length;
    refusal.querySelector("p").textContent = told.map((one) => one.text).join(" ");
    const current = task();
    if (!current) return;
    const steps = pressed(Number(current.dataset.deployment)), unsent = new Set(mine().map((item) => item.step));
    for (const line of current.querySelectorAll("[data-steps] li")) {
      const at = steps[line.dataset.step];
      line.querySelector("[data-local]")?.remove();
      if (line.dataset.done === "local") delete line.dataset.done;
      if (!at || line.dataset.done === "") continue;
      const note = document.createElement("span");
      note.dataset.local = ""; note.className = "muted";
      note.textContent = ` ${clock(at)}${unsent.has(line.dataset.step) ? ` · ${words.here ?? ""}` : ""}`;
      line.dataset.done = "local";
      line.append(note);
    }
    const form = current.querySelector("[data-step-form]");
    if (!form) return;
    const far = Math.max(ORDER.indexOf(current.dataset.state), ...Object.keys(steps).map((step) => ORDER.indexOf(step))), next = OVER.includes(current.dataset.state) ? null : ORDER[far + 1];
    form.hidden = !next;
    if (!next) return;
    form.elements.step.value = next;
    form.querySelector("button").textContent = current.querySelector(`[data-step="${next}"]`).dataset.button;
    for (const asking of [document.getElementById("u-tidak"), current.querySelector("[data-asked]")]) if (asking) asking.hidden = far >= 0; // answered
  }
  function tell(text) {
    try { write(TOLD, [...read(TOLD, []), { who, text }].slice(-5)); } catch { /* full: shown until the page goes */ }
    document.getElementById("unit-tolak").querySelector("p").textContent = text;
    document.getElementById("unit-tolak").hidden = false;
  }
  document.querySelector("#unit-tolak button").addEventListener("click", () => { try { write(TOLD, []); } catch { /* nothing kept */ } paint(); });

  // --- pressing and sending ----------------------------------------------------------------------------------------------
  function press(event, form) {
    const current = task(), step = form.elements.step.value, deployment = Number(current.dataset.deployment), at = new Date().toISOString();
    event.preventDefault();
    if (Date.now() - lastPress < BETWEEN) return; // a finger that trembles is not two steps
    lastPress = Date.now();
    if (pressed(deployment)[step]) return;
    const key = crypto.randomUUID?.() ?? Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
    const before = read(PRESSED, {}), steps = before.who === who && before.deployment === deployment ? before.steps : {};
    try {
      write(OUTBOX, [...read(OUTBOX, []), { who, unit: current.dataset.unit, key, deployment, step, at, label: current.querySelector(`[data-step="${step}"]`)?.dataset.label ?? step }]);
      write(PRESSED, { who, deployment, steps: { ...steps, [step]: at } });
    } catch { tell(words.full ?? ""); form.submit(); return; }
    navigator.vibrate?.(40);
    paint();
    flush();
  }
  function settle(batch, answers) {
    const gone = new Set(answers.map((one) => one.key)), kept = read(PRESSED, {});
    write(OUTBOX, read(OUTBOX, []).filter((item) => !gone.has(item.key)));
    for (const one of answers) {
      const item = batch.find((each) => each.key === one.key);
      if (!item) continue;
      const text = (english ? one.message_en : one.message_id) || "";
      if (one.status !== 200) {
        tell(`${(words.refused ?? "").replace("{step}", item.label ?? item.step)} ${text}`.trim());
        if (kept.who === who && kept.deployment === item.deployment) delete kept.steps[item.step];
      } else if (text) tell(`${(words.ended ?? "").replace("{step}", item.label ?? item.step)} ${text}`.trim());
      const current = task();
      if (one.state && current && Number(current.dataset.deployment) === item.deployment) current.dataset.state = one.state;
    }
    if (kept.who === who) write(PRESSED, kept);
  }
  async function flush() {
    clearTimeout(retryTimer);
    if (sending) return;
    sending = true;
    let renewed = false, sent = false;
    try {
      for (let items = mine(); items.length; items = mine()) {
        const unit = items[0].unit, other = items.findIndex((item) => item.unit !== unit), batch = items.slice(0, Math.min(BATCH, other < 0 ? items.length : other)), sent_at = new Date().toISOString();
        const answer = await post(`/api/v1/units/${encodeURIComponent(unit)}/steps`, batch.map(({ key, deployment, step, at }) => ({ key, deployment, step, at, sent_at })));
        if (answer.redirected || answer.status === 401) { trouble = words.signin ?? ""; break; }
        if (answer.status >= 500 || answer.status === 429) throw new Error("later");
        const body = await answer.json().catch(() => { throw new Error("later"); });
        if (answer.ok) settle(batch, body);
        else if (answer.status === 403 && body.code === "csrf") {
          if (renewed || !(await refresh())) throw new Error("later");
          renewed = true;
          continue;
        } else settle(batch, batch.map((item) => ({ ...body, key: item.key, status: answer.status })));
        pause = 2000; trouble = ""; sent = true;
        paint();
      }
      if (sent) await refresh();
    } catch {
      retryTimer = setTimeout(flush, pause);
      pause = Math.min(pause * 1.5, 15000);
    } finally { sending = false; paint(); }
  }

  // --- what the desk changes ---------------------------------------------------------------------------------------------
  const plain = (element) => element.outerHTML.replace(/name="(csrfmiddlewaretoken|key)" value="[^"]*"/g, "");
  const served = new Map([...holder.children].map((part) => [part.id, plain(part)]));
  let known = task()?.dataset.deployment, refreshing = null;
  function merge(html) {
    const fresh = [...new DOMParser().parseFromString(html, "text/html").body.children], ids = new Set(fresh.map((part) => part.id));
    const renewed = fresh.map((part) => part.querySelector("[name=csrfmiddlewaretoken]")?.value).find(Boolean);
    let changed = false, before = null;
    for (const old of [...holder.children]) if (!ids.has(old.id)) { old.remove(); served.delete(old.id); changed = true; }
    for (const part of fresh) {
      const old = holder.querySelector(`:scope > #${CSS.escape(part.id)}`), text = plain(part);
      if (old && served.get(part.id) === text) { before = old; continue; }
      const put = document.importNode(part, true);
      if (old) old.replaceWith(put); else if (before) before.after(put); else holder.prepend(put);
      served.set(part.id, text);
      before = put; changed = true;
    }
    if (renewed) for (const field of document.querySelectorAll("[name=csrfmiddlewaretoken]")) field.value = renewed;
    return changed;
  }
  function refresh() {
    refreshing ??= (async () => {
      try {
        const answer = await fetch(holder.dataset.address, { credentials: "same-origin", headers: { "HX-Request": "true" }, signal: AbortSignal.timeout(PATIENCE) });
        if (answer.redirected || answer.status === 401) { trouble = words.signin ?? ""; await forget(); return false; }
        if (!answer.ok) return false;
        trouble = "";
        if (merge(await answer.text())) { arrived(); keepPage(); follow(); }
        return true;
      } catch { return false; /* the strip tells */ } finally { refreshing = null; paint(); }
    })();
    return refreshing;
  }
  function arrived() {
    const now = task()?.dataset.deployment;
    if (now && now !== known) {
      document.querySelector("[data-told]")?.remove();
      navigator.vibrate?.([400, 150, 400, 150, 400]);
      document.title = `${words.new ?? ""} · ${document.title.split(" · ").at(-1)}`;
      scrollTo(0, 0);
      if (!document.activeElement?.matches("input, textarea")) document.getElementById("u-judul")?.focus({ preventScroll: true });
    } else if (!now && known) { navigator.vibrate?.(300); document.title = document.title.split(" · ").at(-1); }
    known = now;
  }
  holder.addEventListener("live", refresh);
  setInterval(() => { if (!document.hidden && sign()) refresh(); }, POLL);

  // --- forms that need a connection: what was written stays when there is none ------------------------------------------
  async function send(form) {
    const button = form.querySelector("[type=submit]");
    if (button.disabled) return;
    button.disabled = true;
    try {
      const answer = await fetch(form.action, { method: "POST", body: new FormData(form), credentials: "same-origin", redirect: "manual" });
      if (answer.type === "opaqueredirect") { location.assign(PAGE); return; }
      const notice = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("main [data-state=error], main .notice, main h1");
      tell(notice?.textContent.replace(/\s+/g, " ").trim() || String(answer.status));
    } catch { tell(words.offline ?? ""); }
    button.disabled = false;
    scrollTo(0, 0);
  }
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.matches("[data-step-form]")) press(event, form);
    else if (form.matches("[data-online]")) { event.preventDefault(); send(form); }
    else if (form.matches("[data-caller]") && !navigator.onLine) { event.preventDefault(); tell(words.offline ?? ""); scrollTo(0, 0); }
    else if (form.getAttribute("action") === "/keluar") { forget(); for (const name of [PRESSED, TOLD]) localStorage.removeItem(name); }
  });

  // --- the page without a connection ------------------------------------------------------------------------------------
  async function forget() { try { await caches.delete(CACHE); } catch { /* none */ } }
  function keepPage() { if (navigator.serviceWorker?.controller) fetch(PAGE, { credentials: "same-origin" }).catch(() => {}); }
  async function keepAll() {
    await navigator.serviceWorker.register(words.worker, { scope: PAGE });
    await navigator.serviceWorker.ready;
    if (!navigator.serviceWorker.controller) await new Promise((resolve) => navigator.serviceWorker.addEventListener("controllerchange", resolve, { once: true }));
    const needed = [...document.querySelectorAll("link[rel=stylesheet], link[rel=icon], script[src]")].map((element) => element.href || element.src);
    await Promise.all([PAGE, ...needed].map((url) => fetch(url, { credentials: "same-origin" }).catch(() => {})));
    document.documentElement.dataset.kept = "";
  }
  if (navigator.serviceWorker && words.worker) keepAll().catch(() => {});

  // --- where the unit is: on duty only, at most every ten seconds, and only while the phone allows it ---------------------
  let watch = null, watched = null, lastPosition = 0;
  function unwatch() { if (watch !== null) navigator.geolocation.clearWatch(watch); watch = watched = null; }
  function report({ coords, timestamp }) {
    if (Date.now() - lastPosition < POSITION_EVERY || !watched) return;
    lastPosition = Date.now();
    post(`/api/v1/units/${encodeURIComponent(watched)}/position`, { lon: coords.longitude, lat: coords.latitude, at: new Date(timestamp).toISOString() })
      .then((answer) => { if (answer.redirected || [401, 404, 409].includes(answer.status)) unwatch(); }).catch(() => {});
  }
  function begin() {
    if (watch !== null && watched === sign()) return;
    unwatch();
    watched = sign();
    watch = navigator.geolocation.watchPosition(report, (error) => { if (error.code === error.PERMISSION_DENIED) unwatch(); }, { enableHighAccuracy: true, maximumAge: 5000 });
    const ask = document.getElementById("u-posisi");
    if (ask) ask.hidden = true;
  }
  async function follow() {
    if (!navigator.geolocation) return;
    if (!sign()) { unwatch(); return; }
    const permission = await navigator.permissions?.query({ name: "geolocation" }).catch(() => null), ask = document.getElementById("u-posisi");
    if (permission?.state === "granted") begin();
    else if (ask) ask.hidden = watch !== null || permission?.state === "denied";
  }
  document.addEventListener("click", (event) => { if (event.target.closest("[data-position]")) begin(); });

  addEventListener("online", () => { flush(); refresh(); });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) { flush(); if (sign()) refresh(); } });
  addEventListener("storage", (event) => { if (event.key?.startsWith("unit:")) paint(); });
  paint(); follow(); flush();
})();
