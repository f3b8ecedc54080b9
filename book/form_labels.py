"""What the forms of the laboratory and the bench call each field: label, unit and meaning.

A record's comments are for those who read code. These are for those who fill in a form: a number
says what it means, a box what it does when it is ticked. A field's range follows from its limits
(`form_fields`), and the script writes it.
"""

LABELS: dict[str, tuple[str, str, str]] = {
    # Run
    "epochs": ("Epochs", "", "passes over all patterns or trials"),
    "seed": ("Seed", "", "of the first network's random numbers; the next networks count on"),
    "batch": ("Samples per update", "", "after so many, weights change by the sum of gradients"),
    # Task
    "samples": ("Samples", "", "patterns or trials of an epoch"),
    "fresh": ("New samples", "", "ticked: each epoch draws its own; otherwise the same come again"),
    "steps": ("Length of a sample", "ms", "in time steps of 1 ms"),
    "n_in": ("Input channels", "", "each fires at random; of evidence, while its cue lasts"),
    "n_out": ("Outputs", "", "each has a target of its own"),
    "input_rate": ("Input rate", "Hz", "at which an input channel fires"),
    # Neurons
    "n_rec": ("Neurons", "", "of the recurrent layer"),
    "threshold": ("Threshold θ", "", "at which the membrane's v fires; v has no unit"),
    "tau_rec": ("Membrane time constant", "s", "in which v falls to 1/e"),
    "tau_out": ("Readout time constant", "s", "in which an output falls to 1/e"),
    "gamma": ("Pseudo-derivative γ", "", "its height, where a spike has no slope"),
    "adaptive": ("Adaptive neurons", "", "of these, so many whose threshold rises with each spike"),
    "beta": ("Rise of their threshold β", "", "with each spike"),
    "tau_adapt": ("Adaptation time constant", "s", "in which a raised threshold falls to 1/e"),
    "refractory": ("Refractory time", "steps", "of 1 ms, from a neuron's spike to its next"),
    "recurrence": ("Recurrent synapses", "", "ticked: neurons are connected with each other"),
    # Learning
    "lr_in": ("Learning rate, input", "", "change of an input weight for a gradient of 1"),
    "lr_rec": ("Learning rate, recurrent", "", "the same of a recurrent weight"),
    "lr_out": ("Learning rate, output", "", "the same of an output weight"),
    "lr_decay": ("Decay of the rates", "", "factor on all learning rates after each epoch"),
    "learn_in": ("Train input weights", "", "ticked: they learn; otherwise they stay"),
    "learn_rec": ("Train recurrent weights", "", "ticked: they learn; otherwise they stay"),
    "learn_out": ("Train output weights", "", "ticked: they learn; otherwise they stay"),
    "regularisation": ("Pull to the target rate", "1/Hz", "learning signal for each Hz off it"),
    "target_rate": ("Target rate", "Hz", "that regularisation pulls each neuron to"),
    "feedback_gain": ("Scale of the feedback", "", "factor on its random (Kaiming) weights"),
    "symmetric_feedback": (
        "Symmetric feedback", "",
        "ticked: errors come back through the output weights; otherwise through random ones",
    ),
    "gradient_limit": ("Gradient limit", "", "larger gradients are cut to it; empty: no limit"),
    # Update rule
    "quantum": ("Quantum", "", "of weight, which leaves an accumulator at a time"),
    "stop_level": ("Stop level", "", "gradients below it ask for no pulse"),
    "prob_scale": (
        "Change of a certain pulse", "µS",
        "a wanted change of this size is always given a pulse, a smaller one less often",
    ),
    "assumed_pulse": ("Assumed step of a SET", "µS", "by which pulses are counted"),
    "gain": ("Scale of the first weights", "", "factor on random (Kaiming) digital weights"),
    # Crossbar
    "pairs": ("Pairs per synapse", "", "of devices, one for plus and one for minus"),
    "scale": ("Conductance of a weight of 1", "µS", "by which weights become conductances"),
    "conductance": ("First conductance", "µS", "of all devices, within 10 %"),
    "refresh_period": (
        "Updates between refreshes", "", "of saturated synapses, by RESET; empty: never",
    ),
    "refresh_above": (
        "Refreshed above", "", "this share of the largest conductance, on either side"
    ),
    "refresh_within": (
        "Refreshed within", "",
        "this share of the largest conductance, by which the sides differ at most",
    ),
    "reach": (
        "Reach of pulses", "",
        "share of the largest conductance up to which update-ready needs no RESET",
    ),
    "symmetric_devices": (
        "Symmetric devices", "",
        "ticked: what both sides of a pair have in common is taken off, without a pulse",
    ),
    "write_verify": (
        "Write-verify", "",
        "ticked: after SETs the synapse is read and corrected, until it is within the tolerance",
    ),
    "tolerance": ("Tolerance", "µS", "of write-verify, which makes no smaller change"),
    "kept_on_pcm": (
        "Accumulator on PCM", "",
        "ticked: a second crossbar of PCM accumulates; otherwise digital memory does",
    ),
    "kept_scale": ("Scale of that accumulator", "µS", "of the second crossbar, for a weight of 1"),
    "period": ("Time between updates", "s", "in which devices drift"),
    "write_noise": ("Write noise", "", "scale of SET and RESET noise; 1: as measured, 0: none"),
    "read_noise": ("Read noise", "", "scale of it; 1: as measured, 0: none"),
    "drift": ("Drift", "", "scale of its exponent; 1: as measured, 0: none"),
    "g_max": ("Largest conductance", "µS", "that a SET or a read can give"),
    # Device
    "a": ("Memory of the history", "pulses", "after which the history P has fallen to 1/e"),
    "m1": ("Mean SET step per G", "", "change of the mean step for each µS of G"),
    "c1": ("Mean SET step at G = P = 0", "µS", "of a device without conductance and history"),
    "A1": ("Mean SET step per P", "µS", "added for a history P of 1, as after a RESET"),
    "m2": ("Spread of a SET step per G", "", "change of the standard deviation for each µS of G"),
    "c2": ("Spread of a SET step at G = P = 0", "µS", "its standard deviation there"),
    "A2": ("Spread of a SET step per P", "µS", "added for a history P of 1"),
    "g_reset": ("Conductance after a RESET", "µS", "its mean"),
    "reset_spread": ("Spread after a RESET", "", "standard deviation, relative to that mean"),
    "g_min": ("Least conductance", "µS", "that a SET or a read can give"),
    "nu": ("Drift exponent ν", "", "G falls with time to the power of −ν"),
    "T0": ("Reference time T₀", "s", "after the last pulse, at which a read gives G itself"),
    "m3": ("Read noise per G", "", "standard deviation for each µS of G"),
    "c3": ("Read noise at G = 0", "µS", "standard deviation there"),
    "t_min": ("Earliest read", "s", "after a pulse; one in the pulse's own instant is taken here"),
    "nu_slope": ("Fall of ν with G", "", "ν(G) = ν − this · ln(G / largest conductance)"),
    "nu_low": ("Least ν(G)", "", "below which ν(G) does not fall"),
    "nu_high": ("Greatest ν(G)", "", "above which ν(G) does not rise"),
    "nu_spread": ("Spread of ν", "", "standard deviation from device to device"),
    "nu_spread_slope": (
        "Fall of the spread with G", "", "spread(G) = spread − this · ln(G / largest conductance)"
    ),
    "nu_spread_low": ("Least spread of ν", "", "below which it does not fall"),
    "nu_spread_high": ("Greatest spread of ν", "", "above which it does not rise"),
    # The bench
    "bits": ("Bits of an ideal memory", "", "without noise and drift; empty: PCM"),
    "devices": ("Devices", "", "side by side"),
    "wait": ("Wait of a button", "s", "after the last step, before what the button adds"),
}  # fmt: skip
