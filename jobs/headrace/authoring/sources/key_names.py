"""Keys of a sample within paths: a dot that belongs to a key is kept apart from those between keys."""

from __future__ import annotations

import re
from typing import Any

_DOT = "\ue02e"
"""Stands for a dot of a key; no message means it, since it is a character for private use."""

_FORBIDDEN = re.compile(r'["\\\x00-\x1f^{}]|\[(-?\d{1,6})?\]|^$')
"""What a path cannot have in a key, or would read as something else than a key."""


def as_step(key: str) -> str | None:
    """Return a key as a step of a path; None if no path can have it."""
    return None if _FORBIDDEN.search(key) or _DOT in key else key.replace(".", _DOT)


def plain(path: str) -> str:
    """Return a path as people read it."""
    return path.replace(_DOT, ".")


def written(value: Any) -> Any:
    """Return keys of a contract with each path as the contract takes it: a list of keys where a key has a dot."""
    if isinstance(value, dict):
        return {key: _place(each) if key in ("path", "nanos") else written(each) for key, each in value.items()}
    if isinstance(value, list):
        return [{"path": _place(each)} if isinstance(each, str) and _DOT in each else written(each) for each in value]
    return plain(value) if isinstance(value, str) else value


def _place(path: Any) -> Any:
    return [plain(step) for step in path.split(".")] if isinstance(path, str) and _DOT in path else path
