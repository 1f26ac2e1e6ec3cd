"""Replace the rows of a model and a span with others, in one snapshot; the table may be written by key."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyiceberg.catalog import Catalog
from pyiceberg.exceptions import CommitFailedException
from pyiceberg.expressions import And, EqualTo, GreaterThanOrEqual, LessThan
from pyiceberg.expressions.visitors import _InclusiveMetricsEvaluator
from pyiceberg.io.pyarrow import _dataframe_to_data_files, schema_to_pyarrow
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table
from pyiceberg.table.snapshots import Operation

from headrace.environment import iceberg
from headrace.upkeep.maintain import compact
from headrace.upkeep.maintain.choose import Group
from headrace.upkeep.maintain.deletes import Deletes, partition
from headrace.upkeep.maintain.live_files import Live, LiveFile
from headrace.upkeep.maintain.replace import Replace


@dataclass(frozen=True)
class Replaced:
    """How many rows of the table were of the span, and how many are now; `changed` is whether any is another one."""

    table: str
    before: int
    now: int
    changed: bool


@dataclass(frozen=True)
class Span:
    """Rows of `model` whose time, from the column `first` to the column `last`, reaches into [since, until)."""

    model: str
    first: str
    last: str
    since: datetime
    until: datetime

    def holds(self, rows: pa.Table) -> pa.ChunkedArray:
        """Return which rows are of the span."""
        since, until = (pa.scalar(each, rows[self.first].type) for each in (self.since, self.until))
        within = pc.and_(pc.less(rows[self.first], until), pc.greater_equal(rows[self.last], since))
        return pc.and_(pc.equal(rows["model"], self.model), within)

    def files(self, table: Table, live: Live) -> list[LiveFile]:
        """Return the data files that may have rows of the span, by their statistics."""
        rows = And(
            EqualTo("model", self.model),  # type: ignore[call-arg,arg-type]
            LessThan(self.first, self.until.isoformat()),  # type: ignore[call-arg,arg-type]
            GreaterThanOrEqual(self.last, self.since.isoformat()),  # type: ignore[call-arg,arg-type]
        )
        evaluator = _InclusiveMetricsEvaluator(table.schema(), rows)
        return [each for each in live.data if evaluator.eval(each.file)]


def replace_span(catalog: Catalog, name: str, span: Span, new: pa.Table) -> Replaced:
    """Replace the table's rows of the span with `new`. Rows that are the same are left as they are, without a commit.

    The snapshot's operation is `overwrite`: jobs that follow the table skip it. What another writer commits meanwhile
    stays. Raises PlatformError.
    """

    def attempt() -> Replaced:
        read = iceberg.load_table(catalog, name)
        schema = schema_to_pyarrow(read.schema(), include_field_ids=False)
        rows = new.select(schema.names).cast(schema)
        written: dict[Group, list[DataFile]] = {}
        gone = [schema.empty_table()]
        for group in _groups(read, span):
            taken = _Taken(span)
            files = compact.rewritten(name, read, group, taken)
            if taken.rows:
                written[group] = files
                gone += [each.cast(schema) for each in taken.rows]
        before = pa.concat_tables(gone)
        done = Replaced(name, len(before), len(rows), not _same(before, rows, span))
        if done.changed:
            _commit(catalog, name, read, written, rows)
        return done

    return iceberg.commit(name, attempt)


class _Taken:
    """Returns the rows that are not of the span, and has the others in `rows`."""

    def __init__(self, span: Span) -> None:
        self._span = span
        self.rows: list[pa.Table] = []

    def __call__(self, rows: pa.Table) -> pa.Table:
        of_span = self._span.holds(rows)
        if len(own := rows.filter(of_span)):
            self.rows.append(own)
        return rows.filter(pc.invert(of_span))


def _groups(table: Table, span: Span) -> Iterator[Group]:
    """Yield a group per partition of the files that may have rows of the span, with the deletes that apply to them."""
    live = Live.of(table)
    deletes = Deletes(table, live.deletes)
    parts: dict[tuple[Any, ...], list[LiveFile]] = defaultdict(list)
    for each in span.files(table, live):
        parts[partition(each.file)].append(each)
    for files in parts.values():
        path = table.specs()[files[0].file.spec_id].partition_to_path(files[0].file.partition, table.schema())
        applied = {delete: None for each in files for delete in deletes.of(each)}
        yield Group(path or "all", closed=False, data=tuple(files), deletes=tuple(applied))


def _same(before: pa.Table, now: pa.Table, span: Span) -> bool:
    order = [("tag", "ascending"), (span.first, "ascending")]
    return len(before) == len(now) and bool(before.sort_by(order).equals(now.sort_by(order)))


def _commit(catalog: Catalog, name: str, read: Table, written: dict[Group, list[DataFile]], rows: pa.Table) -> None:
    """Commit what was written from the table as it was read. Raises CommitFailedException if it does not fit any more.

    New files have the sequence number of the table as it was read: a later deletion by key applies to their rows.
    """
    table = iceberg.load_table(catalog, name)
    live, sequence = Live.of(table), compact.sequence_of(read)
    deletes = Deletes(table, live.deletes)
    fits = all(compact.replaceable(each, live, deletes, sequence) for each in written)
    if not fits or compact.shape(table) != compact.shape(read):
        raise CommitFailedException(f"{name} was rewritten meanwhile")
    kind = Operation.OVERWRITE
    with table.transaction() as transaction, Replace(transaction, table, sequence=sequence, operation=kind) as snapshot:
        for group, files in written.items():
            for each in group.data:
                snapshot.delete_data_file(each.file)
            for file in files:
                snapshot.append_data_file(file)
        for file in _dataframe_to_data_files(table.metadata, rows, table.io) if len(rows) else ():
            snapshot.append_data_file(file)
