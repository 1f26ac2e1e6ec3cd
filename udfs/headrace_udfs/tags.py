"""The contents of historian.tags: an immutable table that looks up whole columns at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import pyarrow as pa

from headrace_udfs.arrays import Doubles, Positions

COLUMNS = ("tag", "asset", "unit", "baseline_median", "baseline_mad")
"""The columns of historian.tags that are read."""


@dataclass(frozen=True)
class TagTable:
    """One row per tag: row i of each array belongs to the tag with `positions[tag] == i`.

    asset, unit: string arrays. median, mad: float64, in the tag's unit; NaN where no baseline has been learned.
    """

    positions: dict[str, int]
    asset: pa.StringArray
    unit: pa.StringArray
    median: Doubles
    mad: Doubles

    @classmethod
    def of(cls, rows: pa.Table) -> Self:
        """Return the tags of a table with COLUMNS; if a tag occurs twice, the later row counts."""
        asset, unit = (rows[name].combine_chunks().cast(pa.string()) for name in ("asset", "unit"))
        median, mad = (rows[name].cast(pa.float64()).to_numpy() for name in ("baseline_median", "baseline_mad"))
        return cls({tag: i for i, tag in enumerate(rows["tag"].to_pylist())}, asset, unit, median, mad)

    @classmethod
    def empty(cls) -> Self:
        """Return a table without tags."""
        return cls({}, pa.array([], pa.string()), pa.array([], pa.string()), np.array([]), np.array([]))

    def __len__(self) -> int:
        """Return the number of tags."""
        return len(self.positions)

    def look_up(self, tags: pa.Array) -> Positions:
        """Return the row of each of `tags` (string, plain or dictionary-encoded); -1 for null and unknown tags."""
        encoded = tags if pa.types.is_dictionary(tags.type) else tags.dictionary_encode()
        rows = [self.positions.get(tag, -1) for tag in encoded.dictionary.to_numpy(zero_copy_only=False)]
        positions: Positions = np.array([*rows, -1], np.int64)[encoded.indices.fill_null(len(rows)).to_numpy()]
        return positions

    def baselines(self, tags: pa.Array) -> tuple[Doubles, Doubles]:
        """Return the median and the MAD of each of `tags`, in the tag's unit; NaN where there is no baseline."""
        rows = self.look_up(tags)
        return np.append(self.median, np.nan)[rows], np.append(self.mad, np.nan)[rows]
