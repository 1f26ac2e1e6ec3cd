"""What libyaml says of a text that is not YAML, as a problem with the place of the mistake and how to mend it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import yaml

from headrace.errors import Place, Problem

_COLON = "put the text in quotes if ': ' is part of it; else write one key per line, with a space after each colon"
_COLUMN = "let all keys of a mapping begin in the same column, and put a text that begins with a quote in quotes whole"
_DASH = "write each '- ' on a line of its own, below the key"
_QUOTES = "put the text in quotes"


@dataclass(frozen=True)
class _Fault:
    """fix: returns the advice for the character at the place and the line of the beginning. at_start: where it is."""

    what: str
    fix: Callable[[str, int], str]
    at_start: bool = False


def _always(what: str, fix: str, *, at_start: bool = False) -> _Fault:
    return _Fault(what, lambda _character, _line: fix, at_start)


def _character(character: str, _line: int) -> str:
    return "indent with spaces, not with tabs" if character == "\t" else _QUOTES


_FAULTS = {
    "mapping values are not allowed in this context": _always("a colon is not expected here", _COLON),
    "found character that cannot start any token": _Fault("nothing can begin with this character", _character),
    "did not find expected ',' or '}'": _Fault(
        "there is no ',' or '}' before this", lambda _, line: f"close the '{{' of line {line}"
    ),
    "did not find expected ',' or ']'": _Fault(
        "there is no ',' or ']' before this", lambda _, line: f"close the '[' of line {line}"
    ),
    "did not find expected key": _always("a key is expected here", _COLUMN),
    "did not find expected '-' indicator": _always(
        "a '- ' is expected here", "a list has no keys next to its elements"
    ),
    "could not find expected ':'": _always("this line has no colon", "write it as 'key: value'", at_start=True),
    "found unexpected end of stream": _always(
        "these quotation marks are not closed", "write the same mark at the end of the text", at_start=True
    ),
    "did not find expected alphabetic or numeric character": _always(
        "a text cannot begin with this character", _QUOTES, at_start=True
    ),
    "found undefined alias": _always("undefined alias: '*' begins the name of an anchor", _QUOTES),
    "found unknown escape character": _always(
        "there is no such escape", r"write \\ for a backslash, or put the text in single quotes"
    ),
    "but found another document": _always("a second document begins here", "put it in a file of its own"),
    "block sequence entries are not allowed in this context": _always("a list cannot begin here", _DASH),
    "did not find expected node content": _always("a value is expected here", "remove the comma, or write a value"),
    "did not find expected comment or line break": _always(
        "after '|' or '>' the text begins on the next line", f"write it there, or {_QUOTES}"
    ),
}


def problem(error: yaml.MarkedYAMLError, text: str, path: Path) -> Problem:
    """Return what is wrong with the text of the file, where, and how to mend it."""
    mark, start = error.problem_mark or error.context_mark, error.context_mark or error.problem_mark
    if mark is None or start is None:
        return Problem(f"not YAML: {error.problem or error}", Place.of(path))
    fault = _FAULTS.get(error.problem or "")
    if fault is None:
        return Problem(f"not YAML: {error.problem or error}", Place.of(path, mark.line + 1, mark.column + 1))
    line = text.splitlines()[mark.line] if mark.line < len(text.splitlines()) else ""
    fix = fault.fix(line[mark.column : mark.column + 1], start.line + 1)
    at = start if fault.at_start else mark
    return Problem(f"not YAML: {fault.what}", Place.of(path, at.line + 1, at.column + 1), fix)
