"""Functions that compute in a reader's browser as they do here."""

from pcmlib.book.live.function import Later, LiveFunction, live

__all__ = ["Later", "LiveFunction", "live"]
