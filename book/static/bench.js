// The device bench: devices under the reader's own SETs, RESETs and reads, computed as they are written.

class Bench {
  static MOST = 2000; // steps
  static SPOKEN = 2000; // ms between two reports on the way
  static WHAT = ["set", "reset", "read"];

  constructor(root) {
    this.told = pageData(root);
    this.root = root;
    this.form = root.querySelector("form");
    this.status = root.querySelector(".lab-status");
    this.results = root.querySelector(".lab-results");
    this.progress = root.querySelector("progress");
    this.notes = []; // what is wrong with the form, or was asked for in vain
    this.fields = new Fields(this.form, this.told.fields);
    this.programme = this.form.elements.programme;
    const size = matchMedia("(max-width: 40em)").matches ? {} : { width: 640, height: 320 };
    const axes = { title: "What is read", x: "time (s)", y: "conductance (µS)" };
    this.panel = new Panel(root.querySelector(".lab-panels"), { ...axes, ...size });
    this.live = new Live();
    this.measured = new Measured(this);
    this.form.addEventListener("input", () => this.changed());
    this.form.addEventListener("submit", (event) => event.preventDefault());
    for (const what of Bench.WHAT) this.button(what).addEventListener("click", () => this.append(what));
    this.button("clear").addEventListener("click", () => this.write(""));
    this.button("usual").addEventListener("click", () => this.read([]));
    this.button("stop").addEventListener("click", () => this.stop());
    this.button("json").addEventListener("click", () => this.save());
    this.button("link").addEventListener("click", () => copyLink(Address.link(this.state), this.status));
    Address.follow((state) => this.read(state));
    root.querySelector(".lab-live").hidden = false;
  }

  button(name) {
    return this.root.querySelector(`button[data-does="${name}"]`);
  }

  write(text) {
    this.programme.value = text;
    this.changed();
  }

  // A button acts `wait` seconds after the last step.
  append(what) {
    const { steps, faults } = this.parsed();
    if (faults.length > 0) return; // the page names them
    const last = steps.length > 0 ? steps.at(-1).t + this.fields.value("wait") : 0;
    const before = this.programme.value.trimEnd();
    this.write(`${before}${before ? "\n" : ""}${Number(last.toPrecision(9))} ${what}`);
    this.programme.scrollTop = this.programme.scrollHeight;
  }

  // "38.6 set", "0 set 20", "0:400:38.6 read": the steps in the order of their times
  parsed() {
    const steps = [], faults = [];
    this.programme.value.split("\n").forEach((text, k) => {
      const line = text.replace(/#.*/, "").trim();
      if (!line) return;
      const [when, what, count, ...rest] = line.toLowerCase().split(/\s+/);
      const decimal = (x) => (/^\d*\.?\d*(e[+-]?\d+)?$/.test(x) && x ? Number(x) : NaN);
      const parts = when.split(":").map(decimal);
      const [start, stop, step] = parts;
      const pulses = count === undefined ? 1 : decimal(count);
      const range = parts.length === 3;
      const times = [];
      const fits = (range || parts.length === 1) && parts.every(Number.isFinite) &&
        Bench.WHAT.includes(what) && rest.length === 0 && (!range || (stop >= start && step > 0)) &&
        (count === undefined || (what === "set" && Number.isInteger(pulses) && pulses >= 1 && pulses <= this.told.pulses));
      if (!fits)
        return faults.push(`line ${k + 1} = ${line}: must be a time in s, or start:stop:step, then set, reset or read; ` +
          `after set a number of pulses up to ${this.told.pulses}`);
      if (range) for (let n = 0; start + n * step < stop && n <= Bench.MOST; n++) times.push(start + n * step);
      else times.push(start);
      for (const t of times) steps.push({ t: Number(t.toPrecision(12)), what, pulses });
    });
    if (steps.length > Bench.MOST) faults.push(`more than ${Bench.MOST} steps: must be at most so many`);
    steps.sort((a, b) => a.t - b.t); // stable: steps of one time stay in their order
    return { steps, faults };
  }

  get edited() {
    return Object.keys(this.told.fields).filter((name) => this.fields.value(name) !== this.told.defaults[name]);
  }

  changed() {
    const { steps, faults } = this.parsed();
    this.notes = [...Object.values(this.fields.faults(this.told.ordered)).filter(Boolean), ...faults];
    const fits = this.notes.length === 0;
    this.leave();
    if (fits) this.compute(steps);
    else this.live.stop();
    if (fits) this.measured.compute();
    this.fields.markEdited(this.edited);
    if (fits) this.tell(steps);
    else this.root.querySelector(".lab-call").textContent = "(the form holds what no bench can do)";
    this.button("link").disabled = !fits;
    if (fits) Address.write(this.state);
  }

  // All that a link has to hold
  get state() {
    const edits = this.edited.map((name) => [name, this.fields.value(name) ?? "none"]);
    const written = this.programme.value;
    return { ...Object.fromEntries(edits), ...(written === this.told.programme ? {} : { programme: written }) };
  }

  // Take a state; what it asks for in vain is named.
  read(state) {
    const faults = [];
    for (const [name, value] of Object.entries(this.told.defaults)) this.fields.set(name, value);
    this.programme.value = this.told.programme;
    for (const [name, text] of state)
      if (name === "programme") this.programme.value = text;
      else if (!(name in this.told.fields)) faults.push(`${name} = ${text}: this bench has no such setting`);
      else if (Number.isNaN(this.fields.parsed(name, text))) faults.push(`${name} = ${text}: no value of it`);
      else this.fields.set(name, this.fields.parsed(name, text));
    this.changed();
    for (const name of this.edited) unfold(this.fields.inputs[name]);
    this.notes.push(...faults);
    this.say("");
  }

  tell(steps) {
    const constants = {};
    for (const name of this.edited)
      if (boundsOf(name)) constants[boundsOf(name)] = asPython(this.fields.bounds(name));
      else if (this.told.constants.includes(name)) constants[name] = asPython(this.fields.value(name));
    const own = Object.entries(constants).map(([name, x]) => `${name}=${x}`).join(", ");
    const devices = this.fields.value("devices");
    const listed = steps.map(({ t, what, pulses }) => `    (${t}, "${what}", ${pulses}),`);
    this.root.querySelector(".lab-call").textContent = [
      "from pcmlib import PCMArray, PCMParameters", "",
      `steps = [  # s, what, pulses`, ...listed, "]",
      `cells = PCMArray((${devices},), PCMParameters(${own}), seed=${this.fields.value("seed")})`,
      "readings = []",
      "for t, what, pulses in steps:",
      '    if what == "set":',
      `        cells.set(t, [pulses] * ${devices})`,
      '    elif what == "reset":',
      "        cells.reset(t)",
      "    else:",
      "        readings.append(cells.read(t))",
    ].join("\n");
  }

  // What a worker is asked for, to treat devices
  job(steps, devices) {
    const { names, size } = this.told.record;
    const constant = (name) => Number(this.fields.value(name) ?? 0);
    const p = new Uint8Array(Float64Array.from(names, constant).buffer);
    const each = steps.flatMap(({ t, what, pulses }) => [t, Bench.WHAT.indexOf(what), pulses]);
    const content = new Uint8Array(Float64Array.from(each).buffer);
    const data = [{ content: p, shape: [1], size }, { content, shape: [steps.length], size: 24 }];
    return { knobs: [this.fields.value("seed")], data, shapes: { conductance: [steps.length, devices] } };
  }

  compute(steps) {
    const devices = this.fields.value("devices");
    const told = Object.fromEntries(Object.keys(this.told.fields).map((n) => [n, this.fields.value(n)]));
    const treatment = { steps, devices, told, done: 0, conductance: null, running: true, report: "" };
    this.treatment = treatment;
    this.live.run("treat", this.job(steps, devices), ({ outputs, done, error }) => {
      if (error) return this.end(`This browser could not compute it: ${error}`);
      Object.assign(treatment, { conductance: outputs.conductance.data, done: outputs.done.data[0], running: !done });
      this.show();
    });
  }

  // What is shown is of other fields from now on. It says so, unless what is written is computed at once.
  leave() {
    this.treatment = this.root.bench = null;
    this.button("json").disabled = true;
    this.button("stop").disabled = true;
    this.say("");
    this.late ??= setTimeout(() => this.mark(false), Live.PATIENCE);
  }

  // Mark what is shown as what is written, or as another treatment's.
  mark(same) {
    clearTimeout(this.late);
    this.late = undefined;
    this.results.classList.toggle("lab-stale", !same);
    this.root.querySelector(".lab-other").textContent = same ? "" : "Figure and numbers: of the treatment before";
    if (same || !this.treatment) return;
    this.button("stop").disabled = false;
    this.progress.removeAttribute("value");
    this.say("computing …");
  }

  stop() {
    const { done, steps } = this.treatment;
    this.live.stop();
    this.end(`stopped after ${done} of ${steps.length} steps; what was read until then stays`);
    this.programme.focus();
  }

  // End a treatment before its last step, with a report.
  end(report) {
    const { treatment } = this;
    Object.assign(treatment, { running: false, report, conductance: treatment.conductance ?? new Float32Array() });
    this.show();
  }

  // Draw what there is, once for each picture of the screen.
  show() {
    if (this.drawing) return;
    this.drawing = true;
    requestAnimationFrame(() => {
      this.drawing = false;
      if (this.treatment?.conductance) this.draw(this.treatment);
    });
  }

  draw(treatment) {
    const { steps, devices, told, done, conductance, running, report } = treatment;
    this.mark(true);
    this.progress.max = steps.length || 1;
    this.progress.value = done || Number(steps.length === 0);
    this.button("stop").disabled = !running;
    this.button("json").disabled = running;
    const reached = steps.slice(0, done);
    this.drawSteps(reached, devices, conductance, steps.at(-1)?.t || 1);
    if (!running) {
      this.say(report);
      this.root.bench = { steps: reached, devices, told, conductance };
    } else if (performance.now() - (treatment.spoken ?? -Infinity) > Bench.SPOKEN) {
      treatment.spoken = performance.now();
      this.say(`computing: ${done} of ${steps.length} steps`);
    }
  }

  // Up to ten devices a line each; of more, the mean and one standard deviation to both sides
  drawSteps(steps, devices, conductance, last) {
    const { colours } = this.told;
    const reads = [...steps.keys()].filter((k) => steps[k].what === "read");
    const x = reads.map((k) => steps[k].t);
    const row = (k) => conductance.subarray(k * devices, (k + 1) * devices);
    const each = reads.map((k) => moments(row(k)));
    const [mean, sd] = [each.map(([mean]) => mean), each.map(([, sd]) => sd)];
    const shown = Math.min(devices, 10);
    const lines = [];
    if (devices <= 10)
      for (let i = 0; i < shown; i++) {
        const y = reads.map((k) => row(k)[i]);
        const colour = Object.values(colours)[i % 6];
        lines.push({ x, y, colour, width: 1 }, { x, y, colour, dots: true, width: 4 });
      }
    else {
      const edge = { x, colour: colours.blue, width: 1, dashed: true };
      lines.push({ ...edge, y: mean.map((m, n) => m - sd[n]) });
      lines.push({ ...edge, y: mean.map((m, n) => m + sd[n]), name: "one sd" });
      lines.push({ x, y: mean, colour: colours.blue, width: 2, name: "mean" }, { x, y: mean, colour: colours.blue, dots: true, width: 4 });
    }
    for (const [what, mark] of [["set", "up"], ["reset", "down"]]) {
      const at = steps.filter((step) => step.what === what).map(({ t }) => t);
      lines.push({ x: at, y: at.map(() => 0), colour: "currentColor", mark });
    }
    const highest = conductance.reduce((most, x) => (x > most ? x : most), 1);
    this.panel.draw({ x: [0, last], y: [0, highest * 1.1] }, lines, reads.length ? "" : "nothing is read yet");
    const sets = steps.reduce((sum, { what, pulses }) => sum + (what === "set") * pulses, 0);
    const resets = steps.filter(({ what }) => what === "reset").length;
    this.panel.say(`devices: ${devices}, SET pulses: ${sets}, RESETs: ${resets}, reads: ${reads.length}` +
      (reads.length ? `; the last reads ${mean.at(-1).toFixed(2)} µS on average` : ""));
    const rows = reads.map((k, n) =>
      `<tr><td>${steps[k].t}</td><td>${mean[n].toFixed(3)}</td><td>${devices > 1 ? sd[n].toFixed(3) : "–"}</td></tr>`);
    this.root.querySelector(".lab-numbers tbody").innerHTML = rows.join("");
  }

  save() {
    const { steps, devices, conductance, told } = this.root.bench;
    const reads = [...steps.keys()].filter((k) => steps[k].what === "read");
    const pulses = (what) => steps.filter((step) => step.what === what).map(({ t }) => t);
    const content = {
      time: reads.map((k) => steps[k].t),
      conductance: reads.map((k) => [...conductance.subarray(k * devices, (k + 1) * devices)]),
      pulse_times: pulses("set"), reset_times: pulses("reset"), steps, ...told,
    };
    download("bench.json", `${JSON.stringify(content)}\n`);
  }

  say(text) {
    this.status.textContent = [...this.notes, text].filter(Boolean).join("\n");
  }
}

document.querySelectorAll("[data-bench]").forEach((root) => new Bench(root));
