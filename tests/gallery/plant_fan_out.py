"""Five uses of one topic: as five jobs, and as one job with all their sinks. How often is it read, at which cost?

The five are jobs of the project. The one is made of their files, in the copy of the project that is run.
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd
import yaml

from bench import rounds
from gallery import stand, turbines
from gallery.kit import Tables, Verdict, same
from gallery.run import Result
from headrace.environment.flink_rest import Cluster
from headrace.project.paths import Project

JOB = "plant/fan_out_v1"

FIVE = (
    "historian/readings_v1",
    "historian/rollup_1m_v1",
    "historian/twin_v1",
    "condition/overheat_v1",
    "condition/spikes_v1",
)
TABLES = (
    "historian.readings",
    "historian.rollup_1m",
    "historian.twin",
    "condition.overheats",
    "condition.spikes",
)


def run(root: Project, progress: Callable[[str], None]) -> Result:
    """Run both on the demo's power by the minute, which has hours with spikes: to warm up, with data, and without."""
    with rounds.platform(root, progress) as platform:
        first = _stand(root, platform)
        progress("writing its data")
        feeds = turbines.write(first.folder, "active_power", minutes=1, days=18)
        stand.prepare(first, feeds)
        records = stand.send(first, feeds)

        def costs(round_: str) -> tuple[Tables, Tables, float, float]:
            one, five = _stand(root, platform), _stand(root, platform)
            progress(f"running one job and five jobs, {round_}")
            return one, five, stand.to_the_end(one, JOB), sum(stand.to_the_end(five, job) for job in FIVE)

        costs("to warm up")
        one, five, of_one, of_five = costs("with the data")
        progress("judging")
        verdicts = [_sources(one), *_rows(one, five, turbines.sent(first))]
        rows = {table: int(one.frame(f"select count(*) as rows from {table}")["rows"].iloc[0]) for table in TABLES}
        stand.empty(first, feeds)
        *_, start_of_one, start_of_five = costs("without the data")
    each = [1e6 * max(cost, 0) / records for cost in (of_one - start_of_one, of_five - start_of_five)]
    verdicts += [
        _cheaper("CPU-seconds per million records", *each),
        _cheaper("CPU-seconds of the start", start_of_one, start_of_five),
    ]
    return Result("plant_fan_out", JOB, records, rows, of_one, start_of_one, tuple(verdicts))


def _stand(root: Project, platform: Project) -> Tables:
    """Return a copy of the project with the job that is made of five."""
    tables = stand.stand(root, platform, uuid.uuid4().hex[:8])
    folder, described = tables.project.sql / JOB, [_described(tables.project, job) for job in FIVE]
    folder.mkdir(parents=True)
    for job in FIVE:
        for template in (tables.project.sql / job).glob("*.sql.j2"):
            if template.name not in {"checks.sql.j2", "expected_counts.sql.j2"}:
                shutil.copy(template, folder)
    text = {
        "kind": "job",
        "name": JOB,
        "owner": "gallery",
        "description": "Five uses of one topic.",
        "grain": "one row per reading, minute, tag and hour",
        "reads": list(dict.fromkeys(read for each in described for read in each["reads"])),
        "writes": {sink: mode for each in described for sink, mode in each["writes"].items()},
        "steps": ["enrich", "range"],
        "params": {name: value for each in described for name, value in each.get("params", {}).items()},
    }
    (folder / "job.yaml").write_text(yaml.safe_dump(text, sort_keys=False))
    return tables


def _described(project: Project, job: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((project.sql / job / "job.yaml").read_text())
    return found


def _sources(tables: Tables) -> Verdict:
    """Return how often the one and the five read the topic, by the sources in Flink's plans."""
    cluster = Cluster.of(tables.settings)

    def sources(job: str) -> int:
        last = next(each for each in cluster.jobs() if each.name == job)
        return sum(vertex["name"].startswith("Source: ") for vertex in cluster.get(f"/jobs/{last.id}")["vertices"])

    found = sources(JOB), sum(sources(job) for job in FIVE)
    return Verdict(
        "reads of the topic, by one job and by five", f"{found[0]} and {found[1]}", "1 and 5", found == (1, 5)
    )


def _rows(one: Tables, five: Tables, sent: pd.DataFrame) -> Iterator[Verdict]:
    """Yield whether the one job stored what was sent, and in each table what the five stored, whenever it was."""
    stored = one.frame("select tag, ts, value from historian.readings")
    yield same("readings, and those that were sent", stored, sent[["tag", "ts", "value"]])
    for table in TABLES:
        found, wanted = (
            each.frame(f"select columns(lambda c: c <> 'ingested_at') from {table}") for each in (one, five)
        )
        yield same(f"{table}, by one job and by five", found, wanted, 1e-6)


def _cheaper(what: str, one: float, five: float) -> Verdict:
    return Verdict(f"{what}, of one job and of five", f"{one:.0f} and {five:.0f}", "one costs less", one < five)
