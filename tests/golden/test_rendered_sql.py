"""The SQL that Flink gets for each job, word for word: `HEADRACE_UPDATE_GOLDEN=1` writes the files anew."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from headrace import settings, spec
from headrace.compose import Start, compose
from headrace.project import Project

HERE = Path(__file__).parent
PROJECT = Project(HERE.parents[1], Path("/headrace"))


@pytest.mark.parametrize("name", spec.names(PROJECT))
def test_a_job_is_composed_as_its_golden_file_says(name: str) -> None:
    folder = spec.load(PROJECT, name)
    made = compose(PROJECT, settings.load(PROJECT, "local"), folder, {})
    inserts = [made.insert(sink, ["tag"]) for sink in folder.job.writes]
    text = ";\n\n".join([*made.statements(), *inserts, *made.dead_letter_inserts()]) + ";\n"
    golden = HERE / f"{name.replace('/', '.')}.sql"
    if os.environ.get("HEADRACE_UPDATE_GOLDEN"):
        golden.write_text(text)
    assert text == golden.read_text()


def test_a_start_and_an_end_are_options_of_the_topic() -> None:
    folder = spec.load(PROJECT, "historian/readings_v1")
    starts = {"plant_readings": Start({1: 7, 0: 3})}
    made = compose(PROJECT, settings.load(PROJECT, "local"), folder, starts, bounded=True)
    raw = made.statements()[1]
    assert "'scan.startup.specific-offsets' = 'partition:0,offset:3;partition:1,offset:7'" in raw
    assert "'scan.bounded.mode' = 'latest-offset'" in raw
