/* Tables of the class "xenfusa-filterable": sort, filter, count, copy and CSV, in the page that the build wrote.

   The whole table is in the page; without this script nothing of it is missing and no control is there.  The script never
   writes a cell: it takes rows out of the page and puts the same rows back.  A long table keeps only its first rows in the
   page, because the browser lays out every row that is there; the line above it always says how many there are.

   A filter is words that a cell has to contain, all of them, upper and lower case alike; "several words" as one; -word keeps
   out what has it; in a column =text is the whole cell; in a column of numbers >5, >=5, <5, <=5 and =5.  Sort and filters are in the
   address of the page (t1.any, t1.in.COLUMN, t1.sort for the table with the id xenfusa-table-1), so that a view can be sent.

   No network, no eval, no markup from strings, no inline style.  State columns sort in the order of trace/states.py. */
(() => {
  "use strict";

  /** Worst first, as sphinx_xenfusa.trace.states.Result has them; a test compares the two. */
  const STATES = [
    "failed", "error", "inconclusive", "diverges", "stale", "not-run",
    "none", "partial", "justified", "not-applicable", "passed",
  ];
  /** Up to so many rows a table stays whole in the page; xenfusa-tables.css has the same number plus one. */
  const WHOLE = 300;
  /** So many rows of a longer table are in the page at first. */
  const FIRST = 100;
  /** A column of so few different short values is filtered by choosing one. */
  const CHOICES = 15;
  const CHOICE_LENGTH = 48;
  /** So many cells tell what kind of values a column has. */
  const SAMPLE = 50;
  const FEW = 3;
  /** Milliseconds after the last key before the address is written: browsers allow few changes of it. */
  const SETTLED = 120;
  const BLOCKS = new Set(["P", "DIV", "UL", "OL", "DL", "PRE", "DETAILS"]);
  const NO_NUMBER = new Set(["", "–", "-", "none", "n/a", "not known", "none tried", "no case"]);
  const NUMBER = /^[-−+]?\d[\d,]*(?:\.\d+)?(?=$|[\s%(/;])/;
  const COMPARISON = /^(<=|>=|<|>|=)(-?\d+(?:\.\d+)?)$/;
  /** What a spreadsheet program could run as a formula, as interop/cells.py has it. */
  const DANGEROUS = /^[=+\-@\t\r\n＝＋－＠']/;
  const SCROLLING = ".table-wrapper, .pst-scrollable-table-container, .wy-table-responsive, .xenfusa-scrolling";
  const natural = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

  const clean = (text) => text.replace(/\s+/g, " ").trim();
  const number = (count) => count.toLocaleString("en-GB");
  const guarded = (text) => (DANGEROUS.test(text) ? `'${text}` : text);
  const field = (text) => (/[",\t\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

  /** The words of a cell, a line for each of its paragraphs. */
  function words(cell) {
    const parts = cell.children;
    if (parts.length < 2) return clean(cell.textContent);
    for (const part of parts) if (!BLOCKS.has(part.tagName)) return clean(cell.textContent);
    return Array.from(parts, (part) => clean(part.textContent)).filter(Boolean).join("\n");
  }

  function make(tag, name, text) {
    const made = document.createElement(tag);
    if (name) made.className = name;
    if (text) made.textContent = text;
    return made;
  }

  function button(name, text, act) {
    const made = make("button", name, text);
    made.type = "button";
    made.addEventListener("click", act);
    return made;
  }

  // --- columns: what their values are, and how these are ordered ------------------------------------------------------

  /** The place of the worst state of a cell in the order of states; undefined without one. */
  function worst(cell) {
    let found;
    for (const state of cell.querySelectorAll(".xenfusa-state")) {
      for (const name of state.classList) {
        const rank = STATES.indexOf(name.slice("xenfusa-".length));
        if (rank >= 0 && (found === undefined || rank < found)) found = rank;
      }
    }
    return found;
  }

  function leading(text) {
    const found = NUMBER.exec(text);
    return found ? Number(found[0].replaceAll(",", "").replace("−", "-")) : undefined;
  }

  /** Whether what a cell says begins with a state. */
  function isState(cell) {
    const state = cell.querySelector(".xenfusa-state");
    return state !== null && clean(cell.textContent).startsWith(clean(state.textContent));
  }

  function kindOf(cells) {
    const told = cells.filter((cell) => !NO_NUMBER.has(clean(cell.textContent)));
    if (told.length === 0) return "text";
    if (told.filter(isState).length * 2 > told.length) return "state";
    return told.every((cell) => leading(clean(cell.textContent)) !== undefined) ? "number" : "text";
  }

  // --- filters ----------------------------------------------------------------------------------------------------------

  /** What a filter asks of a text in lower case. */
  function asks(filter, kind) {
    const text = clean(filter).toLowerCase();
    const compared = kind === "number" ? COMPARISON.exec(text) : null;
    if (compared) {
      const [, sign, digits] = compared;
      const limit = Number(digits);
      const holds = {
        "<": (value) => value < limit, "<=": (value) => value <= limit,
        ">": (value) => value > limit, ">=": (value) => value >= limit,
        "=": (value) => value === limit,
      }[sign];
      return (said) => { const value = leading(said); return value !== undefined && holds(value); };
    }
    if (kind !== "row" && text.length > 1 && text.startsWith("=")) return (said) => clean(said) === text.slice(1);
    const terms = [...text.matchAll(/(-?)(?:"([^"]*)"?|(\S+))/g)]
      .map(([, not, several, one]) => ({ wanted: not === "", word: several ?? one }))
      .filter((term) => term.word !== "" && term.word !== "-");
    return (said) => terms.every((term) => said.includes(term.word) === term.wanted);
  }

  // --- a table --------------------------------------------------------------------------------------------------------

  class Sheet {
    constructor(table) {
      this.table = table;
      this.body = table.tBodies[0];
      this.headers = [...table.tHead.rows[0].cells];
      this.headings = this.headers.map((header, column) => words(header) || `column ${column + 1}`);
      // In the address a column is called by its heading; a second one of the same heading by its place as well.
      this.names = this.headings.map((heading, column) =>
        (this.headings.indexOf(heading) === column ? heading : `${heading} (${column + 1})`));
      this.rows = [];
      this.group = new Map(); // row -> the line that stands above the group of the row
      this.sums = []; // lines with the totals of all rows
      this.readRows();
      this.kinds = this.headers.map((_, column) =>
        kindOf(this.rows.slice(0, SAMPLE).map((row) => row.cells[column])));
      this.key = table.id.replace(/^xenfusa-table-/, "t");
      this.order = this.rows.map((_, place) => place);
      this.view = this.order;
      this.limit = this.rows.length > WHOLE ? FIRST : Infinity;
      this.any = "";
      this.filters = this.headers.map(() => "");
      this.sorted = { column: -1, direction: 1 };
      this.unknown = [];
      this.note = ""; // what was done that the reader did not ask for
      this.controls = [];
    }

    /** Tell the rows of the table from lines that span it, which head a group of rows, and from those with its totals. */
    readRows() {
      let line = null;
      for (const row of this.body.rows) {
        if (row.cells.length < this.headers.length) {
          line = row;
        } else if (clean(row.cells[0].textContent) === "all" && row.cells[0].querySelector("strong")) {
          this.sums.push(row);
        } else {
          if (line) this.group.set(row, line);
          this.rows.push(row);
        }
      }
    }

    /** The words of each cell, and of each row in lower case: read once, when first asked for. */
    get texts() {
      const texts = this.rows.map((row) => Array.from(row.cells, words));
      Object.defineProperty(this, "texts", { value: texts });
      return texts;
    }

    get folded() {
      const folded = this.texts.map((cells) => cells.map((text) => text.toLowerCase()));
      Object.defineProperty(this, "folded", { value: folded });
      return folded;
    }

    get joined() {
      const joined = this.folded.map((cells) => cells.join("\n").replaceAll("\n", " "));
      Object.defineProperty(this, "joined", { value: joined });
      return joined;
    }

    // --- what is seen ---------------------------------------------------------------------------------------------

    value(place, column) {
      if (this.kinds[column] === "state") return worst(this.rows[place].cells[column]);
      const text = this.texts[place][column];
      if (this.kinds[column] === "number") return leading(text);
      return text === "" ? undefined : text;
    }

    sort() {
      const { column, direction } = this.sorted;
      this.order = this.rows.map((_, place) => place);
      if (column < 0) return;
      const values = this.order.map((place) => this.value(place, column));
      const compare = this.kinds[column] === "text" ? natural.compare : (one, other) => one - other;
      // What has no value stands last in either direction; equals stay as the page has them.
      this.order.sort((one, other) => {
        const [left, right] = [values[one], values[other]];
        if (left === undefined || right === undefined) {
          return (left === undefined) - (right === undefined) || one - other;
        }
        return direction * compare(left, right) || one - other;
      });
    }

    filter() {
      const asked = this.filters
        .map((filter, column) => ({ column, holds: asks(filter, this.kinds[column]), filter }))
        .filter((one) => one.filter.trim() !== "");
      const any = this.any.trim() === "" ? null : asks(this.any, "row");
      this.view = !any && asked.length === 0 ? this.order : this.order.filter((place) =>
        (!any || any(this.joined[place]))
        && asked.every(({ column, holds }) => holds(this.folded[place][column].replaceAll("\n", " "))));
    }

    /** Put the rows that are seen into the page, with the lines above their groups as long as the page's order holds. */
    paint(limit = this.limit) {
      const seen = document.createDocumentFragment();
      const grouped = this.sorted.column < 0;
      let line = null;
      for (const place of this.view.slice(0, limit)) {
        const row = this.rows[place];
        const above = grouped ? this.group.get(row) ?? null : null;
        if (above !== line && above) seen.append(above);
        line = above;
        seen.append(row);
      }
      // The totals are those of all rows.
      if (this.view.length === this.rows.length && limit >= this.view.length) seen.append(...this.sums);
      this.body.replaceChildren(seen);
    }

    update(note = "") {
      this.note = note;
      this.limit = this.rows.length > WHOLE ? FIRST : Infinity;
      this.filter();
      this.paint();
      this.tell();
      clearTimeout(this.later);
      this.later = setTimeout(() => this.write(), SETTLED);
    }

    get described() {
      const said = this.any.trim() ? [`any column has “${clean(this.any)}”`] : [];
      this.filters.forEach((filter, column) => {
        const asked = clean(filter);
        if (asked === "") return;
        const compared = this.kinds[column] === "number" && COMPARISON.test(asked);
        if (compared) said.push(`${this.headings[column]} ${asked}`);
        else if (asked.startsWith("=")) said.push(`${this.headings[column]} is “${asked.slice(1)}”`);
        else said.push(`${this.headings[column]} has “${asked}”`);
      });
      return said;
    }

    tell() {
      this.spoken.textContent = "";
      const [all, seen, filters] = [this.rows.length, this.view.length, this.described];
      const { column, direction } = this.sorted;
      const parts = [filters.length
        ? `${number(seen)} of ${number(all)} rows shown, filters: ${filters.join("; ")}` : `${number(all)} rows`];
      if (column >= 0) {
        const way = this.kinds[column] === "state"
          ? (direction > 0 ? "worst first" : "worst last") : (direction > 0 ? "ascending" : "descending");
        parts.push(`sorted by ${this.headings[column]}, ${way}`);
      }
      if (this.unknown.length) parts.push(`the address asks for what this table has not: ${this.unknown.join(", ")}`);
      if (this.note) parts.push(this.note);
      this.count.textContent = `${parts.join("; ")}.`;
      const changed = filters.length > 0 || column >= 0 || this.unknown.length > 0 || this.note !== "";
      this.count.classList.toggle("xenfusa-changed", changed);
      this.reset.disabled = !changed;
      const cut = seen > this.limit;
      this.more.hidden = !cut;
      this.rest.textContent = cut ? `The first ${number(this.limit)} of ${number(seen)} rows are on the page; `
        + "filters, sort, copy, CSV and print take all of them. " : "";
      this.whole.textContent = `Put all ${number(seen)} on the page`;
      this.headers.forEach((header, place) => {
        if (place !== column) header.removeAttribute("aria-sort");
        else header.setAttribute("aria-sort", direction > 0 ? "ascending" : "descending");
      });
    }

    // --- the address ----------------------------------------------------------------------------------------------

    /** Take sort and filters from the address; whether it asks anything of this table. */
    read() {
      this.forget();
      const asked = new URLSearchParams(this.key ? location.search : "");
      let found = false;
      for (const [name, value] of asked) {
        if (!name.startsWith(`${this.key}.`)) continue;
        found = true;
        const part = name.slice(this.key.length + 1);
        const column = this.names.indexOf(part.startsWith("in.") ? part.slice(3) : value.replace(/^-/, ""));
        if (part === "any") this.any = value;
        else if (part === "sort" && column >= 0) this.sorted = { column, direction: value.startsWith("-") ? -1 : 1 };
        else if (part.startsWith("in.") && column >= 0) this.filters[column] = value;
        else this.unknown.push(part.startsWith("in.") ? `a column “${part.slice(3)}”` : `${part} “${value}”`);
      }
      return found;
    }

    /** Show what the address asks for: when the page opens, and when the reader goes back or forward within it. */
    follow() {
      if (this.later) return; // the reader is ahead of the address
      const before = [this.any, ...this.filters, this.sorted.column, this.sorted.direction].join("\n");
      const found = this.read();
      if (before === [this.any, ...this.filters, this.sorted.column, this.sorted.direction].join("\n") && !this.unknown.length) return;
      if (found) unfold(this.table);
      this.search.value = this.any;
      if (this.filters.some(Boolean)) this.showFilters(true);
      this.controls.forEach((control, column) => this.setControl(control, column));
      this.sort();
      this.filter();
      this.paint();
      this.tell();
    }

    write() {
      this.later = clearTimeout(this.later);
      if (!this.key) return;
      const address = new URL(location.href);
      for (const name of [...address.searchParams.keys()]) {
        if (name.startsWith(`${this.key}.`)) address.searchParams.delete(name);
      }
      if (this.any.trim()) address.searchParams.set(`${this.key}.any`, clean(this.any));
      this.filters.forEach((filter, column) => {
        if (filter.trim()) address.searchParams.set(`${this.key}.in.${this.names[column]}`, clean(filter));
      });
      const { column, direction } = this.sorted;
      if (column >= 0) address.searchParams.set(`${this.key}.sort`, (direction < 0 ? "-" : "") + this.names[column]);
      if (this.any.trim() || this.filters.some(Boolean) || column >= 0) address.hash = this.table.id;
      try {
        history.replaceState(history.state, "", address);
      } catch {
        // Some hosts of pages allow no change of the address; the table works without.
      }
    }

    // --- the controls ---------------------------------------------------------------------------------------------

    build() {
      const named = this.table.caption ? words(this.table.caption).replace(/\s*[¶#]$/, "") : "table";
      this.tools = make("div", "xenfusa-tools");
      this.tools.setAttribute("role", "group");
      this.tools.setAttribute("aria-label", `Tools of the table: ${named}`);
      const label = make("label", "xenfusa-search", "Filter ");
      this.search = make("input", "xenfusa-filter");
      this.search.type = "search";
      this.search.placeholder = "words; -word keeps out";
      this.search.autocomplete = "off";
      this.search.spellcheck = false;
      this.search.addEventListener("input", () => { this.any = this.search.value; this.update(); });
      label.append(this.search);
      this.count = make("p", "xenfusa-count");
      this.count.setAttribute("role", "status");
      this.count.setAttribute("aria-live", "polite");
      this.toggle = button("xenfusa-tool", "Columns", () => this.showFilters(this.filterRow?.hidden ?? true));
      this.toggle.title = "Filter each column";
      this.toggle.setAttribute("aria-expanded", "false");
      const copy = button("xenfusa-tool", "Copy", () => this.copy(copy));
      copy.title = "Copy the rows that are shown";
      const csv = button("xenfusa-tool", "CSV", () => this.save());
      csv.title = "Save the rows that are shown as CSV";
      this.reset = button("xenfusa-tool", "Reset", () => { this.clear(); this.search.focus(); });
      this.reset.title = "No filter, and the order of the page";
      this.spoken = make("span", "xenfusa-spoken"); // what a reader of the screen is told of a button that was pressed
      this.spoken.setAttribute("role", "status");
      this.tools.append(label, this.toggle, copy, csv, this.reset, this.count, this.spoken);
      this.more = make("p", "xenfusa-more");
      this.rest = make("span");
      this.whole = button("xenfusa-tool", "", () => this.putAll());
      this.more.append(this.rest, this.whole);
      this.headers.forEach((header, column) => this.makeSortable(header, column));
      const place = this.table.closest(SCROLLING) ?? this.table;
      place.before(this.tools);
      place.after(this.more);
      this.table.classList.add("xenfusa-ready");
    }

    makeSortable(header, column) {
      const only = header.firstElementChild;
      const within = header.children.length === 1 && only.tagName === "P" ? only : header;
      const made = button("xenfusa-sort", "", () => this.turn(column));
      made.append(...within.childNodes);
      made.title = "Sort; again: the other way; again: the order of the page";
      within.append(made);
    }

    turn(column) {
      const { column: before, direction } = this.sorted;
      if (before !== column) this.sorted = { column, direction: 1 };
      else this.sorted = direction > 0 ? { column, direction: -1 } : { column: -1, direction: 1 };
      this.sort();
      this.update();
    }

    /** No filter, and the order of the page. */
    forget() {
      this.any = "";
      this.filters.fill("");
      this.sorted = { column: -1, direction: 1 };
      this.unknown = [];
      this.note = "";
    }

    clear(note = "") {
      this.forget();
      this.search.value = "";
      this.controls.forEach((control) => { control.value = ""; });
      this.sort();
      this.update(note);
    }

    /** Put the rest of a long table into the page; the focus goes on where the new rows begin. */
    putAll() {
      const next = this.rows[this.view[this.limit]];
      this.limit = Infinity;
      this.paint();
      this.tell();
      next.tabIndex = -1;
      next.focus();
    }

    showFilters(shown) {
      if (!this.filterRow) this.buildFilters();
      this.filterRow.hidden = !shown;
      this.toggle.setAttribute("aria-expanded", String(shown));
      if (!shown && this.filters.some(Boolean)) {
        this.filters.fill("");
        this.controls.forEach((control) => { control.value = ""; });
        this.update();
      }
    }

    buildFilters() {
      this.filterRow = make("tr", "xenfusa-filters");
      this.controls = this.headers.map((_, column) => {
        const control = this.choices(column) ?? make("input", "xenfusa-filter");
        if (control.tagName === "INPUT") {
          control.type = "search";
          control.autocomplete = "off";
          control.spellcheck = false;
          if (this.kinds[column] === "number") control.placeholder = ">0";
        }
        this.setControl(control, column);
        control.setAttribute("aria-label", `Filter ${this.headings[column]}`);
        control.addEventListener("input", () => { this.filters[column] = control.value; this.update(); });
        const cell = make("td");
        cell.append(control);
        this.filterRow.append(cell);
        return control;
      });
      this.table.tHead.append(this.filterRow);
    }

    /** Let a control show the filter of its column; a choice that has no such value gets one that says what is asked. */
    setControl(control, column) {
      const asked = this.filters[column];
      control.value = asked;
      if (control.value === asked) return;
      const one = make("option", "", `has “${asked}”`);
      one.value = asked;
      control.append(one);
      control.value = asked;
    }

    /** A choice of the values of a column, worst or smallest first; null where they are many or long. */
    choices(column) {
      const counts = new Map();
      for (const cells of this.texts) {
        const text = clean(cells[column]);
        if (text.length > CHOICE_LENGTH) return null;
        counts.set(text, (counts.get(text) ?? 0) + 1);
        if (counts.size > CHOICES) return null;
      }
      if (counts.size * 2 > this.rows.length) return null;
      const made = make("select", "xenfusa-filter");
      const offer = (value, text) => { const one = make("option", "", text); one.value = value; made.append(one); };
      offer("", "all");
      const first = new Map(this.texts.map((cells, place) => [clean(cells[column]), place]).reverse());
      const order = [...counts.keys()].sort((one, other) => {
        const [left, right] = [one, other].map((text) => this.value(first.get(text), column));
        if (left === undefined || right === undefined) return (left === undefined) - (right === undefined);
        return this.kinds[column] === "text" ? natural.compare(left, right) : left - right;
      });
      for (const text of order) if (text) offer(`=${text}`, `${text} (${number(counts.get(text))})`);
      return made;
    }

    // --- what is seen, elsewhere ----------------------------------------------------------------------------------

    /** Headings and the rows of the view, also those that are not in the page; no cell of it starts a formula. */
    cells() {
      return [this.headings, ...this.view.map((place) => this.texts[place])].map((row) => row.map(guarded));
    }

    async copy(control) {
      const text = this.cells().map((row) => row.map((cell) => field(cell)).join("\t")).join("\n");
      const done = await copied(text);
      const said = control.textContent;
      control.textContent = done ? `${number(this.view.length)} copied` : "not copied";
      this.spoken.textContent = done ? `${number(this.view.length)} rows are copied` : "the rows are not copied";
      setTimeout(() => { control.textContent = said; }, 2500);
    }

    save() {
      const text = this.cells().map((row) => row.map(field).join(",")).join("\r\n");
      // The mark at the beginning tells a spreadsheet program that this is UTF-8.
      const address = URL.createObjectURL(new Blob([`\ufeff${text}\r\n`], { type: "text/csv;charset=utf-8" }));
      const page = location.pathname.split("/").pop().replace(/\.html?$/, "") || "table";
      const part = this.view.length < this.rows.length ? `-${this.view.length}-of-${this.rows.length}` : "";
      const link = make("a");
      link.href = address;
      link.download = `${page}-${this.table.id || "table"}${part}.csv`;
      link.click();
      this.spoken.textContent = `${number(this.view.length)} rows are saved as ${link.download}`;
      setTimeout(() => URL.revokeObjectURL(address), 1000);
    }

    /** Bring a place in a row that is not in the page back into it. */
    reveal(id) {
      const place = this.rows.findIndex((row) => row.id === id || row.querySelector(`#${CSS.escape(id)}`));
      if (place < 0) return;
      unfold(this.table);
      if (!this.view.includes(place)) this.clear("the filters are gone, because the address leads to a row that they hid");
      if (this.view.indexOf(place) >= this.limit) {
        this.limit = Infinity;
        this.paint();
        this.tell();
      }
      location.replace(location.href); // to the same place once more, now that it is there: it is marked and in sight
    }
  }

  /** Open what is folded around a part of the page. */
  function unfold(part) {
    for (let at = part.closest("details"); at; at = at.parentElement?.closest("details")) at.open = true;
  }

  /** Put a text on the clipboard; whether that worked. */
  async function copied(text) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      const area = make("textarea", "xenfusa-clipboard");
      area.value = text;
      document.body.append(area);
      area.select();
      const done = document.execCommand("copy");
      area.remove();
      return done;
    }
  }

  // --- the page -------------------------------------------------------------------------------------------------------

  function isFilterable(table) {
    const head = table.tHead?.rows;
    return head?.length === 1 && table.tBodies.length === 1 && table.tBodies[0].rows.length >= FEW
      && head[0].cells.length > 0;
  }

  /** The text of an anchor; one that is no text of an address is taken as it stands. */
  function decoded(anchor) {
    try {
      return decodeURIComponent(anchor);
    } catch {
      return anchor;
    }
  }

  function follow(sheets) {
    const id = decoded(location.hash.slice(1));
    if (!id) return;
    if (document.getElementById(id) === null) {
      sheets.forEach((sheet) => sheet.reveal(id));
    } else {
      // The controls came to stand above the table that the address names.
      sheets.find((sheet) => sheet.table.id === id)?.tools.scrollIntoView();
    }
  }

  function start() {
    const sheets = [...document.querySelectorAll("table.xenfusa-filterable")].filter(isFilterable)
      .map((table) => new Sheet(table));
    for (const sheet of sheets) {
      sheet.build();
      if (sheet.rows.length > sheet.limit) sheet.paint();
      sheet.tell();
      sheet.follow();
    }
    follow(sheets);
    window.addEventListener("popstate", () => sheets.forEach((sheet) => sheet.follow()));
    window.addEventListener("hashchange", () => follow(sheets));
    window.addEventListener("pagehide", () => sheets.forEach((sheet) => sheet.later && sheet.write()));
    window.addEventListener("beforeprint", () => sheets.forEach((sheet) => sheet.paint(Infinity)));
    window.addEventListener("afterprint", () => sheets.forEach((sheet) => sheet.paint()));
    performance.mark("xenfusa-tables");
    // Reading ten thousand rows takes a moment: when the reader types, it is done.
    const idle = window.requestIdleCallback ?? ((act) => setTimeout(act, 50));
    sheets.forEach((sheet) => idle(() => sheet.joined));
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
