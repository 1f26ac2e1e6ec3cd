"""Score stored readings again, in one process and without Flink."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
from pyiceberg.io.pyarrow import schema_to_pyarrow

from bench.score_cost import plant
from bench.stand import READINGS, Stand, stand
from headrace.environment import iceberg
from headrace.historian.historian import Historian
from headrace.historian.models import replay
from headrace.project.paths import Project
from headrace_udfs.scoring import tables
from headrace_udfs.scoring.model import Model
from headrace_udfs.scoring.score_rows import ScoreRows
from headrace_udfs.scoring.stream import Scorer


class Again(msgspec.Struct, frozen=True):
    """CPU seconds per million readings: to read them as `headrace history` does, and to read and score them."""

    readings: int
    read_s: float
    whole_s: float


def run(platform: Project, model: Model, size: int) -> Again:
    """Store the readings of that many instants, and score them."""
    count = size * len(model.tags)
    folder: Path = platform.home / "again"
    with stand(platform, folder, "none", count) as place:
        store(place, model, size)
        historian = Historian.open(place.settings)
        scorer = plant.scorer(model)
        since = datetime.fromtimestamp(plant.START_US / 1e6, UTC)
        until = since + timedelta(microseconds=size * plant.EVERY_US)
        began = time.process_time()
        for _ in historian.stream([tag.name for tag in model.tags], since, until):
            pass
        between = time.process_time()
        rows = list[pa.Table]()
        keep = partial(_keep, scorer, rows)
        replay.replay(scorer, historian, (since, until), until, lambda _: None, keep=keep)
        ended = time.process_time()
    if (made := sum(map(len, rows))) != count:
        raise RuntimeError(f"{made:,} scores of {count:,} readings")
    return Again(count, (between - began) / count * 1e6, (ended - between) / count * 1e6)


def _keep(scorer: Scorer, rows: list[pa.Table], some: ScoreRows) -> None:
    rows.append(tables.score_table(scorer, some))


def store(place: Stand, model: Model, size: int) -> None:
    """Append the readings of that many instants to the stand's historian.readings, as the line stores them."""
    times, values = zip(*plant.instants(size, len(model.tags) // plant.TAGS_OF_A_LINE), strict=True)
    at = np.repeat(np.array(times), len(model.tags))
    table = iceberg.load_table(iceberg.connect(place.settings), READINGS)
    schema = schema_to_pyarrow(table.schema(), include_field_ids=False)
    known = {
        "tag": pa.array(np.tile(np.array([tag.name for tag in model.tags], object), size), pa.string()),
        "ts": pa.array(at).cast(pa.timestamp("us", "UTC")),
        "value": np.concatenate(values),
        "src_offset": np.arange(len(at)),
        "src_topic": np.full(len(at), "none", object),
    }
    empty = {field.name: pa.nulls(len(at), field.type) for field in schema if field.nullable}
    zero = {field.name: pa.array(np.zeros(len(at), np.int64)).cast(field.type) for field in schema
            if not field.nullable and field.name not in known}  # fmt: skip
    columns = {**empty, **zero, **known}
    rows = pa.Table.from_arrays([pa.array(columns[each.name]).cast(each.type) for each in schema], schema=schema)
    table.append(rows.sort_by([("tag", "ascending"), ("ts", "ascending")]))
