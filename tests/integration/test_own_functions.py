"""Functions of a project's own on real services: their files reach the workers, an upgrade and a rollback."""

from __future__ import annotations

import json
from pathlib import Path

from headrace.operations.lifecycle import rollback
from support.deployments import READINGS, at, deployed, edit, kinds, of
from support.worlds.live_plant import JOB, Plant, reading, until

OVERHEAT = "condition/overheat_v1"
FUNCTION = """\
kind: python
name: calibrated
doc: A value times the gain of gain.json.
"null": there is no value
source: gain.json
inputs: {value: {type: double}}
outputs: {value: {type: double}}
example: [{given: {value: null}, gives: null}]
"""
MODULE = """\
import json
from pathlib import Path
import pyarrow as pa
GAIN = json.loads((Path(__file__).parent / "gain.json").read_text())
def compute(value):
    values = value.to_pylist()
    if 13.0 in values:
        raise ValueError("thirteen is unlucky")
    return pa.array([None if each is None else each * GAIN for each in values], pa.float64())
"""


def write_function(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "function.yaml").write_text(FUNCTION)
    (folder / "function.py").write_text(MODULE)
    set_gain(folder, 2.0)


def set_gain(folder: Path, gain: float) -> None:
    (folder / "gain.json").write_text(json.dumps(gain))


def test_a_change_of_an_artefact_upgrades_only_the_job_that_names_it_and_a_rollback_brings_the_old_one_back(
    own_plant: Plant,
) -> None:
    plant, folder = of(own_plant, JOB, OVERHEAT), own_plant.project.root / "udfs" / "calibrated"
    write_function(folder)
    edit(plant, f"{JOB}/job.yaml", "steps: [enrich, range]", "steps: [enrich, range]\nfunctions: [calibrated]")
    edit(plant, READINGS, "    `value`,\n", "    calibrated(`value`) as `value`,\n")

    def stored(values: list[float | None]) -> bool:
        found = plant.query(f"select value from historian.readings where tag = '{tag}' order by src_offset, value")
        return [value for (value,) in found] == values

    def sent(*values: float) -> None:
        plant.produce(message for n, value in enumerate(values) for message in (reading(n, tag, value), None))

    tag = "first"
    sent(1.0, 13.0, 3.0)
    assert kinds(deployed(plant)) == {JOB: "create", OVERHEAT: "create"}
    until(lambda: stored([2.0, None, 6.0]), 90)

    set_gain(folder, 5.0)
    assert kinds(deployed(plant)) == {JOB: "upgrade", OVERHEAT: "leave alone"}
    tag = "second"
    sent(1.0)
    until(lambda: stored([5.0]), 90)

    with at(plant) as context:
        rollback.rollback(context, JOB)
    tag = "third"
    sent(1.0)
    until(lambda: stored([2.0]), 90)
