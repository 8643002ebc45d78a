import pytest

from reelfleet.contract.errors import InvalidConfig
from reelfleet.settings import ClientSettings, load_client_settings, setting_origins


@pytest.fixture(autouse=True)
def nowhere(tmp_path, monkeypatch):
    """No variable and no file of the machine that runs the tests plays a part."""
    for name in ("REEL_BROKER_URL", "REEL_STORE_URL", "REEL_CONNECT_TIMEOUT_S"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    (tmp_path / "config" / "reelfleet").mkdir(parents=True)
    return tmp_path


@pytest.fixture
def write(nowhere):
    def write(where: str, text: str) -> None:
        path = {"here": nowhere / "work" / "reel.toml", "user": nowhere / "config" / "reelfleet" / "config.toml"}[where]
        path.write_text(text)

    return write


def test_argument_beats_variable_beats_local_file_beats_users_file_beats_default(write, monkeypatch):
    levels = []

    levels.append(load_client_settings().broker_url)
    write("user", 'broker_url = "redis://user"')
    levels.append(load_client_settings().broker_url)
    write("here", 'broker_url = "redis://here"')
    levels.append(load_client_settings().broker_url)
    monkeypatch.setenv("REEL_BROKER_URL", "redis://variable")
    levels.append(load_client_settings().broker_url)
    levels.append(load_client_settings(broker_url="redis://argument").broker_url)

    assert levels == ["redis://127.0.0.1:6379/0", "redis://user", "redis://here", "redis://variable", "redis://argument"]


def test_an_override_that_is_none_and_an_empty_variable_count_as_not_given(monkeypatch):
    monkeypatch.setenv("REEL_BROKER_URL", "")

    assert load_client_settings(broker_url=None).broker_url == "redis://127.0.0.1:6379/0"


def test_each_value_tells_where_it_came_from(write, monkeypatch, nowhere):
    write("here", "connect_timeout_s = 1")
    monkeypatch.setenv("REEL_STORE_URL", "s3://bucket")

    origins = setting_origins(ClientSettings, broker_url="redis://x")

    assert origins == {"broker_url": "argument", "store_url": "REEL_STORE_URL", "connect_timeout_s": str(nowhere / "work" / "reel.toml")}


def test_every_wrong_value_is_named_with_its_origin(write, monkeypatch):
    write("here", 'store_url = "/a/folder"')
    monkeypatch.setenv("REEL_BROKER_URL", "http://user:secret@host")

    with pytest.raises(InvalidConfig) as refused:
        load_client_settings()

    assert "broker_url (from REEL_BROKER_URL)" in refused.value.message
    assert "reel.toml" in refused.value.message
    assert "file:///an/absolute/folder" in refused.value.message
    assert "secret" not in refused.value.message


def test_a_broken_file_is_named(write):
    write("user", "broker_url =")

    with pytest.raises(InvalidConfig, match=r"config\.toml cannot be read"):
        load_client_settings()


def test_a_workers_keys_in_a_shared_file_are_no_concern_of_the_client(write):
    write("here", 'lease_s = 3\nbroker_url = "redis://shared"')

    assert load_client_settings().broker_url == "redis://shared"


def test_the_default_store_does_not_move_with_the_working_directory(monkeypatch, tmp_path):
    before = load_client_settings().store_url
    monkeypatch.chdir(tmp_path)

    assert load_client_settings().store_url == before
    assert before.startswith("file:///")


def test_a_password_shows_in_no_representation():
    assert "secret" not in repr(load_client_settings(broker_url="redis://:secret@host"))
