"""The model's constants from measurements: a table of reads, its likelihood, what it tells.

table        a CSV file or columns, checked
simulate     tables of reads that devices of the model would give
reads        what the likelihood needs of a table
likelihood   a filter on a grid of conductances
free         the constants as free numbers, and where to start
estimate     the likeliest constants, and how well they are known
checks       measured beside simulated; what is wrong with the model
outliers     reads that the model finds too unlikely to be chance
stuck        devices that do not respond to SETs
result       what a fit found, and what there is to say about it
fitting      all of it in one call

How nu and its spread depend on G (nu_slope, nu_bounds, nu_spread_slope, nu_spread_bounds), T0 and
t_min are not fitted: they are the model's, or what `fix` says.

The likeliest nu_spread is a little low where all constants are free: by 0.6 ± 0.2 standard errors
over 40 tables of 300 devices and 20 pulses, read up to 1000 T0 after the last one. The likelihood
has no part in it: with the other constants fixed at the truth it is off by 0.0 ± 0.1 (80 tables).
"""

from pcmlib.device.fit.fitting import fit_device
from pcmlib.device.fit.result import Fit
from pcmlib.device.fit.simulate import simulate_reads
from pcmlib.device.fit.table import Measurements, measurements

__all__ = ["Fit", "Measurements", "fit_device", "measurements", "simulate_reads"]
