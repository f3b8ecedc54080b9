// Live functions: pcmlib's own, compiled to WebAssembly, called in a worker. PCMLIB holds the object and
// its functions' arguments.

// In a worker: the memory, and calls of the object's functions as Numba passes arguments. `port` is the
// worker's end of the line to the page.
function serve(port) {
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
      port.postMessage({ id, outputs: copies, done, ms: shown - began });
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
  port.onmessage = async ({ data: job }) => {
    try {
      if (job.module) ready = started(job.module);
      await ready;
      if (job.entries) compute(job);
    } catch (error) {
      port.postMessage({ id: job.id, error: String(error) });
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

  // A worker; where a browser has none, the page itself computes, and stands still meanwhile.
  static worker() {
    try {
      Live.address ??= URL.createObjectURL(
        new Blob([`(${serve})(self)`], { type: "text/javascript" }),
      );
      return new Worker(Live.address);
    } catch {
      const port = { postMessage: (data) => page.onmessage?.({ data }) };
      const page = { postMessage: (data) => setTimeout(() => port.onmessage({ data })) };
      page.terminate = () => (page.onmessage = null);
      serve(port);
      return page;
    }
  }

  begin(module) {
    if (!this.worker) {
      this.worker = Live.worker();
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
