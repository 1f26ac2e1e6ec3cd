"""Measure what Iceberg's writer would take if it were fed with Arrow's columns instead of rows: `just bench columns`.

Flink is not involved: a program in Java reads the streams of the line's workers, and writes files of them.
"""

from __future__ import annotations

import os
import random
import statistics
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import typer
import yaml
from rich.console import Console

from bench import kept, topic
from headrace.project import source_files
from headrace.project.paths import Project
from headrace_udfs.messages import Messages
from headrace_udfs.packs import packed
from headrace_udfs.pipeline import Pipeline
from headrace_udfs.steps import Enrich, Range
from headrace_udfs.streams import Streams
from headrace_udfs.tags import COLUMNS, TagTable

RESULTS = Path(__file__).parents[1] / "results"
PACK = 10_000
WARM_UP = 3
LIMIT_S = 600

app = typer.Typer(pretty_exceptions_enable=False)


class Result(msgspec.Struct, frozen=True):
    """Date, machine, rows of a round, the bytes of the files, and the microseconds of CPU per row of each round."""

    date: str
    machine: str
    rows: int
    megabytes: float
    by_row_us: list[float]
    by_column_us: list[float]


@app.command()
def main(
    messages: Annotated[int, typer.Option(help="Messages of each round.")] = 1_000_000,
    rounds: Annotated[int, typer.Option(help="Rounds after three that warm up.")] = 5,
    results: Annotated[Path, typer.Option(help="Folder for columns.json and .md.")] = RESULTS,
) -> None:
    """Measure the CPU per row, check that both ways write equal files, print the table and write it."""
    project = Project.find(Path(__file__))
    with tempfile.TemporaryDirectory(prefix="headrace-bench-") as folder:
        result = measured(project, Path(folder), messages, rounds)
    (results / "columns.json").write_bytes(msgspec.json.format(msgspec.json.encode(result), indent=1) + b"\n")
    (results / "columns.md").write_text(page(result), encoding="utf-8")
    Console(highlight=False, soft_wrap=True).print(page(result), markup=False)


def page(result: Result) -> str:
    """Return the page as Markdown."""
    lines = [
        "# Columns",
        "",
        f"{result.date}, {result.machine}.",
        f"From the streams of the workers to files of {result.megabytes:.1f} MB, in one thread and without Flink;",
        f"{result.rows:,} rows in each of {len(result.by_row_us)} rounds. Rows, row groups and statistics are equal.",
        "",
        "| Iceberg's writer gets | CPU microseconds per row, median | lowest to highest |",
        "| --- | --- | --- |",
    ]
    for name, us in (("rows", result.by_row_us), ("columns", result.by_column_us)):
        lines.append(f"| {name} | {statistics.median(us):.2f} | {min(us):.2f} to {max(us):.2f} |")
    return "\n".join([*lines, ""])


def measured(project: Project, folder: Path, messages: int, rounds: int) -> Result:
    """Return the result. Raises RuntimeError if the program fails, ValueError if the files differ."""
    streams, written, properties = folder / "streams", folder / "written", folder / "table.properties"
    streams.mkdir()
    rows = sum(_write(streams, messages, project))
    defaults = yaml.safe_load((project.sql / "_tables" / "_defaults.yaml").read_text(encoding="utf-8"))
    properties.write_text("".join(f"{name}={value}\n" for name, value in defaults["properties"].items()))
    jars = os.pathsep.join(map(str, (Path(os.environ["FLINK_HOME"]) / "lib").glob("*.jar")))
    _run(
        [
            "javac",
            "-nowarn",
            "-cp",
            jars,
            "-d",
            str(folder / "classes"),
            *map(str, Path(__file__).parent.glob("*.java")),
        ]
    )
    java = ["java", "-Xmx1g", "--add-opens=java.base/java.nio=ALL-UNNAMED", "-cp", f"{folder / 'classes'}:{jars}"]
    told = _run([*java, "WriteStreams", *map(str, (streams, written, properties, WARM_UP + rounds))])
    spent = [[int(ns) / 1e3 / rows for ns in line.split()] for line in told.splitlines() if line[:1].isdigit()]
    by_row, by_column = zip(*spent[WARM_UP:], strict=True)
    megabytes = _compared(written / "rows", written / "columns") / 1e6
    return Result(kept.now(), kept.machine(), rows, megabytes, [*by_row], [*by_column])


def _write(folder: Path, messages: int, project: Project) -> Iterator[int]:
    """Write the streams of good readings that workers make of the topic of the ingest bench; yield the rows of each."""
    tags = topic.TAGS
    given = [
        tags,
        [f"plant/{tag}"[:14] for tag in tags],
        ["degC"] * len(tags),
        np.zeros(len(tags)),
        np.full(len(tags), 1e3),
    ]
    table = TagTable.of(pa.table(dict(zip(COLUMNS, given, strict=True))))
    pipeline = Pipeline(source_files.load(project, "plant_readings"), [Enrich(table), Range(table)])
    pipeline.open(lambda _name, _n: None)
    workers, values = Streams(pipeline), random.Random(7)  # noqa: S311 - the same rows each time
    for start in range(0, messages, PACK):
        numbers = range(start, min(start + PACK, messages))
        payloads = [
            topic.message(n, topic.START_MS + n * topic.DAY_MS // messages, values.random() * 100) for n in numbers
        ]
        times = np.full(len(payloads), topic.START_MS)
        (good,) = workers.of(
            [packed(0, np.array(numbers), Messages(payloads, topics="plant.readings", times=times))]
        ).good
        (folder / f"{start:012}").write_bytes(good or b"")
        yield len(payloads) - sum(n % topic.CORRUPT_EVERY == topic.CORRUPT_EVERY - 1 for n in numbers)
    pipeline.close()


def _run(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LIMIT_S)
    if done.returncode:
        raise RuntimeError(f"{command[0]} ended with {done.returncode}: {done.stderr[-2000:]}")
    return done.stdout


def _compared(rows: Path, columns: Path) -> int:
    """Return the bytes of the files in one folder. Raises ValueError unless those in the other say the same."""
    files = sorted(path.name for path in rows.iterdir())
    if files != sorted(path.name for path in columns.iterdir()):
        raise ValueError(f"there are {files} in {rows}, and others in {columns}")
    for name in files:
        one, other = pq.ParquetFile(rows / name), pq.ParquetFile(columns / name)
        if not one.read().equals(other.read()):
            raise ValueError(f"{name} has other rows, written by row and by column")
        if one.metadata.to_dict()["row_groups"] != other.metadata.to_dict()["row_groups"]:
            raise ValueError(f"{name} has other row groups or statistics, written by row and by column")
    return sum((rows / name).stat().st_size for name in files)


if __name__ == "__main__":
    app()
