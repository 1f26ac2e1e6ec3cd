"""`${env:NAME}` and `${file:PATH}`: references to secrets, which are read only where the secret is needed."""

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
    """A reference names a variable or a file that does not exist."""


def resolve(text: str) -> str:
    """Return `text` with each reference replaced by its value; trailing white space of a file is removed.

    Raises MissingReference; its message names the reference and never contains a value.
    """
    return _REFERENCE.sub(_value, text)


def resolve_in_sql(statement: str) -> str:
    """Return a statement whose references are inside literals, with each replaced by its value.

    Quotes in a value are doubled, so that they do not end the literal. Raises MissingReference.
    """
    return _REFERENCE.sub(lambda match: _QUOTINGS["sql"](_value(match)), statement)


def quoted(text: str, quoting: str) -> str:
    """Return `text` escaped for use in a `url`, between the quotes of a `jaas` line or in a `sql` literal.

    quoting: url, jaas or sql. Literal text is escaped at once; each reference gets a suffix (`${env:NAME|url}`), by
    which `resolve` escapes its value.
    """
    parts, end = [], 0
    for match in _REFERENCE.finditer(text):
        parts += [_QUOTINGS[quoting](text[end : match.start()]), f"${{{match[1]}:{match[2]}|{quoting}}}"]
        end = match.end()
    return "".join([*parts, _QUOTINGS[quoting](text[end:])])


def has_reference(text: str) -> bool:
    """Return whether `text` contains a reference."""
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
