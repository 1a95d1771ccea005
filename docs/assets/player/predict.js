// @ts-check
/* Predict: what runs next, or a state after it, is hidden until the reader commits. */

/**
 * A question about a step: a state that it changes, where that has had several in this run; else what runs.
 * @param {Player} player @param {number} n
 * @returns {{title: string, options: (Node|string)[], right: number}}
 */
function prediction(player, n) {
  const steps = player.run.steps;
  const was = steps[n - 2];
  const now = steps[n - 1];
  /** @type {[string, (step: Step) => string | undefined][]} */
  const states = now.objects.map(({ id }) => [id, (step) => step.objects.find((it) => it.id === id)?.state]);
  for (const [at, key] of player.run.frames.entries()) {
    // That a function runs once it is called, its call says itself.
    if (was.frames[at].kind === "idle" || !key.startsWith("fn-")) continue;
    states.push([key.slice(3), (step) => step.frames[at].words.split(/,? (?:line|since|at step|step) /)[0]]);
  }
  for (const [name, read] of states) {
    const value = read(now);
    const values = [...new Set(steps.map(read).filter(Boolean))];
    if (!value || value === read(was) || values.length < 2) continue;
    const others = shuffled(values.filter((other) => other !== value), n).slice(0, 3);
    const options = shuffled([value, ...others], n);
    return {
      title: `After step ${n - 1} comes ${player.text(n).action}. In which state is ${name} then?`,
      options: /** @type {string[]} */ (options),
      right: options.indexOf(value),
    };
  }
  const options = choices(player, n);
  return {
    title: `What happens after step ${n - 1}?`,
    options: options.map((m) => named(player, m)),
    right: options.indexOf(n),
  };
}

modes.set("predict", {
  id: "predict",
  mount: (player, host) =>
    drill(player, host, "predict", (n, told, next) => {
      const { title, options, right } = prediction(player, n);
      if (!options[1]) return;

      /** @param {Node | string} mark */
      function reveal(mark) {
        player.veil(n + 1);
        player.go(n);
        const status = ask("");
        fill(host, status, button("Next", next));
        status.append(mark, " ", options[right]);
      }

      const list = optionList(options, (at) => {
        const hit = at === right;
        told(hit, title);
        reveal(verdict(hit, hit ? "as it ran:" : "it ran otherwise:"));
      });
      return [ask(title), lede("Say why before you choose."), list, button("Skip", () => reveal(""))];
    }),
});
