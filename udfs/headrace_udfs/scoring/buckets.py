"""Divide the tags of a model into buckets that do not depend on each other, so that each can be scored on its own."""

from __future__ import annotations

from collections.abc import Sequence

from headrace_udfs.scoring.tags import Tag

MOST = 16
"""The most buckets. More would not be faster: NumPy needs many tags at a time (measured: 16 and 64 cost the same)."""


def components(tags: Sequence[Tag]) -> list[list[int]]:
    """Return the connected components of tags by their mates and peers: the positions of the tags, ascending.

    The components are in the order of their first tags.
    """
    place = {tag.name: at for at, tag in enumerate(tags)}
    root = list(range(len(tags)))

    def found(at: int) -> int:
        while root[at] != at:
            root[at] = root[root[at]]
            at = root[at]
        return at

    # The tags of an asset are each other's mates, so most of these sets are the same, and are joined only once.
    for together in {frozenset((tag.name, *tag.mates, *tag.peers)) for tag in tags}:
        first, *others = sorted(found(place[name]) for name in together)
        for other in others:
            root[found(other)] = found(first)
    parts: dict[int, list[int]] = {}
    for at in range(len(tags)):
        parts.setdefault(found(at), []).append(at)
    return list(parts.values())


def buckets(tags: Sequence[Tag]) -> list[list[int]]:
    """Return at most MOST buckets of about equal size: the positions of their tags, ascending.

    A component is never divided. Equal tags have equal buckets, whatever the process: the largest components are placed
    first, each into the bucket that has the fewest tags.
    """
    parts = sorted(components(tags), key=len, reverse=True)
    made: list[list[int]] = [[] for _ in range(min(MOST, len(parts)))]
    for part in parts:
        min(made, key=len).extend(part)
    return [sorted(bucket) for bucket in made]
