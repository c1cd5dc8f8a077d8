// Reads a list of [name of a function of rule.mjs or plane.mjs, arguments] and prints what they return.
// Infinity and NaN, which JSON has not, travel as texts.

import { readFileSync } from "node:fs";
import * as plane from "../../book/_static/interactive/plane.mjs";
import * as rule from "../../book/_static/interactive/rule.mjs";

const back = (_, value) => (value === "inf" ? Infinity : value);
const there = (_, value) =>
  typeof value === "number" && !Number.isFinite(value) ? String(value) : value;

const cases = JSON.parse(readFileSync(0, "utf8"), back);
const answers = cases.map(([name, ...given]) => ({ ...plane, ...rule })[name](...given));
process.stdout.write(JSON.stringify(answers, there));
