// What scrolls sideways takes part in the keyboard's order, under a name; what fits does not.
const names = {
  ".frame": "Figure, scrolls sideways",
  ".lab-runs > div": "Runs, scrolls sideways",
  ".pst-scrollable-table-container": "Table, scrolls sideways",
  ".bd-article div.math": "Equation, scrolls sideways",
};
const everything = [...Object.keys(names), ".explorer-picture"].join(", ");

// An equation comes later than the page, into a box that it makes higher.
function update(box) {
  const wide = box.scrollWidth > box.clientWidth;
  const name = Object.keys(names).find((selector) => box.matches(selector));
  if (wide) box.tabIndex = 0;
  else box.removeAttribute("tabindex");
  if (name && wide) {
    box.setAttribute("role", "region");
    box.setAttribute("aria-label", names[name]);
  } else if (name) {
    box.removeAttribute("role");
    box.removeAttribute("aria-label");
  }
}

const watch = new ResizeObserver((entries) => entries.forEach(({ target }) => update(target)));
for (const box of document.querySelectorAll(everything)) {
  watch.observe(box);
}
