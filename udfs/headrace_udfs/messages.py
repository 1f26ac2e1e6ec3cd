"""A batch of Kafka messages as the decoders see it: the values, and what is known of the records around them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from headrace_udfs.lines import lengths

Headers = Sequence[tuple[str, bytes | None]]
"""The headers of one message, in their order; a name may occur more than once."""

Millis = npt.NDArray[np.int64]
"""An int64 array of milliseconds since 1970-01-01T00:00:00Z."""


class Message(NamedTuple):
    """One message with a value, and what is known of its record; None is not known, or not there."""

    value: bytes
    key: bytes | None = None
    headers: Headers | None = None
    topic: str | None = None
    time: int | None = None


@dataclass(frozen=True, eq=False)
class Messages:
    """Messages of a topic, or of several. What is None is not known here; all others have one item per message.

    values: the values; None is a message without one.
    keys: the keys; None is a message without one.
    headers: the headers.
    topics: the topic of each message, or one name for all of them.
    times: the timestamps of the records, in milliseconds since 1970.
    """

    values: Sequence[bytes | None]
    keys: Sequence[bytes | None] | None = None
    headers: Sequence[Headers] | None = None
    topics: Sequence[str] | str | None = None
    times: Millis | None = None

    def __len__(self) -> int:
        """Return the number of messages."""
        return len(self.values)

    @cached_property
    def size(self) -> int:
        """Bytes of the values."""
        return int(np.maximum(lengths(self.values), 0).sum())

    def piece(self, start: int, stop: int) -> Messages:
        """Return the messages from position `start` to before `stop`."""
        part = slice(start, stop)
        return Messages(
            self.values[part],
            None if self.keys is None else self.keys[part],
            None if self.headers is None else self.headers[part],
            self.topics if self.topics is None or isinstance(self.topics, str) else self.topics[part],
            None if self.times is None else self.times[part],
        )

    def take(self, positions: npt.NDArray[np.int64]) -> Messages:
        """Return the messages at these positions, in their order."""
        at = positions.tolist()
        return Messages(
            [self.values[i] for i in at],
            None if self.keys is None else [self.keys[i] for i in at],
            None if self.headers is None else [self.headers[i] for i in at],
            self.topics if self.topics is None or isinstance(self.topics, str) else [self.topics[i] for i in at],
            None if self.times is None else self.times[positions],
        )

    def message(self, position: int, value: bytes) -> Message:
        """Return the message at `position`, with `value` as its value."""
        return Message(
            value,
            None if self.keys is None else self.keys[position],
            None if self.headers is None else self.headers[position],
            self.topic(position),
            None if self.times is None else int(self.times[position]),
        )

    def topic(self, position: int) -> str | None:
        """Return the topic of the message at `position`, or None if it is not known."""
        return self.topics if self.topics is None or isinstance(self.topics, str) else self.topics[position]
