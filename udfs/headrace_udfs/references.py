"""`${env:NAME}` and `${file:PATH}`: a secret is named where it is used, and read only where it is needed."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import quote

_REFERENCE = re.compile(r"\$\{(env|file):([^}|]+)(?:\|(\w+))?\}")

_QUOTINGS: Mapping[str, Callable[[str], str]] = {
    "url": lambda value: quote(value, safe=""),
    "jaas": lambda value: value.replace("\\", "\\\\").replace('"', '\\"'),
    "sql": lambda value: value.replace("'", "''"),
}


class MissingReference(LookupError):
    """A reference names a variable or a file that is not there."""


def resolve(text: str) -> str:
    """`text` with each reference replaced by what it names; a file's trailing white space is left off.

    Raises MissingReference; its message names the reference, never a value.
    """
    return _REFERENCE.sub(_value, text)


def resolve_in_sql(statement: str) -> str:
    """As `resolve`, for a statement whose references stand in literals: a quote in a value does not end its literal.

    Raises MissingReference.
    """
    return _REFERENCE.sub(lambda match: _QUOTINGS["sql"](_value(match)), statement)


def quoted(text: str, quoting: str) -> str:
    """`text` for a place that has signs of its own, in a `url` or between the quotes of a `jaas` line.

    What stands in it outright is quoted, and its references ask for it (`${env:NAME|url}`) when they are resolved.
    """
    made, spot = [], 0
    for match in _REFERENCE.finditer(text):
        made += [_QUOTINGS[quoting](text[spot : match.start()]), f"${{{match[1]}:{match[2]}|{quoting}}}"]
        spot = match.end()
    return "".join([*made, _QUOTINGS[quoting](text[spot:])])


def has_reference(text: str) -> bool:
    """True where a reference stands in `text`."""
    return _REFERENCE.search(text) is not None


def _value(match: re.Match[str]) -> str:
    kind, name, quoting = match.groups()
    value = _read(kind, name, match[0])
    return _QUOTINGS[quoting](value) if quoting else value


def _read(kind: str, name: str, reference: str) -> str:
    if kind == "env":
        if name not in os.environ:
            raise MissingReference(f"{reference}: no such environment variable")
        return os.environ[name]
    try:
        return Path(name).read_text(encoding="utf-8").rstrip()
    except OSError as error:
        raise MissingReference(f"{reference}: {error.strerror}") from None
