"""condition/events_v1: each period in which a tag is over a limit, as one event with a start and an end.

SQL's session windows end at gaps; they cannot express a condition that begins at one limit and ends at another.
"""

from __future__ import annotations

from datetime import timedelta

from pyflink.common import Types
from pyflink.table import Table
from pyflink.table.expressions import col

from table_api import Inputs
from table_api.watches.by_tag import watched
from table_api.watches.event_frames import EventFrames


def tables(inputs: Inputs) -> dict[str, Table]:
    """Return condition.events: one row per period over the limit, once the period has ended."""
    watch = EventFrames(
        start_above=float(inputs.param("start_above")),
        end_below=float(inputs.param("end_below")),
        gap_after=inputs.duration("gap_after") // timedelta(microseconds=1),
    )
    readings = inputs.on_time("plant_readings").where(col("tag").like(str(inputs.param("tags"))))
    frame = {
        "started_at": Types.INSTANT(),
        "ended_at": Types.INSTANT(),
        "duration_s": Types.DOUBLE(),
        "max_value": Types.DOUBLE(),
        "max_at": Types.INSTANT(),
        "mean_value": Types.DOUBLE(),
        "readings": Types.LONG(),
        "closed_by": Types.STRING(),
    }
    return {"condition.events": watched(inputs, readings, watch, frame)}
