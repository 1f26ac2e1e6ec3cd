"""Names with a meaning to the engine: its own tables, and the columns of a record's position."""

from __future__ import annotations

READINGS = "historian.readings"
TAGS = "historian.tags"
DEAD_LETTERS = "historian.dead_letters"
MARKERS = "historian.markers"
LATE_READINGS = "historian.late_readings"
DEPLOYMENTS = "historian.deployments"
DIRTY_WINDOWS = "historian.dirty_windows"
COMPLETENESS = "historian.completeness"
LAST_SEEN = "historian.last_seen"
DELETED_ROWS = "historian.deleted_rows"
SCORES = "condition.scores"
ANOMALY_EVENTS = "condition.anomaly_events"
ANOMALY_NOTES = "condition.anomaly_notes"
ASSET_STATES = "condition.asset_states"

INGESTED_AT = "ingested_at"
"""The column with the time at which a reading was taken in."""
POSITION = ("src_topic", "src_partition", "src_offset", "src_index")
"""A record's position: topic, partition, offset, and its number within the message."""
ARRIVAL = (INGESTED_AT, *POSITION)
"""The order in which readings of the same time were received; a null comes before everything else."""
