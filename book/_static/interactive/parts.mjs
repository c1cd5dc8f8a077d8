// What the figures share: elements, scales, charts, controls, and the guide through the steps.

const SVG = "http://www.w3.org/2000/svg";

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== false && value != null) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child != null));
  return node;
}

export const h = (tag, attributes = {}, ...children) =>
  fill(document.createElement(tag), attributes, children);

export const s = (tag, attributes = {}, ...children) =>
  fill(document.createElementNS(SVG, tag), attributes, children);

// --- numbers ---

export const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

export const percent = (share) => `${Math.round(100 * share)} %`;

// Three significant digits, without zeros at the end.
export function number(value) {
  if (!Number.isFinite(value)) return value > 0 ? "infinity" : "no number";
  const small = Math.abs(value) < 1e-12 ? 0 : value;
  return String(Number(small.toPrecision(3)));
}

// From numbers to pixels; `invert` goes back.
export function scale({ low, high, log = false }, from, to) {
  const f = log ? Math.log : (x) => x;
  const back = log ? Math.exp : (x) => x;
  const [a, b] = [f(low), f(high)];
  const place = (x) => from + ((f(x) - a) / (b - a)) * (to - from);
  place.invert = (pixel) => back(a + ((pixel - from) / (to - from)) * (b - a));
  return place;
}

// Round numbers within an axis: 1, 2, 5 times powers of ten.
export function ticks({ low, high, log = false }, most = 6) {
  const found = [];
  if (log) {
    const digits = high / low > 10 ** (most / 2) ? [1] : [1, 2, 5];
    for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power += 1)
      found.push(...digits.map((digit) => Number((digit * 10 ** power).toPrecision(1))));
    return found.filter((x) => x >= low * (1 - 1e-9) && x <= high * (1 + 1e-9));
  }
  const rough = (high - low) / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((digit) => digit * power).find((one) => one >= rough);
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + 1e-9 * step; i += 1)
    found.push(Number((i * step).toPrecision(12)));
  return found;
}

// Places of the dots of a bunch, from its middle outwards, as in a sunflower.
export function bunch(n, spacing) {
  const turn = Math.PI * (3 - Math.sqrt(5));
  return Array.from({ length: n }, (_, i) => {
    const away = spacing * Math.sqrt(i + 0.5);
    return [away * Math.cos(i * turn), away * Math.sin(i * turn)];
  });
}

// --- charts ---

// An empty chart: its node, its scales, and where lines and dots go.
export function chart({ width, height, x, y, title, label }) {
  const [left, right, top, bottom] = [46, 12, 14, 40];
  const px = scale(x, left, width - right);
  const py = scale(y, height - bottom, top);
  const inner = s("g");
  const node = s(
    "svg",
    { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": label },
    ticks(x, width < 420 ? 5 : 7).map((tick) =>
      s("g", { transform: `translate(${px(tick)},0)` },
        s("line", { y1: top, y2: height - bottom, class: "ir-grid" }),
        s("text", { y: height - bottom + 15, "text-anchor": "middle" }, number(tick))),
    ),
    ticks(y, 5).map((tick) =>
      s("g", { transform: `translate(0,${py(tick)})` },
        s("line", { x1: left, x2: width - right, class: "ir-grid" }),
        s("text", { x: left - 6, dy: "0.32em", "text-anchor": "end" }, number(tick))),
    ),
    s("text", { x: (left + width - right) / 2, y: height - 6, "text-anchor": "middle" }, x.label),
    s("text", { transform: `translate(12,${(top + height - bottom) / 2}) rotate(-90)`,
      "text-anchor": "middle" }, y.label),
    inner,
  );
  return { node: panel(title, node), svg: node, inner, px, py, left, right, top, bottom };
}

export const panel = (title, ...children) =>
  h("div", { class: "ir-panel" }, h("p", { class: "ir-title" }, title), ...children);

export const path = (points) => points.map(([x, y], i) => `${i ? "L" : "M"}${x},${y}`).join("");

// A function drawn point by point, so that it is right on a logarithmic axis too.
export function along(f, { low, high, log = false }, px, py, n = 160) {
  const at = scale({ low, high, log }, 0, n);
  const xs = Array.from({ length: n + 1 }, (_, i) => at.invert(i));
  return path(xs.filter((x) => Number.isFinite(f(x))).map((x) => [px(x), py(f(x))]));
}

// Horizontal bars with their names and numbers.
export function bars({ width, rows, title, say = percent, high = 1 }) {
  const [step, left, right] = [24, 96, 52];
  const reach = scale({ low: 0, high }, 0, width - left - right);
  const label = `${title}: ${rows.map((row) => `${row.name} ${say(row.value)}`).join(", ")}`;
  const height = rows.length * step;
  return panel(
    title,
    s("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": label },
      rows.map((row, i) =>
        s("g", { transform: `translate(0,${i * step})` },
          s("text", { x: left - 8, y: step / 2, dy: "0.35em", "text-anchor": "end" }, row.name),
          s("rect", { x: left, y: 4, width: Math.max(0, reach(row.value)), height: step - 8,
            style: `fill:${row.colour}` }),
          row.before == null ? null : s("line", { x1: left + reach(row.before), y1: 2, y2: step - 2,
            x2: left + reach(row.before), class: "ir-before" }),
          s("text", { x: left + reach(row.value) + 6, y: step / 2, dy: "0.35em" }, say(row.value))),
      )),
  );
}

export const colour = (llm) => `var(--ir-${llm}, var(--ir-other))`;

// --- controls ---

// A slider over places 0 to `last`; `say` puts a place into words.
export function slider({ label, last, value, say, onInput }) {
  const output = h("span", { class: "ir-value" }, say(value));
  const input = h("input", { type: "range", min: 0, max: last, step: 1, "aria-label": label });
  const show = (place) => {
    input.value = place;
    output.textContent = say(Number(input.value));
    input.setAttribute("aria-valuetext", output.textContent);
  };
  input.addEventListener("input", () => {
    show(Number(input.value));
    onInput(Number(input.value));
  });
  show(value);
  const node = h("label", { class: "ir-slider" }, h("span", {}, label), output, input);
  return { node, show, input };
}

// Call back with the pointer's place until it is lifted, wherever it goes.
export function drag(event, move) {
  move(event.clientX);
  const follow = (next) => move(next.clientX);
  const stop = () => {
    window.removeEventListener("pointermove", follow);
    for (const end of ["pointerup", "pointercancel"]) window.removeEventListener(end, stop);
  };
  window.addEventListener("pointermove", follow);
  for (const end of ["pointerup", "pointercancel"]) window.addEventListener(end, stop);
}

// A list to choose from; `options` are texts.
export function choice({ label, options, value = 0, onChange }) {
  const select = h("select", { onchange: () => onChange(select.selectedIndex) });
  const show = (place, texts = options) => {
    const old = [...select.options].map((option) => option.text);
    if (old.length !== texts.length || old.some((text, i) => text !== texts[i]))
      select.replaceChildren(...texts.map((text) => h("option", {}, text)));
    select.selectedIndex = place;
  };
  show(value);
  const node = h("label", { class: "ir-choice" }, h("span", {}, label), select);
  return { node, show, select };
}

export const button = (text, onclick, attributes = {}) =>
  h("button", { type: "button", class: "ir-button", onclick, ...attributes }, text);

// --- the guide ---

// The question of a step: `ask` has a text, options or the ends of a scale, and what to say.
function question(ask, look) {
  let guess = ask.options ? null : (ask.low + ask.high) / 2;
  const say = h("button", { type: "submit", class: "ir-button ir-main", disabled: guess === null }, "Look");
  const field = ask.options
    ? ask.options.map((option, i) =>
        h("label", { class: "ir-option" },
          h("input", { type: "radio", name: "guess", onchange: () => {
            guess = i;
            say.disabled = false;
          } }), ` ${option}`))
    : slider({ label: "your guess", last: 100, value: 50, say: (place) => {
        const value = ask.low + (place / 100) * (ask.high - ask.low);
        return ask.unit === "%" ? `${Math.round(value)} %` : number(value);
      }, onInput: (place) => {
        guess = ask.low + (place / 100) * (ask.high - ask.low);
      } }).node;
  const submit = (event) => {
    event.preventDefault();
    look(guess);
  };
  return h("form", { class: "ir-ask", onsubmit: submit },
    h("fieldset", {}, h("legend", {}, `Guess before you look: ${ask.text}`), field), say);
}

// Steps one after the other, the last of them free play. `apply(set, hidden)` shows a step; while
// its question is open, `hidden` is true.
export function guide(steps, apply) {
  const answers = steps.map(() => null);
  const count = h("p", { class: "ir-count" });
  const text = h("div", { class: "ir-text", "aria-live": "polite" });
  const asked = h("div");
  const back = button("Back", () => go(at - 1));
  const next = button("Next", () => go(at + 1));
  let at = 0;

  function show() {
    const step = steps[at];
    const open = step.ask && answers[at] === null;
    const last = at === steps.length - 1;
    apply(step.set ?? {}, Boolean(open));
    count.textContent = last ? "Free play" : `Step ${at + 1} of ${steps.length - 1}`;
    text.replaceChildren(h("p", {}, step.text));
    if (answers[at] !== null) text.append(h("p", { class: "ir-answer" }, answers[at]));
    asked.replaceChildren(...(open ? [question(step.ask, look)] : []));
    back.disabled = at === 0;
    next.textContent = last ? "Start again" : open ? "Skip" : "Next";
    next.className = open || last ? "ir-button" : "ir-button ir-main";
  }

  function look(guess) {
    apply({}, false);
    answers[at] = steps[at].ask.answer(guess);
    show();
    next.focus({ preventScroll: true });
  }

  function go(place) {
    if (place >= steps.length) answers.fill(null);
    at = place >= steps.length ? 0 : place;
    show();
  }

  show();
  return h("section", { class: "ir-steps", "aria-label": "Steps" },
    count, text, asked, h("p", { class: "ir-nav" }, back, next));
}

// A sentence below the figure that says what is seen; not at every pixel of a slider.
export function teller() {
  const node = h("p", { class: "ir-live", "aria-live": "polite" });
  let waiting = null;
  const say = (sentence) => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      if (node.textContent !== sentence) node.textContent = sentence;
    }, 250);
  };
  return { node, say };
}

// Draw now, and again when the width changes.
export function fit(el, draw) {
  let width = 0;
  const look = () => {
    const found = Math.floor(el.clientWidth) || 640;
    if (found !== width) draw((width = found));
  };
  look();
  const observer = new ResizeObserver(look);
  observer.observe(el);
  return () => observer.disconnect();
}
