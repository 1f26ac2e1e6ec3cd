"""The SQL that Flink gets for each job, word for word: `HEADRACE_UPDATE_GOLDEN=1` writes the files again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from headrace.compose.connectors import LiveConnectors
from headrace.compose.job_statements import Composition, compose
from headrace.environment import settings
from headrace.project import job_folder
from headrace.project.paths import Project
from support import ROOT

HERE = Path(__file__).parent
PROJECT = Project(ROOT, Path("/headrace"))


@pytest.mark.parametrize("name", job_folder.names(PROJECT))
def test_the_sql_of_a_job_matches_its_golden_file(name: str) -> None:
    templates = composed(name)
    views = [f"-- view {view}\n{select.sql}" for view, select in templates.views.items()]
    written = [
        statement
        for sink in templates.selects
        for statement in (templates.view_of(sink), templates.insert_of_view(sink, list(templates.sinks[sink].columns)))
    ]
    text = ";\n\n".join([*templates.setup(), *views, *written, *templates.leftovers()]) + ";\n"
    golden = HERE / f"{name.replace('/', '.')}.sql"
    if os.environ.get("HEADRACE_UPDATE_GOLDEN"):
        golden.write_text(text)
    assert text == golden.read_text()


def test_an_end_is_an_option_of_the_topic() -> None:
    raw = composed("historian/readings_v1", bounded=True).setup()[1]
    assert "'scan.bounded.mode' = 'latest-offset'" in raw


def test_the_offsets_of_an_end_are_an_option_of_the_topic() -> None:
    raw = composed("historian/readings_v1", bounded=True, ends={"plant_readings": {1: 7, 0: 12}}).setup()[1]
    assert "'scan.bounded.mode' = 'specific-offsets'" in raw
    assert "'scan.bounded.specific-offsets' = 'partition:0,offset:12;partition:1,offset:7'" in raw


def composed(name: str, *, bounded: bool = False, ends: dict[str, dict[int, int]] | None = None) -> Composition:
    loaded = settings.load(PROJECT, "local")
    connectors = LiveConnectors(loaded, bounded=bounded, ends=ends or {})
    return compose(PROJECT, loaded, job_folder.load(PROJECT, name), connectors)


def test_the_rollups_differ_only_in_the_length_of_their_windows() -> None:
    minutes, hours = (
        (ROOT / f"sql/historian/rollup_{size}_v1/historian.rollup_{size}.sql.j2").read_text() for size in ("1m", "1h")
    )
    assert minutes.replace("tumble('numbers', '1m')", "tumble('numbers', '1h')") == hours
