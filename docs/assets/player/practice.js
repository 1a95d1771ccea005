// @ts-check
/* What the active modes share: which steps could come next, why one could not, and how an answer
   is kept. All of it is computed from the run; an order that could have been is never called wrong. */

/** @param {Player} player @param {number} n @returns {number[]} the steps that had to come directly before one */
const causesOf = (player, n) => player.run.causes[n] ?? [n - 1];

/** @param {Player} player @param {number} n @returns {Set<number>} all steps that had to come before one */
function needs(player, n) {
  const found = new Set(causesOf(player, n));
  // A set that grows while it is walked is walked to its end.
  for (const cause of found) causesOf(player, cause).forEach((c) => found.add(c));
  return found;
}

/** @param {Player} player @param {number} n @param {number} cause @returns {string} why it can't come before its cause */
function because(player, n, cause) {
  const [to, from] = [n, cause].map((at) => player.run.steps[at - 1].row);
  if (to === from && to.startsWith("fn-")) return "One function does one thing after the other.";
  if (to === "client") return "The client has only what was sent to it.";
  return from === "client" ? "It follows from what the client sent." : "It runs after it in one task, or waits for it.";
}

/** @param {Player} player @param {number} n @returns {HTMLElement} a step, without its number */
function named(player, n) {
  const { lane, action } = player.text(n);
  return el("span", {}, el("span", { class: "lane" }, lane), " ", el("code", {}, action));
}

/** @template T @param {T[]} list @param {number} seed @returns {T[]} in an order that depends on the seed alone */
function shuffled(list, seed) {
  const rank = (/** @type {T} */ value) => Math.sin((list.indexOf(value) + 1) * (seed + 11));
  return [...list].sort((a, b) => rank(a) - rank(b));
}

/** @param {Player} player @param {number[]} steps @returns {number[]} those of which each reads differently */
function distinct(player, steps) {
  const seen = new Set();
  return steps.filter((n) => {
    const text = named(player, n).textContent;
    return !seen.has(text) && seen.add(text);
  });
}

/**
 * What could be taken for the next step: itself, and up to three later ones that can't come yet.
 * @param {Player} player @param {number} n
 */
function choices(player, n) {
  const later = player.run.steps.map((step) => step.n).filter((m) => m > n && causesOf(player, m).some((c) => c >= n));
  const wrong = distinct(player, [n, ...later]).slice(1);
  const far = wrong[2 + ((wrong.length - 2) >> 1)];
  return shuffled([n, ...wrong.slice(0, 2), ...(far ? [far] : [])], n);
}

/** @param {Player} player @returns {string} enough of the trace's digest to tell it from another */
const digestOf = (player) => player.dataset.digest?.slice(0, 12) ?? "";

/**
 * A question may be about several runs: its digest is theirs, one after the other.
 * @param {string} digest of a question @param {string} digests of its lesson's runs
 */
const isOld = (digest, digests) => digest.match(/.{12}/g)?.some((one) => !digests.includes(one));

/** @param {Element} inside @returns {string} the lesson's id */
const lessonOf = (inside) => /** @type {HTMLElement} */ (inside.closest("[data-lesson]")).dataset.lesson ?? "";

/**
 * Keep an answer: what was missed comes back in Review.
 * @param {Player} player @param {string} kind @param {number} n @param {boolean} right @param {string} title
 */
function keep(player, kind, n, right, title) {
  store.answer(`${lessonOf(player)}/${player.name}/${kind}/${n}`, { digest: digestOf(player), right, title });
}

/** @param {string} text @param {() => void} act */
const button = (text, act) => press({ class: "button", onclick: act }, text);

/** @param {boolean} right @param {string} text */
const verdict = (right, text) => el("span", { class: right ? "ok" : "no" }, text);

/** @param {string} text */
const ask = (text) => el("p", { class: "cap", role: "status" }, text);

/** @param {string} text */
const lede = (text) => el("p", { class: "lede" }, text);

/**
 * Options to choose from; `choose` is told which, and its button.
 * @param {(Node|string)[]} options @param {(at: number, chosen: HTMLButtonElement) => void} choose
 */
function optionList(options, choose) {
  const item = (/** @type {Node|string} */ option, /** @type {number} */ at) => {
    const made = press({ onclick: () => choose(at, made) }, option);
    return el("li", {}, made);
  };
  return el("ol", { class: "choices" }, ...options.map(item));
}

/**
 * Fill a mode's place; whoever works in it by the keyboard stays in it.
 * @param {HTMLElement} host @param {...(Node|string)} parts
 */
function fill(host, ...parts) {
  const inside = host.contains(document.activeElement);
  host.replaceChildren(...parts);
  if (inside) /** @type {HTMLElement | null} */ (host.querySelector("textarea, button:not(:disabled)"))?.focus();
}

/**
 * Ask about one step after the other, each hidden until its turn comes: from the step of the address, else from the first.
 * @param {Player} player @param {HTMLElement} host @param {string} kind
 * @param {(n: number, told: (right: boolean, title: string) => void, next: () => void) => Node[]|undefined} parts
 *   asks about a step, where there is something to ask; `told` is called with the answer
 */
function drill(player, host, kind, parts) {
  let right = 0;
  let answered = 0;

  /** @param {number} n @returns {void} */
  function turn(n) {
    if (n > player.last) {
      player.go(player.last);
      player.veil(0);
      const told = answered ? `${right} of ${answered} right at once. The others come back in Review.` : "From here on, there is no choice.";
      return fill(host, ask(told), button("Again", () => turn(2)));
    }
    const told = (/** @type {boolean} */ hit, /** @type {string} */ title) => {
      answered += 1;
      right += +hit;
      keep(player, kind, n, hit, title);
    };
    const asked = parts(n, told, () => turn(n + 1));
    if (!asked) return turn(n + 1);
    player.go(n - 1);
    player.veil(n);
    fill(host, ...asked, n > 2 ? button("From the start", () => turn(2)) : "");
  }

  turn((location.hash && player.step < player.last ? player.step : 1) + 1);
}
