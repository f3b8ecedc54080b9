"""What a fit found, and what there is to say about it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from pcmlib.device.fit.checks import Comparison
from pcmlib.device.fit.free import LINES, NAMES
from pcmlib.device.fit.outliers import Outlier
from pcmlib.device.fit.stuck import StuckDevice
from pcmlib.device.fit.table import Measurements
from pcmlib.device.known import pulse_ratio
from pcmlib.device.laws import PCMParameters

_SETTINGS = ("write_noise", "read_noise", "drift", "bits")  # no constants of a device
CONSTANTS = tuple(
    one.name for one in dataclasses.fields(PCMParameters) if one.name not in _SETTINGS
)
SIMPLER = {
    "no history": {"A1": 0.0, "A2": 0.0},
    "the mean step is the same at every G": {"m1": 0.0},
    "the spread of a step is the same at every G and pulse": {"m2": 0.0, "A2": 0.0},
    "no drift": {"nu": 0.0, "nu_spread": 0.0},
    "all devices have one nu": {"nu_spread": 0.0},
}
"""Laws that say with fewer constants what a table may not need more for."""
LIMITS = ("g_min", "g_max")  # where reads lie at one, that is it: it has no standard error
A_PCM = "no check distinguishes these devices from the model's"
NO_PCM = "these devices are not PCM of this model"
_MOST_TOLD = 5  # outliers that a summary lists


@dataclass(frozen=True)
class Fit:
    """Constants fitted to a table of reads, and what there is to say about them."""

    table: Measurements
    parameters: PCMParameters  # with the likeliest constants
    standard_errors: dict[str, float]  # of the constants that the table tells
    unidentified: dict[str, str]  # constants that it does not tell, and why; the value is a guess
    fixed: tuple[str, ...]  # constants that were given
    log_likelihood: float  # of the reads, as densities in 1/µS
    simpler: dict[str, float]  # BIC of the simpler laws less that of the whole: below 0, they do
    checks: dict[str, Comparison]
    findings: tuple[str, ...]  # what is wrong with the model for these reads
    bic: float  # k ln(reads) - 2 log-likelihood, with k free constants
    outliers: tuple[Outlier, ...] = ()  # reads too unlikely to be chance, the least likely first
    stuck: tuple[StuckDevice, ...] = ()  # devices that do not respond to SETs, the plainest first
    findings_without: tuple[str, ...] = ()  # what is wrong with the model for the others
    moved: dict[str, tuple[float, float]] = field(default_factory=dict)
    """Constants that the others put more than two standard errors off: value, standard error."""

    @property
    def is_pcm(self) -> bool:
        """Whether no check says that this is no PCM of the model."""
        return not self.findings

    @property
    def constants(self) -> dict[str, Any]:
        return {name: getattr(self.parameters, name) for name in CONSTANTS}

    def __repr__(self) -> str:
        return self.summary()

    def to_json(self) -> dict[str, Any]:
        """Plain numbers, strings and lists; `PCMParameters(**found["constants"])` is the device."""
        compared = {
            name: {"at": one.at, "measured": one.measured, "simulated": one.mean,
                   "simulated_sd": one.simulated.std(0), "residual": one.residual}
            for name, one in self.checks.items()
        }  # fmt: skip
        return {
            "constants": self.constants,
            "standard_errors": self.standard_errors,
            "unidentified": list(self.unidentified),
            "reasons": self.unidentified,
            "fixed": list(self.fixed),
            "devices": self.table.devices,
            "reads": len(self.table),
            "log_likelihood": self.log_likelihood,
            "bic": self.bic,
            "bic_of_simpler_laws": self.simpler,
            "is_pcm": self.is_pcm,
            "findings": list(self.findings),
            "outliers": [vars(one) for one in self.outliers],
            "stuck": [vars(one) for one in self.stuck],
            "moved_without_outliers": {
                name: {"value": value, "standard_error": error}
                for name, (value, error) in self.moved.items()
            },
            "notes": self.notes,
            "findings_without_outliers": list(self.findings_without),
            "pulse_ratio": pulse_ratio(self.parameters),
            "checks": compared,
        }

    def _error(self, name: str) -> str:
        value, error = getattr(self.parameters, name), self.standard_errors[name]
        nearly = name not in LINES and value < error
        return f"{error:.2g}" + (f"   at most {value + 2 * error:.2g}, maybe 0" if nearly else "")

    def _of_odd(self) -> list[str]:
        """Of stuck devices and outliers: which they are, and what rests on them."""
        kinds = [(self.stuck, "device"), (self.outliers, "read")]
        kinds = [(odd, word) for odd, word in kinds if odd]
        if not kinds:
            return []
        lines, count = [], sum(len(odd) for odd, _ in kinds)
        for odd, word in kinds:
            number, more = f"{len(odd)} {word}", len(odd) - _MOST_TOLD
            number += " is" if len(odd) == 1 else "s are"
            lines.append(f"{number} too unlikely under this model to be chance:")
            lines += [f"  {one}" for one in odd[:_MOST_TOLD]]
            lines += [f"  and {more} more"] if more > 0 else []
        it, which = ("it", "it is") if count == 1 else ("them", "one is")
        if "mean" not in self.checks:
            rests = ""
        elif bool(self.findings) == bool(self.findings_without):
            rests = f"the verdict does not rest on {it}"
        else:
            other = NO_PCM if self.findings_without else A_PCM
            rests = f"the verdict rests on {it}: without {it}, {other}"
        lines += [rests] if rests else []
        if self.moved:
            constants = ", ".join(f"{n} = {v:.4g} ± {e:.2g}" for n, (v, e) in self.moved.items())
            lines.append(f"without {it}, by more than two standard errors, {constants}")
        else:
            lines.append(f"without {it}, no constant moves by more than two standard errors")
        return [*lines, f"if {which} a mistake, leave it out and fit again"]

    @property
    def notes(self) -> list[str]:
        """What a table's numbers may have been taken for, and should not."""
        said, table = [], self.table
        repeated = np.unique(np.stack([table.device, table.pulse]), axis=1).shape[1] < len(table)
        if table.time is None and repeated and not {"m3", "c3"} <= set(self.fixed):
            said.append(
                "the table has no times: what reads of one state differ by is taken for read "
                "noise (m3, c3), drift between them included"
            )
        if table.looks_like_nS:
            said.append(
                f"conductances reach {table.conductance.max():.3g} µS, a hundred times a PCM's: "
                "if these were nS, name the column conductance_nS"
            )
        return said

    def summary(self) -> str:
        """Lines for a terminal."""
        lines = [self.table.summary()]
        if self.table.passed_over:
            lines.append(f"columns ignored: {', '.join(self.table.passed_over)}")
        for name in (*NAMES, *LIMITS):
            value = f"{name:>12} = {getattr(self.parameters, name):8.4g}"
            if name in self.fixed:
                lines.append(f"{value}   as given")
            elif name in self.unidentified:
                lines.append(f"{value}   not determined: {self.unidentified[name]}")
            elif name in LIMITS:
                lines.append(f"{value}   the limit at which reads pile up")
            else:
                lines.append(f"{value} ± {self._error(name)}")
        for law, more in self.simpler.items():
            if more < 0:
                how = " ".join(f"--fix {name}=0" for name in SIMPLER[law])
                lines.append(f"a simpler law will do: {law} (BIC {more:.1f}); fit it with {how}")
        if "mean" not in self.checks:
            lines.append("too few devices to check the model by; 8 after the same pulse will do")
        elif self.is_pcm:
            lines.append(A_PCM)
        else:
            lines.append(f"{NO_PCM}:")
            lines.extend(f"  {finding}" for finding in self.findings)
        lines.extend(self._of_odd())
        ratio = pulse_ratio(self.parameters)
        lines.append(f"the first ten SETs add {ratio:.3g} times as much as to the usual device")
        lines.extend(self.notes)
        return "\n".join(lines)
