"""What is new in a table since a refresh is found without reading the rest, also if snapshots have expired since."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from pyiceberg.io.pyarrow import schema_to_pyarrow
from pyiceberg.manifest import DataFile
from pyiceberg.table import FileScanTask, Table

from headrace.environment import iceberg, settings
from headrace.environment.apply import table_changes
from headrace.environment.settings import Settings
from headrace.project.paths import Project
from headrace.project.system_tables import LAST_SEEN, READINGS, TAGS
from headrace.upkeep.completeness import appended, last_seen
from headrace.upkeep.completeness.appended import Appended
from headrace.upkeep.maintain import kept, maintain
from support import ROOT


@dataclass
class World:
    """Readings of a few tags, and how many there are of each."""

    project: Project
    settings: Settings
    opened: list[str]
    today: datetime
    stored: Counter[str] = field(default_factory=Counter)

    @property
    def table(self) -> Table:
        return iceberg.load_table(iceberg.connect(self.settings), READINGS)

    def store(self, tags: str, days_ago: int = 0) -> None:
        """Store a reading of each tag, in one commit."""
        ts, number = self.today - timedelta(days=days_ago), self.stored.total()
        rows = [
            {"tag": tag, "ts": ts + timedelta(seconds=number + n), "quality": 0, "src_topic": "t", "src_partition": 0,
             "src_offset": number + n, "src_index": 0}
            for n, tag in enumerate(tags)
        ]  # fmt: skip
        table = self.table
        table.append(pa.Table.from_pylist(rows, schema_to_pyarrow(table.schema(), include_field_ids=False)))
        self.stored.update(tags)

    def maintain(self) -> None:
        """Put rows into other files, and drop all snapshots that nobody needs."""
        (report,) = maintain(self.project, self.settings, [READINGS])
        assert report.notes == ()

    def look(self) -> Counter[str]:
        """Return the number of readings by tag, as the refresh counts them."""
        self.opened.clear()
        return Counter({each.tag: each.readings for each in last_seen.refresh(self.settings)})


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    project = Project(ROOT, tmp_path)
    known = settings.load(project, "local")
    table_changes.apply(project, known, [READINGS, TAGS, LAST_SEEN])
    opened: list[str] = []

    def task(file: DataFile) -> FileScanTask:
        opened.append(file.file_path)
        return FileScanTask(file)

    monkeypatch.setattr(appended, "FileScanTask", task)
    monkeypatch.setattr(kept, "RECENT", timedelta(0))
    monkeypatch.setattr(kept, "LATEST", 1)
    return World(project, known, opened, datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0))


def test_only_files_that_changed_are_read_if_the_snapshots_in_between_have_expired(world: World) -> None:
    for day in range(1, 5):
        world.store("ab", day)
        world.store("a", day)
    world.maintain()
    assert world.look() == world.stored
    assert len(world.opened) == 4
    world.store("abc", 1)
    world.store("c")
    world.maintain()
    assert Appended(world.table, world.table.snapshots()[0].snapshot_id).goes_on
    assert world.look() == world.stored
    # Yesterday's rows are in another file now; those of the three days before it are not looked at.
    assert len(world.opened) == 3
    assert world.look() == world.stored
    assert world.opened == []


def test_all_is_read_again_if_the_snapshot_is_gone_too(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.store("ab", 2)
    world.look()
    world.store("a", 2)
    monkeypatch.setattr(kept, "DAYS", timedelta(0))
    world.maintain()
    assert world.look() == world.stored
    assert len(world.opened) == 1


def test_what_was_deleted_meanwhile_does_not_make_the_count_smaller(world: World) -> None:
    world.store("ab", 3)
    world.store("b", 2)
    assert world.look() == world.stored
    world.table.delete(f"ts < '{(world.today - timedelta(days=2)).isoformat()}'")
    world.store("b", 1)
    world.maintain()
    assert world.look() == world.stored


def test_counts_are_exact_in_whatever_order_rows_come_files_are_merged_and_snapshots_expire(world: World) -> None:
    chosen = random.Random(7)  # noqa: S311 - a test's data
    steps: list[Callable[[], object]] = [
        lambda: world.store("".join(chosen.choices("abcd", k=3)), chosen.randrange(3)),
        world.maintain,
        world.look,
    ]
    for _ in range(15):
        chosen.choices(steps, weights=[4, 1, 1])[0]()
    assert world.look() == world.stored


def test_a_table_that_was_rolled_back_is_told_from_one_whose_snapshots_have_expired(world: World) -> None:
    for tag in "abc":
        world.store(tag)
    first, second, third = (each.snapshot_id for each in world.table.snapshots())
    assert not Appended(world.table, second).rolled_back
    world.table.manage_snapshots().set_current_snapshot(snapshot_id=first).commit()
    world.store("d")
    assert Appended(world.table, third).rolled_back
    assert not Appended(world.table, first).rolled_back
    world.table.manage_snapshots().create_tag(third, "was").commit()
    world.maintain()
    # The snapshot that was rolled back to has expired: the head's own numbers are all higher.
    assert not Appended(world.table, first).rolled_back
    assert not Appended(world.table, 17).rolled_back
