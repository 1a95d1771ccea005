// @ts-check
/* What a reader has done, kept on the reader's own machine: nothing of it is ever sent anywhere.

   Each thing is kept with the time at which it was set, so that what two machines hold can be joined.
   Storage that is full, forbidden or damaged never breaks a page: what can't be kept there is kept in
   memory, and a line says so, once. */

/**
 * What is known of one question.
 * @typedef {object} Item
 * @property {string} digest of the trace that it was asked of
 * @property {boolean} right whether the last answer was
 * @property {string} title the question, as Review lists it
 * @property {number} box how often it was right since it was missed, each time when it was due
 * @property {number} due when it comes back, in ms; 0 where it does not
 */
/** @typedef {Item & {key: string}} Keyed an item with its key: `<lesson id>/<scenario or statement>/<kind>/<n>` */
/** @typedef {{value: any, at: number}} Kept */

/** @typedef {Record<string, Kept>} Everything */

const KEY = "asrun:kept";
const DAY = 864e5;
/** After so many days a missed question comes back; once it was right after the last, it is learnt. */
const DAYS = [1, 3, 7, 21];
const ITEM = /^item:([\w-]+\/){3}(quiz|predict|runtime|order|explain)\/\d+$/;

const store = (() => {
  /** @type {Everything | undefined} what the browser would not keep, while the page is open */
  let memory;

  /** @template T @param {() => T} act @returns {T | undefined} what it gives; nothing where storage is forbidden or damaged */
  function attempt(act) {
    try {
      return act();
    } catch {
      return undefined;
    }
  }

  /** @param {[string, any]} entry @returns {boolean} whether it is what is written here */
  function sound([key, kept]) {
    const { digest, title, due, box } = kept?.value ?? {};
    const texts = [digest, title].every((text) => typeof text === "string");
    const item = ITEM.test(key) && texts && Number.isFinite(due + box);
    // The rest is a word, or that a page was seen.
    return Number.isFinite(kept?.at) && (item || (!key.startsWith("item:") && /string|boolean/.test(typeof kept.value)));
  }

  /** @returns {Everything} */
  function all() {
    const kept = memory ?? attempt(() => JSON.parse(localStorage[KEY])) ?? {};
    return Object.fromEntries(Object.entries(kept).filter(sound));
  }

  /** @param {Everything} kept */
  function write(kept) {
    if (!memory && attempt(() => (localStorage.setItem(KEY, JSON.stringify(kept)), true))) return;
    const first = !memory;
    memory = kept;
    if (!first) return;
    const line = lede("");
    document.querySelector(".ar")?.prepend(line);
    line.textContent = "This browser has no room here: your progress lasts until the page is closed.";
  }

  return {
    /** @template T @param {string} key @param {T} fallback @returns {T} what was set, or `fallback` */
    get: (key, fallback) => /** @type {any} */ (all()[key]?.value) ?? fallback,

    /** @param {string} key @param {any} value what JSON can hold */
    set: (key, value) => write({ ...all(), [key]: { value, at: Date.now() } }),

    /** Forget everything. */
    clear: () => write({}),

    /** @param {string} key @returns {Item | null} what is known of a question */
    item: (key) => store.get(`item:${key}`, null),

    /**
     * Note an answer, and when the question comes back: a missed one does, each time later.
     * @param {string} key @param {{digest: string, right: boolean, title: string}} given
     */
    answer(key, given) {
      const now = Date.now();
      let { box, due } = store.item(key) ?? { box: 0, due: 0 };
      if (!given.right) {
        box = 0;
        due = now + DAYS[0] * DAY;
      } else if (due && due <= now) {
        // Right before it was due says little: it was only just explained.
        box += 1;
        due = box < DAYS.length ? now + DAYS[box] * DAY : 0;
      }
      store.set(`item:${key}`, { ...given, box, due });
    },

    /** @param {string} lesson its id @returns {Keyed[]} the questions that were answered */
    items: (lesson) =>
      Object.entries(all())
        .filter(([key]) => key.startsWith(`item:${lesson}/`))
        .map(([key, { value }]) => ({ ...value, key: key.slice(5) })),

    /** Everything, as the text of a file that `import` reads. */
    export: () => JSON.stringify({ asrun: 1, kept: all() }),

    /**
     * Join what a file holds with what is here; of two answers to one question the newer stays.
     * @param {string} text
     * @returns {number} how many things were taken; -1 where it is no such file, and nothing was
     */
    import(text) {
      const file = attempt(() => JSON.parse(text));
      /** @type {[string, Kept][]} */
      const found = Object.entries(file?.kept ?? {});
      if (file?.asrun !== 1 || !found.every(sound)) return -1;
      const here = all();
      const newer = found.filter(([key, { at }]) => !(at <= here[key]?.at));
      write({ ...here, ...Object.fromEntries(newer) });
      return newer.length;
    },
  };
})();
