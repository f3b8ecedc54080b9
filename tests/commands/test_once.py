"""No command chooses between two values for the same thing."""

import pytest
from typer.testing import CliRunner

from pcmlib.__main__ import COMMANDS, app, load
from pcmlib.training import TrainConfig

OPTIONS = [
    (command, option)
    for command in COMMANDS
    for option in load(command).params
    if option.opts[0].startswith("--") and option.name != "set_"
]


def refused(command, *arguments):
    result = CliRunner().invoke(app, [command, *arguments])
    assert isinstance(result.exception, ValueError)
    return str(result.exception)


@pytest.mark.parametrize(("command", "option"), OPTIONS, ids=lambda x: getattr(x, "name", x))
def test_an_option_is_given_once(command, option):
    words = [option.opts[0], *([] if option.is_flag else ["1"])]
    other = [option.secondary_opts[0]] if option.secondary_opts else words
    for again in (words, other):
        message = refused(command, *words, *again)
        assert message == f"{option.name} is given 2 times: must be given once"


@pytest.mark.parametrize(
    "option", [x for c, x in OPTIONS if c == "train" and hasattr(TrainConfig, x.name)]
)
def test_a_field_is_given_by_its_option_or_by_set(option):
    for words in ([option.opts[0], "3"], ["--set", f"{option.name}=4"]):
        message = refused("train", *words, "--set", f"{option.name}=3")
        assert message == f"{option.name} is given 2 times: must be given once"


def test_every_option_that_says_a_field_has_its_name():
    named = {option.name for command, option in OPTIONS if command == "train"}
    fields = {"scheme", "bits", "pairs", "epochs", "replicas", "seed", "task", "batch", "constants"}
    assert named & set(vars(TrainConfig())) == fields
    others = {"preset", "device", "data", "figure", "json", "save", "pulses"}
    others |= {"checkpoint", "checkpoint_every", "resume"}
    assert named - fields == others


def test_any_field_is_set_once():
    for command in ("train", "tune"):
        twice = ["--set", "scale=3", "--epochs", "1", "--set", "scale=3"]
        assert refused(command, *twice).startswith("scale is given 2 times")
