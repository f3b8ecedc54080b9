// The runs that are compared: a row each, with a number and a colour; kept while the tab is open.

class KeptRuns {
  static PLACE = "pcmlib-runs"; // in the tab's storage
  static COLOURS = 6; // of laboratory.css; the seventh run has the first one's again, and its own number
  static COLUMNS = [
    "run", "name", "task", "scheme", "bits", "networks", "seed", "epochs", "trained", "loss", "loss_low", "loss_high",
    "accuracy", "rate_hz", "set_pulses", "reset_pulses", "reads", "seconds", "link",
  ];

  static LATER = [["loss", false], ["loss", true], ["accuracy", false], ["accuracy", true]];

  // changed(): other runs, or other names
  constructor(root, told, changed) {
    Object.assign(this, { root, told, changed, list: [] });
    this.body = root.querySelector("tbody");
    root.querySelector('[data-does="csv"]').addEventListener("click", () => this.save());
    root.querySelector('[data-does="forget"]').addEventListener("click", () => this.forget());
    this.restore();
  }

  add(run) {
    const numbers = new Set(this.list.map(({ number }) => number));
    run.number ??= 1;
    while (numbers.has(run.number)) run.number++;
    run.colour = `var(--run-${((run.number - 1) % KeptRuns.COLOURS) + 1})`;
    const names = new Set(this.list.map(({ name }) => name));
    const plain = run.name;
    for (let k = 2; names.has(run.name); k++) run.name = `${plain} (${k})`;
    this.list.push(run);
    this.body.append(this.row(run));
    this.update(run);
  }

  // A row of the table; `update` writes its numbers.
  row(run) {
    const swatch = element("svg", { viewBox: "0 0 24 8", class: "lab-swatch", "aria-hidden": true });
    swatch.append(element("path", { d: "M0 4H24", stroke: run.colour, "stroke-width": 4 }));
    const name = make("input", { type: "text", value: run.name, ariaLabel: `name of run ${run.number}` });
    name.addEventListener("change", () => {
      run.name = name.value = name.value.trim() || run.title;
      this.tell();
    });
    const back = make("a", { href: `#${run.state}`, textContent: "bring back", ariaLabel: `bring back the settings of run ${run.number}` });
    const remove = make("button", { type: "button", textContent: "Remove", ariaLabel: `remove run ${run.number}` });
    remove.addEventListener("click", () => this.remove(run));
    const head = make("th", { scope: "row" });
    head.append(swatch, ` ${run.number}`);
    run.cells = Array.from({ length: 6 }, () => make("td"));
    run.row = make("tr");
    const cells = [name, back, remove].map((content) => {
      const cell = make("td");
      cell.append(content);
      return cell;
    });
    run.row.append(head, cells[0], ...run.cells, cells[1], cells[2]);
    return run.row;
  }

  update(run) {
    const { finals, digital } = run;
    const number = (x, digits) => // of a run that diverged NaN
      Number.isFinite(x) ? x.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits }) : "–";
    const pulses = (name) => number(digital ? NaN : finals[name], 0);
    const texts = !finals || run.running ? ["…"] : [
      number(finals.loss, 4), number(100 * finals.accuracy, 1), number(finals.rate_hz, 1), pulses("set_pulses"), pulses("reset_pulses"), number(run.seconds, 1),
    ];
    run.cells.forEach((cell, k) => (cell.textContent = texts[k] ?? ""));
    run.row.querySelector("button").disabled = run.running;
    this.tell();
  }

  remove(run) {
    const place = this.list.indexOf(run);
    this.list.splice(place, 1);
    run.row.remove();
    this.tell();
    const next = this.list[Math.min(place, this.list.length - 1)];
    (next?.row.querySelector("button:enabled") ?? document.querySelector('[data-does="start"]')).focus();
  }

  forget() {
    for (const run of this.list.filter(({ running }) => !running)) this.remove(run);
  }

  tell() {
    this.root.hidden = this.list.length === 0;
    this.store();
    this.changed();
  }

  get rows() {
    return this.list.filter(({ finals }) => finals).map((run) => {
      const { finals, values, digital } = run;
      const pulses = ["set_pulses", "reset_pulses", "reads"].map((name) => (digital ? 0 : finals[name]));
      return [
        run.number, run.name, run.task, run.scheme, run.bits, run.networks.length, values.seed, values.epochs, mean(run.trained),
        finals.loss, finals.low, finals.high, finals.accuracy, finals.rate_hz, ...pulses, run.seconds, Address.link(run.state),
        ...KeptRuns.LATER.flatMap(([what, compensated]) => run.later(what, compensated).slice(1)),
      ];
    });
  }

  save() {
    const later = KeptRuns.LATER.flatMap(([what, compensated]) => Object.keys(this.told.ages).map((age) =>
      `${what}_after_a${age === "hour" ? "n" : ""}_${age}${compensated ? "_compensated" : ""}`));
    download("runs.csv", asCSV([[...KeptRuns.COLUMNS, ...later], ...this.rows]), "text/csv");
  }

  // The tab's storage outlives a reload and the way back; where there is none, or no room, nothing is kept.

  store() {
    try {
      const done = this.list.filter(({ running }) => !running);
      sessionStorage.setItem(KeptRuns.PLACE, JSON.stringify(done.map((run) => run.packed)));
    } catch {}
  }

  restore() {
    try {
      for (const packed of JSON.parse(sessionStorage.getItem(KeptRuns.PLACE)) ?? [])
        this.add(TrainingRun.unpacked(packed, this.told));
    } catch {}
  }
}

function make(name, properties = {}) {
  return Object.assign(document.createElement(name), properties);
}
