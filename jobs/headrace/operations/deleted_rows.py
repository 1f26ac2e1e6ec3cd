"""historian.deleted_rows: what retention has deleted from tables, so that it does not count as lost or never sent."""

from __future__ import annotations

import json
import zlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa
from pyiceberg.catalog import Catalog
from pyiceberg.expressions import In
from pyiceberg.io.pyarrow import schema_to_pyarrow

from headrace.environment import iceberg
from headrace.operations.offset_runs import NONE, Runs, union
from headrace.project.retention import DEFAULT, class_of
from headrace.project.system_tables import DELETED_ROWS


@dataclass(frozen=True)
class DeletedRows:
    """Rows of one class of tags, part of the time, partition of a topic, and job; None if the table does not keep it.

    `other_classes` are the patterns that come before the class, as JSON. `src_offsets` is the result of `packed`.
    """

    table_name: str
    table_uuid: str
    class_: str
    other_classes: str
    from_ts: datetime
    until_ts: datetime
    row_count: int
    src_topic: str | None
    src_partition: int | None
    src_offsets: bytes | None
    job: str | None
    deleted_at: datetime

    def includes(self, tag: str, at: datetime) -> bool:
        """Whether rows of the tag at this time are among those that were deleted."""
        patterns = json.loads(self.other_classes)
        if self.class_ != DEFAULT:
            patterns.append(self.class_)
        return self.from_ts <= at < self.until_ts and class_of(tag, patterns) == self.class_


def packed(offsets: Runs) -> bytes:
    """Return the runs as bytes: 8 per number, each the difference to the one before, compressed."""
    return zlib.compress(np.diff(offsets.ravel(), prepend=0).astype("<i8").tobytes())


def unpacked(content: bytes) -> Runs:
    """Return the runs that `packed` made into these bytes."""
    runs: Runs = np.cumsum(np.frombuffer(zlib.decompress(content), "<i8")).astype(np.int64).reshape(-1, 2)
    return runs


def record(catalog: Catalog, deleted: Iterable[DeletedRows]) -> None:
    """Add the rows to the table. Raises PlatformError, also if it does not exist."""
    rows = [_columns(each) for each in deleted]
    if rows:

        def attempt() -> None:
            table = iceberg.load_table(catalog, DELETED_ROWS)
            table.append(pa.Table.from_pylist(rows, schema_to_pyarrow(table.schema(), include_field_ids=False)))

        iceberg.commit(DELETED_ROWS, attempt)


def of(catalog: Catalog, tables: Iterable[str]) -> list[DeletedRows]:
    """Return what was deleted from the tables that have these names now; [] if nothing was. Raises PlatformError."""
    with iceberg.errors_reported(f"table {DELETED_ROWS} cannot be read"):
        if not catalog.table_exists(DELETED_ROWS):
            return []
        only = In("table_name", {*tables})  # type: ignore[call-arg,arg-type] # pydantic hides its own __init__
        rows = iceberg.load_table(catalog, DELETED_ROWS).scan(row_filter=only).to_arrow().to_pylist()
    now = {name: _uuid(catalog, name) for name in {row["table_name"] for row in rows}}
    found = [DeletedRows(**{"class_" if name == "class" else name: row[name] for name in row}) for row in rows]
    return [each for each in found if each.table_uuid == now[each.table_name]]


def offsets(deleted: Iterable[DeletedRows], job: str) -> Mapping[tuple[str, int], Runs]:
    """Return the runs of the offsets of rows that the job wrote, by topic and partition."""
    runs: dict[tuple[str, int], Runs] = defaultdict(lambda: NONE)
    for each in deleted:
        ours = each.job in {None, job}
        if ours and each.src_topic is not None and each.src_partition is not None and each.src_offsets is not None:
            place = each.src_topic, each.src_partition
            runs[place] = union(runs[place], unpacked(each.src_offsets))
    return dict(runs)


def _uuid(catalog: Catalog, name: str) -> str | None:
    return str(iceberg.load_table(catalog, name).metadata.table_uuid) if catalog.table_exists(name) else None


def _columns(deleted: DeletedRows) -> dict[str, object]:
    return {"class" if name == "class_" else name: value for name, value in asdict(deleted).items()}
