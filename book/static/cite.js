// What makes an explorer citable: its knobs in the page's address, and buttons for a link, the picture
// and the numbers. The address has a knob as function.knob=value; a knob at its default is left out.
{
  const DPI = 300; // of a picture in pixels
  const INK = { currentColor: "#000000", "var(--explorer-paper)": "#ffffff" }; // of a picture in a file

  const explorers = new Map(); // by their names in the address
  let last; // the knob that was moved last: its moves are one step of the history

  const text = (knob) => knob.texts?.[knob.value] ?? `${knob.value}`;

  // Set a knob to what a text says; returns what is to be said of it, or "".
  const set = (knob, written) => {
    const [input] = knob.inputs;
    if (knob.texts) {
      const place = knob.texts.indexOf(written);
      if (place < 0) return `must be one of ${knob.texts.join(", ")}; ignored`;
      if (knob.kind === "choice") knob.inputs[place].checked = true;
      else input.checked = place === 1;
      return "";
    }
    const wanted = written.trim() === "" ? NaN : Number(written);
    const [low, high] = knob.values ? [knob.values[0], knob.values.at(-1)] : [Number(input.min), Number(input.max)];
    if (!(wanted >= low && wanted <= high)) return `must be a number from ${low} to ${high}; ignored`;
    if (knob.values) input.value = nearest(knob, wanted);
    else input.value = wanted;
    return knob.value === wanted ? "" : `taken as ${knob.value}`;
  };

  // The position of a slider over uneven steps at which its value is nearest to another
  const nearest = (knob, wanted) => {
    const [input] = knob.inputs;
    const [step, end] = [Number(input.step), Number(input.max)];
    let best, least = Infinity;
    for (let k = 0; k * step <= end + step / 2; k++) {
      input.value = k * step;
      const distance = Math.abs(knob.value - wanted);
      if (distance < least) [best, least] = [input.value, distance];
    }
    return best;
  };

  // [name, value] of all knobs of an explorer, or of those that are not at their defaults
  const entries = ({ name, root }, all) =>
    root.knobs.filter((knob) => all || text(knob) !== knob.usual).map((knob) => [`${name}.${knob.key}`, text(knob)]);

  // Take a state; what it asks for in vain is named.
  const read = (state) => {
    last = undefined;
    const before = new Map([...explorers].map(([name, { root }]) => [name, `${root.knobs.map(text)}`]));
    for (const { root, note } of explorers.values()) {
      root.querySelector("form").reset();
      note.textContent = "";
    }
    const [first] = explorers.values();
    for (const [key, written] of state) {
      const cut = key.lastIndexOf(".");
      const explorer = explorers.get(key.slice(0, Math.max(cut, 0)));
      const knob = explorer?.root.knobs.find((one) => one.key === key.slice(cut + 1));
      const fault = knob ? set(knob, written) : "no knob of this page; ignored";
      if (fault) (explorer ?? first).note.textContent += `${key} = ${written}: ${fault}\n`;
    }
    for (const [name, { root }] of explorers)
      if (`${root.knobs.map(text)}` !== before.get(name)) compute(root);
  };

  const compute = (root) => root.querySelector("form").dispatchEvent(new Event("input"));

  // Once the figure is of the knobs as they stand, with its numbers
  const drawn = (root) => {
    const { live, knobs } = root;
    if (live?.done && knobs.every((knob, k) => knob.value === live.values[k])) return Promise.resolve();
    return new Promise((resolve) => {
      root.addEventListener("drawn", resolve, { once: true });
      compute(root);
    });
  };

  const caption = (root) => root.querySelector("figcaption").textContent.replace(/\s+/g, " ").trim();
  const link = (explorer) => Address.link(entries(explorer, true));

  // The picture as a file of its own, black on white whatever the page's theme
  const picture = ({ root, name }) => {
    const svg = root.querySelector(".explorer-picture svg").cloneNode(true);
    svg.removeAttribute("style");
    svg.prepend(...["title", "desc"].map((kind, k) => {
      const made = element(kind, {});
      made.textContent = k ? link({ root, name }) : caption(root);
      return made;
    }));
    const written = new XMLSerializer().serializeToString(svg);
    return Object.entries(INK).reduce((found, [page, file]) => found.replaceAll(page, file), written);
  };

  const pixels = async (explorer) => {
    const image = new Image();
    image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(picture(explorer))}`;
    await image.decode();
    const { width, height } = explorer.root.querySelector(".explorer-picture svg").viewBox.baseVal; // in points
    const canvas = Object.assign(document.createElement("canvas"), {
      width: Math.round((width * DPI) / 72), height: Math.round((height * DPI) / 72),
    });
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    return new Promise((resolve) => canvas.toBlob(resolve));
  };

  // A column for each output, or for each row of one: what the function returns in Python
  const table = ({ root, name }) => {
    const columns = Object.entries(root.live.outputs).flatMap(([output, { data, shape }]) => {
      const length = shape.at(-1);
      return Array.from({ length: data.length / length }, (_, row) => {
        let rest = row, place = "";
        for (const size of shape.slice(0, -1).reverse()) {
          place = `[${rest % size}]${place}`;
          rest = Math.floor(rest / size);
        }
        return [output + place, ...data.subarray(row * length, (row + 1) * length)];
      });
    });
    const long = Math.max(...columns.map((column) => column.length));
    const rows = Array.from({ length: long }, (_, k) =>
      columns.map((column) => (typeof column[k] === "number" ? shortest(column[k]) : column[k])));
    const call = root.querySelector("pre").textContent.split("\n").join("; ");
    return `# ${caption(root)}\n# ${link({ root, name })}\n# ${call}\n${asCSV(rows)}`;
  };

  const atDefaults = (root) => root.knobs.every((knob) => text(knob) === knob.usual);
  const files = {
    SVG: async (explorer) => download(`${explorer.name}.svg`, picture(explorer), "image/svg+xml"),
    PNG: async (explorer) => download(`${explorer.name}.png`, await pixels(explorer)),
    CSV: async (explorer) => download(`${explorer.name}.csv`, table(explorer), "text/csv"),
  };

  const button = (label, title, act) => {
    const made = Object.assign(document.createElement("button"), { type: "button", textContent: label, ariaLabel: title });
    made.addEventListener("click", act);
    return made;
  };

  // The row of buttons, and a line for what is to be said
  const offer = (explorer) => {
    const { root } = explorer;
    explorer.note = document.createElement("span");
    explorer.note.setAttribute("role", "status");
    const save = (kind) => async () => {
      try {
        // a figure that was never moved needs nothing computed
        if (kind === "CSV" || root.live || !atDefaults(root)) await drawn(root);
        await files[kind](explorer);
      } catch (error) {
        explorer.note.textContent = `This browser could not make it: ${error}`;
      }
    };
    const row = document.createElement("p");
    row.className = "explorer-cite";
    row.append(
      button("Copy link", "copy a link to this figure", () => copyLink(link(explorer), explorer.note)),
      button("SVG", "save the picture as SVG", save("SVG")),
      button("PNG", "save the picture as PNG", save("PNG")),
      button("CSV", "save the numbers as CSV", save("CSV")),
      explorer.note,
    );
    root.querySelector("figcaption").before(row);
  };

  for (const root of document.querySelectorAll("figure.explorer")) {
    if (!root.knobs) continue; // without the script that computes it is a picture
    let name = root.told.function;
    for (let k = 2; explorers.has(name); k++) name = `${root.told.function}-${k}`;
    const explorer = { root, name };
    for (const knob of root.knobs) knob.usual = text(knob);
    offer(explorer);
    explorers.set(name, explorer);
    root.querySelector("form").addEventListener("input", ({ target }) => {
      const moved = root.knobs.find(({ inputs }) => inputs.includes(target));
      if (!moved) return; // the page itself asked for a figure
      explorer.note.textContent = "";
      Address.write([...explorers.values()].flatMap((one) => entries(one)), moved !== last);
      last = moved;
    });
  }
  if (explorers.size > 0) Address.follow(read);
  const [navigation] = performance.getEntriesByType("navigation");
  const cited = [...(Address.state?.keys() ?? [])].map((key) => explorers.get(key.slice(0, key.lastIndexOf(".")))).find(Boolean);
  if (cited && navigation?.type === "navigate") cited.root.scrollIntoView();
}
