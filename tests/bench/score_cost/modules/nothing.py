"""condition.scores without rows, which Flink finds out reading by reading."""

from __future__ import annotations

from pyflink.table import Table
from pyflink.table.expressions import col, lit


def nothing(readings: Table) -> dict[str, Table]:
    """Return the sink's columns of no reading. All columns that a score job reads are read."""
    none = readings.where((col("value") > 1e300) & (col("quality") < 0) & (col("src_offset") < 0))
    unknown = [lit(1.0).alias(name) for name in ("score", "expected", "low", "high")]
    model, anomaly = lit("none@1").alias("model"), lit(False).alias("anomaly")
    texts = [col("tag").alias(name) for name in ("cause", "none_because")]
    return {"condition.scores": none.select(col("tag"), col("ts"), model, *unknown, anomaly, *texts)}
