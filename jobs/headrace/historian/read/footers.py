"""What a Parquet file says of itself at its end, and with that: no more of it read than can hold what is asked for."""

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

# Bytes of footers as they stand in files; in memory they are larger.
_MAX_BYTES = 32 * 2**20
# Read and decoded in one go, some 50 bytes each.
_ROWS_AT_ONCE = 131_072


@dataclass(frozen=True)
class Footer:
    """`tag` and `ts` are Iceberg's numbers of these columns."""

    metadata: Any
    tag: int
    ts: int

    @classmethod
    def read(cls, source: InputFile, tag: int, ts: int) -> Footer:
        """That of a file."""
        with source.open() as stream:
            return cls(pq.read_metadata(stream), tag, ts)

    @cached_property
    def columns(self) -> Mapping[int, pa.Field]:
        """By Iceberg's number of it."""
        schema = self.metadata.schema.to_arrow_schema()
        ids = [(field.metadata or {}).get(PYARROW_PARQUET_FIELD_ID_KEY) for field in schema]
        return {int(number): field for number, field in zip(ids, schema, strict=True) if number is not None}

    def has(self, columns: Mapping[int, pa.DataType]) -> bool:
        """Whether these columns are in the file, in these types."""
        found = self.columns
        return all(number in found and _same(found[number].type, type_) for number, type_ in columns.items())

    def pieces(self, predicate: Predicate) -> Iterator[list[int]]:
        """Row groups that may hold what is asked for, as many at a time as are read in one go."""
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
        """What is asked for in these row groups, in these columns."""
        tag, ts = (self.columns[number].name for number in (self.tag, self.ts))
        chosen = [self.columns[number].name for number in columns]
        # A row group spells a tag out once, and has its number in each row: to look at that is far quicker.
        options = {"metadata": self.metadata, "read_dictionary": [tag], "pre_buffer": True}
        with source.open() as stream, pq.ParquetFile(stream, **options) as file:
            read = file.read_row_groups(groups, columns=chosen).select(chosen)
        first, stop = (pa.scalar(time, self.columns[self.ts].type) for time in (predicate.start, predicate.end))
        found = []
        for batch in read.to_batches():
            spelt = batch[tag].dictionary
            of_tags = pc.is_in(spelt, value_set=pa.array(predicate.names, spelt.type)).take(batch[tag].indices)
            during = pc.and_(pc.greater_equal(batch[ts], first), pc.less(batch[ts], stop))
            matching = batch.filter(pc.and_(of_tags, during))
            if len(matching):
                found.append(matching.set_column(chosen.index(tag), tag, matching[tag].dictionary_decode()))
        return found

    @cached_property
    def _groups(self) -> list[tuple[Bounds, int]]:
        """Of each row group what it can hold, and its rows."""
        paths = [self.metadata.schema.column(number).path for number in range(self.metadata.num_columns)]
        tag, ts = (paths.index(self.columns[number].name) for number in (self.tag, self.ts))
        groups = (self.metadata.row_group(number) for number in range(self.metadata.num_row_groups))
        return [(Bounds(*_edges(group, tag), *_edges(group, ts)), group.num_rows) for group in groups]


class Footers:
    """Those of the files that were read last."""

    def __init__(self) -> None:
        self._cache: Cache[Footer] = Cache(_MAX_BYTES, lambda footer: int(footer.metadata.serialized_size))

    def of(self, source: InputFile, tag: int, ts: int) -> Footer:
        """That of a file of the table that gives these columns these numbers."""
        return self._cache.get(source.location, lambda: Footer.read(source, tag, ts))


def _edges(group: Any, column: int) -> tuple[Any, Any]:
    """Least and greatest as they are stored: tags as bytes, times as numbers."""
    statistics = group.column(column).statistics
    if statistics is None or not statistics.has_min_max:
        return None, None
    return statistics.min_raw, statistics.max_raw


def _same(one: pa.DataType, other: pa.DataType) -> bool:
    return one == other or all(pa.types.is_string(each) or pa.types.is_large_string(each) for each in (one, other))
