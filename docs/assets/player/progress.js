// @ts-check
/* Progress: what was visited, answered and mastered. It is on this machine alone, and its file is the reader's. */

/** @param {HTMLElement} place names a lesson and how many questions its quiz has */
function progressOf(place) {
  const { lesson = "", questions: of } = place.dataset;
  const { digests = "" } = /** @type {HTMLElement} */ (place.closest("[data-digests]")).dataset;
  const items = store.items(lesson).filter((item) => !isOld(item.digest, digests));
  const right = items.filter((item) => item.right && item.key.includes("/quiz/")).length;
  const mastered = right >= Number(of) && !items.some((item) => item.due);
  return { visited: store.get(`visited:${lesson}`, false), answered: items.length, right, mastered };
}

/** One lesson's progress in words, beside its name. */
class Progress extends HTMLElement {
  connectedCallback() {
    const { questions: of } = this.dataset;
    const { visited, right, mastered } = progressOf(this);
    this.textContent = mastered ? "mastered" : right ? `${right} of ${of} right` : visited ? "visited" : "";
  }
}
customElements.define("asrun-progress", Progress);

/** The sum of all lessons on the page; on the page of Review also what a reader may do with it. */
class Mine extends HTMLElement {
  connectedCallback() {
    this.#tell("");
    const [out, into, erase] = all("button, input", this);
    if (!out) return;
    /** @type {any} */ (this.querySelector("[hidden]")).hidden = false;
    /** @type {any} */ (out).onclick = () => {
      const href = URL.createObjectURL(new Blob([store.export()], { type: "application/json" }));
      el("a", { href, download: "asrun-progress.json" }).click();
    };
    /** @type {any} */ (into).onchange = async () => {
      const [file] = /** @type {any} */ (into).files;
      if (!file) return;
      const taken = store.import(await file.text());
      this.#tell(taken < 0 ? "This file was not saved here, or is damaged." : `${taken} entries added.`);
    };
    /** @type {any} */ (erase).onclick = () => {
      if (!confirm("Delete all your progress?")) return;
      store.clear();
      this.#tell("Deleted.");
    };
  }

  /** @param {string} first what has just been done */
  #tell(first) {
    const lessons = all("[data-questions]").map(progressOf);
    const answered = lessons.reduce((sum, one) => sum + one.answered, 0);
    const [visited, mastered] = ["visited", "mastered"].map((what) => lessons.filter((one) => /** @type {any} */ (one)[what]).length);
    this.children[0].textContent =
      `${first} Visited: ${visited} of ${lessons.length}. Answered: ${answered}. Mastered: ${mastered}. Kept on this machine alone.`;
    if (first) all("asrun-review").forEach((one) => one.connectedCallback());
  }
}
customElements.define("asrun-mine", Mine);
