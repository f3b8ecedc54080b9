// What a reader takes away from a page: a file, a table, a link.

function download(name, content, type = "application/json") {
  const data = content instanceof Blob ? content : new Blob([content], { type });
  const address = URL.createObjectURL(data);
  Object.assign(document.createElement("a"), { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

// Rows of values as text; a number that is not finite is an empty cell.
function asCSV(rows) {
  const cell = (value) => {
    if (typeof value === "number") return Number.isFinite(value) ? `${value}` : "";
    const text = `${value ?? ""}`;
    return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return rows.map((row) => `${row.map(cell).join(",")}\n`).join("");
}

// The least decimals that say which float32 it is
function shortest(x) {
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(x.toPrecision(digits));
    if (Math.fround(short) === x) return short;
  }
  return Number(x.toPrecision(9));
}

// Put a link into the clipboard; where the browser refuses, show it selected. `note` says which.
async function copyLink(link, note) {
  try {
    await navigator.clipboard.writeText(link);
    note.textContent = "Link copied";
  } catch {
    const field = document.createElement("input");
    Object.assign(field, { className: "link-field", readOnly: true, value: link, ariaLabel: "link" });
    note.replaceChildren("Copy this link: ", field);
    field.select();
  }
}
