"""Read the readings of tags for a span of time and its neighbours, in chunks that fit in memory."""

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

# Points place the times of all tags on one axis of 64-bit integers.
_AXIS_US = 2**62


@dataclass(frozen=True)
class ChunkedReader:
    """Reads what aggregates and trends need. Times are microseconds since 1970, UTC.

    `nonfinite` says what a value of usable quality that is NaN or infinite becomes: a UserError, or a bad reading.
    """

    reader: Reader
    tag_names: TagNames
    nonfinite: Nonfinite

    def around(
        self, names: Sequence[str], low: int, high: int, configuration: Configuration, *, also: Sequence[str] = ()
    ) -> Rows:
        """Return the readings from `low` to `high`, both included, and the ones on both sides that bounds depend on.

        `also` names additional columns, as in `Reader.rows`. Raises TooManyRowsError, UserError for an unknown tag, and
        PlatformError.
        """
        usable = 2 if configuration.use_sloped_extrapolation else 1
        self.reader.plan_files(low, high)
        parts = [
            self.reader.rows(names, low, high + 1, also=also),
            self.reader.before(names, low, configuration, usable, also=also),
            self.reader.after(names, high + 1, configuration, 1, also=also),
        ]
        self.refuse_unknown(names, parts)
        return parts[0].joined(parts[1:])

    def points(self, names: Sequence[str], low: int, high: int, configuration: Configuration) -> Points:
        """Return the same readings as points. Raises also UserError for NaN and infinity if `nonfinite` is "error"."""
        return self.around(names, low, high, configuration).points(nonfinite_is_bad=self.nonfinite == "bad")

    def each(
        self,
        names: list[str],
        intervals: Intervals,
        read: Callable[[list[str], int, int], T],
    ) -> Iterator[tuple[list[str], Intervals, T]]:
        """Yield tags, intervals and the result of `read` for them, in chunks that do not exceed the memory limit.

        A chunk that exceeds it is halved: first the tags, then the intervals of one tag. `read` takes the tags, start
        and end of a chunk. Raises UserError if one interval of one tag exceeds the limit.
        """
        low, high = int(intervals.start.min()), int(intervals.end.max())
        try:
            if len(names) * (high - low + 2 * reader.LOOK_US[-1]) > _AXIS_US:
                raise TooManyRowsError  # noqa: TRY301 - read may raise it too
            result = read(names, low, high)
        except TooManyRowsError:
            if len(names) == 1 and len(intervals) == 1:
                what = (
                    f"an interval of '{names[0]}' holds more than {reader.MAX_HELD:,} readings, or too many long texts"
                )
                raise UserError(what, fix="use shorter intervals") from None
            for half, part in _halves(names, intervals):
                yield from self.each(half, part, read)
        else:
            yield names, intervals, result

    def refuse_unknown(self, names: Sequence[str], parts: Sequence[Rows]) -> None:
        """Raise UserError for names that are neither in the list of tags nor in any reading; `parts` were read."""
        unknown = {name for name in names if name not in self.tag_names.rows}
        for rows in parts:
            unknown -= set(pc.unique(rows.table["tag"]).to_pylist()) if unknown else set()
        if missing := [name for name in names if name in unknown and not self.tag_names.known(name)]:
            raise self.tag_names.unknown(missing)


def _halves(names: list[str], intervals: Intervals) -> Iterator[tuple[list[str], Intervals]]:
    if len(names) > 1:
        middle = len(names) // 2
        yield from ((half, intervals) for half in (names[:middle], names[middle:]))
        return
    middle = len(intervals) // 2
    for part in (slice(None, middle), slice(middle, None)):
        start, end, truncated = intervals.start[part], intervals.end[part], intervals.truncated[part]
        yield names, Intervals(start, end, truncated, intervals.reverse)
