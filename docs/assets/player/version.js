// @ts-check
// "My version": a reader says once which FastAPI is theirs, and each lesson then opens with its run.
// The pages are all there as files; what is kept is only which of them to open.

/** Compare two releases by their numbers. @param {string} a @param {string} b */
function order(a, b) {
  const [x, y] = [a, b].map((one) => one.split(".").map(Number));
  return x[0] - y[0] || x[1] - y[1] || (x[2] ?? 0) - (y[2] ?? 0);
}

customElements.define("asrun-version", class extends HTMLElement {
  connectedCallback() {
    const { here, own } = this.dataset;
    const mine = store.get("version", "");
    /** @type {[string, string, string|null][]} first, last, where its runs are: "" is here */
    const eras = JSON.parse(this.dataset.eras ?? "[]");
    const [, , there] = eras.find(([a, b]) => mine && order(a, mine) <= 0 && order(mine, b) <= 0) ?? [];
    const chosen = new URLSearchParams(location.search).has("version");
    if (there && !own && !chosen) return location.replace(there + location.search + location.hash);
    const input = el("input", { size: 8, value: mine, placeholder: here, pattern: "\\d+\\.\\d+(\\.\\d+)?", title: "Like 0.110.0" });
    const is = !mine ? "" :
      there === "" ? "; this is its run. " :
      there ? "; this is another’s. " :
      there === null ? "; this lesson does not run there. " :
      "; that was not looked at. ";
    const link = there ? el("a", { href: there }, `Show ${mine}`) : own && mine ? el("a", { href: own }, `Show ${here}`) : "";
    this.replaceChildren(
      el("form", { class: "ask", onsubmit: (/** @type {Event} */ event) => this.#set(event, input.value.trim()) },
        el("label", {}, "My FastAPI ", input), el("button", { class: "button" }, "Set"),
        el("p", { role: "status" }, mine ? `Yours is ${mine}${is}` : "Set once: each page then opens with its run.", link)));
  }

  /** @param {Event} event @param {string} value */
  #set(event, value) {
    event.preventDefault();
    store.set("version", value);
    const own = this.dataset.own;
    // From a page of other releases, the lesson's own knows where to go.
    if (own) location.assign(own.split("?")[0]);
    else if (location.search) location.assign(location.pathname);
    else {
      this.connectedCallback();
      this.querySelector("input")?.focus();
    }
  }
});

customElements.define("asrun-upgrade", class extends HTMLElement {
  connectedCallback() {
    const releases = (this.dataset.releases ?? "").split(" ");
    const asked = new URLSearchParams(location.search);
    const pick = (/** @type {string} */ name, /** @type {string|undefined} */ fallback) => {
      const chosen = asked.get(name) ?? "";
      return el("select", { onchange: () => show(true) },
        ...releases.map((r) => el("option", { selected: r === (releases.includes(chosen) ? chosen : fallback) }, r)));
    };
    const mine = store.get("version", "");
    // The newest that is listed and not newer than the reader's.
    const from = pick("from", releases.find((r) => mine && order(r, mine) <= 0) ?? releases.at(-1));
    const to = pick("to", releases[0]);
    const said = el("p", { role: "status" });
    const show = (/** @type {boolean} */ changed) => {
      /** @type {Record<string, string[]>} by run: how it is in the newer release, and in the older */
      const ends = {};
      all("[data-release]").forEach((part) => {
        const at = part.dataset.release;
        part.hidden = order(at, from.value) <= 0 || order(at, to.value) > 0;
        // Newest first: the first that is met says how a run ends, the last how it began.
        if (!part.hidden) all("[data-runs]", part).forEach((one) => {
          one.dataset.runs.split(" ").forEach((/** @type {string} */ run) => {
            const [name, was, is] = run.split(":");
            ends[name] = [ends[name]?.[0] ?? is, was];
          });
        });
      });
      const runs = Object.values(ends);
      const count = runs.filter(([is, was]) => is !== was).length;
      const back = runs.length - count;
      const change = count === 1 ? " behaviour changes" : " behaviours change";
      const more = back ? `, and ${back} more on the way and back again` : "";
      said.textContent = order(from.value, to.value) > 0 ? `${to.value} is older than ${from.value}.` : `Upgrading from ${from.value} to ${to.value}: ${count}${change}${more}.`;
      if (changed) history.replaceState(null, "", `?from=${from.value}&to=${to.value}`);
    };
    this.replaceChildren(
      el("label", {}, "From ", from), el("label", {}, "to ", to), said);
    show(false);
  }
});
