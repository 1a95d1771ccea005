// @ts-check
/* Explain: say why a step happened, then compare with what the run and the key moments say of it. */

modes.set("explain", {
  id: "explain",
  mount(player, host, signal) {
    const asked = player.run.steps.map((step) => step.n).filter((n) => player.text(n).why.textContent);

    /** @param {number} at */
    function question(at) {
      const n = asked[at % asked.length];
      const title = `Why did step ${n} happen?`;
      const key = `why:${lessonOf(player)}/${player.name}/${n}`;
      const { action, why } = player.text(n);
      const next = () => question(at + 1);
      const area = el("textarea", { rows: 3, value: store.get(key, ""), oninput: () => store.set(key, area.value) });
      player.go(n);
      player.toggleAttribute("data-no-why", true);

      function compare() {
        player.removeAttribute("data-no-why");
        // The theme makes links whole, so that only their ends say where they lead.
        const cites = `.km:has([href$="#${player.name}-${n}"])`;
        const moments = all(cites).map((km) =>
          el("p", { class: "said" }, el("b", {}, copy(km.querySelector("h3"))), " ", copy(km.querySelector(".said"))),
        );
        const mark = (/** @type {string} */ word, /** @type {boolean} */ right) =>
          button(word, () => {
            keep(player, "explain", n, right, title);
            next();
          });
        fill(
          answer,
          el("p", { class: "said" }, why),
          ...moments,
          ask("Did you have it?"),
          mark("Yes", true),
          mark("Partly", false),
          mark("No", false),
        );
      }

      const answer = el("div", {}, button("Show the reason", compare), button("Another step", next));
      const label = el("label", { class: "cap" }, `${title} `, el("code", {}, action), area);
      fill(host, label, lede("What you write stays on this machine."), answer);
    }

    const from = asked.findIndex((n) => n >= player.step);
    if (asked.length) question(Math.max(from, 0));
    else fill(host, lede("Of no step of this run it is known why."));
    signal.addEventListener("abort", () => player.removeAttribute("data-no-why"));
  },
});
