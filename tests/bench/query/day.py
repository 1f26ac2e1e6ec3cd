"""A day of readings of many tags as Flink leaves it: one file per checkpoint with all tags, in order of time."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, pairwise

import numpy as np
import pyarrow as pa
from pyiceberg.io.pyarrow import _dataframe_to_data_files
from pyiceberg.table import Table

from bench.query.questions import SINCE

CHECKPOINT_S = 30
"""As in catalogs/prod.yaml."""
_DAY_US = 86_400_000_000
_BAD, _UNCERTAIN = 0x80000000, 0x40000000
# Flink merges manifests when it commits, which leaves about a hundred files in each.
_FILES_PER_MANIFEST = 100


def names(tags: int) -> list[str]:
    """Return names like those in plants, with long prefixes in common."""
    return [f"Site1.Area{n // 500 + 1}.Line{n // 50 % 10 + 1}.Unit{n % 50 + 1:02}.PV" for n in range(tags)]


def readings(tags: int, each: int, schema: pa.Schema) -> pa.Table:
    """Return `each` readings of each tag, in order of time, with the columns of `schema`.

    The day is cut into `each` equal spans, and a tag reports once in each, at a random time; its values are a random
    walk with two decimals. One in a hundred is bad and has no value, one in two hundred is uncertain.
    """
    random = np.random.default_rng(20260301)
    step = _DAY_US / each
    start = int(SINCE.timestamp() * 1e6)
    moment = ((np.arange(each)[:, None] + random.random((each, tags))) * step).astype(np.int64) // 1000 * 1000
    value = np.round(50 + np.cumsum(random.normal(0, 0.1, (each, tags)), axis=0), 2)
    order = np.argsort(moment, axis=1)
    tag = order.ravel()
    ts = start + np.take_along_axis(moment, order, axis=1).ravel()
    values = np.take_along_axis(value, order, axis=1).ravel()
    chance = random.random(len(ts))
    quality = np.where(chance < 0.01, _BAD, np.where(chance < 0.015, _UNCERTAIN, 0))
    all_names = names(tags)
    filled = {
        "tag": pa.array(all_names).take(pa.array(tag)),
        "ts": pa.array(ts, pa.timestamp("us", "UTC")),
        "value": pa.array(values, mask=quality == _BAD),
        "quality": pa.array(quality, pa.int64()),
        "unit": pa.repeat("degC", len(ts)),
        "asset": pa.array(["/".join(name.split(".")[:4]) for name in all_names]).take(pa.array(tag)),
        "src_topic": pa.repeat("plant.readings", len(ts)),
        "src_partition": pa.array(tag % 8, pa.int32()),
        "src_offset": pa.array(np.arange(len(ts)) // 8),
        "src_index": pa.repeat(pa.scalar(0, pa.int32()), len(ts)),
        "ingested_at": pa.array(ts + 1_500_000, pa.timestamp("us", "UTC")),
    }
    columns = [filled[f.name].cast(f.type) if f.name in filled else pa.nulls(len(ts), f.type) for f in schema]
    return pa.table(columns, schema)


def store(table: Table, rows: pa.Table) -> None:
    """Append the rows of each checkpoint as a separate file."""
    checkpoints = _checkpoints(rows)
    while batch := list(islice(checkpoints, _FILES_PER_MANIFEST)):
        with table.transaction() as transaction, transaction.update_snapshot().fast_append() as append:
            for part in batch:
                for file in _dataframe_to_data_files(transaction.table_metadata, part, table.io):
                    append.append_data_file(file)


def _checkpoints(rows: pa.Table) -> Iterator[pa.Table]:
    ts = rows["ts"].cast(pa.int64()).to_numpy()
    edges = int(SINCE.timestamp() * 1e6) + np.arange(0, _DAY_US + 1, CHECKPOINT_S * 1_000_000)
    for start, stop in pairwise(np.searchsorted(ts, edges).tolist()):
        if stop > start:
            yield rows.slice(start, stop - start)
