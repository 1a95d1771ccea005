// @ts-check
/* The stage: one step, shown at once in the sentence, the code, the frames, the lanes, the table, the
   flow and the tracker. What is touched is found once; a step then touches only what it changes. */

class Stage {
  /** @param {Player} player @param {AbortSignal} signal ends its listeners */
  constructor(player, signal) {
    const all = (/** @type {string} */ q) => /** @type {HTMLElement[]} */ ([...player.querySelectorAll(q)]);
    const one = (/** @type {string} */ q) => all(q)[0];
    this.player = player;
    this.element = one(".stage");
    this.n = 0;
    this.width = 0;
    this.count = one(".cur");
    this.says = one(".says");
    this.head = one(".lanes-now");
    this.numbers = all(".lanes-foot .lanes-cells > span");
    this.lines = new Map(all(".code li[value]").map((li) => [Number(li.getAttribute("value")), li]));
    this.cited = Map.groupBy(all(".code a.st"), (a) => player.stepOf(/** @type {any} */ (a).hash));
    this.frames = all("[data-frame]");
    this.things = all("[data-object]");
    this.flow = all(".flow li > a");
    this.nodes = [...player.querySelectorAll(".rails circle")];
    this.columns = all(".vt thead th").slice(1);
    /** The step of each column of the tracker: 0 is the start. */
    this.starts = this.columns.map((th) => player.stepOf(th.querySelector("a")?.hash ?? ""));
    this.cells = this.columns.map(() => /** @type {HTMLElement[]} */ ([]));
    /** @type {[HTMLElement, number][]} each cell with the step from which it holds */
    this.values = [];
    for (const row of all(".vt tbody tr")) {
      let at = 0;
      for (const cell of /** @type {HTMLTableCellElement[]} */ ([...row.children].slice(1))) {
        this.values.push([cell, this.starts[at]]);
        for (let i = 0; i < cell.colSpan; i++) this.cells[at++]?.push(cell);
      }
    }
    /** @type {Element[]} what is marked as the present step */
    this.marked = [];
    /** @type {(Frame|undefined)[]} the frames as they are shown */
    this.shown = [];
    if (!one(".mode-host")) this.#build();
    this.element.addEventListener("click", (event) => this.#jump(event), { signal });
    const fit = new ResizeObserver(() => this.#reserve());
    fit.observe(this.element);
    signal.addEventListener("abort", () => fit.disconnect());
  }

  /** Add what only a script needs; once, though the player may be taken out and put back. */
  #build() {
    this.element.querySelector(".console")?.after(el("div", { className: "mode-host" }));
    this.element.append(el("p", { className: "vh say-line", role: "status" }));
    const picture = this.element.querySelector("[role=img]");
    picture?.setAttribute("role", "group");
    picture?.setAttribute("aria-label", "Lanes: go to the next step of");
    for (const row of this.element.querySelectorAll("[data-row]")) {
      const name = row.querySelector(".lanes-name");
      const button = el("button", { type: "button", className: "lanes-name" }, copy(name));
      button.dataset.lane = row.getAttribute("data-row");
      name?.replaceWith(button);
      row.querySelector(".lanes-cells")?.setAttribute("aria-hidden", "true");
    }
    for (const thing of this.things) {
      const code = thing.querySelector("code");
      code?.replaceWith(el("button", { type: "button", className: "jump" }, code.cloneNode(true)));
    }
  }

  /** @param {number} n */
  show(n) {
    const { player } = this;
    const step = player.run.steps[n - 1];
    this.n = n;
    this.count.textContent = String(n);
    this.#say(n);
    // On the one element that moves: a property on an ancestor would restyle all that is below it.
    this.head.style.setProperty("--step", String(n));

    for (const old of this.marked) old.classList.remove("on");
    for (const held of this.held ?? []) held.classList.remove("held");
    this.current?.removeAttribute("aria-current");
    this.current = player.row(n);
    this.current.setAttribute("aria-current", "step");
    const column = this.starts.findLastIndex((start) => start <= n);
    const nodes = player.run.flow.flatMap(([first, last], at) =>
      first <= n && n <= last ? [this.flow[at], this.nodes[at]] : []);
    const line = step.line === null ? undefined : this.lines.get(step.line);
    this.marked = [
      this.current, this.numbers[n - 1], ...nodes, ...(this.cited.get(n) ?? []),
      ...(this.cells[column] ?? []), this.columns[column], line,
    ].filter((found) => found !== undefined);
    for (const found of this.marked) found.classList.add("on");
    this.held = step.frames.flatMap((f) => {
      const li = f.kind === "sleep" && f.line ? this.lines.get(f.line) : undefined;
      return li ? [li] : [];
    });
    for (const li of this.held) li.classList.add("held");

    step.frames.forEach((frame, at) => this.#frame(at, frame, at === step.now));
    step.objects.forEach((thing, at) => this.#thing(at, thing));
  }

  /** @param {number} n */
  #say(n) {
    const { action, lane, what, why } = this.player.text(n);
    const { line } = this.player.run.steps[n - 1];
    const [head, said, because] = this.says.children;
    head.replaceChildren(el("span", { className: "lane" }, lane), " ", el("code", {}, action), " ");
    if (line) head.append(el("a", { className: "ev-at", href: `#L${line}` }, `app.py:${line}`));
    said.replaceChildren(what);
    because.replaceChildren(why);
  }

  /** @param {number} at @param {Frame} frame @param {boolean} now */
  #frame(at, frame, now) {
    const li = this.frames[at];
    li.className = `fr ${frame.kind}${now ? " now" : ""}`;
    if (this.shown[at] === frame) return;
    this.shown[at] = frame;
    const words = li.querySelector(".fr-t");
    if (words) words.textContent = frame.words;
    li.querySelector(".vars")?.remove();
    if (!frame.vars.length) return;
    li.append(el("dl", { className: "vars" }, ...frame.vars.map(({ name, value, sign }) => {
      const jump = el("button", { type: "button", className: "jump" }, name);
      jump.dataset.name = name;
      const shown = el("dd", {}, el("bdi", {}, value));
      if (sign) shown.append(" ", el("span", { className: "chip" }, sign === "new" ? "+ new" : "→ changed"));
      return el("div", {}, el("dt", {}, jump), shown);
    })));
  }

  /** @param {number} at @param {Thing} thing */
  #thing(at, { state, was, fresh }) {
    const li = this.things[at];
    const words = li?.querySelector(".obj-s");
    if (!words) return;
    words.textContent = state || "does not exist";
    li.querySelector(".chip")?.remove();
    const chip = fresh ? "+ new" : was ? `→ changed from ${was}` : "";
    if (chip) li.append(" ", el("span", { className: "chip" }, chip));
  }

  /** Go to the next step of what was clicked: a line, a lane, a variable or an object. @param {Event} event */
  #jump(event) {
    const target = /** @type {Element} */ (event.target);
    if (target.closest("a") || this.player.dataset.veil) return;
    const button = /** @type {HTMLElement|null} */ (target.closest("button"));
    const { steps } = this.player.run;
    /** @type {((step: Step) => boolean)|undefined} */
    let wanted;
    if (button?.dataset.lane) {
      wanted = (step) => step.row === button.dataset.lane;
    } else if (button?.closest("[data-object]")) {
      const at = this.things.indexOf(/** @type {any} */ (button.closest("[data-object]")));
      wanted = (step) => step.objects[at]?.fresh || step.objects[at]?.was !== "";
    } else if (button?.dataset.name) {
      const at = this.frames.indexOf(/** @type {any} */ (button.closest("[data-frame]")));
      wanted = (step) => step.frames[at].vars.some((v) => v.name === button.dataset.name && v.sign);
    } else {
      const line = Number(target.closest(".code li")?.getAttribute("value"));
      if (line && !getSelection()?.toString()) wanted = (step) => step.line === line;
    }
    if (!wanted) return;
    const found = [...steps.slice(this.n), ...steps.slice(0, this.n)].find(wanted);
    this.player.dispatchEvent(new CustomEvent("asrun:jump"));
    const name = button?.textContent ?? "";
    if (found && found.n !== this.n) this.player.go(found.n);
    const kept = button?.dataset.name && this.element.querySelector(
      `[data-frame="${CSS.escape(/** @type {HTMLElement} */ (button.closest("[data-frame]"))?.dataset.frame ?? "")}"] [data-name="${CSS.escape(name)}"]`);
    if (kept) /** @type {HTMLElement} */ (kept).focus();
  }

  /** @param {number} from the first step that is hidden */
  veil(from) {
    const { player } = this;
    const hide = (/** @type {Element|undefined} */ e, /** @type {boolean} */ on) => e?.classList.toggle("veiled", on);
    player.rows.forEach((row, at) => hide(row, at + 1 >= from));
    for (const [n, links] of this.cited) links.forEach((a) => hide(a, n >= from));
    player.run.flow.forEach(([first], at) => {
      hide(this.flow[at], first >= from);
      hide(this.nodes[at], first >= from);
    });
    this.columns.forEach((th, at) => hide(th, this.starts[at] >= from));
    this.values.forEach(([cell, start]) => hide(cell, start >= from));
    let cover = this.element.querySelector(".lanes-veil");
    if (from > player.last) return cover?.remove();
    if (!cover) {
      cover = el("div", { className: "lanes-veil", ariaHidden: "true" });
      this.head.after(/** @type {Element} */ (cover));
    }
    /** @type {HTMLElement} */ (cover).style.setProperty("--from", String(from));
  }

  /** Keep room for the longest sentence and the fullest stack: then nothing below them moves. */
  #reserve() {
    const { player, says, n } = this;
    const stack = this.element.querySelector(".frames");
    if (!n || !(stack instanceof HTMLElement) || !says.offsetWidth || this.width === says.offsetWidth) return;
    this.width = says.offsetWidth;
    const length = (/** @type {HTMLElement} */ row) =>
      (row.querySelector(".what")?.textContent?.length ?? 0) + (row.querySelector(".why")?.textContent?.length ?? 0);
    const most = (/** @type {number[]} */ sizes) => sizes.indexOf(Math.max(...sizes)) + 1;
    const fullest = most(player.run.steps.map((step) =>
      step.frames.reduce((sum, f) => sum + 2 * f.vars.length + f.vars.join("").length / 40, 0)));
    const [before, under] = [says, stack].map((part) => {
      part.style.minHeight = "";
      return part;
    });
    this.#say(most(player.rows.map(length)));
    const tall = before.offsetHeight;
    this.show(fullest);
    const deep = under.offsetHeight;
    before.style.minHeight = `${tall}px`;
    under.style.minHeight = `${deep}px`;
    this.show(n);
    const console_ = /** @type {HTMLElement|null} */ (this.element.querySelector(".console"));
    player.style.setProperty("--console", `${console_?.offsetHeight ?? 0}px`);
  }
}

/** First, back, next, last, play, and how fast. */
class Controls {
  /** @param {Player} player */
  constructor(player) {
    this.player = player;
    this.timer = 0;
    const button = (/** @type {string} */ id, /** @type {string} */ name, /** @type {() => void} */ act) =>
      el("button", { type: "button", className: `do-${id}`, ariaLabel: name, title: name, onclick: act },
        el("span", { ariaHidden: "true" }));
    const to = (/** @type {() => number} */ n) => () => {
      this.pause();
      player.go(n());
      player.say(this.spoken());
    };
    this.first = button("first", "First step", to(() => 1));
    this.back = button("back", "Step back", to(() => player.step - 1));
    this.next = button("next", "Next step", to(() => player.step + 1));
    this.end = button("last", "Last step", to(() => player.last));
    this.play = button("play", "Play", () => (this.timer ? this.pause() : this.run()));
    this.next.append("Next");
    this.speed = el("select", { ariaLabel: "Speed" },
      ...[0.5, 1, 2].map((x) => el("option", { value: x, selected: x === 1 }, `${x}×`)));
    this.element = el("div", { className: "ctl", role: "group", ariaLabel: "Step through the run" },
      this.first, this.back, this.next, this.end, this.play, this.speed);
    this.slider = el("input", { type: "range", min: 1, max: player.last, ariaLabel: "Step of the run" });
    this.slider.addEventListener("input", () => {
      this.pause();
      player.go(Number(this.slider.value));
    });
  }

  spoken() {
    const { player } = this;
    return `Step ${player.step} of ${player.last}: ${player.text(player.step).what.textContent}`;
  }

  update() {
    const { player } = this;
    this.slider.value = player.step;
    this.slider.setAttribute("aria-valuetext", this.spoken());
    for (const [button, at] of [[this.first, 1], [this.back, 1], [this.next, player.last], [this.end, player.last]]) {
      button.setAttribute("aria-disabled", String(player.step === at));
    }
  }

  run() {
    if (this.player.step === this.player.last) this.player.go(1);
    this.play.classList.add("playing");
    this.play.ariaLabel = this.play.title = "Pause";
    const tick = () => {
      this.player.go(this.player.step + 1);
      if (this.player.step === this.player.last) return this.pause();
      this.timer = setTimeout(tick, 1600 / Number(this.speed.value));
    };
    this.timer = setTimeout(tick, 800 / Number(this.speed.value));
  }

  pause() {
    clearTimeout(this.timer);
    this.timer = 0;
    this.play.classList.remove("playing");
    this.play.ariaLabel = this.play.title = "Play";
  }
}

modes.set("watch", {
  id: "watch",
  mount(player) {
    const controls = new Controls(player);
    const open = new AbortController();
    const { signal } = open;
    player.querySelector(".say")?.append(controls.element);
    player.querySelector(".lanes-foot .lanes-cells")?.parentElement?.removeAttribute("aria-hidden");
    player.querySelectorAll(".lanes-foot span").forEach((span) => span.setAttribute("aria-hidden", "true"));
    player.querySelector(".lanes-foot .lanes-cells")?.append(controls.slider);
    player.addEventListener("asrun:step", () => controls.update(), { signal });
    player.addEventListener("asrun:jump", () => controls.pause(), { signal });
    controls.update();
    return () => {
      controls.pause();
      open.abort();
      controls.element.remove();
      controls.slider.remove();
    };
  },
});
