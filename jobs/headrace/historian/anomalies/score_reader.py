"""Read the scores of readings from condition.scores, limited to the files and row groups that a query needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc
from pyiceberg.table import FileScanTask, Table

from headrace.environment import iceberg
from headrace.historian.read import reader
from headrace.historian.read.files import Files, Manifests
from headrace.historian.read.footers import Footers
from headrace.historian.read.predicate import Predicate
from headrace.historian.read.reader import ReadStats, TooManyRowsError
from headrace.historian.read.required_columns import require
from headrace.historian.read.scan import Scan
from headrace_udfs.scoring.tables import SCORES

BAND = ("tag", "ts", "model", "expected", "low", "high")
_TYPES = {"tag": "string", "ts": "timestamptz", "model": "string"} | dict.fromkeys(BAND[3:], "double")


@dataclass(frozen=True)
class ScoreReader:
    """A reader of one snapshot of condition.scores. Times are microseconds since 1970, UTC."""

    table: Table
    files: Files
    footers: Footers
    read_stats: ReadStats = field(default_factory=ReadStats)

    @classmethod
    def of(cls, table: Table, manifests: Manifests, footers: Footers) -> ScoreReader:
        """Return a reader of the current snapshot of `table`. Raises PlatformError if a column is missing."""
        require(table, _TYPES)
        return cls(table, Files(table, manifests), footers)

    def rows(
        self,
        names: Sequence[str],
        start: int,
        end: int,
        *,
        of: Sequence[str] = tuple(SCORES.names),
        models: Sequence[str] = (),
        max_rows: int | None = None,
    ) -> pa.Table:
        """Return the scores of the tags from `start` to before `end`, by tag in the order of `names`, time and model.

        of: the columns to return, in the order of SCORES. models: the versions whose scores are returned; all without
        any. Raises TooManyRowsError for more than `max_rows` (default 4,000,000), and PlatformError.
        """
        schema = pa.schema([SCORES.field(name) for name in of])
        batches, held = [], 0
        for batch in self._batches(names, start, end, schema):
            kept = batch.filter(pc.is_in(batch["model"], pa.array(models, pa.string()))) if models else batch
            held += len(kept)
            if held > (reader.MAX_HELD if max_rows is None else max_rows):
                raise TooManyRowsError
            batches.append(kept)
        self.read_stats.rows += held
        return _sorted(pa.Table.from_batches(batches, schema), names)

    def _batches(self, names: Sequence[str], start: int, end: int, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        if not names or start >= end:
            return
        predicate = Predicate(names, start, end)
        scan = Scan(self.table, self.footers, schema, predicate)
        with iceberg.errors_reported("the scores cannot be read"):
            yield from scan.batches(map(self._noted, self.files.tasks(predicate)))

    def _noted(self, task: FileScanTask) -> FileScanTask:
        self.read_stats.files[task.file.file_path] = task.file.file_size_in_bytes
        return task


def _sorted(rows: pa.Table, names: Sequence[str]) -> pa.Table:
    number = pc.index_in(rows["tag"], value_set=pa.array(names, pa.string()))
    keys = pa.table({"tag": number, "ts": rows["ts"], "model": rows["model"]})
    return rows.take(pc.sort_indices(keys, [(name, "ascending") for name in keys.column_names]))
