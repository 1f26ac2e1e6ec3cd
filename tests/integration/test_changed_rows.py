"""Rows that change, go and come back: real Iceberg tables and topics hold what a dictionary in Python does."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping

import pytest

from headrace.environment.apply import table_changes, topic_changes
from support.worlds import changed_orders
from support.worlds.live_plant import Plant, Sent, until


@pytest.mark.parametrize(
    "shapes",
    [
        pytest.param(changed_orders.KEPT, id="those that need kept rows"),
        pytest.param(changed_orders.SHAPES, id="all", marks=pytest.mark.proof),
    ],
)
def test_tables_and_topics_hold_the_rows_that_are_left(
    own_plant: Plant, shapes: Mapping[str, changed_orders.Shape]
) -> None:
    changed_orders.write(own_plant.project.sql, own_plant.topic, shapes)
    table_changes.apply(own_plant.project, own_plant.settings)
    topic_changes.apply(own_plant.project, own_plant.settings)
    events = changed_orders.events(seed=3)
    own_plant.produce(changed_orders.messages(events))
    own_plant.finish(own_plant.commit_at_the_end().submit(changed_orders.JOB, bounded=True, parallelism=2))
    for name, shape in shapes.items():
        expected = shape.rows(events)
        stored = own_plant.query(f"select id, place, amount from changed.{name}")
        rows = [dict(zip(("id", "place", "amount"), row, strict=True)) for row in stored]
        assert changed_orders.held(shape, rows) == expected, f"table of {name}"

        sent = own_plant.messages(f"changed_{name}")
        last = {tuple(key[column] for column in shape.key): value for key, value in sent}
        assert changed_orders.held(shape, [value for value in last.values() if value]) == expected, f"topic of {name}"
        # Each key was sent once, at the end of the bounded run: a deletion only of a row that is gone.
        assert len(sent) == len(last), name
    check_labels(own_plant.sent(changed_orders.LABELLED), events)


def check_labels(sent: list[Sent], events: list[changed_orders.Event]) -> None:
    """Constants of each type are whole in keys, values and headers; a row that goes leaves a tombstone with headers."""
    wanted = changed_orders.SHAPES["filtered"].rows(events)
    constants = {"area": "Werk Süd 1", "since": "2024-02-29T12:00:00Z"}
    values = {"state": "placed", "note": "ok", "packed": base64.b64encode(b"\x00\xff\x7f").decode()}
    found = {}
    for message in sent:
        headers = dict(message.headers)
        place = headers.pop("place").decode()
        assert headers == changed_orders.LABELS
        assert message.key == {"id": message.key["id"], **constants}
        if message.value:
            row = json.loads(message.value)
            found[row["id"], place] = row["amount"]
            assert row == {**message.key, "amount": row["amount"], **values}
    assert found == wanted
    gone = {each["id"] for each in events} - {order for order, _ in wanted}
    assert sorted(message.key["id"] for message in sent if message.value is None) == sorted(gone)
    assert gone


@pytest.mark.proof
def test_rows_that_are_kept_for_a_sink_are_in_the_savepoint(own_plant: Plant) -> None:
    """What comes after the savepoint changes, takes away and brings back rows of before, which only the state knows."""
    changed_orders.write(own_plant.project.sql, own_plant.topic, changed_orders.KEPT)
    table_changes.apply(own_plant.project, own_plant.settings)
    topic_changes.apply(own_plant.project, own_plant.settings)
    events = changed_orders.events(seed=5)
    half = len(events) // 2

    def stored(name: str) -> changed_orders.Rows:
        found = own_plant.query(f"select id, place, amount from changed.{name}")
        rows = [dict(zip(("id", "place", "amount"), row, strict=True)) for row in found]
        return changed_orders.held(changed_orders.KEPT[name], rows)

    def hold(count: int) -> bool:
        return all(stored(name) == shape.rows(events[:count]) for name, shape in changed_orders.KEPT.items())

    own_plant.produce(changed_orders.messages(events[:half]))
    running = own_plant.submit(changed_orders.JOB, parallelism=1)
    until(lambda: hold(half), 60)
    savepoint = own_plant.cluster.stop(running.id)
    own_plant.produce(changed_orders.messages(events[half:]))
    own_plant.submit(changed_orders.JOB, parallelism=1, restore=savepoint)
    until(lambda: hold(len(events)), 60, lambda: str({name: stored(name) for name in changed_orders.KEPT}))
