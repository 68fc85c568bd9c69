// A row: what a number is called, a slider, the number itself, and the way back to `base()`.
let made = 0;

export function row({ name, note = "", title = name, min, max, get, base, set, undo }) {
  const id = `row${made++}`, element = Object.assign(document.createElement("div"), { className: "row" });
  element.innerHTML = `<label for="${id}"></label><input type="range" id="${id}"><input type="number"
    step="any"><button type="button" class="plain">&#215;</button>`;
  const [label, slider, number, button] = element.children;
  label.append(name, Object.assign(document.createElement("small"), { textContent: note }));
  Object.assign(slider, { min, max, step: 0.01 });
  number.setAttribute("aria-label", `${title}, as a number`);
  button.setAttribute("aria-label", `Undo ${title}`);

  slider.addEventListener("input", () => set(Number(slider.value)));
  number.addEventListener("change", () => {
    const given = Number(number.value);
    if (number.value && Math.abs(given) <= 100) set(given);
    update();
  });
  button.addEventListener("click", () => {
    undo();
    slider.focus();
  });

  function update() {
    const value = get(), notch = (base() - min) / (max - min);
    slider.value = value;
    if (document.activeElement !== number) number.value = value.toFixed(2).replace(/^-(0\.00)$/, "$1");
    slider.style.setProperty("--notch", Math.min(1, Math.max(0, notch)));
    button.classList.toggle("idle", Math.abs(value - base()) < 1e-6);
    button.disabled = button.classList.contains("idle");
  }
  if (!note) label.lastChild.remove();
  return { element, update };
}
