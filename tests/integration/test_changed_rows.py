"""Rows that change, go and come back: real Iceberg tables and topics hold what a dictionary in Python does."""

from __future__ import annotations

from headrace.environment.apply import table_changes, topic_changes
from support.worlds import changed_orders
from support.worlds.live_plant import Plant


def test_tables_and_topics_hold_the_rows_that_are_left(own_plant: Plant) -> None:
    changed_orders.write(own_plant.project.sql, own_plant.topic)
    table_changes.apply(own_plant.project, own_plant.settings)
    topic_changes.apply(own_plant.project, own_plant.settings)
    events = changed_orders.events(seed=3)
    own_plant.produce(changed_orders.messages(events))
    own_plant.finish(own_plant.submit(changed_orders.JOB, bounded=True, parallelism=2))
    for name, shape in changed_orders.SHAPES.items():
        expected = shape.rows(events)
        stored = own_plant.query(f"select id, place, amount from changed.{name}")
        rows = [dict(zip(("id", "place", "amount"), row, strict=True)) for row in stored]
        assert changed_orders.held(shape, rows) == expected, f"table of {name}"

        sent = own_plant.messages(f"changed_{name}")
        last = {tuple(key[column] for column in shape.key): value for key, value in sent}
        assert changed_orders.held(shape, [value for value in last.values() if value]) == expected, f"topic of {name}"
        # Each key was sent once, at the end of the bounded run: a deletion only of a row that is gone.
        assert len(sent) == len(last), name
