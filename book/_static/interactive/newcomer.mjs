// An LLM joins or leaves, or the reader invents one: nothing is fitted again.

import { budgetRule, clusterMeans, deferralCurve, probabilities, qualityAt, traffic } from "./rule.mjs";
import {
  along, bars, button, chart, clamp, colour, fit, guide, h, number, percent, s, scale, slider, teller,
} from "./parts.mjs";

const YOURS = "Yours";
const LAST = 100;

// The pool of some LLMs, and an invented one with a price and a share of right answers by cluster.
export function poolOf(data, names, invented = null) {
  const means = clusterMeans(data.wrong, data.counts);
  const truth = clusterMeans(data.testWrong, data.testCounts);
  const at = names.map((name) => data.llms.indexOf(name));
  const take = (rows) => rows.map((row, k) =>
    [...at.map((llm) => row[llm]), ...(invented ? [1 - invented.right[k]] : [])]);
  return {
    names: [...names, ...(invented ? [YOURS] : [])],
    costs: [...at.map((llm) => data.costs[llm]), ...(invented ? [invented.cost] : [])],
    gamma: take(means),
    losses: take(truth),
    weights: data.testCounts,
  };
}

export const curveOf = ({ gamma, losses, costs, weights }) =>
  deferralCurve(gamma, losses, costs, weights);

// Traffic by name at a budget.
export function trafficAt(pool, budget) {
  const rule = budgetRule(pool.gamma, pool.costs, budget, pool.weights);
  const shares = traffic(probabilities(pool.gamma, pool.costs, rule), pool.weights);
  return Object.fromEntries(pool.names.map((name, i) => [name, shares[i]]));
}

export function render({ model, el }) {
  const data = model.get("data");
  const ends = { low: 0.05, high: Math.max(...data.costs) * 1.15, log: true };
  const place = scale(ends, 0, LAST);
  const start = ["Heron-S", "Pebble-L", "Pebble-XL"];
  const invented = { cost: 0.3, right: data.clusters.map(() => 0.2) };
  const state = { names: start, before: null, yours: false, budget: 2, hidden: false };

  const picture = h("div", { class: "ir-row" });
  const live = teller();
  const boxes = data.llms.map((name) =>
    h("input", { type: "checkbox", onchange: () => {
      const names = data.llms.filter((_, i) => boxes[i].checked);
      change({ names: names.length ? names : state.names, before: current() });
    } }));
  const yoursBox = h("input", { type: "checkbox", onchange: () => change({ yours: yoursBox.checked, before: current() }) });
  const members = h("fieldset", { class: "ir-members" }, h("legend", {}, "The pool"),
    data.llms.map((name, i) => h("label", { class: "ir-option" }, boxes[i],
      h("span", { class: "ir-key", style: `background:${colour(name)}` }), `${name} (${number(data.costs[i])})`)),
    h("label", { class: "ir-option" }, yoursBox,
      h("span", { class: "ir-key", style: `background:${colour(YOURS)}` }), "one that you invent"));
  const budget = slider({ label: `Budget per prompt (${data.unit})`, last: LAST, value: Math.round(place(2)),
    say: (at) => number(place.invert(at)), onInput: (at) => change({ budget: place.invert(at) }) });
  const price = slider({ label: `Its cost (${data.unit})`, last: LAST, value: Math.round(place(invented.cost)),
    say: (at) => number(place.invert(at)), onInput: (at) => {
      invented.cost = place.invert(at);
      change({ yours: true });
    } });
  const strengths = data.clusters.map((name, k) => slider({ label: name, last: 20, value: 4,
    say: (at) => `${5 * at} %`, onInput: (at) => {
      invented.right[k] = at / 20;
      change({ yours: true });
    } }));
  const maker = h("fieldset", { class: "ir-maker" }, h("legend", {}, "Your LLM: its cost, and its right answers in each cluster"),
    price.node, strengths.map((one) => one.node));

  const current = () => poolOf(data, state.names, state.yours ? invented : null);

  function change(set) {
    Object.assign(state, set);
    state.names.length && boxes.forEach((box, i) => (box.checked = state.names.includes(data.llms[i])));
    yoursBox.checked = state.yours;
    maker.hidden = !state.yours;
    budget.show(Math.round(clamp(place(state.budget), 0, LAST)));
    draw();
  }

  function step(set, hidden) {
    const { names = state.names, from = null, yours = state.yours, right = null, cost = null } = set;
    if (right) {
      invented.right = data.clusters.map((name) => right[name] ?? 0.1);
      strengths.forEach((one, k) => one.show(Math.round(20 * invented.right[k])));
    }
    if (cost) {
      invented.cost = cost;
      price.show(Math.round(place(cost)));
    }
    const before = Object.keys(set).length ? from && poolOf(data, from) : state.before;
    change({ names, yours, hidden, before, budget: set.budget ?? state.budget });
  }

  function draw(width = Math.floor(picture.clientWidth) || 640) {
    const half = width < 640 ? width : Math.floor((width - 20) / 2);
    const hiddenNow = state.hidden && state.before;
    const pool = hiddenNow ? state.before : current();
    const curve = curveOf(pool);
    const shares = trafficAt(pool, Math.max(state.budget, curve[0].cost));
    const old = state.before && !hiddenNow && trafficAt(state.before, Math.max(state.budget, curveOf(state.before)[0].cost));
    const quality = qualityAt(curve, Math.max(state.budget, curve[0].cost));
    const view = chart({ width: half, height: 280, title: "Quality at every budget",
      x: { ...ends, label: `mean cost (${data.unit})` }, y: { low: 0, high: 1, label: "share of right answers" },
      label: `Quality against cost for ${pool.names.length} LLMs: ${percent(quality)} at this budget.` });
    const { px, py, inner } = view;
    const line = (one, name) => s("path", { class: `ir-line ${name}`,
      d: along((x) => qualityAt(one, x), { ...ends, low: Math.max(ends.low, one[0].cost) }, px, py) });
    if (old) inner.append(line(curveOf(state.before), "ir-old"));
    const total = pool.weights.reduce((a, b) => a + b);
    inner.append(line(curve, "ir-router"),
      ...pool.names.map((name, llm) => s("circle", { cx: px(pool.costs[llm]), r: 4.5, style: `fill:${colour(name)}`,
        cy: py(1 - pool.losses.reduce((sum, row, k) => sum + pool.weights[k] * row[llm], 0) / total) },
        s("title", {}, name))),
      s("line", { x1: px(state.budget), x2: px(state.budget), y1: py(0), y2: py(1), class: "ir-now" }),
      s("circle", { cx: px(clamp(state.budget, curve[0].cost, ends.high)), cy: py(quality), r: 6, class: "ir-here" }));
    const shown = [...new Set([...pool.names, ...Object.keys(old || {})])];
    const rows = shown.map((name) => ({ name, colour: colour(name), value: shares[name] ?? 0,
      before: old ? old[name] ?? 0 : null }));
    picture.replaceChildren(view.node,
      bars({ width: half, rows, title: old ? "Traffic by LLM (mark: before)" : "Traffic by LLM",
        high: Math.max(0.4, ...rows.map((row) => Math.max(row.value, row.before ?? 0))) }));
    const was = old ? qualityAt(curveOf(state.before), Math.max(state.budget, curveOf(state.before)[0].cost)) : null;
    live.say(`${pool.names.length} LLMs, ${number(state.budget)} ${data.unit}: right on ${percent(quality)}` +
      `${was === null ? "" : `, before the change on ${percent(was)}`}. ` +
      shown.filter((name) => (shares[name] ?? 0) > 0.005).map((name) => `${name} ${percent(shares[name])}`).join(", ") + ".");
  }

  const joined = [...start, "Abacus-M"];
  const steps = [
    { text: "Three generalists: small, large, very large. Clusters were found once, and in each of them every LLM has a mean " +
        "loss over a few dozen labelled prompts. That is all that the router knows.",
      set: { names: start, yours: false, budget: 2 } },
    { text: "Abacus-M joins. It was trained on numbers and on nothing else; over all prompts it is worse than Heron-S. Its wrong " +
        "answers on the labelled prompts are counted by cluster, and nothing is fitted again.",
      set: { names: joined, from: start, yours: false, budget: 2 },
      ask: { text: "how much of the traffic will it get at this budget?", low: 0, high: 100, unit: "%",
        answer: (guess) => {
          const share = trafficAt(poolOf(data, joined), 2)["Abacus-M"];
          return `You said ${Math.round(guess)} %; it gets ${percent(share)}: the clusters in which it is good, and no other.`;
        } } },
    { text: "Three more specialists, and the very large one is switched off. The curve rises nevertheless.",
      set: { names: ["Heron-S", "Pebble-L", "Abacus-M", "Quill-M", "Almanac-M", "Lexis-M"], from: joined, yours: false, budget: 2 } },
    { text: "Invent one: cheap, and good at nothing but code and logic. Wrong nearly everywhere, and yet it gets traffic.",
      set: { names: ["Heron-S", "Pebble-L", "Abacus-M", "Quill-M", "Almanac-M", "Lexis-M"],
        from: ["Heron-S", "Pebble-L", "Abacus-M", "Quill-M", "Almanac-M", "Lexis-M"], yours: true, cost: 0.3, budget: 2,
        right: { code: 0.7, logic: 0.9 } } },
    { text: "Now it is yours. Let LLMs join and leave, and invent one. How cheap must an LLM of mean strength be to get half of " +
        "the traffic? What you set is taken for true: of a real LLM the router would know it from labels only." },
  ];
  const reset = button("Compare from here", () => change({ before: current() }));
  el.replaceChildren(h("div", { class: "ir" }, guide(steps, step),
    h("div", { class: "ir-controls" }, budget.node, reset), picture, members, maker, live.node));
  return fit(picture, draw);
}

export default { render };
