"""Readings of named tags as read from files: columns, not yet sorted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headrace.historian.series import points as series
from headrace.historian.series.configuration import Configuration
from headrace.historian.series.points import Floats, Ints, Points, nonfinite_as_bad
from headrace.historian.series.status import BAD, Mask, Status, is_bad, severity

COLUMNS = ("tag", "ts", "value", "quality")
TEXT = "text"


@dataclass(frozen=True)
class Rows:
    """Readings in any order: `table` has COLUMNS, and TEXT if it was requested; `names` gives each tag its number."""

    names: Sequence[str]
    table: pa.Table

    def __len__(self) -> int:
        return len(self.table)

    @cached_property
    def tag(self) -> Ints:
        """The number of each row's tag in `names`."""
        number = pc.index_in(self.table["tag"], value_set=pa.array(self.names, self.table["tag"].type))
        return np.asarray(number.to_numpy(), np.int64)

    @cached_property
    def ts(self) -> Ints:
        """The time of each row, microseconds since 1970, UTC."""
        return np.asarray(self.table["ts"].cast(pa.int64()))

    @cached_property
    def value(self) -> Floats:
        """The value of each row, NaN if it has none."""
        return np.asarray(self.table["value"], np.float64)

    @cached_property
    def quality(self) -> Status:
        """The StatusCode of each row; Bad if the row has no value and its own quality is not bad."""
        quality = self.table["quality"].to_numpy().astype(np.uint32)
        return np.where(self.table["value"].is_null().to_numpy() & ~is_bad(quality), BAD, quality)

    def points(self, *, nonfinite_is_bad: bool) -> Points:
        """Return the rows as points.

        A NaN or infinite value of usable quality becomes Bad with `nonfinite_is_bad`, otherwise it raises UserError.
        """
        quality = nonfinite_as_bad(self.value, self.quality) if nonfinite_is_bad else self.quality
        return Points.of(self.names, self.tag, self.ts, self.value, quality).since_creation()

    def stored(self, *, nonfinite_is_bad: bool) -> tuple[Points, pa.Array]:
        """Return the rows as points and the text of each point, null if it has none; TEXT must be in the table.

        Unlike in `points`, a reading that is a text keeps its own quality: its value is NaN, and its quality may be
        good. NaN and infinity as values are handled as in `points`.
        """
        text = self.table[TEXT].combine_chunks()
        word = pc.and_(self.table[TEXT].is_valid(), self.table["value"].is_null()).to_numpy()
        quality = nonfinite_as_bad(self.value, self.quality) if nonfinite_is_bad else self.quality
        quality = np.where(word, self.table["quality"].to_numpy().astype(np.uint32), quality)
        bad = is_bad(quality)
        series.refuse_nonfinite(self.names, self.tag, self.ts, self.value, ~bad & ~word)
        value = np.where(bad, np.nan, self.value)
        order = series.in_order(self.tag, self.ts, quality, value)
        offsets = np.searchsorted(self.tag[order], np.arange(len(self.names) + 1)).astype(np.int64)
        points = Points(offsets, self.ts[order], value[order], quality[order])
        return points.where(points.created), text.take(pa.array(order[points.created]))

    def states(self) -> tuple[Points, list[str]]:
        """Return points whose values are numbers of states, and the states in the order of these numbers.

        The state of a reading is its text, or its value as text if it has none.
        """
        words = pc.coalesce(self.table[TEXT], self.table["value"].cast(self.table[TEXT].type))
        missing = words.is_null().to_numpy()
        known = pc.unique(words).drop_null().sort()
        number = pc.index_in(words, value_set=known).fill_null(0).to_numpy().astype(float)
        quality = self.table["quality"].to_numpy().astype(np.uint32)
        quality = np.where(missing & ~is_bad(quality), BAD, quality)
        points = Points.of(self.names, self.tag, self.ts, number, quality).since_creation()
        return points, known.to_pylist()

    def nearest(self, configuration: Configuration, usable: int, *, last: bool) -> Rows:
        """Return the last row and the last `usable` usable rows of each tag, or its first ones unless `last`."""
        order = self._in_order(np.arange(len(self)), 1 if last else -1)  # the nearest row of each tag comes last
        fit = self.usable(configuration)[order]
        tag = self.tag[order]
        stop = np.searchsorted(tag, tag, "right")
        after = np.concatenate((np.cumsum(fit[::-1])[::-1], [0]))
        rank = after[:-1] - after[stop]
        keep = (fit & (rank <= usable)) | (np.arange(len(tag)) == stop - 1)
        return Rows(self.names, self.table.take(order[keep]))

    def newest(self, fit: Mask) -> Ints:
        """Return for each tag the index of its last row for which `fit` is true, or -1 if it has none."""
        order = self._in_order(np.flatnonzero(fit))
        index = np.full(len(self.names), -1)
        index[self.tag[order]] = order  # the last one is written last and so remains
        return index

    def usable(self, configuration: Configuration) -> Mask:
        """Return which rows may enter a calculation: of usable quality, and with a value or a text."""
        quality = self.table["quality"].to_numpy().astype(np.uint32)
        fit: Mask = configuration.usable(quality) & self._has_value
        return fit

    @property
    def _has_value(self) -> Mask:
        """Whether each row has a value or a text."""
        has_value: Mask = self.table["value"].is_valid().to_numpy()
        if TEXT in self.table.column_names:
            has_value = has_value | self.table[TEXT].is_valid().to_numpy()
        return has_value

    def _in_order(self, index: Ints, sign: int = 1) -> Ints:
        """Return `index` sorted by tag, then in the order of Points, or in the opposite order if `sign` is -1."""
        stored = self.table["quality"].to_numpy()
        rank = -severity(np.where(self._has_value, stored.astype(np.uint32), BAD)).astype(np.int64)
        keys = [sign * each[index] for each in (-stored, self.value, rank, self.ts)]
        order: Ints = index[np.lexsort((*keys, self.tag[index]))]
        return order

    def joined(self, others: Sequence[Rows]) -> Rows:
        """Return these rows and `others`, which must have the same `names`."""
        return Rows(self.names, pa.concat_tables([self.table, *(each.table for each in others)]))
