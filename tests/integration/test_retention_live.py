"""Retention next to a job and its topic: what it deletes is neither missing nor read again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from headrace.environment.apply import table_changes
from headrace.environment.iceberg import connect
from headrace.project.system_tables import COMPLETENESS, DEAD_LETTERS
from headrace.upkeep import completeness, reconcile, retention
from headrace.upkeep.retention import run
from support.deployments import edit
from support.worlds.live_plant import JOB, START_MS, Plant, reading

STORED = "historian.readings"
POWER = "R80711.power"


@pytest.mark.proof
def test_what_retention_deletes_is_neither_missing_nor_read_again(
    own_plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The readings are of November 2023, the letters of today."""
    classes = 'retention: {default: 400d, classes: [{tags: "*.power", keep: 36500d}]}'
    edit(own_plant, f"_tables/{STORED}.yaml", "retention: 400d", classes)
    table_changes.apply(own_plant.project, own_plant.settings)
    own_plant.produce([*(reading(n) for n in range(200)), *(reading(n, POWER, 1.0) for n in range(50)), b"{", b"{"])
    own_plant.finish(own_plant.submit(JOB, bounded=True))
    reconcile.verdict(own_plant.account())

    (planned,) = retention.apply(own_plant.project, own_plant.settings, [STORED], dry_run=True)
    (done,) = retention.apply(own_plant.project, own_plant.settings, [STORED])
    day = datetime.fromtimestamp(START_MS / 1000, UTC).date()
    assert [(each.tags, each.partition, each.rows) for each in done.deleted] == [("default", f"ts_day={day}", 200)]
    assert planned == done
    assert own_plant.query(f"select tag, count(*) from {STORED} group by tag") == [(POWER, 50)]
    later = datetime.now(UTC) + timedelta(days=100)
    monkeypatch.setattr(run, "_now", lambda: later)
    (letters,) = retention.apply(own_plant.project, own_plant.settings, [DEAD_LETTERS])
    assert sum(each.rows for each in letters.deleted) == 2

    balances = own_plant.account()
    reconcile.verdict(balances)
    assert sum(each.deleted_count for each in balances) == 202
    assert (sum(each.good for each in balances), sum(each.dead for each in balances)) == (50, 0)
    connect(own_plant.settings).drop_table(COMPLETENESS)
    table_changes.apply(own_plant.project, own_plant.settings)
    partitions = completeness.refresh(own_plant.project, own_plant.settings).partitions
    assert [each.caught_up for each in partitions] == [True] * own_plant.partitions
    assert sum(each.next_offset for each in partitions) == 252

    own_plant.produce(reading(n, POWER, 2.0) for n in range(100, 110))
    own_plant.finish(own_plant.submit(JOB, bounded=True))
    reconcile.verdict(own_plant.account())
    assert own_plant.query(f"select tag, count(*) from {STORED} group by tag") == [(POWER, 60)]
