// The laboratory: training runs as the form says, a worker a network, drawn while they train.

class Laboratory {
  static SPOKEN = 2000; // ms between two reports on the way
  static NOT_ONE = "(the form holds what no run can have)";

  constructor(root) {
    this.told = pageData(root);
    this.root = root;
    this.form = root.querySelector("form");
    this.status = root.querySelector(".lab-status");
    this.progress = root.querySelector("progress");
    this.choices = new RunForm(this.form, this.told);
    const { defaults: { dt }, fields } = this.told;
    this.figures = new TrainingFigures(root.querySelector(".lab-panels"), { ...this.told, dt, outputs: fields.n_out.high });
    this.workers = [];
    this.runs = new KeptRuns(root.querySelector(".lab-runs"), this.told, () => this.runsChanged());
    this.form.addEventListener("input", (event) => this.changed(this.choices.edit(event.target.name)));
    this.form.addEventListener("submit", (event) => (event.preventDefault(), this.start()));
    this.button("stop").addEventListener("click", () => this.stop());
    this.button("reset").addEventListener("click", () => this.changed(this.choices.reset()));
    this.button("link").addEventListener("click", () => copyLink(Address.link(this.choices.state), this.status));
    this.button("json").addEventListener("click", () => this.save());
    for (const name of ["run", "network", "pattern"])
      this.shownInput(name).addEventListener("input", () => this.show());
    Address.follow((state) => this.read(state));
    root.querySelector(".lab-live").hidden = false;
    this.runsChanged();
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
    this.root.querySelector(".lab-call").textContent = fits ? this.choices.call : Laboratory.NOT_ONE;
    this.root.querySelector(".lab-command").textContent = fits ? this.choices.command : Laboratory.NOT_ONE;
    this.button("link").disabled = !fits;
    if (!this.run?.running) this.say(fits && this.run ? this.run.report : faults.join("\n"));
    this.compare(fits);
    if (fits) Address.write(this.choices.state);
  }

  // Say so where the figures are of a run with other settings, with a way back to these.
  compare(fits) {
    const { run } = this;
    const same = !run || (fits && run.state === `${new URLSearchParams(this.choices.state)}`);
    const link = make("a", { href: `#${run?.state}`, textContent: "back to these" });
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
    const state = `${new URLSearchParams(this.choices.state)}`;
    this.run = this.root.run = new TrainingRun(this.choices.asked, state, this.told);
    this.compare(true);
    this.progress.removeAttribute("value"); // until an epoch is over
    this.say(`${this.run.title}: the first epoch`);
    this.runs.add(this.run);
    this.shownInput("run").value = this.run.number;
    this.button("stop").disabled = false;
    const cores = Math.min(this.run.networks.length, navigator.hardwareConcurrency || 2);
    this.workers = Array.from({ length: cores }, () => new Live());
    this.workers.forEach((worker) => this.next(worker, this.run));
    this.show();
  }

  // Let a worker train the next network that waits.
  next(worker, run) {
    const r = run.waiting.shift();
    if (r === undefined) return;
    worker.run("train_network", run.job(r), ({ outputs, done, error }) => {
      if (!run.running) return;
      if (error) return this.end(run, true, `this browser could not compute it: ${error}`);
      run.take(r, outputs, done);
      if (run.networks.every((network) => network.done)) this.end(run, false);
      else if (done) this.next(worker, run);
      this.show();
    });
  }

  stop() {
    const { run } = this;
    if (!run?.running) return;
    this.end(run, true, `stopped after ${run.elapsed} s; what was trained until then stays`);
    this.button("start").focus();
    this.show();
  }

  end(run, stopped, report) {
    run.end(stopped, report);
    this.say(run.report);
    this.workers.forEach((worker) => worker.stop());
    this.workers = [];
    this.button("stop").disabled = true;
    if (run.finals) this.runs.update(run);
    else this.runs.remove(run); // nothing was trained
  }

  save() {
    const { scheme, file } = this.shown.run;
    download(`${scheme}.json`, `${JSON.stringify(file)}\n`);
  }

  // Which run, which of its networks and which pattern the figures show

  shownInput(name) {
    return this.root.querySelector(`[name="shown-${name}"]`);
  }

  // Other runs, or other names: offer them, and keep to the chosen one.
  runsChanged() {
    if (!this.runs) return; // at its beginning
    const select = this.shownInput("run");
    const { value } = select;
    const option = ({ number, name }) => make("option", { value: number, textContent: `${number} ${name}` });
    select.replaceChildren(...this.runs.list.map(option));
    if (this.runs.list.some(({ number }) => `${number}` === value)) select.value = value;
    else select.selectedIndex = this.runs.list.length - 1;
    this.figures.forget();
    this.show();
  }

  get shown() {
    const run = this.runs.list[this.shownInput("run").selectedIndex];
    const place = (name, count) => {
      const input = this.shownInput(name);
      input.max = count;
      return Math.max(0, Math.min(count - 1, Math.trunc(Number(input.value)) - 1 || 0));
    };
    if (!run) return {};
    return { run, network: place("network", run.networks.length), pattern: place("pattern", run.values.samples) };
  }

  // Draw what there is, once for each picture of the screen.
  show() {
    if (this.drawing) return;
    this.drawing = true;
    requestAnimationFrame(() => {
      this.drawing = false;
      const { shown, runs: { list } } = this;
      this.button("json").disabled = !shown.run || shown.run.running;
      this.root.querySelector(".lab-shown").hidden = !shown.run;
      if (!shown.run) return this.figures.clear();
      this.figures.draw(list, shown.run, shown);
      if (this.run) this.report(this.run);
      if (!this.run?.running) this.figures.describe(list, shown.run, shown);
      this.tabulate(shown.run);
    });
  }

  // What the shown run answered after its training
  tabulate(run) {
    const number = (x, digits) => (Number.isFinite(x) ? x.toFixed(digits) : "–");
    const columns = [["loss", 4, 1], ["accuracy", 1, 100]].flatMap(([what, digits, factor]) =>
      [false, true].map((which) => run.later(what, which).map((x) => number(factor * x, digits))));
    const ages = ["at its end", ...Object.keys(this.told.ages)];
    const rows = ages.map((age, a) => `<tr><th scope="row">${age}</th>${columns.map((x) => `<td>${x[a]}</td>`).join("")}</tr>`);
    this.root.querySelector(".lab-later tbody").innerHTML = rows.join("");
  }

  report(run) {
    const passed = run.trained.reduce((a, b) => a + b, 0);
    this.progress.max = run.values.epochs * run.networks.length;
    if (passed > 0 || !run.running) this.progress.value = passed;
    if (!run.running || performance.now() - run.spoken < Laboratory.SPOKEN) return;
    run.spoken = performance.now();
    const done = run.networks.filter((network) => network.done).length;
    this.say(`${run.title}: ${passed} of ${this.progress.max} epochs, ${done} of ${run.networks.length} networks done`);
  }
}

document.querySelectorAll("[data-laboratory]").forEach((root) => new Laboratory(root));
