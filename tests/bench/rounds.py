"""Run every contender on every topic, in pairs within a round, and check what each has stored."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from bench import flink, programs, topic
from bench.meter import Meter
from bench.stand import Stand, stand
from bench.stored import stored
from headrace import local
from headrace.environment import settings
from headrace.project.paths import Project

Contender = Callable[[Stand, Meter], None]
Progress = Callable[[str], None]

CONTENDERS: Mapping[str, Contender] = {
    "json": flink.json_format,
    "line": flink.line,
    "decode": flink.decode_only,
    "loop": programs.loop,
    "spark": programs.spark,
}


class Run(msgspec.Struct, frozen=True):
    """One contender's way through one topic. `seconds`: see Stored; `whole_s` is from its start to its end."""

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
def platform(root: Project, progress: Progress) -> Iterator[Project]:
    """The project with a platform of its own, which is gone afterwards, data and all."""
    with tempfile.TemporaryDirectory(prefix="headrace-bench-") as home:
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
    """Each round, each contender on the small topic and then on the large one; every other round backwards.

    Round 0 is on the small topic alone and warms up: class loading and compiling are not what is asked.
    """
    client = settings.load(project, "local").kafka_client()
    topics = {size: f"ingest.{size}" for size in sizes}
    for size, name in topics.items():
        progress(f"producing {size:,} messages into {name}")
        topic.fill(client, name, size)
    for number in range(rounds + 1):
        for name in names if number % 2 else reversed(names):
            for size in sizes if number else sizes[:1]:
                made = _one(project, name, topics[size], size, number)
                progress(_told(made))
                yield made


def _one(project: Project, name: str, read: str, messages: int, number: int) -> Run:
    folder = project.home / f"{name}-{number}-{messages}"
    began = time.monotonic()
    with stand(project, folder, read, messages) as made:
        with Meter() as meter:
            CONTENDERS[name](made, meter)
        whole = time.monotonic() - began
        found = stored(made)
    dead = 0 if name == "json" else topic.corrupt(messages)
    good = messages - topic.corrupt(messages)
    fault = None if (found.good, found.dead) == (good, dead) else f"{good:,} good and {dead:,} dead were to be stored"
    return Run(name, number, messages, found.good, found.dead, found.seconds, whole, meter.cpu_s, fault)


def _told(made: Run) -> str:
    rate = made.messages / made.seconds / 1000
    told = f"round {made.round}: {made.contender} {made.messages:,} in {made.seconds:.1f} s ({rate:,.0f} k/s)"
    told += f", {made.cpu_s:.1f} CPU-s; {made.good:,} good, {made.dead:,} dead"
    return f"{told}: VOID, {made.fault}" if made.fault else told
