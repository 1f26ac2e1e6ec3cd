"""Parts of texts that are read as a level or by a match: of topics, keys, headers and names of members."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from headrace_udfs.places import Place

TOPIC_SEPARATOR = "."
"""What separates the levels of a Kafka topic's name."""


def parts_of(place: Place, texts: pa.StringArray) -> pa.StringArray:
    """Return the part of each text that the place reads; null where the text is null or has no such part."""
    if place.match is not None:
        whole = f"^(?s:{place.match})$"
        matches = pc.match_substring_regex(texts, whole)
        return pc.if_else(matches, pc.replace_substring_regex(texts, whole, r"\1"), pa.scalar(None, pa.string()))
    if place.level is None:
        return texts
    levels = [_level(place, text) for text in texts.to_pylist()]
    return pa.array(levels, pa.string())


def part_of_topic(place: Place, topic: str) -> str | None:
    """Return the part of a topic's name that the place reads, or None."""
    part: str | None = parts_of(place, pa.array([topic]))[0].as_py()
    return part


def _level(place: Place, text: str | None) -> str | None:
    if text is None or place.level is None:
        return None
    levels = text.split(place.split or TOPIC_SEPARATOR)
    at = place.level - 1 if place.level > 0 else len(levels) + place.level
    return levels[at] if 0 <= at < len(levels) else None
