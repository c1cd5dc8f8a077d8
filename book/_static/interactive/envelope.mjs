// The scores of one prompt against lambda, the lowest of them thick: shared by two figures.

import { explain } from "./rule.mjs";
import { along, chart, clamp, colour, path, s, scale } from "./parts.mjs";

// `row` are the predicted losses, `axis` the lambdas from low to high, `high` where scores are cut
// off. `told` is what `explain` says at `lambda`, `loss` how the losses are called.
export function envelopeChart({ width, title, row, llms, costs, axis, high, lambda, told, loss = "predicted loss" }) {
  const view = chart({
    width, height: 270, title,
    x: { ...axis, label: "cost weight λ" }, y: { low: 0, high, label: `${loss} + λ · cost` },
    label: `Scores of the LLMs against lambda. At this lambda ${llms[told.choice]} has the smallest.`,
  });
  const { px, py, inner } = view;
  const at = clamp(lambda, axis.low, axis.high);
  const cap = (llm) => (x) => {
    const score = row[llm] + x * costs[llm];
    return score <= high ? score : NaN;
  };
  const grid = Array.from({ length: 121 }, (_, i) => scale(axis, 0, 120).invert(i));
  const runs = [];
  grid.forEach((x) => {
    const llm = explain(row, costs, x).choice;
    if (runs.at(-1)?.llm === llm) runs.at(-1).xs.push(x);
    else runs.push({ llm, xs: [x] });
  });
  inner.append(
    ...llms.map((name, llm) => s("path", {
      class: "ir-line ir-thin", style: `stroke:${colour(name)}`, d: along(cap(llm), axis, px, py),
    })),
    ...runs.map(({ llm, xs }) => s("path", {
      class: "ir-line ir-thick", style: `stroke:${colour(llms[llm])}`,
      d: path(xs.filter((x) => Number.isFinite(cap(llm)(x))).map((x) => [px(x), py(cap(llm)(x))])),
    })),
    ...runs.filter(({ xs }) => px(xs.at(-1)) - px(xs[0]) > 62).map(({ llm, xs }) => {
      const x = xs[Math.floor(xs.length / 2)];
      return s("text", { x: px(x), y: py(cap(llm)(x)) + 16, "text-anchor": "middle" }, llms[llm]);
    }),
    s("line", { x1: px(at), x2: px(at), y1: py(0), y2: py(high), class: "ir-now" }),
    s("circle", { cx: px(at), cy: py(Math.min(high, told.scores[told.choice])), r: 6, class: "ir-here" }),
  );
  return view.node;
}
