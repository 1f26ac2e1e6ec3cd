"""What Kafka's source assigns to its readers after a restart, and when it says that there is no more."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

PROGRAM = Path(__file__).with_name("AssignPartitions.java")
JARS = ("flink-sql-connector-kafka", "flink-dist", "log4j")


def test_a_restored_source_that_ends_tells_its_readers_so_once() -> None:
    jars = (str(jar) for jar in (Path(os.environ["FLINK_HOME"]) / "lib").iterdir() if jar.name.startswith(JARS))
    java = ["java", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", ":".join(jars), str(PROGRAM)]
    done = subprocess.run(java, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert dict(line.split(": ", 1) for line in done.stdout.splitlines() if ": " in line) == {
        "ends, all assigned": "no more",
        "ends, one assigned": "1 assigned, no more",
        "ends, not started": "2 assigned, no more",
        "goes on, all assigned": "",
    }
