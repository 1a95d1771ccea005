// @ts-check
/* Lanes: who runs when. Time goes down, a rail for each lane, and what is done beside it. */

modes.set("lanes", {
  id: "lanes",
  mount(player, host, signal) {
    const lanes = all(".console [data-row]", player).map((row) => ({
      key: row.getAttribute("data-row") ?? "",
      name: row.querySelector(".lanes-name"),
      at: row.getAttribute("data-lane") ?? "",
      marks: all(".mark", row).map((mark) => {
        const { gridColumnStart, gridColumnEnd } = /** @type {HTMLElement} */ (mark).style;
        return { kind: mark.classList[1], first: +gridColumnStart, last: +gridColumnEnd - 1 };
      }),
    }));
    const heads = lanes.map(({ key, name }) =>
      press({ class: "seq-head", onclick: () => player.next((step) => step.row === key) }, copy(name)));
    const rows = player.run.steps.map(({ n }) => {
      const rails = lanes.map(({ at, marks }) => {
        const mark = marks.find(({ first, last }) => first <= n && n <= last);
        return el("span", { class: "rail", "data-lane": at }, el("i", { class: mark ? `mark ${mark.kind}` : "" }));
      });
      return el("li", { onclick: () => player.go(n) },
        cite(`#${player.name}-${n}`, n), ...rails, named(player, n));
    });
    const says = el("p", { class: "said", role: "status" });
    const show = () => {
      rows.forEach((li, at) => li.classList.toggle("on", at + 1 === player.step));
      const { what, why } = player.text(player.step);
      says.replaceChildren(el("b", {}, what), " ", why);
    };
    const names = el("div", { class: "seq-heads", role: "group", ariaLabel: "Lanes: go to the next step of" }, el("span"), ...heads);
    host.append(el("div", { class: "seq-top" }, says, names), el("ol", { class: "seq" }, ...rows));
    host.style.setProperty("--k", `${lanes.length}`);
    player.addEventListener("asrun:step", show, { signal });
    show();
  },
});
