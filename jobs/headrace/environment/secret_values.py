"""Which values can be shown, and what is shown of the others."""

from __future__ import annotations

import re

HIDDEN = "***"
_WHOLE = re.compile(r"(?:\$\{(?:env|file):[^}|]+(?:\|(?:url|jaas|sql|line))?\})+")
_SECRET_KEY = re.compile(r"password|secret|token|credential|jaas|private|(^|[._-])(key|pem)$", re.IGNORECASE)
_SIGN_IN = re.compile(r"(?<=://)(?P<user>[^/@:\s]*):(?P<password>[^/\s]*)@")


def is_reference(text: str) -> bool:
    """Return whether the text consists of references alone, so that it holds no part of a secret.

    Text next to a reference, a reference of an unknown kind and one that is not closed are not references.
    """
    return _WHOLE.fullmatch(text) is not None


def shown(key: str, value: str) -> str:
    """Return the value as it can be shown: HIDDEN for that of a secret's key, or for the password in an address."""
    if is_reference(value):
        return value
    return HIDDEN if _SECRET_KEY.search(key) else _SIGN_IN.sub(_without_password, value)


def _without_password(match: re.Match[str]) -> str:
    return match[0] if is_reference(match["password"]) else f"{match['user']}:{HIDDEN}@"
