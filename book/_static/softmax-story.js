// <softmax-story z="2.0 1.0 0.1" true="0">: the picture on the first page, alive.
//
// The picture stands in the page, drawn when the book was built. This script adds a slider for each
// logit, makes the bars of the logits draggable, and adds a button that takes one step downhill.
"use strict";
{
  const NAMES = ["cat", "dog", "rabbit"];
  const LIMIT = 4; // of the logits
  const DIGITS = { z: 1, s: 2, g: 2 };
  const UNIT = { z: 22, s: 132, g: 90 }; // as in story.py
  const ZERO = { z: 156, s: 66, g: 166 };

  const written = (value, digits, plus = "") => {
    const text = Math.abs(value).toFixed(digits);
    return (Number(text) === 0 ? "" : value < 0 ? "−" : plus) + text;
  };

  class SoftmaxStory extends HTMLElement {
    #z;
    #k;
    #steps = 0;

    /** All numbers, unrounded. */
    get state() {
      const m = Math.max(...this.#z);
      const e = this.#z.map((z_i) => Math.exp(z_i - m));
      const S = e.reduce((total, e_i) => total + e_i, 0);
      const s = e.map((e_i) => e_i / S);
      const rest = (k) => s.reduce((total, s_i, i) => (i === k ? total : total + s_i), 0);
      const g = s.map((s_i, i) => (i === this.#k ? -rest(i) : s_i));
      return { z: [...this.#z], s, g, loss: m + Math.log(S) - this.#z[this.#k], steps: this.#steps };
    }

    connectedCallback() {
      if (this.#z) return;
      this.#start();
      const controls = this.querySelector(".story-controls");
      controls.innerHTML =
        NAMES.map((name, i) => `<label>${name} <input type="range" min="${-LIMIT}" max="${LIMIT}" step="0.1"
          data-i="${i}" aria-label="logit of ${name}"></label>`).join("") +
        `<div class="buttons"><button type="button" class="step">Step</button>
         <button type="button" class="reset">Reset</button><output aria-live="polite"></output></div>`;
      controls.addEventListener("input", ({ target }) => this.#move(target.dataset.i, Number(target.value)));
      controls.querySelector(".step").onclick = () => this.#step();
      controls.querySelector(".reset").onclick = () => { this.#start(); this.#draw(); };
      this.addEventListener("pointerdown", (event) => this.#drag(event));
      this.#draw();
    }

    #start() {
      this.#z = this.getAttribute("z").split(" ").map(Number);
      this.#k = Number(this.getAttribute("true"));
      this.#steps = 0;
    }

    #move(i, value) {
      this.#z[i] = Math.max(-LIMIT, Math.min(LIMIT, value));
      this.#steps = 0;
      this.#draw();
    }

    /** One step of gradient descent: the logits minus the gradient. */
    #step() {
      const { g } = this.state;
      this.#z = this.#z.map((z_i, i) => Math.max(-LIMIT, Math.min(LIMIT, z_i - g[i])));
      this.#steps += 1;
      this.#draw();
    }

    #drag(event) {
      const { target } = event;
      if (!target.matches(".grip")) return;
      const place = target.getScreenCTM().inverse();
      const follow = ({ clientX, clientY }) => {
        const { x } = new DOMPoint(clientX, clientY).matrixTransform(place);
        this.#move(target.dataset.i, Math.round((10 * (x - ZERO.z)) / UNIT.z) / 10);
      };
      event.preventDefault();
      target.setPointerCapture(event.pointerId);
      target.onpointermove = follow;
      target.onpointerup = target.onpointercancel = () => { target.onpointermove = null; };
      follow(event);
    }

    #draw() {
      const state = this.state;
      const of = ({ part, i }) => state[part][i];
      for (const bar of this.querySelectorAll("rect[data-part]")) {
        const { part } = bar.dataset, length = UNIT[part] * of(bar.dataset);
        bar.setAttribute("x", ZERO[part] + Math.min(length, 0));
        bar.setAttribute("width", Math.abs(length));
      }
      for (const text of this.querySelectorAll("text[data-i]")) {
        const { part } = text.dataset, value = of(text.dataset);
        const gap = (part === "z" ? 12 : 6) * (value < 0 ? -1 : 1);
        text.setAttribute("x", ZERO[part] + UNIT[part] * value + gap);
        text.setAttribute("text-anchor", value < 0 ? "end" : "start");
        text.textContent = written(value, DIGITS[part], part === "g" ? "+" : "");
      }
      for (const handle of this.querySelectorAll(".handle")) {
        handle.setAttribute("cx", ZERO.z + UNIT.z * state.z[handle.dataset.i]);
      }
      for (const slider of this.querySelectorAll("input")) slider.value = state.z[slider.dataset.i];
      const sure = state.s[this.#k];
      for (const text of this.querySelectorAll('[data-part="log"]')) text.textContent = `−ln ${written(sure, 2)} =`;
      for (const text of this.querySelectorAll('[data-part="loss"]')) text.textContent = written(state.loss, 2);
      for (const svg of this.querySelectorAll("svg")) {
        const list = (values, digits) => values.map((v, i) => `${NAMES[i]} ${written(v, digits)}`).join(", ");
        svg.setAttribute("aria-label", `Logits: ${list(state.z, 1)}. Probabilities: ${list(state.s, 2)}. ` +
          `The truth is ${NAMES[this.#k]}; the loss is ${written(state.loss, 2)} nats. Gradient: ${list(state.g, 2)}.`);
      }
      const steps = this.#steps === 1 ? "One step downhill. " : this.#steps ? `${this.#steps} steps downhill. ` : "";
      this.querySelector("output").value = `${steps}The network is ${Math.round(100 * sure)} % sure of the ${NAMES[this.#k]}.`;
    }
  }

  customElements.define("softmax-story", SoftmaxStory);
}
