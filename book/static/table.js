// A reader's table of reads, as `pcmlib fit` takes it (pcmlib.device.fit.table): taken where it is plain
// what is meant, else refused with the line, the column and what is allowed.

class ReadsTable {
  // file: its name; told: { names, units, missing, pulses }, patterns and units as pcmlib has them.
  // Throws an Error that says what is wrong.
  constructor(file, text, told) {
    Object.assign(this, { file, told });
    const lines = text.replace(/^\ufeff/, "").split(/\r\n|\n|\r/).map((line, k) => [k + 1, line])
      .filter(([, line]) => line.replace(/[ \t,;]/g, "") && !/^[ "]*(#|sep=)/.test(line));
    ReadsTable.require(lines.length > 0, file, "''", `a table whose first line names ${Object.keys(told.names).join(", ")}`);
    const parts = [";", "\t", ","].map((mark) => [mark, ReadsTable.cells(lines[0][1], mark)]);
    const [mark, header] = parts.reduce((most, one) => (one[1].length > most[1].length ? one : most));
    this.decimal = mark === "," ? "." : ",";
    this.header = header;
    this.rows = lines.slice(1).map(([n, line]) => [`line ${n}`, ReadsTable.cells(line, mark)]);
    this.findColumns();
    this.check();
  }

  // What a file holds as text: UTF-8, UTF-16 with its mark, or else Windows' letters
  static async text(file) {
    const bytes = new Uint8Array(await file.arrayBuffer());
    const wide = { "255,254": "utf-16le", "254,255": "utf-16be" }[bytes.subarray(0, 2).join()];
    if (wide) return new TextDecoder(wide).decode(bytes);
    ReadsTable.require(!bytes.includes(0), file.name, "no text", "a table in text; save a spreadsheet as CSV");
    try {
      return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    } catch {
      return new TextDecoder("windows-1252").decode(bytes);
    }
  }

  static require(holds, name, value, allowed) {
    if (!holds) throw new Error(`${name} = ${value}: must be ${allowed}`);
  }

  // The cells of a line, of which some may be in quotes
  static cells(line, mark) {
    const found = [""];
    let quoted = false;
    for (const letter of line)
      if (letter === '"') quoted = !quoted;
      else if (letter === mark && !quoted) found.push("");
      else found[found.length - 1] += letter;
    return found.map((cell) => cell.trim());
  }

  // The column that a title means, and its unit in ours
  meaning(title) {
    const text = title.trim().toLowerCase().replace(/[µμ]/g, "u");
    for (const [name, pattern] of Object.entries(this.told.names)) {
      const units = this.told.units[name] ?? {};
      const found = text.match(`^(?:(?:${pattern})(?:[ _]*[\\[(/ _][ _]*([a-z]+)[\\])]?)?)$`);
      const unit = found?.at(-1);
      if (found && (!unit || unit in units)) return [name, units[unit] ?? 1];
      if (new RegExp(`^(?:${pattern})$`).test(text)) return [name, 1];
      const bracketed = found && Object.keys(units).length > 0 && /[[(/]/.test(text);
      ReadsTable.require(!bracketed, `unit of '${title}'`, `'${unit}'`, `one of ${Object.keys(units).join(", ")}`);
    }
    return null;
  }

  findColumns() {
    const { file, header, rows } = this;
    const names = Object.keys(this.told.names);
    const listed = `[${header.map((title) => `'${title}'`).join(", ")}]`;
    this.columns = {};
    header.forEach((title, k) => {
      const [name, unit] = this.meaning(title) ?? [];
      ReadsTable.require(!(name in this.columns), `${file}: columns`, listed, `one for each of ${names.join(", ")}`);
      if (name) this.columns[name] = { k, unit, title };
    });
    for (const name of ["device", "pulse", "conductance"]) {
      const spaces = header.length === 1 && header[0].split(/\s+/).length > 2
        ? "; these stand apart by spaces alone: put commas in their place" : "";
      ReadsTable.require(name in this.columns, `${file}: columns`, listed,
        `names in the first line, one of them ${name}, with commas, semicolons or tabs${spaces}`);
    }
    ReadsTable.require(rows.length > 0, `${file}: rows`, 0, "reads, one a row");
    for (const [place, row] of rows)
      ReadsTable.require(row.length === header.length, `${file}, ${place}: cells`, row.length,
        `${header.length}, as in the first line; decimal commas need semicolons`);
  }

  // The numbers of a column
  numbers(name) {
    const { k, unit, title } = this.columns[name];
    const blank = this.rows.filter(([, row]) => this.told.missing.includes(row[k].toLowerCase()));
    const count = `${blank.length} row${blank.length === 1 ? "" : "s"}`;
    const column = name === "time" ? "; the whole column may be missing, single values may not" : "";
    if (blank.length) ReadsTable.require(false, `${this.file}, ${blank[0][0]}, ${title}`, `'${blank[0][1][k]}'`,
      `a number; delete the rows that have none (${count})${column}`);
    return this.rows.map(([place, row]) => {
      const refuse = (holds, allowed) => ReadsTable.require(holds, `${this.file}, ${place}, ${title}`, `'${row[k]}'`, allowed);
      const text = this.decimal === "," ? row[k].replaceAll(",", ".") : row[k];
      refuse(/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text), "a number, such as 3.25 or 3.2e-1");
      refuse(Number.isFinite(Number(text)), "a number, finite");
      return unit * Number(text);
    });
  }

  check() {
    const { file, rows, columns, told } = this;
    const refuse = (bad, name, allowed) => {
      const at = bad.indexOf(true);
      if (at < 0) return;
      const { k, title } = columns[name];
      ReadsTable.require(false, `${file}, ${rows[at][0]}, ${title}`, `'${rows[at][1][k]}'`, allowed);
    };
    this.device = rows.map(([, row]) => row[columns.device.k]);
    refuse(this.device.map((label) => told.missing.includes(label.toLowerCase())), "device", "a label of the device");
    this.pulse = this.numbers("pulse");
    refuse(this.pulse.map((n) => !(n >= 0 && n <= told.pulses && Number.isInteger(n))), "pulse",
      `a whole number, the SETs since RESET: from 0 to ${told.pulses}`);
    this.conductance = this.numbers("conductance");
    this.time = columns.time ? this.numbers("time") : null;
    const last = new Map();
    refuse(this.device.map((label, k) => {
      const back = this.pulse[k] < (last.get(label) ?? 0);
      last.set(label, this.pulse[k]);
      return back;
    }), "pulse", "no less than in the device's row before; after a RESET, or for another ramp of the same device, give it another label");
    const instant = ": the drift law has no value in the pulse's own instant";
    if (this.time) refuse(this.time.map((t) => t <= 0), "time", `s since the last pulse, above 0${instant}`);
    const middle = ReadsTable.median(this.conductance);
    const size = (holds, allowed) =>
      ReadsTable.require(holds, `${file}, ${columns.conductance.title} (median)`, middle, allowed);
    size(middle > 0, "above 0: is the sign that of the read voltage?");
    size(middle > 0.02, "µS; these look like siemens: name the column conductance_S, or multiply by 1e6");
    size(middle < 1e5, "µS; these look like ohms or another unit, which the column's name can say: G (nS)");
  }

  static median(values) {
    const sorted = [...values].sort((a, b) => a - b);
    const half = sorted.length / 2;
    return (sorted[Math.ceil(half) - 1] + sorted[Math.floor(half)]) / 2;
  }

  // Each device's first read after each pulse number: { pulses, mean, sd, devices, delay }, the delay its
  // median time after the pulse, or null
  get staircase() {
    const seen = new Set(), by = new Map(), times = [];
    this.device.forEach((label, k) => {
      const key = JSON.stringify([label, this.pulse[k]]);
      if (seen.has(key)) return;
      seen.add(key);
      if (!by.has(this.pulse[k])) by.set(this.pulse[k], []);
      by.get(this.pulse[k]).push(this.conductance[k]);
      if (this.time) times.push(this.time[k]);
    });
    const pulses = [...by.keys()].sort((a, b) => a - b);
    const each = pulses.map((n) => moments(by.get(n)));
    return {
      pulses, mean: each.map(([mean]) => mean), sd: each.map(([, sd]) => sd),
      devices: new Set(this.device).size, delay: this.time ? ReadsTable.median(times) : null,
    };
  }
}

// Mean and standard deviation
function moments(values) {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const squares = values.reduce((a, b) => a + (b - mean) ** 2, 0);
  return [mean, Math.sqrt(squares / Math.max(1, values.length - 1))];
}

// The panel of a reader's table beside the model's band, computed from the form's constants.
class Measured {
  static DEVICES = 400; // of the model's

  // bench: the page's Bench
  constructor(bench) {
    const { root, told, panel: { width, height } } = bench;
    Object.assign(this, { bench, told, live: new Live(), table: null });
    this.input = root.querySelector('[name="table"]');
    this.said = root.querySelector(".lab-read");
    this.results = root.querySelector(".lab-measured");
    const axes = { title: "Your reads and the model", x: "SET pulses since RESET", y: "conductance (µS)" };
    this.panel = new Panel(this.results.querySelector(".lab-panels"), { ...axes, width, height });
    this.input.addEventListener("input", (event) => event.stopPropagation()); // no constant of the form
    this.input.addEventListener("change", () => this.take(this.input.files[0]));
    root.addEventListener("dragover", (event) => event.preventDefault());
    root.addEventListener("drop", (event) => {
      event.preventDefault();
      if (event.dataTransfer.files.length > 0) this.take(event.dataTransfer.files[0]);
    });
  }

  async take(file) {
    this.table = null;
    let text = "";
    try {
      if (file) this.table = new ReadsTable(file.name, await ReadsTable.text(file), this.told.table);
    } catch (error) {
      text = error.message;
    }
    this.said.textContent = text;
    markInvalid(this.input, text !== "");
    this.results.hidden = !this.table;
    if (!this.table) return this.live.stop();
    this.stairs = this.table.staircase;
    this.bench.changed();
  }

  // The model's devices, read at the same pulse numbers, as long after each pulse
  compute() {
    const { table, stairs, bench } = this;
    if (!table) return;
    const { pulses } = stairs;
    const delay = stairs.delay ?? bench.fields.value("T0");
    const steps = [];
    pulses.forEach((n, k) => {
      const more = n - (k ? pulses[k - 1] : 0);
      if (more > 0) steps.push({ t: k * delay, what: "set", pulses: more });
      steps.push({ t: (k + 1) * delay, what: "read", pulses: 1 });
    });
    const job = bench.job(steps, Measured.DEVICES);
    this.live.run("treat", job, ({ outputs, done, error }) => {
      if (error) this.said.textContent = `this browser could not compute the model: ${error}`;
      else if (done) this.draw(steps, outputs.conductance.data, delay);
    });
  }

  draw(steps, conductance, delay) {
    const { stairs: { pulses, mean, sd, devices }, told: { colours }, table } = this;
    const reads = [...steps.keys()].filter((k) => steps[k].what === "read");
    const model = reads.map((k) => moments(conductance.slice(k * Measured.DEVICES, (k + 1) * Measured.DEVICES)));
    const lines = [];
    const side = (name, colour, middle, spread) => {
      const edge = { x: pulses, colour, width: 1, dashed: true };
      for (const sign of [-1, 1]) lines.push({ ...edge, y: middle.map((m, k) => m + sign * spread[k]) });
      lines.push({ x: pulses, y: middle, colour, width: name === "model" ? 2 : 1, name: `— ${name}` });
    };
    side("model", colours.blue, model.map(([m]) => m), model.map(([, s]) => s));
    side("measured", colours.red, mean, sd);
    lines.push({ x: pulses, y: mean, colour: colours.red, dots: true, width: 6 });
    const highs = [...mean.map((m, k) => m + sd[k]), ...model.map(([m, s]) => m + s)];
    const lows = [0, ...mean.map((m, k) => m - sd[k]), ...model.map(([m, s]) => m - s)];
    const [most, least] = [highs.reduce((a, b) => Math.max(a, b)), lows.reduce((a, b) => Math.min(a, b))];
    this.panel.draw({ x: [pulses[0], Math.max(pulses.at(-1), pulses[0] + 1)], y: [least, 1.05 * most] }, lines);
    this.panel.say(`${table.file}: mean and one standard deviation, after ${pulses.at(-1)} pulses ` +
      `${mean.at(-1).toFixed(2)} ± ${sd.at(-1).toFixed(2)} µS, the model's ${model.at(-1)[0].toFixed(2)} ± ${model.at(-1)[1].toFixed(2)} µS`);
    const rows = pulses.map((n, k) =>
      `<tr>${[n, ...[mean[k], sd[k], ...model[k]].map((x) => x.toFixed(3))].map((x) => `<td>${x}</td>`).join("")}</tr>`);
    this.results.querySelector("tbody").innerHTML = rows.join("");
    this.said.textContent = `${table.file}: ${devices} devices, ${table.device.length} reads; the model's devices are read ${Number(delay.toPrecision(4))} s after each pulse`;
  }
}
