"""Kafka's own batches, read by Kafka's own client with the classes of jobs/java in it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

PROGRAM = Path(__file__).with_name("ReadBatches.java")
JARS = ("flink-sql-connector-kafka", "flink-dist", "iceberg-flink-runtime", "log4j")
LONGEST = 2**24 + 1
KEPT = 2**16
RECORDS = {
    "3:10:-": (3, 10, 0, True),
    "-:-:-": (-1, -1, 0, True),
    "-:0:4": (-1, 0, 1, True),
    "9:65000:50": (9, 65000, 1, True),
    "9:70000:5": (9, 70000, 1, True),
    "9:70000:65000": (9, 70000, 1, True),
    f"-:{LONGEST - 1}:-": (-1, LONGEST - 1, 0, True),
    f"5:{LONGEST}:-": (5, LONGEST, 0, True),
    "4:40000000:3": (4, LONGEST, 1, False),
    f"{KEPT}:1:{KEPT - 12}": (KEPT, 1, 1, True),
    f"{KEPT + 2}:-:9": (KEPT + 1, -1, 1, False),
    "20000000:7:4": (KEPT + 1, 7, 1, False),
    "-:-:20000000": (-1, -1, 1, False),
    f"8:0:{KEPT}": (8, 0, 1, False),
    "20000000:40000000:20000000": (KEPT + 1, LONGEST, 1, False),
    "-:1:-": (-1, 1, 0, True),
}
"""How a record is written, as key:value:header in bytes; how it is read: the lengths of key and value, the number of
headers, and whether all bytes are the same."""


def line(n: int, written: str) -> str:
    key, value, headers, same = RECORDS[written]
    header = written.rpartition(":")[2]
    cut = header != "-" and int(header) >= KEPT
    return f"{7 + n} {1000 + n} {key} {value} {headers}{' headrace.headers.cut' * cut}{' same' * same}"


READ = [line(n, written) for n, written in enumerate(RECORDS)]


@pytest.fixture(scope="module")
def read() -> dict[str, list[str]]:
    """Return a line for each record that was read, by the compression and the message format of the batch."""
    jars = (str(jar) for jar in (Path(os.environ["FLINK_HOME"]) / "lib").iterdir() if jar.name.startswith(JARS))
    java = ["java", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", ":".join(jars), str(PROGRAM)]
    result = subprocess.run([*java, *RECORDS], capture_output=True, text=True, check=False, timeout=60)
    assert result.returncode == 0, result.stderr
    return dict(batches(result.stdout.splitlines()))


def batches(lines: list[str]) -> Iterator[tuple[str, list[str]]]:
    starts = [n for n, line in enumerate(lines) if line[0].isalpha()]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        yield lines[start], lines[start + 1 : end]


@pytest.mark.parametrize("compression", ["gzip", "snappy", "lz4", "zstd"])
def test_a_record_has_a_bounded_length_whatever_it_becomes_when_it_is_decompressed(
    compression: str, read: dict[str, list[str]]
) -> None:
    assert read[f"{compression} 2"] == READ


def test_records_of_an_older_message_format_pass_unchanged(read: dict[str, list[str]]) -> None:
    assert read["gzip 1"] == ["7 1000 3 10 0 same", "8 1001 -1 100000 0 same"]
