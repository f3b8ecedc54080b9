"""The data behind each figure and table of the book; no drawing."""
