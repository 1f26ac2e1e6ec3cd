"""Settings that can be shown: a secret that stands in them outright is hidden, a reference to one stays."""

from __future__ import annotations

import re
from typing import Any

from headrace.environment.settings import Settings

HIDDEN = "***"
_SECRET = re.compile(r"password|secret|token|credential|jaas|private|(^|[._-])(key|pem)$", re.IGNORECASE)


def masked(settings: Settings) -> Settings:
    """The settings, each value that its key says is secret hidden, where it is no `${...}` reference."""
    return Settings.model_validate(_masked(settings.model_dump()))


def _masked(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _masked(inner, name) for name, inner in value.items()}
    return HIDDEN if isinstance(value, str) and _SECRET.search(key) and "${" not in value else value
