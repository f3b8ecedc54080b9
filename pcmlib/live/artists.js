// The artists of a Matplotlib figure, drawn anew from arrays, as pcmlib.live.artists describes them.

const redraw = (() => {
  const SVG = "http://www.w3.org/2000/svg";
  const HALF_UNIT = { "^": [[0, -1], [-1, 1], [1, 1]], v: [[0, 1], [-1, -1], [1, -1]] };
  const round = (x) => Math.round(100 * x) / 100;

  const element = (name, attributes) => {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  };

  // From values to points of the figure; NaN where a value has no place, as below 0 on a log axis.
  const scale = ([low, high, log], start, end) => {
    const at = log ? (x) => (x > 0 ? Math.log(x) : NaN) : (x) => x;
    const [first, last] = [at(low), at(high)];
    const slope = (end - start) / (last - first);
    const far = (x) => Math.max(-1e4, Math.min(1e4, x)); // what is clipped need not be exact
    return (x) => (x === null ? NaN : far(start + slope * (at(x) - first)));
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

  const marks = ({ shape, size, edge, colour, rim }, xs, ys, [sx, sy]) => {
    const points = [];
    for (let k = 0; k < xs.length; k++) {
      const x = sx(xs[k]), y = sy(ys[k]);
      if (Number.isFinite(x) && Number.isFinite(y)) points.push([x, y]);
    }
    const stroke = { fill: "none", stroke: colour };
    if ((shape === "." || shape === "o") && colour !== "none") { // a dot is a line of no length with round ends
      const d = points.map(([x, y]) => `M${round(x)} ${round(y)}h0`).join("");
      const width = (shape === "." ? size / 2 : size) + edge;
      const dot = (w, ink) =>
        element("path", { d, ...stroke, stroke: ink, "stroke-width": w, "stroke-linecap": "round" });
      return rim === colour ? [dot(width, colour)] : [dot(width, rim), dot(width - 2 * edge, colour)];
    }
    const r = size / 2;
    const outline = ([x, y]) => {
      if (shape === "o") return `M${round(x - r)} ${round(y)}a${r} ${r} 0 1 0 ${size} 0a${r} ${r} 0 1 0 ${-size} 0z`;
      if (shape === "|") return `M${round(x)} ${round(y - r)}v${round(size)}`;
      const corners = HALF_UNIT[shape] ?? [[-1, -1], [1, -1], [1, 1], [-1, 1]];
      return `M${corners.map(([a, b]) => `${round(x + a * r)} ${round(y + b * r)}`).join("L")}z`;
    };
    const d = points.map(outline).join("");
    const fill = shape === "|" ? "none" : colour;
    return [element("path", { d, fill, stroke: rim, "stroke-width": edge })];
  };

  const kinds = {
    line({ axes, data, stroke, marker, opacity }, outputs) {
      const [xs, ys, to] = [numbers(data.x, outputs), numbers(data.y, outputs), scales(axes)];
      const made = [];
      if (stroke) {
        const square = stroke["stroke-dasharray"] ? {} : { "stroke-linecap": "square" };
        made.push(element("path", { d: path(xs, ys, to), fill: "none", ...stroke, ...square }));
      }
      if (marker) made.push(...marks(marker, xs, ys, to));
      made.forEach((one) => one.setAttribute("opacity", opacity));
      return made;
    },
    segments({ axes, data, stroke }, outputs) {
      const [sx, sy] = scales(axes);
      const [xs, low, high] = ["x", "low", "high"].map((name) => numbers(data[name], outputs));
      let d = "";
      for (let k = 0; k < xs.length; k++) {
        const points = [sx(xs[k]), sy(low[k]), sy(high[k])];
        if (points.every(Number.isFinite))
          d += `M${round(points[0])} ${round(points[1])}V${round(points[2])}`;
      }
      return [element("path", { d, fill: "none", ...stroke })];
    },
    band({ axes, data, fill }, outputs) {
      const to = scales(axes);
      const [xs, low, high] = ["x", "low", "high"].map((name) => [...numbers(data[name], outputs)]);
      const whole = (k) => [to[0](xs[k]), to[1](low[k]), to[1](high[k])].every(Number.isFinite);
      const kept = xs.map((_, k) => k).filter(whole);
      const back = [...kept].reverse();
      const x = [...kept, ...back].map((k) => xs[k]);
      const y = [...kept.map((k) => low[k]), ...back.map((k) => high[k])];
      return [element("path", { d: kept.length ? `${path(x, y, to)}z` : "", ...fill })];
    },
    stairs({ axes, data, fill, stroke }, outputs) {
      const [sx, sy] = scales(axes);
      const [values, edges] = [numbers(data.values, outputs), numbers(data.edges, outputs)];
      const floor = axes.box[2];
      const height = (value) => {
        const y = sy(value);
        return Number.isFinite(y) ? Math.min(y, floor + 1e3) : floor + 1e3; // 0 on a log axis
      };
      let d = `M${round(sx(edges[0]))} ${round(height(0))}`;
      for (let k = 0; k < values.length; k++) d += `V${round(height(values[k]))}H${round(sx(edges[k + 1]))}`;
      d += `V${round(height(0))}`;
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
  return (svg, prefix, artists, outputs) => {
    for (const artist of artists) {
      const group = svg.querySelector(`#${CSS.escape(`${prefix}-${artist.gid}`)}`);
      artist.cut ??= group.querySelector("[clip-path]")?.getAttribute("clip-path") ?? "";
      const made = kinds[artist.kind](artist, outputs);
      if (artist.cut) made.forEach((one) => one.setAttribute("clip-path", artist.cut));
      group.replaceChildren(...made);
    }
  };
})();
