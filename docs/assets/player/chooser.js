// @ts-check
/* The chooser: which run of the lesson is shown, and in which mode. The address says both. */

class Modes extends HTMLElement {
  /** @type {AbortController|undefined} */ #open;
  #lesson = /** @type {HTMLElement} */ (this.closest(".lesson"));

  connectedCallback() {
    this.#open = new AbortController();
    const { signal } = this.#open;
    this.#lesson.addEventListener("click", (event) => this.#clicked(event), { signal });
    addEventListener("popstate", () => this.#arrive(), { signal });
    addEventListener("hashchange", () => this.#arrive(true), { signal });
    this.hidden = false;
    // The players, which come after this, are upgraded in the same turn.
    queueMicrotask(() => {
      if (!this.isConnected) return;
      this.#lesson.dataset.live = "";
      this.#arrive(location.hash !== "");
      store.set(`visited:${this.#id}`, true);
    });
  }

  disconnectedCallback() {
    this.#open?.abort();
  }

  get #id() {
    return this.#lesson.dataset.lesson;
  }

  get #players() {
    return /** @type {Player[]} */ (all("asrun-player", this.#lesson));
  }

  /** The mode of a reader who has not said which. @param {{mode: string|null, n: number}} at */
  #mode({ mode, n }) {
    if (mode && modes.has(mode)) return mode;
    if (n) return "watch";
    return store.get("mode", store.get(`visited:${this.#id}`, false) ? "predict" : "watch");
  }

  /** Show what the address says. @param {boolean} [scroll] */
  #arrive(scroll = false) {
    const at = place.read();
    const players = this.#players;
    const target = at.id ? document.getElementById(at.id) : null;
    const asked = players.find((p) => (p.name === at.run && at.n <= p.last) || p.contains(target));
    const shown = asked ?? players.find((p) => !p.hidden && p.mode) ?? players[0];
    if (!shown) return;
    for (const player of players) {
      player.halt();
      if (player !== shown) player.setMode("watch");
      player.hidden = player !== shown;
    }
    const mode = this.#mode(at);
    shown.go(at.run === shown.name && at.n ? at.n : shown.step || 1, true);
    shown.setMode(mode);
    this.#mark(shown);
    if (!scroll || !target) return;
    shown.fit();
    // In a mode without the table, a step is on the stage.
    const seen = target.checkVisibility() ? target : shown;
    seen.scrollIntoView();
    shown.follow();
  }

  /** @param {string} search @param {string|false} hash @param {boolean} [scroll] */
  #to(search, hash, scroll) {
    history.pushState(null, "", `${search}${hash}`);
    this.#arrive(scroll);
  }

  /** @param {Player} shown */
  #mark({ mode, name }) {
    for (const link of all(".modes a, .scenarios a", this.#lesson)) {
      const { run } = link.dataset;
      link.ariaCurrent = (run ? run === name : link.search === `?mode=${mode}`) ? "true" : null;
    }
  }

  /** @param {MouseEvent} event */
  #clicked(event) {
    const link = linkOf(event);
    const shown = this.#players.find((p) => !p.hidden);
    if (!link || !shown) return;
    const within = inPage(link) && link.hash;
    // The theme has made it whole, in the mode of then; as it was written, it leads to a place of this page.
    if (within) link.href = within;
    const mode = new URLSearchParams(link.search).get("mode");
    if (mode && link.pathname === location.pathname && !within) {
      take(event);
      if (this.contains(link)) store.set("mode", mode);
      const hash = link.hash || `#${shown.name}-${shown.step}`;
      this.#to(link.search, hash);
      const top = this.#players.find((p) => !p.hidden)?.querySelector(".run-title");
      if (!this.contains(link)) top?.scrollIntoView();
      return;
    }
    // A step that is cited elsewhere on the page: its row is in Watch.
    const cited = within && !link.closest("asrun-player") && this.#players.some((p) => p.stepOf(within));
    if (!link.dataset.run && (!cited || shown.mode === "watch")) return;
    take(event);
    this.#to(`?mode=${cited ? "watch" : shown.mode}`, within, true);
  }
}

customElements.define("asrun-player", Player);
customElements.define("asrun-modes", Modes);
