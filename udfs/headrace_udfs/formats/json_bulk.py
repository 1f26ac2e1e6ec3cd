"""Many JSON texts as documents at a time, with a proof for each that it is read exactly.

msgspec silently keeps the last of two equal keys. But exactly one colon follows each key: if a text has no more colons
than the keys and texts of its document account for, no key was dropped. Many documents are proven in one step.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

import msgspec

from headrace_udfs.formats.documents import MAX_DEPTH
from headrace_udfs.formats.json_structs import UNDECODED, one_by_one

CHUNK = 64
"""Texts per step: if one of them cannot be proven, each of its chunk is looked at by itself."""

UNPROVEN = UNDECODED
"""Stands for a text that needs to be parsed by itself: it has a fault, or something rare."""

_decoder = msgspec.json.Decoder()


def documents(texts: Sequence[bytes | None], max_bytes: int) -> list[Any]:
    """Return the document of each text, or UNPROVEN, which every text of over `max_bytes` is."""
    found = one_by_one(_decoder, texts)
    for start in range(0, len(texts), CHUNK):
        at = [i for i in range(start, min(start + CHUNK, len(texts))) if found[i] is not UNPROVEN]
        if not _are_proven([found[i] for i in at], [texts[i] or b"" for i in at], max_bytes):
            for i in at:
                if not _are_proven([found[i]], [texts[i] or b""], max_bytes):
                    found[i] = UNPROVEN
    return found


def _are_proven(found: list[Any], texts: list[bytes], max_bytes: int) -> bool:
    if any(len(text) > max_bytes or (b"\\" in text and b"\\u003" in text) for text in texts):
        return False  # too long, or with a colon that may be written as \u003a
    return _accounts_for(found, sum(text.count(b":") for text in texts))


def _accounts_for(found: list[Any], colons: int) -> bool:
    """Return whether the keys and texts in documents, none nested too deep, have so many colons."""
    levels: list[list[Any]] = [found]
    keys = 0
    while True:
        objects = [value for value in levels[-1] if type(value) is dict]
        arrays = [value for value in levels[-1] if type(value) is list]
        if not objects and not arrays:
            break
        if len(levels) > MAX_DEPTH:
            return False
        keys += sum(map(len, objects))
        levels.append([*chain.from_iterable(map(dict.values, objects)), *chain.from_iterable(arrays)])
    if keys >= colons:
        return keys == colons
    for values in levels:
        keys += "".join([value for value in values if type(value) is str]).count(":")
        names = chain.from_iterable(value for value in values if type(value) is dict)
        keys += "".join(names).count(":")
    return keys == colons
