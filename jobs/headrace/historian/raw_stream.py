"""Readings as they are stored, part after part: as many at a time as fit in memory, in the order of the whole."""

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

# Of one part; while it is read there are some 100 bytes of each.
AT_ONCE = 500_000
_ALL = Configuration()


@dataclass(frozen=True)
class RawReadings:
    """The readings of tags from `low` on, before `high` (microseconds since 1970, UTC); with `bounding` also each tag's
    last before and first after. Where it is `reverse`, a tag's last reading comes first."""

    chunked_reader: ChunkedReader
    names: list[str]
    low: int
    high: int
    bounding: bool
    reverse: bool

    def whole(self, max_rows: int | None) -> pa.Table:
        """All at once. Raises TooManyRowsError for more than `max_rows`, and UserError for a tag that is none."""
        rows = self._rows(self.names, self.low, self.high, max_rows)
        self.chunked_reader.refuse_unknown(self.names, [rows])
        return self._in_order(rows)

    def parts(self) -> Iterator[pa.Table]:
        """One part after the other, each of some tags or of a time of one. Raises UserError for a tag that is none."""
        unlisted = [name for name in self.names if name not in self.chunked_reader.tag_names.rows]
        strange = [name for name in unlisted if not any(map(len, self._halves([name], self.low, self.high)))]
        if strange:
            raise self.chunked_reader.tag_names.unknown(strange)
        return self._halves(self.names, self.low, self.high)

    def _halves(self, names: list[str], low: int, high: int) -> Iterator[pa.Table]:
        """Tags are halved first, then the time of one."""
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
            yield self._in_order(rows)

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
