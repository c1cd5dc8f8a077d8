// The decision, as the Python package makes it: uniroute/rule.py and uniroute/evaluate.py say why.
// `gamma` has a row of predicted losses for each kind of prompts and a column for each LLM;
// `weights` says how many prompts are of a kind.

const ROUNDING = 1e-13;

const least = (values) => values.reduce((a, b) => Math.min(a, b), Infinity);
const most = (values) => values.reduce((a, b) => Math.max(a, b), -Infinity);
const sum = (values) => values.reduce((a, b) => a + b, 0);

function aboveCheapest(costs) {
  const low = least(costs);
  return costs.map((cost) => (cost - low > ROUNDING * low ? cost - low : 0));
}

// Lambda times added costs; infinity times 0 is 0.
const weighted = (added, lambda) => added.map((cost) => (cost > 0 ? cost * lambda : 0));

const slackOf = (gamma) => ROUNDING * most(gamma.map(Math.abs));

// The first LLM that is least by one [values, slack] after the other.
function first(running, ...keys) {
  for (const [values, slack] of keys) {
    const bar = least(values.filter((_, i) => running[i])) + slack;
    running = running.map((runs, i) => runs && values[i] <= bar);
  }
  return running.indexOf(true);
}

// The cheap and the expensive end of a tie.
function settle(gamma, penalty, added, slack) {
  const score = gamma.map((loss, i) => loss + penalty[i]);
  const bar = least(score.map((value, i) => value + ROUNDING * penalty[i])) + slack;
  const running = score.map((value) => value <= bar);
  const loss = [gamma, slack];
  const cost = [added, 0];
  return [first(running, cost, loss), first(running, loss, cost)];
}

// Both ends of one prompt's choice; most often they are one.
export function ends(gamma, costs, lambda) {
  const added = aboveCheapest(costs);
  return settle(gamma, weighted(added, lambda), added, slackOf(gamma));
}

// The LLM with the smallest predicted loss plus weighted cost, for each row.
export const route = (gamma, costs, lambda) => gamma.map((row) => ends(row, costs, lambda)[0]);

// Those better than each cheaper one, by rising cost.
function undominated(gamma, added) {
  let best = Infinity;
  const order = added.map((_, i) => i).sort((a, b) => added[a] - added[b] || a - b);
  return order.filter((i) => {
    const better = gamma[i] < best;
    best = Math.min(best, gamma[i]);
    return better;
  });
}

function nextMove(gamma, added, slack, here) {
  const drop = gamma.map((loss) => gamma[here] - loss);
  const further = added.map((cost) => cost - added[here]);
  const better = drop.map((value, i) => value > slack && further[i] > 0);
  if (!better.includes(true)) return null;
  const rates = drop.map((value, i) => (better[i] ? value / further[i] : 0));
  const rate = Math.min(most(rates), Number.MAX_VALUE);
  const penalty = added.map((cost) => rate * cost);
  const reach = penalty[here] + slack + ROUNDING * most(penalty);
  const close = drop.map((value, i) => better[i] && penalty[i] - value <= reach);
  if (close.filter(Boolean).length === 1) return [close.indexOf(true), rate];
  const losses = gamma.map((loss, i) => (better[i] ? loss : Infinity));
  return [settle(losses, penalty, added, slack)[1], rate];
}

// The choices of one row as lambda falls from infinity to 0: a start, and moves.
function rowPath(row, costs) {
  const above = aboveCheapest(costs);
  const kept = undominated(row, above);
  const [gamma, added] = [kept.map((i) => row[i]), kept.map((i) => above[i])];
  const slack = slackOf(row);
  const moves = [];
  let here = settle(gamma, weighted(added, Infinity), added, slack)[0];
  const start = kept[here];
  let limit = Infinity;
  for (let move = nextMove(gamma, added, slack, here); move; ) {
    const [there, rate] = move;
    if (rate <= 0) break;
    limit = Math.min(limit, rate);
    const further = added[there] - added[here];
    const reach = limit + (slack + ROUNDING * limit * added[here]) / further;
    moves.push({ lambda: limit, reach, from: kept[here], to: kept[there] });
    here = there;
    move = nextMove(gamma, added, slack, here);
  }
  return { start, moves };
}

// Moves by falling lambda; lambdas that are equal but for rounding become equal.
function mergeRounding(moves) {
  const raw = moves.map((move) => move.lambda);
  const lowest = [];
  moves.forEach((move, i) => lowest.push(Math.min(move.reach, i ? lowest[i - 1] : Infinity)));
  const fresh = raw.map((_, i) => lowest[i] < (i ? raw[i - 1] : Infinity));
  const groups = () => {
    let at = 0;
    return fresh.map((isNew, i) => (at = isNew ? i : at));
  };
  const of = groups();
  let begin = 0;
  raw.forEach((_, i) => {
    if (lowest[i] >= raw[of[i]]) return; // many small steps make a large one
    begin = Math.max(begin, of[i]);
    if (lowest[i] < raw[begin]) {
      fresh[i] = true;
      begin = i;
    }
  });
  const places = groups();
  return moves.map((move, i) => ({ ...move, lambda: raw[places[i]] }));
}

export function routingPath(gamma, costs) {
  const rows = gamma.map((row) => rowPath(row, costs));
  const moves = rows.flatMap((row, i) => row.moves.map((move) => ({ ...move, row: i })));
  moves.sort((a, b) => b.lambda - a.lambda); // stable
  return { start: rows.map((row) => row.start), moves: mergeRounding(moves) };
}

// The mean of values of the chosen LLMs above, between and below the lambdas of the moves.
function means(path, valueOf, weights) {
  const total = sum(weights);
  let mean = sum(path.start.map((llm, row) => weights[row] * valueOf(row, llm))) / total;
  const found = [{ lambda: Infinity, mean }];
  for (const { lambda, row, from, to } of path.moves) {
    mean += (weights[row] / total) * (valueOf(row, to) - valueOf(row, from));
    if (found.at(-1).lambda === lambda) found.at(-1).mean = mean;
    else found.push({ lambda, mean });
  }
  return found;
}

// Mean cost and mean loss at every budget; between two vertices a coin decides.
export function deferralCurve(gamma, losses, costs, weights) {
  const path = routingPath(gamma, costs);
  const spent = means(path, (_, llm) => costs[llm], weights);
  const lost = means(path, (row, llm) => losses[row][llm], weights);
  const all = spent.map(({ lambda, mean }, i) => ({ lambda, cost: mean, loss: lost[i].mean }));
  return all.filter((one, i) => all.slice(i + 1).every((next) => one.cost < next.cost));
}

// Quality of a curve at a budget; NaN below its first vertex.
export function qualityAt(curve, budget) {
  if (budget < curve[0].cost) return NaN;
  const after = curve.findIndex((vertex) => vertex.cost > budget);
  if (after < 0) return 1 - curve.at(-1).loss;
  const [a, b] = [curve[after - 1], curve[after]];
  return 1 - a.loss + ((budget - a.cost) / (b.cost - a.cost)) * (a.loss - b.loss);
}

// The least budget with a quality, or infinity.
export function budgetFor(curve, quality) {
  const after = curve.findIndex((vertex) => 1 - vertex.loss >= quality - 1e-12);
  if (after < 0) return Infinity;
  if (after === 0) return curve[0].cost;
  const [a, b] = [curve[after - 1], curve[after]];
  const part = Math.min(1, (a.loss - (1 - quality)) / (a.loss - b.loss));
  return a.cost + part * (b.cost - a.cost);
}

// The normalised area under a curve of quality against cost.
export function areaOf(curve, costs) {
  const [low, high] = [least(costs), most(costs)];
  const at = (budget) => qualityAt(curve, Math.max(budget, curve[0].cost));
  if (low === high) return at(low);
  const inside = curve.map((vertex) => vertex.cost).filter((cost) => cost > low && cost < high);
  const knots = [low, ...inside, high];
  const pieces = knots.slice(1).map((x, i) => ((x - knots[i]) * (at(x) + at(knots[i]))) / 2);
  return sum(pieces) / (high - low);
}

// The lambda, and the coin's share at it, that spend a budget exactly.
export function budgetRule(gamma, costs, budget, weights) {
  const spent = means(routingPath(gamma, costs), (_, llm) => costs[llm], weights);
  const allowed = Math.max(budget, spent[0].mean);
  const after = spent.findIndex((vertex) => vertex.mean > allowed);
  if (allowed >= spent.at(-1).mean || after < 0) return { lambda: 0, share: 0 };
  const [a, b] = [spent[after - 1].mean, spent[after].mean];
  return { lambda: spent[after].lambda, share: (allowed - a) / (b - a) };
}

// The probability of each LLM for each row: with `share` the expensive end of a tie.
export function probabilities(gamma, costs, { lambda, share }) {
  return gamma.map((row) => {
    const [cheap, dear] = ends(row, costs, lambda);
    const chances = row.map(() => 0);
    chances[cheap] += 1 - share;
    chances[dear] += share;
    return chances;
  });
}

// The share of all prompts that each LLM gets.
export function traffic(chances, weights) {
  const total = sum(weights);
  return chances[0].map((_, llm) => sum(chances.map((row, i) => row[llm] * weights[i])) / total);
}

// Why a row goes where it goes: scores, the runner-up, and between which lambdas the choice holds.
export function explain(row, costs, lambda) {
  const scores = row.map((loss, llm) => loss + weighted([costs[llm]], lambda)[0]);
  const [choice] = ends(row, costs, lambda);
  const order = row.map((_, llm) => llm);
  order.sort((a, b) => scores[a] - scores[b] || costs[a] - costs[b] || a - b);
  const { moves } = routingPath([row], costs);
  const left = moves.filter((move) => move.from === choice).at(-1);
  const entered = moves.filter((move) => move.to === choice).at(-1);
  return {
    choice,
    runnerUp: order.find((llm) => llm !== choice) ?? null,
    scores,
    order,
    low: left ? left.lambda : 0,
    high: entered ? entered.lambda : Infinity,
  };
}

// The cluster of the nearest centre.
export function nearest(x, centers) {
  const scores = centers.map((center) => {
    const product = sum(center.map((value, i) => value * x[i]));
    return product - sum(center.map((value) => value * value)) / 2;
  });
  return scores.indexOf(most(scores));
}

// Predicted losses by cluster means, a row for each cluster: wrong answers over labels; where an
// LLM has no label, its mean over all of them.
export function clusterMeans(wrong, counts) {
  const overall = wrong[0].map(
    (_, llm) => sum(wrong.map((row) => row[llm])) / sum(counts),
  );
  return wrong.map((row, k) => row.map((n, llm) => (counts[k] ? n / counts[k] : overall[llm])));
}

// The mean of labels and of a prior that counts as much as `kappa` labels.
export const shrunk = (total, n, prior, kappa) =>
  n + kappa > 0 ? (total + kappa * prior) / (n + kappa) : prior;
