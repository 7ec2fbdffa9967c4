/* 112 in writing. Everything works without this file; with it new lines come by themselves, a line that was not yet
   acknowledged is kept in the browser and sent again, and the position can be shared. */
(() => {
  "use strict";
  const EVERY = 1500; // ms between two looks
  const kept = {
    get: (key) => { try { return localStorage.getItem(key); } catch { return null; } },
    set: (key, value) => { try { localStorage.setItem(key, value); } catch { /* a browser that keeps nothing */ } },
    drop: (key) => { try { localStorage.removeItem(key); } catch { /* as above */ } },
    keys: (start) => { try { return Object.keys(localStorage).filter((key) => key.startsWith(start)).sort(); } catch { return []; } },
  };
  const fresh = () => Date.now().toString(36) + "-" + [...crypto.getRandomValues(new Uint32Array(3))].map((n) => n.toString(36)).join("");

  // --- the first page
  const opening = document.querySelector("[data-chat-open]");
  if (opening) {
    const text = opening.elements.text;
    if (!text.value) text.value = kept.get("112-draft") ?? "";
    text.addEventListener("input", () => kept.set("112-draft", text.value));
    let sent = false;
    opening.addEventListener("submit", (event) => { if (sent) event.preventDefault(); sent = true; setTimeout(() => { sent = false; }, 4000); });
    const part = document.querySelector("[data-chat-position]");
    if (part && navigator.geolocation) {
      part.hidden = false;
      const told = part.querySelector("[role=status]");
      part.querySelector("button").addEventListener("click", () => {
        told.textContent = told.dataset.asked;
        navigator.geolocation.getCurrentPosition(
          ({ coords }) => {
            opening.elements.lon.value = coords.longitude; opening.elements.lat.value = coords.latitude; opening.elements.radius_m.value = coords.accuracy;
            told.textContent = told.dataset.found.replace("{n}", Math.round(coords.accuracy));
          },
          () => { told.textContent = told.dataset.failed; },
          { enableHighAccuracy: true, timeout: 20000, maximumAge: 60000 },
        );
      });
    }
    document.getElementById("error-summary")?.focus();
  }

  // --- the conversation
  const talk = document.querySelector("[data-chat]");
  if (!talk) return;
  const lines = document.getElementById("teks-baris"), waiting = talk.querySelector("[data-chat-waiting]");
  const lost = talk.querySelector("[data-chat-lost]"), form = talk.querySelector("[data-chat-say]");
  const mine = `112:${talk.dataset.chat}:`;
  const memory = new Map(kept.keys(mine).map((key) => [key, kept.get(key)])); // also where the browser keeps nothing
  const ours = { "X-Requested-With": "fetch" };
  let busy = false;
  if (form) { kept.drop("112-draft"); form.querySelector("[data-chat-more]").hidden = true; } // new lines come by themselves

  function show() {
    waiting.replaceChildren(...[...memory].map(([, text]) => {
      const row = document.createElement("li"), who = document.createElement("strong"), what = document.createElement("p"), state = document.createElement("p");
      who.textContent = talk.dataset.you; what.textContent = text; state.textContent = talk.dataset.sending; state.className = "muted";
      row.append(who, what, state);
      return row;
    }));
    waiting.hidden = !memory.size;
  }
  function trouble(is) { lost.hidden = !is; lost.textContent = is ? talk.dataset.lost : ""; }
  function fill(html) {
    if (lines.innerHTML !== html) lines.innerHTML = html;
    if (!form || !lines.querySelector("[data-over]")) return;
    const left = [...memory.values(), form.elements.text.value.trim()].filter(Boolean).join("\n"); // it begins the next conversation
    for (const key of memory.keys()) kept.drop(key);
    if (left) kept.set("112-draft", left);
    location.reload();
  }

  async function turn() {
    if (busy) return;
    busy = true;
    try {
      for (const [key, text] of [...memory]) {
        const body = new URLSearchParams({ text, key: key.slice(mine.length), csrfmiddlewaretoken: form.elements.csrfmiddlewaretoken.value });
        const answer = await fetch(form.action, { method: "POST", body, headers: ours, credentials: "same-origin" });
        if (!answer.ok && answer.status !== 422) throw new Error(answer.status); // kept, and tried again
        memory.delete(key); kept.drop(key);
        fill(await answer.text()); show();
        if (answer.status === 422) { trouble(false); return; } // the reason stands there until the next look
      }
      const answer = await fetch(talk.dataset.news, { headers: ours, credentials: "same-origin", cache: "no-store" });
      if (answer.status === 404) { location.reload(); return; }
      if (!answer.ok) throw new Error(answer.status);
      fill(await answer.text()); trouble(false);
    } catch { trouble(true); } finally { busy = false; }
  }
  form?.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = form.elements.text.value.trim();
    if (!text) { form.elements.text.focus(); return; }
    const key = mine + fresh();
    memory.set(key, text); kept.set(key, text);
    form.elements.text.value = ""; form.elements.text.focus();
    show(); turn();
  });
  show(); turn();
  setInterval(() => { if (!document.hidden) turn(); }, EVERY);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) turn(); });
})();
