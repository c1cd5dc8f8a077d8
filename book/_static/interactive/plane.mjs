// One lambda, linked to prompts in a plane, the map of choices, one prompt's scores, curve and traffic.

import { deferralCurve, explain, qualityAt, route, traffic } from "./rule.mjs";
import { envelopeChart } from "./envelope.mjs";
import {
  along, bars, button, chart, choice, clamp, colour, fit, guide, h, number, panel, percent, s, scale,
  slider, teller,
} from "./parts.mjs";

const LAMBDA = { low: 0.0005, high: 0.5, log: true };
const LAST = 120; // places of the slider
const CELLS = 60; // of the map, along each side

// The true mean losses at a place: those of the kinds, by how likely each kind is there.
export function lossesAt({ centers, spread, losses }, [x, y]) {
  const away = centers.map(([a, b]) => ((x - a) ** 2 + (y - b) ** 2) / (2 * spread ** 2));
  const nearest = Math.min(...away);
  const likely = away.map((one) => Math.exp(nearest - one));
  const total = likely.reduce((a, b) => a + b);
  return losses[0].map((_, llm) =>
    likely.reduce((sum, one, k) => sum + (one / total) * losses[k][llm], 0));
}

// The middles of the cells, row by row from the bottom.
export function places({ limits }, n) {
  const [left, right, low, high] = limits;
  const at = (from, to, i) => from + ((i + 0.5) / n) * (to - from);
  return Array.from({ length: n * n }, (_, i) =>
    [at(left, right, i % n), at(low, high, Math.floor(i / n))]);
}

// The cell of an LLM's region that is furthest from the region's edge, and how many cells it is.
export function deepest(choices, n, llm) {
  const depth = choices.map((one) => (one === llm ? Infinity : 0));
  const from = (i, j) => (i < 0 || j < 0 || i >= n || j >= n ? 0 : depth[i * n + j]);
  const pass = (rows, step) => rows.forEach((i) => rows.forEach((j) => {
    depth[i * n + j] = Math.min(depth[i * n + j],
      1 + Math.min(from(i + step, j), from(i, j + step), from(i + step, j + step), from(i + step, j - step)));
  }));
  const rows = Array.from({ length: n }, (_, i) => i);
  pass(rows, -1);
  pass(rows.slice().reverse(), 1);
  const cell = depth.reduce((best, value, i) => (value > depth[best] ? i : best), 0);
  return { cell, depth: depth[cell] };
}

// Runs of cells with the same choice: row, first column, number of columns, LLM.
export function runs(choices, n) {
  const found = [];
  choices.forEach((llm, i) => {
    const last = found.at(-1);
    if (i % n && last.llm === llm) last.length += 1;
    else found.push({ row: Math.floor(i / n), start: i % n, length: 1, llm });
  });
  return found;
}

// What the rule does with some prompts at a lambda: choices, shares, mean cost and mean quality.
export function outcome(gamma, costs, lambda) {
  const choices = route(gamma, costs, lambda);
  const mean = (value) => choices.reduce((sum, llm, i) => sum + value(llm, i), 0) / choices.length;
  const shares = traffic(choices.map((llm) => costs.map((_, m) => Number(m === llm))), choices.map(() => 1));
  return { choices, shares, cost: mean((llm) => costs[llm]), quality: 1 - mean((llm, i) => gamma[i][llm]) };
}

export function render({ model, el }) {
  const data = model.get("data");
  const { llms, costs, prompts } = data;
  const cells = places(data, CELLS).map((place) => lossesAt(data, place));
  const gamma = prompts.map((place) => lossesAt(data, place));
  const curve = deferralCurve(gamma, gamma, costs, prompts.map(() => 1));
  const ofKind = (k) => data.kind.indexOf(k);
  const state = { lambda: 0, prompt: ofKind(1), hidden: false, free: false };
  const place = scale(LAMBDA, 1, LAST);
  const lambdaOf = (at) => (at === 0 ? 0 : place.invert(at));

  const picture = h("div");
  const live = teller();
  const lambdaSlider = slider({ label: "Cost weight λ", last: LAST, value: 0,
    say: (at) => number(lambdaOf(at)), onInput: (at) => change({ lambda: lambdaOf(at) }) });
  const names = prompts.map((_, i) => `${i + 1}, kind ${data.kinds[data.kind[i]]}`);
  const list = choice({ label: "Prompt", options: names, onChange: (prompt) => change({ prompt }) });
  const controls = h("div", { class: "ir-controls" }, lambdaSlider.node, list.node);

  function change(set) {
    Object.assign(state, set);
    lambdaSlider.show(state.lambda === 0 ? 0 : Math.round(clamp(place(state.lambda), 1, LAST)));
    list.show(state.prompt);
    controls.hidden = state.hidden;
    draw();
  }

  function nearestDot(svg, event) {
    const away = [...svg.querySelectorAll("circle")].map((dot) => {
      const box = dot.getBoundingClientRect();
      return Math.hypot(box.x + box.width / 2 - event.clientX, box.y + box.height / 2 - event.clientY);
    });
    const nearest = away.indexOf(Math.min(...away));
    return away[nearest] < 22 ? Number(svg.querySelectorAll("circle")[nearest].dataset.prompt) : null;
  }

  // The plane at a lambda; without one, before the guess, dots alone.
  function map(width, lambda) {
    const side = Math.min(width, 360);
    const [left, right, low, high] = data.limits;
    const px = scale({ low: left, high: right }, 0, side);
    const py = scale({ low, high }, side, 0);
    const choices = lambda === null ? [] : route(cells, costs, lambda);
    const size = side / CELLS;
    const used = llms.map((_, llm) => llm).filter((llm) => choices.includes(llm));
    const order = prompts.map((_, i) => i).sort((a, b) => (a === state.prompt) - (b === state.prompt));
    const svg = s("svg", {
      viewBox: `0 0 ${side} ${side}`, width: side, height: side, role: "img", class: "ir-cloud",
      "aria-label": lambda === null ? "A plane of prompts, in five clouds." :
        `A plane of prompts, cut into regions of ${used.map((llm) => llms[llm]).join(", ")}. ` +
          "Choose a prompt by the list.",
      onclick: (event) => {
        const prompt = nearestDot(svg, event);
        if (prompt !== null) change({ prompt });
      },
    },
    runs(choices, CELLS).map((one) => s("rect", {
      x: one.start * size, y: side - (one.row + 1) * size, width: one.length * size + 0.4, height: size + 0.4,
      style: `fill:${colour(llms[one.llm])}`,
    })),
    order.map((i) => s("circle", {
      cx: px(prompts[i][0]), cy: py(prompts[i][1]), r: i === state.prompt ? 7 : 2.6, "data-prompt": i,
      class: i === state.prompt ? "ir-here" : "ir-spot",
    })),
    used.map((llm) => {
      const { cell, depth } = deepest(choices, CELLS, llm);
      return depth < 5 ? null : s("text", {
        x: (cell % CELLS + 0.5) * size, y: side - Math.floor(cell / CELLS + 0.5) * size,
        "text-anchor": "middle", class: "ir-region",
      }, llms[llm]);
    }));
    return panel(lambda === null ? "Every dot is a prompt; what is chosen there is still hidden"
      : "Every dot is a prompt; the colour is the LLM that is chosen there", svg);
  }

  function curves(width, now) {
    const ends = { low: 1, high: 100, log: true };
    const view = chart({ width, height: 270, title: "Quality at every budget",
      x: { ...ends, label: `mean cost (${data.unit})` }, y: { low: 0, high: 1, label: "mean quality" },
      label: `Quality against cost: ${percent(now.quality)} at mean cost ${number(now.cost)}.` });
    const { px, py, inner } = view;
    const from = { ...ends, low: curve[0].cost };
    inner.append(
      s("path", { class: "ir-line ir-router", d: along((x) => qualityAt(curve, x), from, px, py) }),
      s("line", { x1: px(now.cost), x2: px(now.cost), y1: py(0), y2: py(1), class: "ir-now" }),
      s("circle", { cx: px(now.cost), cy: py(now.quality), r: 7, class: "ir-here" }));
    return view.node;
  }

  function draw(width = Math.floor(picture.clientWidth) || 640) {
    const half = width < 640 ? width : Math.floor((width - 20) / 2);
    if (state.hidden) {
      picture.replaceChildren(map(half, null));
      live.say("");
      return;
    }
    const now = outcome(gamma, costs, state.lambda);
    const row = gamma[state.prompt];
    const told = explain(row, costs, state.lambda);
    const kind = data.kinds[data.kind[state.prompt]];
    const rows = llms.map((name, llm) => ({ name, value: now.shares[llm], colour: colour(name) }));
    picture.replaceChildren(
      h("div", { class: "ir-row" }, map(half, state.lambda),
        envelopeChart({ width: half, title: `Scores of prompt ${state.prompt + 1}, of kind ${kind}: the large dot`,
          row, llms, costs, axis: LAMBDA, high: 1.4, lambda: state.lambda, told })),
      h("div", { class: "ir-row" }, curves(half, now),
        bars({ width: half, rows, title: "Traffic by LLM", high: Math.max(0.4, ...now.shares) })));
    live.say(`At λ = ${number(state.lambda)} the mean cost is ${number(now.cost)}, and ${percent(now.quality)} of the ` +
      `answers are right. Prompt ${state.prompt + 1} goes to ${llms[told.choice]}; runner-up: ${llms[told.runnerUp]}.`);
  }

  const used = outcome(gamma, costs, 0).shares.filter((share) => share > 0).length;
  const spent = (lambda) => outcome(gamma, costs, lambda).cost;
  const words = ["none", "one", "two", "three", "four", "five", "all six"];
  const steps = [
    { text: `${llms.length} LLMs, from ${llms[0]}, which costs ${number(costs[0])}, to ${llms.at(-1)}, which costs ` +
        `${number(costs.at(-1))}. Prompts are points of a plane, in five clouds. At λ = 0 cost does not count: each prompt goes to the ` +
        "LLM with the smallest true mean loss.",
      set: { lambda: 0, prompt: ofKind(1) },
      ask: { text: "how many of the six are used?", options: ["one", "two", "four", "all six"],
        answer: (guess) => `${guess === 1 ? "Right" : "No"}: ${words[used]}. The most expensive LLM is not the best everywhere, ` +
          "and four are never the best." } },
    { text: "Now a unit of cost counts as much as 0.003 of loss. The prompt of kind B has moved: on the right the lowest line is another one.",
      set: { lambda: 0.003 },
      ask: { text: "to what part of that at λ = 0 has the mean cost fallen?", low: 0, high: 100, unit: "%",
        answer: (guess) => `You said ${Math.round(guess)} %; it is ${percent(spent(0.003) / spent(0))}. Of all answers ` +
          `${percent(outcome(gamma, costs, 0.003).quality)} are right, before ${percent(outcome(gamma, costs, 0).quality)}.` } },
    { text: "At λ = 0.01 the largest LLM has no prompt left. A border of the map passes a prompt just when two of its lines cross.",
      set: { lambda: 0.01 } },
    { text: "At λ = 0.03 the two cheapest share the plane. Much is saved, and much is lost: look at the curve.",
      set: { lambda: 0.03 } },
    { text: "Now it is yours. Move λ, click a prompt. Is there a prompt that goes to four LLMs one after the other? To an LLM " +
        "that costs more while λ rises?" },
  ];
  const play = button("Back to λ = 0", () => change({ lambda: 0 }));
  controls.append(play);
  el.replaceChildren(h("div", { class: "ir" },
    guide(steps, (set, hidden) => change({ ...set, hidden })), controls, picture, live.node));
  return fit(picture, draw);
}

export default { render };
