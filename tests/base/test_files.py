"""Files that are written whole or not at all."""

import pytest

from pcmlib.base.files import written_whole


def test_an_error_names_the_path_that_was_asked_for(tmp_path):
    path = tmp_path / "no such folder" / "run.npz"
    with pytest.raises(FileNotFoundError) as caught, written_whole(path):
        pass
    assert caught.value.filename == str(path)
    assert ".part" not in str(caught.value)
