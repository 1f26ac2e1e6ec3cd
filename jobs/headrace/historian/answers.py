"""Convert results to Arrow tables: times as timestamp[us, UTC], a missing value as null, quality as a StatusCode."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headrace.historian.aggregates.aggregate_input import Values
from headrace.historian.aggregates.states import States
from headrace.historian.read.rows import Rows
from headrace.historian.series.cells import Cells
from headrace.historian.series.points import Floats, Ints
from headrace.historian.series.status import BAD_NO_DATA, Status

_US_PER_S = 1e6
TS = pa.timestamp("us", "UTC")
VALUES = pa.schema([("tag", pa.string()), ("ts", TS), ("value", pa.float64()), ("quality", pa.int64())])
READINGS = VALUES.insert(3, pa.field("text", pa.string()))
AGGREGATED = pa.schema([VALUES.field("tag"), ("aggregate", pa.string()), ("interval", TS), *list(VALUES)[1:]])
STATES = pa.schema(
    [
        ("tag", pa.string()),
        ("interval", TS),
        ("state", pa.string()),
        ("seconds", pa.float64()),
        ("readings", pa.int64()),
        ("entries", pa.int64()),
    ]
)


def values(names: Sequence[str], tag: Ints, ts: Ints, value: Floats, status: Status) -> pa.Table:
    """Return a table of VALUES, one row per item of the arrays; `tag` numbers the tags as in `names`."""
    return pa.table([_names(names, tag), pa.array(ts, TS), _numbers(value), _codes(status)], VALUES)


def readings(rows: Rows, order: Ints) -> pa.Table:
    """Return a table of READINGS: the rows with the indices `order`."""
    return rows.table.take(order).select(READINGS.names).cast(READINGS)


def readings_or_none(rows: Rows, index: Ints) -> pa.Table:
    """Return a table of READINGS with one row per tag: the row with the tag's index, or Bad_NoData if that is -1."""
    taken = rows.table.take(pa.array(index, mask=index < 0))
    quality = pc.fill_null(taken["quality"], int(BAD_NO_DATA))
    columns = [pa.array(rows.names), taken["ts"], taken["value"], taken["text"], quality]
    return pa.table(columns, names=READINGS.names).cast(READINGS)


def aggregated(names: Sequence[str], cells: Cells, name: str, results: Values) -> pa.Table:
    """Return a table of AGGREGATED, one row per cell; `interval` is the label of the cell, `name` the aggregate."""
    columns = [
        _names(names, cells.tag),
        pa.repeat(pa.scalar(name), len(cells)),
        pa.array(cells.label, TS),
        pa.array(results.ts, TS),
        _numbers(results.value),
        _codes(results.status),
    ]
    return pa.table(columns, AGGREGATED)


def in_order(table: pa.Table, tags: Sequence[str], aggregates: Sequence[str]) -> pa.Table:
    """Return the rows sorted by tag, then by aggregate, in the order of these names; the sort is stable."""
    tag, aggregate = (
        pc.index_in(table[column], value_set=pa.array(names, pa.string())).to_numpy().astype(np.int64)
        for column, names in (("tag", tags), ("aggregate", aggregates))
    )
    return table.take(np.argsort(tag * len(aggregates) + aggregate, kind="stable"))


def states(names: Sequence[str], cells: Cells, words: Sequence[str], durations: States) -> pa.Table:
    """Return a table of STATES; `words` are the states by their numbers."""
    columns = [
        _names(names, cells.tag[durations.cell]),
        pa.array(cells.label[durations.cell], TS),
        pa.array(words, pa.string()).take(pa.array(durations.state.astype(np.int64))),
        pa.array(durations.time / _US_PER_S),
        pa.array(durations.readings, pa.int64()),
        pa.array(durations.entries, pa.int64()),
    ]
    return pa.table(columns, STATES)


def _names(names: Sequence[str], tag: Ints) -> pa.Array:
    return pa.array(names, pa.string()).take(pa.array(tag))


def _numbers(value: Floats) -> pa.Array:
    return pa.array(value, mask=np.isnan(value))


def _codes(status: Status) -> pa.Array:
    return pa.array(status.astype(np.int64))
