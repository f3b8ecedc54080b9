// What scrolls sideways takes part in the keyboard's order, under a name; what fits does not.
const names = {
  ".frame": "Figure, scrolls sideways",
  'mjx-container[display="true"]': "Equation, scrolls sideways",
  ".lab-runs > div": "Runs, scrolls sideways",
  ".pst-scrollable-table-container": "Table, scrolls sideways",
  ".bd-article div.math": "Formula, scrolls sideways",
};
const everything = [".bd-article div.math", ...Object.keys(names), ".explorer-picture"].join(", ");

function update(target) {
  // An equation comes later than the page, into a box that it makes higher.
  const box = target.querySelector('mjx-container[display="true"]') ?? target;
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
