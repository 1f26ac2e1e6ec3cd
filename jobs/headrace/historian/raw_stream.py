"""Read stored readings in one piece, or in parts that fit in memory, in the same order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from headrace.errors import UserError
from headrace.historian import answers
from headrace.historian.read.chunked_reader import ChunkedReader
from headrace.historian.read.reader import TooManyRowsError
from headrace.historian.read.rows import TEXT, Rows
from headrace.historian.series.configuration import Configuration

# Readings per part; each takes some 100 bytes while it is read.
AT_ONCE = 100_000
_ALL = Configuration()


@dataclass(frozen=True)
class RawReadings:
    """The stored readings of tags from `low` to before `high` (microseconds since 1970, UTC), sorted by tag and time.

    With `bounding`, each tag's last reading before `low` and its first from `high` on are included. With `reverse`, the
    latest reading of a tag comes first.
    """

    chunked_reader: ChunkedReader
    names: list[str]
    low: int
    high: int
    bounding: bool
    reverse: bool

    def whole(self, max_rows: int | None) -> pa.Table:
        """Return all readings in one table.

        Raises TooManyRowsError for more than `max_rows`, and UserError for an unknown tag.
        """
        rows = self._rows(self.names, self.low, self.high, max_rows)
        self.chunked_reader.refuse_unknown(self.names, [rows])
        return self._in_order(rows)

    def parts(self) -> Iterator[pa.Table]:
        """Return an iterator of tables, each with some of the tags, or with a part of the time of one tag.

        Raises UserError for an unknown tag before the first part is read.
        """
        tag_names = self.chunked_reader.tag_names
        if unknown := [name for name in self.names if not tag_names.known(name)]:
            raise tag_names.unknown(unknown)
        return self._halves(self.names, self.low, self.high)

    def _halves(self, names: list[str], low: int, high: int) -> Iterator[pa.Table]:
        """Yield tables of at most AT_ONCE readings: halves of the tags first, then halves of the time of one tag."""
        try:
            rows = self._rows(names, low, high, AT_ONCE)
        except TooManyRowsError:
            if len(names) > 1:
                middle = len(names) // 2
                halves = [(names[:middle], low, high), (names[middle:], low, high)]
            elif high - low > 1:
                middle = (low + high) // 2
                halves = [(names, low, middle), (names, middle, high)][:: -1 if self.reverse else 1]
            else:
                raise UserError(f"'{names[0]}' has more than {AT_ONCE:,} readings of one instant") from None
            for half in halves:
                yield from self._halves(*half)
        else:
            part = self._in_order(rows)
            del rows  # while the caller takes its time with a part, nothing else of it is held
            yield part

    def _rows(self, names: list[str], low: int, high: int, max_rows: int | None) -> Rows:
        reader = self.chunked_reader.reader
        rows = reader.rows(names, low, high, also=(TEXT,), max_rows=max_rows)
        if self.bounding and low == self.low:
            rows = rows.joined([reader.before(names, low, _ALL, 0, also=(TEXT,))])
        if self.bounding and high == self.high:
            rows = rows.joined([reader.after(names, high, _ALL, 0, also=(TEXT,))])
        return rows

    def _in_order(self, rows: Rows) -> pa.Table:
        order = np.lexsort((-rows.ts if self.reverse else rows.ts, rows.tag))
        return answers.readings(rows, order)
