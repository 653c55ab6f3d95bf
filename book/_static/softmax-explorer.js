// <softmax-explorer shows="z e s">: logits to move, and what becomes of them.
//
// `shows` lists the parts: z, e, s, y, gradient (bars); T (a slider for the temperature); loss (the
// formula with its numbers); simplex (a triangle, for three classes); jacobian (a heat map). Until
// this script has run, and where scripts are off, what stands inside the element is shown instead.
"use strict";
{
  const NAMES = ["cat", "dog", "rabbit", "fox", "owl", "hen"];
  const START = [2, 1, 0.1, 0, -1, -2];
  const LIMIT = 6; // of the logits' sliders
  const TALL = 20; // where the scale of the exponentials ends: it stays, so that doubling is seen
  const TEMPERATURES = [
    0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9,
    1, 1.25, 1.5, 1.75, 2, 2.5, 3, 4, 5, 6, 7, 8, 9, 10,
  ];

  // The numbers. As in cecore: nothing overflows, and nothing cancels near certainty.

  const sum = (values) => values.reduce((total, value) => total + value, 0);
  const without = (values, i) => values.filter((_, j) => j !== i);

  function compute(z, T, k) {
    const x = z.map((z_i) => z_i / T);
    const m = Math.max(...x);
    const shifted = x.map((x_i) => Math.exp(x_i - m));
    const rest = sum(without(shifted, x.indexOf(m))); // without the largest, whose e^0 is 1
    const s = shifted.map((e_i) => e_i / (1 + rest));
    const others = s.map((_, i) => sum(without(s, i))); // 1 - s_i
    return {
      z: [...z], T, k, s,
      e: x.map(Math.exp),
      y: s.map((_, i) => Number(i === k)),
      gradient: s.map((s_i, i) => (i === k ? -others[i] : s_i)),
      jacobian: s.map((s_i, i) => s.map((s_j, j) => s_i * (i === j ? others[i] : -s_j))),
      loss: m - x[k] + Math.log1p(rest),
    };
  }

  // How numbers are written for people.

  const raised = (text) => text.replace(/[-\d]/g, (c) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(c)]);
  const lowered = (number) => "₀₁₂₃₄₅₆₇₈₉"[number];

  function written(value, digits, plus = "") {
    const size = Math.abs(value);
    let text = size.toFixed(size < 10 ? digits : size < 1000 ? 1 : 0);
    if (size >= 1e5 || (size > 0 && size < 0.5 * 10 ** -digits)) {
      const [head, power] = size.toExponential(1).split("e");
      text = `${head} × 10${raised(power.replace("+", ""))}`;
    }
    return (value < 0 ? "−" : value > 0 ? plus : "") + text;
  }

  const inSigns = (value) => written(value, 3, "+");
  // A subscript, and back to the line: not every browser knows `baseline-shift`.
  const below = (index) => `<tspan class="index" dy="3">${index}</tspan><tspan dy="-3">\u200a</tspan>`;
  const letter = (name, index = below("i")) => `<tspan class="letter">${name}</tspan>${index}`;
  const power = (T) =>
    `<tspan class="letter">e</tspan><tspan class="power" dy="-6">z${below("i")}${T ? "/\u200aT" : ""}</tspan>`;

  // The bars: title in the picture, title in words, the ends of the scale, how a value is written.
  const BARS = {
    z: () => [`logits ${letter("z")}`, "Logits z", -LIMIT, LIMIT, (v) => written(v, 2)],
    e: (state, T) => {
      const words = `Exponentials of z${T ? " divided by T" : ""}`;
      return [`exponentials ${power(T)}`, words, 0, TALL, (v) => written(v, 2)];
    },
    s: () => [`probabilities ${letter("s")}`, "Probabilities s", 0, 1, (v) => written(v, 3)],
    y: () => [`truth ${letter("y")}`, "Truth y", 0, 1, (v) => written(v, 0)],
    gradient: () => [
      `gradient ${letter("s")} − ${letter("y")}`, "Gradient s minus y", -1, 1, inSigns,
    ],
  };

  // The pictures, in SVG. Each takes the state and its width, and returns [markup, height].

  const text = (x, y, content, more = "") => `<text x="${round(x)}" y="${round(y)}" ${more}>${content}</text>`;
  const round = (x) => Math.round(x * 100) / 100;
  const image = (words, markup) => `<g role="img" aria-label="${words}">${markup}</g>`;
  const named = (values, write) => values.map((v, i) => `${NAMES[i]} ${write(v)}`).join(", ");

  function drawBars(part, state, width, T) {
    const [title, words, low, high, write] = BARS[part](state, T);
    const values = state[part];
    const left = 52, room = width < 200 ? 56 : 70, row = 24, top = 30; // room for the numbers
    const scale = (width - left - room) / (high - low);
    const zero = left - low * scale;
    const drawn = values.map((value, i) => {
      const y = top + i * row;
      const beyond = value > high; // the bar is cut off, and shows it
      const length = Math.min(Math.abs(value), high) * scale;
      const end = zero + (value > 0 ? length : 0);
      return (
        text(left - 8, y + 14, NAMES[i], 'class="name"') +
        `<rect class="class${i}" x="${round(zero - (value < 0 ? length : 0))}" y="${y}" ` +
        `width="${round(length)}" height="18"/>` +
        (beyond ? `<path class="cut" d="M${round(end - 14)} ${y + 20}l5 -22M${round(end - 8)} ${y + 20}l5 -22"/>` : "") +
        text(end + 6, y + 14, write(value))
      );
    });
    const bottom = top + values.length * row;
    const axis = `<path class="axis" d="M${round(zero)} ${top - 4}V${bottom - 2}"/>`;
    const markup = text(0, 14, title, 'class="title"') + drawn.join("") + axis;
    return [image(`${words}: ${named(values, write)}`, markup), bottom + 8];
  }

  function drawLoss(state, width) {
    const { s, y, k, loss } = state;
    const log = (value) => {
      const number = written(value, 3);
      return `ln ${number.includes("×") ? `(${number})` : number}`;
    };
    const terms = s.map((s_i, i) => `${y[i]} · ${log(s_i)}`);
    const row = width < 400 ? 2 : 3;
    const lines = [`${letter("L", "")} = − ∑ ${letter("y")} ln ${letter("s")}`];
    for (let i = 0; i < terms.length; i += row) {
      const last = i + row >= terms.length;
      lines.push(`${i ? "+ " : "= − ( "}${terms.slice(i, i + row).join(" + ")}${last ? " )" : ""}`);
    }
    lines.push(`= − ${log(s[k])}`, `= <tspan class="strong">${written(loss, 3)}</tspan> nats`);
    const drawn = lines.map((line, i) =>
      text(line[0] === "+" ? 39 : i ? 13 : 0, 44 + 25 * i, line, 'class="formula"'));
    const markup = text(0, 14, `loss ${letter("L", "")}`, 'class="title"') + drawn.join("");
    const words = `Loss L: minus the logarithm of ${written(s[k], 3)}, the probability of the true class, ` +
      `${NAMES[k]}, is ${written(loss, 3)} nats`;
    return [image(words, markup), 44 + 25 * lines.length];
  }

  // The corners of the simplex: the first class on the left, the second on the right, the third on top.
  function corners(width) {
    const side = Math.min(width - 90, 280);
    const left = (width - side) / 2, top = 56;
    const bottom = top + (side * Math.sqrt(3)) / 2;
    return [[left, bottom], [left + side, bottom], [left + side / 2, top]];
  }
  const mixed = (s, points) => [0, 1].map((axis) => round(sum(points.map((p, i) => s[i] * p[axis]))));

  function drawSimplex(state, width, T) {
    const points = corners(width);
    const height = points[0][1] + 34;
    const title = text(0, 14, "the point in the simplex", 'class="title"');
    if (state.s.length !== 3) {
      const why = text(0, 44, "A triangle has room for three classes.");
      return [image("The simplex is drawn for three classes only", title + why), 60];
    }
    const [x, y] = mixed(state.s, points);
    const path = [];
    for (let i = 0; T && i <= 60; i++) {
      path.push(mixed(compute(state.z, 0.02 * 5000 ** (i / 60), 0).s, points).join(" "));
    }
    const curve = path.length ? `<path class="curve" d="M${path.join("L")}"/>` : "";
    const centre = mixed([1 / 3, 1 / 3, 1 / 3], points);
    const markup =
      title +
      `<path class="triangle" d="M${points.map((p) => p.map(round).join(" ")).join("L")}Z"/>` +
      curve +
      `<rect class="centre" x="${centre[0] - 3.5}" y="${centre[1] - 3.5}" width="7" height="7"/>` +
      text(points[0][0], points[0][1] + 20, NAMES[0], 'class="corner"') +
      text(points[1][0], points[1][1] + 20, NAMES[1], 'class="corner"') +
      text(points[2][0], points[2][1] - 10, NAMES[2], 'class="corner"') +
      `<circle class="point" cx="${x}" cy="${y}" r="6"/>` +
      `<circle class="halo" cx="${x}" cy="${y}" r="16" data-corners="${JSON.stringify(points)}"/>`;
    const where = named(state.s, (v) => written(v, 3));
    return [image(`The point in the triangle of three classes: ${where}`, markup), height];
  }

  function drawJacobian(state, width) {
    const n = state.s.length;
    const left = 62, top = 68;
    const size = Math.min((width - left) / n, 88);
    const signed = (value) => (value < 0 ? "−" : "+") + Math.abs(value).toFixed(n > 4 ? 2 : 3);
    const write = size < 84 ? signed : inSigns;
    const head = (i, name, x, y, anchor) =>
      text(x, y, `${letter(name, lowered(i + 1))} ${NAMES[i]}`, `class="${anchor}"`);
    const cells = state.jacobian.map((row, i) =>
      row.map((value, j) => {
        const x = left + j * size, y = top + i * 44;
        const sign = value < 0 ? "minus" : "plus";
        return (
          `<rect class="${sign}" x="${round(x + 1)}" y="${y + 1}" width="${round(size - 2)}" height="42" ` +
          `fill-opacity="${round(Math.min(1, Math.abs(value) / 0.25))}"/>` +
          text(x + size / 2, y + 27, write(value), 'class="cell"')
        );
      }).join(""),
    );
    const columns = state.s.map((_, j) =>
      text(left + (j + 0.5) * size, top - 22, letter("z", lowered(j + 1)), 'class="corner"') +
      text(left + (j + 0.5) * size, top - 7, NAMES[j], 'class="corner"'),
    );
    const rows = state.s.map((_, i) => head(i, "s", left - 8, top + i * 44 + 27, "name"));
    const title = text(
      0, 14, `Jacobian: ∂${letter("s")} / ∂${letter("z", below("j"))}`, 'class="title"',
    );
    const words = state.jacobian.map((row, i) => `s ${NAMES[i]}: ${named(row, inSigns)}`).join("; ");
    return [
      image(`Jacobian, a row for each probability and a column for each logit. ${words}`,
        title + columns.join("") + rows.join("") + cells.join("")),
      top + n * 44 + 8,
    ];
  }

  /** Arrange the parts on a width, side by side where there is room. Returns [markup, height]. */
  function draw(shows, state, width) {
    const gap = 24, T = shows.includes("T");
    const bars = Object.keys(BARS).filter((part) => shows.includes(part));
    const square = shows.includes("simplex") ? drawSimplex : shows.includes("jacobian") ? drawJacobian : null;
    const wide = width >= 540;
    const columns = square || bars.length === 3 ? 1 : wide || bars.length > 3 ? 2 : 1;
    const half = wide ? width * 0.46 - gap : width;
    const across = square ? half : (width - (columns - 1) * gap) / columns;
    const placed = [];
    const place = ([markup, height], x, y) => {
      placed.push(`<g transform="translate(${round(x)} ${round(y)})">${markup}</g>`);
      return y + height;
    };
    let y = 0;
    for (let i = 0; i < bars.length; i += columns) {
      const ends = bars.slice(i, i + columns).map((part, column, { length }) => {
        const more = column === length - 1 ? columns - length : 0; // the last one has what is left
        return place(drawBars(part, state, across + more * (across + gap), T), column * (across + gap), y);
      });
      y = Math.max(...ends) + 8;
    }
    if (square && wide) y = Math.max(y, place(square(state, width - half - gap, T), half + gap, 0));
    if (square && !wide) y = place(square(state, width, T), 0, y);
    if (shows.includes("loss")) y = place(drawLoss(state, width), 0, y);
    return [placed.join(""), Math.ceil(y)];
  }

  const COLOURS = {
    ink: "#222832", muted: "#48566b", line: "#d1d5da", surface: "#f3f4f5", paper: "#ffffff",
    // Okabe and Ito's, as in the figures; the last three darker, to be seen on white.
    c0: "#0072b2", c1: "#d55e00", c2: "#009e73", c3: "#b9608f", c4: "#b57c00", c5: "#2f93cc",
    plus: "#998ec3", minus: "#f1a340",
  };
  const PICTURE = `
    text { fill: var(--ink); font-size: 13px; }
    .title { font-weight: 600; }
    .name { text-anchor: end; }
    .corner, .cell { text-anchor: middle; }
    .formula { font-size: 14px; }
    .strong { font-weight: 700; }
    .letter, .power, .index {
      font: italic 400 1em KaTeX_Math, "Latin Modern Math", "STIX Two Text", Cambria, Georgia, serif;
    }
    .letter { font-size: 1.15em; }
    .power { font-size: 0.9em; }
    .index { font-size: 0.75em; }
    .axis, .curve, .triangle { fill: none; stroke: var(--muted); }
    .triangle { fill: var(--surface); }
    .curve { stroke: var(--c0); stroke-width: 2; }
    .point { fill: var(--c0); stroke: var(--paper); stroke-width: 1.5; }
    .cut { fill: none; stroke: var(--paper); stroke-width: 2.5; }
    .halo { fill: transparent; }
    .centre { fill: var(--muted); }
    .plus { fill: var(--plus); }
    .minus { fill: var(--minus); }
    ${NAMES.map((_, i) => `.class${i} { fill: var(--c${i}); }`).join("\n    ")}`;
  const variables = (important = "") =>
    Object.entries(COLOURS).map(([name, value]) => `--${name}: ${value}${important};`).join(" ");
  const STYLE = `
    :host {
      ${variables()}
      display: block; color: var(--ink); font-size: 0.95rem; line-height: 1.3;
    }
    :host([hidden]) { display: none; }
    .explorer { --label: min(6.6rem, 40%); border-block: 1px solid var(--line); padding: 0.9rem 0 1rem; }
    .explorer:has(#T) { --label: min(7.6rem, 45%); }
    .slider { display: grid; grid-template-columns: var(--label) minmax(0, 1fr) 3rem; align-items: center; gap: 0.5rem; min-height: 2.25rem; }
    label i, button i { font-family: KaTeX_Math, "Latin Modern Math", "STIX Two Text", Cambria, Georgia, serif; font-size: 1.1em; }
    input[type="range"] { width: 100%; height: 2.25rem; margin: 0; accent-color: var(--accent, #176de8); }
    output { text-align: right; font-variant-numeric: tabular-nums; }
    .choice { display: grid; grid-template-columns: var(--label) minmax(0, 1fr); gap: 0.5rem; line-height: 2.25rem; }
    .options { display: flex; flex-wrap: wrap; column-gap: 1.1rem; }
    .choice label { display: inline-flex; align-items: center; gap: 0.35rem; min-height: 2.25rem; }
    input[type="radio"] { width: 1.1rem; height: 1.1rem; margin: 0; accent-color: var(--accent, #176de8); }
    .buttons { display: flex; flex-wrap: wrap; gap: 0.5rem; margin: 0.5rem 0 1rem; }
    button {
      font: inherit; font-size: 0.85rem; color: inherit; background: none; cursor: pointer;
      border: 1px solid var(--muted); border-radius: 4px; padding: 0.15rem 0.7rem; min-height: 2rem;
    }
    button:hover { background: var(--surface); }
    button[aria-disabled="true"] { opacity: 0.5; cursor: default; }
    :focus-visible { outline: 2px solid var(--accent, #176de8); outline-offset: 2px; border-radius: 3px; }
    svg { display: block; width: 100%; height: auto; font-family: inherit; overflow: visible; }
    .halo { cursor: grab; touch-action: none; }
    .spoken { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
    ${PICTURE}
    @media print {
      :host { ${variables(" !important")} break-inside: avoid; }
      .controls { display: none; }
      .explorer { border: 0; background: white; }
    }`;

  class SoftmaxExplorer extends HTMLElement {
    #z = START.slice(0, 3);
    #T = 1;
    #k = 0;
    #timer;
    #sized = new ResizeObserver(() => this.#draw());

    /** All numbers, unrounded. */
    get state() {
      return compute(this.#z, this.#T, this.#k);
    }

    /** What the element shows before anyone has touched it, as an SVG file. */
    static picture(shows, width) {
      const [markup, height] = draw(shows.split(" "), compute(START.slice(0, 3), 1, 0), width);
      const edge = 12;
      return `<svg xmlns="http://www.w3.org/2000/svg" width="${width + 2 * edge}" height="${height + 2 * edge}" ` +
        `viewBox="${-edge} ${-edge} ${width + 2 * edge} ${height + 2 * edge}" font-family="system-ui, sans-serif">\n` +
        `<style>:root { ${variables()} }${PICTURE}\n</style>\n` +
        `<rect x="${-edge}" y="${-edge}" width="100%" height="100%" fill="white"/>\n` +
        `${markup.replaceAll("<g", "\n<g")}\n</svg>\n`;
    }

    connectedCallback() {
      if (!this.shadowRoot) this.#build();
      this.#sized.observe(this);
      this.#draw();
    }

    disconnectedCallback() {
      this.#sized.disconnect();
      clearTimeout(this.#timer);
    }

    get #shows() {
      return (this.getAttribute("shows") ?? "z e s").split(/\s+/);
    }

    #build() {
      const shows = this.#shows;
      const root = this.attachShadow({ mode: "open" });
      root.innerHTML = `
        <style>${STYLE}</style>
        <div class="explorer" role="group" aria-label="Try it: move the logits">
          <div class="controls">
            <div class="logits"></div>
            ${shows.includes("T") ? `<div class="slider"><label for="T"><i>T</i> temperature</label>
            <input type="range" id="T" min="0" max="${TEMPERATURES.length - 1}"><output aria-live="off" for="T"></output></div>` : ""}
            ${shows.includes("y") ? `<div class="choice" role="radiogroup" aria-labelledby="truth">
            <span id="truth">true class</span><div class="options"></div></div>` : ""}
            <div class="buttons">
              ${shows.includes("gradient") ? '<button type="button" id="step">One step: <i>z</i> − (<i>s</i> − <i>y</i>)</button>' : ""}
              <button type="button" id="add">Add a class</button>
              <button type="button" id="remove">Remove a class</button>
              <button type="button" id="reset">Reset</button>
            </div>
          </div>
          <svg></svg>
          <div class="spoken" role="status"></div>
        </div>`;
      root.addEventListener("input", ({ target }) => this.#moved(target));
      root.addEventListener("click", ({ target }) => this.#pressed(target.closest("button")?.id));
      root.addEventListener("pointerdown", (event) => this.#dragged(event));
      this.#rows();
    }

    /** A slider for each logit, and a radio button for each class. */
    #rows() {
      // An output would be read aloud at every step; the slider says its value itself.
      const root = this.shadowRoot;
      root.querySelector(".logits").innerHTML = this.#z.map((_, i) => `
        <div class="slider"><label for="z${i}"><i>z</i>${lowered(i + 1)} ${NAMES[i]}</label>
        <input type="range" id="z${i}" min="${-LIMIT}" max="${LIMIT}" step="0.1">
        <output aria-live="off" for="z${i}"></output></div>`).join("");
      const options = root.querySelector(".options");
      if (options) {
        options.innerHTML = this.#z.map((_, i) =>
          `<label><input type="radio" name="truth" value="${i}"> ${NAMES[i]}</label>`).join("");
      }
      this.#settle();
    }

    /** Put the controls where the numbers are, after these were changed by other means. */
    #settle() {
      const root = this.shadowRoot;
      this.#z.forEach((z_i, i) => { root.getElementById(`z${i}`).value = z_i; });
      const T = root.getElementById("T");
      if (T) T.value = TEMPERATURES.indexOf(this.#T);
      const truth = root.querySelector(`[name="truth"][value="${this.#k}"]`);
      if (truth) truth.checked = true;
      root.getElementById("add").ariaDisabled = this.#z.length >= NAMES.length;
      root.getElementById("remove").ariaDisabled = this.#z.length <= 3;
    }

    #moved({ id, name, value }) {
      if (name === "truth") this.#k = Number(value);
      else if (id === "T") this.#T = TEMPERATURES[value];
      else this.#z[id.slice(1)] = Number(value);
      this.#changed();
    }

    #pressed(id) {
      const n = this.#z.length;
      if (id === "add" && n < NAMES.length) this.#z.push(START[n]);
      else if (id === "remove" && n > 3) this.#z.pop();
      else if (id === "reset") [this.#z, this.#T, this.#k] = [START.slice(0, 3), 1, 0];
      else if (id === "step") this.#go(this.state.gradient.map((g_i, i) => this.#z[i] - g_i));
      else return;
      if (this.#k >= this.#z.length) this.#k = 0;
      if (this.#z.length === n) this.#settle();
      else this.#rows();
      this.#changed();
    }

    /** Go to these logits, or as far as the sliders do. */
    #go(z) {
      this.#z = z.map((z_i) => Math.max(-LIMIT, Math.min(LIMIT, z_i)));
    }

    /** The point in the simplex follows the pointer; the mean of the logits stays. */
    #dragged(event) {
      if (!event.target.matches(".halo")) return;
      event.preventDefault();
      const svg = this.shadowRoot.querySelector("svg");
      const place = event.target.getScreenCTM().inverse();
      const [[left, bottom], [right], [, top]] = JSON.parse(event.target.dataset.corners);
      const move = ({ clientX, clientY }) => {
        const at = new DOMPoint(clientX, clientY).matrixTransform(place);
        const third = (bottom - at.y) / (bottom - top);
        const second = (at.x - left) / (right - left) - third / 2;
        const s = [1 - second - third, second, third].map((s_i) => Math.max(s_i, 1e-3));
        const log = s.map((s_i) => this.#T * Math.log(s_i));
        this.#go(log.map((l_i) => l_i + (sum(this.#z) - sum(log)) / 3));
        this.#settle();
        this.#changed();
      };
      svg.setPointerCapture(event.pointerId);
      svg.onpointermove = move;
      svg.onpointerup = svg.onpointercancel = () => { svg.onpointermove = null; };
    }

    #changed() {
      this.#draw();
      clearTimeout(this.#timer); // said once the reader has come to rest
      this.#timer = setTimeout(() => {
        const { s, loss } = this.state;
        const lost = this.#shows.includes("loss") ? `. Loss ${written(loss, 3)} nats` : "";
        this.shadowRoot.querySelector("[role=status]").textContent =
          `Probabilities: ${named(s, (v) => written(v, 3))}${lost}.`;
      }, 700);
    }

    #draw() {
      const root = this.shadowRoot, svg = root.querySelector("svg"), state = this.state;
      const width = svg.clientWidth;
      if (!width) return; // not laid out yet; the observer will call
      const [markup, height] = draw(this.#shows, state, width);
      svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
      svg.innerHTML = markup;
      state.z.forEach((z_i, i) => {
        root.querySelector(`output[for="z${i}"]`).value = written(z_i, 2);
      });
      const T = root.getElementById("T");
      if (T) {
        root.querySelector('output[for="T"]').value = state.T;
        T.ariaValueText = `T = ${state.T}`;
      }
    }
  }

  customElements.define("softmax-explorer", SoftmaxExplorer);
}
