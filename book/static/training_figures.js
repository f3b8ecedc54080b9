// The laboratory's figures, drawn anew from what the networks have told so far: curves of all runs, and
// what one network of one run does.

class TrainingFigures {
  static LEAST = 0.01; // %, of a layer's devices
  static LAYERS = ["input", "recurrent", "output"];
  static DIGITAL = "digital weights: no devices";
  static GONE = "of a run before the reload: curves only";

  static SQUARES = "mean squared error";
  static NATS = "cross-entropy (nats)";
  static SIDES = ["left", "right"];

  constructor(root, { colours, bins, dt, outputs, ages }) {
    Object.assign(this, { colours, bins, dt, ages: Object.keys(ages) });
    const panel = (title, x, y, log) => new Panel(root, { title, x, y, log });
    const shared = {
      loss: panel("Learning curve", "epoch", TrainingFigures.SQUARES, true),
      accuracy: panel("Accuracy", "epoch", "correct answers (%)"),
      rate: panel("Rate", "epoch", "mean rate (Hz)"),
      pulses: panel("Pulses", "epoch", "SET, RESET pulses"),
      later: panel("After training", "time since then", TrainingFigures.SQUARES, true),
    };
    this.outputs = Array.from({ length: outputs }, () => panel("Output", "time (s)", "output (1)"));
    this.panels = {
      ...shared,
      raster: panel("Raster", "time (s)", "neuron"),
      devices: panel("Conductances", "conductance (µS)", "devices (%)", true),
    };
    this.forget();
    this.clear();
  }

  // A panel for each output that a run has
  showOutputs(count) {
    this.outputs.forEach((panel, k) => {
      panel.title = count > 1 ? `Output ${k + 1}` : "Output";
      panel.svg.toggleAttribute("hidden", k >= count);
    });
  }

  // Let axes be narrower again.
  forget() {
    this.limits = {};
  }

  // Of no run
  clear() {
    this.showOutputs(1);
    this.panels.accuracy.svg.toggleAttribute("hidden", true);
    for (const panel of [...Object.values(this.panels), ...this.outputs]) panel.clear();
  }

  // runs: all; run: the one of which a network and a pattern are shown
  draw(runs, run, shown) {
    const { panels } = this;
    const most = Math.max(1, ...runs.map(({ values }) => values.epochs));
    const all = (...names) =>
      runs.flatMap(({ outputs }) => outputs.flatMap((one) => names.map((name) => one[name].data)));
    const across = [0, most];
    const curves = (name, look = {}) => runs.flatMap((one) => this.curves(one, name, runs.length > 1, look));

    const kinds = new Set(runs.map(({ classes }) => (classes ? TrainingFigures.NATS : TrainingFigures.SQUARES)));
    panels.loss.y = panels.later.y = kinds.size > 1 ? "loss" : [...kinds][0];
    panels.loss.draw({ x: across, y: this.grown("loss", all("loss"), [0.01, 1], true) }, curves("loss"));
    const percent = (look) => ({ ...look, y: look.y.map((share) => 100 * share) });
    panels.accuracy.svg.toggleAttribute("hidden", runs.every(({ classes }) => !classes));
    panels.accuracy.draw({ x: across, y: [0, 100] }, [
      { x: across, y: [50, 50], colour: "currentColor", width: 1, dashed: true }, // by chance
      ...curves("accuracy").map(percent),
    ]);
    const targets = [...new Set(runs.map(({ values }) => values.target_rate))];
    const wanted = targets.map((rate) => ({ x: across, y: [rate, rate], colour: "currentColor", width: 1, dashed: true }));
    const rates = this.grown("rate", all("rate_hz"), [0, 2 * Math.max(...targets) || 1]);
    panels.rate.draw({ x: across, y: rates }, [...wanted, ...curves("rate_hz")]);
    const none = runs.every(({ digital }) => digital);
    const pulses = this.grown("pulses", all("set_pulses", "reset_pulses"), [0, 10]);
    const key = TrainingFigures.key("— SET", "- - RESET");
    panels.pulses.draw({ x: across, y: pulses }, none ? [] : [
      ...key, ...curves("set_pulses"), ...curves("reset_pulses", { dashed: true, tag: "" }),
    ], none ? TrainingFigures.DIGITAL : "");

    this.drawLater(runs);
    const one = run.networks[shown.network]?.outputs;
    this.drawTrial(run, one, shown.pattern);
    this.drawDevices(run, one);
  }

  // The loss at each age, without compensation and, where it is another one, with it
  drawLater(runs) {
    const x = this.ages.map((_, k) => k + 1);
    const lines = runs.flatMap((run) => {
      const [plain, compensated] = [false, true].map((which) => run.later("loss", which).slice(1));
      const line = { x, y: plain, colour: run.colour, width: 1.6, tag: runs.length > 1 ? `${run.number}` : "" };
      const other = compensated.some((y, k) => y !== plain[k] && Number.isFinite(y));
      return other ? [line, { ...line, y: compensated, dashed: true, tag: "" }] : [line];
    });
    const asked = lines.some(({ y }) => y.some(Number.isFinite));
    const limits = this.grown("later", lines.map(({ y }) => y), [0.01, 1], true);
    const key = asked ? TrainingFigures.key("— as is", "- - compensated") : [];
    this.panels.later.draw({ x: [0.7, x.length + 0.3], y: limits, names: this.ages }, [...key, ...lines],
      asked ? "" : "asked when the training is over");
  }

  // Names above a panel, of what is told apart by dashes
  static key(...names) {
    return names.map((name) => ({ x: [], y: [], colour: "currentColor", name }));
  }

  // Why a panel of one network is empty
  note(run, one) {
    return one && !one.spikes ? TrainingFigures.GONE : "";
  }

  // A thin line a network, and a thick one for their mean as far as all have come
  curves(run, name, several, look) {
    if (run.digital && name.endsWith("pulses")) return [];
    const { colour, outputs } = run;
    const x = Float64Array.from({ length: run.values.epochs }, (_, k) => k + 1);
    const each = outputs.map((one) => one[name].data);
    const usual = { x, colour, tag: several ? `${run.number}` : "", ...look };
    if (x.length === 1) return each.map((y) => ({ ...usual, y, dots: true, width: 6 }));
    if (each.length === 1) return [{ ...usual, y: each[0], width: 1.6 }];
    const middle = x.map((_, e) => each.reduce((sum, y) => sum + y[e], 0) / each.length);
    const thin = each.map((y) => ({ ...usual, y, width: 0.8, opacity: 0.45, tag: "" }));
    return [...thin, { ...usual, y: middle, width: 2 }];
  }

  // Outputs of a pattern or trial; spikes of the first one
  drawTrial(run, one, pattern) {
    const { steps, n_rec } = run.values;
    const time = Float64Array.from({ length: steps }, (_, k) => k * this.dt);
    const x = [0, steps * this.dt];
    const note = this.note(run, one);
    (run.classes ? this.drawAnswer : this.drawOutputs).call(this, run, one, pattern, time, x, note);
    const width = Math.max(0.8, Math.min(2.2, 180 / n_rec));
    const spikes = { x: [], y: [], colour: run.colour, dots: true, width };
    one?.spikes?.forEach((k) => {
      spikes.x.push(Math.floor(k / n_rec) * this.dt);
      spikes.y.push(k % n_rec);
    });
    this.panels.raster.draw({ x, y: [-1, n_rec] }, [spikes], note);
  }

  // Output k of a pattern or trial
  static column({ data }, k, pattern, { steps, n_out }) {
    return Float64Array.from({ length: steps }, (_, t) => data[(pattern * steps + t) * n_out + k]);
  }

  // Each output beside its target
  drawOutputs(run, one, pattern, time, x, note) {
    const inside = (array, k) => TrainingFigures.column(array, k, pattern, run.values).map((y) => Math.max(-2, Math.min(2, y)));
    const { n_out } = run.values;
    this.showOutputs(n_out);
    this.outputs.slice(0, n_out).forEach((panel, k) => panel.draw({ x, y: [-2, 2] }, one?.outputs ? [
      { x: time, y: inside(one.targets, k), colour: "currentColor", dashed: true },
      { x: time, y: inside(one.outputs, k), colour: run.colour },
      ...TrainingFigures.key("- - target", "— output"),
    ] : [], note));
  }

  // The outputs of both classes, of which the larger one is the answer
  drawAnswer(run, one, pattern, time, x, note) {
    this.showOutputs(1);
    const [panel] = this.outputs;
    panel.title = "Outputs";
    if (!one?.outputs) return panel.draw({ x, y: [-1, 1] }, [], note);
    const sides = [0, 1].map((k) => TrainingFigures.column(one.outputs, k, pattern, run.values));
    const right = one.targets.data[pattern * run.values.steps * 2] > 0 ? 0 : 1;
    const all = [...sides[0], ...sides[1], -0.1, 0.1].filter(Number.isFinite);
    const y = [all.reduce((a, b) => Math.min(a, b)), all.reduce((a, b) => Math.max(a, b))];
    panel.draw({ x, y }, [
      ...sides.map((values, k) => ({ x: time, y: values, colour: run.colour, dashed: k === 1 })),
      ...TrainingFigures.key(`— left`, `- - right`, `answer: ${TrainingFigures.SIDES[right]}`),
    ]);
  }

  // Shares of each layer's devices; G+ solid, G- dashed
  drawDevices(run, one) {
    const { g_max } = run.values;
    const colours = [this.colours.blue, this.colours.red, this.colours.green];
    const lines = TrainingFigures.LAYERS.flatMap((layer, l) => [0, 1].map((side) => {
      const from = (2 * l + side) * this.bins;
      const counts = one?.conductance?.data.subarray(from, from + this.bins) ?? [];
      const all = counts.reduce((a, b) => a + b, 0) || 1;
      const x = [], y = [];
      counts.forEach((count, k) => {
        x.push((k * g_max) / this.bins, ((k + 1) * g_max) / this.bins);
        const share = Math.max((100 * count) / all, TrainingFigures.LEAST); // the axis begins there
        y.push(share, share);
      });
      return { x, y, colour: colours[l], dashed: side === 1, width: 1.3, name: side ? "" : layer };
    }));
    const note = run.digital ? TrainingFigures.DIGITAL : this.note(run, one);
    this.panels.devices.draw({ x: [0, g_max], y: [TrainingFigures.LEAST, 100] }, note ? [] : lines, note);
  }

  // Limits of an axis that hold all values: they grow while runs train, so that nothing jumps back.
  grown(name, arrays, start, log = false) {
    let [low, high] = this.limits[name] ?? start;
    for (const values of arrays)
      for (const value of values) {
        if (!Number.isFinite(value) || (log && value <= 0)) continue;
        if (value < low) low = log ? value / 1.5 : value;
        if (value > high) high = log ? value * 1.5 : value * 1.15;
      }
    return (this.limits[name] = [low, high]);
  }

  // What the figures say, for those who do not see them
  describe(runs, run, shown) {
    const place = `network ${shown.network + 1} of run ${run.number}`;
    const each = (text) => runs.filter(({ finals }) => finals).map((one) => `${one.number} ${one.name}: ${text(one)}`).join("; ");
    const whole = (x) => Math.round(x).toLocaleString("en");
    const texts = {
      accuracy: each(({ finals, classes }) => classes ? `${(100 * finals.accuracy).toFixed(1)} %` : "no classes"),
      later: each((one) => [false, true].map((which) => `${which ? "compensated" : "loss"} ` +
        one.later("loss", which).slice(1).map((y, k) => `${y.toFixed(4)} a${this.ages[k] === "hour" ? "n" : ""} ${this.ages[k]} later`).join(", ")).join(", ")),
      loss: runs.length > 1 ? each(({ finals }) => `loss ${finals.loss.toFixed(4)}`) : run.summary,
      rate: each(({ finals, values }) => `${finals.rate_hz.toFixed(1)} Hz, ${values.target_rate} Hz wanted`),
      pulses: each(({ finals, digital }) => digital ? TrainingFigures.DIGITAL
        : `${whole(finals.set_pulses)} SET and ${whole(finals.reset_pulses)} RESET since the start`),
      raster: `${run.values.n_rec} neurons, ${run.classes ? "trial" : "pattern"} 1 of ${place}`,
      devices: run.digital ? TrainingFigures.DIGITAL : `of ${place} by layer, G+ solid, G- dashed`,
    };
    for (const [name, text] of Object.entries(texts)) this.panels[name].say(text);
    for (const panel of this.outputs) panel.say(`${run.classes ? "trial" : "pattern"} ${shown.pattern + 1} of ${place}`);
  }
}
