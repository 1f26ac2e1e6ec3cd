"""The module of all jobs of kind score: readings in; their scores, the events of anomalies and alerts out.

Readings travel as packs, one per bucket of tags and batch: a function that is called per reading would cost twenty
times as much. They are packed where they are decoded. A keyed function holds the packs of a bucket until the watermark
has passed their instants.
"""

from __future__ import annotations

from pyflink.table import Table

from table_api import Inputs
from table_api.scoring.by_bucket import scored
from table_api.scoring.rows import rows


def tables(inputs: Inputs) -> dict[str, Table]:
    """Return condition.scores, condition.anomaly_events and the topic anomaly_alerts."""
    (source,) = inputs.sources()
    found = scored(inputs, inputs.condensed(source), inputs.scorer())
    return {
        "condition.scores": rows(inputs, found, "scores"),
        "condition.anomaly_events": rows(inputs, found, "events"),
        "topic/anomaly_alerts": rows(inputs, found, "alerts"),
    }
