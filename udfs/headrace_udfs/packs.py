"""Packs: messages of one partition as one value. Flink then handles a row per poll of Kafka, not a row per message.

`jobs/java/flink-sql-connector-kafka/headrace/kafka/Pack.java` writes them and describes their layout.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from headrace_udfs.lines import Lines
from headrace_udfs.messages import Headers, Messages, Millis

Offsets = npt.NDArray[np.int64]

_FRONT = struct.Struct("<4s5i")
_MARK = b"hrp1"
_KEYS, _HEADERS, _LINES = 1, 2, 4


class NotAPack(Exception):
    """Raised for bytes that are not one whole pack: the source's table and its functions do not fit together."""


@dataclass(frozen=True, eq=False)
class Pack:
    """Messages of one partition, with an int64 offset for each, ascending."""

    partition: int
    offsets: Offsets
    messages: Messages


def unpacked(pack: bytes) -> Pack:
    """Return the messages of a pack. Raises NotAPack."""
    if len(pack) < _FRONT.size or pack[:4] != _MARK:
        fix = "start the cluster again from the Flink home of this release"
        raise NotAPack(f"{len(pack)} bytes do not begin with the mark of a pack; {fix}")
    _, n, partition, topic, parts, length = _FRONT.unpack_from(pack)
    columns = 1 + bool(parts & _KEYS) + bool(parts & _HEADERS)
    at = _FRONT.size + 16 * n + 4 * columns * n
    if length != len(pack) or min(n, topic) < 0 or at > length:
        raise NotAPack(f"a pack of {n} messages and {length} bytes has {len(pack)}")
    if not parts & _LINES:
        raise NotAPack("the values of a pack are not followed by newlines; its source's table is of an earlier release")
    offsets, times = np.frombuffer(pack, "<i8", 2 * n, _FRONT.size).reshape(2, n)
    lengths = np.frombuffer(pack, "<i4", columns * n, _FRONT.size + 16 * n).reshape(columns, n)
    sizes = [int(np.maximum(column, 0).sum(dtype=np.int64)) for column in lengths]
    if at + topic + sum(sizes) + n != length:
        raise NotAPack(f"a pack of {length} bytes has messages of another length")
    name, at = pack[at : at + topic].decode(), at + topic
    values = Lines.within(pack, at, lengths[0].astype(np.int64))
    if not values.are_lines():
        raise NotAPack(f"a pack of {length} bytes has values of another length")
    at += sizes[0] + n
    others = []
    for column, size in zip(lengths[1:], sizes[1:], strict=True):
        others.append(_texts(pack, at, column))
        at += size
    keys = others.pop(0) if parts & _KEYS else None
    headers = [_headers(each or b"") for each in others[0]] if others else None
    return Pack(partition, offsets, Messages(values, keys, headers, name, times))


def packed(partition: int, offsets: Offsets, messages: Messages) -> bytes:
    """Return the bytes of a pack, as the reader of Kafka would write them. The messages have one topic, and times."""
    topic = str(messages.topics).encode()
    columns: list[Sequence[bytes | None]] = [messages.values]
    if messages.keys is not None:
        columns.append(messages.keys)
    if messages.headers is not None:
        columns.append([_packed_headers(each) for each in messages.headers])
    lengths = np.array([[-1 if text is None else len(text) for text in column] for column in columns], "<i4")
    body = b"".join(
        [
            np.asarray(offsets, "<i8").tobytes(),
            np.asarray(messages.times, "<i8").tobytes(),
            lengths.tobytes(),
            topic,
            Lines.of(messages.values).between(0, len(messages)),
            *(text for column in columns[1:] for text in column if text),
        ]
    )
    parts = _LINES | _KEYS * (messages.keys is not None) | _HEADERS * (messages.headers is not None)
    front = _FRONT.pack(_MARK, len(messages), partition, len(topic), parts, _FRONT.size + len(body))
    return front + body


def grouped(packs: Sequence[Pack], size: int) -> Iterator[list[Pack]]:
    """Yield the packs in groups of at most `size` bytes of values, each of one pack at least."""
    group: list[Pack] = []
    total = 0
    for pack in packs:
        own = pack.messages.size
        if group and total + own > size:
            yield group
            group, total = [], 0
        group.append(pack)
        total += own
    if group:
        yield group


def joined(packs: Sequence[Pack]) -> Messages:
    """Return the messages of all packs, which have the same parts."""
    parts = [pack.messages for pack in packs]
    if len(parts) == 1:
        return parts[0]
    topics = [str(part.topics) for part in parts for _ in range(len(part))]
    return Messages(
        Lines.joined([Lines.of(part.values) for part in parts]),
        None if parts[0].keys is None else [key for part in parts for key in part.keys or ()],
        None if parts[0].headers is None else [each for part in parts for each in part.headers or ()],
        topics[0] if len(set(topics)) == 1 else topics,
        np.concatenate([times(part) for part in parts]),
    )


def times(messages: Messages) -> Millis:
    """Return the times of the messages, which packs always have."""
    return np.zeros(len(messages), np.int64) if messages.times is None else messages.times


def _texts(pack: bytes, start: int, lengths: npt.NDArray[np.int32]) -> list[bytes | None]:
    ends = start + np.cumsum(np.maximum(lengths, 0), dtype=np.int64)
    starts = np.concatenate([[start], ends[:-1]]) if len(ends) else ends
    texts: list[bytes | None] = [pack[a:b] for a, b in zip(starts.tolist(), ends.tolist(), strict=True)]
    for at in np.flatnonzero(lengths < 0).tolist():
        texts[at] = None
    return texts


def _headers(packed: bytes) -> Headers:
    texts = [*_texts_of(packed)]
    return [
        ((name or b"").decode("utf-8", "replace"), text) for name, text in zip(texts[::2], texts[1::2], strict=True)
    ]


def _texts_of(packed: bytes) -> Iterator[bytes | None]:
    at = 0
    while at < len(packed):
        length = int.from_bytes(packed[at : at + 4], "little", signed=True)
        at += 4
        yield None if length < 0 else packed[at : at + length]
        at += max(length, 0)


def _packed_headers(headers: Headers) -> bytes:
    texts = [text for name, value in headers for text in (name.encode(), value)]
    return b"".join(
        (-1 if text is None else len(text)).to_bytes(4, "little", signed=True) + (text or b"") for text in texts
    )
