"""Sparkplug nodes, an MQTT broker, a bridge into Kafka, and a job that stores what the nodes wrote.

The data of the nodes has aliases alone; what they stand for is in the births. All of it runs in a folder of its own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil

from headrace import local
from headrace.environment import kafka
from headrace.operations.lifecycle import rollback
from headrace.project.paths import Project
from headrace.upkeep import reconcile
from headrace_udfs.sparkplug_sessions import STALE
from support import ROOT
from support.deployments import READINGS, at, deployed, edit, ids, of
from support.services.mqtt import mqtt_broker
from support.services.processes import HOST, serving
from support.sparkplug.nodes import GROUP, EdgeNode, Published
from support.worlds.live_plant import JOB, Plant, plant, until

Value = tuple[str, int, float | None, str | None]
"""Tag, time in milliseconds since 1970, number and text."""

_OF_DEVICES = f"tag like '%/Press/%' and quality <> {STALE}"
NODES, ROUNDS, START_MS, LIMIT_S = 3, 15, 1_764_000_000_000, 60
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
    """Run nodes, broker, bridge and job; print what is stored, and return whether it is what the nodes wrote.

    Between rounds of data, the TaskManager is killed, the job is upgraded, and it is rolled back.
    """
    store_sparkplug(own)
    plant_ = of(own, JOB)
    with ExitStack() as running:
        port = running.enter_context(mqtt_broker(folder))
        running.enter_context(bridged(folder, port, own))
        deployed(plant_)
        nodes = [EdgeNode(f"Edge{n}", port, START_MS, with_aliases=True, seed=n) for n in range(NODES)]
        for node in nodes:
            node.connect()
        sent = _sent(own, 2 * NODES, "the births")
        for what, change in (("kill -9", kill_task_manager), ("upgrade", _upgrade), ("rollback", _back)):
            sent = _driven(own, nodes, sent)
            say(f"{what}: {sent} messages are in Kafka")
            change(plant_)
        sent = _driven(own, nodes, sent)
        for node in nodes:
            node.drop()
        _sent(own, sent + NODES, "the deaths")
        balances = own.follow()
    reconcile.verdict(balances)
    written, stored, alive = written_by(nodes), stored_in(own), alive_in(own)
    say(
        f"{sum(b.records for b in balances)} messages: each is in a table once\n"
        f"{sum(written.values())} values written by {NODES} nodes of {GROUP}, {sum(stored.values())} stored, "
        f"{(written - stored).total()} missing, {(stored - written).total()} others\n"
        f"{len(alive)} tags are not stale, though all nodes have died"
    )
    return written == stored and not alive


def kill_task_manager(own: Plant) -> None:
    """kill -9 the TaskManager, and wait until the job runs on another."""
    (job,) = ids(own)[JOB]
    old = next(each.pid or 0 for each in local.status(own.project) if each.name == "taskmanager")
    psutil.Process(old).kill()
    until(lambda: own.cluster.state(job) != "RUNNING", LIMIT_S)
    until(lambda: own.cluster.state(job) == "RUNNING", 2 * LIMIT_S)


def _upgrade(own: Plant) -> None:
    edit(
        own,
        READINGS,
        "from {{ source('plant_readings') }}",
        "from {{ source('plant_readings') }} where src_offset > -1",
    )
    deployed(own)


def _back(own: Plant) -> None:
    with at(own) as context:
        rollback.rollback(context, JOB)


def _driven(own: Plant, nodes: list[EdgeNode], sent: int) -> int:
    for node in nodes:
        node.drive(ROUNDS)
    return _sent(own, sent + ROUNDS * len(nodes), "the data")


def _sent(own: Plant, count: int, what: str) -> int:
    until(lambda: messages(own) >= count, LIMIT_S, lambda: f"{what} in Kafka")
    return count


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
    warnings.simplefilter("ignore")  # what libraries say is not for those who look at a demo
    with tempfile.TemporaryDirectory(prefix="headrace-sparkplug-") as name:
        folder = Path(name)
        os.environ["HEADRACE_HOME"] = str(folder / "home")
        os.environ.setdefault("FLINK_HOME", str(ROOT / ".headrace" / "flink"))
        project = Project.find(ROOT)
        local.up(project, say)
        try:
            (folder / "plant").mkdir()
            with plant(project, folder / "plant") as own:
                is_right = show(own, folder)
                environment = {**os.environ, **own.variables}
                subprocess.run([sys.executable, "-m", "headrace", "query", _SHOWN], env=environment, check=True)
                return 0 if is_right else 1
        finally:
            local.down(project, say)


if __name__ == "__main__":
    sys.exit(main())
