import os

import pytest


@pytest.fixture(autouse=True)
def clean_surroundings(tmp_path, monkeypatch):
    """No setting of the machine that runs the tests: an empty working folder, no user file, no REEL_* variable."""
    for name in [name for name in os.environ if name.startswith("REEL_")]:
        monkeypatch.delenv(name)
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "user"))
    return folder
