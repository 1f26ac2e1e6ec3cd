"""What historian.tags knows of each tag: an immutable table that looks up whole columns at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Doubles = npt.NDArray[np.float64]
Positions = npt.NDArray[np.int64]

COLUMNS = ("tag", "asset", "unit", "baseline_median", "baseline_mad")


@dataclass(frozen=True)
class TagTable:
    """Row i of each array is of the tag at `positions[tag] == i`; NaN is a baseline not learned.

    asset, unit: string arrays. median, mad: float64, in the tag's unit.
    """

    positions: dict[str, int]
    asset: pa.StringArray
    unit: pa.StringArray
    median: Doubles
    mad: Doubles

    @classmethod
    def of(cls, rows: pa.Table) -> Self:
        """From a table with COLUMNS; where a tag stands twice, the later row counts."""
        asset, unit = (rows[name].combine_chunks().cast(pa.string()) for name in ("asset", "unit"))
        median, mad = (rows[name].cast(pa.float64()).to_numpy() for name in ("baseline_median", "baseline_mad"))
        return cls({tag: i for i, tag in enumerate(rows["tag"].to_pylist())}, asset, unit, median, mad)

    @classmethod
    def empty(cls) -> Self:
        """The table that knows no tag."""
        return cls({}, pa.array([], pa.string()), pa.array([], pa.string()), np.array([]), np.array([]))

    def __len__(self) -> int:
        return len(self.positions)

    def look_up(self, tags: pa.Array) -> Positions:
        """The row of each of `tags` (string, plain or dictionary-encoded), -1 where it is null or not known."""
        encoded = tags if pa.types.is_dictionary(tags.type) else tags.dictionary_encode()
        rows = [self.positions.get(tag, -1) for tag in encoded.dictionary.to_numpy(zero_copy_only=False)]
        positions: Positions = np.array([*rows, -1], np.int64)[encoded.indices.fill_null(len(rows)).to_numpy()]
        return positions

    def baselines(self, tags: pa.Array) -> tuple[Doubles, Doubles]:
        """Median and MAD of each of `tags`, NaN where there is none."""
        rows = self.look_up(tags)
        return np.append(self.median, np.nan)[rows], np.append(self.mad, np.nan)[rows]
