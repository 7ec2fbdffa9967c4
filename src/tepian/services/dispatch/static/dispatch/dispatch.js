/* The dispatcher's desk: Enter sends the marked unit, U marks the next, R writes down the first unit's next step by radio,
   N goes to the gravest incident that waits, J and K go through all of them. Where help is on its way nothing is marked,
   so that Enter pressed twice does not send a second unit. A form that somebody is writing in is not replaced under the
   hands, and what was opened stays open. */
(() => {
  "use strict";
  const typing = (target) => target instanceof HTMLElement && /^(INPUT|TEXTAREA|SELECT|BUTTON|A|SUMMARY)$/.test(target.tagName);
  const offers = () => [...document.querySelectorAll("#panel112 form[data-advice] button")];
  const first = () => (document.querySelector("#panel112 [data-covered]") ? -1 : 0);
  let marked = first();
  function mark() {
    offers().forEach((button, index) => { button.classList.toggle("btn-2", index !== marked); button.closest("li").toggleAttribute("data-marked", index === marked); });
  }
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || document.querySelector("dialog[open]")) return;
    const key = event.key.toLowerCase();
    if (event.key === "Enter" && !typing(event.target)) { const button = offers()[marked]; if (button) { event.preventDefault(); button.form.requestSubmit(); } }
    if (typing(event.target) && event.target.tagName !== "A" && event.target.tagName !== "BUTTON") return;
    if (key === "u") { const count = offers().length; if (count) { marked = (marked + 1) % count; mark(); } }
    if (key === "r") document.querySelector("#panel112 [data-radio]")?.form.requestSubmit();
    if (key === "n") { const link = document.querySelector("#daftar112 a[data-waiting]:not([aria-current])"); if (link) location.assign(link.href); }
    if (key === "j" || key === "k") {
      const links = [...document.querySelectorAll("#daftar112 a[data-incident]")];
      const at = links.findIndex((link) => link.hasAttribute("aria-current"));
      const next = links[at + (key === "j" ? 1 : -1)];
      if (next) location.assign(next.href);
    }
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    const pane = event.target.closest?.("[data-pane]") ?? (event.target.matches?.("[data-pane]") ? event.target : null);
    const field = document.activeElement;
    if (pane && pane.contains(field) && /^(INPUT|TEXTAREA|SELECT)$/.test(field.tagName) && (field.value || field.tagName === "SELECT")) event.detail.shouldSwap = false;
  });
  let opened = [];
  document.addEventListener("htmx:beforeSwap", () => { opened = [...document.querySelectorAll("#panel112 details[open] > summary")].map((each) => each.textContent); });
  document.addEventListener("htmx:afterSwap", () => { for (const each of document.querySelectorAll("#panel112 details > summary")) if (opened.includes(each.textContent)) each.parentElement.open = true; });
  document.addEventListener("htmx:afterSwap", (event) => { if (event.target.id === "panel112") { marked = first(); mark(); } });
  function tick() {
    for (const element of document.querySelectorAll("[data-until]")) {
      const seconds = Math.round((Date.parse(element.dataset.until) - Date.now()) / 1000);
      element.textContent = `${seconds} s`;
    }
  }
  setInterval(tick, 1000);
  tick();
})();
