// @ts-check
/* Compare: two runs beside each other, step by step. What both do at the same point shares a row;
   what moved is joined by a line, which crosses those rows. */

/**
 * A run to lay beside this one: each step's key, text and state, and the page that steps through it.
 * @typedef {{name: string, page: string, run: string, steps: [string, string, string][]}} Other
 */
/** What is to be said of a row, in words that are its classes, too, and the places of its steps: -1 for none. @typedef {[string, number, number]} Row */

/**
 * The longest part of a list of different numbers that only rises.
 * @param {number[]} numbers
 * @returns {Set<number>}
 */
function rising(numbers) {
  /** @type {number[]} the place of the smallest number at which a rising part of each length ends */
  const ends = [];
  /** @type {number[]} */
  const before = [];
  numbers.forEach((number, at) => {
    const found = ends.findIndex((end) => numbers[end] >= number);
    const length = found < 0 ? ends.length : found;
    before[at] = ends[length - 1];
    ends[length] = at;
  });
  const found = new Set();
  for (let at = ends.at(-1); at !== undefined; at = before[at]) found.add(numbers[at]);
  return found;
}

/**
 * Lay two runs beside each other.
 * @param {Other["steps"]} left
 * @param {Other["steps"]} right
 * @returns {{pairs: number[], rows: Row[]}} the place on the right of each step on the left, -1 for none
 */
function aligned(left, right) {
  const pairs = left.map(([key]) => right.findIndex((step) => step[0] === key));
  const kept = rising(pairs.filter((b) => b >= 0));
  /** @type {Row[]} */
  const rows = [];
  let next = 0;
  const rest = (/** @type {number} */ end) => {
    for (; next < end; next++) rows.push([pairs.includes(next) ? "moved" : "only there", -1, next]);
  };
  pairs.forEach((b, a) => {
    if (!kept.has(b)) return rows.push([b < 0 ? "only here" : "moved", a, -1]);
    rest(b);
    const [value, state] = [1, 2].map((part) => left[a][part] !== right[b][part]);
    rows.push([value ? "with another value" : state ? "with another state" : "the same", a, b]);
    next = b + 1;
  });
  rest(right.length);
  return { pairs, rows };
}

modes.set("compare", {
  id: "compare",
  mount(player, host, signal) {
    const states = (/** @type {Element} */ row) => all(".af p", row).map((p) => p.textContent).join(", ");
    /** @param {Player} one @returns {Other} */
    const here = (one) => ({
      name: one.dataset.title ?? "", page: "", run: one.name, steps: one.run.steps.map(({ n, key }) => [key, one.text(n).action, states(one.row(n))]),
    });
    const own = here(player);
    /** @type {Other[]} */
    const others = [
      ...all(`template[data-version][data-run="${own.run}"]`).map(({ content }) => JSON.parse(content.textContent)),
      ...all("asrun-player").filter((one) => one !== player && one.last).map(here),
    ];
    if (!others.length) {
      host.append(lede("There is nothing to lay beside this run."));
      return;
    }

    const told = ask("");
    const slope = el("div", { class: "slope" });
    /** Draw what moved, and mark the step that is shown. */
    let draw = () => {};

    function show() {
      const other = others[pick.selectedIndex];
      player.choice = pick.selectedIndex;
      const { pairs, rows } = aligned(own.steps, other.steps);
      /** @type {Map<string, number>} */
      const count = new Map();
      const cell = (/** @type {Other} */ { page, run, steps }, /** @type {number} */ at, /** @type {string} */ what, /** @type {string} */ none) =>
        at < 0 ? el("td", {}, el("small", {}, none)) : el("td", {},
          cite(`${page}?mode=watch#${run}-${at + 1}`, at + 1), " ", el("code", {}, steps[at][1]), what.endsWith("state") ? el("small", {}, steps[at][2]) : "");
      const trs = rows.map(([what, a, b]) => {
        const from = a < 0 ? pairs.indexOf(b) : a;
        const none = what === "moved" ? `moved: ${from + 1} → ${pairs[from] + 1}` : b < 0 ? "not there" : "not here";
        // What moved has two rows.
        if (what !== "moved" || b < 0) count.set(what, (count.get(what) ?? 0) + 1);
        return el("tr", { class: what }, cell(own, a, what, none), el("td"), cell(other, b, what, none));
      });
      const rowOf = (/** @type {1|2} */ side, /** @type {number} */ at) => trs[rows.findIndex((row) => row[side] === at)];
      const head = ({ name = "" }) => el("th", { scope: "col" }, name);
      const between = el("td", { innerHTML: "<svg aria-hidden=true>" });
      const lines = between.firstChild;
      slope.replaceChildren(
        el("table", {}, el("thead", {}, el("tr", {}, head(own), between, head(other))), el("tbody", {}, ...trs)));
      told.textContent = `${[...count].map(([what, times]) => `${times} ${what}`).join(", ")}.`;
      draw = () => {
        trs.forEach((tr) => tr.classList.toggle("on", tr === rowOf(1, player.step - 1)));
        lines.innerHTML = pairs.map((b, a) => {
          if (b < 0 || rowOf(1, a) === rowOf(2, b)) return "";
          const [y, to] = [rowOf(1, a), rowOf(2, b)].map((tr) => tr.offsetTop + tr.offsetHeight / 2);
          const w = lines.clientWidth;
          return `<path d="M0 ${y}C${w / 2} ${y} ${w / 2} ${to} ${w} ${to}"/>`;
        }).join("");
      };
      draw();
    }

    const changed = () => {
      show();
      place.write(player);
    };
    const pick = el("select", { onchange: changed }, ...others.map(({ name }) => el("option", {}, name)));
    pick.selectedIndex = place.read().part % others.length;
    host.append(el("label", { class: "pick" }, `“${own.name}” beside `, pick), told, slope);
    show();
    resized(slope, () => draw(), signal);
    player.addEventListener("asrun:step", () => draw(), { signal });
  },
});
