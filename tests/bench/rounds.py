"""Run every contender on every topic, in pairs within a round, and check what each one has stored."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import msgspec
import yaml

from bench import flink, programs, topic
from bench.connect import sink
from bench.meter import Meter
from bench.stand import Stand, stand
from bench.stored import stored
from headrace import local
from headrace.environment import settings
from headrace.local import flink as flink_cluster
from headrace.local.layout import Layout
from headrace.local.ports import Ports
from headrace.project.paths import Project

Contender = Callable[[Stand, Meter], None]
Progress = Callable[[str], None]

CONTENDERS: Mapping[str, Contender] = {
    "json": flink.json_format,
    "line": flink.line,
    "decode": flink.decode_only,
    "loop": programs.loop,
    "spark": programs.spark,
    "connect": sink.connect,
}


class Run(msgspec.Struct, frozen=True):
    """One run of a contender over a topic. `seconds`: see Stored; `whole_s` is from its start to its end."""

    contender: str
    round: int
    messages: int
    good: int
    dead: int
    seconds: float
    whole_s: float
    cpu_s: float
    fault: str | None


@contextmanager
def platform(root: Project, progress: Progress, options: Mapping[str, object] | None = None) -> Iterator[Project]:
    """Yield the project with a separate platform, which is removed afterwards with its data.

    Also if the process gets a SIGTERM: the platform's processes would go on without it. options: more of Flink's.
    """
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    known = flink_cluster.configure

    def configure(layout: Layout, ports: Ports) -> None:
        known(layout, ports)
        path = layout.flink_conf / "config.yaml"
        path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), **(options or {})}, width=10_000))

    with (
        mock.patch.object(flink_cluster, "configure", configure),
        tempfile.TemporaryDirectory(prefix="headrace-bench-") as home,
    ):
        project = Project(root.root, Path(home))
        os.environ.setdefault("FLINK_HOME", str(root.root / ".headrace" / "flink"))
        local.up(project, progress)
        try:
            yield project
        finally:
            local.down(project, progress)


def run(
    project: Project, names: Sequence[str], sizes: tuple[int, int], rounds: int, progress: Progress
) -> Iterator[Run]:
    """Run, in each round, each contender on the small topic and then on the large one; every other round backwards.

    Round 0 is on the small topic only and warms up: class loading and compiling are not to be measured.
    """
    client = settings.load(project, "local").kafka_client()
    topics = {size: f"ingest.{size}" for size in sizes}
    for size, name in topics.items():
        progress(f"producing {size:,} messages into {name}")
        topic.fill(client, name, size)
    for number in range(rounds + 1):
        for name in names if number % 2 else reversed(names):
            for size in sizes if number else sizes[:1]:
                result = _one(project, name, topics[size], size, number)
                progress(_line(result))
                yield result


def _one(project: Project, name: str, topic_name: str, messages: int, number: int) -> Run:
    folder = project.home / f"{name}-{number}-{messages}"
    began = time.monotonic()
    with stand(project, folder, topic_name, messages) as place:
        with Meter() as meter:
            CONTENDERS[name](place, meter)
        whole = time.monotonic() - began
        counts = stored(place)
    dead = 0 if name in ("json", "connect") else topic.corrupt(messages)
    good = messages - topic.corrupt(messages)
    fault = None if (counts.good, counts.dead) == (good, dead) else f"{good:,} good and {dead:,} dead were expected"
    return Run(name, number, messages, counts.good, counts.dead, counts.seconds, whole, meter.cpu_s, fault)


def _line(result: Run) -> str:
    rate = result.messages / result.seconds / 1000
    text = f"round {result.round}: {result.contender} {result.messages:,} in {result.seconds:.1f} s ({rate:,.0f} k/s)"
    text += f", {result.cpu_s:.1f} CPU-s; {result.good:,} good, {result.dead:,} dead"
    return f"{text}: VOID, {result.fault}" if result.fault else text
