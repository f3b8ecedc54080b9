// One explorer: a moved knob picks the frame that was drawn for the knobs' positions.
{
  const root = document.currentScript.parentElement;
  const picture = root.querySelector(".explorer-picture");
  const form = root.querySelector("form");
  const controls = [...form.querySelectorAll("input, select")];
  const caption = picture.getAttribute("aria-label");

  const unpack = async () => {
    const packed = root.querySelector("script[type='text/plain']").textContent;
    const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Response(stream).json();
  };

  const position = (control) =>
    control.type === "checkbox" ? Number(control.checked)
    : control.type === "range" ? Number(control.value)
    : control.selectedIndex;

  const place = (control, position) => {
    if (control.type === "checkbox") control.checked = position === 1;
    else if (control.type === "range") control.value = position;
    else control.selectedIndex = position;
  };

  let packet; // unpacked when a knob first moves

  form.addEventListener("input", async ({ target }) => {
    const { lines, frames, texts, start, grid } = await (packet ??= unpack());
    const moved = controls.indexOf(target);
    controls.forEach((control, k) => {
      if (k !== moved && !(grid[k] && grid[moved])) place(control, start[k]);
    });
    const positions = controls.map(position);
    const shown = positions.map((p, k) => texts[k][p]);
    controls.forEach((control, k) => {
      if (control.type !== "range") return;
      control.setAttribute("aria-valuetext", shown[k]);
      control.nextElementSibling.textContent = shown[k];
    });
    const labels = [...form.querySelectorAll("label > span")].map((span) => span.textContent);
    const state = labels.map((label, k) => `${label}: ${shown[k]}`).join("; ");
    root.querySelector(".explorer-state").textContent = `(${state})`;
    picture.setAttribute("aria-label", `${caption} (${state})`);
    picture.innerHTML = frames[positions].map((line) => lines[line]).join("");
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
}
