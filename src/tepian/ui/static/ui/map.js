/* Nearer and further on the city map: buttons, wheel with Ctrl, two fingers, and arrow keys. The map stands without it. */
(() => {
  "use strict";
  const SIGNS = { "+": "M12 5v14M5 12h14", "-": "M5 12h14", "0": "M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5" };
  const words = { id: { "+": "Perbesar peta", "-": "Perkecil peta", "0": "Seluruh kota" }, en: { "+": "Zoom in", "-": "Zoom out", "0": "Whole city" } }[document.documentElement.lang === "en" ? "en" : "id"];
  for (const figure of document.querySelectorAll("[data-map]")) {
    const svg = figure.querySelector("svg"), full = svg.viewBox.baseVal, whole = { x: full.x, y: full.y, w: full.width, h: full.height };
    let view = { ...whole };
    const show = () => svg.setAttribute("viewBox", `${view.x} ${view.y} ${view.w} ${view.h}`);
    const hold = () => {
      view.w = Math.min(whole.w, Math.max(whole.w / 12, view.w)); view.h = view.w * whole.h / whole.w;
      view.x = Math.min(whole.w - view.w, Math.max(0, view.x)); view.y = Math.min(whole.h - view.h, Math.max(0, view.y));
      show();
    };
    const zoom = (factor, cx = view.x + view.w / 2, cy = view.y + view.h / 2) => {
      const w = Math.min(whole.w, Math.max(whole.w / 12, view.w * factor)), ratio = w / view.w;
      view = { x: cx - (cx - view.x) * ratio, y: cy - (cy - view.y) * ratio, w, h: view.h * ratio };
      hold();
    };
    const at = (event) => { const box = svg.getBoundingClientRect(); return [view.x + (event.clientX - box.left) / box.width * view.w, view.y + (event.clientY - box.top) / box.height * view.h]; };
    const tools = document.createElement("div");
    tools.className = "peta-alat no-print";
    for (const sign of ["+", "-", "0"]) {
      const button = document.createElement("button");
      button.type = "button"; button.setAttribute("aria-label", words[sign]); button.title = words[sign];
      button.innerHTML = `<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d="${SIGNS[sign]}"/></svg>`;
      button.addEventListener("click", () => sign === "0" ? (view = { ...whole }, show()) : zoom(sign === "+" ? 0.6 : 1 / 0.6));
      tools.append(button);
    }
    figure.append(tools);
    svg.addEventListener("wheel", (event) => { if (!event.ctrlKey) return; event.preventDefault(); zoom(event.deltaY < 0 ? 0.8 : 1.25, ...at(event)); }, { passive: false });
    figure.addEventListener("keydown", (event) => {
      const step = view.w / 8, move = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[event.key];
      if (move) { event.preventDefault(); view.x += move[0]; view.y += move[1]; hold(); }
      else if (event.key === "+" || event.key === "=") zoom(0.6); else if (event.key === "-") zoom(1 / 0.6);
    });
    const fingers = new Map(); let moved = false;
    svg.addEventListener("pointerdown", (event) => { fingers.set(event.pointerId, event); moved = false; });
    svg.addEventListener("pointermove", (event) => {
      const before = fingers.get(event.pointerId);
      if (!before) return;
      const others = [...fingers.values()].filter((finger) => finger.pointerId !== event.pointerId), box = svg.getBoundingClientRect();
      const [dx, dy] = [event.clientX - before.clientX, event.clientY - before.clientY];
      if (others.length) {
        const other = others[0], length = (finger) => Math.hypot(finger.clientX - other.clientX, finger.clientY - other.clientY);
        if (length(event) > 0) zoom(length(before) / length(event), ...at({ clientX: (event.clientX + other.clientX) / 2, clientY: (event.clientY + other.clientY) / 2 }));
      } else if (view.w < whole.w && (moved || Math.hypot(dx, dy) > 4)) {
        moved = true; view.x -= dx / box.width * view.w; view.y -= dy / box.height * view.h; hold();
      } else return;
      fingers.set(event.pointerId, event);
    });
    for (const end of ["pointerup", "pointercancel", "pointerleave"]) svg.addEventListener(end, (event) => fingers.delete(event.pointerId));
    svg.addEventListener("click", (event) => { if (moved) { event.preventDefault(); moved = false; } }, true);
  }
})();
