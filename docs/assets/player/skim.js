// @ts-check
/* Skim: what is said of the run in the end, and what happens in each of its phases. */

/**
 * The address of a step in Watch.
 * @param {Player} player
 * @param {number} n
 */
const watchAt = (player, n) => `?mode=watch#${player.name}-${n}`;

/**
 * A step that leads to Watch.
 * @param {Player} player
 * @param {number} n
 */
const stepLink = (player, n) => cite(watchAt(player, n), n);

modes.set("skim", {
  id: "skim",
  mount(player, host) {
    // What is not true of this run is not its gist.
    const gist = all(`.snap [data-on~="${player.name}"]:has(> .ok) .said`);
    const ends = all(".exit:has(.ok) .said", player);
    const said = (/** @type {Element[]} */ them) => them.map((one) => el("li", { class: "said" }, copy(one)));
    const titles = all(".flow b", player);
    const phases = player.run.phases.map(([name, first], at) => {
      const last = (player.run.phases[at + 1]?.[1] ?? player.last + 1) - 1;
      const nodes = player.run.flow.flatMap(([begin], i) => (begin >= first && begin <= last ? [i] : []));
      const told = nodes.length
        ? nodes.map((i) => el("li", {}, copy(titles[i]), " ", stepLink(player, player.run.flow[i][0])))
        : [el("li", {}, copy(player.text(first).what), " ", stepLink(player, first))];
      return el("div", { class: "tp" }, el("h4", {}, name), el("ul", {}, ...told));
    });
    host.append(
      ...(gist.length ? [el("h3", {}, "In a few sentences"), el("ul", { class: "skim" }, ...said(gist))] : []),
      el("h3", {}, "From phase to phase"), el("div", {}, ...phases),
      ...(ends.length ? [el("h3", {}, "In the end"), el("ul", { class: "skim" }, ...said(ends))] : []),
      el("p", { class: "buttons" }, el("a", { class: "button", href: watchAt(player, 1) }, "Watch it, step by step")),
    );
    for (const link of all("a.st", host)) {
      const n = player.stepOf(link.hash);
      if (n) link.href = watchAt(player, n);
    }
  },
});
