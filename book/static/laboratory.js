// The laboratory: a training run as the form says, a worker a network, drawn while it trains.

const WEAR = ["set_pulses", "reset_pulses", "reads"];

class Laboratory {
  static SPOKEN = 2000; // ms between two reports on the way

  constructor(root) {
    this.told = pageData(root);
    this.root = root;
    this.form = root.querySelector("form");
    this.status = root.querySelector(".lab-status");
    this.progress = root.querySelector("progress");
    this.choices = new RunForm(this.form, this.told);
    const dt = this.told.defaults.dt;
    this.figures = new TrainingFigures(root.querySelector(".lab-panels"), { ...this.told, dt });
    this.workers = [];
    this.form.addEventListener("input", (event) => this.changed(this.choices.edit(event.target.name)));
    this.form.addEventListener("submit", (event) => (event.preventDefault(), this.start()));
    this.button("stop").addEventListener("click", () => this.stop());
    this.button("reset").addEventListener("click", () => this.changed(this.choices.reset()));
    this.button("json").addEventListener("click", () => this.save());
    for (const name of ["network", "pattern"])
      this.shownInput(name).addEventListener("input", () => this.show());
    Address.follow((state) => this.read(state));
    root.querySelector(".lab-live").hidden = false;
  }

  button(name) {
    return this.root.querySelector(`button[data-does="${name}"]`);
  }

  say(text) {
    this.status.textContent = text;
  }

  // Take a state; what it asks for in vain is named.
  read(state) {
    const unknown = this.choices.read(state);
    for (const name of this.choices.edited) unfold(this.choices.fields.inputs[name]);
    this.changed();
    if (unknown.length > 0) this.say(unknown.join("\n"));
  }

  changed() {
    const faults = this.choices.faults();
    const fits = faults.length === 0;
    const none = "(the form holds what no run can have)";
    this.root.querySelector(".lab-call").textContent = fits ? this.choices.call : none;
    this.root.querySelector(".lab-command").textContent = fits ? this.choices.command : none;
    if (!this.run?.running) this.say(fits && this.run ? this.run.said : faults.join("\n"));
    this.compare(fits);
    if (fits) Address.write(this.choices.state);
  }

  // Say so where the figures are of a run with other settings, with a way back to these.
  compare(fits) {
    const { run } = this;
    const same = !run || (fits && run.state === `${new URLSearchParams(this.choices.state)}`);
    const link = document.createElement("a");
    Object.assign(link, { href: `#${run?.state}`, textContent: "back to these" });
    const text = same ? [] : ["The figures are of a run with other settings (", link, ")"];
    this.root.querySelector(".lab-other").replaceChildren(...text);
  }

  start() {
    const faults = this.choices.faults();
    if (faults.length > 0) {
      this.say(faults.join("\n"));
      const first = this.form.querySelector("[aria-invalid]");
      if (first) unfold(first);
      first?.focus();
      return;
    }
    this.stop();
    const asked = this.choices.asked;
    const networks = Array.from({ length: asked.networks }, () => ({ outputs: null, done: false }));
    this.run = {
      ...asked, networks, running: true, began: performance.now(), first: null, spoken: 0,
      waiting: [...networks.keys()], limits: {}, state: `${new URLSearchParams(this.choices.state)}`,
    };
    this.compare(true);
    this.progress.removeAttribute("value"); // until an epoch is over
    this.root.run = this.run;
    this.say(`${this.run.title}: the first epoch`);
    this.choose("network", networks.length);
    this.choose("pattern", asked.values.samples);
    this.button("stop").disabled = false;
    this.button("json").disabled = true;
    const cores = Math.min(networks.length, navigator.hardwareConcurrency || 2);
    this.workers = Array.from({ length: cores }, () => new Live());
    this.workers.forEach((worker) => this.next(worker, this.run));
    this.show();
  }

  // Let a worker train the next network that waits.
  next(worker, run) {
    const r = run.waiting.shift();
    if (r === undefined) return;
    const { names, size } = this.told.record;
    const record = Float64Array.from(names, (name) => this.number(run, name, r));
    const data = [{ content: new Uint8Array(record.buffer), shape: [1], size }];
    const { epochs, samples, steps, n_out, n_rec } = run.values;
    const curves = ["loss", "rate_hz", ...WEAR].map((name) => [name, [epochs]]);
    const trials = ["targets", "outputs"].map((name) => [name, [samples, steps, n_out]]);
    const shapes = { ...Object.fromEntries([...curves, ...trials]), spikes: [steps, n_rec] };
    worker.run("train_network", { knobs: [], data, shapes }, ({ outputs, done, error }) => {
      if (!run.running) return;
      if (error) {
        return this.end(run, `${run.title}: this browser could not compute it: ${error}`);
      }
      run.first ??= performance.now() - run.began;
      run.networks[r] = { outputs, done };
      if (run.networks.every((network) => network.done)) {
        this.end(run);
      } else if (done) this.next(worker, run);
      this.show();
    });
  }

  // A field of the record that pcmlib.training.record has
  number(run, name, r) {
    if (name === "scheme") return this.told.schemes.indexOf(run.scheme);
    if (name === "on_crossbar") return Number(!run.digital);
    if (name === "bits") return run.bits ?? 0;
    if (name === "seed") return run.values.seed + r;
    if (name === "gradient_limit") return run.values[name] ?? Infinity;
    return Number(run.values[name] ?? 0);
  }

  stop() {
    const { run } = this;
    if (!run?.running) return;
    this.end(run, `${run.title}: stopped after ${this.seconds(run)} s; what was trained until then stays`);
    this.button("start").focus();
    this.show();
  }

  seconds(run) {
    return ((performance.now() - run.began) / 1000).toFixed(1);
  }

  // said: what stays to be read; else the run's summary
  end(run, said) {
    run.running = false;
    run.seconds = Number(this.seconds(run));
    run.said = said ?? `${run.title}: ${this.summary(run)}`;
    this.say(run.said);
    this.workers.forEach((worker) => worker.stop());
    this.workers = [];
    this.button("stop").disabled = true;
    this.button("json").disabled = run.networks.every(({ outputs }) => !outputs);
  }

  // What the command line says at the end of a run
  summary(run) {
    const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;
    const all = run.networks.map(({ outputs }) => outputs).filter(Boolean);
    if (all.length === 0) return "";
    const count = Math.min(20, run.values.epochs);
    const last = all.map(({ loss }) => mean([...loss.data.slice(-count)]));
    const [low, high] = [Math.min(...last), Math.max(...last)].map((x) => x.toFixed(4));
    const at = (name) => mean(all.map((outputs) => outputs[name].data.at(-1)));
    const pulses = (name) => Math.round(at(name)).toLocaleString("en");
    const lines = [
      `loss ${mean(last).toFixed(4)}${all.length > 1 ? `, ${low} to ${high}` : ""} (mean of the last ${count} epoch${count > 1 ? "s" : ""})`,
      `rate ${at("rate_hz").toFixed(1)} Hz, ${run.seconds.toFixed(1)} s in this browser`,
    ];
    if (!run.digital)
      lines.push(`${pulses("set_pulses")} SET and ${pulses("reset_pulses")} RESET pulses a network`);
    if (at("reads") > 0) lines.push(`${pulses("reads")} reads of a synapse a network, to programme it`);
    const lost = all.filter(({ ended }) => ended.data[0] !== 1).length;
    if (lost > 0) lines.push(`${lost} of ${all.length} networks diverged`);
    return lines.join("; ");
  }

  // As `pcmlib train --json` writes it: null is a number that is not finite, or was not reached
  save() {
    const { run, told } = this;
    const values = (outputs, name) => (outputs ? [...outputs[name].data] : []);
    const nothing = Array(run.values.epochs).fill(null);
    const curve = (name) => run.networks.map(({ outputs }) =>
      outputs ? values(outputs, name).map((x) => (Number.isFinite(x) ? x : null)) : nothing);
    const last = (name) => run.networks.map(({ outputs }) =>
      values(outputs, name).findLast(Number.isFinite) ?? 0);
    const own = Object.entries(run.values).filter(([name]) => name in told.config);
    const config = {
      ...told.config, ...Object.fromEntries(own), scheme: run.scheme, bits: run.bits,
      replicas: run.networks.length, constants: run.constants,
    };
    const content = {
      scheme: run.scheme, config, loss: curve("loss"), rate_hz: curve("rate_hz"),
      ...Object.fromEntries(WEAR.map((name) => [name, last(name)])), seconds: run.seconds,
    };
    download(`${run.scheme}.json`, `${JSON.stringify(content)}\n`);
  }

  // Which network and which pattern the figures show

  shownInput(name) {
    return this.root.querySelector(`[name="shown-${name}"]`);
  }

  choose(name, count) {
    const input = this.shownInput(name);
    input.max = count;
    input.value = Math.min(Number(input.value) || 1, count);
  }

  get shown() {
    const place = (name) => {
      const { value, max } = this.shownInput(name);
      return Math.max(0, Math.min(Number(max) - 1, Math.trunc(Number(value)) - 1 || 0));
    };
    return { network: place("network"), pattern: place("pattern") };
  }

  // Draw what there is, once for each picture of the screen.
  show() {
    const { run } = this;
    if (this.drawing || !run) return;
    this.drawing = true;
    requestAnimationFrame(() => {
      this.drawing = false;
      this.figures.draw(run, this.shown);
      this.report(run);
      if (!run.running) this.figures.describe(run, this.summary(run), this.shown);
    });
  }

  report(run) {
    const { epochs } = run.values;
    const reached = ({ outputs }) => (outputs?.loss.data.findLastIndex((x) => !Number.isNaN(x)) ?? -1) + 1;
    const passed = run.networks.reduce((sum, network) => sum + (network.done ? epochs : reached(network)), 0);
    this.progress.max = epochs * run.networks.length;
    if (passed > 0 || !run.running) this.progress.value = passed;
    if (!run.running || performance.now() - run.spoken < Laboratory.SPOKEN) return;
    run.spoken = performance.now();
    const done = run.networks.filter((network) => network.done).length;
    this.say(`${run.title}: ${passed} of ${this.progress.max} epochs, ${done} of ${run.networks.length} networks done`);
  }
}

document.querySelectorAll("[data-laboratory]").forEach((root) => new Laboratory(root));
