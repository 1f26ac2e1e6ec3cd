"""Settings that can be shown: literal secrets are hidden, references to secrets stay."""

from __future__ import annotations

import re
from typing import Any

from headrace.environment.settings import Settings

HIDDEN = "***"
_SECRET = re.compile(r"password|secret|token|credential|jaas|private|(^|[._-])(key|pem)$", re.IGNORECASE)


def masked(settings: Settings) -> Settings:
    """Return the settings with each literal value of a secret's key replaced by HIDDEN; `${...}` references stay."""
    return Settings.model_validate(_masked(settings.model_dump()))


def _masked(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _masked(inner, name) for name, inner in value.items()}
    return HIDDEN if isinstance(value, str) and _SECRET.search(key) and "${" not in value else value
