"""The functions behind the book's explorers: the knobs' values in, a figure out."""
