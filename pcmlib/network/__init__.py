"""The spiking network: a trial, e-prop's gradient, a weight update; the same in torch, to read.

Read `reference` first: the network in torch, step by step, which the kernels are tested against.
They are, from the bottom up:

    laws        a neuron's membrane, threshold and surrogate derivative; softmax
    drift       devices within a trial
    state       one network as plain arrays; a layer of it
    trial       a trial
    loss        what its outputs cost
    gradient    e-prop's gradient of it
    update      what the scheme makes of the gradient
    start       the network before its training
    epoch       trial, gradient, update, sample by sample: the one loop of every training
"""
