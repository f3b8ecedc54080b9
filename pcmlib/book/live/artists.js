// The artists of a Matplotlib figure, drawn anew from arrays, as pcmlib.book.live.artists describes them.

const { redraw, element, path, scale } = (() => {
  const SVG = "http://www.w3.org/2000/svg";
  const HALF_UNIT = { "^": [[0, -1], [-1, 1], [1, 1]], v: [[0, 1], [-1, -1], [1, -1]] };
  const round = (x) => Math.round(100 * x) / 100;

  const element = (name, attributes) => {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  };

  // From values to points of the figure; NaN where a value has no place, as 0 on a log axis.
  const scale = ([low, high, log], start, end) => {
    const at = log ? (x) => (x > 0 ? Math.log(x) : NaN) : (x) => x;
    const [first, last] = [at(low), at(high)];
    const slope = (end - start) / (last - first);
    const far = (x) => Math.max(-1e4, Math.min(1e4, x)); // what is clipped need not be exact
    return (x) => (!Number.isFinite(x) ? NaN : far(start + slope * (at(x) - first)));
  };
  const scales = ({ box: [left, right, bottom, top], x, y }) =>
    [scale(x, left, right), scale(y, bottom, top)];

  // A datum's numbers: an output, one of its rows, or constants.
  const numbers = (datum, outputs) => {
    if (datum.values) return datum.values;
    const { data, shape } = outputs[datum.output];
    const rest = shape.slice(datum.index.length);
    const length = rest.reduce((a, b) => a * b, 1);
    let row = 0;
    datum.index.forEach((i, k) => (row = row * shape[k] + i));
    return data.subarray(row * length, (row + 1) * length);
  };

  const path = (xs, ys, [sx, sy]) => {
    let d = "";
    let pen = "M";
    for (let k = 0; k < xs.length; k++) {
      const x = sx(xs[k]), y = sy(ys[k]);
      if (Number.isFinite(x) && Number.isFinite(y)) {
        d += `${pen}${round(x)} ${round(y)}`;
        pen = "L";
      } else pen = "M";
    }
    return d;
  };

  // Runs of places that have values, as [first, last + 1]
  const runs = (length, whole) => {
    const found = [];
    for (let k = 0; k < length; k++)
      if (whole(k)) {
        if (found.length && found.at(-1)[1] === k) found.at(-1)[1] = k + 1;
        else found.push([k, k + 1]);
      }
    return found;
  };

  const marks = ({ shape, size, fill, stroke }, xs, ys, [sx, sy]) => {
    const r = round(size / 2);
    const corners = HALF_UNIT[shape] ?? [[-1, -1], [1, -1], [1, 1], [-1, 1]];
    const outline = (x, y) => {
      if (shape === "." || shape === "o")
        return `M${round(x - r)} ${round(y)}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0z`;
      if (shape === "|") return `M${round(x)} ${round(y - r)}v${2 * r}`;
      return `M${corners.map(([a, b]) => `${round(x + a * r)} ${round(y + b * r)}`).join("L")}z`;
    };
    const outlines = [];
    for (let k = 0; k < xs.length; k++) {
      const x = sx(xs[k]), y = sy(ys[k]);
      if (Number.isFinite(x) && Number.isFinite(y)) outlines.push(outline(x, y));
    }
    // One path is fastest; but where translucent marks overlap they are darker, each drawn by itself.
    const opaque = stroke["stroke-opacity"] === 1;
    const group = element("g", { ...fill, ...stroke, "stroke-linejoin": "miter" });
    group.innerHTML = (opaque ? [outlines.join("")] : outlines).map((d) => `<path d="${d}"/>`).join("");
    return group;
  };

  const kinds = {
    line({ axes, data, stroke, marker }, outputs) {
      const [xs, ys, to] = [numbers(data.x, outputs), numbers(data.y, outputs), scales(axes)];
      const made = [];
      if (stroke) {
        const square = stroke["stroke-dasharray"] ? {} : { "stroke-linecap": "square" };
        made.push(element("path", { d: path(xs, ys, to), fill: "none", ...stroke, ...square }));
      }
      if (marker) made.push(marks(marker, xs, ys, to));
      return made;
    },
    segments({ axes, data, stroke }, outputs) {
      const to = scales(axes);
      const [xs, low, high] = ["x", "low", "high"].map((name) => numbers(data[name], outputs));
      const segment = (x, k) => path([x, x], [low[k], high[k]], to);
      return [element("path", { d: Array.from(xs, segment).join(""), fill: "none", ...stroke })];
    },
    band({ axes, data, fill, stroke }, outputs) {
      const to = scales(axes);
      const [xs, low, high] = ["x", "low", "high"].map((name) => numbers(data[name], outputs));
      const whole = (k) => [to[0](xs[k]), to[1](low[k]), to[1](high[k])].every(Number.isFinite);
      const there = (values, run) => [...values.slice(...run)];
      const back = (values, run) => there(values, run).reverse();
      const closed = (run) => {
        const x = [...there(xs, run), ...back(xs, run)];
        return `${path(x, [...there(low, run), ...back(high, run)], to)}z`;
      };
      const d = runs(xs.length, whole).map(closed).join("");
      return [element("path", { d, ...fill, ...stroke })];
    },
    stairs({ axes, data, fill, stroke, baseline }, outputs) {
      const [sx, sy] = scales(axes);
      const [values, edges] = [numbers(data.y, outputs), numbers(data.x, outputs)];
      const below = axes.box[2] + 1e3; // where 0 is on a log axis
      const height = (value) => Math.min(sy(value) || below, below);
      let d = "";
      for (const [first, end] of runs(values.length, (k) => Number.isFinite(values[k]))) {
        d += `M${round(sx(edges[first]))} ${round(height(baseline ?? values[first]))}`;
        for (let k = first; k < end; k++)
          d += `V${round(height(values[k]))}H${round(sx(edges[k + 1]))}`;
        if (baseline !== null) d += `V${round(height(baseline))}`;
      }
      return [element("path", { d, ...fill, ...stroke, "stroke-linejoin": "miter" })];
    },
    image({ data, place, shape, colours, limits }, outputs) {
      const values = numbers(data.values, outputs);
      const [rows, columns] = shape;
      const canvas = Object.assign(document.createElement("canvas"), { width: columns, height: rows });
      const context = canvas.getContext("2d");
      for (let k = 0; k < values.length; k++) {
        if (!Number.isFinite(values[k])) continue;
        const part = (values[k] - limits[0]) / (limits[1] - limits[0]);
        context.fillStyle = colours[Math.max(0, Math.min(255, Math.floor(256 * part)))];
        context.fillRect(k % columns, Math.floor(k / columns), 1, 1);
      }
      const [x, y, width, height] = place;
      const whole = { x, y, width, height, preserveAspectRatio: "none", style: "image-rendering:pixelated" };
      return [element("image", { ...whole, href: canvas.toDataURL() })];
    },
    text({ data, place: [x, y], anchor, size, fill, template }, outputs) {
      const text = template.replace(/\{(\w+):\.(\d)f\}/g, (_, name, digits) =>
        numbers(data[name], outputs)[0].toFixed(digits));
      const style = `font: ${size}px "DejaVu Sans", Verdana, sans-serif`;
      const made = element("text", { x, y, "text-anchor": anchor, fill, style });
      made.textContent = text;
      return [made];
    },
  };

  // `artists` of the figure in `svg`, whose ids stand under `prefix`, from outputs {name: {data, shape}}
  const redraw = (svg, prefix, artists, outputs) => {
    for (const artist of artists) {
      const group = svg.querySelector(`#${CSS.escape(`${prefix}-${artist.gid}`)}`);
      // A glyph or a marker is defined where it is first used, perhaps by others too, as a legend.
      svg.prepend(...group.querySelectorAll("defs"));
      artist.cut ??= group.querySelector("[clip-path]")?.getAttribute("clip-path") ?? "";
      const made = kinds[artist.kind](artist, outputs);
      if (artist.cut) made.forEach((one) => one.setAttribute("clip-path", artist.cut));
      group.replaceChildren(...made);
    }
  };
  return { redraw, element, path, scale };
})();
