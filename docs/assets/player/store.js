// @ts-check
// What a reader has done, kept on the reader's own machine: nothing of it is ever sent anywhere.
//
// Everything is in localStorage, a key a thing, each with the time at which it was set, so that two
// machines' progress can be joined. Storage that is full, forbidden or broken never breaks a page:
// what can't be kept there is kept in memory, and a line says so, once.

/**
 * What is known of one question.
 * @typedef {object} Item
 * @property {string} digest of the trace that it was asked of
 * @property {boolean} right whether the last answer was
 * @property {number} box how often it was right since it was missed, each time when it was due
 * @property {number} due when it comes back, in ms; 0 where it does not
 * @property {string} title the question, as it is listed in Review
 * @property {string} [answer] the option that was chosen
 */

const PREFIX = "asrun:";
const DAY = 864e5;
/** After so many days a missed item comes back; once it was right after the last one, it has been learnt. */
const DAYS = [1, 3, 7, 21];
/** `<chapter>/<lesson>/<scenario or statement>/<kind>/<number>`, as `store.item` takes it. */
const ITEM = /^[\w-]+\/[\w-]+\/[\w-]+\/(quiz|predict|runtime|order|explain)\/\d+$/;

class Store {
  /** @type {Map<string, {value: unknown, at: number}>} what could not be kept, while the page is open */
  #memory = new Map();
  #told = false;

  /**
   * Return what was set, or `fallback`.
   * @template T
   * @param {string} key
   * @param {T} fallback
   * @returns {T}
   */
  get(key, fallback) {
    const kept = this.#read(key);
    return kept ? /** @type {T} */ (kept.value) : fallback;
  }

  /**
   * Keep a value that JSON can hold; returns whether it outlasts the page.
   * @param {string} key
   * @param {unknown} value
   */
  set(key, value) {
    return this.#write(key, { value, at: Date.now() });
  }

  /** Forget everything. */
  clear() {
    this.#memory.clear();
    this.#storage((kept) => this.keys().forEach((key) => kept.removeItem(PREFIX + key)), undefined);
  }

  /** @returns {string[]} all keys, less the prefix */
  keys() {
    const kept = this.#storage((storage) => Object.keys(storage), /** @type {string[]} */ ([]));
    const own = kept.filter((key) => key.startsWith(PREFIX)).map((key) => key.slice(PREFIX.length));
    return [...new Set([...own, ...this.#memory.keys()])].sort();
  }

  // ---- items

  /**
   * What is known of a question, if anything.
   * @param {string} key as ITEM
   * @returns {Item | null}
   */
  item(key) {
    const item = this.get(`item:${key}`, null);
    return isItem(item) ? item : null;
  }

  /**
   * Note an answer, and when the question comes back: a missed one does, each time later.
   * @param {string} key as ITEM
   * @param {{digest: string, right: boolean, title: string, answer?: string}} given
   * @param {number} [now]
   */
  answer(key, given, now = Date.now()) {
    const old = this.item(key);
    let box = old?.box ?? 0;
    let due = old?.due ?? 0;
    if (!given.right) {
      [box, due] = [0, now + DAYS[0] * DAY];
    } else if (due && due <= now) {
      // Right before it was due says little: it was only just explained.
      box += 1;
      due = box < DAYS.length ? now + DAYS[box] * DAY : 0;
    }
    this.set(`item:${key}`, { ...given, box, due });
  }

  /**
   * Note that a question was missed.
   * @param {{key: string, digest: string, title: string, answer?: string}} item
   * @param {number} [now]
   */
  missed({ key, ...given }, now = Date.now()) {
    this.answer(key, { ...given, right: false }, now);
  }

  /**
   * All questions that are known of a lesson, or of all.
   * @param {string} [lesson] its id
   * @returns {(Item & {key: string})[]}
   */
  items(lesson) {
    return this.keys().flatMap((name) => {
      const key = name.slice(5);
      const item = name.startsWith("item:") && ITEM.test(key) && this.item(key);
      return item && (!lesson || key.startsWith(`${lesson}/`)) ? [{ ...item, key }] : [];
    });
  }

  /**
   * The questions that have come back, longest due first.
   * @param {number} [now]
   * @param {string} [lesson]
   */
  due(now = Date.now(), lesson) {
    const back = this.items(lesson).filter((item) => item.due && item.due <= now);
    return back.sort((a, b) => a.due - b.due);
  }

  // ---- files

  /** Everything, as the text of a file that `import` reads. */
  export() {
    const kept = this.keys().map((key) => [key, this.#read(key)]);
    return JSON.stringify({ asrun: 1, kept: Object.fromEntries(kept) }, null, 1);
  }

  /**
   * Join what a file holds with what is here; of two answers to one question the newer one stays.
   * @param {string} text
   * @returns {number} how many things were taken
   * @throws {Error} it is no such file; nothing of it was taken
   */
  import(text) {
    let file;
    try {
      file = JSON.parse(text);
    } catch {
      throw new Error("This file is not one that was exported here.");
    }
    const kept = file?.asrun === 1 && file.kept;
    if (!kept || typeof kept !== "object" || !Object.entries(kept).every(isKept)) {
      throw new Error("This file is not one that was exported here, or it is damaged.");
    }
    const newer = Object.entries(kept).filter(([key, { at }]) => at > (this.#read(key)?.at ?? -1));
    newer.forEach(([key, entry]) => this.#write(key, entry));
    return newer.length;
  }

  // ---- storage

  /**
   * @param {string} key
   * @returns {{value: unknown, at: number} | undefined}
   */
  #read(key) {
    const text = this.#storage((kept) => kept.getItem(PREFIX + key), null);
    let kept;
    try {
      kept = JSON.parse(text ?? "null");
    } catch {
      // Someone else wrote it; it counts as nothing, and the next `set` mends it.
    }
    const held = this.#memory.get(key);
    return isKept([key, kept]) && !(held && held.at >= kept.at) ? kept : held;
  }

  /**
   * @param {string} key
   * @param {{value: unknown, at: number}} entry
   */
  #write(key, entry) {
    const kept = this.#storage((storage) => {
      storage.setItem(PREFIX + key, JSON.stringify(entry));
      return true;
    }, false);
    kept ? this.#memory.delete(key) : this.#memory.set(key, entry);
    return kept;
  }

  /**
   * Do something with localStorage; where that fails, say so once.
   * @template T
   * @param {(storage: Storage) => T} act
   * @param {T} fallback
   * @returns {T}
   */
  #storage(act, fallback) {
    try {
      return act(localStorage);
    } catch {
      if (!this.#told) {
        this.#told = true;
        const line = document.createElement("p");
        line.className = "store-note";
        line.setAttribute("role", "status");
        document.querySelector(".ar")?.prepend(line);
        line.textContent =
          "This browser keeps nothing for this site, or has no room: progress lasts until the page is closed.";
      }
      return fallback;
    }
  }
}

/**
 * Whether a key and what was read for it are what this file writes.
 * @param {[string, any]} entry
 */
function isKept([key, entry]) {
  return (
    typeof entry?.at === "number" &&
    "value" in entry &&
    (!key.startsWith("item:") || (ITEM.test(key.slice(5)) && isItem(entry.value)))
  );
}

/**
 * @param {any} value
 * @returns {value is Item}
 */
function isItem(value) {
  return (
    typeof value?.digest === "string" &&
    typeof value.right === "boolean" &&
    typeof value.title === "string" &&
    Number.isInteger(value.box) &&
    Number.isFinite(value.due)
  );
}

const store = new Store();
