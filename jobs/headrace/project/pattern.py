"""The one reading of a pattern of tags or jobs: a name, or a wildcard with `*` for any text and `?` for one character.

`~*`, `~?` and `~~` stand for the characters themselves, as in a spreadsheet. Every other character, also a bracket or a
backslash, stands for itself. A name must be written as it is; the case of a wildcard does not matter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import lru_cache

_TOKEN = re.compile(r"~(?P<itself>[*?~])|(?P<wild>[*?])|(?P<text>.)", re.DOTALL)


def is_wild(pattern: str) -> bool:
    """Return whether `pattern` is a wildcard, not a name."""
    return any(token["wild"] for token in _TOKEN.finditer(pattern))


def name_of(pattern: str) -> str:
    """Return the name that a `pattern` without wildcards stands for."""
    return "".join(token["itself"] or token[0] for token in _TOKEN.finditer(pattern))


def literal(name: str) -> str:
    """Return the pattern that stands for this name alone."""
    return re.sub(r"[*?~]", r"~\g<0>", name)


def like(text: str, pattern: str) -> bool:
    """Return whether the whole of `text` matches `pattern`, regardless of case."""
    return fnmatchcase(text.casefold(), _glob(pattern.casefold()))


def select(names: Iterable[str], pattern: str) -> list[str]:
    """Return the `names` that `pattern` stands for, in their order: the name itself, or those like the wildcard."""
    if is_wild(pattern):
        return [name for name in names if like(name, pattern)]
    wanted = name_of(pattern)
    return [name for name in names if name == wanted]


@lru_cache(256)
def _glob(pattern: str) -> str:
    """Return `pattern` in the syntax of fnmatch, in which brackets have a meaning, but the escape has none."""
    return "".join(_globbed(token) for token in _TOKEN.finditer(pattern))


def _globbed(token: re.Match[str]) -> str:
    if token["wild"]:
        return token["wild"]
    character = token["itself"] or token[0]
    return f"[{character}]" if character in "*?[" else character
