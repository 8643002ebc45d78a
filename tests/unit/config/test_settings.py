import os
import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from config.settings import Settings, load_settings
from reelfleet.contract.errors import InvalidConfig
from reelfleet.contract.job import Phase


def write_user_file(text):
    path = Path(os.environ["XDG_CONFIG_HOME"]) / "reelfleet" / "config.toml"
    path.parent.mkdir(parents=True)
    path.write_text(text)


def test_without_any_source_the_defaults_hold():
    settings = load_settings()

    assert settings.lease_s == 15
    assert settings.models == "auto"


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        ({"user"}, 2),
        ({"user", "local"}, 3),
        ({"user", "local", "environment"}, 4),
        ({"user", "local", "environment", "argument"}, 5),
    ],
)
def test_a_stronger_source_wins(sources, expected, monkeypatch):
    # Given
    if "user" in sources:
        write_user_file("max_attempts = 2")
    if "local" in sources:
        Path("reel.toml").write_text("max_attempts = 3")
    if "environment" in sources:
        monkeypatch.setenv("REEL_MAX_ATTEMPTS", "4")

    # When
    settings = load_settings(**({"max_attempts": 5} if "argument" in sources else {}))

    # Then
    assert settings.max_attempts == expected


def test_sources_complete_each_other(monkeypatch):
    write_user_file("lease_s = 30")
    monkeypatch.setenv("REEL_MODELS", "tiny-*")

    settings = load_settings(device="cpu")

    assert (settings.lease_s, settings.models, settings.device) == (30, "tiny-*", "cpu")


def test_every_wrong_value_is_named_with_its_origin_in_one_error(monkeypatch):
    # Given
    monkeypatch.setenv("REEL_LEASE_S", "soon")
    Path("reel.toml").write_text("max_attempts = 0")

    # When
    with pytest.raises(InvalidConfig) as caught:
        load_settings(log_level="LOUD")

    # Then
    message = caught.value.message
    assert "lease_s (from REEL_LEASE_S)" in message
    assert "max_attempts" in message
    assert "reel.toml" in message
    assert "log_level (from argument)" in message


def test_a_key_that_no_setting_has_is_refused_with_its_file():
    Path("reel.toml").write_text("leese_s = 3")

    with pytest.raises(InvalidConfig, match=r"leese_s \(from .*reel\.toml\): there is no such setting"):
        load_settings()


def test_a_keep_alive_that_lets_leases_run_out_is_refused():
    with pytest.raises(InvalidConfig, match=r"keep_alive_s.*below lease_s"):
        load_settings(lease_s=2, keep_alive_s=2)


def test_folders_are_separated_as_in_path_and_made_absolute(monkeypatch, tmp_path):
    monkeypatch.setenv("REEL_MODEL_DIRS", os.pathsep.join(["models", str(tmp_path)]))

    assert load_settings().model_folders == (Path.cwd() / "models", tmp_path)


def test_a_toml_list_is_a_list_too(tmp_path):
    Path("reel.toml").write_text(f'model_dirs = ["{tmp_path}"]')

    assert load_settings().model_folders == (tmp_path,)


def test_input_roots_are_separated_by_commas(monkeypatch):
    monkeypatch.setenv("REEL_INPUT_ROOTS", "file:///srv/in/, s3://bucket/prefix")

    assert load_settings().input_roots == ("file:///srv/in", "s3://bucket/prefix")


@pytest.mark.parametrize("root", ["/srv/in", "http://host/in", "s3://", "file://host/in"])
def test_an_input_root_of_another_form_is_refused(root):
    with pytest.raises(InvalidConfig, match="input_roots"):
        load_settings(input_roots=root)


def test_a_home_folder_is_written_with_a_tilde(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))

    assert load_settings(cache_dir="~/cache").cache_dir == tmp_path / "cache"


@pytest.mark.parametrize("host", ["", "two words", "-dash", "a,b"])
def test_a_host_that_cannot_be_part_of_a_queue_name_is_refused(host):
    with pytest.raises(InvalidConfig, match="host"):
        load_settings(host=host)


def test_settings_do_not_change():
    with pytest.raises(ValidationError):
        load_settings().lease_s = 1


def test_a_password_in_the_broker_url_is_not_in_the_representation():
    assert "hidden" not in repr(load_settings(broker_url="redis://:hidden@localhost:6379/0"))


def test_a_worker_counts_as_gone_only_after_several_missed_heartbeats():
    settings = load_settings(heartbeat_s=1)

    assert settings.heartbeat_ttl_s >= 3 * settings.heartbeat_s


@pytest.mark.parametrize("phase", list(Phase))
def test_every_phase_has_a_limit(phase):
    assert load_settings().phase_limit_s(phase) > 0


def test_the_step_limit_bounds_one_denoise_step():
    assert load_settings(step_limit_s=7).phase_limit_s(Phase.DENOISE) == 7


def test_the_store_is_asked_as_often_as_the_settings_say():
    assert load_settings(store_retry_attempts=9).store_retry.attempts == 9


def test_every_setting_is_described_for_the_reference_page():
    undescribed = [name for name, field in Settings.model_fields.items() if not field.description]

    assert undescribed == []


def test_every_duration_says_its_unit_in_its_name():
    nameless = [
        name for name, field in Settings.model_fields.items() if re.match("seconds", field.description or "") and not name.endswith("_s")
    ]

    assert nameless == []
