"""Where the broker and the store are, for producers and operators.

A value comes from the first of: an argument, the environment (``REEL_*``), ``./reel.toml``,
``~/.config/reelfleet/config.toml``, the default. Credentials are never settings: S3's are the standard ``AWS_*``
variables that boto3 reads, Redis' is part of its URL and is never shown.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Annotated, Any, TypeVar

import platformdirs
from pydantic import AfterValidator, Field, ValidationError
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from reelfleet.contract.errors import InvalidConfig
from reelfleet.redaction import redacted_url

ENV_PREFIX = "REEL_"
BROKER_SCHEMES = ("redis://", "rediss://")
STORE_SCHEMES = ("file:///", "s3://")

SettingsT = TypeVar("SettingsT", bound=BaseSettings)


def _check_broker_url(url: str) -> str:
    if not url.startswith(BROKER_SCHEMES):
        raise ValueError(f"{redacted_url(url)!r} is no Redis URL; write redis://host:6379/0, or rediss:// for TLS")
    return url


def _check_store_url(url: str) -> str:
    if not url.startswith(STORE_SCHEMES) or url in STORE_SCHEMES:
        raise ValueError(f"{redacted_url(url)!r} is no store; write file:///an/absolute/folder or s3://bucket/prefix")
    return url.rstrip("/")


def default_store_url() -> str:
    """Return the ``file://`` URL of a store in the user's data folder: the same whatever the working directory is."""
    return (Path(platformdirs.user_data_dir("reelfleet", appauthor=False)) / "store").as_uri()


def config_files() -> tuple[Path, ...]:
    """Return the configuration files that are read, the strongest first; they need not exist."""
    user = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return Path.cwd() / "reel.toml", user / "reelfleet" / "config.toml"


def read_config_file(path: Path) -> dict[str, Any]:
    """Return a configuration file's keys, or nothing if there is no such file.

    Raises:
        InvalidConfig: when the file cannot be read or is not TOML.
    """
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidConfig(f"{path} cannot be read as TOML: {error}", details={"file": str(path)}) from error


class ClientSettings(BaseSettings):
    """What a producer or operator needs to reach a fleet."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_prefix=ENV_PREFIX, env_ignore_empty=True, hide_input_in_errors=True)

    broker_url: Annotated[str, AfterValidator(_check_broker_url)] = Field(
        default="redis://127.0.0.1:6379/0",
        repr=False,
        description="Redis: the ledger and the queues; a password in it is never shown",
    )
    store_url: Annotated[str, AfterValidator(_check_store_url)] = Field(
        default_factory=default_store_url,
        description="where inputs and results lie: file:///folder or s3://bucket/prefix; credentials are the AWS_* variables",
    )
    connect_timeout_s: float = Field(default=3, gt=0, le=60, description="seconds to wait for Redis or the store to take a connection")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic-settings' signature
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - as above
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Order the sources: arguments, environment, ``./reel.toml``, the user's file."""
        files = [InitSettingsSource(settings_cls, init_kwargs=read_config_file(path)) for path in config_files()]
        return (init_settings, env_settings, *files)


def load_settings_of(cls: type[SettingsT], **overrides: Any) -> SettingsT:
    """Return settings of ``cls``; an override that is ``None`` counts as not given.

    Raises:
        InvalidConfig: with every wrong key, its reason and where it came from.
    """
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        return cls(**given)
    except ValidationError as error:
        origins = setting_origins(cls, **given)
        problems = []
        for item in error.errors(include_url=False, include_input=False, include_context=False):
            key = ".".join(str(part) for part in item["loc"]) or "settings"
            problems.append(f"{key} (from {origins.get(key, 'a file')}): {item['msg'].removeprefix('Value error, ')}")
        raise InvalidConfig("; ".join(problems), details={"problems": problems}) from error


def load_client_settings(**overrides: Any) -> ClientSettings:
    """Return the client's settings; see :func:`load_settings_of`."""
    return load_settings_of(ClientSettings, **overrides)


def setting_origins(cls: type[BaseSettings], **overrides: Any) -> dict[str, str]:
    """Return where the value of each setting comes from: ``argument``, a variable's name, a file's path or ``default``."""
    files = [(path, read_config_file(path)) for path in config_files()]
    return {name: _origin(name, overrides, files) for name in cls.model_fields}


def _origin(name: str, overrides: dict[str, Any], files: list[tuple[Path, dict[str, Any]]]) -> str:
    if overrides.get(name) is not None:
        return "argument"
    variable = f"{ENV_PREFIX}{name}".upper()
    if os.environ.get(variable):
        return variable
    return next((str(path) for path, keys in files if name in keys), "default")
