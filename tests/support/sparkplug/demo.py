"""Sparkplug nodes, an MQTT broker, a bridge into Kafka, and a job that stores what the nodes wrote.

The data of the nodes has aliases alone; what they stand for is in the births. All of it runs in a folder of its own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from headrace import local
from headrace.environment import kafka
from headrace.project.paths import Project
from headrace.upkeep import reconcile
from headrace_udfs.sparkplug_sessions import STALE
from support import ROOT
from support.services.mqtt import mqtt_broker
from support.services.processes import HOST, serving
from support.sparkplug.nodes import GROUP, EdgeNode, Published
from support.worlds.live_plant import JOB, Plant, plant, until

Value = tuple[str, int, float | None, str | None]
"""Tag, time in milliseconds since 1970, number and text."""

_OF_DEVICES = f"tag like '%/Press/%' and quality <> {STALE}"
NODES, ROUNDS, START_MS, LIMIT_S = 3, 40, 1_764_000_000_000, 60
SELECT = """
select tag, ts, `value`, text, quality, cast(null as string) as unit, cast(null as string) as asset, {{ src() }},
    current_timestamp as ingested_at
from {{ source('plant_readings') }}
"""


def store_sparkplug(own: Plant) -> None:
    """Make the plant's topic one of Sparkplug, whose readings its job stores as they come."""
    sql = own.project.sql
    (sql / "_sources" / "plant_readings.yaml").write_text(f"preset: sparkplug_b\ntopic: {own.topic}\n")
    job = sql / JOB / "job.yaml"
    job.write_text(job.read_text().replace("steps: [enrich, range]\n", "").replace(", table/historian.tags", ""))
    (sql / JOB / "historian.readings.sql.j2").write_text(SELECT)
    shutil.rmtree(sql / JOB / "tests", ignore_errors=True)


@contextmanager
def bridged(folder: Path, port: int, own: Plant) -> Iterator[None]:
    """Run the bridge from the broker at `port` into the plant's topic."""
    log = folder / "bridge.log"
    command = [sys.executable, "-m", "support.sparkplug.bridge", "--mqtt", f"{HOST}:{port}"]
    servers = own.settings.kafka_client()["bootstrap.servers"]
    command += ["--kafka", servers, "--topic", own.topic]
    with serving(command, log, lambda: b"bridging" in log.read_bytes(), {"PYTHONPATH": str(ROOT / "tests")}):
        yield


def written_by(nodes: list[EdgeNode]) -> Counter[Value]:
    """Return how often the nodes wrote each value."""
    return Counter(_value(each) for node in nodes for each in node.published)


def _value(of: Published) -> Value:
    is_text = isinstance(of.value, str)
    return of.tag, of.ts, None if is_text else float(of.value or 0), of.value if is_text else None  # type: ignore[return-value]


def stored_in(own: Plant) -> Counter[Value]:
    """Return the same of what is stored of their devices, but for what deaths say."""
    return Counter(own.query(f"select tag, epoch_ms(ts), value, text from historian.readings where {_OF_DEVICES}"))


def alive_in(own: Plant) -> list[str]:
    """Return the tags whose last reading is not that of a death."""
    last = "select tag, arg_max(quality, src_offset) as quality from historian.readings group by tag, src_partition"
    return [tag for (tag,) in own.query(f"select tag from ({last}) where quality <> {STALE} order by tag")]


def show(own: Plant, folder: Path) -> bool:
    """Run nodes, broker, bridge and job; print what is stored, and return whether it is what the nodes wrote."""
    store_sparkplug(own)
    with ExitStack() as running:
        port = running.enter_context(mqtt_broker(folder))
        running.enter_context(bridged(folder, port, own))
        own.submit(parallelism=1)
        nodes = [EdgeNode(f"Edge{n}", port, START_MS, with_aliases=True, seed=n) for n in range(NODES)]
        for node in nodes:
            node.connect()
        until(lambda: messages(own) >= 2 * NODES, LIMIT_S, lambda: "the births in Kafka")
        for node in nodes:
            node.drive(ROUNDS)
        until(lambda: messages(own) >= (2 + ROUNDS) * NODES, LIMIT_S, lambda: "the data in Kafka")
        for node in nodes:
            node.disconnect()
        until(lambda: messages(own) >= (3 + ROUNDS) * NODES, LIMIT_S, lambda: "the deaths in Kafka")
        balances = own.follow()
    reconcile.verdict(balances)
    written, stored, alive = written_by(nodes), stored_in(own), alive_in(own)
    subprocess.run([sys.executable, "-m", "headrace", "query", _SHOWN], env={**os.environ, **own.variables}, check=True)
    sys.stdout.write(
        f"{sum(b.records for b in balances)} messages: each is in a table once\n"
        f"{sum(written.values())} values written by {NODES} nodes of {GROUP}, {sum(stored.values())} stored, "
        f"{(written - stored).total()} missing, {(stored - written).total()} others\n"
        f"{len(alive)} tags are not stale, though all nodes have died\n"
    )
    return written == stored and not alive


_SHOWN = """
select tag, count(*) as readings, min(value) as low, max(value) as high, max(text) as words,
    count(*) filter (quality >= 2147483648) as bad
from historian.readings group by tag order by tag
"""


def messages(own: Plant) -> int:
    """Return how many messages the topic has."""
    return sum(each.end - each.first for each in kafka.offset_ranges(own.settings.kafka_client(), own.topic).values())


def say(line: str) -> None:
    """Print a line."""
    sys.stdout.write(f"{line}\n")


def main() -> int:
    """Run the demo on a platform of its own; 0 if what is stored is what the nodes wrote."""
    with tempfile.TemporaryDirectory(prefix="headrace-sparkplug-") as name:
        folder = Path(name)
        os.environ["HEADRACE_HOME"] = str(folder / "home")
        os.environ.setdefault("FLINK_HOME", str(ROOT / ".headrace" / "flink"))
        project = Project.find(ROOT)
        local.up(project, say)
        try:
            (folder / "plant").mkdir()
            with plant(project, folder / "plant") as own:
                return 0 if show(own, folder) else 1
        finally:
            local.down(project, say)


if __name__ == "__main__":
    sys.exit(main())
