"""Keeps passwords out of everything that people and logs read."""

from __future__ import annotations

import re

MASK = "***"

_USERINFO = re.compile(r"(?P<scheme>\b[a-z][a-z0-9+.-]*://)(?P<user>[^/?#\s:@]*):(?P<password>[^/?#\s]*)@", re.IGNORECASE)
_QUERY = re.compile(r"(?P<name>[?&](?:password|secret|token)=)[^&#\s]+", re.IGNORECASE)


def redacted_url(url: str) -> str:
    """Return ``url`` with its password, in the user part or in the query, replaced by ``***``."""
    return redacted_text(url)


def redacted_text(text: str) -> str:
    """Return ``text`` with the password of every URL in it replaced by ``***``."""
    text = _USERINFO.sub(rf"\g<scheme>\g<user>:{MASK}@", text)
    return _QUERY.sub(rf"\g<name>{MASK}", text)
