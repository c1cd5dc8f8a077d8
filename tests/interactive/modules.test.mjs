// What the figures compute beside the rule, and the parts that need no page.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

import { argmax, columns } from "../../book/_static/interactive/clusters.mjs";
import { chosen, outcome, prepare } from "../../book/_static/interactive/explorer.mjs";
import { holds, share, truth } from "../../book/_static/interactive/intervals.mjs";
import { error, estimates } from "../../book/_static/interactive/labels.mjs";
import { curveOf, poolOf, trafficAt } from "../../book/_static/interactive/newcomer.mjs";
import { along, bunch, number, percent, scale, ticks } from "../../book/_static/interactive/parts.mjs";
import { lossesAt, outcome as inPlane } from "../../book/_static/interactive/plane.mjs";
import { options, ranked } from "../../book/_static/interactive/prompt.mjs";
import { budgetRule, qualityAt } from "../../book/_static/interactive/rule.mjs";

const dataOf = (name) =>
  JSON.parse(readFileSync(new URL(`../../book/_static/interactive/${name}.json`, import.meta.url), "utf8"));
const near = (a, b, within = 1e-9) => assert.ok(Math.abs(a - b) <= within, `${a} is not ${b}`);

// --- parts ---

test("numbers have three digits and no zeros at the end", () => {
  assert.deepEqual([0.12345, 1234.5, 1e-15, 2, Infinity].map(number),
    ["0.123", "1230", "0", "2", "infinity"]);
  assert.equal(percent(0.125), "13 %");
});

test("a scale goes there and back", () => {
  for (const axis of [{ low: 0, high: 5 }, { low: 0.01, high: 9, log: true }]) {
    const place = scale(axis, 40, 300);
    near(place(axis.low), 40);
    near(place(axis.high), 300);
    near(place.invert(place(1.7)), 1.7);
  }
});

test("ticks are round and inside", () => {
  assert.deepEqual(ticks({ low: 0, high: 0.9 }, 5), [0, 0.2, 0.4, 0.6, 0.8]);
  assert.deepEqual(ticks({ low: -1.2, high: 1.2 }, 6), [-1, -0.5, 0, 0.5, 1]);
  assert.deepEqual(ticks({ low: 0.067, high: 11.5, log: true }, 7), [0.1, 0.2, 0.5, 1, 2, 5, 10]);
  assert.deepEqual(ticks({ low: 0.002, high: 5, log: true }, 5), [0.01, 0.1, 1]);
});

test("a bunch is dense, and its dots hardly cover each other", () => {
  const dots = bunch(100, 5);
  assert.ok(Math.max(...dots.map(([x, y]) => Math.hypot(x, y))) <= 50);
  const gaps = dots.flatMap(([x, y], i) => dots.slice(0, i).map(([u, v]) => Math.hypot(x - u, y - v)));
  assert.ok(Math.min(...gaps) > 6);
});

test("a function is drawn at its own values on a logarithmic axis", () => {
  const axis = { low: 1, high: 100, log: true };
  const drawn = along((x) => 2 * x, axis, (x) => x, (y) => y, 50);
  const points = drawn.slice(1).split("L").map((pair) => pair.split(",").map(Number));
  assert.equal(points.length, 51);
  for (const [x, y] of points) near(y, 2 * x, 1e-9);
});

// --- explorer ---

const explorer = dataOf("explorer");
const known = prepare(explorer);

test("what a budget buys is on the curve, and spends it", () => {
  for (const budget of [0.1, 0.3, 0.44, 1, 4]) {
    const now = outcome(explorer, known, budgetRule(known.gamma, explorer.costs, budget, known.weights));
    near(now.cost, budget);
    near(now.quality, qualityAt(known.curve, budget));
    near(now.shares.reduce((a, b) => a + b), 1);
  }
});

test("the coloured dots are the chances, as nearly as dots can be", () => {
  const row = [0.3, 0, 0.7];
  const drawn = Array.from({ length: 200 }, (_, i) => chosen(row, i));
  assert.equal(drawn.filter((llm) => llm === 1).length, 0);
  near(drawn.filter((llm) => llm === 2).length / 200, 0.7, 0.01);
  assert.ok(Array.from({ length: 50 }, (_, i) => chosen([0, 1], i)).every((llm) => llm === 1));
});

test("the first step's answer is the first option", () => {
  const best = Math.max(...known.singles);
  const cost = explorer.costs[known.singles.indexOf(best)];
  near(qualityAt(known.curve, 0.05 * cost), best, 0.02);
});

// --- newcomer ---

const newcomer = dataOf("newcomer");

test("an LLM that is never right gets no traffic from one that is cheaper", () => {
  const useless = { cost: 1, right: newcomer.clusters.map(() => 0) };
  const pool = poolOf(newcomer, ["Heron-S", "Heron-L"], useless);
  near(trafficAt(pool, 1)["Yours"], 0);
});

test("an LLM that is always right and costs least gets all", () => {
  const perfect = { cost: 0.05, right: newcomer.clusters.map(() => 1) };
  const pool = poolOf(newcomer, ["Heron-S", "Heron-L"], perfect);
  near(trafficAt(pool, 10)["Yours"], 1);
  near(qualityAt(curveOf(pool), 10), 1);
});

test("LLMs keep their places whatever the order of the pool", () => {
  const [a, b] = [["Heron-S", "Abacus-M"], ["Abacus-M", "Heron-S"]].map((names) =>
    trafficAt(poolOf(newcomer, names), 0.3));
  for (const name of ["Heron-S", "Abacus-M"]) near(a[name], b[name]);
});

// --- clusters ---

test("the steps say what the numbers say", () => {
  const data = dataOf("clusters");
  const best = (n) => data.clusters[argmax(columns(data, data.sizes.indexOf(n))[1])];
  assert.equal(best(400), 20);
  assert.ok(best(100) < best(400));
  const [, delivered] = columns(data, data.sizes.indexOf(100));
  assert.ok(delivered.at(-1) < delivered[0]);
  data.promised.flat().forEach((promise, i) => assert.ok(promise > data.delivered.flat()[i]));
});

// --- plane ---

test("the steps in the plane say what the numbers say", () => {
  const data = dataOf("plane");
  const gamma = data.prompts.map((place) => lossesAt(data, place));
  const at = (lambda) => inPlane(gamma, data.costs, lambda);
  const used = (lambda) => data.llms.filter((_, llm) => at(lambda).shares[llm] > 0);
  assert.deepEqual(used(0), ["medium", "huge"]);
  const kindB = data.kind.indexOf(1);
  assert.notEqual(at(0).choices[kindB], at(0.003).choices[kindB]);
  assert.ok(at(0.003).cost < at(0).cost / 3);
  assert.ok(at(0).quality - at(0.003).quality < 0.12);
  assert.ok(used(0.003).length > 1 && !used(0.01).includes("huge"));
  assert.deepEqual(used(0.03), ["nano", "mini"]);
});

// --- prompt ---

test("the right cluster is among three to choose from", () => {
  const data = dataOf("prompt");
  for (const row of data.distances) {
    const [nearest] = ranked(row);
    assert.equal(row[nearest], Math.min(...row));
    assert.ok(options(row).includes(nearest));
    assert.equal(new Set(options(row)).size, 3);
  }
});

// --- intervals ---

test("the figure's shares are near those of the stored simulation", () => {
  const data = dataOf("intervals");
  for (const one of data.cases) {
    const matched = [[0, 1], [1, 0], [2, 1]];
    matched.forEach(([claim, question]) =>
      near(share(holds(one, claim, question)), one.stored[claim], 0.15));
  }
});

test("new LLMs have one truth, these LLMs one for each experiment", () => {
  const [, one] = dataOf("intervals").cases;
  assert.equal(truth(one, 3, 1), 0);
  assert.equal(truth(one, 3, 0), one.aboutPrompts[3]);
});

// --- labels ---

const pools = dataOf("labels").pools;

test("without a prior the estimate is the mean label, with a heavy one the prior", () => {
  const [pool, size, llm] = [pools.alike, 6, 5];
  estimates(pool, size, llm, 0).forEach((value, k) =>
    near(value, pool.wrong[size][k][llm] / pool.counts[size][k]));
  estimates(pool, size, llm, 1e9).forEach((value, k) => near(value, pool.training[k], 1e-6));
});

test("the error of the truth is nothing", () => {
  near(error(pools.alike, (llm) => pools.alike.truth.map((row) => row[llm])), 0);
});

test("with few labels a prior helps less where it is wrong", () => {
  const gain = (pool) =>
    error(pool, (llm) => estimates(pool, 2, llm, 0)) - error(pool, (llm) => estimates(pool, 2, llm, 2));
  assert.ok(gain(pools.alike) > gain(pools.stronger));
  assert.ok(gain(pools.stronger) > 0);
});
