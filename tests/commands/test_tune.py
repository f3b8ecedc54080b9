"""`pcmlib tune` names what a study is of, and what it may spend."""

import pytest
from typer.testing import CliRunner

from pcmlib.__main__ import app, main
from pcmlib.commands import tune
from pcmlib.sweep import Budget


def test_what_has_an_option_of_its_own_is_not_set(capsys):
    for setting in ("epochs=3", "bits=4", "seed=1"):
        done = CliRunner().invoke(app, ["tune", "--scheme", "sign", "--set", setting])
        assert isinstance(done.exception, ValueError)
        assert f"--set = '{setting.split('=')[0]}': must be another field" in str(done.exception)


def test_a_study_is_of_a_memory_and_other_fields(monkeypatch):
    asked = {}

    def note(scheme, **told):
        asked.update(told, scheme=scheme)
        spent = {"updates": 7}
        return {"finalists": [{"loss": 0.1}], "last": [{"loss": 0.3}], "best": {}, "budget": spent}

    monkeypatch.setattr(tune, "tune", note)
    words = "--scheme multi-mem --pairs 1 --set write_verify=True --set read_noise=2 --trials 8"
    done = CliRunner().invoke(app, ["tune", *words.split()])
    assert done.exit_code == 0
    assert done.output.startswith("loss 0.3 ")  # of the set that is shown
    assert "budget: 7 updates" in done.output
    assert asked == {
        "scheme": "multi-mem",
        "budget": Budget(trials=8),
        "storage": None,
        "seed": 0,
        "pairs": 1,
        "write_verify": True,
        "read_noise": 2.0,
    }


@pytest.mark.parametrize(
    "storage", ["postgresql://reader:geheim@127.0.0.1:1/studies", "sqlite:////absent/studies.db"]
)
def test_a_storage_that_cannot_be_reached_is_one_line(storage, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["pcmlib", "tune", "--scheme", "sign", "--storage", storage])
    with pytest.raises(SystemExit, match="2"):
        main()
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(f"pcmlib: storage = '{storage.partition('://')[0]}")
    assert printed.err.count("\n") == 1
    assert "geheim" not in printed.err
