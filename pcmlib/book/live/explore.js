// Explorers: a moved knob calls a live function (runtime.js), and the figure's artists get its outputs.

// A knob: its control, and the value at the control's position (pcmlib.book.widgets.knobs)
class Knob {
  constructor(element, told) {
    Object.assign(this, told, { element }); // key, kind; values, texts, options, unit where it has them
    this.inputs = [...element.querySelectorAll("input")];
    this.label = element.querySelector(".explorer-label").textContent;
  }

  get value() {
    const [input] = this.inputs;
    if (this.kind === "choice") return this.inputs.findIndex((button) => button.checked);
    if (this.kind === "toggle") return Number(input.checked);
    const position = Number(input.value);
    if (this.kind === "slider") return Number(position.toPrecision(12));
    const below = Math.min(Math.floor(position), this.values.length - 2); // steps
    const part = position - below;
    const [a, b] = this.values.slice(below, below + 2);
    if (part === 0 || part === 1) return part ? b : a;
    const value = a > 0 ? a * (b / a) ** part : a + (b - a) * part;
    const whole = this.values.every(Number.isInteger);
    return whole ? Math.round(value) : Number(value.toPrecision(3));
  }

  get text() {
    if (this.texts) return this.texts[this.value];
    return `${Number(this.value.toPrecision(6))} ${this.unit}`.trimEnd();
  }

  // The value as a reader of Python writes it
  get python() {
    if (this.kind === "toggle") return this.value ? "True" : "False";
    return this.options?.[this.value] ?? `${this.value}`;
  }

  say() {
    const [input] = this.inputs;
    if (input.type !== "range") return;
    input.setAttribute("aria-valuetext", this.text);
    input.nextElementSibling.textContent = this.text;
  }
}

function unpacked(arrays) {
  return arrays.map(({ content, shape, size }) => ({
    content: Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0)), shape, size,
  }));
}

function explore(root) {
  const told = JSON.parse(root.querySelector("script.explorer-live").textContent);
  const picture = root.querySelector(".explorer-picture");
  const form = root.querySelector("form");
  const status = root.querySelector(".explorer-status");
  const call = root.querySelector(".explorer-call");
  const caption = picture.getAttribute("aria-label");
  const knobs = [...form.querySelectorAll(".explorer-knob")].map((e, k) => new Knob(e, told.knobs[k]));
  const live = new Live();
  Object.assign(root, { knobs, told });
  let data, late;

  // The figure is not of these knobs: it is of the ones before.
  const lag = (why) => {
    status.textContent = `${why} (the figure is of the values before)`;
    picture.classList.add("explorer-stale");
  };

  const write = () => { // the same in Python
    const passed = knobs.map((knob) => `${knob.key}=${knob.python}`).join(", ");
    call.textContent = `${told.function}.plot(${passed})`;
  };

  const move = () => {
    data ??= unpacked(told.data);
    knobs.forEach((knob) => knob.say());
    const values = knobs.map((knob) => knob.value);
    const state = knobs.map((knob) => `${knob.label}: ${knob.text}`).join("; ");
    const began = performance.now();
    let first; // ms to the first figure, perhaps of what is not finished
    late ??= setTimeout(lag, Live.PATIENCE, "computing …");
    live.run(told.function, { knobs: values, data }, ({ outputs, done, error }) => {
      clearTimeout(late);
      late = undefined;
      if (error) return lag(`This browser could not compute it: ${error}`);
      picture.classList.remove("explorer-stale");
      redraw(picture.querySelector("svg"), root.id, told.artists, outputs);
      status.textContent = done ? "" : "computing …";
      root.querySelector(".explorer-state").textContent = `(${state})`;
      picture.setAttribute("aria-label", `${caption} (${state})`);
      const ms = performance.now() - began;
      root.live = { values, outputs, done, ms, first: (first ??= ms) };
      if (done) root.dispatchEvent(new Event("drawn"));
    });
    write();
  };
  write();
  form.addEventListener("input", move);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = root.querySelector("details").hidden = false;
}

if (typeof WebAssembly === "object" && typeof DecompressionStream === "function")
  document.querySelectorAll("figure.explorer[data-live]").forEach(explore);
