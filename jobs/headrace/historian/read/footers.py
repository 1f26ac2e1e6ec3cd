"""Read the footers of Parquet files, and then only the row groups that can hold matching readings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyiceberg.io import InputFile
from pyiceberg.io.pyarrow import PYARROW_PARQUET_FIELD_ID_KEY

from headrace.historian.read.cache import Cache
from headrace.historian.read.predicate import Bounds, Predicate

# Serialized size of the cached footers, in bytes; in memory they are larger.
_MAX_BYTES = 32 * 2**20
# Rows that are read and decoded together, some 50 bytes each.
_ROWS_AT_ONCE = 131_072


@dataclass(frozen=True)
class Footer:
    """The metadata of one Parquet file; `tag` and `ts` are the Iceberg field ids of these columns."""

    metadata: Any
    tag: int
    ts: int

    @classmethod
    def read(cls, source: InputFile, tag: int, ts: int) -> Footer:
        """Read the footer of a file."""
        with source.open() as stream:
            return cls(pq.read_metadata(stream), tag, ts)

    @cached_property
    def columns(self) -> Mapping[int, pa.Field]:
        """The columns of the file by their Iceberg field ids."""
        schema = self.metadata.schema.to_arrow_schema()
        ids = [(field.metadata or {}).get(PYARROW_PARQUET_FIELD_ID_KEY) for field in schema]
        return {int(number): field for number, field in zip(ids, schema, strict=True) if number is not None}

    def has(self, columns: Mapping[int, pa.DataType]) -> bool:
        """Return whether the file has these columns, by field id, with these types."""
        own = self.columns
        return all(number in own and _same(own[number].type, type_) for number, type_ in columns.items())

    def pieces(self, predicate: Predicate) -> Iterator[list[int]]:
        """Yield the numbers of the row groups that may hold matching readings, in lists to read together."""
        piece: list[int] = []
        rows = 0
        for number, (bounds, count) in enumerate(self._groups):
            if bounds.may_hold(predicate):
                if piece and rows + count > _ROWS_AT_ONCE:
                    yield piece
                    piece, rows = [], 0
                piece.append(number)
                rows += count
        if piece:
            yield piece

    def read_groups(
        self, source: InputFile, groups: list[int], columns: Sequence[int], predicate: Predicate
    ) -> list[pa.RecordBatch]:
        """Return the matching readings of these row groups; `columns` are field ids."""
        tag, ts = (self.columns[number].name for number in (self.tag, self.ts))
        chosen = [self.columns[number].name for number in columns]
        # A dictionary has each tag of a row group once, and a number per row; comparing numbers is far faster.
        options = {"metadata": self.metadata, "read_dictionary": [tag], "pre_buffer": True}
        first, stop = (pa.scalar(time, self.columns[self.ts].type) for time in (predicate.start, predicate.end))
        batches = []
        with source.open() as stream, pq.ParquetFile(stream, **options) as file:
            # A row group may have a million rows: only a part of it is decoded at a time.
            for batch in file.iter_batches(_ROWS_AT_ONCE, row_groups=groups, columns=chosen):
                names = batch[tag].dictionary
                of_tags = pc.is_in(names, value_set=pa.array(predicate.names, names.type)).take(batch[tag].indices)
                during = pc.and_(pc.greater_equal(batch[ts], first), pc.less(batch[ts], stop))
                matching = batch.select(chosen).filter(pc.and_(of_tags, during))
                if len(matching):
                    batches.append(matching.set_column(chosen.index(tag), tag, matching[tag].dictionary_decode()))
        return batches

    def tags(self, source: InputFile) -> set[str]:
        """Return the tags of the file's readings; of a row group with several tags, the column of tags is read."""
        bounds = [(bounds.low, bounds.high) for bounds, _ in self._groups]
        mixed = [number for number, (low, high) in enumerate(bounds) if low is None or low != high]
        found = {low.decode() for low, high in bounds if low is not None and low == high}
        tag = self.columns[self.tag].name
        with source.open() as stream, pq.ParquetFile(stream, metadata=self.metadata, read_dictionary=[tag]) as file:
            for number in mixed:
                for chunk in file.read_row_group(number, columns=[tag])[tag].chunks:
                    found.update(chunk.dictionary.to_pylist())
        return found

    @cached_property
    def _groups(self) -> list[tuple[Bounds, int]]:
        """The bounds of each row group and its number of rows."""
        paths = [self.metadata.schema.column(number).path for number in range(self.metadata.num_columns)]
        tag, ts = (paths.index(self.columns[number].name) for number in (self.tag, self.ts))
        groups = (self.metadata.row_group(number) for number in range(self.metadata.num_row_groups))
        return [(Bounds(*_edges(group, tag), *_edges(group, ts)), group.num_rows) for group in groups]


class Footers:
    """A cache of the footers of recently read files."""

    def __init__(self) -> None:
        self._cache: Cache[Footer] = Cache(_MAX_BYTES, lambda footer: int(footer.metadata.serialized_size))

    def of(self, source: InputFile, tag: int, ts: int) -> Footer:
        """Return the footer of a file whose table gives `tag` and `ts` these field ids."""
        return self._cache.get(source.location, lambda: Footer.read(source, tag, ts))


def _edges(group: Any, column: int) -> tuple[Any, Any]:
    """Return minimum and maximum of a column as stored (tags as bytes, times as integers), or None for both."""
    statistics = group.column(column).statistics
    if statistics is None or not statistics.has_min_max:
        return None, None
    return statistics.min_raw, statistics.max_raw


def _same(one: pa.DataType, other: pa.DataType) -> bool:
    return one == other or all(pa.types.is_string(each) or pa.types.is_large_string(each) for each in (one, other))
