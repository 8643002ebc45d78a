"""``docs/reference/settings.md``."""

from __future__ import annotations

from typing import Any

from pydantic_core import PydanticUndefined

from config.settings import Settings
from deploy.docs.comments import field_groups
from deploy.docs.markdown import code, page, table
from reelfleet.settings import ENV_PREFIX, ClientSettings

MACHINE_DEFAULTS = {
    "store_url": "`store` in the user's data folder",
    "host": "the host name",
    "cache_dir": "the user's cache folder",
    "spool_dir": "`spool` in the user's cache folder",
}
"""Defaults that depend on the machine, in words."""

INTRODUCTION = """
A value comes from the first of: an argument or option, the environment (`REEL_*`), `./reel.toml`, `~/.config/reelfleet/config.toml`
(`$XDG_CONFIG_HOME` is followed), the default. In the TOML files the names are those below in lower case and without `REEL_`, at the top level:
`store_url = "s3://media/reelfleet"`. Lists are written as text with separators in the environment and as TOML lists in the files.
A wrong value is refused, naming the setting, the reason and where the value came from. `reel config show` tells what a client uses.
"""

OTHERS = (
    ("AWS_ENDPOINT_URL_S3", "the S3 server, if it is not AWS"),
    ("AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_PROFILE", "S3 credentials, as boto3 reads them; never a setting"),
    ("AWS_REGION", "the bucket's region; without one `us-east-1`"),
    ("HF_HOME", "where weights from a model hub are looked for and kept"),
    ("HF_TOKEN", "for models that ask for a login, when a worker may download"),
    ("FLOWER_BASIC_AUTH", "`user:password` that Flower asks for; without it Flower's API, and with it every order, is closed"),
    ("NO_COLOR", "no colour in the terminal"),
)


def settings_page() -> str:
    """Return the page."""
    parts = [INTRODUCTION, "## Clients and workers", _table(ClientSettings, list(ClientSettings.model_fields))]
    for title, fields in field_groups(Settings).items():
        parts += [f"## Workers: {title[:1].lower()}{title[1:]}", _table(Settings, fields)]
    others = table(("variable", "what"), ((", ".join(code(name) for name in names.split(", ")), what) for names, what in OTHERS))
    return page("Settings", *parts, "## Variables of others that matter", others)


def _table(cls: type[ClientSettings], fields: list[str]) -> str:
    rows = (
        (code(f"{ENV_PREFIX}{name.upper()}"), _default(name, cls.model_fields[name]), cls.model_fields[name].description) for name in fields
    )
    return table(("variable", "default", "meaning"), rows)


def _default(name: str, field: Any) -> str:
    if field.default_factory is not None or field.default is PydanticUndefined:
        return MACHINE_DEFAULTS[name]
    if field.default is None or field.default == ():
        return "none"
    value = field.default
    return code(int(value) if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else value)
