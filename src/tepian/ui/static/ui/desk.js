/* The desk's keys. data-key="Ctrl+K", "F8", "s" or "3" on a link, button, field or form: the key goes there.
   Single letters do nothing while somebody types. "?" lists the keys of the page. */
(() => {
  "use strict";
  const words = document.getElementById("live-words")?.dataset ?? {};
  const typing = (target) => target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
  const named = (event) => [event.ctrlKey || event.metaKey ? "Ctrl" : "", event.altKey ? "Alt" : "", event.key.length === 1 ? event.key.toUpperCase() : event.key].filter(Boolean).join("+");
  const visible = (element) => element.getClientRects().length > 0;
  const keyed = () => [...document.querySelectorAll("[data-key]")].filter(visible);

  function go(element) {
    if (element.matches("input, textarea, select")) { element.focus(); element.select?.(); } else if (element.matches("form")) element.requestSubmit(); else element.click();
  }
  function list() {
    document.getElementById("daftar-tombol")?.remove();
    const dialog = document.createElement("dialog");
    dialog.id = "daftar-tombol";
    const heading = document.createElement("h2");
    heading.textContent = words.keys ?? "";
    const rows = document.createElement("ul");
    rows.className = "stack stack-s";
    for (const element of keyed()) {
      const row = document.createElement("li"), key = document.createElement("kbd");
      key.textContent = element.dataset.key;
      const label = element.dataset.keyLabel || element.getAttribute("aria-label") || element.labels?.[0]?.textContent || element.querySelector("span")?.firstChild?.textContent || element.textContent || "";
      row.append(key, ` ${label.replace(element.dataset.key.replace("+", " "), "").trim().slice(0, 60)}`); // without the key that stands beside it
      rows.append(row);
    }
    const close = document.createElement("button");
    close.className = "btn btn-2"; close.textContent = words.close ?? "×"; close.autofocus = true;
    close.addEventListener("click", () => dialog.close());
    dialog.append(heading, rows, close);
    dialog.setAttribute("aria-label", words.keys ?? "");
    dialog.className = "stack";
    document.body.append(dialog);
    dialog.addEventListener("close", () => dialog.remove());
    dialog.showModal();
  }
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || document.querySelector("dialog[open]")) return;
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
    if (plain && typing(event.target) && event.key.length === 1) return;
    if (plain && event.key === "?") { event.preventDefault(); list(); return; }
    const name = named(event).toLowerCase();
    const target = keyed().find((element) => element.dataset.key.toLowerCase() === name);
    if (target) { event.preventDefault(); go(target); }
  });

  // The error summary takes the focus, so that a screen reader starts there.
  document.querySelector("#error-summary, .errsum")?.focus();

  // A second press on the same button does not send the form twice.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || form.method !== "post") return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    if (form.action.endsWith("/keluar")) globalThis.caches?.delete("unit"); // nothing of one person stays for the next
    form.dataset.sent = "1";
    setTimeout(() => delete form.dataset.sent, 4000);
  }, true);
  addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent));

  // A fragment that could not be fetched says why, above the content.
  document.addEventListener("htmx:responseError", (event) => {
    const text = event.detail.xhr?.responseText ?? "", main = document.querySelector("main");
    const fresh = new DOMParser().parseFromString(text, "text/html").querySelector("[data-state=error].notice");
    if (!main || !fresh || event.detail.requestConfig?.triggeringEvent?.type === "live") return;
    main.querySelectorAll(":scope > [data-state=error].notice").forEach((old) => old.remove());
    main.prepend(document.importNode(fresh, true));
    main.firstElementChild.focus();
  });
})();
