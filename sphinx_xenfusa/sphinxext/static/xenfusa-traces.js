/* Steps through the traces of a page.  Everything that is shown is taken from the list of what holds at first and from the table
   of the steps, as text; without this script both are there, with the chart.  No framework, no request, no markup from text. */
(function () {
  "use strict";

  const PACE = 1600; // milliseconds that a step stays when the trace is played
  const steppers = new Map(); // by the id of a trace

  function made(tag, words, ...classes) {
    const element = document.createElement(tag);
    if (words) element.textContent = words;
    element.classList.add(...classes);
    return element;
  }

  const text = (element) => (element ? element.textContent.trim().replace(/\s+/g, " ") : "");

  /* What holds at first, as pairs; of a scenario it stands once, before all of its runs. */
  function initialOf(widget) {
    const list =
      widget.querySelector(":scope > dl.xenfusa-initial") ||
      widget.closest(".xenfusa-scenario")?.querySelector("dl.xenfusa-initial");
    return Array.from(list ? list.querySelectorAll("dt") : [], (term) => {
      const name = term.cloneNode(true);
      name.querySelector(".colon")?.remove();
      return [text(name), text(term.nextElementSibling)];
    });
  }

  function stepsOf(table) {
    return Array.from(table.tBodies[0].rows, (row) => ({
      row,
      link: row.cells[0].querySelector("a"),
      party: text(row.cells[1]),
      action: text(row.cells[2].querySelector("code")),
      outcome: text(row.querySelector(".xenfusa-outcome")),
      changes: Array.from(row.querySelectorAll("p.xenfusa-change"), (one) => {
        const [before, after] = one.querySelectorAll(":scope > span");
        return { field: text(one.querySelector("strong")), before: text(before), after: text(after) };
      }),
    }));
  }

  /* The fields in their order: as they are told at first, and then as they change.  A field that is told more than once at first
     (what is offered, say) keeps its lines: which of them a step changes is not said. */
  function linesOf(initial, steps) {
    const lines = initial.map(([field, value]) => ({ field, value, from: 0 }));
    const alone = new Map();
    for (const line of lines) alone.set(line.field, alone.has(line.field) ? null : line);
    const byField = new Map(Array.from(alone).filter(([, line]) => line));
    steps.forEach((step, number) => {
      for (const change of step.changes) {
        if (!byField.has(change.field)) {
          const line = { field: change.field, value: null, from: number + 1 };
          byField.set(change.field, line);
          lines.push(line);
        }
      }
    });
    return { lines, byField };
  }

  class Stepper {
    constructor(widget) {
      this.widget = widget;
      this.drawing = widget.querySelector(".xenfusa-drawing");
      this.steps = stepsOf(widget.querySelector("table.xenfusa-trace"));
      this.chart = Array.from(this.drawing.querySelectorAll("svg a"));
      Object.assign(this, linesOf(initialOf(widget), this.steps));
      this.timer = 0;
      this.build();
      this.go(0, false);
    }

    build() {
      const title = text(this.widget.querySelector(":scope > p")) || "trace";
      const controls = made("div", "", "xenfusa-controls");
      controls.setAttribute("role", "group");
      controls.setAttribute("aria-label", `Steps of the ${title}`);
      this.first = this.button(controls, "|◀", "First", () => this.go(0));
      this.previous = this.button(controls, "◀", "Previous", () => this.go(this.at - 1));
      this.player = this.button(controls, "▶", "Play", () => this.toggle());
      this.next = this.button(controls, "▶", "Next", () => this.go(this.at + 1));
      this.last = this.button(controls, "▶|", "Last", () => this.go(this.steps.length));
      for (const one of [this.first, this.player, this.last]) one.hidden = this.steps.length < 2; // nothing is between
      this.told = made("p", "", "xenfusa-at");
      this.told.setAttribute("aria-live", "polite");
      const beside = made("div", "", "xenfusa-beside");
      this.state = made("div", "", "xenfusa-now-state");
      for (const [part, name] of [[this.drawing, "Chart"], [this.state, "State"]]) {
        part.tabIndex = 0; // it may scroll, and arrows step in it
        part.setAttribute("role", "group");
        part.setAttribute("aria-label", `${name}; left and right step, Home and End go to the ends, space plays`);
      }
      this.drawing.before(controls, this.told, beside);
      beside.append(this.drawing, this.state);
      this.widget.classList.add("xenfusa-stepping");
      this.widget.addEventListener("keydown", (event) => this.key(event));
      this.chart.forEach((mark, number) => {
        mark.addEventListener("click", (event) => {
          if (event.ctrlKey || event.metaKey || event.shiftKey) return;
          event.preventDefault();
          this.go(number + 1);
        });
      });
    }

    button(controls, symbol, words, act) {
      const button = made("button");
      button.type = "button";
      const sign = made("span", symbol);
      sign.setAttribute("aria-hidden", "true");
      button.append(sign, words);
      button.addEventListener("click", () => {
        if (button.getAttribute("aria-disabled") === "true") return;
        if (button !== this.player) this.pause();
        act();
      });
      controls.append(button);
      return button;
    }

    key(event) {
      if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
      const inControl = event.target.closest("button, a, summary, input, select, textarea");
      const to = { ArrowLeft: this.at - 1, ArrowRight: this.at + 1, Home: 0, End: this.steps.length }[event.key];
      if (to !== undefined) {
        this.pause();
        this.go(to);
      } else if (event.key === " " && !inControl) {
        this.toggle();
      } else {
        return;
      }
      event.preventDefault();
      event.stopPropagation(); // themes turn the page with the same keys
    }

    toggle() {
      if (this.timer) {
        this.pause();
        return;
      }
      if (this.at === this.steps.length) this.go(0);
      this.timer = window.setInterval(() => {
        this.go(this.at + 1);
        if (this.at === this.steps.length) this.pause();
      }, PACE);
      this.player.replaceChildren(...this.labels("❚❚", "Pause"));
    }

    pause() {
      if (!this.timer) return;
      window.clearInterval(this.timer);
      this.timer = 0;
      this.player.replaceChildren(...this.labels("▶", "Play"));
    }

    labels(symbol, words) {
      const sign = made("span", symbol);
      sign.setAttribute("aria-hidden", "true");
      return [sign, words];
    }

    /* Show the state after a step; 0 is what holds at first. */
    go(number, linked = true) {
      this.at = Math.min(Math.max(number, 0), this.steps.length);
      this.steps.forEach((step, index) => {
        const now = index + 1 === this.at;
        step.row.classList.toggle("xenfusa-now", now);
        this.chart[index]?.classList.toggle("xenfusa-now", now);
        if (now) step.link?.setAttribute("aria-current", "step");
        else step.link?.removeAttribute("aria-current");
      });
      for (const button of [this.first, this.previous]) button.setAttribute("aria-disabled", String(this.at === 0));
      for (const button of [this.next, this.last]) {
        button.setAttribute("aria-disabled", String(this.at === this.steps.length));
      }
      this.tell();
      this.show();
      this.reveal(this.drawing, this.chart[this.at - 1]);
      if (linked) this.link();
    }

    /* Keep the step in the address, so that it can be sent to somebody. */
    link() {
      const place = this.at ? `#${this.widget.id}-step-${this.at}` : `#${this.widget.id}`;
      try {
        window.history.replaceState(null, "", place);
      } catch (refused) {
        // A page within another one may have no address of its own: the step is shown all the same.
      }
    }

    tell() {
      const step = this.steps[this.at - 1];
      const place = made("strong", this.at ? `Step ${this.at} of ${this.steps.length}.` : "Before the first step.");
      const words = step ? ` ${step.party}: ${step.action}. Outcome: ${step.outcome}. ` : ` ${this.steps.length} to come.`;
      const changed = step ? step.changes.map((one) => `${one.field}: ${one.before} → ${one.after}`).join("; ") : "";
      this.told.replaceChildren(place, words, step ? `Changed: ${changed || "nothing"}.` : "");
    }

    /* All fields as they are known after the step, those that it changed with what they were before. */
    show() {
      const values = new Map(this.lines.map((line) => [line, line.value]));
      const fresh = new Map();
      const touched = new Set(); // whose fields changed, where a field is named "OWNER: field"
      this.steps.slice(0, this.at).forEach((step, index) => {
        for (const change of step.changes) {
          const line = this.byField.get(change.field);
          values.set(line, change.after);
          touched.add(change.field.split(": ")[0]);
          if (index + 1 === this.at) fresh.set(line, [...(fresh.get(line) ?? [change.before]), change.after]);
        }
      });
      const table = made("table");
      table.append(made("caption", this.at ? `State after step ${this.at} of ${this.steps.length}` : "State at first"));
      const heads = made("tr");
      for (const words of ["Field", "Value"]) {
        const head = made("th", words);
        head.scope = "col";
        heads.append(head);
      }
      table.createTHead().append(heads);
      const body = table.createTBody();
      for (const line of this.lines) {
        const past = line.from === 0 && this.byField.get(line.field) === line && touched.has(line.field);
        body.append(this.line(line, values.get(line), fresh.get(line), past && values.get(line) === line.value));
      }
      if (!this.lines.length) table.caption.textContent = "The trace tells no field of the state.";
      this.state.replaceChildren(table);
      this.reveal(this.state, body.querySelector("tr.xenfusa-fresh"));
    }

    /* A line of the state.  What is told of a domain in one sentence at first may be out of date once a field of it changed: it is
       said to be of then. */
    line(line, value, told, past) {
      const row = made("tr");
      const name = made("th", line.field);
      name.scope = "row";
      const cell = made("td");
      if (told) {
        row.classList.add("xenfusa-fresh");
        told.slice(0, -1).forEach((before) => cell.append(made("span", before, "xenfusa-before"), " → "));
        cell.append(made("span", told[told.length - 1]), " (changed)");
      } else if (value === null) {
        cell.append(made("span", `not known before step ${line.from}`, "xenfusa-unknown"));
      } else {
        cell.append(past ? `${value} (at first)` : value);
      }
      row.append(name, cell);
      return row;
    }

    /* Scroll a part within its box, and never the page. */
    reveal(box, part) {
      if (!part) {
        box.scrollTop = 0;
        return;
      }
      const [outer, inner] = [box.getBoundingClientRect(), part.getBoundingClientRect()];
      if (inner.top < outer.top) box.scrollTop += inner.top - outer.top - 30;
      else if (inner.bottom > outer.bottom) box.scrollTop += inner.bottom - outer.bottom + 8;
    }
  }

  function stepper(widget) {
    if (!steppers.has(widget.id)) steppers.set(widget.id, new Stepper(widget));
    return steppers.get(widget.id);
  }

  /* What is folded is made ready when it unfolds: a page can have a hundred traces. */
  function ready(part) {
    for (const widget of part.querySelectorAll(".xenfusa-stepper[id]")) {
      if (widget.querySelector("table.xenfusa-trace") && !widget.closest("details:not([open])")) stepper(widget);
    }
  }

  function follow() {
    const [, name, number] = /^#(trace-[0-9a-f]{8}(?:-\d+)?)(?:-step-(\d+))?$/.exec(window.location.hash) ?? [];
    const widget = name && document.getElementById(name);
    if (!widget || !widget.classList.contains("xenfusa-stepper")) return;
    for (let fold = widget.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
    stepper(widget).go(Number(number ?? 0), false);
    widget.scrollIntoView({ block: "start" });
  }

  function start() {
    ready(document);
    document.addEventListener("toggle", (event) => ready(event.target), true);
    window.addEventListener("hashchange", follow);
    follow();
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
