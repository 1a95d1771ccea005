// @ts-check
/* What a reader has done, kept on the reader's own machine: nothing of it is ever sent anywhere.

   Everything is in localStorage, a key a thing, each with the time at which it was set, so that what
   two machines hold can be joined. Storage that is full, forbidden or damaged never breaks a page:
   what can't be kept there is kept in memory, and a line says so, once. */

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

const PREFIX = "asrun:";
const DAY = 864e5;
/** After so many days a missed question comes back; once it was right after the last, it is learnt. */
const DAYS = [1, 3, 7, 21];
const ITEM = /^item:([\w-]+\/){3}(quiz|predict|runtime|order|explain)\/\d+$/;

const store = (() => {
  /** @type {Map<string, Kept>} what could not be kept, while the page is open */
  const memory = new Map();
  let told = false;

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
    return Number.isFinite(kept?.at) && (item || !key.startsWith("item:"));
  }

  /** @param {string} key @returns {Kept | undefined} */
  function read(key) {
    const kept = attempt(() => JSON.parse(localStorage[PREFIX + key]));
    const held = memory.get(key);
    return sound([key, kept]) && !(held && held.at >= kept.at) ? kept : held;
  }

  /** @param {string} key @param {Kept} kept */
  function write(key, kept) {
    memory.set(key, kept);
    if (attempt(() => (localStorage.setItem(PREFIX + key, JSON.stringify(kept)), memory.delete(key))) || told) return;
    told = true;
    const line = lede("");
    document.querySelector(".ar")?.prepend(line);
    line.textContent = "This browser has no room here: your progress lasts until the page is closed.";
  }

  const keys = () => {
    const kept = attempt(() => Object.keys(localStorage).filter((key) => key.startsWith(PREFIX))) ?? [];
    return [...new Set([...kept.map((key) => key.slice(PREFIX.length)), ...memory.keys()])].sort();
  };

  return {
    /** @template T @param {string} key @param {T} fallback @returns {T} what was set, or `fallback` */
    get: (key, fallback) => read(key)?.value ?? fallback,

    /** @param {string} key @param {any} value what JSON can hold */
    set: (key, value) => write(key, { value, at: Date.now() }),

    /** Forget everything. */
    clear() {
      for (const key of keys()) attempt(() => localStorage.removeItem(PREFIX + key));
      memory.clear();
    },

    /** @param {string} key @returns {Item | undefined} what is known of a question */
    item: (key) => read(`item:${key}`)?.value,

    /**
     * Note an answer, and when the question comes back: a missed one does, each time later.
     * @param {string} key @param {{digest: string, right: boolean, title: string}} given
     */
    answer(key, given) {
      const now = Date.now();
      let { box, due } = this.item(key) ?? { box: 0, due: 0 };
      if (!given.right) {
        box = 0;
        due = now + DAYS[0] * DAY;
      } else if (due && due <= now) {
        // Right before it was due says little: it was only just explained.
        box += 1;
        due = box < DAYS.length ? now + DAYS[box] * DAY : 0;
      }
      this.set(`item:${key}`, { ...given, box, due });
    },

    /** @param {string} lesson its id; "" for all @returns {Keyed[]} the questions that were answered, longest due first */
    items: (lesson) =>
      keys()
        .filter((key) => ITEM.test(key) && key.startsWith(`item:${lesson && `${lesson}/`}`))
        .map((key) => ({ ...read(key)?.value, key: key.slice(5) }))
        .sort((a, b) => a.due - b.due),

    /** Everything, as the text of a file that `import` reads. */
    export: () => JSON.stringify({ asrun: 1, kept: Object.fromEntries(keys().map((key) => [key, read(key)])) }),

    /**
     * Join what a file holds with what is here; of two answers to one question the newer stays.
     * @param {string} text
     * @returns {number} how many things were taken; -1 where it is no such file, and nothing was
     */
    import(text) {
      const file = attempt(() => JSON.parse(text));
      /** @type {[string, Kept][]} */
      const all = Object.entries(file?.kept ?? {});
      if (file?.asrun !== 1 || !all.every(sound)) return -1;
      const newer = all.filter(([key, { at }]) => at > (read(key)?.at ?? 0));
      newer.forEach(([key, kept]) => write(key, kept));
      return newer.length;
    },
  };
})();
