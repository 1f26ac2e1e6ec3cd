"""Tables that a job upserts, compacted while it runs: every engine reads the rows that a dictionary in Python has."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import pytest

from headrace.compose import render
from headrace.environment.apply import table_changes, topic_changes
from headrace.environment.iceberg import connect, load_table
from headrace.planner.session import cluster_options, create_environment
from headrace.upkeep.maintain import Report, choose, maintain
from headrace.upkeep.maintain.live_files import Live
from support.deployments import of
from support.worlds import changed_orders
from support.worlds.live_plant import Plant, until

COLUMNS = ("id", "place", "amount")
TABLES = {f"changed.{name}": shape for name, shape in changed_orders.SHAPES.items()}


@pytest.mark.proof
def test_tables_that_a_job_upserts_are_compacted_while_it_runs(
    own_plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choose, "ENOUGH", 2)
    plant = of(own_plant, changed_orders.JOB)
    changed_orders.write(plant.project.sql, plant.topic)
    table_changes.apply(plant.project, plant.settings)
    topic_changes.apply(plant.project, plant.settings)
    events = changed_orders.events(seed=5, number=200)
    plant.submit(changed_orders.JOB, parallelism=1)
    with kept_compact(plant) as reports:
        for end in range(40, 201, 40):
            plant.produce(changed_orders.messages(events[end - 40 : end]))
            so_far = events[:end]
            until(partial(all_hold, plant, so_far), 120, partial(differing, plant, so_far))
    assert sum(part.deletes for report in reports for part in report.rewritten) > 50, reports
    plant.cancel()

    before = {name: by_flink(plant, name) for name in list(TABLES)[:2]}
    monkeypatch.setattr(choose, "ENOUGH", 1)
    list(maintain(plant.project, plant.settings, TABLES))
    assert all_hold(plant, events), differing(plant, events)
    for name, shape in TABLES.items():
        table = load_table(connect(plant.settings), name)
        assert not Live.of(table).deletes
        # No delete is left, so pyiceberg reads the table too.
        assert changed_orders.held(shape, table.scan().to_arrow().to_pylist()) == shape.rows(events)
    for name, rows in before.items():
        assert rows == by_flink(plant, name) == TABLES[name].rows(events)


@contextmanager
def kept_compact(plant: Plant) -> Iterator[list[Report]]:
    """Maintain the tables again and again until the block ends."""
    reports: list[Report] = []
    stop = threading.Event()

    def work() -> None:
        while not stop.wait(0.5):
            reports.extend(maintain(plant.project, plant.settings, TABLES))

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield reports
    finally:
        stop.set()
        thread.join(120)
    assert not thread.is_alive()


def held(plant: Plant, name: str) -> changed_orders.Rows:
    stored = plant.query(f"select id, place, amount from {name}")
    return changed_orders.held(TABLES[name], [dict(zip(COLUMNS, row, strict=True)) for row in stored])


def all_hold(plant: Plant, events: list[changed_orders.Event]) -> bool:
    return not differing(plant, events)


def differing(plant: Plant, events: list[changed_orders.Event]) -> str:
    return ", ".join(name for name, shape in TABLES.items() if held(plant, name) != shape.rows(events))


def by_flink(plant: Plant, name: str) -> changed_orders.Rows:
    """The rows of a table as Flink reads them, in a job on the cluster."""
    environment = create_environment(plant.project, {**cluster_options(plant.settings), "parallelism.default": "1"})
    catalog = plant.settings.catalog
    environment.execute_sql(render.engine("catalog", name=catalog.name, options=catalog.flink()))
    with environment.from_path(f"{catalog.name}.{name}").execute().collect() as found:
        rows = [dict(zip(COLUMNS, row, strict=True)) for row in found]
    return changed_orders.held(TABLES[name], rows)
