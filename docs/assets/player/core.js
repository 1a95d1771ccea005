// @ts-check
/* The player of one run. It stands over the server's HTML, which is the only copy of all texts:
   a step is shown by moving marks, and by what only the run's data holds. */

/** @typedef {{name: string, value: string, sign?: string}} Variable `sign`: "new" or "changed" */
/** @typedef {{kind: string, words: string, line?: number, vars: Variable[]}} Frame */
/** @typedef {{id: string, state: string, was?: string, new?: boolean}} Thing */
/**
 * `key` names the same step in another run. `now` is the place of the frame whose step it is.
 * @typedef {{n: number, row: string, line?: number, key: string,
 *   now?: number, frames: Frame[], objects: Thing[]}} Step
 */
/**
 * @typedef {{frames: string[], steps: Step[], flow: [number, number][],
 *   phases: [string, number][]} & Record<string, any>} RunData
 */
/**
 * A way to work with a run. `mount` fills `host`, which is emptied when the mode is left; `signal` says
 * when what it has set up elsewhere has to end.
 * @typedef {{id: string, mount: (player: Player, host: HTMLElement, signal: AbortSignal) => void}} Mode
 */
/**
 * What is said of a step: copies of what its row holds.
 * @typedef {{action: string, lane: string, what: DocumentFragment, why: DocumentFragment}} StepText
 */

/** @type {Map<string, Mode>} The modes by id; each mode's file puts its own in. */
const modes = new Map();

/**
 * Make an element. What is given as children only ever becomes text.
 * @param {string} tag
 * @param {Record<string, any>} [props] properties of the element; what has no property of its name
 *   is an attribute
 * @param {...(Node|string)} children
 * @returns {any}
 */
function el(tag, props = {}, ...children) {
  const made = /** @type {any} */ (document.createElement(tag));
  for (const [name, value] of Object.entries(props)) {
    if (name in made) made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

/**
 * Make a button that sends no form.
 * @param {Record<string, any>} props
 * @param {...(Node|string)} children
 */
const press = (props, ...children) => el("button", { type: "button", ...props }, ...children);

/** @param {string} q a selector @param {ParentNode} [inside] @returns {any[]} the elements that it selects */
const all = (q, inside = document) => [...inside.querySelectorAll(q)];

/** @param {string} href @param {number} n @returns {any} a step's number as a link */
const cite = (href, n) => el("a", { class: "st", href }, `${n}`);

/**
 * Do something whenever an element's size changes, and now.
 * @param {Element} one
 * @param {() => void} act
 * @param {AbortSignal} signal ends it
 */
function resized(one, act, signal) {
  const observer = new ResizeObserver(act);
  observer.observe(one);
  signal.addEventListener("abort", () => observer.disconnect());
}

/** @param {Node|null|undefined} source @returns {DocumentFragment} a copy of what a node holds */
function copy(source) {
  const made = new DocumentFragment();
  if (source) made.append(...source.cloneNode(true).childNodes);
  return made;
}

/**
 * A run's data with all frames and objects at each step, where the page says only what changed.
 * @param {any} data
 * @returns {RunData}
 */
function whole(data) {
  /** @type {Frame[]} */
  let frames = [];
  /** @type {Thing[]} */
  let objects = [];
  const steps = data.steps.map((/** @type {any} */ step, /** @type {number} */ at) => {
    frames = Object.assign([...frames], step.frames);
    objects = Object.assign([...objects], step.objects);
    return { ...step, n: at + 1, frames, objects };
  });
  return { ...data, steps };
}

/**
 * Whether a link leads to a place on this page, in whatever mode it is: it names neither a mode nor a
 * part of one. The theme makes such addresses whole.
 * @param {HTMLAnchorElement} link
 */
const inPage = (link) => link.pathname === location.pathname && !/^\?|part=/.test(link.getAttribute("href") ?? "");

/** @param {MouseEvent|KeyboardEvent} event @returns {boolean} whether it is the browser's own, as with Ctrl */
const modified = (event) => event.ctrlKey || event.metaKey || event.shiftKey || event.altKey;

/** @param {MouseEvent} event @returns {HTMLAnchorElement|null} the link that a plain click follows */
const linkOf = (event) => (modified(event) ? null : /** @type {Element} */ (event.target).closest("a"));

/** Keep a click or a key from the browser and from the theme. @param {Event} event */
function take(event) {
  event.preventDefault();
  event.stopPropagation();
}

/** @param {string} hash @returns {string[]} the id that it leads to; if that is a step's, also the run and the number */
function idOf(hash) {
  let id = hash.slice(1);
  try {
    id = decodeURIComponent(id);
  } catch {
    // It is not one that this site has written.
  }
  return /^(.+)-(\d+)$/.exec(id) ?? [id, "", "0"];
}

/** Where the reader is: `?mode=<mode>&part=<number>#<scenario>-<step>`; a part is one of several that a mode has. */
const place = {
  /** @returns {{mode: string|null, part: number, run: string, n: number, id: string}} `id`: of the element */
  read() {
    const [id, run, n] = idOf(location.hash);
    const asked = new URLSearchParams(location.search);
    return { mode: asked.get("mode"), part: Math.abs(Number(asked.get("part")) | 0), run, n: +n, id };
  },
  /** @param {Player} player @returns {void} */
  write({ mode, choice, name, step }) {
    history.replaceState(history.state, "", `${location.pathname}?mode=${mode}${choice ? `&part=${choice}` : ""}#${name}-${step}`);
  },
};

class Player extends HTMLElement {
  step = 0;
  mode = "";
  choice = 0;
  /** @type {RunData|undefined} */ #run;
  /** @type {HTMLElement[]|undefined} */ #rows;
  /** @type {ReturnType<typeof stage>|undefined} */ #stage;
  /** @type {AbortController|undefined} */ #open;
  /** @type {AbortController|undefined} */ #mounted;
  #writing = 0;

  connectedCallback() {
    if (!this.run.steps.length) return;
    this.#open = new AbortController();
    const { signal } = this.#open;
    this.#stage = stage(this, signal);
    this.addEventListener("click", (event) => this.#clicked(event), { signal });
    this.addEventListener("keydown", (event) => this.#pressed(event), { signal });
    this.go(this.step || Number(this.dataset.step) || 1, true);
    // A lesson's chooser says which; where there is none, there is nothing to choose from.
    if (!this.closest(".lesson")?.querySelector("asrun-modes")) this.setMode("watch");
  }

  disconnectedCallback() {
    clearTimeout(this.#writing);
    this.#leave();
    this.#open?.abort();
  }

  /** The run; without steps where it could not be recorded. */
  get run() {
    if (!this.#run) {
      const data = /** @type {HTMLTemplateElement|null} */ (this.querySelector(".run-data"));
      const text = data?.content.textContent;
      this.#run = whole(JSON.parse(text || '{"steps": []}'));
    }
    return this.#run;
  }

  get name() {
    return this.dataset.run ?? "";
  }

  get last() {
    return this.run.steps.length;
  }

  /** Where a mode puts what it has, below the console. */
  get host() {
    return /** @type {HTMLElement} */ (this.querySelector(".mode-host"));
  }

  /** The rows of the execution table, one a step. */
  get rows() {
    return (this.#rows ??= all(".ex tbody tr", this));
  }

  /** @param {number} n @returns {HTMLElement} the row of a step */
  row(n) {
    return this.rows[n - 1];
  }

  /** @param {number} n @returns {StepText} */
  text(n) {
    const [action, lane, what, why] = ["code", ".lane", ".what", ".why"].map((part) =>
      copy(this.row(n).querySelector(part)));
    return { action: action.textContent ?? "", lane: lane.textContent ?? "", what, why };
  }

  /**
   * Show a step, everywhere.
   * @param {number} n
   * @param {boolean} [quiet] the address stays as it is
   */
  go(n, quiet) {
    const from = this.step;
    this.step = Math.max(1, Math.min(this.last, Math.trunc(n) || 1));
    this.#held(() => this.#stage?.show(this.step));
    if (!quiet) {
      // Browsers allow a page only so many changes of its address.
      clearTimeout(this.#writing);
      this.#writing = setTimeout(() => this.hidden || place.write(this), 150);
    }
    if (from !== this.step) {
      this.dispatchEvent(new Event("asrun:step", { bubbles: true }));
      this.follow();
    }
  }

  /** Keep in sight what the mode marks as the step that is shown. */
  follow() {
    this.host.querySelector(".on")?.scrollIntoView({ block: "nearest" });
  }

  /** Go to the next step of which something is true, from the start again after the last. @param {(step: Step) => unknown} test */
  next(test) {
    const { steps } = this.run;
    const found = [...steps.slice(this.step), ...steps.slice(0, this.step)].find(test);
    if (found) this.jump(found.n);
  }

  /** Stop what plays. */
  halt() {
    this.dispatchEvent(new Event("asrun:jump"));
  }

  /** Show a step that the reader asks for, and have it said. @param {number} n */
  jump(n) {
    this.halt();
    this.go(n);
    this.say(this.spoken);
  }

  get spoken() {
    return `Step ${this.step} of ${this.last}: ${this.row(this.step).querySelector(".what")?.textContent}`;
  }

  /** Do something that may take away what has the focus: then the run's title has it. @param {() => void} act */
  #held(act) {
    // Asking for the active element would have the page laid out at once.
    const held = this.matches(":focus-within");
    act();
    if (!held || this.matches(":focus-within")) return;
    /** @type {HTMLElement} */ (this.querySelector(".run-title")).focus({ preventScroll: true });
  }

  /** @param {string} id of a mode */
  setMode(id) {
    const mode = modes.get(id);
    if (!mode || !this.#stage || mode.id === this.mode) return;
    this.#held(() => {
      this.#leave();
      this.#mounted = new AbortController();
      this.mode = this.dataset.mode = mode.id;
      mode.mount(this, this.host, this.#mounted.signal);
    });
  }

  #leave() {
    this.#mounted?.abort();
    this.host?.replaceChildren();
    this.veil(0);
    this.mode = "";
    this.choice = 0;
  }

  /** Keep room for all steps, as soon as the run is shown. */
  fit() {
    this.#stage?.reserve();
  }

  /** Hide all of the steps from `from` on, until 0 lifts it. @param {number} from */
  veil(from) {
    if (from) this.dataset.veil = `${from}`;
    else delete this.dataset.veil;
    this.#stage?.veil(from || Infinity);
  }

  /** Have a screen reader say something, when it has time. @param {string} text */
  say(text) {
    const line = this.querySelector(".say-line");
    if (line) line.textContent = text;
  }

  /** @param {string} to an address within the page @returns {number} the step of this run, or 0 */
  stepOf(to) {
    const [, run, n] = idOf(to);
    return run === this.name && +n <= this.last ? +n : 0;
  }

  /** @param {MouseEvent} event */
  #clicked(event) {
    const link = linkOf(event);
    if (!link) return;
    const n = inPage(link) ? this.stepOf(link.hash) : 0;
    // On a phone the stage is out of sight below itself: there, the link leads to the step's card.
    if (!n || (link.closest(".sec") && !matchMedia("(min-width: 45em)").matches)) return;
    take(event);
    this.jump(n);
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    const at = /** @type {Element} */ (event.target);
    if (modified(event) || at.closest("input, select, textarea, .sec")) return;
    const to = { ArrowLeft: this.step - 1, ArrowRight: this.step + 1, Home: 1, End: this.last }[event.key];
    if (to === undefined || this.dataset.veil) return;
    take(event);
    this.jump(to);
  }
}
