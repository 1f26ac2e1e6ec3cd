"""A bounded run reports at which offsets it stops, and afterwards what it has stored."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from headrace.cli import status
from headrace.cli.submit import show
from headrace.environment import kafka
from headrace.environment.kafka import OffsetRange
from headrace.operations import submission
from headrace.operations.lifecycle import bounded_run, restore_points, retention_loss, submit
from headrace.operations.lifecycle.health import Health
from headrace.operations.lifecycle.status import Status, Survey
from headrace.operations.submission import Prepared
from support.worlds import paper_plant
from support.worlds.paper_plant import JOB, NOW, PaperPlant, entry

SOURCE, TOPIC = "plant_readings", "plant.readings"


@pytest.fixture
def plant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PaperPlant]:
    with paper_plant.plant(tmp_path, monkeypatch) as world:
        yield world


def prepared(starts: dict[int, int], ends: dict[int, int]) -> Prepared:
    return cast(Prepared, SimpleNamespace(starts={TOPIC: starts}, ends={SOURCE: ends}))


def test_the_end_is_shown_as_offsets_and_as_a_time(plant: PaperPlant) -> None:
    end = bounded_run.end_of(plant.context, prepared({0: 10, 1: 0}, {0: 4_100, 1: 7}))
    assert re.fullmatch(
        r"it reads plant\.readings to its end at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC: 4,097 offsets, up to offset 4,100 "
        r"of partition 0, 7 of partition 1",
        end,
    )
    many = bounded_run.end_of(plant.context, prepared({}, dict.fromkeys(range(64), 10)))
    assert many.endswith("UTC: 640 offsets")


def test_what_a_run_has_stored_is_counted_by_its_own_commits(plant: PaperPlant) -> None:
    for checkpoint in (1, 2):
        plant.add_rows(NOW, checkpoint)
    plant.add_rows("d" * 32)
    rows = bounded_run.stored(plant.project, plant.settings, entry())
    assert rows == {"historian.readings": 2, "historian.dead_letters": 0}
    assert bounded_run.sentence(rows) == "2 rows of historian.readings, 0 of historian.dead_letters"


def test_a_bounded_run_stops_where_its_topics_end_when_it_is_submitted(
    plant: PaperPlant, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: dict[str, Any] = {}

    def prepare(*given: Any, **options: Any) -> Any:
        asked.update(options)
        return SimpleNamespace(**vars(paper_plant._prepared(*given)), **vars(prepared({0: 3}, {0: 10})))

    plant.cluster.running_jobs.clear()
    plant.write(entry(step="finished"))
    monkeypatch.setattr(submission, "prepare", prepare)
    monkeypatch.setattr(restore_points, "newest", lambda *_: None)
    monkeypatch.setattr(retention_loss, "warning", lambda *_: None)
    monkeypatch.setattr(submission, "launch", lambda *_, **__: SimpleNamespace(state="RUNNING"))
    monkeypatch.setattr(type(plant.context), "keep_release", lambda _: None)
    made = submit.submit(plant.context, JOB, bounded=True)
    assert asked["bounded"]
    assert made.step == "bounded"
    assert "7 offsets, up to offset 10 of partition 0" in (made.message or "")
    show(made, json=False)
    shown = capsys.readouterr().out
    assert "runs until it has read its topics to their end" in shown
    assert f"headrace status {JOB} shows whether it has finished" in shown


def test_the_offsets_at_which_it_stops_are_those_that_consumers_can_read(
    plant: PaperPlant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kafka, "offset_ranges", lambda *_: {0: OffsetRange(2, 9, hidden=4)})
    assert submission._ends(plant.settings, "plant.readings") == {0: 9}


def test_status_shows_the_end_and_what_is_stored(plant: PaperPlant, capsys: pytest.CaptureFixture[str]) -> None:
    ran = entry(step="finished", message="it reads plant.readings to its end")
    survey = Survey([Status(JOB, Health("FINISHED"), entry=ran)])
    plant.add_rows(NOW)
    stored = status._stored(cast(Any, plant), survey)
    status._show(survey, stored)
    shown = capsys.readouterr().out
    assert f"{JOB}, bounded: it reads plant.readings to its end" in shown
    assert f"{JOB}, bounded: it has stored 1 rows of historian.readings, 0 of historian.dead_letters" in shown
