"""Write Java's archive of the classes that a job loads where it is planned and where it runs.

`python -m headrace.planner.class_archive FILE` is a step of the set-up: Java plans a job, runs it, and writes the
classes that it loaded into FILE. Without it, Java reads and verifies each class again (`environment/java_classes.py`).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from headrace.planner import compiled_plan, session
from headrace.planner.in_process.minicluster import MiniCluster
from headrace.project.paths import Project
from headrace_udfs import flink_sql_functions

# The shapes that jobs have: sinks that share a read, a window, a state, a Python function, an upsert, Iceberg, JSON,
# Kafka.
_TABLES = """
    CREATE CATALOG lake WITH ('type' = 'iceberg', 'catalog-type' = 'hadoop', 'warehouse' = '{folder}');
    CREATE DATABASE lake.plant;
    CREATE TABLE lake.plant.minutes (tag STRING, ends TIMESTAMP_LTZ(6), mean DOUBLE);
    CREATE TABLE readings (tag STRING, number DOUBLE, ts TIMESTAMP_LTZ(3), WATERMARK FOR ts AS ts - INTERVAL '1' SECOND)
        WITH ('connector' = 'datagen', 'number-of-rows' = '100');
    CREATE TABLE topic (tag STRING, number DOUBLE, readings BIGINT, PRIMARY KEY (tag) NOT ENFORCED)
        WITH ('connector' = 'upsert-kafka', 'topic' = 'latest', 'properties.bootstrap.servers' = 'localhost:1',
            'key.format' = 'json', 'value.format' = 'json');
    CREATE TABLE latest (tag STRING, number DOUBLE, readings BIGINT) WITH ('connector' = 'blackhole')
"""
_MINUTES = """
    INSERT INTO lake.plant.minutes
    SELECT tag, CAST(window_end AS TIMESTAMP_LTZ(6)), DEW_POINT(AVG(number) FILTER (WHERE number > 0), 50)
    FROM TABLE(TUMBLE(TABLE readings, DESCRIPTOR(ts), INTERVAL '1' MINUTE)) GROUP BY tag, window_start, window_end
"""
_LATEST = """
    INSERT INTO {sink} SELECT tag, MAX(number), COUNT(*) FROM (
        SELECT *, ROW_NUMBER() OVER (PARTITION BY tag ORDER BY ts DESC) AS nth FROM readings WHERE UPPER(tag) <> 'A'
    ) WHERE nth = 1 GROUP BY tag
"""


def write(path: Path) -> None:
    """Load the classes in Java, which writes the archive when it exits, after this process."""
    path.unlink(missing_ok=True)
    os.environ["JVM_ARGS"] = f"-XX:ArchiveClassesAtExit={path} -Xlog:cds=off -Xlog:cds+dynamic=off"
    project = Project.find()
    with MiniCluster(project) as cluster:
        options = {**cluster.options, "table.exec.iceberg.use-v2-sink": "true"}
        environment = session.create_environment(project, options)
        environment.create_temporary_system_function("DEW_POINT", flink_sql_functions.scalar_functions()["dew_point"])
        for statement in _TABLES.format(folder=cluster.folder).split(";"):
            environment.execute_sql(statement)
        compiled_plan.from_statements(_inserts(environment, "topic"))
        _inserts(environment, "latest").execute().wait()


def _inserts(environment, sink: str):  # type: ignore[no-untyped-def]
    statements = environment.create_statement_set()
    statements.add_insert_sql(_MINUTES)
    statements.add_insert_sql(_LATEST.format(sink=sink))
    return statements


if __name__ == "__main__":
    write(Path(sys.argv[1]))
