"""Readings of named tags as they come from files: columns, not yet in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headrace.historian.series.configuration import Configuration
from headrace.historian.series.points import Floats, Ints, Points, nonfinite_as_bad
from headrace.historian.series.status import BAD, Mask, Status, is_bad, severity

COLUMNS = ("tag", "ts", "value", "quality")
TEXT = "text"


@dataclass(frozen=True)
class Rows:
    """`table` has COLUMNS, and TEXT where it was asked for; `names` gives each tag its number."""

    names: Sequence[str]
    table: pa.Table

    def __len__(self) -> int:
        return len(self.table)

    @cached_property
    def tag(self) -> Ints:
        """The number of each row's tag."""
        found = pc.index_in(self.table["tag"], value_set=pa.array(self.names, self.table["tag"].type))
        return np.asarray(found.to_numpy(), np.int64)

    @cached_property
    def ts(self) -> Ints:
        """Microseconds since 1970, UTC."""
        return np.asarray(self.table["ts"].cast(pa.int64()))

    @cached_property
    def value(self) -> Floats:
        """NaN where there is none."""
        return np.asarray(self.table["value"], np.float64)

    @cached_property
    def quality(self) -> Status:
        """StatusCodes; Bad where a number is wanted and there is none."""
        quality = self.table["quality"].to_numpy().astype(np.uint32)
        return np.where(self.table["value"].is_null().to_numpy() & ~is_bad(quality), BAD, quality)

    def points(self, *, nonfinite_is_bad: bool) -> Points:
        """As numbers to calculate with. Raises UserError for NaN and infinity, where they are not to be bad."""
        quality = nonfinite_as_bad(self.value, self.quality) if nonfinite_is_bad else self.quality
        return Points.of(self.names, self.tag, self.ts, self.value, quality).since_creation()

    def states(self) -> tuple[Points, list[str]]:
        """Each reading's state as a number, and what these numbers stand for, in order: the text, else the value."""
        words = pc.coalesce(self.table[TEXT], self.table["value"].cast(self.table[TEXT].type))
        missing = words.is_null().to_numpy()
        known = pc.unique(words).drop_null().sort()
        number = pc.index_in(words, value_set=known).fill_null(0).to_numpy().astype(float)
        quality = self.table["quality"].to_numpy().astype(np.uint32)
        quality = np.where(missing & ~is_bad(quality), BAD, quality)
        points = Points.of(self.names, self.tag, self.ts, number, quality).since_creation()
        return points, known.to_pylist()

    def nearest(self, configuration: Configuration, usable: int, *, last: bool) -> Rows:
        """Of each tag its last row and its last `usable` rows that may be calculated with; or its first ones."""
        order = self._in_order(np.arange(len(self)), 1 if last else -1)  # the nearest of each tag stands last
        fit = self.usable(configuration)[order]
        tag = self.tag[order]
        stop = np.searchsorted(tag, tag, "right")
        after = np.concatenate((np.cumsum(fit[::-1])[::-1], [0]))
        rank = after[:-1] - after[stop]
        keep = (fit & (rank <= usable)) | (np.arange(len(tag)) == stop - 1)
        return Rows(self.names, self.table.take(order[keep]))

    def newest(self, fit: Mask) -> Ints:
        """For each tag the index of its last row for which `fit` is true; -1 where it has none."""
        order = self._in_order(np.flatnonzero(fit))
        index = np.full(len(self.names), -1)
        index[self.tag[order]] = order  # the last is written last, and stays
        return index

    def usable(self, configuration: Configuration) -> Mask:
        """Which rows may be calculated with: of a quality that does, and with a value or a text."""
        quality = self.table["quality"].to_numpy().astype(np.uint32)
        fit: Mask = configuration.usable(quality) & self._has_value
        return fit

    @property
    def _has_value(self) -> Mask:
        """Which rows have a value or a text."""
        has_value: Mask = self.table["value"].is_valid().to_numpy()
        if TEXT in self.table.column_names:
            has_value = has_value | self.table[TEXT].is_valid().to_numpy()
        return has_value

    def _in_order(self, index: Ints, sign: int = 1) -> Ints:
        """`index` sorted by tag, and of each tag as Points has them; the other way round where `sign` is -1."""
        stored = self.table["quality"].to_numpy()
        rank = -severity(np.where(self._has_value, stored.astype(np.uint32), BAD)).astype(np.int64)
        keys = [sign * each[index] for each in (-stored, self.value, rank, self.ts)]
        order: Ints = index[np.lexsort((*keys, self.tag[index]))]
        return order

    def joined(self, others: Sequence[Rows]) -> Rows:
        """These and `others` of the same tags."""
        return Rows(self.names, pa.concat_tables([self.table, *(each.table for each in others)]))
