"""What the chapters and pages need: explorers, experiments, figures. The model needs none of it.

From the bottom up:

live          functions that a browser computes: to WebAssembly, and into a figure
experiments   the data behind the chapters' figures and tables
figures       the figures
widgets       sliders that live in a notebook and on a page
explorers     the chapters' explorers: knobs in, numbers and figure out
"""
