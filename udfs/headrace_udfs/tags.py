"""The contents of historian.tags: an immutable table that looks up whole columns at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import repeat
from typing import Self

import numpy as np
import pyarrow as pa

from headrace_udfs.arrays import Doubles, Positions, encoded

COLUMNS = ("tag", "asset", "unit", "range_low", "range_high")
"""The columns of historian.tags that are read."""


@dataclass(frozen=True)
class TagTable:
    """One row per tag: row i of each array belongs to the tag with `positions[tag] == i`.

    asset, unit: string arrays. low, high: float64, the sensor's range in the tag's unit; NaN for an open end.
    """

    positions: dict[str, int]
    asset: pa.StringArray
    unit: pa.StringArray
    low: Doubles
    high: Doubles
    _found: list[tuple[pa.Array, Positions]] = field(default_factory=list, repr=False, compare=False)

    @classmethod
    def of(cls, rows: pa.Table) -> Self:
        """Return the tags of a table with COLUMNS; if a tag occurs twice, the later row counts."""
        asset, unit = (rows[name].combine_chunks().cast(pa.string()) for name in ("asset", "unit"))
        low, high = (rows[name].cast(pa.float64()).to_numpy() for name in ("range_low", "range_high"))
        return cls({tag: i for i, tag in enumerate(rows["tag"].to_pylist())}, asset, unit, low, high)

    @classmethod
    def empty(cls) -> Self:
        """Return a table without tags."""
        return cls({}, pa.array([], pa.string()), pa.array([], pa.string()), np.array([]), np.array([]))

    def __len__(self) -> int:
        """Return the number of tags."""
        return len(self.positions)

    def distinct(self, tags: pa.DictionaryArray) -> Positions:
        """Return the row of each text in the dictionary of `tags`; -1 for an unknown tag.

        The rows of the last array are kept: the steps of a job ask for the same one.
        """
        for last, rows_of_last in self._found:
            if last is tags:
                return rows_of_last
        texts = tags.dictionary.to_numpy(zero_copy_only=False)
        rows = np.fromiter(map(self.positions.get, texts, repeat(-1)), np.int64, len(texts))
        self._found[:] = [(tags, rows)]
        return rows

    def look_up(self, tags: pa.Array) -> Positions:
        """Return the row of each of `tags` (string, plain or dictionary-encoded); -1 for null and unknown tags."""
        tags = encoded(tags)
        rows = np.append(self.distinct(tags), -1)
        positions: Positions = rows[tags.indices.fill_null(-1).to_numpy()]
        return positions

    def ranges(self, tags: pa.Array) -> tuple[Doubles, Doubles]:
        """Return the lowest and the highest value of each tag's sensor, in the tag's unit; NaN where it is open."""
        rows = self.look_up(tags)
        return np.append(self.low, np.nan)[rows], np.append(self.high, np.nan)[rows]
