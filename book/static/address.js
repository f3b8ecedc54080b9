// The state of a page in its address. A link within the page has a fragment, too, but no state: what is
// set stays as it is, and its state comes back into the address.
// The address decorates: what the browser refuses is tried again later, and stops nothing.

const Address = {
  REST: 500, // ms from one change of the history to the next: Safari takes 100 of them in 30 s
  shown: "", // the state that the page is in
  // Call read(state) with the state that the address has now, and with each that it gets.
  follow(read) {
    read(Address.state ?? new URLSearchParams());
    Address.followed = true; // until then it stays, as the browser has still to scroll there
    addEventListener("hashchange", () => {
      const { state } = Address;
      if (!state) return Address.put();
      Address.waits = Address.step = false;
      Address.shown = `${state}`;
      read(state);
    });
  },
  get holdsState() {
    return location.hash.includes("=");
  },
  get state() {
    if (Address.holdsState) return new URLSearchParams(location.hash.slice(1));
    const text = history.state?.text; // of what is in its usual state
    return text === undefined ? null : new URLSearchParams(text);
  },
  // state: {name: value}. It takes the place of the last one in the browser's history, or with `step`
  // stands after it, so that the back button leads to the last one.
  write(state, step = false) {
    Address.text = `${new URLSearchParams(state)}`;
    Address.step ||= step;
    if (Address.followed) Address.put();
  },
  put() {
    const { text, resting, step } = Address;
    if (text === undefined) return; // the form has had faults since the page was opened
    if (!text && !Address.holdsState) return; // nothing to keep
    Address.waits = true;
    if (resting) return;
    try {
      const place = text ? `#${text}` : location.pathname + location.search;
      if (step && !Address.holdsState) history.replaceState({ text: Address.shown }, "");
      history[step ? "pushState" : "replaceState"]({ text }, "", place);
      Address.waits = Address.step = false;
      Address.shown = text;
    } catch {} // where it stands, as within a frame, or since there were too many
    Address.resting = setTimeout(() => {
      Address.resting = undefined;
      if (Address.waits) Address.put();
    }, Address.REST);
  },
  // The address of this page in a state
  link(state) {
    return `${location.href.split("#")[0]}#${new URLSearchParams(state)}`;
  },
};
