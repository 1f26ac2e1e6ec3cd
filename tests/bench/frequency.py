"""How many signals of 50 samples a second one slot keeps up with: `just bench frequency`.

The job is grid/frequency_v1 with one slot and one partition. First it works off a topic as fast as it can. Then it gets
samples as they are measured, of as many signals as a share of that rate: the delay of its rows must not grow.
"""

from __future__ import annotations

import math
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Annotated

import msgspec
import typer
from confluent_kafka import Producer
from rich.console import Console

from bench import kept, rounds, topic
from bench.flink import watch
from bench.meter import Meter
from bench.stand import LIMIT_S, Stand, stand
from headrace.environment import iceberg, kafka_topics
from headrace.environment.apply import topic_changes
from headrace.environment.kafka_topics import TopicLayout
from headrace.operations import submission
from headrace.project.paths import Project

RESULTS = Path(__file__).parent / "results"
JOB, SECONDS_TABLE = "grid/frequency_v1", "grid.frequency_1s"
PER_SECOND = 50
SIGNALS = 200
"""Signals of the topic that is worked off."""
COMMIT_S = 5

app = typer.Typer(pretty_exceptions_enable=False)


class Backlog(msgspec.Struct, frozen=True):
    """A topic worked off: its samples, the seconds from the job's start to its end, and the CPU time of Flink."""

    samples: int
    seconds: float
    cpu_s: float


class Live(msgspec.Struct, frozen=True):
    """Samples sent as they are measured. delays: seconds since the start, and how old the newest row was then."""

    signals: int
    seconds: int
    cpu_s: float
    behind_s: float
    delays: list[tuple[float, float]]

    def delay(self, quarter: int) -> float:
        """Return the median delay in a quarter of the time, 1 to 4, in seconds."""
        ends = self.seconds * (quarter - 1) / 4, self.seconds * quarter / 4
        return median(delay for at, delay in self.delays if ends[0] <= at < ends[1])

    @property
    def holds(self) -> bool:
        """Whether rows kept pace in the second half, and the sender did too."""
        return self.delay(4) - self.delay(3) < 1 and self.behind_s < 1


@app.command()
def main(
    seconds: Annotated[
        int, typer.Option(help="Length of the large topic in seconds; the small topic is a fifth as long.")
    ] = 150,
    live: Annotated[int, typer.Option(help="Seconds for which samples are sent as they are measured.")] = 120,
    share: Annotated[float, typer.Option(help="Share of the rate at which they are sent.")] = 0.7,
    results: Annotated[Path, typer.Option(help="Folder for frequency.json and .md.")] = RESULTS,
) -> None:
    """Measure both on a platform of its own, print the page, and write it as JSON and Markdown.

    Exits with 1 if rows fall behind.
    """
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    with rounds.platform(Project.find(Path(__file__)), console.print) as platform:
        console.print("working off topics: the first one to warm up, then a small and a large one")
        _, small, large = (_backlog(platform, each) for each in (seconds // 5, seconds // 5, seconds))
        signals = int(_rate(small, large) * share / PER_SECOND)
        console.print(f"sending {signals:,} signals for {live} s")
        kept_up = _live(platform, signals, live)
    text = page(small, large, kept_up)
    Console(highlight=False, soft_wrap=True).print(text, markup=False)
    made = msgspec.json.encode({"small": small, "large": large, "live": kept_up})
    (results / "frequency.json").write_bytes(msgspec.json.format(made, indent=1) + b"\n")
    (results / "frequency.md").write_text(text, encoding="utf-8")
    raise typer.Exit(0 if kept_up.holds else 1)


def page(small: Backlog, large: Backlog, live: Live) -> str:
    """Return the table as Markdown."""
    rate, cpu_s = _rate(small, large), (large.cpu_s - small.cpu_s) / (large.samples - small.samples) * 1e6
    text = [
        "# Frequency",
        "",
        f"{kept.now()}, {kept.machine()}: `just bench frequency`.",
        "",
        f"`{JOB}` with one slot and one partition. The broker and the sender run on the same cores; their CPU time",
        f"is not counted. A row waits for the lateness of the contract, and for the next commit, each {COMMIT_S} s.",
        "",
        "| | |",
        "| --- | --- |",
        f"| a backlog is worked off at, samples/s | {rate:,.0f} |",
        f"| which is as many signals of {PER_SECOND} samples/s | {rate / PER_SECOND:,.0f} |",
        f"| CPU-seconds per million samples | {cpu_s:.0f} |",
        f"| signals that were sent as they are measured, for {live.seconds} s | {live.signals:,} |",
        f"| cores that were busy with them | {live.cpu_s / live.seconds:.2f} |",
        f"| delay of the newest row in the third quarter, median, s | {live.delay(3):.1f} |",
        f"| and in the last quarter | {live.delay(4):.1f} |",
        f"| rows keep up | {'yes' if live.holds else 'no'} |",
        "",
    ]
    return "\n".join(text)


def _rate(small: Backlog, large: Backlog) -> float:
    return (large.samples - small.samples) / (large.seconds - small.seconds)


def samples(signals: int, seconds: int, start_ms: int) -> Iterator[bytes]:
    """Yield the samples of all signals in order of time; each signal is low for ten seconds in a hundred."""
    for tick in range(seconds * PER_SECOND):
        ts = start_ms + tick * 1000 // PER_SECOND
        for n in range(signals):
            low = (tick // PER_SECOND + n) % 100 < 10
            hz = (49.7 if low else 50.0) + 0.01 * math.sin(tick * 0.7 + n)
            yield b'{"node":"N%d","ts":%d,"hz":%.6f}' % (n, ts, hz)


@contextmanager
def _stand(platform: Project) -> Iterator[Stand]:
    name = f"frequency-{uuid.uuid4().hex[:8]}"
    with stand(platform, platform.home / name, f"{name}-readings", 0) as place:
        contract = place.project.sql / "_sources" / "grid_frequency.yaml"
        contract.write_text(contract.read_text().replace("topic: grid.frequency", f"topic: {name}"))
        topic_changes.apply(place.project, place.settings)
        kafka_topics.create(place.settings.kafka_client(), name, TopicLayout(1))
        often = place.settings.flink.model_copy(update={"checkpoint_interval_s": COMMIT_S})
        yield replace(place, topic=name, settings=place.settings.model_copy(update={"flink": often}))


def _rows(place: Stand) -> int:
    return iceberg.row_count(iceberg.load_table(iceberg.connect(place.settings), SECONDS_TABLE))


def _start(place: Stand, *, bounded: bool) -> str:
    prepared = submission.prepare(place.project, place.settings, JOB, bounded=bounded, parallelism=1)
    return submission.launch(prepared, uuid.uuid4().hex).id


def _backlog(platform: Project, seconds: int) -> Backlog:
    """Work off a topic; raise RuntimeError if a row is missing."""
    with _stand(platform) as place, Meter() as meter:
        topic.send(place.settings.kafka_client(), place.topic, samples(SIGNALS, seconds, topic.START_MS), 1)
        watch(place, meter)
        job = _start(place, bounded=True)
        place.finish(job)
        if (rows := _rows(place)) != SIGNALS * seconds:
            raise RuntimeError(f"{rows:,} rows of {SIGNALS * seconds:,}")
        took = place.cluster.get(f"/jobs/{job}")["duration"] / 1000
    return Backlog(SIGNALS * seconds * PER_SECOND, took, meter.cpu_s)


def _live(platform: Project, signals: int, seconds: int) -> Live:
    """Send for so many seconds, and look each second how many of them are stored for all signals.

    Raises RuntimeError if a sample was not sent.
    """
    with _stand(platform) as place:
        job = _start(place, bounded=False)
        sender = _Sender(place, signals, seconds)
        delays = []
        with Meter() as meter:
            watch(place, meter)
            sender.start()
            while (at := time.time() - sender.began) < seconds:
                delays.append((at, at - _rows(place) / signals))
                time.sleep(1)
        sender.join(LIMIT_S)
        place.cluster.cancel(job)
    if sender.left != 0:
        raise RuntimeError("the sender did not bring all samples to the broker")
    return Live(signals, seconds, meter.cpu_s, sender.behind_s, delays)


class _Sender(threading.Thread):
    """Sends each sample when it is measured.

    behind_s: how late the last one was sent. left: how many did not reach the broker; None if it has not ended well.
    """

    def __init__(self, place: Stand, signals: int, seconds: int) -> None:
        super().__init__(daemon=True)
        self._place, self._signals, self._seconds = place, signals, seconds
        self.began = time.time()
        self.behind_s = 0.0
        self.left: int | None = None

    def run(self) -> None:
        producer = Producer({**self._place.settings.kafka_client(), "linger.ms": 20})
        of_all = samples(self._signals, self._seconds, round(self.began * 1000))
        for tick in range(self._seconds * PER_SECOND):
            due = self.began + tick / PER_SECOND
            time.sleep(max(0.0, due - time.time()))
            for payload in islice(of_all, self._signals):
                producer.produce(self._place.topic, payload, partition=0)
            producer.poll(0)
            self.behind_s = time.time() - due
        self.left = producer.flush(30)


if __name__ == "__main__":
    app()
