"""headrace, an open data historian: jobs that store a plant's readings in Iceberg tables, and questions to them.

    import headrace

    plant = headrace.open("local")
    plant.sql("select tag, max(value) from historian.readings group by tag").to_pandas()
    plant.historian().last("R80711.*", as_of=datetime.now(UTC)).to_pandas()

Importing the package imports nothing else: the names below load their modules when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from headrace.errors import CheckFailed, HeadraceError, PlatformError, UserError
    from headrace.historian import Configuration, Historian
    from headrace.historian.plant import Plant, open  # noqa: A004 - headrace.open, as in gzip.open

__all__ = [
    "CheckFailed",
    "Configuration",
    "HeadraceError",
    "Historian",
    "Plant",
    "PlatformError",
    "UserError",
    "open",
]

_MODULES = {
    "CheckFailed": "headrace.errors",
    "Configuration": "headrace.historian",
    "HeadraceError": "headrace.errors",
    "Historian": "headrace.historian",
    "PlatformError": "headrace.errors",
    "Plant": "headrace.historian.plant",
    "UserError": "headrace.errors",
    "open": "headrace.historian.plant",
}


def __getattr__(name: str) -> Any:
    """Import the module that defines `name`, one of `__all__`, and return the name's value."""
    if name not in _MODULES:
        raise AttributeError(f"module 'headrace' has no attribute '{name}'")
    value = getattr(import_module(_MODULES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Names for tab completion, those included that are not loaded yet."""
    return sorted({*globals(), *__all__})
