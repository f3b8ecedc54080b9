// A training run: what is asked for, its networks as they come, and what is said of it.

const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;

class TrainingRun {
  static CURVES = ["loss", "accuracy", "rate_hz", "set_pulses", "reset_pulses", "reads"];
  // Of so many epochs, how many the final loss is the mean of: as `pcmlib.training.results.settled`
  static last(epochs) {
    return Math.max(1, Math.min(20, Math.floor(epochs / 10)));
  }

  // asked: of RunForm; state: the address of its settings; told: what the page holds for its script
  constructor(asked, state, told) {
    Object.assign(this, asked, { state, told, name: asked.title, running: true, stopped: false });
    this.networks = Array.from({ length: asked.networks }, () => ({ outputs: null, done: false }));
    this.waiting = [...this.networks.keys()];
    this.began = performance.now();
    this.first = null; // ms to the first figure
    this.spoken = 0; // when it last reported
  }

  // What a worker is asked for, to train network r
  job(r) {
    const { names, size } = this.told.record;
    const record = Float64Array.from(names, (name) => this.entry(name, r));
    const data = [{ content: new Uint8Array(record.buffer), shape: [1], size }];
    const { epochs, samples, steps, n_out, n_rec } = this.values;
    const curves = TrainingRun.CURVES.map((name) => [name, [epochs]]);
    const trials = ["targets", "outputs"].map((name) => [name, [samples, steps, n_out]]);
    return { knobs: [], data, shapes: { ...Object.fromEntries([...curves, ...trials]), spikes: [steps, n_rec] } };
  }

  // A field of the record that pcmlib.training.record has
  entry(name, r) {
    if (name === "scheme") return this.told.schemes.indexOf(this.scheme);
    if (name === "task") return this.told.tasks.indexOf(this.task);
    if (name === "classes") return Number(this.classes);
    if (name === "on_crossbar") return Number(!this.digital);
    if (name === "bits") return this.bits ?? 0;
    if (name === "reads") return 0; // sums of them
    if (name === "seed") return this.values.seed + r;
    if (name === "gradient_limit") return this.values[name] ?? Infinity;
    return Number(this.values[name] ?? 0);
  }

  // Whether outputs name a class
  get classes() {
    return this.task === "evidence";
  }

  // Take what network r is by now; of its spikes, few among many zeros, the places.
  take(r, outputs, done) {
    this.first ??= performance.now() - this.began;
    const places = [];
    outputs.spikes.data.forEach((spike, k) => spike && places.push(k));
    this.networks[r] = { outputs: { ...outputs, spikes: Uint32Array.from(places) }, done };
  }

  // stopped: before its end; report: what stays to be read instead of the summary
  end(stopped, report) {
    this.running = false;
    this.stopped = stopped;
    this.seconds = Number(this.elapsed);
    this.report = `${this.title}: ${report ?? this.summary}`;
  }

  get elapsed() {
    return ((performance.now() - this.began) / 1000).toFixed(1);
  }

  get outputs() {
    return this.networks.map(({ outputs }) => outputs).filter(Boolean);
  }

  // Epochs that a network has come to
  reached({ outputs, done }) {
    if (done) return this.values.epochs;
    return (outputs?.loss.data.findLastIndex((x) => !Number.isNaN(x)) ?? -1) + 1;
  }

  get trained() {
    return this.networks.map((network) => this.reached(network));
  }

  // Means over the networks, of what each has come to; null before the first epoch
  get finals() {
    const ends = this.networks.map((network) => [network.outputs, this.reached(network)]);
    const found = ends.filter(([, end]) => end > 0);
    if (found.length === 0) return null;
    const settled = (name) => found.map(([outputs, end]) =>
      mean([...outputs[name].data.slice(end - TrainingRun.last(end), end)]));
    const last = settled("loss");
    const at = (name) => mean(found.map(([outputs, end]) => outputs[name].data[end - 1]));
    const curves = Object.fromEntries(TrainingRun.CURVES.slice(2).map((name) => [name, at(name)]));
    return { ...curves, loss: mean(last), accuracy: mean(settled("accuracy")), low: Math.min(...last), high: Math.max(...last), count: found.length };
  }

  // What was asked after the training, as means over the networks: of "loss" or "accuracy", by age
  // (the end, then told.ages), without or with compensation; NaN where nothing was asked
  later(what, compensated) {
    const ages = 1 + Object.keys(this.told.ages).length;
    const at = (a) => 2 * (Number(compensated) * ages + a) + Number(what === "accuracy");
    return Array.from({ length: ages }, (_, a) => mean(this.outputs.map(({ aged }) => aged.data[at(a)])));
  }

  // What the command line says at the end of a run
  get summary() {
    const { finals } = this;
    if (!finals) return "";
    const count = TrainingRun.last(this.values.epochs);
    const range = finals.count > 1 ? `, ${finals.low.toFixed(4)} to ${finals.high.toFixed(4)}` : "";
    const whole = (name) => Math.round(finals[name]).toLocaleString("en");
    const lines = [
      `loss ${finals.loss.toFixed(4)}${range} (${count > 1 ? `mean of the last ${count} epochs` : "of the last epoch"})`,
      ...(this.classes ? [`accuracy ${(100 * finals.accuracy).toFixed(1)} %`] : []),
      `rate ${finals.rate_hz.toFixed(1)} Hz, ${this.seconds.toFixed(1)} s in this browser`,
    ];
    if (!this.digital)
      lines.push(`${whole("set_pulses")} SET and ${whole("reset_pulses")} RESET pulses a network`);
    if (finals.reads > 0) lines.push(`${whole("reads")} reads of synapses per network, to program them`);
    const lost = this.outputs.filter(({ ended }) => ended.data[0] !== 1).length;
    if (lost > 0) lines.push(`${lost} of ${finals.count} networks diverged`);
    return lines.join("; ");
  }

  // As `pcmlib train --json` writes it: null is a number that is not finite, or was not reached
  get file() {
    const { told, values } = this;
    const nothing = Array(values.epochs).fill(null);
    const curve = (name) => this.networks.map(({ outputs }) =>
      outputs ? [...outputs[name].data].map((x) => (Number.isFinite(x) ? x : null)) : nothing);
    const last = (name) => curve(name).map((found) => found.findLast((x) => x !== null) ?? 0);
    const own = Object.entries(values).filter(([name]) => name in told.config);
    const config = {
      ...told.config, ...Object.fromEntries(own), scheme: this.scheme, task: this.task, bits: this.bits,
      replicas: this.networks.length, constants: this.constants,
    };
    return {
      scheme: this.scheme, config, loss: curve("loss"),
      ...(this.classes ? { accuracy: curve("accuracy") } : {}), rate_hz: curve("rate_hz"),
      ...Object.fromEntries(TrainingRun.CURVES.slice(3).map((name) => [name, last(name)])),
      seconds: this.seconds,
    };
  }

  // What is left of a run when the page is opened again: its curves, but no trials and no devices

  get packed() {
    const { scheme, task, bits, digital, constants, values, title, state, name, number, stopped, seconds, report } = this;
    const kept = [...TrainingRun.CURVES, "aged"];
    const curves = ({ outputs }) => outputs && kept.map((curve) => [...outputs[curve].data].map(shortest));
    const networks = this.networks.map((network) => (
      { done: network.done, ended: network.outputs?.ended.data[0], curves: curves(network) }));
    return { scheme, task, bits, digital, constants, values, title, state, name, number, stopped, seconds, report, networks };
  }

  static unpacked(packed, told) {
    const run = new TrainingRun({ ...packed, networks: packed.networks.length }, packed.state, told);
    const data = (values) => ({ data: Float32Array.from(values, (x) => x ?? NaN) });
    run.networks = packed.networks.map(({ done, ended, curves }) => {
      const each = curves && [...TrainingRun.CURVES, "aged"].map((name, k) => [name, data(curves[k])]);
      return { done, outputs: each && { ...Object.fromEntries(each), ended: data([ended]) } };
    });
    const { name, stopped, seconds, report } = packed;
    return Object.assign(run, { name, stopped, seconds, report, running: false });
  }
}
