// Live explorers: a moved knob calls a function of pcmlib, compiled to WebAssembly, in a worker, and the
// figure's artists get its outputs (artists.js). PCMLIB holds the object and its functions' arguments.

// In a worker: the memory, and calls of the object's functions as Numba passes arguments.
function serve() {
  const LOW = 1 << 20; // the stack lies below, arrays above
  const QUIET = 60; // ms between two looks at unfinished outputs
  let memory, table, top, freed, shown, show;

  const bytes = (pointer, size) => new Uint8Array(memory.buffer, pointer, size);
  const take = (size) => {
    size = (size + 127) & ~63;
    const reused = freed.get(size)?.pop();
    if (reused) return reused;
    const pointer = top;
    top += size;
    const missing = top - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / 65536));
    return pointer;
  };
  const env = {
    // {i64 references, destructor, its argument, data at 16, i64 size}; the size taken stands at 32
    NRT_MemInfo_alloc_aligned(size) {
      const room = Number(size) + 64;
      const info = take(room);
      const view = new DataView(memory.buffer);
      view.setBigInt64(info, 1n, true);
      view.setUint32(info + 16, info + 64, true);
      view.setUint32(info + 32, room, true);
      return info;
    },
    NRT_MemInfo_call_dtor(info) {
      const size = (new DataView(memory.buffer).getUint32(info + 32, true) + 127) & ~63;
      if (!freed.has(size)) freed.set(size, []);
      freed.get(size).push(info);
    },
    memcpy: (to, from, size) => (bytes(to, size).set(bytes(from, size)), to),
    memset: (to, value, size) => (bytes(to, size).fill(value), to),
    __multi3(out, a0, a1, b0, b1) {
      const wide = (low, high) => (high << 64n) | BigInt.asUintN(64, low);
      const product = wide(a0, a1) * wide(b0, b1);
      const view = new DataView(memory.buffer);
      view.setBigInt64(out, BigInt.asIntN(64, product), true);
      view.setBigInt64(out + 8, BigInt.asIntN(64, product >> 64n), true);
    },
    live_report() {
      if (performance.now() - shown > QUIET) show(false);
    },
    exp: Math.exp, log: Math.log, log10: Math.log10, pow: Math.pow, sin: Math.sin, cos: Math.cos,
    exp2: (x) => 2 ** x,
  };
  const started = async (module) => {
    memory = new WebAssembly.Memory({ initial: 256 });
    table = new WebAssembly.Table({ initial: 256, element: "anyfunc" });
    const stack = new WebAssembly.Global({ value: "i32", mutable: true }, LOW);
    env.__linear_memory = memory;
    env.__indirect_function_table = table;
    env.__stack_pointer = stack;
    await WebAssembly.instantiate(module, { env });
  };

  // An array as Numba passes it: (0, 0, items, bytes of one, data, shape, strides).
  const passed = (pointer, shape, size) => {
    const strides = shape.map((_, k) => shape.slice(k + 1).reduce((a, b) => a * b, size));
    const items = shape.reduce((a, b) => a * b, 1);
    return [0, 0, BigInt(items), BigInt(size), pointer, ...[...shape, ...strides].map(BigInt)];
  };
  const checked = (status, what) => {
    if (status !== 0) throw new Error(`${what} failed with status ${status}`);
  };

  const compute = ({ id, entries, knobs, data, outputs }) => {
    top = LOW;
    freed = new Map();
    const result = take(64), exception = take(64);
    const given = data.map(({ content, shape, size }) => {
      const pointer = take(content.length);
      bytes(pointer, content.length).set(content);
      return { pointer, arguments: passed(pointer, shape, size), size };
    });
    const found = outputs.map(([name, shape]) => {
      const length = shape.reduce((a, b) => a * b, 1);
      const pointer = take(4 * length);
      bytes(pointer, 4 * length).fill(0);
      return { name, shape, length, pointer };
    });
    const began = performance.now();
    shown = began;
    show = (done) => {
      const copies = {};
      for (const { name, shape, length, pointer } of found)
        copies[name] = { shape, data: new Float32Array(memory.buffer, pointer, length).slice() };
      shown = performance.now();
      postMessage({ id, outputs: copies, done, ms: shown - began });
    };
    const inputs = given.flatMap((array) => array.arguments);
    const places = found.flatMap(({ pointer, shape }) => passed(pointer, shape, 4));
    const [first, second] = entries.map((entry) => table.get(entry));
    if (second) { // which of the records, and what is to be done with it
      checked(first(result, exception, ...inputs, ...knobs), "the choice");
      const place = Number(new DataView(memory.buffer).getBigInt64(result, true));
      const record = given[0].pointer + place * given[0].size;
      checked(second(result, exception, record, ...places), "the computation");
    } else checked(first(result, exception, ...knobs, ...inputs, ...places), "the computation");
    show(true);
  };

  let ready;
  onmessage = async ({ data: job }) => {
    try {
      if (job.module) ready = started(job.module);
      await ready;
      if (job.entries) compute(job);
    } catch (error) {
      postMessage({ id: job.id, error: String(error) });
    }
  };
}

// On the page: one line of work, in which the newest job replaces what is not begun, and what is stale
class Live {
  static module; // compiled once for the page
  static address;
  static PATIENCE = 100; // ms after which a stale job is broken off rather than awaited

  static async compiled() {
    const packed = Uint8Array.from(atob(PCMLIB.object), (letter) => letter.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
    return WebAssembly.compile(await new Response(stream).arrayBuffer());
  }

  constructor() {
    this.id = 0;
  }

  // Calls told(message) with outputs on the way and at the end; what an older job found is dropped.
  async run(name, { knobs, data, shapes = {} }, told) {
    const { entries, outputs } = PCMLIB.functions[name];
    const job = { id: ++this.id, entries, knobs, data, told };
    job.outputs = outputs.map(([output, shape]) => [output, shapes[output] ?? shape]);
    this.next = job;
    try {
      const module = await (Live.module ??= Live.compiled());
      const stale = this.running;
      const replace = () => {
        if (this.running !== stale || !this.next) return;
        if (stale) this.breakOff();
        this.begin(module);
      };
      if (stale) setTimeout(replace, Live.PATIENCE - (performance.now() - this.since));
      else replace();
    } catch (error) {
      told({ error: String(error) });
    }
  }

  begin(module) {
    if (!this.worker) {
      Live.address ??= URL.createObjectURL(
        new Blob([`(${serve})()`], { type: "text/javascript" }),
      );
      this.worker = new Worker(Live.address);
      this.worker.postMessage({ module });
    }
    const { told, ...job } = (this.running = this.next);
    this.next = undefined;
    this.since = performance.now();
    this.worker.onmessage = ({ data: message }) => {
      if (message.done || message.error) this.running = undefined;
      if (message.id === this.id) told(message);
      if (!this.running && this.next) this.begin(module);
    };
    this.worker.onerror = (event) => {
      this.stop();
      told({ error: event.message });
    };
    this.worker.postMessage(job);
  }

  breakOff() {
    this.worker?.terminate();
    this.worker = this.running = undefined;
  }

  stop() {
    this.breakOff();
    this.next = undefined;
  }
}

// A knob: its control, and the value at the control's position (pcmlib.book.widgets.knobs)
class Knob {
  constructor(element, { key, kind, values, texts, unit, lo }) {
    Object.assign(this, { element, key, kind, values, texts, unit, lo });
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
  root.knobs = knobs;
  let data, late;

  // The figure is not of these knobs: it is of the ones before.
  const lag = (why) => {
    status.textContent = `${why} (the figure is of the values before)`;
    picture.classList.add("explorer-stale");
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
    const shown = knobs.map((knob, k) => `${knob.key}=${values[k]}`).join(", ");
    call.textContent = `${told.function}(${shown})`;
  };
  form.addEventListener("input", move);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = root.querySelector("details").hidden = false;
}

if (typeof WebAssembly === "object" && typeof DecompressionStream === "function")
  document.querySelectorAll("figure.explorer[data-live]").forEach(explore);
