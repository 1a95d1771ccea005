// @ts-check
/* The player of one run. It stands over the server's HTML, which is the only copy of all texts:
   a step is shown by moving marks, and by what only the run's data holds. */

/**
 * A frame after a step.
 * @typedef {{kind: string, words: string, now: boolean, line: number|null,
 *   vars: {name: string, value: string, sign: string}[]}} Frame
 */
/** @typedef {{id: string, state: string, was: string, fresh: boolean}} Thing */
/**
 * @typedef {{n: number, row: string, line: number|null, key: string,
 *   frames: Frame[], objects: Thing[]}} Step
 */
/** @typedef {{frames: string[], steps: Step[]}} RunData */
/**
 * A way to work with a run. `mount` fills `host` and returns what takes everything away again.
 * @typedef {{id: string, mount: (player: Player, host: HTMLElement) => (() => void)}} Mode
 */
/**
 * What is said of a step: copies of what its row holds.
 * @typedef {{action: string, lane: string, what: DocumentFragment, why: DocumentFragment,
 *   before: string[], after: string[], notes: DocumentFragment}} StepText
 */

/** @type {Map<string, Mode>} The modes by id; each mode's file puts its own in. */
const modes = new Map();

/**
 * Make an element. Values only ever become text.
 * @param {string} tag
 * @param {Record<string, any>} [props] properties; `class`, `role`, `data-…` and `aria-…` are attributes;
 *   `on…` takes a listener
 * @param {...(Node|string)} children
 * @returns {any}
 */
function el(tag, props = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (/^(class|role|data-.*|aria-.*|for|href|style)$/.test(name)) made.setAttribute(name, value);
    else /** @type {any} */ (made)[name] = value;
  }
  made.append(...children);
  return made;
}

/** @param {Node|null|undefined} source @returns {DocumentFragment} a copy of what a node holds */
function copy(source) {
  const made = document.createDocumentFragment();
  if (source) made.append(...Array.from(source.childNodes, (child) => child.cloneNode(true)));
  return made;
}
