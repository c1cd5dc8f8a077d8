// Which pools, which interval: what a 95 % interval holds depends on what it is about.

import { choice, fit, guide, h, number, panel, percent, s, scale, teller, ticks } from "./parts.mjs";

export const QUESTIONS = ["these LLMs, new prompts", "new LLMs"];
const WORLDS = { none: "LLMs alike", LLMs: "LLMs differ", "LLMs, large": "LLMs differ much" };

// What an experiment's interval should hold: the mean for its LLMs, or for all LLMs, which is 0.
export const truth = (one, i, question) => (question === 0 ? one.aboutPrompts[i] : 0);

// Whether the interval about a claim holds the answer to a question, for each experiment.
export const holds = (one, claim, question) =>
  one.means.map((mean, i) => Math.abs(mean - truth(one, i, question)) <= one.halves[i][claim]);

export const share = (found) => found.filter(Boolean).length / found.length;

export function render({ model, el }) {
  const data = model.get("data");
  const state = { world: 1, claim: 0, question: 1, hidden: false };
  const picture = h("div");
  const live = teller();
  const names = data.cases.map((one) => `${WORLDS[one.effects]}: ${one.nTrials} trials, pools of ${one.nPool} out of ${one.nLlms}`);
  const world = choice({ label: "World", options: names, onChange: (at) => change({ world: at }) });
  const question = choice({ label: "Question about", options: QUESTIONS, onChange: (at) => change({ question: at }) });
  const claim = choice({ label: "Interval about", options: data.claims, onChange: (at) => change({ claim: at }) });

  function change(set) {
    Object.assign(state, set);
    world.show(state.world);
    question.show(state.question);
    claim.show(state.claim);
    draw();
  }

  function draw(width = Math.floor(picture.clientWidth) || 640) {
    const one = data.cases[state.world];
    const found = holds(one, state.claim, state.question);
    const n = one.means.length;
    const reach = 1.05 * Math.max(...one.means.map((mean, i) => Math.abs(mean - truth(one, i, state.question)) +
      Math.min(one.halves[i][state.claim], 2.5)));
    const [left, right, step] = [8, width - 8, width < 500 ? 3.2 : 3.6];
    const axis = { low: -reach, high: reach };
    const px = scale(axis, left, right);
    const height = n * step + 34;
    const order = one.means.map((_, i) => i).sort((a, b) =>
      one.means[a] - truth(one, a, state.question) - one.means[b] + truth(one, b, state.question));
    const title = `${n} experiments; the line is the truth about ${QUESTIONS[state.question]}`;
    picture.replaceChildren(panel(title,
      s("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img",
        "aria-label": state.hidden ? "Intervals, hidden until you have guessed."
          : `${found.filter(Boolean).length} of ${n} intervals about ${data.claims[state.claim]} hold the truth about ${QUESTIONS[state.question]}.` },
        ticks(axis, 6).map((tick) => s("text", { x: px(tick), y: height - 18, "text-anchor": "middle" }, number(tick))),
        s("text", { x: width / 2, y: height - 3, "text-anchor": "middle" }, "difference, minus the truth (in units of a trial's own noise)"),
        state.hidden ? s("text", { x: width / 2, y: height / 2, "text-anchor": "middle" }, "Guess first.") :
          order.map((i, row) => {
            const middle = one.means[i] - truth(one, i, state.question);
            const half = one.halves[i][state.claim];
            const y = row * step + 4;
            return s("g", { class: found[i] ? "ir-held" : "ir-missed" },
              s("line", { x1: Math.max(left, px(middle - half)), x2: Math.min(right, px(middle + half)), y1: y, y2: y }),
              s("circle", { cx: px(middle), cy: y, r: 1.8 }));
          }),
        s("line", { x1: px(0), x2: px(0), y1: 0, y2: n * step + 4, class: "ir-truth" }))));
    const matched = state.claim === state.question + 1 || (state.claim === 0 && state.question === 1);
    live.say(state.hidden ? "" : `Of ${n} intervals about ${data.claims[state.claim]}, each of which claims 95 %, ` +
      `${found.filter(Boolean).length} hold the truth about ${QUESTIONS[state.question]}` +
      (matched ? `; in ${data.nStored} simulated experiments it was ${(100 * one.stored[state.claim]).toFixed(1)} %.` : "."));
  }

  const steps = [
    { text: "A hundred experiments, each with hundreds of trials: in every trial a pool is drawn from the same 26 LLMs. The ordinary " +
        "interval takes trials for independent. It is narrow. Read it as if it spoke of LLMs that will come out tomorrow.",
      set: { world: 1, claim: 0, question: 1 },
      ask: { text: "how many of the hundred intervals hold the truth about new LLMs?", low: 0, high: 100, unit: "",
        answer: (guess) => `You said ${Math.round(guess)}; it is ${Math.round(100 * share(holds(data.cases[1], 0, 1)))}. ` +
          "More trials with the same LLMs say ever more about these LLMs, and nothing about others." } },
    { text: "The same experiments, with intervals that are about new LLMs: pools that overlap count as what they are. They are wide, and they " +
        "hold the truth.", set: { world: 1, claim: 2, question: 1 } },
    { text: "Another question: these LLMs, on new prompts of the kind. Its truth is another one for every experiment, and its interval is in " +
        "between.", set: { world: 1, claim: 1, question: 0 } },
    { text: "Now it is yours. Choose what the question is about and which interval answers it. In which world is the ordinary interval the " +
        "worst? When does the one about prompts do for new LLMs too?" },
  ];
  el.replaceChildren(h("div", { class: "ir" }, guide(steps, (set, hidden) => change({ ...set, hidden })),
    h("div", { class: "ir-controls" }, world.node, question.node, claim.node), picture, live.node));
  return fit(picture, draw);
}

export default { render };
