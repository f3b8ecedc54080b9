"""No command chooses between two values for the same thing."""

import pytest
from typer.testing import CliRunner

from pcmlib.__main__ import COMMANDS, app, load
from pcmlib.training import TrainConfig

OPTIONS = [
    (command, option)
    for command in COMMANDS
    for option in load(command).params
    if option.opts[0].startswith("--") and not option.multiple
]


def refused(command, *arguments, kind=ValueError):
    result = CliRunner().invoke(app, [command, *arguments])
    assert isinstance(result.exception, kind)
    return str(result.exception)


@pytest.mark.parametrize(("command", "option"), OPTIONS, ids=lambda x: getattr(x, "name", x))
def test_an_option_is_given_once(command, option):
    words = [option.opts[0], *([] if option.is_flag else ["1"])]
    other = [option.secondary_opts[0]] if option.secondary_opts else words
    for again in (words, other):
        message = refused(command, *words, *again)
        assert message == f"{option.opts[0]}: given 2 times, must be given once"


@pytest.mark.parametrize(
    "option", [x for c, x in OPTIONS if c == "train" and hasattr(TrainConfig, x.name)]
)
def test_a_field_is_given_by_its_option_or_by_set(option):
    field = f"--set {option.name}"
    ways = {
        f"{option.opts[0]} and {field}": [option.opts[0], "3"],
        field: ["--set", f"{option.name}=4"],
    }
    for typed, words in ways.items():
        message = refused("train", *words, "--set", f"{option.name}=3")
        assert message == f"{typed}: given 2 times, must be given once"


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
        assert refused(command, *twice) == "--set scale: given 2 times, must be given once"


def test_what_may_be_repeated_names_each_thing_once():
    lists = {(c, o.opts[0]) for c in COMMANDS for o in load(c).params if o.multiple}
    assert lists == {("train", "--set"), ("tune", "--set"), ("fit", "--fix")}
    for command, option in lists:
        (param,) = (o for o in load(command).params if o.opts[0] == option)
        assert "may be repeated" in param.help
    twice = ["reads.csv", "--fix", "g_max=25", "--fix", "a=2", "--fix", "g_max=20"]
    assert refused("fit", *twice) == "--fix g_max: given 2 times, must be given once"
    assert "reads.csv" in refused("fit", *twice[:5], kind=OSError)  # there is no such table
