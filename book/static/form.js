// What forms of numbers share: their fields, and what is wrong with them.

// The data that a page holds for its script. Their tables have no prototype, since an address may ask
// for any name, and every other object has a "constructor" and a "__proto__".
function pageData(root) {
  const isTable = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
  const bare = (_, value) => (isTable(value) ? Object.assign(Object.create(null), value) : value);
  return JSON.parse(root.querySelector("script.lab-told").textContent, bare);
}

class Fields {
  static USUAL = { low: null, above: false, high: null, none: false, multiple: 1 };
  static ENDLESS = 1e15; // what is allowed above that is not worth a word

  // told: {name: {kind, low, above, high, none}}, without what is usual; `above`: low is not allowed
  constructor(form, told) {
    this.usual = told;
    const names = Object.keys(told);
    this.inputs = Object.fromEntries(names.map((name) => [name, form.elements.namedItem(name)]));
    for (const [name, input] of Object.entries(this.inputs)) {
      const about = input.closest(".lab-field").querySelector("small");
      about.id = `about-${name}`;
      about.dataset.meaning = about.textContent;
      input.setAttribute("aria-describedby", about.id);
    }
    this.limit({});
  }

  // Take other limits for some fields, and the usual ones for all others.
  limit(others) {
    const told = Object.entries({ ...this.usual, ...others });
    this.told = Object.fromEntries(told.map(([name, one]) => [name, { ...Fields.USUAL, ...one }]));
    for (const [name, input] of Object.entries(this.inputs)) {
      const about = input.closest(".lab-field").querySelector("small");
      about.textContent = about.dataset.meaning + this.range(name);
    }
  }

  // What a number may be, in words
  range(name) {
    const { kind, low, above, high } = this.told[name];
    if (kind === "bool") return "";
    const top = high === null || high > Fields.ENDLESS ? null : high;
    if (low !== null && top !== null && !above) return `; ${low} to ${top}`;
    const parts = [];
    if (low !== null) parts.push(`${above ? "above" : "at least"} ${low}`);
    if (top !== null) parts.push(`at most ${top}`);
    return `; ${parts.join(", ") || "any number"}`;
  }

  // Mark the fields that have other values than the usual ones.
  markEdited(names) {
    for (const [name, input] of Object.entries(this.inputs))
      input.closest(".lab-field").classList.toggle("lab-edited", names.includes(name));
  }

  // A field's value as Python would have it: a number, a boolean or null; NaN for another text
  value(name) {
    const { kind, none } = this.told[name];
    const input = this.inputs[name];
    if (kind === "bool") return input.checked;
    const text = input.value.trim();
    if (text === "") return none && !input.validity.badInput ? null : NaN;
    return Number(text);
  }

  set(name, value) {
    if (this.told[name].kind === "bool") this.inputs[name].checked = value;
    else this.inputs[name].value = value ?? "";
  }

  // The same of a text from an address
  parsed(name, text) {
    const { kind } = this.told[name];
    if (kind === "bool") return text === "true" ? true : text === "false" ? false : NaN;
    if (text === "none") return null;
    return text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : NaN;
  }

  // Both bounds of the pair that a bound belongs to
  bounds(name) {
    return ["low", "high"].map((end) => this.value(boundsOf(name).replace("bounds", end)));
  }

  // What is wrong with a field, or ""
  fault(name) {
    const { kind, low, above, high, none, multiple } = this.told[name];
    const value = this.value(name);
    if (kind === "bool" || (none && value === null)) return this.mark(name, "");
    const limits = [kind === "int" ? "a whole number" : "a number"];
    if (low !== null) limits.push(`${above ? "above" : "at least"} ${low}`);
    if (high !== null) limits.push(`at most ${high}`);
    if (kind === "float") limits.push("of a size that float32 has");
    if (multiple > 1) limits.push(`a multiple of ${multiple}`);
    const fits = Number.isFinite(Math.fround(value)) && (value === 0 || Math.abs(value) >= 2 ** -126) &&
      (kind !== "int" || Number.isInteger(value / multiple)) &&
      (low === null || (above ? value > low : value >= low)) && (high === null || value <= high);
    const written = this.inputs[name].value || "(no number)";
    return this.mark(name, fits ? "" : `${name} = ${written}: must be ${limits.join(", ")}`);
  }

  // {name: what is wrong with it, or ""}; of two ordered fields the small must be below the large one, or at
  // most as high. What is disabled has no faults.
  faults(ordered) {
    const found = {};
    for (const [name, input] of Object.entries(this.inputs))
      found[name] = input.matches(":disabled") ? "" : this.fault(name);
    for (const [small, large, equal] of ordered) {
      if (found[small] || found[large] || this.inputs[small].matches(":disabled")) continue;
      const [a, b] = [small, large].map((name) => this.value(name));
      if (a < b || (equal && a === b)) continue;
      const allowed = `${equal ? "at most" : "below"} ${large} = ${b}`;
      found[small] = this.mark(small, `${small} = ${a}: must be ${allowed}`);
    }
    return found;
  }

  // Mark a fault for the eye and for screen readers.
  mark(name, fault) {
    markInvalid(this.inputs[name], fault !== "");
    return fault;
  }
}

// The name in Python of the pair that a bound belongs to, or null: nu_bounds of nu_low and nu_high
function boundsOf(name) {
  return /^nu_(spread_)?(low|high)$/.test(name) ? name.replace(/low$|high$/, "bounds") : null;
}

function markInvalid(input, invalid) {
  if (invalid) input.setAttribute("aria-invalid", "true"); // an empty one would mean "no"
  else input.removeAttribute("aria-invalid");
}

// Open the group that an input is folded in.
function unfold(input) {
  const group = input.closest("details");
  if (group) group.open = true;
}

function asPython(value) {
  if (Array.isArray(value)) return `(${value.map(asPython).join(", ")})`;
  const words = new Map([[null, "None"], [true, "True"], [false, "False"]]);
  return words.get(value) ?? `${value}`;
}
