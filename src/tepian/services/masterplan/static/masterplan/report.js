/* The report of an action keeps itself while somebody writes. Without this script the buttons do the same.
   One save at a time; what was typed meanwhile follows. Of two people the slower is told and nothing is overwritten. */
(() => {
  "use strict";
  const form = document.getElementById("laporan"), state = document.getElementById("simpan");
  if (!form || !state) return;
  const words = state.dataset, understood = document.getElementById("dibaca");
  let waiting = 0, running = false, dirty = false, stopped = false;

  function body() {
    const data = new FormData(form);
    for (const name of ["file", "url", "evidence_title", "confirmed"]) data.delete(name);
    data.set("autosave", "1");
    return data;
  }
  function say(text, bad = false) { state.textContent = text; state.classList.toggle("err", bad); }
  async function save() {
    if (running || !dirty || stopped) return;
    running = true; dirty = false;
    say(words.saving);
    try {
      const answer = await fetch(form.action, { method: "POST", body: body(), credentials: "same-origin", headers: { Accept: "application/json" } });
      if (answer.redirected || !(answer.headers.get("Content-Type") ?? "").includes("json")) throw new Error("not ours");
      const told = await answer.json();
      if (answer.ok) {
        form.elements.revision.value = told.revision;
        if (understood) understood.textContent = told.value;
        say(words.saved.replace("{time}", told.saved));
      } else {
        say(told.problem, true);
        if (answer.status === 409) stopped = true; // somebody was faster: the button shows what is there now
      }
    } catch { dirty = true; say(words.lost, true); later(8000); }
    running = false;
    if (dirty && !stopped && !waiting) later(1200);
  }
  function later(after) { clearTimeout(waiting); waiting = setTimeout(() => { waiting = 0; save(); }, after); }
  form.addEventListener("input", (event) => { if (event.target.type === "file" || /^(url|evidence_)/.test(event.target.name)) return; dirty = true; if (!stopped) later(1200); });
  form.addEventListener("submit", () => { clearTimeout(waiting); waiting = 0; stopped = true; });
  addEventListener("pageshow", () => { stopped = false; });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState !== "hidden" || !dirty || running || stopped) return;
    dirty = false;
    fetch(form.action, { method: "POST", body: body(), credentials: "same-origin", keepalive: true, headers: { Accept: "application/json" } }).then((answer) => answer.json()).then((told) => { if (told.revision) form.elements.revision.value = told.revision; }).catch(() => { dirty = true; });
  });

  // Copy last quarter without leaving the page.
  const copy = form.querySelector("button[name=copy]");
  copy?.addEventListener("click", (event) => {
    event.preventDefault();
    for (const name of ["value", "obstacle", "next_step"]) if (copy.dataset[name] !== undefined) form.elements[name].value = copy.dataset[name];
    form.elements.value.focus();
    form.elements.value.dispatchEvent(new Event("input", { bubbles: true }));
  });
})();
