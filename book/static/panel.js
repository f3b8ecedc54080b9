// A small figure that is drawn in the page: axes that fit their data, and lines, dots and marks.

class Panel {
  static INK = { fill: "currentColor" };

  // title and axes' names; log: a logarithmic y axis; width, height: in px, of which a letter has 12.5
  constructor(root, { title, x, y, log = false, width = 360, height = 240 }) {
    Object.assign(this, { title, x, y, log, width, height });
    this.box = [64, width - 18, height - 46, 28]; // left, right, bottom, top
    const size = { viewBox: `0 0 ${width} ${height}` };
    this.svg = element("svg", { ...size, role: "img" });
    root.append(this.svg);
    this.clear();
  }

  clear() {
    this.svg.setAttribute("aria-label", this.title);
    this.draw({ x: [0, 1], y: this.log ? [0.01, 1] : [0, 1] }, []);
  }

  // What screen readers are told
  say(text) {
    this.svg.setAttribute("aria-label", `${this.title}: ${text}`);
  }

  // lines: [{ x, y, colour, width, dashed, opacity, name, tag, dots, mark }], in the axes' limits;
  // limits.names: of x = 1, 2, ..., in place of numbers; a name stands above, a tag at the line's end; note: a text in place of data
  draw(limits, lines, note = "") {
    const [left, right, bottom, top] = this.box;
    const to = [
      scale([...limits.x, false], left, right), scale([...limits.y, this.log], bottom, top),
    ];
    const made = [this.text(left, 15, this.title, { "font-weight": 600 })];
    if (limits.names) limits.names.forEach((name, k) => made.push(...this.tick(k + 1, to[0], "x", name)));
    else for (const at of Panel.ticks(limits.x)) made.push(...this.tick(at, to[0], "x"));
    const heights = this.log ? Panel.decades(limits.y) : Panel.ticks(limits.y);
    for (const at of heights) made.push(...this.tick(at, to[1], "y"));
    const frame = { fill: "none", stroke: "currentColor", "stroke-width": 0.8 };
    made.push(element("path", { d: `M${left} ${top}V${bottom}H${right}`, ...frame }));
    made.push(this.text((left + right) / 2, bottom + 36, this.x, { "text-anchor": "middle" }));
    const up = { "text-anchor": "middle", transform: `rotate(-90 13 ${(top + bottom) / 2})` };
    made.push(this.text(13, (top + bottom) / 2, this.y, up));
    lines.forEach((line) => made.push(this.curve(line, to)));
    let place = right;
    for (const { name, colour } of lines.filter((line) => line.name).reverse()) {
      made.push(this.text(place, 15, name, { "text-anchor": "end", fill: colour }));
      place -= 7 * name.length + 10;
    }
    made.push(...this.tags(lines, to));
    if (note) {
      const middle = [(left + right) / 2, (top + bottom) / 2];
      made.push(this.text(...middle, note, { "text-anchor": "middle" }));
    }
    this.svg.replaceChildren(...made);
  }

  // Tags at the ends of lines, as far from each other as letters need
  tags(lines, to) {
    const [, right, bottom, top] = this.box;
    const tagged = lines.filter(({ tag }) => tag).map(({ x, y, tag }) => {
      const end = y.findLastIndex((value, k) => Number.isFinite(to[1](value)) && Number.isFinite(to[0](x[k])));
      return end < 0 ? null : { tag, at: Math.max(top, Math.min(bottom, to[1](y[end]))) };
    });
    const found = tagged.filter(Boolean).sort((a, b) => a.at - b.at);
    const room = Math.min(12, (bottom - top) / found.length);
    found.forEach((one, k) => (one.at = Math.max(one.at, k ? found[k - 1].at + room : -Infinity)));
    for (let k = found.length - 1, most = bottom; k >= 0; k--, most -= room)
      found[k].at = Math.min(found[k].at, most);
    return found.map(({ tag, at }) => this.text(right + 3, at + 4, tag, { "font-weight": 600 }));
  }

  text(x, y, content, attributes = {}) {
    const made = element("text", { x, y, "font-size": 12.5, ...Panel.INK, ...attributes });
    made.textContent = content;
    return made;
  }

  tick(at, to, axis, name) {
    const [left, right, bottom, top] = this.box;
    const place = to(at);
    if (!Number.isFinite(place)) return [];
    const text = name ?? (Math.abs(at) >= 1e5 ? at.toExponential(0) : `${Number(at.toPrecision(6))}`);
    const [d, label] = axis === "x"
      ? [`M${place} ${bottom}V${top}`, [place, bottom + 17, { "text-anchor": "middle" }]]
      : [`M${left} ${place}H${right}`, [left - 5, place + 4, { "text-anchor": "end" }]];
    const grid = { d, stroke: "#808080", "stroke-opacity": 0.25, "stroke-width": 0.6 };
    return [element("path", grid), this.text(label[0], label[1], text, label[2])];
  }

  curve({ x, y, colour, width = 1.5, dashed = false, opacity = 1, dots = false, mark }, to) {
    const style = { stroke: colour, "stroke-opacity": opacity, "stroke-width": width, fill: "none" };
    if (dots || mark) {
      let d = "";
      for (let k = 0; k < x.length; k++) {
        const [across, up] = [to[0](x[k]), to[1](y[k])];
        if (!Number.isFinite(across) || !Number.isFinite(up)) continue;
        const [a, b] = [across.toFixed(2), up.toFixed(2)];
        if (mark === "up") d += `M${a} ${b - 7}l-3 6h6z`;
        else if (mark === "down") d += `M${a} ${b - 1}l-3 -6h6z`;
        else d += `M${a} ${b}h0`;
      }
      const ends = mark ? { fill: colour, stroke: "none" } : { "stroke-linecap": "round" };
      return element("path", { d, ...style, ...ends });
    }
    const dash = dashed ? { "stroke-dasharray": "5 3" } : {};
    return element("path", { d: path(x, y, to), ...style, ...dash, "stroke-linejoin": "round" });
  }

  // Some round numbers between two
  static ticks([low, high], wanted = 5) {
    const rough = (high - low) / wanted;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = power * [1, 2, 5, 10].find((factor) => factor * power >= rough * 0.99);
    const found = [];
    for (let k = Math.ceil(low / step - 1e-9); k * step <= high * (1 + 1e-9); k++)
      found.push(Number((k * step).toPrecision(9)));
    return found;
  }

  static decades([low, high]) {
    const wide = high / low > 1e4;
    const found = [];
    for (let k = Math.floor(Math.log10(low)); k <= Math.log10(high); k++)
      for (const mantissa of wide ? [1] : [1, 3]) found.push(Number(`${mantissa}e${k}`));
    return found.filter((at) => at >= low && at <= high);
  }
}
