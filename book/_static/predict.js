// <predict-question right="1">: a question, a list of options, and the answer in a <details>.
//
// Each option becomes a button. The first one touched is the reader's answer: the right option is
// marked, a line says how it went, and the explanation unfolds. Where scripts are off, or on paper,
// the list is a list and the <details> holds the answer.
"use strict";
{
  let count = 0;

  class PredictQuestion extends HTMLElement {
    connectedCallback() {
      if (this.querySelector("[role=status]")) return;
      const question = this.querySelector(".question");
      const options = this.querySelector(".options");
      question.id ||= `predict-${(count += 1)}`;
      options.setAttribute("aria-labelledby", question.id);
      for (const item of options.children) {
        const button = document.createElement("button");
        const inner = item.children.length === 1 && item.firstElementChild.matches("p") ? item.firstElementChild : item;
        button.type = "button";
        button.append(...inner.childNodes);
        item.replaceChildren(button);
      }
      const status = document.createElement("p");
      status.setAttribute("role", "status");
      options.after(status);
      options.addEventListener("click", ({ target }) => this.#answered(target.closest("button")));
    }

    #answered(chosen) {
      if (!chosen || this.dataset.answered) return;
      const buttons = [...this.querySelectorAll(".options button")];
      const right = buttons[Number(this.getAttribute("right"))];
      this.dataset.answered = chosen === right ? "right" : "wrong";
      for (const button of buttons) {
        button.setAttribute("aria-disabled", "true");
        button.setAttribute("aria-pressed", String(button === chosen));
      }
      right.classList.add("right");
      if (chosen !== right) chosen.classList.add("wrong");
      this.querySelector("[role=status]").textContent =
        chosen === right ? "Yes, that is right." : "Not quite. The right answer is marked.";
      this.querySelector("details").open = true;
    }
  }

  customElements.define("predict-question", PredictQuestion);
}
