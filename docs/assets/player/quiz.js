// @ts-check
/* A quiz question: the server's radios, checked here. Without a script its answer is a click away. */

class Quiz extends HTMLElement {
  connectedCallback() {
    const more = /** @type {HTMLDetailsElement | null} */ (this.querySelector(".answer"));
    if (!more || this.querySelector(".check")) return;
    const digest = this.dataset.digest ?? "";
    const key = `${lessonOf(this)}/${this.dataset.quiz}/quiz/0`;
    const title = copy(this.querySelector("legend")).textContent?.trim().replace(/^\d+/, "") ?? "";
    const item = store.item(key);
    const changed = item && item.digest !== digest;
    const known = changed ? "Changed since you answered." : item?.right ? "You had this right." : "You missed this.";
    const status = el("p", { role: "status" }, item ? known : "");

    const check = () => {
      const radio = /** @type {HTMLInputElement | null} */ (this.querySelector(":checked"));
      if (!radio) return status.replaceChildren("Choose an option first.");
      const told = /** @type {Element} */ (this.querySelector(`.fb [data-option="${radio.value}"]`));
      const right = told.matches(".fb-right");
      const proof = this.querySelector(".fb-right .st") ?? this.querySelector(".st");
      store.answer(key, { digest, right, title });
      status.replaceChildren(verdict(right, right ? "right" : "wrong"), " ", copy(told.querySelector(".said")));
      if (proof) status.append(" The run shows it at ", proof.cloneNode(true), ".");
      // All explanations at once would give the answer away.
      more.hidden = !right;
      all("asrun-progress").forEach((one) => one.connectedCallback());
      if (right) return;
      const again = () => {
        radio.checked = false;
        radio.focus();
        status.replaceChildren();
      };
      status.append(" ", button("Try again", again));
    };

    this.querySelector("fieldset")?.after(el("div", { class: "check" }, button("Check", check), status));
    more.hidden = !(item?.right && !changed);
  }
}
customElements.define("asrun-quiz", Quiz);
