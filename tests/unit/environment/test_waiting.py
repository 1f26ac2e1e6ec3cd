"""A command that waits reports for whom, and an error says where the service is and what to do."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pytest

from headrace.environment import catalog_database, iceberg, kafka_metadata, settings, waiting
from headrace.environment.apply import table_changes
from headrace.environment.settings import Settings
from headrace.environment.waiting import waiting_for
from headrace.errors import PlatformError
from headrace.historian.tags import tags
from headrace.project.paths import Project
from headrace.project.system_tables import TAGS
from support import ROOT
from support.worlds.live_plant import until


@pytest.fixture
def known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    project = Project(ROOT, tmp_path)
    loaded = settings.load(project, "local")
    table_changes.apply(project, loaded, [TAGS])
    monkeypatch.setattr(waiting, "AFTER_S", 0.1)
    return loaded


@contextmanager
def locked(known: Settings, seconds: float, how: str = "exclusive") -> Iterator[None]:
    """Another program holds the catalog's file for so long, or until the block ends."""
    released = threading.Event()

    def hold(held: threading.Event) -> None:
        with sqlite3.connect(known.catalog.address, isolation_level=None) as holder:
            holder.execute(f"begin {how}")
            held.set()
            released.wait(seconds)
            holder.execute("rollback")

    held = threading.Event()
    thread = threading.Thread(target=hold, args=(held,))
    thread.start()
    held.wait(10)
    try:
        yield
    finally:
        released.set()
        thread.join()


def test_what_is_quick_is_not_reported(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "AFTER_S", 1)
    with waiting_for("nobody"):
        pass
    time.sleep(1.2)
    assert caplog.messages == []


def test_a_wait_within_a_wait_is_reported_once(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "AFTER_S", 0.05)
    with waiting_for("the whole", 10), waiting_for("a part"):
        until(lambda: len(caplog.messages) == 1, 10)
        time.sleep(0.2)
    with waiting_for("the next"):
        until(lambda: len(caplog.messages) == 2, 10)
    assert caplog.messages == ["waiting for the whole, for up to 10 s", "waiting for the next"]


def test_a_locked_catalog_costs_nobody_an_answer(known: Settings, caplog: pytest.LogCaptureFixture) -> None:
    # Longer than SQLite waits by itself.
    with locked(known, 6):
        catalog = iceberg.connect(known)
    assert caplog.messages == [
        f"waiting for the catalog 'headrace' ({known.catalog.address}), for up to 45 s",
    ]
    caplog.clear()
    with locked(known, 1):
        iceberg.load_table(catalog, TAGS)
    assert len(caplog.messages) == 1
    caplog.clear()
    with locked(known, 1):
        assert catalog.table_exists(TAGS)
    (message,) = caplog.messages
    assert message == (
        f"waiting for the catalog 'headrace' ({known.catalog.address}), which another program has locked, "
        "for up to 45 s"
    )


def test_a_catalog_that_can_be_read_and_not_written_costs_no_commit(known: Settings) -> None:
    with locked(known, 7, "immediate"):
        assert tags.matching(known) == []
        tags.import_tags(known, pa.Table.from_pylist([{"tag": "a"}]))
    assert [row["tag"] for row in tags.matching(known)] == ["a"]


def test_a_lock_that_lasts_is_an_error_with_an_address_and_a_fix(
    known: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalog_database, "LOCK_LIMIT_S", 0.3)
    catalog = iceberg.connect(known)
    table = iceberg.load_table(catalog, TAGS)
    calls: dict[str, Callable[[], object]] = {
        "catalog 'headrace' cannot be opened": lambda: iceberg.connect(known),
        f"table {TAGS} cannot be read": lambda: iceberg.load_table(catalog, TAGS),
        "the catalog's tables cannot be listed": lambda: iceberg.table_names(catalog),
        f"table {TAGS} cannot be changed": lambda: iceberg.commit(
            TAGS, lambda: table.append(pa.table({"tag": ["a"]}).cast(table.schema().select("tag").as_arrow()))
        ),
    }
    with locked(known, 120):
        for what, call in calls.items():
            with pytest.raises(PlatformError) as caught:
                call()
            (problem,) = caught.value.problems
            assert problem.what.startswith(f"{what}: another program has locked the catalog's file")
            assert problem.where == known.catalog.address
            assert problem.fix
            assert "close the program" in problem.fix


def test_a_broker_that_does_not_answer_is_reported(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "AFTER_S", 0.1)
    monkeypatch.setattr(kafka_metadata, "LIMIT_S", 1)
    with pytest.raises(PlatformError):
        kafka_metadata.topic_names({"bootstrap.servers": "127.0.0.1:1", "log_level": "0"})
    assert caplog.messages == ["waiting for Kafka (127.0.0.1:1): its topics, for up to 1 s"]
