/* The call-taker's desk. Whatever is typed is kept on this computer with every key and on the server with every pause;
   what is sent while the connection is gone waits here and goes out by itself, once. What is refused after the desk went
   on to another call is told above the cards, and stands in its fields again when that call is opened. */
(() => {
  "use strict";
  const words = document.getElementById("kata112")?.dataset ?? {};
  const holder = document.getElementById("kartu"), line = document.getElementById("antre");
  const DRAFT = "112:draft:", OUTBOX = "112:outbox", REFUSED = "112:refused";
  const FIELDS = ["place", "lon", "lat", "type", "severity", "note"], VICTIMS = ["injured", "trapped", "missing", "dead"];
  const card = () => holder?.querySelector(".kartu112");
  const form = () => document.getElementById("form112");
  const clock = (date) => new Intl.DateTimeFormat("id", { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" }).format(date);
  const token = () => form()?.elements.csrfmiddlewaretoken?.value ?? document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";
  const say = (text) => { const place = document.getElementById("simpan112"); if (place) place.textContent = text; };
  const stored = (key, empty) => { try { return JSON.parse(localStorage.getItem(key)) ?? empty; } catch { return empty; } };
  const store = (key, value) => { try { value === null ? localStorage.removeItem(key) : localStorage.setItem(key, JSON.stringify(value)); } catch { /* full: the server has it */ } };
  let saveTimer, lostAt = null, placeTimer, nearTimer, asked = 0;

  // --- what is typed -------------------------------------------------------------------------------------------------
  function gather() {
    const data = new FormData(form()), draft = { victims: {} };
    for (const name of FIELDS) draft[name] = data.get(name) ?? "";
    for (const name of ["lon", "lat"]) draft[name] = draft[name] === "" ? null : Number(draft[name]);
    for (const name of VICTIMS) if (data.get(name)) draft.victims[name] = data.get(name);
    return draft;
  }
  function fill(draft) {
    const fields = form().elements;
    for (const name of FIELDS) if (draft[name] !== undefined && draft[name] !== null) {
      if (name === "severity") { const radio = form().querySelector(`[name=severity][value="${CSS.escape(draft[name])}"]`); if (radio) radio.checked = true; }
      else fields[name].value = draft[name];
    }
    for (const name of VICTIMS) if (draft.victims?.[name]) fields[name].value = draft.victims[name];
  }
  function keep() {
    const call = card()?.dataset.call;
    if (!call) return;
    const version = Date.now();
    store(DRAFT + call, { version, draft: gather() });
    clearTimeout(saveTimer);
    saveTimer = setTimeout(() => save(call, version), 400);
  }
  async function save(call, version) {
    if (card()?.dataset.call !== call) return;
    try {
      const answer = await fetch(`/kerja/112/panggilan/${call}/draf`, { method: "POST", credentials: "same-origin", headers: { "Content-Type": "application/json", "X-CSRFToken": token() }, body: JSON.stringify({ version, ...gather() }) });
      if (answer.redirected || answer.status === 401) return say(words.signin);
      const body = await answer.json();
      if (!answer.ok) return say(body.message ?? "");
      found();
      say((words.saved ?? "").replace("{time}", clock(new Date())));
    } catch { lost(); saveTimer = setTimeout(() => save(call, Date.now()), 2000); }
  }
  function lost() { lostAt ??= new Date(); say((words.lost ?? "").replace("{time}", clock(lostAt))); }
  function found() { lostAt = null; }
  function restore() {
    const call = card()?.dataset.call;
    if (!call || !form()) return;
    const local = stored(DRAFT + call, null);
    if (local && local.version > Number(card().dataset.version || 0) && !card().dataset.sent) { fill(local.draft); keep(); }
    const refused = stored(REFUSED, []).find((item) => item.call === call);
    if (refused) { takeUp(new URLSearchParams(refused.body)); keep(); }
  }

  // --- what was refused ------------------------------------------------------------------------------------------------
  // Only what this person had filled or changed goes into the fields; the rest stays as the card shows it now.
  function takeUp(sent) {
    for (const name of [...FIELDS, ...VICTIMS]) if ((sent.get(name) ?? "") !== (sent.get(`was_${name}`) ?? "")) put(name, sent.get(name) ?? "");
  }
  function put(name, value) {
    if (name === "severity") form().querySelectorAll("[name=severity]").forEach((radio) => { radio.checked = radio.value === value; }); else form().elements[name].value = value;
  }
  function drop(call) { store(REFUSED, stored(REFUSED, []).filter((item) => item.call !== call)); tell(); }
  function tell() {
    const place = document.getElementById("tolak112");
    if (!place) return;
    place.replaceChildren(...stored(REFUSED, []).map((item) => {
      const here = item.call === card()?.dataset.call, notice = document.createElement("div"), text = document.createElement("p");
      const row = document.createElement("p"), link = document.createElement("a"), away = document.createElement("button");
      notice.className = "notice notice-danger stack stack-s"; row.className = "actions";
      text.textContent = `${(words.refused ?? "").replace("{what}", item.what)} ${item.why}${here ? ` ${words.again ?? ""}` : ""}`;
      link.className = "btn"; link.href = `?panggilan=${item.call}`; link.textContent = words.open ?? "";
      away.className = "btn btn-2"; away.type = "button"; away.textContent = words.drop ?? "";
      away.addEventListener("click", () => { drop(item.call); if (here) location.assign(link.href); });
      row.append(...(here ? [away] : [link, away]));
      notice.append(text, row);
      return notice;
    }));
    place.hidden = !place.firstChild;
  }

  // --- sending -------------------------------------------------------------------------------------------------------
  function send(event) {
    event.preventDefault();
    const current = card();
    if (!current) return;
    keep();
    const body = new URLSearchParams(new FormData(form())).toString();
    const waiting = stored(OUTBOX, []).filter((item) => item.call !== current.dataset.call);
    store(OUTBOX, [...waiting, { call: current.dataset.call, url: form().action, body, at: Date.now() }]);
    say(words.sending);
    flush();
  }
  let flushing = false;
  async function flush() {
    if (flushing) return;
    flushing = true;
    try {
      for (;;) {
        const [first] = stored(OUTBOX, []);
        if (!first) break;
        const body = new URLSearchParams(first.body);
        if (token()) body.set("csrfmiddlewaretoken", token());
        const answer = await fetch(first.url, { method: "POST", credentials: "same-origin", headers: { "HX-Request": "true", "Content-Type": "application/x-www-form-urlencoded", "X-CSRFToken": token() }, body });
        if (answer.status === 401 || answer.status === 403) { say(words.signin); break; }
        if (answer.status >= 500) throw new Error("server");
        found();
        store(OUTBOX, stored(OUTBOX, []).filter((item) => item.call !== first.call || item.at !== first.at));
        const html = await answer.text();
        if (answer.ok) { store(DRAFT + first.call, null); drop(first.call); }
        if (card()?.dataset.call === first.call) show(html, first.body); else if (!answer.ok) refuse(first, html);
      }
    } catch { lost(); setTimeout(flush, 2000); } finally { flushing = false; }
  }
  function refuse(item, html) {
    const fresh = new DOMParser().parseFromString(html, "text/html");
    const what = fresh.querySelector(".kartu112")?.dataset.sent || fresh.querySelector("#judul-kartu")?.textContent.trim() || item.call;
    const why = fresh.querySelector(".errsum strong")?.textContent ?? "";
    store(REFUSED, [...stored(REFUSED, []).filter((old) => old.call !== item.call), { call: item.call, body: item.body, what, why }]);
    tell();
  }
  // The server's card takes the place of this one; what was refused, or typed since it was sent, stays in its field.
  function show(html, body) {
    const fresh = new DOMParser().parseFromString(html, "text/html"), refused = fresh.querySelector(".errsum");
    const had = document.activeElement?.id, sent = new URLSearchParams(body), now = new FormData(form());
    const newer = [...FIELDS, ...VICTIMS].filter((name) => refused || (now.get(name) ?? "") !== (sent.get(name) ?? "")).map((name) => [name, now.get(name) ?? ""]);
    holder.replaceChildren(...document.importNode(fresh.body, true).childNodes);
    globalThis.htmx?.process(holder);
    if (card()?.dataset.sent) delete line?.dataset.busy;
    wire();
    tick();
    for (const [name, value] of newer) put(name, value);
    if (newer.length) keep();
    (holder.querySelector(".errsum") ?? document.getElementById(had && document.getElementById(had) ? had : "f-note"))?.focus();
  }

  // --- choosing a place and a type -------------------------------------------------------------------------------------
  function chooser(input, list, onPick) {
    const options = () => [...list.querySelectorAll("[role=option]:not([hidden])")];
    const active = () => list.querySelector("[aria-selected=true]");
    const close = () => { list.hidden = true; input.setAttribute("aria-expanded", "false"); input.removeAttribute("aria-activedescendant"); };
    const mark = (option) => {
      list.querySelectorAll("[aria-selected]").forEach((old) => old.removeAttribute("aria-selected"));
      if (!option) return;
      option.setAttribute("aria-selected", "true");
      option.scrollIntoView({ block: "nearest" });
      input.setAttribute("aria-activedescendant", option.id);
    };
    const open = () => { list.hidden = options().length === 0; input.setAttribute("aria-expanded", String(!list.hidden)); };
    input.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.altKey || event.metaKey) return;
      const all = options(), at = all.indexOf(active());
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        if (list.hidden) open();
        event.preventDefault();
        mark(all[(at + (event.key === "ArrowDown" ? 1 : all.length - 1)) % all.length] ?? all[0]);
      } else if (event.key === "Enter") { event.preventDefault(); const option = active() ?? (list.hidden ? null : all[0]); if (option) { onPick(option); close(); } }
      else if (event.key === "Escape") close();
      else if (event.key === "Tab" && !list.hidden) { const option = active() ?? all[0]; if (option && input.value.trim()) onPick(option); close(); }
    });
    list.addEventListener("mousedown", (event) => { const option = event.target.closest("[role=option]"); if (option) { event.preventDefault(); onPick(option); close(); } });
    input.addEventListener("blur", () => setTimeout(close, 150));
    return { open, close, mark, options };
  }
  function near() {
    const place = document.getElementById("dekat"), fields = form()?.elements;
    if (!place || !fields) return;
    clearTimeout(nearTimer);
    nearTimer = setTimeout(async () => {
      try {
        const answer = await fetch(`${place.dataset.url}?lon=${fields.lon.value}&lat=${fields.lat.value}&type=${encodeURIComponent(fields.type.value)}`, { headers: { "HX-Request": "true" }, credentials: "same-origin" });
        if (!answer.ok || answer.redirected) return;
        const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
        place.replaceChildren(...document.importNode(fresh.body, true).childNodes);
      } catch { /* the strip tells */ }
    }, 120);
  }
  function wire() {
    const current = form();
    if (!current) return;
    current.addEventListener("submit", send);
    current.addEventListener("input", keep);
    const place = current.elements.place, type = current.elements.type;
    const placeList = document.getElementById("daftar-tempat"), typeList = document.getElementById("daftar-jenis");
    const places = chooser(place, placeList, (option) => {
      place.value = option.dataset.value;
      current.elements.lon.value = option.dataset.lon; current.elements.lat.value = option.dataset.lat;
      keep(); near();
    });
    place.addEventListener("input", () => {
      current.elements.lon.value = ""; current.elements.lat.value = "";
      clearTimeout(placeTimer);
      const text = place.value.trim(), turn = ++asked;
      if (text.length < 2) { placeList.replaceChildren(); places.close(); return; }
      placeTimer = setTimeout(async () => {
        try {
          const answer = await fetch(`${words.places}?q=${encodeURIComponent(text)}`, { credentials: "same-origin" });
          const { items } = await answer.json();
          if (turn !== asked || document.activeElement !== place) return;
          placeList.replaceChildren(...items.map((item, index) => {
            const option = document.createElement("li");
            option.setAttribute("role", "option"); option.id = `tempat-${index}`;
            Object.assign(option.dataset, { value: item.name, lon: item.lon, lat: item.lat });
            option.textContent = item.label;
            return option;
          }));
          if (items.length) { places.open(); places.mark(places.options()[0]); } else { places.close(); say(words.none); }
        } catch { /* words alone are enough to send */ }
      }, 120);
    });
    const types = chooser(type, typeList, (option) => {
      type.value = option.dataset.value;
      document.getElementById("nama-jenis").textContent = option.textContent;
      const radio = current.querySelector(`[name=severity][value="${option.dataset.severity}"]`);
      if (radio) radio.checked = true;
      keep(); near();
    });
    type.addEventListener("input", () => {
      const text = type.value.trim().toLowerCase();
      let shown = 0;
      for (const option of typeList.children) {
        const fits = text !== "" && option.dataset.words.toLowerCase().split(/\s+/).some((word) => word.startsWith(text));
        option.hidden = !fits;
        shown += fits;
      }
      if (shown) { types.open(); types.mark(types.options()[0]); } else types.close();
    });
    document.getElementById("f-place")?.focus();
  }

  // --- the line --------------------------------------------------------------------------------------------------------
  // A call that the exchange put through to this desk opens by itself, unless another one is being written.
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.requestConfig?.verb === "post" && event.detail.elt?.id === "teks") document.getElementById("teks-isi")?.focus(); // the next answer
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.target !== line) return;
    const mine = line.querySelector("[data-mine]");
    if (mine && mine.dataset.mine !== card()?.dataset.call && !("busy" in line.dataset)) location.assign(mine.href);
  });
  function tick() {
    for (const element of document.querySelectorAll("[data-since]")) {
      const seconds = Math.max(0, Math.floor((Date.now() - Date.parse(element.dataset.since)) / 1000));
      element.textContent = seconds < 3600 ? `${String(Math.floor(seconds / 60)).padStart(2, "0")}:${String(seconds % 60).padStart(2, "0")}` : element.textContent;
    }
  }
  addEventListener("online", flush);
  restore();
  wire();
  tick();
  tell();
  setInterval(tick, 1000);
  flush();
})();
