// The number of clusters and the number of labels: the hump, and what the winner promised.

import { chart, fit, guide, h, number, path, s, slider, teller } from "./parts.mjs";

// The place of the largest value.
export const argmax = (values) => values.indexOf(Math.max(...values));

// The promised and the delivered areas at one number of labels, by number of clusters.
export const columns = (data, size) =>
  ["promised", "delivered"].map((name) => data[name].map((row) => row[size]));

export function render({ model, el }) {
  const data = model.get("data");
  const state = { size: 2, K: 6, hidden: false, promise: false, covered: false };
  const picture = h("div");
  const live = teller();
  const sizes = slider({ label: "Labelled prompts", last: data.sizes.length - 1, value: state.size,
    say: (at) => String(data.sizes[at]), onInput: (size) => change({ size }) });
  const clusters = slider({ label: "Clusters K", last: data.clusters.length - 1, value: state.K,
    say: (at) => String(data.clusters[at]), onInput: (K) => change({ K }) });
  const box = h("input", { type: "checkbox", onchange: () => change({ promise: box.checked }) });

  function change(set) {
    Object.assign(state, set);
    sizes.show(state.size);
    clusters.show(state.K);
    box.checked = state.promise;
    draw();
  }

  function draw(width = Math.floor(picture.clientWidth) || 640) {
    const [promised, delivered] = columns(data, state.size);
    const best = argmax(delivered);
    const K = data.clusters[state.K];
    const view = chart({ width, height: 330, title: `Area with ${data.sizes[state.size]} labels, means over ${data.nDraws} draws of them`,
      x: { low: 0.9, high: 135, log: true, label: "number of clusters K" },
      y: { low: 0.55, high: 0.96, label: "area under the curve" },
      label: state.hidden ? "Area against the number of clusters; the answer is hidden."
        : `Area against the number of clusters. Highest at K = ${data.clusters[best]}.` });
    const { px, py, inner, left, right } = view;
    const points = (values) => values.map((value, i) => [px(data.clusters[i]), py(value)]);
    const line = (values, name) => s("path", { class: `ir-line ${name}`, d: path(points(values)) });
    inner.append(
      s("line", { x1: left, x2: width - 12, y1: py(data.best), y2: py(data.best), class: "ir-now" }),
      s("text", { x: left + 4, y: py(data.best) + 14 }, "the best possible"),
      line(data.limit, "ir-zero"),
      s("text", { x: px(70), y: py(data.limit[9]) + 26, "text-anchor": "middle", class: "ir-zero-word" }, "labels without end"));
    if (state.promise && !state.hidden)
      inner.append(line(promised, "ir-accent"),
        s("text", { x: px(12) - 12, y: py(promised[5]) - 8, "text-anchor": "end", class: "ir-accent-word" }, "promised by the labels"));
    if (!state.hidden)
      inner.append(line(delivered, "ir-router"),
        ...points(delivered).map(([x, y]) => s("circle", { cx: x, cy: y, r: 3.5, class: "ir-dot-router" })),
        s("circle", { cx: px(K), cy: py(delivered[state.K]), r: 7, class: "ir-here" }),
        s("text", { x: px(data.clusters[best]), y: py(delivered[best]) + 24, "text-anchor": "middle", class: "ir-router-word" },
          `best: K = ${data.clusters[best]}`));
    picture.replaceChildren(view.node);
    const gap = promised[state.K] - delivered[state.K];
    live.say(state.hidden ? "" : `${data.sizes[state.size]} labels, ${K} clusters: about ${number(data.sizes[state.size] / K)} labels ` +
      `in each. Delivered ${delivered[state.K].toFixed(3)}, best ${delivered[best].toFixed(3)} at K = ${data.clusters[best]}. ` +
      `The labels themselves promise ${promised[state.K].toFixed(3)}, too much by ${gap.toFixed(3)}.`);
  }

  const at = (n) => data.sizes.indexOf(n);
  const bestOf = (n) => data.clusters[argmax(columns(data, at(n))[1])];
  const steps = [
    { text: "Twenty kinds of prompts. With labels without end (dashed), more clusters are better: smaller cells, prompts more alike. " +
        "But there are 400 labelled prompts, and every cluster wants some of them.",
      set: { size: at(400), K: data.clusters.indexOf(20), promise: false },
      ask: { text: "which number of clusters is best with 400 labels?", options: ["1", "5", "20", "120"],
        answer: (guess) => `It is K = ${bestOf(400)}${guess === 2 ? ", as you said" : ""}. The curve has a hump: too few clusters ` +
          "mix prompts, too many have too few labels each." } },
    { text: "A quarter of the labels. The hump goes down, and to the left.",
      set: { size: at(100), K: data.clusters.indexOf(12), promise: false },
      ask: { text: "with 100 labels, is K = 120 better or worse than not looking at prompts at all (K = 1)?",
        options: ["better", "worse"],
        answer: () => {
          const [, found] = columns(data, at(100));
          return `${found.at(-1) < found[0] ? "Worse" : "Better"}: ${found.at(-1).toFixed(3)} against ${found[0].toFixed(3)}. ` +
            "A table of noise does harm.";
        } } },
    { text: "Could one choose K by the labels themselves? The orange curve is the area that the router promises: its own means, taken for " +
        "the truth. The smallest of several noisy means is too small: the winner's curse. The promise is largest where the harm is.",
      set: { size: at(100), K: data.clusters.indexOf(50), promise: true } },
    { text: "Now it is yours. How many labels does the promise need to be true within 0.05 at K = 20? At which number of labels does K = 50 " +
        "beat K = 1?", set: { promise: true } },
  ];
  el.replaceChildren(h("div", { class: "ir" }, guide(steps, (set, hidden) => change({ ...set, hidden })),
    h("div", { class: "ir-controls" }, sizes.node, clusters.node,
      h("label", { class: "ir-option" }, box, "show the promise")), picture, live.node));
  return fit(picture, draw);
}

export default { render };
