"""Messages of a sample as JSON objects and arrays, and which of them are alike."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

ALIKE = 0.25
"""The share of keys that messages of one kind have in common: some of them may have others, or lack some."""

MAX_BYTES = 2**24
"""The most bytes that a compressed message is looked at."""


def of_values(values: Sequence[bytes | None]) -> list[Any] | None:
    """Return the JSON objects and arrays of messages; None if half of the messages or more are none."""
    found = [document for value in values if (document := _parsed(value)) is not None]
    return found if 2 * len(found) > len(values) else None


def of_lines(values: Sequence[bytes | None]) -> list[Any] | None:
    """Return the JSON objects and arrays of the messages' lines; None if half of the lines or more are none."""
    return of_values([line for value in values for line in (value or b"").splitlines() if line.strip()])


def of_scalars(values: Sequence[bytes | None]) -> list[Any] | None:
    """Return the values of messages that are one in JSON, some of them a text in quotation marks; None if they are not.

    Without such a text, they are plain numbers and words.
    """
    found = [value for value in map(_scalar, values) if value is not None]
    return found if 2 * len(found) > len(values) and any(isinstance(each, str) for each in found) else None


def _scalar(value: bytes | None) -> Any:
    try:
        found = json.loads(value or b"")
    except (ValueError, RecursionError):
        return None
    return None if isinstance(found, dict | list) else found


def _parsed(value: bytes | None) -> Any:
    """Return the JSON object or array of a message, or None."""
    try:
        document = json.loads(value or b"")
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict | list) else None


def alike(found: Sequence[Any]) -> tuple[list[Any], list[str]]:
    """Return the documents that have keys like most of them, and the keys of the first that has others.

    Arrays have no keys, and are like arrays.
    """
    kinds = [frozenset(each) if isinstance(each, dict) else None for each in found]
    ((base, _),) = Counter(kinds).most_common(1)
    near = [_shared(base, kind) >= ALIKE for kind in kinds]
    other = next((each for each, is_near in zip(found, near, strict=True) if not is_near), ())
    keys = [str(each) for each in other] if isinstance(other, dict) else ["[]"] if other else []
    return [each for each, is_near in zip(found, near, strict=True) if is_near], keys


def _shared(one: frozenset[str] | None, other: frozenset[str] | None) -> float:
    """Return the share of keys that both have, of those that one of them has."""
    if not one or not other:
        return float(one == other)
    return len(one & other) / len(one | other)
