// @ts-check
/* Order it: put shuffled steps in an order. Any order that could have happened is right. */

const AT_MOST = 9;

/**
 * What can be put in order: the main steps, which are those of the flow and the client's, then each phase.
 * @param {Player} player
 * @returns {[string, number[]][]}
 */
function parts(player) {
  const { flow, phases, steps } = player.run;
  const main = steps.filter(({ n, row }) => row === "client" || flow.some(([first]) => first === n));
  const all = phases.map(([name, first], at) => [name, steps.slice(first - 1, (phases[at + 1]?.[1] ?? Infinity) - 1)]);
  return /** @type {[string, Step[]][]} */ ([["main steps", main], ...all]).flatMap(([name, of]) => {
    const numbers = distinct(player, of.map(({ n }) => n));
    /** @type {[string, number[]][]} */
    const found = [];
    while (numbers.length > 2) found.push([name, numbers.splice(0, AT_MOST)]);
    return found;
  });
}

/** @param {Player} player @param {number[]} order @returns {number[]} the first step above one that it needs, and that one */
function impossible(player, order) {
  for (const [at, n] of order.entries()) {
    const before = needs(player, n);
    const cause = order.slice(at + 1).find((m) => before.has(m));
    if (cause) return [n, cause];
  }
  return [];
}

modes.set("order", {
  id: "order",
  mount(player, host) {
    const all = parts(player);

    /** @param {number} which */
    function show(which) {
      const [name, steps] = all[which];
      const title = `Put these in order: ${name}`;
      const mixed = shuffled(steps, which);
      if (!impossible(player, mixed).length) mixed.reverse();
      player.choice = which;
      player.veil(1);
      const status = el("p", { role: "status" });
      const list = el("ol", { class: "order" }, ...mixed.map(row));
      fill(
        host,
        ask(title),
        lede("Drag, or use the buttons or arrow keys."),
        list,
        button("Check", check),
        button("Other steps", () => {
          show((which + 1) % all.length);
          place.write(player);
        }),
        status,
      );

      /** @param {any} item @param {boolean} up */
      function move(item, up) {
        const other = item[up ? "previousSibling" : "nextSibling"];
        // It is the other that moves, so that what has the focus keeps it.
        if (other) item[up ? "after" : "before"](other);
        player.say(`${[...list.children].indexOf(item) + 1} of ${steps.length}`);
      }

      /** @param {number} n */
      function row(n) {
        const text = named(player, n);
        const way = (/** @type {string} */ sign, /** @type {boolean} */ up) =>
          press({ ariaLabel: `${up ? "Up" : "Down"}: ${text.textContent}`, onclick: () => move(item, up) }, sign);
        const grip = el("span", { class: "grip", ariaHidden: "true" }, "⠿");
        const item = el("li", { value: n }, grip, text, way("↑", true), way("↓", false));
        item.onkeydown = (/** @type {KeyboardEvent} */ event) => {
          const up = event.key === "ArrowUp";
          if (!up && event.key !== "ArrowDown") return;
          event.preventDefault();
          move(item, up);
        };
        item.onpointerdown = (/** @type {PointerEvent} */ { target, pointerId }) => {
          if (!(/** @type {Element} */ (target).closest("button"))) item.setPointerCapture(pointerId);
        };
        item.onpointermove = (/** @type {PointerEvent} */ { pointerId, clientY }) => {
          const { top, bottom } = item.getBoundingClientRect();
          if (item.hasPointerCapture(pointerId) && (clientY < top || clientY > bottom)) move(item, clientY < top);
        };
        return item;
      }

      function check() {
        const order = [...list.children].map((item) => item.value);
        const [n, cause] = impossible(player, order);
        keep(player, "order", which, !n, title);
        if (n) {
          status.replaceChildren(
            verdict(false, "it can't be so:"), " ", named(player, n), " needs ", named(player, cause), ` first. ${because(player, n, cause)}`,
          );
          return;
        }
        player.veil(0);
        const same = `${order}` === `${steps}`;
        status.replaceChildren(
          verdict(true, same ? "as it ran" : "it could have been so"),
          same ? "" : `: steps ${order.join(", ")}. It ran ${steps.join(", ")}.`,
        );
      }
    }

    // Review leads to the part that was missed.
    if (all.length) show(place.read().part % all.length);
  },
});
