// @ts-check
/* The stage: one step, shown at once in the sentence, the code, the frames, the lanes, the table, the
   flow and the tracker. What is touched is found once; a step then touches only what it changes. */

/** @param {string} text a sign of what is new, or has changed */
const chip = (text) => el("span", { class: "chip" }, text);

/**
 * Set up a player's stage.
 * @param {Player} player
 * @param {AbortSignal} signal ends what listens
 * @returns {{show: (n: number) => void, veil: (from: number) => void, reserve: () => void}} `show`
 *   shows a step; `veil` hides all steps from one on; `reserve` keeps room for the longest
 */
function stage(player, signal) {
  const { run, rows, last } = player;
  const own = (/** @type {string} */ q) => all(q, player);
  const [element, count, says, lanes, head, number, panel] =
    [".stage", ".cur", ".says", ".lanes", ".lanes-now", ".lanes-foot b", ".frames"].map((q) => own(q)[0]);
  const lines = new Map(own(".code li[value]").map((li) => [li.value, li]));
  const places = own("[data-frame]");
  const things = own("[data-object]");
  /** @type {Set<Element>} what is marked as the present step */
  let marked = new Set();
  /** @type {Element[]} the lines at which a frame is suspended */
  let held = [];
  /** @type {Frame[]} the frames as they are shown */
  const shown = [];
  /** @type {Thing[]} */ const shownThings = [];
  let now = 0;
  let width = 0;

  /** @type {[Element, number, number][]} what shows the steps from one to another */
  const parts = [];
  const part = (/** @type {Element} */ one, /** @type {number} */ first, to = first) => parts.push([one, first, to]);
  const stepAt = (/** @type {any} */ link) => (link ? player.stepOf(link.hash) : 0);
  rows.forEach((one, i) => part(one, i + 1));
  for (const q of [".flow li > a", ".rails circle"]) own(q).forEach((one, i) => part(one, ...run.flow[i]));
  for (const badge of own(".code a.st")) part(badge, stepAt(badge));
  // A value in the tracker holds until the next column that is not its own; 0 is the start.
  const columns = own(".vt thead th").slice(1).map((th) => stepAt(th.querySelector("a")));
  for (const row of own(".vt tr")) {
    let i = 0;
    for (const cell of [...row.children].slice(1)) part(cell, columns[i], (columns[i += cell.colSpan] ?? Infinity) - 1);
  }

  /** Make buttons of what leads somewhere only with a script; once, though the player may be put back. */
  function build() {
    const [picture] = own(".lanes [role=img]");
    picture.role = "group";
    picture.ariaLabel = "Lanes: go to the next step of";
    for (const row of own(".console [data-row]")) {
      const [name, cells] = row.children;
      name.replaceWith(press({ class: "lanes-name", "data-lane": row.dataset.row }, copy(name)));
      cells.ariaHidden = "true";
    }
    things.forEach((li, at) => {
      const [id] = li.children;
      id.replaceWith(press({ class: "jump", "data-thing": at }, id.cloneNode(true)));
    });
  }

  /** @param {number} n */
  function say(n) {
    const { action, lane, what, why } = player.text(n);
    const { line } = run.steps[n - 1];
    const [event, said, because] = says.children;
    event.replaceChildren(el("span", { class: "lane" }, lane), " ", el("code", {}, action), " ");
    if (line) event.append(el("a", { class: "ev-at", href: `#L${line}` }, `app.py:${line}`));
    said.replaceChildren(what);
    because.replaceChildren(why);
  }

  /** @param {number} n */
  function show(n) {
    const step = run.steps[n - 1];
    rows[(now || n) - 1].ariaCurrent = null;
    rows[n - 1].ariaCurrent = "step";
    now = n;
    count.textContent = number.textContent = n;
    say(n);
    // On what moves alone: a property on an ancestor would restyle all that is below it.
    for (const one of [head, number]) one.style.setProperty("--step", n);

    const marks = new Set(parts.flatMap(([one, first, to]) => (first <= n && n <= to ? [one] : [])).concat(lineOf(step)));
    // What stays marked is left alone: each change of a class has all that is inside styled anew.
    for (const old of marked) if (!marks.has(old)) old.classList.remove("on");
    for (const one of marks) if (!marked.has(one)) one.classList.add("on");
    marked = marks;
    for (const old of held) old.classList.remove("held");
    held = step.frames.flatMap((frame) => (frame.kind === "sleep" ? lineOf(frame) : []));
    for (const one of held) one.classList.add("held");

    step.frames.forEach((frame, at) => showFrame(at, frame, at === step.now));
    step.objects.forEach((it, at) => {
      if (shownThings[at] === it) return;
      shownThings[at] = it;
      const li = things[at];
      li.querySelector(".obj-s").textContent = it.state || "does not exist";
      li.querySelector(".chip")?.remove();
      if (it.new || it.was) li.append(" ", chip(it.new ? "+ new" : `→ changed from ${it.was}`));
    });
  }

  /** @param {{line?: number}} at @returns {Element[]} its line, where this run shows it */
  const lineOf = ({ line }) => (lines.has(line) ? [lines.get(line)] : []);

  /** @param {number} at @param {Frame} frame @param {boolean} runs whether the step is its own */
  function showFrame(at, frame, runs) {
    const li = places[at];
    li.className = `fr ${frame.kind}${runs ? " now" : ""}`;
    if (shown[at] === frame) return;
    shown[at] = frame;
    li.querySelector(".fr-t").textContent = frame.words;
    const focused = /** @type {HTMLElement|null} */ (li.querySelector(":focus"));
    const vars = li.querySelector(".vars") ?? el("dl", { class: "vars" });
    if (frame.vars.length) li.append(vars);
    else vars.remove();
    // A name that stays is the same button: it may have the focus, and loses it when it is put back.
    // What the server wrote has no button yet.
    const old = new Map(all("button", vars).map((name) => [name.textContent, name.closest("div")]));
    vars.replaceChildren(...frame.vars.map(({ name, value, sign }) => {
      const row = old.get(name)
        ?? el("div", {}, el("dt", {}, press({ class: "jump", "data-name": name, "data-at": at }, name)), el("dd"));
      row.lastChild.replaceChildren(el("bdi", {}, value), ...(sign ? [" ", chip(sign === "new" ? "+ new" : "→ changed")] : []));
      return row;
    }));
    if (focused?.isConnected) focused.focus();
  }

  /** Go to the next step of what was clicked: a line, a lane, a variable or an object. @param {Event} event */
  function jump({ target }) {
    const at = /** @type {Element} */ (target);
    if (at.closest("a") || player.dataset.veil || `${getSelection()}`) return;
    const { lane, name, at: frame, thing } = at.closest("button")?.dataset ?? {};
    const line = /** @type {HTMLLIElement|null} */ (at.closest(".code li"))?.value;
    player.next((step) =>
      lane ? step.row === lane
      : name ? step.frames[Number(frame)].vars.some((v) => v.name === name && v.sign)
      : thing ? step.objects[+thing].new || step.objects[+thing].was
      : line && step.line === line);
  }

  /** Keep room for the longest sentence and the fullest stack: then nothing below them moves. */
  function reserve() {
    if (!says.offsetWidth || width === says.offsetWidth) return;
    const n = now;
    width = says.offsetWidth;
    says.style.minHeight = panel.style.minHeight = "";
    // The longest text is not always what takes the most room, so that several are tried.
    const longest = (/** @type {string[]} */ texts) =>
      texts.map((text, at) => [text.length, at + 1]).sort(([a], [b]) => b - a).slice(0, 3);
    const said = rows.map((row) => all(".act > code, .what, .why", row).map((p) => p.textContent).join(", "));
    for (const [, step] of [said, run.steps.map((step) => JSON.stringify(step))].flatMap(longest)) {
      show(step);
      for (const one of [says, panel]) one.style.minHeight = `${one.offsetHeight}px`;
    }
    show(n);
    const top = says.closest(".console");
    player.style.setProperty("--console", getComputedStyle(top).position === "sticky" ? `${top.offsetHeight}px` : "0px");
  }

  /** @param {number} from */
  function veil(from) {
    for (const [one, first] of parts) one.classList.toggle("veiled", first >= from);
    lanes.style.setProperty("--from", Math.min(from, last + 1));
  }

  if (!own("button.lanes-name").length) build();
  element.addEventListener("click", jump, { signal });
  resized(says, reserve, signal);
  return { show, veil, reserve };
}

modes.set("watch", {
  id: "watch",
  mount(player, host, signal) {
    let timer = 0;

    /** @param {string} id @param {string} name @param {() => void} onclick @param {...string} words */
    const control = (id, name, onclick, ...words) =>
      press({ class: `do-${id}`, ariaLabel: name, title: name, onclick }, ...words);
    /** @param {string} id @param {string} name @param {() => number} n @param {...string} words */
    const leap = (id, name, n, ...words) => control(id, name, () => {
      player.jump(n());
      follow();
    }, ...words);

    function follow() {
      // Where the sentence is out of sight, as on a phone among the cards, go along the rows.
      const { top, bottom } = sentence.getBoundingClientRect();
      if (bottom < 0 || top > innerHeight) player.row(player.step).scrollIntoView({ block: "nearest" });
    }

    /** @param {boolean} on */
    function playing(on) {
      play.classList.toggle("playing", on);
      play.ariaLabel = play.title = on ? "Pause" : "Play";
    }

    function pause() {
      clearTimeout(timer);
      timer = 0;
      playing(false);
    }

    function tick() {
      if (player.step === player.last) return pause();
      timer = setTimeout(() => {
        player.go(player.step + 1);
        follow();
        tick();
      }, 1600 / speed.value);
    }

    const back = [leap("first", "First step", () => 1), leap("back", "Step back", () => player.step - 1)];
    const forth = [leap("next", "Next step", () => player.step + 1, "Next"), leap("last", "Last step", () => player.last)];
    const play = control("play", "Play", () => {
      if (timer) return pause();
      playing(true);
      if (player.step === player.last) player.go(1);
      tick();
    });
    const speed = el("select", { ariaLabel: "Speed" },
      ...[0.5, 1, 2].map((x) => el("option", { value: x, selected: x === 1 }, `${x}×`)));
    const controls = el("div", { class: "ctl", role: "group", ariaLabel: "Steps" },
      ...back, ...forth, play, speed);
    const slider = el("input", { type: "range", min: 1, max: player.last, ariaLabel: "Step of the run" });
    slider.addEventListener("input", () => {
      pause();
      player.go(slider.value);
    });

    function update() {
      slider.value = player.step;
      slider.setAttribute("aria-valuetext", player.spoken);
      for (const button of back) button.setAttribute("aria-disabled", player.step === 1);
      for (const button of forth) button.setAttribute("aria-disabled", player.step === player.last);
    }

    const sentence = /** @type {Element} */ (player.querySelector(".says"));
    sentence.after(controls);
    const foot = /** @type {Element} */ (player.querySelector(".lanes-foot"));
    foot.removeAttribute("aria-hidden");
    for (const one of all("span, b", foot)) one.ariaHidden = "true";
    foot.querySelector(".lanes-cells")?.append(slider);
    player.addEventListener("asrun:step", update, { signal });
    player.addEventListener("asrun:jump", pause, { signal });
    update();
    signal.addEventListener("abort", () => {
      pause();
      controls.remove();
      slider.remove();
    });
  },
});
