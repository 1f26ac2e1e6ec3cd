"""Kafka to Iceberg with PySpark Structured Streaming: the line's decoder as a pandas UDF, both tables by foreachBatch.

A decoded batch is cached, so that decoding runs once for two tables. Iceberg is set not to sort before it writes,
because neither Flink's sink nor the loop sorts.
"""

# PySpark is not in the environment that mypy sees.
# mypy: disable-error-code="import-not-found, untyped-decorator"

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pandas as pd
import pyspark.sql.functions as f
from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import (
    BooleanType,
    DataType,
    DoubleType,
    LongType,
    StringType,
    StructField,
    StructType,
    TimestampType,
)

from bench import sparkhome
from bench.programs import Task
from bench.stand import DEAD_LETTERS, READINGS
from headrace.project import source_files
from headrace.project.paths import Project
from headrace_udfs.messages import Messages
from headrace_udfs.pipeline import ERRORS, Pipeline
from headrace_udfs.types import ContractType

RECORDS_PER_BATCH = 1_000_000

_TYPES: dict[ContractType, DataType] = {
    "string": StringType(),
    "double": DoubleType(),
    "long": LongType(),
    "boolean": BooleanType(),
    "timestamp": TimestampType(),
}


def session(task: Task) -> SparkSession:
    """Return a session in one JVM, with the task's catalog under its own name."""
    os.environ["PYSPARK_PYTHON"] = sys.executable
    catalog = f"spark.sql.catalog.{task.catalog}"
    options = {
        "spark.jars": ",".join(map(str, sparkhome.jars())),
        "spark.driver.memory": "3g",
        "spark.ui.enabled": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.execution.arrow.maxRecordsPerBatch": "10000",
        "spark.local.dir": f"{task.project}/spark",
        catalog: "org.apache.iceberg.spark.SparkCatalog",
        f"{catalog}.catalog-impl": "org.apache.iceberg.jdbc.JdbcCatalog",
        f"{catalog}.uri": f"jdbc:sqlite:{task.path}",
        f"{catalog}.jdbc.schema-version": "V1",
        f"{catalog}.warehouse": task.warehouse,
    }
    builder = SparkSession.builder.master(f"local[{task.slots}]")
    for key, value in options.items():
        builder = builder.config(key, value)
    return builder.getOrCreate()


def main(task: Task) -> None:
    """Read the topic up to its present end."""
    spark = session(task)
    pipeline = Pipeline(source_files.load(Project(Path(task.project), Path(task.home)), "plant_readings"))
    columns = {**pipeline.columns, **ERRORS}
    row = StructType([StructField(name, _TYPES[kind]) for name, kind in columns.items()])

    @f.pandas_udf(row)
    def decode(batches: Iterator[pd.Series]) -> Iterator[pd.DataFrame]:
        pipeline.open(lambda _name, _n: None)
        for payloads in batches:
            yield pipeline.run(Messages(payloads.tolist())).batch.to_pandas()

    def store(batch: DataFrame, _number: int) -> None:
        batch.persist(StorageLevel.MEMORY_AND_DISK)
        for table, rows in ((READINGS, _good(batch)), (DEAD_LETTERS, _dead(batch))):
            written = rows.writeTo(f"{task.catalog}.{table}").option("fanout-enabled", "true")
            written.option("use-table-distribution-and-ordering", "false").append()
        batch.unpersist()

    messages = (
        spark.readStream.format("kafka")
        .option("kafka.bootstrap.servers", task.kafka["bootstrap.servers"])
        .option("subscribe", task.topic)
        .option("startingOffsets", "earliest")
        .option("maxOffsetsPerTrigger", RECORDS_PER_BATCH)
        .load()
    )
    position = [f.col(name).alias(f"src_{name}") for name in ("topic", "partition", "offset")]
    decoded = messages.select("value", "timestamp", *position, decode("value").alias("record"))
    stream = decoded.writeStream.foreachBatch(store).trigger(availableNow=True)
    stream.option("checkpointLocation", f"{task.project}/spark-checkpoint").start().awaitTermination()
    spark.stop()


def _good(batch: DataFrame) -> DataFrame:
    names = ("tag", "ts", "value", "text", "quality")
    empty = {"unit": "string", "asset": "string"}
    return batch.where("record.err_code is null").select(
        *(f.col(f"record.{name}").alias(name) for name in names),
        *(f.lit(None).cast(kind).alias(name) for name, kind in empty.items()),
        *("src_topic", "src_partition", "src_offset"),
        f.lit(0).alias("src_index"),
        f.current_timestamp().alias("ingested_at"),
    )


def _dead(batch: DataFrame) -> DataFrame:
    return batch.where("record.err_code is not null").select(
        f.col("value").alias("payload"),
        f.col("record.err_code").alias("code"),
        f.col("record.err_msg").alias("message"),
        f.col("record.err_stage").alias("stage"),
        *("src_topic", "src_partition", "src_offset"),
        f.lit(0).alias("src_index"),
        f.col("timestamp").alias("src_ts"),
        f.lit("bench/spark").alias("job"),
        f.lit(1).alias("version"),
        f.current_timestamp().alias("dead_at"),
    )


if __name__ == "__main__":
    main(msgspec.json.decode(sys.argv[1], type=Task))
