"""Data in, matplotlib Figure out; one style."""
