/* Boxes of ours that scroll: tables and drawings that are wider, or higher, than their place.  While one scrolls it can have the
   focus, so that arrows scroll it in every browser; it has a name, and says in words that there is more of it.  Where nothing
   scrolls, nothing of this is there: no stop of Tab, no hint. */
(() => {
  "use strict";

  const BOXES = "div.xenfusa-scrolling, div.xenfusa-drawing";
  const hints = new Map(); // by box

  const clean = (text) => text.replace(/\s+/g, " ").trim();

  /** What a box is called: by its caption, or as its drawing is. */
  function named(box) {
    const caption = box.querySelector("caption .caption-text");
    if (caption) return `Table: ${clean(caption.textContent)}`;
    const title = box.querySelector("svg > title");
    return title ? `Drawing: ${clean(title.textContent)}` : "Table";
  }

  function ways(box) {
    const { overflowX, overflowY } = getComputedStyle(box);
    const sideways = overflowX !== "visible" && box.scrollWidth > box.clientWidth + 1;
    const downwards = overflowY !== "visible" && box.scrollHeight > box.clientHeight + 2;
    return [sideways ? "sideways" : "", downwards ? "down" : ""].filter(Boolean);
  }

  function hint(box) {
    if (!hints.has(box)) {
      const made = document.createElement("p");
      made.className = "xenfusa-hint";
      made.setAttribute("aria-hidden", "true"); // the name of the box says it
      box.prepend(made);
      hints.set(box, made);
    }
    return hints.get(box);
  }

  function show(box, found) {
    box.classList.toggle("xenfusa-scrolls", found.length > 0);
    const way = found.join(" and ");
    if (way) hint(box).textContent = `${found.includes("sideways") ? "↔" : "↕"} scrolls ${way}`;
    if (box.matches(".xenfusa-stepper .xenfusa-drawing")) return; // a trace gives its chart a name, and the focus for its arrows
    if (way) {
      box.tabIndex = 0;
      box.setAttribute("role", "group");
      box.setAttribute("aria-label", `${named(box)}; scrolls ${way}`);
    } else if (box.getAttribute("tabindex") === "0") {
      for (const name of ["tabindex", "role", "aria-label"]) box.removeAttribute(name);
    }
  }

  /** What is folded has no size; it is looked at when it unfolds, as everything is when its size changes. */
  function start() {
    const watch = new ResizeObserver((changes) => {
      const boxes = changes.map((change) => change.target);
      const found = boxes.map(ways); // all are read before one is written
      boxes.forEach((box, place) => show(box, found[place]));
    });
    for (const box of document.querySelectorAll(BOXES)) watch.observe(box);
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
