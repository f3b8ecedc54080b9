// The laboratory's form: a tuned set, the reader's edits over it, and the same as address, call and command.

class RunForm {
  static ROOM = 2 ** 30; // bytes that a network may take
  static OPTIONS = { task: "--task", bits: "--perf-bits", replicas: "--replicas", pairs: "--pairs", epochs: "--epochs", seed: "--seed" };

  constructor(form, told) {
    Object.assign(this, { form, told });
    this.fields = new Fields(form, told.fields);
    this.controls = form.elements;
    this.edits = {}; // fields that differ from the set of the scheme and its memory
  }

  get scheme() {
    return this.controls.scheme.value;
  }

  get task() {
    return this.controls.task.value;
  }

  get evidence() {
    return this.task === "evidence";
  }

  get digital() {
    return this.told.digital.includes(this.scheme);
  }

  get bits() {
    const ideal = !this.digital && this.controls.memory.value === "ideal";
    return ideal ? Number(this.controls.bits.value) : null;
  }

  // The set that the fields start from: of the scheme, its memory, and where there is one, of a switch
  // or of N pairs; of the task evidence the scheme's alone
  get set() {
    const { all, [this.scheme]: own } = this.told.evidence.sets;
    if (this.evidence) return { ...this.told.defaults, ...all, ...own };
    const sets = this.told.sets[this.scheme];
    const of = (memory) => (typeof sets[memory] === "string" ? sets[sets[memory]] : sets[memory]);
    const usual = { ...this.told.defaults, ...of(this.bits ?? "pcm") };
    const asked = [...this.told.switches.filter((name) => this.edits[name]), "pairs"];
    const key = (name) => (name === "pairs" ? `${this.edits.pairs} pairs` : name);
    const name = this.bits === null ? asked.find((name) => key(name) in sets) : undefined;
    return name ? { ...this.told.defaults, ...of(key(name)), [name]: usual[name] } : usual;
  }

  get names() {
    return Object.keys(this.told.fields);
  }

  // Whether a field counts: the scheme and its memory have a use for it, and its switches stand as it
  // needs them.
  counts(name) {
    if (this.evidence && name === "n_out") return false; // left and right
    const needed = this.told.needs[this.scheme][name];
    if (needed === null || (this.bits !== null && this.told.on_pcm.includes(name))) return false;
    return Object.entries(needed ?? {}).every(([other, state]) =>
      this.counts(other) && this.fields.value(other) === state);
  }

  // Names of the edited fields that count
  get edited() {
    return this.names.filter((name) => name in this.edits && !this.fields.inputs[name].matches(":disabled"));
  }

  // Take what the reader has written in a field.
  edit(name) {
    if (name in this.told.fields) this.edits[name] = this.fields.value(name);
    if (!(name in this.told.fields) || name === "pairs" || this.told.switches.includes(name)) this.fill();
    this.mark();
  }

  reset() {
    this.edits = {};
    this.fill();
    this.mark();
  }

  // Show the set's values, and over them the reader's; what cannot be read stays as it is written.
  fill() {
    this.form.querySelectorAll(".lab-crossbar").forEach((group) => (group.disabled = this.digital));
    this.controls.bits.disabled = this.controls.memory.value !== "ideal";
    this.fields.limit(this.evidence ? this.told.evidence.fields : {});
    const { set } = this;
    for (const name of this.names) {
      const value = name in this.edits ? this.edits[name] : set[name];
      if (!Number.isNaN(value)) this.fields.set(name, value);
    }
  }

  // What does not count is disabled, and so out of sight; what differs from the set is marked.
  mark() {
    const { set } = this;
    for (const name of this.names) {
      if (this.edits[name] === set[name]) delete this.edits[name];
      this.fields.inputs[name].disabled = !this.counts(name);
    }
    this.fields.markEdited(this.edited);
  }

  // Take a state; returns what it asks for in vain.
  read(address) {
    const faults = [];
    this.edits = {};
    this.controls.memory.value = address.has("bits") ? "ideal" : "pcm";
    this.controls.task.value = "pattern";
    for (const [name, text] of address) {
      const known = name in this.told.fields ? this.fields.parsed(name, text) : undefined;
      if (name === "scheme" && text in this.told.sets) this.controls.scheme.value = text;
      else if (name === "task" && [...this.controls.task.options].some(({ value }) => value === text))
        this.controls.task.value = text;
      else if (name === "bits" || name === "networks")
        this.controls[name].value = Number.isFinite(Number(text)) ? Number(text) : "";
      else if (known !== undefined && !Number.isNaN(known)) this.edits[name] = known;
      else if (known !== undefined || name === "scheme" || name === "task") faults.push(`${name} = ${text}: no value of it`);
      else faults.push(`${name} = ${text}: is no setting of this laboratory`);
    }
    this.fill();
    this.mark();
    for (const name of Object.keys(this.edits))
      if (!this.edited.includes(name)) faults.push(`${name} = ${address.get(name)}: has no effect on such a run`);
    return faults;
  }

  // All that a link has to hold
  get state() {
    const memory = this.bits === null ? {} : { bits: this.bits };
    const edits = Object.fromEntries(this.edited.map((name) => [name, this.edits[name] ?? "none"]));
    const task = this.evidence ? { task: this.task } : {};
    return { scheme: this.scheme, ...task, ...memory, networks: this.controls.networks.value, ...edits };
  }

  // Everything that is wrong with the form; each fault is marked where it stands.
  faults() {
    const { fields, told } = this;
    const found = fields.faults(told.ordered);
    for (const name of ["networks", "bits"]) {
      const input = this.controls[name];
      const [low, high, n] = [input.min, input.max, input.value || NaN].map(Number);
      const fits = input.matches(":disabled") || (Number.isInteger(n) && n >= low && n <= high);
      found[name] = fits ? "" : `${name} = ${input.value || "(no number)"}: must be a whole number from ${low} to ${high}`;
      markInvalid(input, !fits);
    }
    const unknown = this.evidence && !(this.scheme in told.evidence.sets);
    found.scheme = unknown ? `scheme = ${this.scheme}: must be another one, with a set for evidence accumulation` : "";
    markInvalid(this.controls.scheme, unknown);
    const faults = Object.values(found).filter((fault) => fault);
    return faults.length > 0 ? faults : this.tooLarge;
  }

  // What a network would take of the browser's memory: [] or the fault
  get tooLarge() {
    const { n_in, n_rec, n_out, pairs, samples, steps, epochs, input_rate, dt, kept_on_pcm } =
      this.asked.values;
    const synapses = n_rec * (n_in + n_rec + n_out);
    const spikes = samples * steps * n_in * (1 + 8 * input_rate * dt) + steps * n_rec * 24;
    const devices = synapses * (pairs * 100 + 60) * (kept_on_pcm ? 2 : 1);
    const bytes = devices + spikes + samples * steps * n_out * 8 + epochs * 20;
    const room = RunForm.ROOM / 2 ** 20;
    const fault = `these sizes take ${Math.ceil(bytes / 2 ** 20)} MiB a network: must be at most ${room} MiB`;
    return bytes > RunForm.ROOM ? [fault] : [];
  }

  // What a run is told; fields that do not count stand as the set has them.
  get asked() {
    const { set, scheme, task, bits, digital, constants } = this;
    const counts = (name) => !this.fields.inputs[name].matches(":disabled");
    const own = this.names.map((name) => [name, counts(name) ? this.fields.value(name) : set[name]]);
    const networks = Number(this.controls.networks.value);
    const name = this.controls.scheme.selectedOptions[0].text;
    const memory = digital ? "" : `, ${bits === null ? "PCM" : `ideal memory of ${bits} bits`}`;
    const title = `${name}${memory}${this.evidence ? ", evidence" : ""}`;
    const values = { ...set, ...Object.fromEntries(own) };
    return { scheme, task, bits, digital, constants, networks, values, title };
  }

  // Edited constants of the device by their names in Python, where two bounds are one
  get constants() {
    const found = {};
    for (const name of this.edited.filter((name) => this.told.constants.includes(name)))
      if (boundsOf(name)) found[boundsOf(name)] = this.fields.bounds(name);
      else found[name] = this.edits[name];
    return found;
  }

  // [name, value] of what differs from the set
  get settings() {
    const own = this.edited.filter((name) => !this.told.constants.includes(name));
    const memory = this.bits === null ? [] : [["bits", this.bits]];
    const replicas = ["replicas", Number(this.controls.networks.value)];
    const task = this.evidence ? [["task", this.task]] : [];
    return [...task, ...memory, replicas, ...own.map((name) => [name, this.edits[name]])];
  }

  get pythonConstants() {
    const each = Object.entries(this.constants).map(([name, x]) => `'${name}': ${asPython(x)}`);
    return each.length > 0 ? `{${each.join(", ")}}` : "";
  }

  // The same in Python, as a call
  get call() {
    const text = (value) => (typeof value === "string" ? `"${value}"` : asPython(value));
    const passed = this.settings.map(([name, value]) => `${name}=${text(value)}`);
    const ages = Object.values(this.told.ages).join(", ");
    if (this.pythonConstants) passed.push(`constants=${this.pythonConstants}`);
    return [
      "from pcmlib import TrainConfig, evaluate, train", "", "config = TrainConfig.preset(",
      ...[`"${this.scheme}"`, ...passed].map((one) => `    ${one},`), ")", "run = train(config)",
      `later = evaluate(run, after=[${ages}])  # s; compensation="global"`,
    ].join("\n");
  }

  // and on the command line
  get command() {
    const options = this.settings.map(([name, value]) =>
      name in RunForm.OPTIONS ? `${RunForm.OPTIONS[name]} ${value}` : `--set ${name}=${asPython(value)}`);
    if (this.pythonConstants) options.push(`--set "constants=${this.pythonConstants}"`);
    return [`pcmlib train --scheme ${this.scheme}`, ...options, "--json run.json"].join(" \\\n  ");
  }
}
