"""Models are trained on stored readings, kept as versions, and find what is wrong in other readings."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from dataclasses import fields
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace import cli
from headrace.environment import iceberg, settings
from headrace.errors import UserError
from headrace.historian import Historian
from headrace.historian.models import declared, instants, replay, train
from headrace.historian.models.compare import compare
from headrace.historian.models.instants import Readings
from headrace.historian.series import intervals
from headrace.project import model_files, model_versions, table_files
from headrace.project.model_files import Pin
from headrace.project.model_kinds import RegimeFile
from headrace.project.paths import Project
from headrace_udfs.scoring import stream, tables
from headrace_udfs.scoring.score_rows import ScoreRows, joined_rows
from headrace_udfs.scoring.stream import Frame
from support.worlds.pumps import empty_plant

START = datetime(2026, 1, 1, tzinfo=UTC)
EVERY = timedelta(minutes=10)
MODEL = """
kind: regime
owner: pumps-team
description: Pumps, each against its speed and its neighbour.
tags: ["Q?.*"]
peers: ["*.inlet"]
exclude: ["*.none"]
"""


def days(count: float) -> datetime:
    return START + timedelta(days=count)


@pytest.fixture(scope="module")
def project(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Two pumps for 60 days. On day 50 the flow of Q1 is 30 % too low for eight hours."""
    project = empty_plant(pytestconfig.rootpath, tmp_path_factory.mktemp("pumps"))
    folder = model_files.folder(project, "pumps")
    folder.mkdir(parents=True)
    (folder / "model.yaml").write_text(MODEL)
    random = np.random.default_rng(5)
    count = 60 * 144
    hours = np.arange(count) / 6
    weather = 12 + 6 * np.sin(hours / 24 / 9) + np.cumsum(random.normal(0, 0.02, count))
    columns = {}
    for pump in ("Q1", "Q2"):
        speed = 1200 + 300 * np.sin(hours / 7 + ord(pump[1])) + random.normal(0, 5, count)
        columns[f"{pump}.speed"] = speed
        columns[f"{pump}.flow"] = speed / 20 + random.normal(0, 0.6, count)
        columns[f"{pump}.inlet"] = weather + random.normal(0, 0.1, count)
        columns[f"{pump}.setpoint"] = np.full(count, 7.0)
    columns["Q1.flow"][50 * 144 : 50 * 144 + 48] *= 0.7
    _store(project, columns)
    return project


def _store(project: Project, columns: dict[str, np.ndarray]) -> None:  # type: ignore[type-arg]
    schema = table_files.load_all(project)["historian.readings"].arrow_schema()
    position = {"quality": 0, "src_topic": "t", "src_partition": 0, "src_index": 0}
    rows = [
        {"tag": tag, "ts": START + at * EVERY, "value": float(value), "src_offset": at, **position}
        for tag, values in columns.items()
        for at, value in enumerate(values)
    ]
    table = iceberg.load_table(iceberg.connect(settings.load(project, "local")), "historian.readings")
    table.append(pa.Table.from_pylist(rows, schema))


@pytest.fixture(scope="module")
def historian(project: Project) -> Historian:
    return Historian.open(settings.load(project, "local"))


@pytest.fixture(scope="module")
def trained(project: Project, historian: Historian) -> train.Trained:
    return train.train(project, historian, "pumps", (days(0), days(40)), lambda _: None)


def test_a_version_is_described_by_its_card(project: Project, trained: train.Trained) -> None:
    assert trained.pin == Pin("pumps", 1)
    card = model_versions.card(project, trained.pin)
    assert (card["model"], card["readings"], card["every_us"]) == ("pumps@1", 8 * 40 * 144, 600_000_000)
    assert card["refused"] == {"Q1.setpoint": "constant", "Q2.setpoint": "constant"}
    (inlet,) = (tag for tag in card["tags"] if tag["name"] == "Q1.inlet")
    assert inlet["peers"] == ["Q2.inlet"]
    assert inlet["mates"] == ["Q1.flow", "Q1.setpoint", "Q1.speed"]
    again, _ = model_versions.load(project, trained.pin)
    assert again.save() == trained.model.save()


def test_the_same_training_gives_the_same_version(
    project: Project, historian: Historian, trained: train.Trained
) -> None:
    again = train.train(project, historian, "pumps", (days(0), days(40)), lambda _: None)
    assert (again.pin, again.new, trained.new) == (trained.pin, False, True)
    assert model_files.versions(project, "pumps") == [1]


def replayed(
    project: Project, pin: Pin, since: float, until: float, rows: list[ScoreRows] | None = None
) -> list[Frame]:
    scorer = replay.scorer_of(project, pin, days(since))
    keep = (lambda _: None) if rows is None else rows.append
    historian = Historian.open(settings.load(project, "local"))
    return replay.replay(scorer, historian, (days(since), days(until)), days(60), lambda _: None, keep=keep)


def test_a_fault_is_an_event_with_its_time(project: Project, trained: train.Trained) -> None:
    found = tables.event_table(replayed(project, trained.pin, 45, 55)).to_pylist()
    assert {event["tag"] for event in found} >= {"Q1.flow"}
    event = next(event for event in found if event["tag"] == "Q1.flow" and event["started_at"] >= days(50))
    assert days(50) <= event["started_at"] <= days(50) + EVERY
    # A pump has two mates only, so the cause may pass from one to the other.
    ended = [each["ended_at"] for each in found if each["tag"].startswith("Q1.") and each["started_at"] < days(50.3)]
    assert max(ended) >= days(50) + timedelta(hours=7, minutes=50)
    assert event["model"] == "pumps@1"
    assert event["peak_score"] > 0


def test_every_good_reading_has_a_score_or_a_reason(project: Project, trained: train.Trained) -> None:
    rows: list[ScoreRows] = []
    replayed(project, trained.pin, 45, 46, rows)
    scores = tables.score_table(replay.scorer_of(project, trained.pin), joined_rows(rows)).to_pylist()
    assert len(scores) == 8 * 144
    assert all((row["score"] is None) != (row["none_because"] is None) for row in scores)
    assert {row["none_because"] for row in scores if row["tag"].endswith("setpoint")} == {"constant"}
    usual = [row for row in scores if row["tag"] == "Q2.flow"]
    inside = sum(row["low"] < row["expected"] < row["high"] for row in usual)
    assert inside == len(usual)


def test_a_span_has_the_rows_and_events_of_a_stream_to_the_last_bit(
    project: Project, historian: Historian, trained: train.Trained
) -> None:
    """Wherever it begins and ends: also within the event of day 50."""
    scorer = replay.scorer_of(project, trained.pin)
    of = replay._readings(historian, scorer, scorer.begins_us, intervals.microseconds(days(60)))
    _, whole = stream.advance(scorer, stream.fresh(scorer), of, stream.END_US)
    every = joined_rows(whole.scores)
    for since, until in ((45, 50.1), (50.1, 50.2), (52, 60)):
        rows: list[ScoreRows] = []
        frames = replayed(project, trained.pin, since, until, rows)
        first, last = (intervals.microseconds(days(at)) for at in (since, until))
        expected = every.taken((every.times >= first) & (every.times < last))
        assert sorted_rows(joined_rows(rows)) == sorted_rows(expected)
        reach = [f for f in whole.frames if f.event.start < last and f.event.end >= first]
        assert frames == sorted(reach, key=lambda f: (f.event.start, f.event.tag))
    assert any(f.event.start < intervals.microseconds(days(50.1)) <= f.event.end for f in whole.frames)


def sorted_rows(rows: ScoreRows) -> bytes:
    order = np.lexsort((rows.times, rows.tag))
    return b"".join(np.ascontiguousarray(getattr(rows, field.name)[order]).tobytes() for field in fields(ScoreRows))


def test_a_span_that_a_version_learned_from_is_scored_as_if_it_had_not(
    project: Project, trained: train.Trained
) -> None:
    rows: list[ScoreRows] = []
    replayed(project, trained.pin, 20, 21, rows)
    assert sum(map(len, rows)) == 8 * 144
    assert replay.scorer_of(project, trained.pin).from_us == intervals.microseconds(days(40))


def test_two_versions_are_compared_by_their_events(
    project: Project, historian: Historian, trained: train.Trained
) -> None:
    file = model_files.folder(project, "pumps") / "model.yaml"
    file.write_text(MODEL.replace("*.none", "Q1.flow"))
    other = train.train(project, historian, "pumps", (days(0), days(40)), lambda _: None)
    file.write_text(MODEL)
    assert other.pin == Pin("pumps", 2)
    assert model_files.pin(project, "pumps") == other.pin
    old, new = (replayed(project, pin, 45, 55) for pin in (trained.pin, other.pin))
    change = compare(old, new)
    assert "Q1.flow" in {event.tag for event in change.go}
    assert "Q1.flow" not in {event.tag for event in (*change.stay, *change.appear)}
    same = compare(old, old)
    assert (same.appear, same.go, len(same.stay)) == ([], [], len(old))


def test_the_commands_show_versions_events_and_changes(
    project: Project, trained: train.Trained, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HEADRACE_PROJECT", str(project.root))
    monkeypatch.setenv("HEADRACE_HOME", str(project.home))

    def printed(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["headrace", "model", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        assert not ended.value.code
        return capsys.readouterr().out

    pin, span = str(trained.pin), ("--since", days(49).isoformat(), "--until", days(52).isoformat())
    assert f"{pin}  2026-01-01 to 2026-02-10" in printed("list")
    assert "constant" in printed("show", pin)
    assert re.search(r"Q1\.flow +2026-02-20 00:00", printed("events", pin, *span))
    found = json.loads(printed("events", pin, *span, "--json"))
    assert found[0]["tag"] == "Q1.flow"
    assert f"{pin} to {pin}: 0 events appear, 0 go, {len(found)} stay" in printed("compare", pin, pin, *span)


def test_a_changed_artefact_is_refused(project: Project, trained: train.Trained) -> None:
    file = model_files.version_folder(project, trained.pin) / model_files.ARTEFACT
    whole = file.read_bytes()
    file.write_bytes(whole[:-1])
    try:
        with pytest.raises(UserError, match="not the one that its card describes") as error:
            model_versions.load(project, trained.pin)
        assert "train" in str(error.value.problems[0].fix)
    finally:
        file.write_bytes(whole)
    file.rename(file.with_suffix(".away"))
    try:
        with pytest.raises(UserError, match="cannot be read"):
            model_versions.load(project, trained.pin)
    finally:
        file.with_suffix(".away").rename(file)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("pump", "model 'pump'"),
        ("pumps@9", "no version 9"),
        ("pumps@0", "not a valid model"),
        ("../pumps", "not a valid model"),
        ("pumps@", "not a valid model"),
    ],
)
def test_a_version_that_does_not_exist_is_refused(
    project: Project, trained: train.Trained, text: str, message: str
) -> None:
    assert trained.pin.version == 1
    with pytest.raises(UserError, match=message):
        model_files.pin(project, text)


def test_too_short_a_span_is_refused(project: Project, historian: Historian) -> None:
    with pytest.raises(UserError, match="learning: the span has 144 instants, and a model needs 1,000"):
        train.train(project, historian, "pumps", (days(0), days(1)), lambda _: None)
    with pytest.raises(UserError, match="no readings in this span"):
        train.train(project, historian, "pumps", (days(100), days(101)), lambda _: None)


def test_patterns_choose_tags() -> None:
    model = RegimeFile(kind="regime", owner="o", description="d", tags=["A.*", "B.x"], exclude=["*.sp"])
    assert declared.names(model, ["A.sp", "A.x", "B.x", "B.y"]) == ["A.x", "B.x"]
    with pytest.raises(UserError, match=r"no tag matches 'C\.x'"):
        declared.names(model.model_copy(update={"tags": ["C.x"]}), ["A.x"])
    with pytest.raises(UserError, match="excludes every tag"):
        declared.names(model.model_copy(update={"tags": ["A.sp"]}), ["A.sp", "A.x"])


@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(-10_000, 10_000), st.floats(-9, 9)), unique_by=lambda r: r[:2])
)
def test_an_instant_has_the_last_reading_of_each_tag(rows: Sequence[tuple[int, int, float]]) -> None:
    every = 100
    readings = []
    for tag in range(3):
        own = sorted((time, value) for number, time, value in rows if number == tag)
        readings.append(Readings(np.array([t for t, _ in own], np.int64), np.array([v for _, v in own], float)))
    grid = instants.aligned(readings, every)
    expected: dict[int, dict[int, tuple[int, float]]] = {}
    for tag, time, value in sorted(rows, key=lambda row: row[1]):
        expected.setdefault(time // every * every, {})[tag] = (time, value)
    assert grid.times.tolist() == sorted(expected)
    for row, start in enumerate(grid.times.tolist()):
        for tag in range(3):
            if tag in expected[start]:
                assert (grid.at[row, tag], grid.values[row, tag]) == expected[start][tag]
            else:
                assert np.isnan(grid.values[row, tag])
