"""`${env:NAME}` and `${file:PATH}`: references to secrets, which are read only where the secret is needed."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import quote

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def _in_jaas(value: str) -> str:
    """Return the value between the quotes of a JAAS line, where Java ends a text at a line break, as it does at a `"`.

    Java reads a backslash and three octal digits as the character with this number.
    """
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return _CONTROL.sub(lambda match: f"\\{ord(match[0]):03o}" if ord(match[0]) < 256 else match[0], escaped)


def _on_one_line(value: str) -> str:
    if _CONTROL.search(value):
        raise ValueError("it has a line break or another control character, which its place cannot have")
    return value


_QUOTINGS: Mapping[str, Callable[[str], str]] = {
    "url": lambda value: quote(value, safe=""),
    "jaas": _in_jaas,
    "sql": lambda value: value.replace("'", "''"),
    "line": _on_one_line,
}
_REFERENCE = re.compile(rf"\$\{{(env|file):([^}}|]+)(?:\|({'|'.join(_QUOTINGS)}))?\}}")
_BEGINNING = re.compile(r"\$\{(?:env|file):[\w./-]*")
_LIKE_ONE = re.compile(r"\$\{\w+:[\w./-]*")


FORM = "write ${env:NAME} or ${file:PATH}"
"""The fix of a malformed reference."""


class BadReference(LookupError):
    """A reference is malformed, names a variable or a file that does not exist, or has a value that is not usable.

    `fix` is what to do about it; None if the variable or the file does not exist.
    """

    def __init__(self, what: str, fix: str | None = None) -> None:
        super().__init__(what)
        self.fix = fix


def resolve(text: str) -> str:
    """Return `text` with each reference replaced by its value; trailing white space of a file is removed.

    Raises BadReference; its message names the reference and never contains a value.
    """
    return _replaced(text, _value)


def resolve_in_sql(statement: str) -> str:
    """Return a statement whose references are inside literals, with each replaced by its value.

    Quotes in a value are doubled, so that they do not end the literal. Raises BadReference.
    """
    return _replaced(statement, lambda match: _QUOTINGS["sql"](_value(match)))


def malformed(text: str) -> str | None:
    """Return the beginning of the first thing in `text` that is like a reference, `${word:...`, but is not valid."""
    return _malformed(text, _LIKE_ONE)


def quoted(text: str, quoting: str) -> str:
    """Return `text` escaped for use in a `url`, between the quotes of a `jaas` line or in a `sql` literal.

    quoting: url, jaas or sql; or line, which escapes nothing, and refuses a value with control characters, such as a
    line break. Literal text is escaped at once; each reference gets a suffix (`${env:NAME|url}`), by which `resolve`
    escapes its value.
    """
    parts, end = [], 0
    for match in _REFERENCE.finditer(text):
        parts += [_QUOTINGS[quoting](text[end : match.start()]), f"${{{match[1]}:{match[2]}|{quoting}}}"]
        end = match.end()
    return "".join([*parts, _QUOTINGS[quoting](text[end:])])


def has_reference(text: str) -> bool:
    """Return whether `text` contains a reference."""
    return _REFERENCE.search(text) is not None


def _replaced(text: str, value: Callable[[re.Match[str]], str]) -> str:
    if wrong := _malformed(text, _BEGINNING):
        raise BadReference(f"{wrong}... is not a valid reference", FORM)
    return _REFERENCE.sub(value, text)


def _malformed(text: str, beginning: re.Pattern[str]) -> str | None:
    valid = {match.start() for match in _REFERENCE.finditer(text)}
    return next((match[0] for match in beginning.finditer(text) if match.start() not in valid), None)


def _value(match: re.Match[str]) -> str:
    kind, name, quoting = match.groups()
    value = _read(kind, name, match[0])
    try:
        return _QUOTINGS[quoting](value) if quoting else value
    except ValueError as error:
        raise BadReference(f"{match[0]}: {error}", "write the secret again, on one line") from None


def _read(kind: str, name: str, reference: str) -> str:
    if kind == "env":
        if name not in os.environ:
            raise BadReference(f"{reference}: no such environment variable")
        return os.environ[name]
    try:
        return Path(name).read_text(encoding="utf-8").rstrip()
    except OSError as error:
        raise BadReference(f"{reference}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise BadReference(f"{reference}: the file is not text in UTF-8", "save it as UTF-8") from None
