"""A job started by a release of before the rooms is upgraded to this tree and rolled back, with every record once."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from headrace.environment.apply import table_changes
from headrace.errors import UserError
from headrace.operations import ledger
from headrace.operations.ledger import Entry
from headrace.operations.lifecycle import rollback
from headrace.project.system_tables import READINGS
from headrace.upkeep import reconcile
from support import old_release
from support.deployments import at, deployed, edit, ids, kinds, later, of
from support.worlds.live_plant import JOB, Plant, reading, steady_flow


@pytest.mark.proof
def test_an_upgrade_from_49e4b02_and_the_rollback_to_it_are_exact(own_plant: Plant) -> None:
    plant = of(own_plant, JOB)
    plant.produce(reading(n) for n in range(2_000))
    old_release.submit(plant, JOB)
    old = last(plant)
    assert old.step == "running"
    reconcile.verdict(plant.follow())

    edit(plant, "_tables/historian.readings.yaml", "partition:", ADDED)
    table_changes.apply(plant.project, plant.settings)
    with steady_flow(plant):
        assert kinds(deployed(plant)) == {JOB: "upgrade"}
    new = last(plant)
    assert new.release != old.release
    assert str(new.verdict).startswith("compatible")
    assert ends(new) == ends(old) != {}
    reconcile.verdict(plant.follow())

    with steady_flow(plant), at(plant) as context:
        with pytest.raises(UserError, match=f"release {old.release[:12]} of .* does not know the setting certificates"):
            rollback.rollback(replace(context, settings=later(plant.settings)), JOB)
        assert ids(plant) == {JOB: [new.flink_job_id]}
        back = rollback.rollback(context, JOB)
    assert (back.step, back.release, back.plan) == ("running", old.release, old.plan)
    assert ids(plant) == {JOB: [back.flink_job_id]}
    reconcile.verdict(plant.follow())

    assert {each.action for each in table_changes.plan(plant.project, plant.settings)} == {"unchanged"}
    (readings,) = table_changes.plan(plant.project, plant.settings, [READINGS])
    assert readings.kept == ("score", "anomaly")
    with steady_flow(plant):
        assert kinds(deployed(plant)) == {JOB: "upgrade"}
    reconcile.verdict(plant.follow())


ADDED = """\
  line: {type: string, doc: "The line that the tag belongs to"}
partition:"""


def last(plant: Plant) -> Entry:
    return ledger.Ledger(plant.settings).last()[JOB]


def ends(entry: Entry) -> dict[int, str]:
    """The sources and sinks of the entry's plan by the ids that Flink makes their uids of."""
    nodes = json.loads(str(entry.plan))["plan"]["nodes"]
    return {node["id"]: node["type"] for node in nodes if re.search(r"table-source-scan|exec-sink", node["type"])}
