"""Answers that do not fit in memory are calculated in parts, with the same result."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import typer
from typer.testing import CliRunner

from headrace.cli.history import history
from headrace.environment import settings
from headrace.environment.settings import Settings
from headrace.errors import PlatformError, UserError
from headrace.historian import Historian, raw_stream
from headrace.historian.read import reader
from headrace.project.paths import Project
from headrace.upkeep import maintain
from support.worlds.pumps import empty_plant, s, store

NAMES = ["T3", "T0", "T2", "T1"]
BAD = 0x80000000


@pytest.fixture
def project(pytestconfig: pytest.Config, tmp_path: Path) -> Project:
    """Four tags with different numbers of readings over two days, out of order, some simultaneous, some bad."""
    plant, rng = empty_plant(pytestconfig.rootpath, tmp_path), np.random.default_rng(7)
    readings = [
        (tag, s(float(at)), float(rng.normal()), int(rng.choice([0, 0, 0, BAD])))
        for number, tag in enumerate(NAMES)
        for at in rng.integers(0, 100_000, 50 * (number + 1)).tolist()
    ]
    store(plant, readings)
    store(plant, [("T1", s(500), float(number), 0) for number in range(7)])
    return plant


@pytest.fixture
def local(project: Project) -> Settings:
    return settings.load(project, "local")


@pytest.mark.parametrize("bounding", [False, True])
@pytest.mark.parametrize("span", [(s(200), s(90_000)), (s(90_000), s(200))])
@pytest.mark.parametrize("at_once", [7, 40, 1000])
def test_a_stream_has_the_rows_of_raw_and_no_part_exceeds_the_limit(
    local: Settings, monkeypatch: pytest.MonkeyPatch, at_once: int, span: tuple[datetime, datetime], bounding: bool
) -> None:
    historian = Historian.open(local)
    query = ([*NAMES, "P1.flow"], *span)
    whole = historian.raw(*query, bounding=bounding)
    assert len(whole) > 400
    monkeypatch.setattr(raw_stream, "AT_ONCE", at_once)
    parts = list(historian.stream(*query, bounding=bounding))
    assert whole.equals(type(whole).from_batches(parts, whole.schema))
    assert max(map(len, parts)) <= at_once + bounding * 2 * len(NAMES)


def test_a_stream_returns_what_is_too_much_for_raw(local: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    historian = Historian.open(local)
    whole = historian.raw("T1", s(0), s(100_000))
    monkeypatch.setattr(reader, "MAX_HELD", 60)
    monkeypatch.setattr(raw_stream, "AT_ONCE", 60)
    with pytest.raises(UserError, match="more than 60 readings"):
        historian.raw("T1", s(0), s(100_000))
    assert historian.stream("T1", s(0), s(100_000)).read_all() == whole


def test_more_readings_of_one_instant_than_fit_in_a_part_are_refused(
    local: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(raw_stream, "AT_ONCE", 6)
    with pytest.raises(UserError, match="'T1' has more than 6 readings of one instant"):
        Historian.open(local).stream("T1", s(0), s(100_000)).read_all()


def test_an_unknown_tag_is_reported_before_a_stream_begins(local: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(raw_stream, "AT_ONCE", 20)
    with pytest.raises(UserError, match="there is no tag 'T9'"):
        Historian.open(local).stream(["T1", "T9"], s(0), s(100_000))


@pytest.mark.parametrize("count", [3, 10, 149, 1000])
def test_a_trend_of_few_points_is_the_same_where_a_tag_is_read_in_parts(
    local: Settings, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    historian = Historian.open(local)
    query = (NAMES, s(200), s(90_000), count)
    whole = historian.lttb(*query)
    assert [tag for tag in NAMES if tag in whole["tag"].to_pylist()] == NAMES
    monkeypatch.setattr(reader, "MAX_HELD", 190)
    assert historian.lttb(*query) == whole


def test_a_point_that_would_stand_for_more_than_is_held_is_refused(
    local: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "MAX_HELD", 30)
    with pytest.raises(UserError, match="each of 3 points would stand for more than 30"):
        Historian.open(local).lttb("T1", s(0), s(100_000), 3)


def test_the_command_writes_a_stream_as_it_would_a_table(
    local: Settings, project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    whole = Historian.open(local).raw(NAMES, s(0), s(43_200))
    monkeypatch.setattr(raw_stream, "AT_ONCE", 20)
    file = tmp_path / "raw.parquet"
    query = [*NAMES, "--range", "2026-03-01T12:00..2026-03-02T00:00"]
    output = _run(project, monkeypatch, *query, "--json")
    rows = [{**row, "ts": row["ts"].isoformat()} for row in whole.to_pylist()]
    assert output == json.dumps(rows, indent=2) + "\n"
    assert len(_run(project, monkeypatch, *query, "--csv").splitlines()) == len(whole) + 1
    assert f"{len(whole):,} rows" in " ".join(_run(project, monkeypatch, *query, "--parquet", str(file)).split())
    assert pq.read_table(file) == whole
    assert _run(project, monkeypatch, "P1.flow", "--range", "2020-01-01", "--json") == "[]\n"


def test_a_stream_that_fails_leaves_the_existing_file_unchanged(
    local: Settings, project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    list(maintain.maintain(project, local, ["historian.readings"]))
    file = tmp_path / "raw.parquet"
    file.write_text("as it was")
    historian = Historian.open(local)
    historian.raw("T1", s(86_400), s(100_000))
    for path in historian.read_stats.files:
        historian.reader.table.io.delete(path)
    monkeypatch.setattr(raw_stream, "AT_ONCE", 20)
    with pytest.raises(PlatformError, match="the readings cannot be read"):
        _run(project, monkeypatch, "T1", "--range", "2026-03-01..2026-03-03", "--parquet", str(file))
    assert file.read_text() == "as it was"
    assert [each.name for each in tmp_path.glob("raw.*")] == ["raw.parquet"]


def _run(project: Project, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> str:
    monkeypatch.setenv("HEADRACE_PROJECT", str(project.root))
    monkeypatch.setenv("HEADRACE_HOME", str(project.home))
    app = typer.Typer()
    app.command()(history)
    done = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout
