"""Searches for hyperparameters: the space, the budget, and the rounds."""

from pcmlib.sweep.search import Budget, tune, write_record

__all__ = ["Budget", "tune", "write_record"]
