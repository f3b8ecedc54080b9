// What forms of numbers share: their fields, what is wrong with them, and an address that says the same.

// The data that a page holds for its script. Their tables have no prototype, since an address may ask
// for any name, and every other object has a "constructor" and a "__proto__".
function pageData(root) {
  const isTable = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
  const bare = (_, value) => (isTable(value) ? Object.assign(Object.create(null), value) : value);
  return JSON.parse(root.querySelector("script.lab-told").textContent, bare);
}

class Fields {
  // told: {name: {kind, low, above, high, none}}; `above`: low itself is not allowed
  constructor(form, told) {
    this.told = told;
    const input = (name) => [name, form.elements.namedItem(name)];
    this.inputs = Object.fromEntries(Object.keys(told).map(input));
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

  // What is wrong with a field, or ""
  fault(name) {
    const { kind, low, above, high, none } = this.told[name];
    const value = this.value(name);
    if (kind === "bool" || (none && value === null)) return this.mark(name, "");
    const limits = [kind === "int" ? "a whole number" : "a number"];
    if (low !== null) limits.push(`${above ? "above" : "at least"} ${low}`);
    if (high !== null) limits.push(`at most ${high}`);
    if (kind === "float") limits.push("of a size that float32 has");
    const fits = Number.isFinite(Math.fround(value)) && (value === 0 || Math.abs(value) >= 2 ** -126) &&
      (kind !== "int" || Number.isInteger(value)) &&
      (low === null || (above ? value > low : value >= low)) && (high === null || value <= high);
    const written = this.inputs[name].value || "(no number)";
    return this.mark(name, fits ? "" : `${name} = ${written}: must be ${limits.join(", ")}`);
  }

  // Add to the faults found: of two fields the small must be below the large one, or at most as high.
  order(found, ordered) {
    for (const [small, large, equal] of ordered) {
      if (found[small] || found[large] || this.inputs[small].matches(":disabled")) continue;
      const [a, b] = [small, large].map((name) => this.value(name));
      if (a < b || (equal && a === b)) continue;
      const allowed = `${equal ? "at most" : "below"} ${large} = ${b}`;
      found[small] = this.mark(small, `${small} = ${a}: must be ${allowed}`);
    }
  }

  // Mark a fault for the eye and for screen readers.
  mark(name, fault) {
    markInvalid(this.inputs[name], fault !== "");
    return fault;
  }
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

// A form's state in the page's address. A link within the page has a fragment, too, but no state: the
// fields stay as they are, and their state comes back into the address.
// The address decorates: what the browser refuses is tried again later, and stops nothing.
const Address = {
  REST: 500, // ms from one change of the history to the next: Safari takes 100 of them in 30 s
  // Call read(state) with the state that the address has now, and with each that it gets.
  follow(read) {
    read(Address.state ?? new URLSearchParams());
    Address.followed = true; // until then it stays, as the browser has still to scroll there
    addEventListener("hashchange", () => {
      if (!Address.state) return Address.put();
      Address.waits = false;
      read(Address.state);
    });
  },
  get state() {
    return location.hash.includes("=") ? new URLSearchParams(location.hash.slice(1)) : null;
  },
  // state: {name: value}; it takes the place of the last one in the browser's history
  write(state) {
    Address.text = `${new URLSearchParams(state)}`;
    if (Address.followed) Address.put();
  },
  put() {
    const { text, resting } = Address;
    if (text === undefined) return; // the form has had faults since the page was opened
    Address.waits = true;
    if (resting) return;
    try {
      history.replaceState(null, "", text ? `#${text}` : location.pathname + location.search);
      Address.waits = false;
    } catch {} // where it stands, as within a frame, or since there were too many
    Address.resting = setTimeout(() => {
      Address.resting = undefined;
      if (Address.waits) Address.put();
    }, Address.REST);
  },
};

function asPython(value) {
  if (Array.isArray(value)) return `(${value.map(asPython).join(", ")})`;
  const words = new Map([[null, "None"], [true, "True"], [false, "False"]]);
  return words.get(value) ?? `${value}`;
}

function download(name, content) {
  const address = URL.createObjectURL(new Blob([content], { type: "application/json" }));
  Object.assign(document.createElement("a"), { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
