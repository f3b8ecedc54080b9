"""Numbers as a knob of an explorer gives them."""

from hypothesis import strategies as st


def floats(low, high):
    """From low to high, to nine digits: no slider gives 1e-102, which no float32 holds."""
    return st.floats(low, high).map(lambda x: round(x, 9))
