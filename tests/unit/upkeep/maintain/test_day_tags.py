"""A table can be read as it was at the end of each day of the last week, after its snapshots have expired."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from headrace.environment import iceberg, settings
from headrace.upkeep.maintain import expire, kept
from support import ROOT
from support.worlds.many_commits import Commits, date_back
from support.worlds.pumps import empty_plant, s, store

READINGS = "historian.readings"
DAY = timedelta(days=1)


def test_the_table_of_an_earlier_day_is_read_by_its_tag(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "LATEST", 3)
    project = empty_plant(ROOT, tmp_path)
    local = settings.load(project, "local")
    catalog = iceberg.connect(local)
    noon = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - 20 * DAY
    for day in range(10):
        store(project, [("P1.flow", s(day), float(day), 0)])
        date_back(local, READINGS, noon + day * DAY)
        Commits(noon + day * DAY, timedelta(minutes=1)).add(local, READINGS, 5)
        expire.expire(catalog, READINGS, {}, noon + day * DAY + timedelta(hours=4))
        # What maintenance commits is of that day too.
        date_back(local, READINGS, noon + day * DAY + timedelta(hours=4))
    table = iceberg.load_table(catalog, READINGS)
    tags = {name: table.scan(snapshot_id=ref.snapshot_id).count() for name, ref in table.refs().items()}
    assert tags.pop("main") == 10
    assert tags == {kept.tag_of((noon + day * DAY).date()): day + 1 for day in range(2, 9)}
    assert len(table.snapshots()) < 20
