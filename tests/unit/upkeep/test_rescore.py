"""A past span is scored again: the rows of a stream that no reading was late for, and nothing else changes."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from typer.testing import CliRunner

from headrace.cli import app
from headrace.environment import iceberg, settings
from headrace.environment.apply import table_changes
from headrace.environment.settings import Settings
from headrace.errors import UserError
from headrace.operations.replay import branches
from headrace.project import model_files, model_versions, table_files
from headrace.project.model_files import Pin
from headrace.project.model_versions import Training
from headrace.project.paths import Project
from headrace.upkeep import rescore
from headrace.upkeep.rescore import backtest
from headrace_udfs.scoring import stream, tables
from headrace_udfs.scoring.alignment import Readings
from headrace_udfs.scoring.stream import Found, Scorer
from support import ROOT, copy_tables
from support.worlds import two_sites
from support.worlds.pumps import store

PIN = Pin("sites", 1)
NAMES = [tag.name for tag in two_sites.tags()]
LEARNED = datetime(2026, 3, 1, tzinfo=UTC)
FROM_US = int(LEARNED.timestamp()) * 10**6
SPAN = LEARNED + timedelta(hours=20), LEARNED + timedelta(days=2)


def readings() -> Readings:
    """Three days after the training and one before, with faults: one that begins before the span and one at its end."""
    times, values = two_sites.readings(3, 4)
    values[144 + 115 : 144 + 125, 0] += 60.0
    values[144 + 280 : 144 + 295, 1] += 900.0
    row, tag = np.nonzero(np.isfinite(values))
    at = times[row] + FROM_US - 86_400_000_000
    return Readings(tag, at, values[row, tag], np.arange(len(row)) % 97 > 0, np.zeros(len(row), np.int64))


def scorer() -> Scorer:
    return Scorer(str(PIN), two_sites.model(), two_sites.STEP_US, FROM_US)


def found(of: Readings) -> Found:
    return stream.advance(scorer(), stream.fresh(scorer()), of, stream.END_US)[1]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A plant whose stream has scored all readings but those that came late."""
    shutil.copytree(ROOT / "catalogs", tmp_path / "catalogs")
    copy_tables(tmp_path, "historian.readings", "historian.tags", "condition.scores", "condition.anomaly_events")
    made = Project(tmp_path, tmp_path / "home")
    table_changes.apply(made, local(made))
    folder = model_files.folder(made, "sites")
    folder.mkdir(parents=True)
    (folder / "model.yaml").write_text("kind: regime\nowner: o\ndescription: Two sites.\ntags: ['*']\n")
    training = Training(LEARNED - timedelta(days=40), LEARNED, None, 1, two_sites.STEP_US, LEARNED, "a test")
    assert model_versions.write(made, "sites", two_sites.model(), training) == PIN
    of = readings()
    columns = (of.tag.tolist(), of.times.tolist(), of.values.tolist(), of.good.tolist())
    store(made, [(NAMES[t], utc(at), v, 0 if good else 0x80000000) for t, at, v, good in zip(*columns, strict=True)])
    in_time = found(of.taken(~late(of)))
    append(made, "condition.scores", tables.score_table(scorer(), in_time.scores[0]))
    append(made, "condition.anomaly_events", tables.event_table(in_time.frames))
    others = tables.score_table(scorer(), in_time.scores[0]).to_pylist()[:50]
    append(
        made, "condition.scores", pa.Table.from_pylist([{**row, "model": "sites@2"} for row in others], tables.SCORES)
    )
    return made


def late(of: Readings) -> Any:
    """Readings of one tag for five hours of the span."""
    first = FROM_US + 25 * 3_600_000_000
    return (of.tag == 0) & (of.times >= first) & (of.times < first + 5 * 3_600_000_000)


def utc(us: int) -> datetime:
    return datetime.fromtimestamp(us / 1e6, UTC)


def local(project: Project) -> Settings:
    return settings.load(project, "local")


def append(project: Project, name: str, rows: pa.Table) -> None:
    table = iceberg.load_table(iceberg.connect(local(project)), name)
    table.append(rows.cast(table.schema().as_arrow()))


def rows(project: Project, name: str) -> list[dict[str, Any]]:
    return list(iceberg.load_table(iceberg.connect(local(project)), name).scan().to_arrow().to_pylist())


def snapshots(project: Project) -> list[int | None]:
    catalog = iceberg.connect(local(project))
    names = ("historian.readings", "condition.scores", "condition.anomaly_events")
    return [iceberg.load_table(catalog, name).metadata.current_snapshot_id for name in names]


def ordered(table: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(table, key=repr)


def test_a_span_has_the_rows_of_a_stream_without_late_readings(project: Project) -> None:
    before = snapshots(project)
    was, events_were = (rows(project, name) for name in ("condition.scores", "condition.anomaly_events"))
    done = rescore.rescore(project, local(project), PIN, SPAN)
    whole = found(readings())
    expected = tables.score_table(scorer(), whole.scores[0]).to_pylist()
    inside = [row for row in expected if SPAN[0] <= row["ts"] < SPAN[1]]
    outside = [row for row in was if row["model"] != "sites@1" or not SPAN[0] <= row["ts"] < SPAN[1]]
    assert ordered(rows(project, "condition.scores")) == ordered([*inside, *outside])
    frames = tables.event_table(whole.frames).to_pylist()
    assert any(row["started_at"] < SPAN[0] <= row["ended_at"] for row in frames)
    assert any(row["started_at"] < SPAN[1] <= row["ended_at"] for row in frames)
    reaches = [row for row in frames if row["started_at"] < SPAN[1] and row["ended_at"] >= SPAN[0]]
    stays = [row for row in events_were if row["started_at"] >= SPAN[1] or row["ended_at"] < SPAN[0]]
    assert ordered(rows(project, "condition.anomaly_events")) == ordered([*reaches, *stays])
    assert (done.tables[0].table, done.tables[0].changed) == ("condition.scores", True)
    assert done.tables[0].now == done.tables[0].before + int(late(readings()).sum())
    after = snapshots(project)
    assert after[0] == before[0]
    again = rescore.rescore(project, local(project), PIN, SPAN)
    assert [each.changed for each in again.tables] == [False, False]
    assert snapshots(project) == after


def test_events_of_an_asset_in_a_state_stay_suppressed(project: Project) -> None:
    copy_tables(project.root, "condition.asset_states")
    table_changes.apply(project, local(project))
    (asset, *_) = (event["tag"].rpartition(".")[0] for event in rows(project, "condition.anomaly_events"))
    said = {"asset": asset, "since": LEARNED, "state": "maintenance", "said_at": LEARNED, "said_by": "ann"}
    schema = table_files.load_all(project)["condition.asset_states"].arrow_schema()
    append(project, "condition.asset_states", pa.Table.from_pylist([said], schema))
    rescore.rescore(project, local(project), PIN, (LEARNED, SPAN[1]))
    events = rows(project, "condition.anomaly_events")
    inside = [event for event in events if event["started_at"] < SPAN[1]]
    for event in inside:
        of_asset = event["tag"].rpartition(".")[0] == asset
        assert event["suppressed_by"] == ("maintenance" if of_asset else None)
    assert {event["suppressed_by"] for event in inside} >= {"maintenance"}


def test_what_a_version_learned_from_is_not_scored(project: Project) -> None:
    with pytest.raises(UserError, match="sites@1 does not score the readings that it learned from") as error:
        rescore.rescore(project, local(project), PIN, (LEARNED - timedelta(hours=1), SPAN[1]))
    assert error.value.problems[0].fix == "--since 2026-03-01T00:00:00+00:00"


def test_where_a_job_scores_the_span_ends_at_what_it_has_scored(project: Project) -> None:
    job = project.sql / "condition" / "scores_v1" / "job.yaml"
    job.parent.mkdir(parents=True)
    shutil.copytree(ROOT / "sql" / "_sources", project.sql / "_sources")
    job.write_text(
        "kind: score\nname: condition/scores_v1\nowner: o\ndescription: d\ngrain: g\nmodel: sites@1\n"
        "reads: [source/plant_readings]\n"
        "writes: {table/condition.scores: append, table/condition.anomaly_events: upsert}\n"
    )
    done = rescore.rescore(project, local(project), PIN, (SPAN[0], SPAN[1] + timedelta(days=30)))
    assert done.until == LEARNED + timedelta(days=3)
    other = model_files.folder(project, "sites")
    shutil.copytree(other / "1", other / "3")
    card = (other / "3" / "card.yaml").read_text()
    (other / "3" / "card.yaml").write_text(card.replace("sites@1", "sites@3"))
    job.write_text(job.read_text().replace("sites@1", "sites@3"))
    assert rescore.rescore(project, local(project), Pin("sites", 3), SPAN).tables == []


@pytest.mark.parametrize(
    ("into", "places"),
    [
        (("day",), {"condition.scores": "day", "condition.anomaly_events": "day"}),
        (("condition.scores=again.s", "condition.anomaly_events=again.e"), {"again.s": "main", "again.e": "main"}),
    ],
)
def test_a_backtest_keeps_the_same_rows_apart(project: Project, into: tuple[str, ...], places: dict[str, str]) -> None:
    before = snapshots(project)
    done = backtest.backtest(project, local(project), PIN, SPAN, *into)
    assert {each.table: each.name for each in done.written} == places
    assert snapshots(project) == before
    catalog, (scores, events) = iceberg.connect(local(project)), places.items()
    stored = [
        iceberg.load_table(catalog, name).scan().use_ref(ref).to_arrow().to_pylist() for name, ref in (scores, events)
    ]
    assert [each.rows for each in done.written] == [len(each) for each in stored]
    rescore.rescore(project, local(project), PIN, SPAN)
    own = [row for row in rows(project, "condition.scores") if row["model"] == str(PIN)]
    assert ordered(stored[0]) == ordered([row for row in own if SPAN[0] <= row["ts"] < SPAN[1]])
    assert stored[1]
    assert all(row in rows(project, "condition.anomaly_events") for row in stored[1])
    with pytest.raises(UserError, match="would mix"):
        backtest.backtest(project, local(project), PIN, SPAN, *into)


def test_a_backtest_reaches_into_what_the_version_has_learned_from(project: Project) -> None:
    span = LEARNED - timedelta(days=1), LEARNED
    (scores, _) = backtest.backtest(project, local(project), PIN, span, "before").written
    assert scores.rows > 0


def test_the_command_says_how_to_look_at_a_backtest(project: Project) -> None:
    words = ["model", "backtest", str(PIN), "--from", SPAN[0].isoformat(), "--until", SPAN[1].isoformat()]
    known = {"HEADRACE_PROJECT": str(project.root), "HEADRACE_HOME": str(project.home), "COLUMNS": "200"}
    done = CliRunner().invoke(app, [*words, "--into", "day"], env=known)
    assert done.exit_code == 0, done.output
    (count,) = re.findall(r'([\d,]+) rows of condition."scores@day"', done.output)
    (query,) = re.findall(r"^query    headrace query '(.*)'$", done.output, re.MULTILINE)
    counted = CliRunner().invoke(app, ["query", "--csv", f"select count(*) as n from ({query})"], env=known)
    assert counted.output.split() == ["n", count.replace(",", "")]
    assert "drop     headrace tables drop-branch day" in done.output
    late = CliRunner().invoke(
        app, [*words[:3], "--from", "2026-03-02", "--until", "2026-03-01", "--into", "x"], env=known
    )
    assert "is not before --until 2026-03-01" in str(late.exception)


def test_a_backtest_that_fails_leaves_nothing(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "event_table", lambda _frames: pa.table({"odd": [1]}))
    catalog = iceberg.connect(local(project))
    for into in (("day",), ("condition.scores=again.s", "condition.anomaly_events=again.e")):
        with pytest.raises(KeyError):
            backtest.backtest(project, local(project), PIN, SPAN, *into)
    assert [name for name in iceberg.table_names(catalog) if name.startswith("again")] == []
    assert branches.of(catalog, backtest.OWN) == []


def test_a_table_without_a_row_has_no_branch_for_a_backtest(project: Project) -> None:
    catalog = iceberg.connect(local(project))
    catalog.drop_table("condition.scores")
    table_changes.apply(project, local(project), ["condition.scores"])
    with pytest.raises(UserError, match=r"condition.scores has no row yet, and so no branch\n.*name a table: --into"):
        backtest.backtest(project, local(project), PIN, SPAN, "day")
