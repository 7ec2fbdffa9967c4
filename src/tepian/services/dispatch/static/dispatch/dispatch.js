/* The dispatcher's desk: Enter sends the marked unit, U marks the next, J and K go through the incidents. A form that
   somebody is writing in is not replaced under the hands. */
(() => {
  "use strict";
  const typing = (target) => target instanceof HTMLElement && /^(INPUT|TEXTAREA|SELECT|BUTTON|A|SUMMARY)$/.test(target.tagName);
  const offers = () => [...document.querySelectorAll("#panel112 form[data-advice] button")];
  let marked = 0;
  function mark() {
    offers().forEach((button, index) => { button.classList.toggle("btn-2", index !== marked); button.closest("li").toggleAttribute("data-marked", index === marked); });
  }
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || document.querySelector("dialog[open]")) return;
    const key = event.key.toLowerCase();
    if (event.key === "Enter" && !typing(event.target)) { const button = offers()[marked]; if (button) { event.preventDefault(); button.form.requestSubmit(); } }
    if (typing(event.target) && event.target.tagName !== "A" && event.target.tagName !== "BUTTON") return;
    if (key === "u") { const count = offers().length; if (count) { marked = (marked + 1) % count; mark(); } }
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
  document.addEventListener("htmx:afterSwap", () => { marked = Math.min(marked, Math.max(0, offers().length - 1)); mark(); });
  function tick() {
    for (const element of document.querySelectorAll("[data-until]")) {
      const seconds = Math.round((Date.parse(element.dataset.until) - Date.now()) / 1000);
      element.textContent = `${seconds} s`;
    }
  }
  setInterval(tick, 1000);
  tick();
})();
