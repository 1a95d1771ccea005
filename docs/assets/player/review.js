// @ts-check
/* Review: what was missed comes back, each time later, from the reader's own machine. */

/**
 * What has come back of a lesson, as links to where it is asked again.
 * @param {Keyed[]} items @param {string} digests of the lesson's runs @param {string} root the way to the site's root
 */
function questionList(items, digests, root) {
  const item = (/** @type {Keyed} */ { key, title, digest }) => {
    const [chapter, lesson, where, kind, number] = key.split("/");
    // What comes next is asked at the step before.
    const step = +number - +/predict|runtime/.test(kind);
    const place = kind === "quiz" ? `#said-${where}` : `?mode=${kind}&part=${number}#${kind === "order" ? `run-of-${where}` : `${where}-${step}`}`;
    const link = el("a", { href: `${root}${chapter}/${lesson}.html${place}` }, title);
    return el("li", {}, link, el("small", {}, ` ${kind}${isOld(digest, digests) ? ", changed since you answered" : ""}`));
  };
  return el("ol", {}, ...items.map(item));
}

/** @param {string[]} lessons their ids @returns {{due: Keyed[], told: string}} */
function comingBack(...lessons) {
  const items = lessons.flatMap((lesson) => store.items(lesson)).filter((item) => item.due).sort((a, b) => a.due - b.due);
  const due = items.filter((item) => item.due <= Date.now());
  const waiting = items.slice(due.length);
  const next = waiting.length ? `, the next on ${new Date(waiting[0].due).toLocaleDateString()}` : "";
  return { due, told: `To review now: ${due.length}. Later: ${waiting.length}${next}.` };
}

modes.set("review", {
  id: "review",
  mount(player, host) {
    const { digests = "", root = "" } = /** @type {HTMLElement} */ (player.closest("[data-lesson]")).dataset;
    const { due, told } = comingBack(lessonOf(player));
    const more = el("a", { href: `${root}review.html` }, "All lessons");
    fill(host, ask(told), lede("What you miss comes back here."), questionList(due, digests, root), more);
  },
});

/** The page of all lessons: each stands in the server's list, and shows what has come back of it. */
class Review extends HTMLElement {
  connectedCallback() {
    /** @type {HTMLElement[]} */
    const lessons = all("[data-lesson]", this);
    for (const item of lessons) {
      const { due } = comingBack(lessonOf(item));
      item.querySelector("ol")?.remove();
      item.append(questionList(due, item.dataset.digests ?? "", ""));
      item.hidden = !due.length;
    }
    this.children[0].textContent = comingBack(...lessons.map(lessonOf)).told;
  }
}
customElements.define("asrun-review", Review);
