"""A table of a database that changes, as Debezium tells it: out of order, with repeats, and with what has no row."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Row = dict[str, Any]
BROKEN, TRUNCATED = "broken", "truncated"


@dataclass
class Database:
    """A table with its log. `place` makes the members of `source` of a position in the log.

    changes: the messages so far, as (key, value), in the order of the log. A value is None in a tombstone.
    """

    key: str
    place: Any
    rows: dict[Any, Row] = field(default_factory=dict)
    changes: list[tuple[Row, Row | None]] = field(default_factory=list)
    position: int = 0

    def put(self, row: Row, at: int, *, snapshot: bool = False) -> None:
        """Insert or update the row, at a time in epoch milliseconds."""
        before = self.rows.get(row[self.key])
        self.rows[row[self.key]] = row
        self._log("r" if snapshot else "u" if before else "c", before, row, at)

    def remove(self, key: Any, at: int) -> None:
        """Delete the row; of what it was, the log has the key alone, as Postgres's does by default."""
        row = self.rows.pop(key)
        self._log("d", {name: value if name == self.key else None for name, value in row.items()}, None, at)
        self.changes.append(({self.key: key}, None))

    def _log(self, op: str, before: Row | None, after: Row | None, at: int) -> None:
        self.position += 1
        source = {"table": "t", "ts_ms": at, **self.place(self.position)}
        key = {self.key: (after or before or {})[self.key]}
        self.changes.append((key, {"before": before, "after": after, "source": source, "op": op, "ts_ms": at + 3}))


def delivered(
    changes: Sequence[tuple[Row, Row | None]], random: np.random.Generator, *, late: float, restarts: int
) -> list[tuple[Row, Row | None]]:
    """Return the messages as they arrive: a share of them `late` by up to 200 messages, and parts of the log again.

    restarts: how many times the connector starts again and sends its last 30 messages once more.
    """
    moved = random.random(len(changes)) < late
    arrival = np.arange(len(changes)) + np.where(moved, random.integers(1, 200, len(changes)), 0)
    order = np.argsort(arrival, kind="stable").tolist()
    for at in sorted(random.integers(30, len(changes), restarts).tolist(), reverse=True):
        order[at:at] = order[at - 30 : at]
    return [changes[i] for i in order]


def lines(messages: Sequence[tuple[Row, Row | None]], broken: int, random: np.random.Generator) -> Iterator[str]:
    """Yield the messages as lines of a file, `broken` ones among them that are cut off, and one truncation."""
    at = {*random.choice(len(messages), broken, replace=False).tolist()}
    for i, (key, value) in enumerate(messages):
        yield json.dumps({"$message": {"key": key, "value": value}})
        if i in at:
            yield json.dumps({"$message": {"key": key, "value": {"$text": json.dumps(value or {"op": 1})[:20] + "{"}}})
    yield json.dumps({"$message": {"value": {"op": "t", "before": None, "after": None, "source": {"ts_ms": 0}}}})
