// @ts-check
/* Be the runtime: choose what happens next, among what really happens later, to the end of the run. */

modes.set("runtime", {
  id: "runtime",
  mount: (player, host) =>
    drill(player, host, "runtime", (n, told, next) => {
      const title = `You are the runtime, after step ${n - 1}. What do you do next?`;
      const options = choices(player, n);
      if (!options[1]) return;
      const status = el("p", { role: "status" });
      let missed = false;
      const list = optionList(options.map((m) => named(player, m)), (at, chosen) => {
        const m = options[at];
        if (m === n) {
          told(!missed, title);
          return next();
        }
        missed = true;
        chosen.disabled = true;
        const cause = Math.min(...causesOf(player, m).filter((c) => c >= n));
        const missing = cause === n ? "what is to be found here" : named(player, cause);
        status.replaceChildren(verdict(false, "not yet:"), " it needs ", missing, `. ${because(player, m, cause)}`);
        list.querySelector("button:not(:disabled)").focus();
      });
      return [ask(title), list, status];
    }),
});
