// One budget, or one lambda, linked to prompts, curve, traffic and the reasons for one prompt.

import {
  budgetFor, budgetRule, clusterMeans, deferralCurve, explain, probabilities, qualityAt, traffic,
} from "./rule.mjs";
import { envelopeChart } from "./envelope.mjs";
import {
  along, bars, bunch, button, chart, choice, clamp, colour, drag, fit, guide, h, number, panel,
  percent, s, scale, slider, teller,
} from "./parts.mjs";

const LAMBDA = { low: 0.002, high: 5, log: true };
const LAST = 200; // places of a slider

// All that does not depend on the budget.
export function prepare(data) {
  const weights = data.clusters.map((_, k) => data.cluster.filter((c) => c === k).length);
  const gamma = clusterMeans(data.wrong, data.counts);
  const losses = data.clusters.map((_, k) =>
    data.llms.map((_, llm) => {
      const mine = data.losses.filter((_, i) => data.cluster[i] === k);
      return mine.reduce((sum, row) => sum + row[llm], 0) / mine.length;
    }),
  );
  const total = data.counts.reduce((a, b) => a + b);
  const overall = data.llms.map((_, llm) => data.wrong.reduce((sum, row) => sum + row[llm], 0) / total);
  const flat = gamma.map(() => overall);
  const curve = deferralCurve(gamma, losses, data.costs, weights);
  const zero = deferralCurve(flat, losses, data.costs, weights);
  const singles = data.llms.map((_, llm) =>
    1 - losses.reduce((sum, row, k) => sum + weights[k] * row[llm], 0) / data.cluster.length);
  return { weights, gamma, losses, curve, zero, singles };
}

// What a rule does: chances by cluster, traffic, mean cost and quality.
export function outcome(data, { gamma, losses, weights }, rule) {
  const chances = probabilities(gamma, data.costs, rule);
  const shares = traffic(chances, weights);
  const cost = shares.reduce((sum, share, llm) => sum + share * data.costs[llm], 0);
  const lost = chances.reduce(
    (sum, row, k) => sum + weights[k] * row.reduce((a, chance, llm) => a + chance * losses[k][llm], 0), 0);
  return { chances, shares, cost, quality: 1 - lost / data.cluster.length };
}

// The LLM that the prompt at a place within its cluster gets: the coin is a fixed one.
export function chosen(row, place) {
  const coin = (place * 0.6180339887498949) % 1;
  let total = 0;
  const order = row.map((_, llm) => llm).sort((a, b) => row[b] - row[a] || a - b);
  return order.find((llm) => (total += row[llm]) > coin + 1e-12) ?? order[0];
}

export function render({ model, el }) {
  const data = model.get("data");
  const known = prepare(data);
  const { curve, zero, gamma, weights } = known;
  const ends = { low: curve[0].cost, high: Math.max(...data.costs), log: true };
  const place = scale(ends, 0, LAST);
  const lambdaPlace = scale(LAMBDA, 1, LAST);
  const places = data.cluster.map((k, i) => i - data.cluster.indexOf(k));
  const best = known.singles.indexOf(Math.max(...known.singles));
  const state = { rule: { lambda: 0, share: 0 }, budget: ends.high, prompt: 0, hidden: false };
  let timer = null;

  const [upper, lower] = [h("div"), h("div", { class: "ir-row" })];
  const live = teller();
  const budgetSlider = slider({
    label: `Budget per prompt (${data.unit})`, last: LAST, value: LAST,
    say: (at) => number(place.invert(at)), onInput: (at) => change({ budget: place.invert(at) }),
  });
  const lambdaOf = (at) => (at === 0 ? 0 : lambdaPlace.invert(at));
  const lambdaSlider = slider({
    label: "Cost weight λ", last: LAST, value: 0,
    say: (at) => number(lambdaOf(at)), onInput: (at) => change({ lambda: lambdaOf(at) }),
  });
  const ofCluster = (k) => data.cluster.flatMap((c, i) => (c === k ? [i] : []));
  const clusterChoice = choice({
    label: "Cluster", options: data.clusters,
    onChange: (k) => change({ prompt: ofCluster(k)[0] }),
  });
  const promptChoice = choice({
    label: "Prompt", options: [],
    onChange: (i) => change({ prompt: ofCluster(data.cluster[state.prompt])[i] }),
  });
  const play = button("Play all budgets", sweep);
  const controls = h("div", { class: "ir-controls" }, budgetSlider.node, lambdaSlider.node, play);
  const finder = h("div", { class: "ir-controls" }, clusterChoice.node, promptChoice.node);

  function change({ budget, lambda, prompt = state.prompt, hidden = state.hidden, keep }) {
    if (!keep) clearInterval(timer);
    if (budget !== undefined) {
      state.rule = budgetRule(gamma, data.costs, budget, weights);
      state.budget = budget;
    } else if (lambda !== undefined) {
      state.rule = { lambda, share: 0 };
      state.budget = outcome(data, known, state.rule).cost;
    }
    Object.assign(state, { prompt, hidden });
    budgetSlider.show(Math.round(clamp(place(state.budget), 0, LAST)));
    const { lambda: at } = state.rule;
    lambdaSlider.show(at === 0 ? 0 : Math.round(clamp(lambdaPlace(at), 1, LAST)));
    if (at > 0 && Number.isFinite(at)) lambdaSlider.node.querySelector(".ir-value").textContent = number(at);
    const k = data.cluster[state.prompt];
    clusterChoice.show(k);
    promptChoice.show(places[state.prompt], ofCluster(k).map((i) => data.prompts[i]));
    draw();
  }

  function sweep() {
    clearInterval(timer);
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) {
      change({ budget: ends.high });
      return;
    }
    let at = 0;
    timer = setInterval(() => {
      change({ budget: place.invert(at), keep: true });
      at += 2;
      if (at > LAST || !el.isConnected) clearInterval(timer);
    }, 60);
  }

  function cloud(width, now) {
    const columns = width < 560 ? 3 : 5;
    const cell = width / columns;
    const tall = Math.min(cell, 124) + 40;
    const spacing = Math.min(5.3, (Math.min(cell, 124) / 2 - 3) / Math.sqrt(Math.max(...weights)));
    const rows = Math.ceil(data.clusters.length / columns);
    const height = rows * tall;
    const groups = data.clusters.map((name, k) => {
      const [x, y] = [(k % columns) * cell + cell / 2, Math.floor(k / columns) * tall];
      const mine = ofCluster(k);
      const dots = bunch(mine.length, spacing).map(([dx, dy], i) =>
        s("circle", {
          cx: dx, cy: dy, r: mine[i] === state.prompt ? spacing * 1.1 : spacing * 0.78,
          class: mine[i] === state.prompt ? "ir-dot ir-picked" : "ir-dot",
          style: `fill:${state.hidden ? "var(--ir-faint)" : colour(data.llms[chosen(now.chances[k], i)])}`,
          "data-prompt": mine[i],
        }));
      const picked = mine.indexOf(state.prompt);
      if (picked >= 0) dots.push(...dots.splice(picked, 1)); // on top
      const to = now.chances[k].flatMap((chance, llm) => (chance > 0 ? [data.llms[llm]] : []));
      return s("g", { transform: `translate(${x},${y})` },
        s("text", { y: 12, "text-anchor": "middle", class: "ir-name" }, name),
        s("text", { y: 27, "text-anchor": "middle" }, state.hidden ? "?" : `→ ${to.join(", ")}`),
        s("g", { transform: `translate(0,${30 + (tall - 36) / 2})` }, dots));
    });
    const svg = s("svg", {
      viewBox: `0 0 ${width} ${height}`, width, height, role: "img", class: "ir-cloud",
      "aria-label": `${data.prompts.length} prompts in ${data.clusters.length} clusters. ` +
        "Choose one by the lists below.",
      onclick: (event) => {
        const i = nearestDot(svg, event);
        if (i !== null) change({ prompt: i });
      },
    }, groups);
    return panel("Every dot is a prompt, every bunch a cluster; the colour is the LLM that answers", svg);
  }

  function nearestDot(svg, event) {
    let [found, distance] = [null, 22];
    for (const dot of svg.querySelectorAll("circle")) {
      const box = dot.getBoundingClientRect();
      const away = Math.hypot(
        box.x + box.width / 2 - event.clientX, box.y + box.height / 2 - event.clientY);
      if (away < distance) [found, distance] = [Number(dot.dataset.prompt), away];
    }
    return found;
  }

  function curves(width, now) {
    const view = chart({
      width, height: 270, title: "Quality at every budget",
      x: { ...ends, low: ends.low * 0.85, high: ends.high * 1.2, label: `mean cost (${data.unit})` },
      y: { low: 0, high: 0.9, label: "share of right answers" },
      label: state.hidden ? "Quality against cost; the router's curve is still hidden."
        : `Quality against cost. UniRoute reaches ${percent(now.quality)} at this budget, the ` +
          `ZeroRouter ${percent(qualityAt(zero, now.cost))}.`,
    });
    const { px, py, inner } = view;
    const line = (one, name) => s("path", { class: name, d: along((x) => qualityAt(one, x), ends, px, py) });
    inner.append(
      line(zero, "ir-line ir-zero"),
      s("text", { x: px(0.6), y: py(qualityAt(zero, 0.6)) + 20, class: "ir-zero-word" }, "ZeroRouter"),
      ...data.llms.map((name, llm) => s("circle", {
        cx: px(data.costs[llm]), cy: py(known.singles[llm]), r: 4, style: `fill:${colour(name)}`,
      }, s("title", {}, `${name}: ${percent(known.singles[llm])}`))),
      s("text", { x: px(data.costs[best]) + 8, y: py(known.singles[best]) + 20, "text-anchor": "end" },
        data.llms[best]),
    );
    if (!state.hidden) {
      inner.append(
        line(curve, "ir-line ir-router"),
        s("text", { x: px(0.62), y: py(0.81), class: "ir-router-word" }, "UniRoute"),
        s("line", { x1: px(now.cost), x2: px(now.cost), y1: py(0), y2: py(0.9), class: "ir-now" }),
        s("circle", { cx: px(now.cost), cy: py(now.quality), r: 7, class: "ir-here" }),
      );
    }
    if (!state.hidden) {
      view.svg.classList.add("ir-drag");
      view.svg.addEventListener("pointerdown", (event) => {
        const { x } = view.svg.getBoundingClientRect();
        drag(event, (pixel) => change({ budget: clamp(px.invert(pixel - x), ends.low, ends.high) }));
      });
    }
    return view.node;
  }

  const scores = (width, told) => envelopeChart({
    width, title: `Scores in the cluster “${data.clusters[data.cluster[state.prompt]]}”`,
    row: gamma[data.cluster[state.prompt]], llms: data.llms, costs: data.costs,
    axis: LAMBDA, high: 1.4, lambda: state.rule.lambda, told,
  });

  function card(told) {
    const i = state.prompt;
    const k = data.cluster[i];
    const flips = [
      told.high < Infinity ? `From λ = ${number(told.high)} on a cheaper LLM is chosen.` : "No larger λ changes that.",
      told.low > 0 ? `Below λ = ${number(told.low)} it is a more expensive one.` : "No smaller λ changes that.",
    ];
    const shares = probabilities([gamma[k]], data.costs, state.rule)[0];
    const rest = shares.findIndex((share, llm) => share > 0 && llm !== told.choice);
    const coin = rest < 0 ? "" : ` A coin sends ${percent(shares[rest])} of this cluster to ` +
      `${data.llms[rest]}, so that the budget is spent exactly.`;
    return panel("Why this LLM?",
      h("p", { class: "ir-prompt" }, `“${data.prompts[i]}”`),
      h("p", {}, `Cluster “${data.clusters[k]}”, known from ${data.counts[k]} labelled prompts. ` +
        `At λ = ${number(state.rule.lambda)} the smallest score is that of ${data.llms[told.choice]}; ` +
        `runner-up: ${data.llms[told.runnerUp]}. ${flips.join(" ")}${coin}`),
      h("table", { class: "ir-table" },
        h("thead", {}, h("tr", {}, ["LLM", "pred. loss", "cost", "score", "this prompt"].map((word) =>
          h("th", { scope: "col" }, word)))),
        h("tbody", {}, told.order.map((llm) =>
          h("tr", { class: llm === told.choice ? "ir-chosen" : null },
            h("th", { scope: "row" },
              h("span", { class: "ir-key", style: `background:${colour(data.llms[llm])}` }),
              llm === told.choice ? `${data.llms[llm]} ✓` : data.llms[llm]),
            h("td", {}, gamma[k][llm].toFixed(3)),
            h("td", {}, number(data.costs[llm])),
            h("td", {}, told.scores[llm].toFixed(3)),
            h("td", {}, data.losses[i][llm] ? "wrong" : "right"))))));
  }

  function draw(width = Math.floor(upper.clientWidth) || 640) {
    const now = outcome(data, known, state.rule);
    const half = width < 640 ? width : Math.floor((width - 20) / 2);
    const told = explain(gamma[data.cluster[state.prompt]], data.costs, state.rule.lambda);
    const rows = data.llms.map((name, llm) => ({ name, value: now.shares[llm], colour: colour(name) }));
    const covered = panel("Traffic by LLM", h("p", {}, "Hidden until you have guessed."));
    upper.replaceChildren(
      cloud(width, now),
      h("div", { class: "ir-row" }, curves(half, now),
        state.hidden ? covered : bars({ width: half, rows, title: "Traffic by LLM", high: Math.max(0.4, ...now.shares) })),
    );
    lower.replaceChildren(...(state.hidden ? [] : [scores(half, told), card(told)]));
    finder.hidden = controls.hidden = state.hidden;
    live.say(state.hidden ? "" :
      `At ${number(now.cost)} ${data.unit} per prompt, λ = ${number(state.rule.lambda)}, UniRoute is right on ` +
      `${percent(now.quality)}; the ZeroRouter, for the same money, on ${percent(qualityAt(zero, now.cost))}. ` +
      `Most traffic goes to ${data.llms[now.shares.indexOf(Math.max(...now.shares))]}.`);
  }

  const saved = budgetFor(curve, known.singles[best]) / data.costs[best];
  const lists = data.prompts.findIndex((_, i) => data.clusters[data.cluster[i]] === "month");
  const steps = [
    {
      text: `${data.prompts.length} prompts, and ${data.llms.length} small LLMs that have really answered them. ` +
        `${data.llms[best]} is the best of them and the most expensive: it is right on ` +
        `${percent(known.singles[best])}. A router may send every prompt to another LLM.`,
      ask: {
        text: `what part of ${data.llms[best]}'s cost does a router need to be right as often?`,
        options: ["about 5 %", "about 25 %", "about 60 %", "all of it"],
        answer: (guess) => `It needs ${percent(saved)}. ${guess === 0 ? "You were right." : "Less than you thought."} ` +
          "The blue curve reaches the best LLM's quality far to the left of it.",
      },
      set: { budget: budgetFor(curve, known.singles[best]), prompt: 0 },
    },
    {
      text: "A small budget: nearly all prompts go to the cheapest LLM. Only where a specialist of the next " +
        "size is much better does a cluster move first.",
      set: { budget: 0.12 },
    },
    {
      text: "More money: each specialist has its cluster. Nobody told the router what the specialists can do; " +
        "it counts wrong answers in every cluster.",
      set: { budget: 0.42 },
    },
    {
      text: "Why does this prompt go where it goes? Its cluster has a mean loss for every LLM. To each of them λ times the " +
        "cost is added, and the smallest sum wins. Where two lines cross, the choice flips.",
      set: { lambda: 0.1, prompt: Math.max(0, lists) },
    },
    {
      text: "Now it is yours. Move the budget or λ, drag on the curve, click a prompt. Can you find a budget at which more " +
        "money makes the router worse?",
    },
  ];
  el.replaceChildren(h("div", { class: "ir" },
    guide(steps, (set, hidden) => change({ ...set, hidden })), controls, upper, finder, lower, live.node));
  return fit(upper, draw);
}

export default { render };
