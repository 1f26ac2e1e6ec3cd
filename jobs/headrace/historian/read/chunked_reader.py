"""Readings of tags for a span of time and around it, as much at once as fits in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

import pyarrow.compute as pc

from headrace.errors import UserError
from headrace.historian.read import reader
from headrace.historian.read.reader import Reader, TooManyRowsError
from headrace.historian.read.rows import Rows
from headrace.historian.series.cells import Intervals
from headrace.historian.series.configuration import Configuration
from headrace.historian.series.points import Points
from headrace.historian.tags.tag_names import TagNames

T = TypeVar("T")
Nonfinite = Literal["error", "bad"]

# Points lay the times of all tags on one axis of 64-bit integers.
_AXIS_US = 2**62


@dataclass(frozen=True)
class ChunkedReader:
    """Reads for questions; times are microseconds since 1970, UTC."""

    reader: Reader
    tag_names: TagNames
    nonfinite: Nonfinite

    def around(
        self, names: Sequence[str], low: int, high: int, configuration: Configuration, *, also: Sequence[str] = ()
    ) -> Rows:
        """The readings from `low` to `high`, both included, and those on either side that bounds rest on.

        With the columns `also`, as `Reader.rows` has them.

        Raises TooManyRowsError; UserError for a tag that is none.
        """
        usable = 2 if configuration.use_sloped_extrapolation else 1
        self.reader.plan_files(low, high)
        found = [
            self.reader.rows(names, low, high + 1, also=also),
            self.reader.before(names, low, configuration, usable, also=also),
            self.reader.after(names, high + 1, configuration, 1, also=also),
        ]
        self.refuse_unknown(names, found)
        return found[0].joined(found[1:])

    def points(self, names: Sequence[str], low: int, high: int, configuration: Configuration) -> Points:
        """The same, as numbers to calculate with. Raises UserError for NaN and infinity, where `nonfinite` says so."""
        return self.around(names, low, high, configuration).points(nonfinite_is_bad=self.nonfinite == "bad")

    def each(
        self,
        names: list[str],
        intervals: Intervals,
        read: Callable[[list[str], int, int], T],
    ) -> Iterator[tuple[list[str], Intervals, T]]:
        """What `read` makes of all tags and their whole time; where that is too much, of halves, as often as needed.

        Tags are halved first, then the intervals of one. Raises UserError where one interval of one tag is too much.
        """
        low, high = int(intervals.start.min()), int(intervals.end.max())
        try:
            if len(names) * (high - low + 2 * reader.LOOK_US[-1]) > _AXIS_US:
                raise TooManyRowsError  # noqa: TRY301 - read may raise it too
            found = read(names, low, high)
        except TooManyRowsError:
            if len(names) == 1 and len(intervals) == 1:
                what = f"an interval of '{names[0]}' holds more than {reader.MAX_HELD:,} readings"
                raise UserError(what, fix="ask for shorter intervals") from None
            for half, part in _halves(names, intervals):
                yield from self.each(half, part, read)
        else:
            yield names, intervals, found

    def refuse_unknown(self, names: Sequence[str], found: Sequence[Rows]) -> None:
        """Raise UserError for names that neither the list of tags nor a reading found has."""
        strange = {name for name in names if name not in self.tag_names.rows}
        for rows in found:
            strange -= set(pc.unique(rows.table["tag"]).to_pylist()) if strange else set()
        if strange:
            raise self.tag_names.unknown([name for name in names if name in strange])


def _halves(names: list[str], intervals: Intervals) -> Iterator[tuple[list[str], Intervals]]:
    if len(names) > 1:
        middle = len(names) // 2
        yield from ((half, intervals) for half in (names[:middle], names[middle:]))
        return
    middle = len(intervals) // 2
    for part in (slice(None, middle), slice(middle, None)):
        start, end, truncated = intervals.start[part], intervals.end[part], intervals.truncated[part]
        yield names, Intervals(start, end, truncated, intervals.reverse)
