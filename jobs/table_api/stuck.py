"""condition/stuck_v1: sensors that repeat one value for too long, or send nothing.

SQL sees only readings that arrive; a timer detects that none does.
"""

from __future__ import annotations

from datetime import timedelta

from pyflink.common import Types
from pyflink.table import Table
from pyflink.table.expressions import col

from table_api import Inputs
from table_api.watches.by_tag import watched
from table_api.watches.stuck_or_silent import StuckOrSilent


def tables(inputs: Inputs) -> dict[str, Table]:
    """Return condition.sensor_faults: one row per period in which a tag is stuck or silent, once it is detected."""
    microsecond = timedelta(microseconds=1)
    watch = StuckOrSilent(
        stuck_after=inputs.duration("stuck_after") // microsecond,
        silent_after=inputs.duration("silent_after") // microsecond,
        deadband=float(inputs.param("deadband")),
    )
    readings = inputs.on_time("plant_readings").where(col("tag").like(str(inputs.param("tags"))))
    fault = {
        "kind": Types.STRING(),
        "since": Types.INSTANT(),
        "detected_at": Types.INSTANT(),
        "last_value": Types.DOUBLE(),
    }
    return {"condition.sensor_faults": watched(inputs, readings, watch, fault)}
