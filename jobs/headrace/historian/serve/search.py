"""Tags found by what a person types: a wildcard of the name, or words that stand anywhere in what is known of a tag."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headrace.historian.tags.tag_names import TagNames

_WORDS_IN = ("tag", "description", "asset", "unit")


def search(names: TagNames, text: str, asset: str = "*") -> list[Mapping[str, Any]]:
    """Rows of the list of tags that match, in the order of their names; an empty `text` finds all.

    `*` or `?` in `text` make it a wildcard of the whole name; else each of its words has to stand in the name, the
    description, the place or the unit. Without regard to case. `asset` is a place, or a wildcard of one.
    """
    wild = "*" in text or "?" in text
    found = (names.rows[name] for name in names.find(text if wild else "*", asset or "*"))
    words = [] if wild else text.casefold().split()
    return [row for row in found if all(word in _known(row) for word in words)]


def _known(row: Mapping[str, Any]) -> str:
    return "\n".join(str(row.get(column) or "") for column in _WORDS_IN).casefold()
