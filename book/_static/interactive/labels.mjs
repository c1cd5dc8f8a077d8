// Few labels: how much should a prior count, and what does the package make of it?

import { shrunk } from "./rule.mjs";
import { chart, choice, fit, guide, h, number, panel, path, s, slider, teller } from "./parts.mjs";

const KAPPAS = [0, 1, 2, 5, 10, 20, 50, 100, 1000];
const KINDS = { alike: "new LLMs like those of training", stronger: "new LLMs stronger than all of training" };

// Shrunk means of one LLM, one for each cluster; where there is neither a label nor a prior, its
// mean over all labels stands in, as in the package.
export function estimates(pool, size, llm, kappa) {
  const [wrong, counts] = [pool.wrong[size].map((row) => row[llm]), pool.counts[size]];
  const total = (values) => values.reduce((a, b) => a + b, 0);
  return pool.training.map((prior, k) =>
    counts[k] + kappa ? shrunk(wrong[k], counts[k], prior, kappa) : total(wrong) / total(counts));
}

// Root mean squared error over clusters and LLMs of an estimate(llm), which is a list.
export function error(pool, estimate) {
  let [sum, total] = [0, 0];
  pool.llms.forEach((_, llm) => {
    const found = estimate(llm);
    pool.weights.forEach((weight, k) => {
      sum += weight * (found[k] - pool.truth[k][llm]) ** 2;
      total += weight;
    });
  });
  return Math.sqrt(sum / total);
}

export function render({ model, el }) {
  const data = model.get("data");
  const kinds = Object.keys(data.pools);
  const state = { kind: 0, size: 2, kappa: 3, llm: 5, package: true, hidden: false };
  const picture = h("div", { class: "ir-row" });
  const live = teller();
  const pool = () => data.pools[kinds[state.kind]];
  const which = choice({ label: "Pool", options: kinds.map((kind) => KINDS[kind]), onChange: (kind) => change({ kind }) });
  const llms = choice({ label: "LLM shown", options: pool().llms, onChange: (llm) => change({ llm }) });
  const sizes = slider({ label: "Labels of each LLM", last: data.sizes.length - 1, value: 2,
    say: (at) => String(data.sizes[at]), onInput: (size) => change({ size }) });
  const kappas = slider({ label: "The prior counts as much as … labels in each cluster (κ)", last: KAPPAS.length - 1, value: 3,
    say: (at) => String(KAPPAS[at]), onInput: (kappa) => change({ kappa }) });

  const yours = (kappa) => error(pool(), (llm) => estimates(pool(), state.size, llm, KAPPAS[kappa]));
  const ours = () => error(pool(), (llm) => pool().prior[state.size].map((row) => row[llm]));

  function change(set) {
    Object.assign(state, set);
    which.show(state.kind);
    llms.show(state.llm, pool().llms);
    sizes.show(state.size);
    kappas.show(state.kappa);
    draw();
  }

  function dots(width) {
    const one = pool();
    const rows = one.truth.map((row, k) => k).sort((a, b) => one.weights[b] - one.weights[a]);
    const [step, left] = [26, 74];
    const view = chart({ width, height: rows.length * step + 56, title: `${one.llms[state.llm]}: mean loss in each cluster`,
      x: { low: 0, high: 1, label: "mean loss" }, y: { low: 0, high: 1, label: "clusters (labels)" },
      label: `Mean losses of ${one.llms[state.llm]} in ${rows.length} clusters: true, from labels alone, shrunk by you` });
    view.inner.replaceChildren();
    view.svg.querySelectorAll("g > text[text-anchor=end]").forEach((text) => text.parentNode.remove());
    const { px, inner } = view;
    const mine = estimates(one, state.size, state.llm, KAPPAS[state.kappa]);
    inner.append(...rows.map((k, row) => {
      const [n, wrong] = [one.counts[state.size][k], one.wrong[state.size][k][state.llm]];
      const y = 26 + row * step;
      return s("g", {},
        s("line", { x1: px(0), x2: px(1), y1: y, y2: y, class: "ir-grid" }),
        s("text", { x: 36, y, dy: "0.35em", "text-anchor": "end" }, String(n)),
        s("line", { x1: px(one.truth[k][state.llm]), x2: px(one.truth[k][state.llm]), y1: y - 9, y2: y + 9, class: "ir-truth" }),
        n ? s("circle", { cx: px(wrong / n), cy: y, r: 5, class: "ir-hollow" }) : null,
        s("path", { d: "M-5,0L0,-6L5,0L0,6Z", transform: `translate(${px(mine[k])},${y})`, class: "ir-mine" }),
        state.hidden ? null : s("rect", { x: px(one.prior[state.size][k][state.llm]) - 4, y: y - 4, width: 8, height: 8, class: "ir-ours" }));
    }));
    const key = (mark, text) => h("span", { class: "ir-mark" }, s("svg", { width: 16, height: 14, "aria-hidden": "true" }, mark), text);
    view.node.append(h("p", { class: "ir-keys" },
      key(s("line", { x1: 8, x2: 8, y1: 0, y2: 14, class: "ir-truth" }), "truth"),
      key(s("circle", { cx: 8, cy: 7, r: 4.5, class: "ir-hollow" }), "labels alone"),
      key(s("path", { d: "M3,7L8,1L13,7L8,13Z", class: "ir-mine" }), "your mean"),
      state.hidden ? null : key(s("rect", { x: 4, y: 3, width: 8, height: 8, class: "ir-ours" }), "UniRoute()")));
    return view.node;
  }

  function errors(width) {
    const values = KAPPAS.map((_, i) => yours(i));
    const top = 1.1 * Math.max(...values, ours());
    const view = chart({ width, height: 316, title: `Error over all ${pool().llms.length} LLMs, by κ`,
      x: { low: -0.3, high: KAPPAS.length - 0.7, label: "κ, from labels alone to the prior alone" },
      y: { low: 0, high: top, label: "error of a mean loss" },
      label: state.hidden ? "Error against kappa, hidden until you have guessed." : `Error against kappa: ${values.map((value, i) => `${KAPPAS[i]}: ${number(value)}`).join(", ")}. UniRoute: ${number(ours())}` });
    view.svg.querySelectorAll("g > text[text-anchor=middle]").forEach((text) => text.remove());
    const { px, py, inner } = view;
    inner.append(...KAPPAS.map((kappa, i) => s("text", { x: px(i), y: py(0) + 15, "text-anchor": "middle" }, String(kappa))));
    if (!state.hidden)
      inner.append(
        s("line", { x1: px(0), x2: px(KAPPAS.length - 1), y1: py(ours()), y2: py(ours()), class: "ir-line ir-router" }),
        s("text", { x: px(KAPPAS.length - 1), y: py(ours()) + 16, "text-anchor": "end", class: "ir-router-word" }, "UniRoute()"),
        s("path", { class: "ir-line ir-accent", d: path(values.map((value, i) => [px(i), py(value)])) }),
        s("circle", { cx: px(state.kappa), cy: py(values[state.kappa]), r: 7, class: "ir-here" }));
    return view.node;
  }

  function draw(width = Math.floor(picture.clientWidth) || 640) {
    const half = width < 640 ? width : Math.floor((width - 20) / 2);
    picture.replaceChildren(dots(half), errors(half));
    live.say(state.hidden ? "" : `${data.sizes[state.size]} labels, κ = ${KAPPAS[state.kappa]}: your error ${number(yours(state.kappa))}; ` +
      `labels alone ${number(yours(0))}; UniRoute() ${number(ours())}.`);
  }

  const bestKappa = (kind, size) => {
    const [was, wasSize] = [state.kind, state.size];
    Object.assign(state, { kind, size });
    const values = KAPPAS.map((_, i) => yours(i));
    Object.assign(state, { kind: was, size: wasSize });
    return KAPPAS[values.indexOf(Math.min(...values))];
  };
  const at = (n) => data.sizes.indexOf(n);
  const steps = [
    { text: "Twelve LLMs join with 25 labels each, two or three to a cluster: circles. The lines are the truth. Of other LLMs, those of training, " +
        "we know mean losses in every cluster. Your mean (diamond) takes them for κ labels more.",
      set: { kind: 0, size: at(25), kappa: 0, llm: 5 },
      ask: { text: "which κ is best here, with 25 labels?", options: ["0: labels alone", "1 to 5", "20 or more"],
        answer: (guess) => `The best of these is κ = ${bestKappa(0, at(25))}. ${guess === 0 ? "Labels alone are noise here. " : ""}` +
          "UniRoute() does better still: it has learned how LLMs differ, and so labels in one cluster speak for others too." } },
    { text: "Four hundred labels. A small κ neither helps nor harms now, and a large one is a burden: forty labels in a cluster say " +
        "more than the mean of other LLMs.",
      set: { kind: 0, size: at(400), kappa: 2, llm: 5 } },
    { text: "Now all new LLMs are stronger than those of training: the prior is wrong about them. With few labels it still beats noise, but it is " +
        "to be trusted less: look at the best κ.", set: { kind: 1, size: at(25), kappa: 2, llm: 10 } },
    { text: "Now it is yours. How many labels does it take until κ = 0 is within 0.01 of the best κ, in each of the two pools?" },
  ];
  el.replaceChildren(h("div", { class: "ir" }, guide(steps, (set, hidden) => change({ ...set, hidden })),
    h("div", { class: "ir-controls" }, which.node, llms.node, sizes.node, kappas.node), picture, live.node));
  return fit(picture, draw);
}

export default { render };
