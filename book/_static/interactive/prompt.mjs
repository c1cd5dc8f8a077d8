// Which cluster is this prompt in? The reader guesses; the nearest centre decides.

import { clusterMeans } from "./rule.mjs";
import { bars, button, choice, colour, fit, guide, h, number, panel, percent, teller } from "./parts.mjs";

// Clusters by distance, the nearest first.
export const ranked = (distances) =>
  distances.map((_, k) => k).sort((a, b) => distances[a] - distances[b] || a - b);

// Three clusters to choose from, the right one among them, in the order of their numbers.
export const options = (distances) => ranked(distances).slice(0, 3).sort((a, b) => a - b);

export function render({ model, el }) {
  const data = model.get("data");
  const psi = clusterMeans(data.wrong, data.counts);
  const state = { at: 0, open: false, free: false };
  const score = { right: 0, asked: 0 };
  const [ask, picture] = [h("div"), h("div", { class: "ir-row" })];
  const live = teller();
  const list = choice({ label: "Prompt", options: data.prompts, onChange: (at) => change({ at, open: true }) });
  const next = button("Another prompt", () => change({ at: (state.at + 1) % data.prompts.length, open: false }));
  const controls = h("div", { class: "ir-controls" }, list.node, next);

  const nearest = (at) => ranked(data.distances[at])[0];
  const described = (k) => `${data.clusters[k]} (as “${data.typical[k][0]}”)`;
  const told = (at) => {
    const [first, second] = ranked(data.distances[at]);
    return `It is in “${data.clusters[first]}”: distance ${number(data.distances[at][first])} to that centre, ` +
      `${number(data.distances[at][second])} to the next, “${data.clusters[second]}”.`;
  };

  function guess(k) {
    score.asked += 1;
    const right = k === nearest(state.at);
    score.right += right;
    change({ open: true });
    live.say(`${right ? "Right" : "No"}. ${told(state.at)} You have ${score.right} of ${score.asked}.`);
  }

  function change(set) {
    Object.assign(state, set);
    list.show(state.at);
    controls.hidden = !state.free;
    draw();
  }

  function draw(width = Math.floor(picture.clientWidth) || 640) {
    const half = width < 640 ? width : Math.floor((width - 20) / 2);
    const distances = data.distances[state.at];
    ask.replaceChildren(h("p", { class: "ir-prompt" }, `“${data.prompts[state.at]}”`),
      ...(state.free && !state.open ? [h("p", { class: "ir-nav" }, "Which cluster? ",
        options(distances).map((k) => button(data.clusters[k], () => guess(k))))] : []));
    if (!state.open) {
      picture.replaceChildren(panel("The clusters, with a typical prompt of each",
        h("ul", { class: "ir-typical" }, data.clusters.map((name, k) =>
          h("li", {}, h("strong", {}, name), `: “${data.typical[k][1]}”`)))));
      if (!score.asked) live.say("");
      return;
    }
    const order = ranked(distances);
    const rows = order.map((k, i) => ({ name: data.clusters[k].slice(0, 14), value: distances[k],
      colour: i ? "var(--ir-faint)" : "var(--ir-router)" }));
    const row = psi[order[0]];
    const llms = data.llms.map((name, llm) => ({ name, value: 1 - row[llm], colour: colour(name) }));
    picture.replaceChildren(
      bars({ width: half, rows, title: "Distance to the centres", say: number, high: Math.max(...distances) }),
      bars({ width: half, rows: llms, title: `Right answers in “${data.clusters[order[0]]}”` }));
    if (!state.free || !score.asked) live.say(told(state.at));
  }

  const of = (name) => data.prompts.findIndex((_, i) => data.clusters[nearest(i)] === name);
  const odd = data.prompts.reduce((found, _, i) => {
    const gap = (at) => ranked(data.distances[at]).slice(0, 2).map((k) => data.distances[at][k]);
    const [a, b] = [gap(i), gap(found)];
    return a[1] - a[0] < b[1] - b[0] ? i : found;
  }, 0);
  const easy = Math.max(0, of("roman"));
  const asking = (at) => ({
    text: "which cluster is it in?", options: options(data.distances[at]).map(described),
    answer: (k) => `${options(data.distances[at])[k] === nearest(at) ? "Right. " : "No. "}${told(at)}`,
  });
  const steps = [
    { text: "K-means was given embeddings of prompts and nothing else: no labels, no kinds. The names of the clusters are ours, from what is " +
        "in them. Here is a prompt that it has not seen.", set: { at: easy, open: true, free: false }, ask: asking(easy) },
    { text: "This one lies nearly between two centres. A hard cluster takes no notice: the nearest centre decides, however narrowly.",
      set: { at: odd, open: true, free: false }, ask: asking(odd) },
    { text: "Why it matters: the router knows an LLM by its right answers in each cluster. A prompt in the wrong cluster is sent by the wrong " +
        "column.", set: { at: odd, open: true, free: false } },
    { text: "Now it is yours. Guess again and again: how many of ten do you get? Do you go by the words or by the task?",
      set: { at: (odd + 1) % data.prompts.length, open: false, free: true } },
  ];
  el.replaceChildren(h("div", { class: "ir" },
    guide(steps, (set, hidden) => change({ ...set, ...(hidden ? { open: false } : set.open === undefined ? { open: true } : {}) })),
    ask, controls, picture, live.node));
  return fit(picture, draw);
}

export default { render };
