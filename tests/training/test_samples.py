"""A reader's own samples: in whatever form they come, they are the same run; bad ones are named."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from runs import assert_same, small
from typecheck import unchecked

from pcmlib.training import archive, evaluate, train
from pcmlib.training.samples import as_samples

CONFIG = small("mixed-precision", epochs=3, replicas=2, samples=7)  # as many as nobody gives
S, T, N_IN, N_OUT = 3, 90, 12, 2


def arrays(seed=0):
    draw = np.random.default_rng(seed)
    return draw.random((S, T, N_IN)) < 0.1, draw.normal(size=(S, T, N_OUT)).astype(np.float32)


def times_and_channels(x, dt):
    """One pair for each sample, in no order."""
    pairs = []
    for sample in x:
        t, i = np.nonzero(sample)
        order = np.random.default_rng(1).permutation(len(t))
        pairs.append(((t[order] + 0.5) * dt, i[order]))
    return pairs


def test_the_configuration_takes_the_sizes_of_the_arrays():
    x, y = arrays()
    run = train(CONFIG, inputs=x, targets=y)
    c = run.config
    assert (c.samples, c.steps, c.n_in, c.n_out) == (S, T, N_IN, N_OUT)
    assert c.updates == 3 * S
    assert np.array_equal(run.inputs[1].numpy(), x)
    assert np.array_equal(run.targets[1].numpy(), y)
    assert run.loss.shape == (2, 3)
    assert not torch.equal(run.loss[0], run.loss[1])  # networks start apart


def test_whatever_form_they_have_the_run_is_the_same():
    x, y = arrays()
    run = train(CONFIG, inputs=x, targets=y)
    sized = CONFIG.replace(steps=T, n_in=N_IN)
    forms = [
        (torch.from_numpy(x), torch.from_numpy(y)),
        (x.astype(int), y.astype(np.float64)),
        (x.tolist(), y.tolist()),
        (np.stack([x, x]), np.stack([y, y])),
        (times_and_channels(x, CONFIG.dt), y),
        ([(list(map(float, t)), list(map(int, i))) for t, i in times_and_channels(x, 1e-3)], y),
    ]
    for inputs, targets in forms:
        assert_same(train(sized, inputs=inputs, targets=targets), run)


def test_the_task_s_own_arrays_are_the_task():
    run = train(CONFIG)
    assert_same(train(CONFIG, inputs=run.inputs, targets=run.targets), run)


def test_one_output_needs_no_axis():
    x, y = arrays()
    flat, whole = (train(CONFIG, inputs=x, targets=t) for t in (y[..., 0], y[..., :1]))
    assert_same(flat, whole)


@given(
    steps=st.lists(st.integers(0, T - 1), max_size=30),
    dt=st.sampled_from([1e-3, 1e-4, 7e-4, 1 / 3000]),
    late=st.floats(0, 0.99),
    precision=st.sampled_from([np.float32, np.float64]),
)
def test_a_time_is_in_the_step_that_it_falls_in(steps, dt, late, precision):
    config = CONFIG.replace(steps=T, dt=dt, n_in=4, input_rate=5.0)
    channels = [k % 4 for k in range(len(steps))]
    x, *_ = as_samples([(precision((np.array(steps) + late) * dt), channels)], None, config)
    wanted = torch.zeros(T, 4, dtype=torch.bool)
    wanted[steps, channels] = True
    assert torch.equal(x[0, 0], wanted)


def test_a_reader_s_samples_resume_and_are_told_apart(tmp_path):
    x, y = arrays()
    whole = train(CONFIG, inputs=x, targets=y, checkpoint=tmp_path, checkpoint_every=2)
    assert archive.load_checkpoint(tmp_path)[0]["epoch"] == 3
    assert_same(train(CONFIG, inputs=x, targets=y, checkpoint=tmp_path, resume=True), whole)
    other, _ = arrays(seed=5)
    with pytest.raises(ValueError, match=r"inputs, targets = .*those of the checkpoint"):
        train(CONFIG, inputs=other, targets=y, checkpoint=tmp_path, resume=True)
    with pytest.raises(ValueError, match="must be given inputs and targets"):
        train(whole.config, checkpoint=tmp_path, resume=True)


def test_classes_are_whole_numbers_and_the_steps_that_count_are_masked():
    """Two classes told apart by which half of the channels spikes: learnt, and said so."""
    draw = np.random.default_rng(2)
    named = np.arange(12) % 2
    chance = np.where(np.arange(10) // 5 == named[:, None], 0.3, 0.02)
    x = draw.random((12, 60, 10)) < chance[:, None]
    late = np.arange(60) >= 40
    rates = {"lr_in": 1e-4, "lr_rec": 1e-4, "lr_out": 1e-4}
    rates |= {"regularisation": 1e-3, "target_rate": 20.0, "feedback_gain": 1.0}
    config = small("vanilla", epochs=100, samples=7, **rates)
    run = train(config, inputs=x, targets=named, counts=late)
    assert run.config.classes
    assert (run.config.task, run.config.n_out) == ("arrays", 2)
    assert (run.counts[0] == torch.from_numpy(late)).all()
    assert run.accuracy[0, -10:].mean() > 0.9
    assert "accuracy" in run.summary()
    found = evaluate(run)
    assert found.accuracy.item() > 0.9
    assert "accuracy" in found.summary()
    for targets in (named.tolist(), torch.from_numpy(named), named.astype(bool)):
        assert torch.equal(train(config, inputs=x, targets=targets, counts=late).loss, run.loss)
    for counts in (None, late):  # those of the training, unless others are given
        again = evaluate(run, inputs=x, targets=named, counts=counts)
        torch.testing.assert_close(again.loss, found.loss)
    assert not torch.equal(evaluate(run, inputs=x, targets=named, counts=~late).loss, found.loss)
    early = train(config, inputs=x, targets=named, counts=~late)
    assert not torch.equal(early.loss, run.loss)


def test_a_run_is_asked_for_what_it_learnt():
    """Values or classes: the loss of the other kind would be a number without a meaning."""
    x, y = arrays()
    values, classes = (train(CONFIG, inputs=x, targets=these) for these in (y, LABELS))
    one = train(CONFIG, inputs=x, targets=y[..., :1])
    learnt = r"^targets = 'classes': must be values, which the run learnt \(squared error\)"
    for run, n_out in ((values, N_OUT), (one, 1)):
        for named in (LABELS, LABELS.tolist(), np.zeros((len(x), T), int)):
            with pytest.raises(ValueError, match=rf"{learnt}: floats \[samples, steps, {n_out}\]"):
                evaluate(run, inputs=x, targets=named)
    three = np.stack([y[..., 0]] * 3, -1)
    learnt = r"^targets = 'values': must be classes, which the run learnt \(cross-entropy\)"
    for other in (three, y[..., 0]):
        with pytest.raises(ValueError, match=rf"{learnt}: whole numbers .*0 \.\. 2, \[samples\]"):
            evaluate(classes, inputs=x, targets=other)
    own = evaluate(classes, inputs=x, targets=LABELS)
    assert own == evaluate(classes, inputs=classes.inputs, targets=classes.targets)
    assert own == evaluate(classes)


def test_a_class_for_each_step():
    """Which of two groups of channels spikes now: the class changes within a trial."""
    draw = np.random.default_rng(3)
    named = np.repeat(draw.integers(0, 2, (6, 4)), 30, axis=1)  # [S, T]
    active = np.arange(10) // 5 == named[..., None]
    x = draw.random((6, 120, 10)) < np.where(active, 0.3, 0.02)
    rates = {"lr_in": 1e-4, "lr_rec": 1e-4, "lr_out": 1e-4, "feedback_gain": 1.0}
    rates |= {"regularisation": 1e-3, "target_rate": 20.0}
    run = train(small("vanilla", epochs=100, samples=7, **rates), inputs=x, targets=named)
    assert run.config.classes
    assert np.array_equal(run.targets[0].argmax(-1), named)
    share = (run.outputs[0].argmax(-1) == torch.from_numpy(named)).float().mean(1)
    assert share.mean() > 0.75  # 0.5 by chance
    torch.testing.assert_close(evaluate(run).accuracy.item(), share.mean().item())
    values = train(small("vanilla", epochs=1, samples=7), inputs=x, targets=named.astype(float))
    assert not values.config.classes


def test_a_network_is_asked_of_spikes_later_than_any_that_it_learnt():
    x, y = arrays()
    run = train(CONFIG, inputs=x, targets=y)
    longer = np.concatenate([x, x], axis=1)
    pairs = times_and_channels(longer, CONFIG.dt)
    pairs[0][0][0] = (2 * T - 0.5) * CONFIG.dt  # a spike in the last step
    longer[0] = False
    steps = (pairs[0][0] / CONFIG.dt).astype(int)
    longer[0, steps, pairs[0][1]] = True
    assert torch.equal(run.predict(pairs), run.predict(longer))
    assert run.predict([([0.01], [0])]).shape == (2, 1, T, N_OUT)  # at least the run's steps
    with (
        pytest.raises(ValueError, match=r"inputs: times = 1e\+300: must be below 1000 s"),
        unchecked(),
    ):
        run.predict([([1e300], [0])])


def test_a_run_without_snapshots_keeps_no_trial():
    x, y = arrays()
    run = train(CONFIG, inputs=x, targets=y)
    light = train(CONFIG.replace(snapshots=()), inputs=x, targets=y)
    assert torch.equal(light.loss, run.loss)
    assert (light.spikes.numel(), light.snapshots.numel()) == (0, 0)
    with pytest.raises(ValueError, match=r"snapshots = \(\)"):
        light.outputs  # noqa: B018 - it raises
    assert torch.equal(light.predict(), run.outputs)
    assert light.inputs.untyped_storage().nbytes() == x.nbytes  # once, for both networks


def test_new_samples_are_asked_of_a_trained_network():
    x, y = arrays()
    run = train(CONFIG, inputs=x, targets=y)
    longer = np.concatenate([x, x[:, ::-1]], axis=1)[:2]
    found = run.predict(longer)
    assert found.shape == (2, 2, 2 * T, N_OUT)
    with pytest.raises(ValueError, match="counts"):
        evaluate(run, counts=np.ones(T))
    found = evaluate(run, inputs=x[:1], targets=y[:1])
    torch.testing.assert_close(
        found.loss[0], ((run.outputs[:, 0] - torch.from_numpy(y[0])) ** 2).mean((1, 2))
    )


X, Y = arrays()
LABELS = np.arange(len(X)) % 3  # classes
BAD = [
    ({"inputs": X}, "targets = None: must be given, as inputs and targets go together"),
    ({"targets": Y}, "inputs = None: must be given, as inputs and targets go together"),
    ({"inputs": X[0], "targets": Y}, r"inputs\.shape"),
    (
        {"inputs": X * 0.5, "targets": Y},
        r"inputs\[0, \d+, \d+\] = 0\.5: must be True or False, or 1 or 0; \d+ of 3240 entries",
    ),
    ({"inputs": X[:0], "targets": Y[:0]}, r"inputs\.shape"),
    ({"inputs": np.stack([X] * 3), "targets": Y}, r"inputs\.shape.*2 replicas"),
    ({"inputs": X, "targets": Y[:, 1:]}, r"targets\.shape"),
    (
        {"inputs": X, "targets": LABELS + 1},
        r"targets \(least class\) = 1: must be 0, .* write targets - 1",
    ),
    ({"inputs": X, "targets": LABELS.astype(float)}, r"targets\.dtype = .*targets\.astype\(int\)"),
    (
        {"inputs": X, "targets": np.eye(3, dtype=int)[LABELS]},
        r"targets\.shape.*targets\.argmax\(1\)",
    ),
    ({"inputs": X, "targets": Y[:2]}, r"targets\.shape"),
    ({"inputs": X, "targets": Y * np.nan}, "targets"),
    ({"inputs": X, "targets": np.stack([Y] * 3)}, r"targets\.shape"),
    ({"inputs": [([0.2], [0])], "targets": Y}, r"inputs\[0\]: times"),
    ({"inputs": [([-0.01], [0])], "targets": Y}, r"inputs\[0\]: times"),
    ({"inputs": [([0.01], [20])], "targets": Y}, r"inputs\[0\]: channels .*0 \.\. 19"),
    ({"inputs": [([0.01], [-1])], "targets": Y}, r"inputs\[0\]: channels"),
    ({"inputs": [([0.01, 0.02], [1])], "targets": Y}, r"inputs\[0\]: channels\.shape"),
    ({"inputs": "spikes", "targets": Y}, "inputs"),
    ({"inputs": X, "targets": [0, 1]}, r"targets\.shape"),
    ({"inputs": X, "targets": [0, -1, 1]}, r"targets \(least, greatest class\)"),
    ({"inputs": X, "targets": Y, "counts": np.zeros(T)}, "counts"),
    ({"inputs": X, "targets": Y, "counts": np.ones(T + 1)}, r"counts\.shape"),
    ({"counts": np.ones(T)}, "counts"),
]


@pytest.mark.parametrize(("samples", "message"), BAD)
def test_bad_samples_are_refused_by_name(samples, message):
    with pytest.raises(ValueError, match=f"^{message}"), unchecked():
        train(CONFIG, **samples)


def test_networks_that_expect_other_channels_are_not_asked():
    run = train(small("vanilla", epochs=1))
    with pytest.raises(
        ValueError, match=r"inputs\.shape\[-1\] = 12: must be 20, as the networks learnt"
    ):
        run.predict(X)
