"""Of several versions of models that have scored the same time of a tag, the newest one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

Times = Mapping[tuple[str, str], tuple[int, int]]
"""The first and the last time that a model has scored a tag, by tag and model; microseconds since 1970, UTC."""


def rank(model: str) -> tuple[int, str]:
    """Return a key that sorts versions of models, name@version, from the oldest to the newest."""
    name, _, version = model.rpartition("@")
    return (int(version) if version.isdecimal() else 0, name or model)


def scored(rows: pa.Table) -> Times:
    """Return the times that `rows` (tag, model, ts) cover."""
    found = rows.group_by(["tag", "model"]).aggregate([("ts", "min"), ("ts", "max")])
    times = (found[name].cast(pa.int64()).to_pylist() for name in ("ts_min", "ts_max"))
    keys = zip(found["tag"].to_pylist(), found["model"].to_pylist(), strict=True)
    return dict(zip(keys, zip(*times, strict=True), strict=True))


def bands(rows: pa.Table) -> pa.Table:
    """Return the bands (columns as in BANDS) of the newest model at each time, in their order.

    An older model's band has a gap where a newer one has scored the tag before and after.
    """
    times = scored(rows)
    if len(times) == len({tag for tag, _ in times}):
        return rows
    ts = np.asarray(rows["ts"].cast(pa.int64()))
    gone = np.zeros(len(rows), np.bool_)
    for tag, model in times:
        own = pc.and_(pc.equal(rows["tag"], tag), pc.equal(rows["model"], model)).to_numpy()
        for first, last in _newer(times, tag, model):
            gone |= own & (ts >= first) & (ts <= last)
    # Of the rows of a gap, the first is enough.
    kept = ~(gone & np.append(False, gone[:-1]))
    for name in ("expected", "low", "high"):
        values = pc.if_else(pa.array(~gone), rows[name], None)
        rows = rows.set_column(rows.column_names.index(name), name, values)
    return rows.filter(pa.array(kept))


def is_superseded(times: Times, tag: str, model: str, first: int, last: int) -> bool:
    """Return whether a newer model has scored the tag in the time from `first` to `last`, both included."""
    return any(begins <= last and ends >= first for begins, ends in _newer(times, tag, model))


def _newer(times: Times, tag: str, model: str) -> Iterable[tuple[int, int]]:
    return (span for (name, other), span in times.items() if name == tag and rank(other) > rank(model))
