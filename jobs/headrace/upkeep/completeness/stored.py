"""What a job has stored of each partition since it was last looked at: which offsets, and the latest time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headrace.environment import iceberg
from headrace.project.system_tables import DEAD_LETTERS, POSITION
from headrace.upkeep.completeness import coverage
from headrace.upkeep.completeness.appended import EVERYTHING, Appended
from headrace.upkeep.completeness.coverage import NONE, Runs

Partition = tuple[str, int]
_POSITION = POSITION[:3]


@dataclass
class Stored:
    """`offsets` of one partition that rows have, and the latest `ts` of theirs; None where they have no such column."""

    offsets: Runs = field(default_factory=lambda: NONE)
    last_ts: datetime | None = None


def stored(job: str, tables: Iterable[Appended]) -> dict[Partition, Stored]:
    """By topic and partition. Of dead letters only those of the job count; tables without positions do not."""
    found: dict[Partition, Stored] = {}
    for each in tables:
        columns = each.table.schema().column_names
        if set(_POSITION) <= set(columns):
            dead = ".".join(each.table.name()) == DEAD_LETTERS
            only = iceberg.equals("job", job) if dead else EVERYTHING
            for batch in each.batches((*_POSITION, *(["ts"] if "ts" in columns else [])), only):
                _add(pa.Table.from_batches([batch]), found)
    return found


def _add(rows: pa.Table, into: dict[Partition, Stored]) -> None:
    for key in rows.select(_POSITION[:2]).group_by(list(_POSITION[:2])).aggregate([]).to_pylist():
        topic, number = key["src_topic"], key["src_partition"]
        here = pc.and_(pc.equal(rows["src_topic"], topic), pc.equal(rows["src_partition"], number))
        part, known = rows.filter(here), into.setdefault((topic, number), Stored())
        offsets = part["src_offset"].combine_chunks().to_numpy(zero_copy_only=False).astype(np.int64)
        known.offsets = coverage.union(known.offsets, coverage.runs(offsets))
        if "ts" in part.column_names:
            known.last_ts = latest(known.last_ts, pc.max(part["ts"]).as_py())


def latest(*times: datetime | None) -> datetime | None:
    """The latest of those that are."""
    return max((each for each in times if each), default=None)
