"""The contenders that are separate programs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec

from bench import sparkhome
from bench.meter import Meter
from bench.stand import LIMIT_S, SLOTS, Stand
from bench.topic import PARTITIONS
from headrace.environment.catalog_types import SqliteCatalog


class Task(msgspec.Struct, frozen=True):
    """The only argument of a program, as JSON."""

    project: str
    home: str
    topic: str
    kafka: dict[str, str]
    catalog: str
    tables: dict[str, str]
    warehouse: str
    path: str
    partitions: list[int]
    slots: int


def loop(stand: Stand, meter: Meter) -> None:
    """Run bench.loop in as many processes as the Flink jobs have slots."""
    shares = [list(range(PARTITIONS))[slot::SLOTS] for slot in range(SLOTS)]
    _run(stand, meter, [[sys.executable, "-m", "bench.loop", _task(stand, share)] for share in shares])


def spark(stand: Stand, meter: Meter) -> None:
    """Run bench.spark_stream with as many cores as the Flink jobs have slots."""
    python = sparkhome.python()
    _run(stand, meter, [[str(python), "-m", "bench.spark_stream", _task(stand, list(range(PARTITIONS)))]])


def _task(stand: Stand, partitions: list[int]) -> str:
    catalog = stand.settings.catalog
    assert isinstance(catalog, SqliteCatalog)
    task = Task(
        project=str(stand.project.root),
        home=str(stand.project.home),
        topic=stand.topic,
        kafka=stand.settings.kafka_client(),
        catalog=catalog.name,
        tables=catalog.pyiceberg(),
        warehouse=catalog.warehouse,
        path=catalog.path,
        partitions=partitions,
        slots=SLOTS,
    )
    return msgspec.json.encode(task).decode()


def _run(stand: Stand, meter: Meter, commands: list[list[str]]) -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), "OMP_NUM_THREADS": "1"}
    log = stand.project.root / "program.log"
    started = []
    try:
        with log.open("wb") as output:
            for command in commands:
                program = subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT)
                meter.watch(program.pid)
                started.append(program)
            for program in started:
                program.wait(LIMIT_S)
    finally:
        for program in started:
            program.kill()
            program.wait()
    if any(program.returncode for program in started):
        raise RuntimeError(f"{commands[0][2]} failed:\n{log.read_text(errors='replace')[-4000:]}")
