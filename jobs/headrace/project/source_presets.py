"""Presets of source contracts, and contracts that begin with one: `preset: kepware`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from headrace.errors import UserError, did_you_mean
from headrace.project import yaml_file, yaml_text

KEY = "preset"
"""The key of a contract that names its preset."""

_FOLDER = Path(__file__).parent / "presets"

# What says where a value is read, or how a time is written: a contract that says another way says all of it.
_ALTERNATIVES = (
    frozenset({"path", "from", "constant", "header", "out", "split", "level", "match", "join", "separator", "first"}),
    frozenset({"unit", "format", "zone", "nanos"}),
    frozenset({"mapping", "names", "others"}),
)
# A part of a place alone changes that place, not which one it is.
_WAYS = frozenset({"path", "from", "constant", "join", "first", "unit", "format", "mapping"})


@cache
def names() -> tuple[str, ...]:
    """Return the names of all presets, sorted."""
    return tuple(sorted(file.stem for file in _FOLDER.glob("*.yaml")))


def content(name: str) -> dict[str, Any]:
    """Return the keys of a preset."""
    found: dict[str, Any] = yaml_text.read(path_of(name))[1]
    return found


def path_of(name: str) -> Path:
    """Return the file of a preset."""
    return _FOLDER / f"{name}.yaml"


def completed(data: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """Return the keys of a contract, those of the file `path`, with those of the preset that it names, if any.

    A key of the file replaces that of the preset; mappings are merged key by key, and null removes a key. A place in
    the file replaces a preset's place as a whole. Raises UserError for a preset that does not exist.
    """
    name = data.get(KEY)
    if name is None:
        return dict(data)
    if name not in names():
        where = yaml_file.place(path, (KEY,))
        raise UserError(f"there is no preset '{name}'", where, did_you_mean(str(name), names(), "presets"))
    return _merged(content(str(name)), data)


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    replaced = {key for group in _ALTERNATIVES if group & over.keys() & _WAYS for key in group}
    result = {key: value for key, value in base.items() if key not in replaced}
    for key, value in over.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, Mapping) and isinstance(result.get(key), Mapping):
            result[key] = _merged(result[key], value)
        else:
            result[key] = value
    return result
