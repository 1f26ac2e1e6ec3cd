"""The module of all jobs of kind score: readings in; their scores, the events of anomalies and alerts out.

Readings travel as packs, one per bucket of tags and batch: a function that is called per reading would cost twenty
times as much. A keyed function holds the packs of a bucket until the watermark has passed their instants.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pyflink.table import Table
from pyflink.table.expressions import call_sql, col

from headrace_udfs.scoring.stream import Scorer
from headrace_udfs.status_codes import SEVERITY
from table_api import Inputs
from table_api.scoring.by_bucket import scored
from table_api.scoring.packing import packs
from table_api.scoring.rows import rows

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def tables(inputs: Inputs) -> dict[str, Table]:
    """Return condition.scores, condition.anomaly_events and the topic anomaly_alerts."""
    card = inputs.model_card()
    from_us = (datetime.fromisoformat(card["until"]) - _EPOCH) // timedelta(microseconds=1)
    scorer = Scorer(inputs.model_pin(), inputs.model(), int(card["every_us"]), from_us)
    (source,) = inputs.sources()
    readings = inputs.on_time(source).select(
        col("tag"),
        call_sql("EXTRACT(EPOCH FROM ts) * 1000000 + EXTRACT(MICROSECOND FROM ts)").alias("ts"),
        col("value"),
        (col("quality") < SEVERITY["uncertain"]).alias("good"),
        (col("src_offset") * 65536 + col("src_index")).alias("place"),
        col("event_time"),
    )
    found = scored(inputs, packs(inputs, readings, scorer), scorer)
    return {
        "condition.scores": rows(found, "scores"),
        "condition.anomaly_events": rows(found, "events"),
        "topic/anomaly_alerts": rows(found, "alerts"),
    }
