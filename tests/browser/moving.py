"""Move every knob of every explorer on a page, as a reader does, and see the figure change."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class State:
    """What a reader sees of an explorer."""

    figure: str
    positions: tuple[float, ...]
    texts: tuple[str, ...]
    sizes: tuple[float, ...]  # CSS px: of the picture and of the whole explorer

    @staticmethod
    def of(explorer):
        read = explorer.evaluate(READ)
        return State(read["figure"], *(tuple(read[key]) for key in ("positions", "texts", "sizes")))


READ = """root => {
  const box = (element) => element.getBoundingClientRect();
  const picture = root.querySelector(".explorer-picture");
  const knobs = [...root.querySelectorAll(".explorer-knob")];
  const inputs = knobs.map((knob) => [...knob.querySelectorAll("input")]);
  return {
    figure: picture.innerHTML,
    positions: inputs.map((knob) =>
      knob.length > 1 ? knob.findIndex((button) => button.checked)
      : knob[0].type === "checkbox" ? Number(knob[0].checked)
      : Number(knob[0].value)),
    texts: knobs.map((knob) => knob.querySelector("output")?.textContent ?? ""),
    sizes: [box(picture.querySelector("svg")), box(root)].flatMap((b) => [b.width, b.height]),
  };
}"""


def settled(explorer, before):
    """The state after a knob has moved: waits for the figure to be another one."""
    changed = "([root, old]) => root.querySelector('.explorer-picture').innerHTML !== old"
    page = explorer.page
    page.wait_for_function(changed, arg=[explorer.element_handle(), before.figure], timeout=30000)
    return State.of(explorer)


def click_at(slider, fraction):
    """Press the mouse on a slider, at this fraction of its width."""
    box = slider.bounding_box()
    slider.click(position={"x": box["width"] * fraction, "y": box["height"] / 2})


def move_by_mouse(explorer, knob, position):
    """Click as far from the present position as the knob goes."""
    inputs = knob.locator("input")
    if inputs.count() > 1:
        inputs.nth(0 if position else inputs.count() - 1).click()
    elif inputs.get_attribute("type") == "checkbox":
        inputs.click()
    else:
        click_at(inputs, 0.01 if in_upper_half(inputs, position) else 0.99)


def move_by_keyboard(explorer, knob, position):
    """Press the key that takes the focused knob as far as it goes from the present position."""
    inputs = knob.locator("input")
    if inputs.count() > 1:
        inputs.nth(position).press("ArrowDown")
    elif inputs.get_attribute("type") == "checkbox":
        inputs.press("Space")
    else:
        inputs.press("Home" if in_upper_half(inputs, position) else "End")


def in_upper_half(slider, position):
    """Whether a slider stands nearer to its end than to its beginning."""
    low, high = (float(slider.get_attribute(end)) for end in ("min", "max"))
    return position > (low + high) / 2


def move_all(explorer):
    """Move each knob by mouse, then by keyboard; return how many knobs there are.

    Whatever moves, the picture and the explorer keep their size, a slider says its value, and the
    other knobs stay where they are: at their defaults, since at some ends others have no effect.
    In the end the first two are moved together.
    """
    explorer.scroll_into_view_if_needed()
    start = State.of(explorer)
    knobs = explorer.locator(".explorer-knob")
    for k in range(knobs.count()):
        assert knobs.nth(k).locator(".explorer-label").inner_text().strip()
        for move in (move_by_mouse, move_by_keyboard):
            before = State.of(explorer)
            move(explorer, knobs.nth(k), before.positions[k])
            after = settled(explorer, before)
            assert after.positions[k] != before.positions[k]
            assert after.sizes == start.sizes, "the page jumps"
            for i, position in enumerate(after.positions):
                assert i == k or position == before.positions[i]
            if slider := knobs.nth(k).locator("input[type=range]").all():
                assert slider[0].get_attribute("aria-valuetext") == after.texts[k]
                assert after.texts[k] != before.texts[k]
        put_back(explorer, knobs.nth(k), start.positions[k])
    move_two(explorer)
    return knobs.count()


def move_two(explorer):
    """Move the first two knobs together, by keyboard; return how many there are of these."""
    knobs = explorer.locator(".explorer-knob").all()[:2]
    for k, knob in enumerate(knobs):
        move_by_keyboard(explorer, knob, State.of(explorer).positions[k])
    computed(explorer)
    return len(knobs)


def put_back(explorer, knob, position):
    """Set a knob as it was, and wait for the figure."""
    knob.evaluate(
        """(knob, position) => {
          const inputs = [...knob.querySelectorAll("input")];
          if (inputs.length > 1) inputs[position].checked = true;
          else if (inputs[0].type === "checkbox") inputs[0].checked = position === 1;
          else inputs[0].value = position;
          inputs[0].dispatchEvent(new Event("input", { bubbles: true }));
        }""",
        position,
    )
    computed(explorer)


def computed(explorer):
    """The function, the knobs as it got them, and its outputs, once nothing is on its way."""
    explorer.page.wait_for_function(
        "root => root.live?.done && root.live.values.every((x, k) => x === root.knobs[k].value)",
        arg=explorer.element_handle(),
        timeout=60000,
    )
    told = explorer.evaluate("""root => ({
        name: JSON.parse(root.querySelector(".explorer-live").textContent).function,
        knobs: Object.fromEntries(root.knobs.map((knob, k) => [knob.key, root.live.values[k]])),
        first: root.live.first, ms: root.live.ms,
        outputs: Object.entries(root.live.outputs).map(([name, { shape, data }]) =>
          [name, shape, [...data].map((x) => (Number.isNaN(x) ? null : x))]),
    })""")
    outputs = {
        name: np.array([np.nan if x is None else x for x in values]).reshape(shape)
        for name, shape, values in told["outputs"]
    }
    return told["name"], told["knobs"], outputs, (told["first"], told["ms"])


def timed(explorer, moves=5):
    """Name; ms from a move to the first figure, and to the last: medians over some moves."""
    slider = explorer.locator("input").first
    found = []
    for k in range(moves):
        if slider.get_attribute("type") == "range":
            slider.press("ArrowLeft" if k % 2 else "ArrowRight")
        else:  # of buttons, one after the other
            explorer.locator("input").nth(k % 2).press("Space")
        name, _, _, times = computed(explorer)
        found.append(times)
        if times[1] > 1000:
            break
    return name, *np.median(found, axis=0).tolist()
