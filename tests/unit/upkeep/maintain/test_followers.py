"""A job that follows a table with ref() finds the snapshots it has yet to read, also after hours at a standstill."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from headrace.environment import iceberg
from headrace.operations.ledger import Entry, Step
from headrace.project.system_tables import DEAD_LETTERS
from headrace.upkeep.maintain import expire, followers, kept, maintain, run
from headrace.upkeep.maintain.flink import line
from headrace.upkeep.maintain.followers import HELD_FOR, Need
from support.worlds import many_commits
from support.worlds.many_commits import Commits
from support.worlds.paper_plant import READINGS, PaperPlant, entry, plant

FOLLOWER = "condition/follower_v1"
NOW = datetime.now(UTC)
HOUR, MARGIN = timedelta(hours=1), timedelta(minutes=10)
JOB_YAML = f"""\
kind: job
name: {FOLLOWER}
owner: someone
description: It follows the readings.
grain: one row per reading
reads: [job/historian/readings_v1]
writes: {{table/{DEAD_LETTERS}: append}}
"""


@pytest.fixture
def paper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PaperPlant]:
    with plant(tmp_path, monkeypatch) as made:
        folder = made.project.sql / FOLLOWER
        folder.mkdir(parents=True)
        (folder / "job.yaml").write_text(JOB_YAML, encoding="utf-8")
        yield made


def step(step: Step, ago: timedelta) -> Entry:
    return replace(entry(many_commits.JOB, step), job=FOLLOWER, at=NOW - ago)


def needs(paper: PaperPlant, *history: Entry) -> dict[str, Need]:
    return followers.needs(paper.project, iceberg.connect(paper.settings), {FOLLOWER: history} if history else {}, NOW)


def since(ago: timedelta) -> dict[str, Need]:
    return {READINGS: Need(FOLLOWER, NOW - ago)}


def test_a_stopped_job_needs_what_came_since_its_stop_but_not_for_ever(paper: PaperPlant) -> None:
    running = step("running", 30 * HOUR)
    stops = step("stopping", 10 * HOUR), step("stopped", 9.9 * HOUR)
    assert needs(paper, running, *stops) == since(10 * HOUR + MARGIN)
    assert needs(paper, running, *stops, step("failed", HOUR)) == since(10 * HOUR + MARGIN)
    gone = step("running", 300 * HOUR), step("stopping", 200 * HOUR), step("stopped", 199 * HOUR)
    assert needs(paper, *gone) == since(HELD_FOR)


def test_a_job_that_runs_is_where_its_last_commit_was(paper: PaperPlant) -> None:
    started = step("running", 30 * HOUR)
    assert needs(paper, started) == since(30 * HOUR + MARGIN)
    Commits(NOW - 5 * HOUR, timedelta(seconds=0)).add(paper.settings, DEAD_LETTERS, 1)
    (table, need), *others = needs(paper, started).items()
    assert (table, need.job, others) == (READINGS, FOLLOWER, [])
    assert abs(NOW - 5 * HOUR - MARGIN - need.since) < timedelta(seconds=1)


def test_a_job_that_does_not_continue_needs_nothing(paper: PaperPlant) -> None:
    new = paper.project.sql / "condition" / "being_written_v1" / "job.yaml"
    new.parent.mkdir()
    new.write_text("kind:\n", encoding="utf-8")
    assert needs(paper) == {}
    assert needs(paper, step("bounded", 30 * HOUR)) == {}
    assert needs(paper, step("bounded", 30 * HOUR), step("finished", 29 * HOUR)) == {}


def test_maintenance_keeps_what_a_job_still_needs_and_says_why(
    paper: PaperPlant, monkeypatch: pytest.MonkeyPatch
) -> None:
    paper.write(step("running", HOUR), step("stopping", HOUR), step("stopped", HOUR))
    Commits(datetime.now(UTC), timedelta(minutes=1)).add(paper.settings, READINGS, 600)
    monkeypatch.setattr(run, "_now", lambda: NOW + 20 * HOUR)
    for module in (kept, expire):  # a tag keeps one more if the ten hours of commits pass midnight
        monkeypatch.setattr(module, "new_tags", lambda *_: {})
    (report,) = maintain(paper.project, paper.settings, [READINGS])
    assert f"because {FOLLOWER} follows the table and has stored nothing since" in report.notes[0]
    assert report.expired.snapshots == 0
    paper.write(step("bounded", HOUR))
    (report,) = maintain(paper.project, paper.settings, [READINGS])
    assert (report.notes, report.expired.snapshots) == ((), 500)
    metadata = iceberg.load_table(iceberg.connect(paper.settings), READINGS).metadata
    assert len(line(metadata, metadata.current_snapshot_id)) == 101
