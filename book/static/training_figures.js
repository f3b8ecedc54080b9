// The laboratory's figures of a run, drawn anew from what its networks have told so far.

class TrainingFigures {
  static LEAST = 0.01; // %, of a layer's devices
  static LAYERS = ["input", "recurrent", "output"];

  constructor(root, { colours, bins, dt }) {
    Object.assign(this, { colours, bins, dt });
    this.panels = Object.fromEntries(Object.entries({
      loss: { title: "Learning curve", x: "epoch", y: "mean squared error", log: true },
      rate: { title: "Rate", x: "epoch", y: "mean rate (Hz)" },
      output: { title: "Output", x: "time (s)", y: "output (1)" },
      raster: { title: "Raster", x: "time (s)", y: "neuron" },
      devices: { title: "Conductances", x: "conductance (µS)", y: "devices (%)", log: true },
      pulses: { title: "Pulses", x: "epoch", y: "SET, RESET pulses" },
    }).map(([name, axes]) => [name, new Panel(root, axes)]));
  }

  // run: { values, digital, networks: [{ outputs, done }], limits }; shown: which network and pattern
  draw(run, shown) {
    const { colours, panels } = this;
    const { epochs, target_rate } = run.values;
    const found = run.networks.map(({ outputs }) => outputs).filter(Boolean);
    const all = (name) => found.map((outputs) => outputs[name].data);
    const across = [0, epochs];
    const x = Float64Array.from({ length: epochs }, (_, k) => k + 1);
    const curves = (name, colour, label) => this.curves(x, all(name), colour, label);

    const losses = this.grown(run, "loss", all("loss"), [0.01, 1], true);
    panels.loss.draw({ x: across, y: losses }, curves("loss", colours.blue));
    const wanted = { x: across, y: [target_rate, target_rate], colour: "currentColor", width: 1, dashed: true };
    const rates = this.grown(run, "rate", all("rate_hz"), [0, 2 * target_rate || 1]);
    panels.rate.draw({ x: across, y: rates }, [wanted, ...curves("rate_hz", colours.green)]);
    const pulses = this.grown(run, "pulses", [...all("set_pulses"), ...all("reset_pulses")], [0, 10]);
    panels.pulses.draw({ x: across, y: pulses }, run.digital ? [] : [
      ...curves("set_pulses", colours.orange, "SET"), ...curves("reset_pulses", colours.purple, "RESET"),
    ], this.note(run));

    const one = run.networks[shown.network]?.outputs;
    this.drawTrial(run, one, shown.pattern);
    this.drawDevices(run, one);
  }

  note({ digital }) {
    return digital ? "digital weights: no devices" : "";
  }

  // A thin line a network, and a thick one for their mean as far as all have come
  curves(x, each, colour, name) {
    if (x.length === 1) return each.map((y) => ({ x, y, colour, dots: true, width: 6, name }));
    if (each.length === 1) return [{ x, y: each[0], colour, width: 1.6, name }];
    const mean = x.map((_, e) => each.reduce((sum, y) => sum + y[e], 0) / each.length);
    const thin = each.map((y) => ({ x, y, colour, width: 0.8, opacity: 0.45 }));
    return [...thin, { x, y: mean, colour, width: 2, name }];
  }

  // Output and target of a pattern; spikes of the first one
  drawTrial({ values }, one, pattern) {
    const { steps, n_rec, n_out } = values;
    const time = Float64Array.from({ length: steps }, (_, k) => k * this.dt);
    const column = ({ data }) => time.map((_, t) => data[(pattern * steps + t) * n_out]);
    const inside = (y) => Math.max(-2, Math.min(2, y));
    const seconds = [0, steps * this.dt];
    this.panels.output.draw({ x: seconds, y: [-2, 2] }, one ? [
      { x: time, y: column(one.targets).map(inside), colour: "currentColor", dashed: true, name: "target" },
      { x: time, y: column(one.outputs).map(inside), colour: this.colours.red, name: "output" },
    ] : []);
    const width = Math.max(0.8, Math.min(2.2, 180 / n_rec));
    const spikes = { x: [], y: [], colour: this.colours.blue, dots: true, width };
    one?.spikes.data.forEach((spike, k) => {
      if (!spike) return;
      spikes.x.push(Math.floor(k / n_rec) * this.dt);
      spikes.y.push(k % n_rec);
    });
    this.panels.raster.draw({ x: seconds, y: [-1, n_rec] }, [spikes]);
  }

  // Shares of each layer's devices; G+ solid, G- dashed
  drawDevices(run, one) {
    const { g_max } = run.values;
    const colours = [this.colours.blue, this.colours.red, this.colours.green];
    const lines = TrainingFigures.LAYERS.flatMap((layer, l) => [0, 1].map((side) => {
      const from = (2 * l + side) * this.bins;
      const counts = one?.conductance.data.subarray(from, from + this.bins) ?? [];
      const all = counts.reduce((a, b) => a + b, 0) || 1;
      const x = [], y = [];
      counts.forEach((count, k) => {
        x.push((k * g_max) / this.bins, ((k + 1) * g_max) / this.bins);
        const share = Math.max((100 * count) / all, TrainingFigures.LEAST); // the axis begins there
        y.push(share, share);
      });
      return { x, y, colour: colours[l], dashed: side === 1, width: 1.3, name: side ? "" : layer };
    }));
    this.panels.devices.draw({ x: [0, g_max], y: [TrainingFigures.LEAST, 100] }, run.digital ? [] : lines, this.note(run));
  }

  // Limits of an axis that hold all values: they grow within a run, so that nothing jumps back.
  grown(run, name, arrays, start, log = false) {
    let [low, high] = run.limits[name] ?? start;
    for (const values of arrays)
      for (const value of values) {
        if (!Number.isFinite(value) || (log && value <= 0)) continue;
        if (value < low) low = log ? value / 1.5 : value;
        if (value > high) high = log ? value * 1.5 : value * 1.15;
      }
    return (run.limits[name] = [low, high]);
  }

  // What the figures say, for those who do not see them
  describe(run, summary, shown) {
    const place = `network ${shown.network + 1}`;
    const texts = {
      loss: summary,
      rate: `${run.networks.length} networks, ${run.values.target_rate} Hz wanted`,
      output: `pattern ${shown.pattern + 1} of ${place}`,
      raster: `${run.values.n_rec} neurons, pattern 1 of ${place}`,
      devices: this.note(run) || `of ${place} by layer, G+ solid, G- dashed`,
      pulses: this.note(run) || "of all layers since the start",
    };
    for (const [name, text] of Object.entries(texts)) this.panels[name].say(text);
  }
}
