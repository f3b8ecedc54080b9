// One explorer: a moved knob picks the frame that was drawn for the knobs' positions.
{
  const root = document.currentScript.parentElement;
  const picture = root.querySelector(".explorer-picture");
  const form = root.querySelector("form");
  const labels = [...form.querySelectorAll(".explorer-label")].map((label) => label.textContent);
  const caption = picture.getAttribute("aria-label");
  const grid = JSON.parse(root.dataset.grid); // knobs that keep their place when another one moves

  // A knob is one slider, one checkbox, or several radio buttons; its position counts from 0.
  const knobs = [...form.querySelectorAll(".explorer-knob")].map((knob) => [
    ...knob.querySelectorAll("input"),
  ]);
  const position = (knob) =>
    knob.length > 1 ? knob.findIndex((button) => button.checked)
    : knob[0].type === "checkbox" ? Number(knob[0].checked)
    : Number(knob[0].value);
  const place = (knob, position) => {
    if (knob.length > 1) knob[position].checked = true;
    else if (knob[0].type === "checkbox") knob[0].checked = position === 1;
    else knob[0].value = position;
  };

  const unpack = async () => {
    const packed = root.querySelector("script[type='text/plain']").textContent;
    const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Response(stream).json();
  };
  let packet; // unpacked when a knob first moves

  form.addEventListener("input", async ({ target }) => {
    const { lines, frames, texts, start } = await (packet ??= unpack());
    const moved = knobs.findIndex((knob) => knob.includes(target));
    knobs.forEach((knob, k) => {
      if (k !== moved && !(grid.includes(k) && grid.includes(moved))) place(knob, start[k]);
    });
    const positions = knobs.map(position);
    const shown = positions.map((position, k) => texts[k][position]);
    knobs.forEach(([input], k) => {
      if (input.type !== "range") return;
      input.setAttribute("aria-valuetext", shown[k]);
      input.nextElementSibling.textContent = shown[k];
    });
    const state = labels.map((label, k) => `${label}: ${shown[k]}`).join("; ");
    root.querySelector(".explorer-state").textContent = `(${state})`;
    picture.setAttribute("aria-label", `${caption} (${state})`);
    picture.innerHTML = frames[positions].map((line) => lines[line]).join("");
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
}
