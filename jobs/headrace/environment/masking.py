"""Settings that can be shown: literal secrets are hidden, references to secrets stay."""

from __future__ import annotations

from typing import Any

from headrace.environment.secret_values import shown
from headrace.environment.settings import Settings


def masked(settings: Settings) -> Settings:
    """Return the settings with each literal secret replaced by HIDDEN; values that are only references stay."""
    return Settings.model_validate(_masked(settings.model_dump()))


def _masked(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _masked(inner, name) for name, inner in value.items()}
    return shown(key, value) if isinstance(value, str) else value
