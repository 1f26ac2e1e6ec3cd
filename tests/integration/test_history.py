"""`headrace history` over its own real Iceberg catalog: every kind of query and of output."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from headrace.cli.history import history
from headrace.errors import UserError
from headrace.project.paths import Project
from support.worlds.pumps import empty_plant, s, store, store_two_pumps

Ask = Callable[..., str]
HOUR = ("--range", "2026-03-01T12:00..2026-03-01T13:00")


@pytest.fixture
def stored(pytestconfig: pytest.Config, tmp_path: Path) -> Project:
    project = empty_plant(pytestconfig.rootpath, tmp_path)
    store_two_pumps(project)
    return project


@pytest.fixture
def ask(stored: Project, monkeypatch: pytest.MonkeyPatch) -> Ask:
    monkeypatch.setenv("HEADRACE_PROJECT", str(stored.root))
    monkeypatch.setenv("HEADRACE_HOME", str(stored.home))
    app = typer.Typer()
    app.command()(history)

    def run(*arguments: str) -> str:
        done = CliRunner().invoke(app, arguments, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        sys.stderr.write(done.stderr)
        return done.stdout

    return run


def rows(text: str) -> list[dict[str, Any]]:
    result: list[dict[str, Any]] = json.loads(text)
    return result


def test_readings_and_aggregates_and_states_of_a_span(ask: Ask) -> None:
    assert [row["value"] for row in rows(ask("P1.flow", *HOUR, "--json"))] == [10, 20, 30, 40, 50]
    result = rows(ask("P1.*", *HOUR, "--aggregate", "Count", "--aggregate", "Maximum", "--every", "30m", "--json"))
    assert [(row["tag"], row["aggregate"], row["value"]) for row in result][:4] == [
        ("P1.flow", "Count", 4.0),
        ("P1.flow", "Count", None),
        ("P1.flow", "Maximum", 50.0),
        ("P1.flow", "Maximum", None),
    ]
    result = rows(ask("P1.mode", *HOUR, "--states", "--json"))
    assert [(row["state"], row["seconds"]) for row in result] == [("auto", 20), ("manual", 3580)]


def test_without_a_time_the_last_reading_is_returned(ask: Ask) -> None:
    assert [row["tag"] for row in rows(ask("P?.flow", "--json"))] == ["P1.flow", "P2.flow"]


def test_one_aggregate_names_its_column_and_several_have_a_column(ask: Ask) -> None:
    hours = ask("P1.flow", *HOUR, "--aggregate", "Count", "--every", "30m").splitlines()
    assert hours[1].split() == ["tag", "ts", "Count", "quality"]
    assert "aggregate" in ask("P1.flow", *HOUR, "--aggregate", "Count", "--aggregate", "Range")


def test_a_trend_in_the_terminal_is_as_wide_as_it_and_no_line_wraps(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headrace.cli.history.out", Console(width=80, force_terminal=False))
    lines = ask("P1.flow", *HOUR, "--plot").splitlines()
    assert len(lines) == 20
    assert all(len(line) <= 80 and "\x1b" not in line for line in lines)


def test_the_value_at_a_time_is_interpolated(ask: Ask) -> None:
    times = ("--at", "2026-03-01T12:00:05", "--at", "2026-03-01 13:00:12+01:00")
    found = rows(ask("P1.flow", *times, "--json"))
    assert [(row["ts"][11:19], row["value"]) for row in found] == [("12:00:05", 15), ("12:00:12", 22)]
    assert "2026-03-01 12:00:05Z     15  Good" in ask("P1.flow", *times[:2])


@pytest.mark.parametrize(
    ("question", "notes"),
    [
        (("P1.flow", *HOUR), []),
        (("P2.flow", "P1.flow", *HOUR), ["no reading of P2.flow in this time; the last one before: 2026-02-19"]),
        (("P2.flow", *HOUR, "--aggregate", "Count"), ["no reading of P2.flow in this time; the last one before: 20"]),
        (("P1.mode", "--range", "2026-02-28", "--states"), ["no reading of P1.mode in this time; the first one after"]),
        (("s[1].*", *HOUR), ["S[1].flow has no readings"]),
        (("P1.flow", "--at", "2026-03-01T12:00:05"), []),
        (
            ("P2.flow", "--at", "2020-01-01"),
            ["no reading of P2.flow around this time; the first one after: 2026-02-19"],
        ),
        (("P2.flow", *HOUR, "--json"), []),
    ],
)
def test_a_silent_tag_is_reported_with_its_nearest_readings(
    ask: Ask, capsys: pytest.CaptureFixture[str], question: tuple[str, ...], notes: list[str]
) -> None:
    ask(*question)
    said = capsys.readouterr().err.splitlines()
    assert [line[: len(note)] for line, note in zip(said, notes, strict=True)] == notes


@pytest.mark.parametrize(("days", "which"), [(-40, "the last one before"), (2, "the first one after")])
def test_without_a_time_a_note_shows_when_a_silent_tag_reported(
    ask: Ask, stored: Project, capsys: pytest.CaptureFixture[str], days: int, which: str
) -> None:
    moment = (datetime.now(UTC) + timedelta(days=days)).replace(hour=23, microsecond=0)
    store(stored, [("old*", moment, 8.0, 0)])
    assert "Bad, no data" in ask("old~*", "--zone", "Asia/Tokyo")
    note = capsys.readouterr().err
    start = f"no reading of old* in the last 32 days; {which}: {moment:%Y-%m-%d %H:%M:%S}Z (--range "
    assert note.startswith(start)
    day = note.removeprefix(start).strip(")\n")
    assert [row["value"] for row in rows(ask("old~*", "--zone", "Asia/Tokyo", "--range", day, "--json"))] == [8]


def test_many_silent_tags_are_reported_briefly(ask: Ask, capsys: pytest.CaptureFixture[str]) -> None:
    ask("*", "--range", "2020-01-01")
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 5
    assert said[-1] == "S[1].flow has no readings"


def test_json_holds_null_for_a_value_that_is_not_finite(ask: Ask, stored: Project) -> None:
    store(stored, [("P1.flow", s(50), float("nan"), 0x80000000), ("P1.flow", s(51), float("inf"), 0x80000000)])
    text = ask("P1.flow", *HOUR, "--json")
    assert "NaN" not in text
    assert "Infinity" not in text
    assert [row["value"] for row in rows(text)][-2:] == [None, None]


def test_answers_as_a_table_csv_a_file_and_pictures(ask: Ask, tmp_path: Path) -> None:
    assert "P1.flow" in ask("P1.flow", *HOUR)
    assert ask("P1.flow", *HOUR, "--csv").splitlines()[0] == '"tag","ts","value","text","quality"'
    ask("P1.flow", *HOUR, "--parquet", str(tmp_path / "flow.parquet"))
    assert len(pyarrow.parquet.read_table(tmp_path / "flow.parquet")) == 5
    assert "2026-03-01" in ask("P1.flow", *HOUR, "--plot")
    ask("P1.*", *HOUR, "--aggregate", "Maximum", "--png", str(tmp_path / "flow.png"))
    assert (tmp_path / "flow.png").read_bytes().startswith(b"\x89PNG")


def test_explain_prints_on_stderr_what_was_read(ask: Ask, capsys: pytest.CaptureFixture[str]) -> None:
    assert len(rows(ask("P1.flow", *HOUR, "--json", "--explain"))) == 5
    said = capsys.readouterr().err
    assert re.fullmatch(r"opened 2 of 3 files, of 0.0 of 0.0 MB; 5 rows were read from them\n", said)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--csv", "--json"), "--json and --csv cannot be combined"),
        (("--at", "now", "--last", "8h"), "--last and --at cannot be combined"),
        (("--at", "now", "--every", "1h"), "--every needs a time span"),
        (("--at", "noon"), "'noon' is not a valid time"),
        (("--states", "--aggregate", "Count"), "--aggregate and --states cannot be combined"),
        (("--last", "8h", *HOUR), "--last and --range cannot be combined"),
        ((*HOUR, "--aggregate", "Cuont"), "no aggregate"),
        ((*HOUR, "--zone", "Mars"), "no time zone"),
        ((*HOUR, "--states", "--plot"), "cannot be drawn"),
        (("--range", "2026-04-01", "--plot"), "no number to draw"),
        (("--aggregate", "Count"), "--aggregate needs a time span"),
        (("--states", "--every", "1h"), "--every and --states need a time span"),
        (("--plot",), "--plot needs a time span"),
        (("--png", "p.png"), "--png needs a time span"),
        (("--uncertain-is-good",), "--uncertain-is-good needs a time span"),
        ((*HOUR, "--every", "1h"), "--every needs --aggregate or --states"),
        ((*HOUR, "--uncertain-is-good", "--every", "1h"), "--every and --uncertain-is-good need --aggregate or"),
    ],
)
def test_an_invalid_query_is_refused(ask: Ask, arguments: tuple[str, ...], message: str) -> None:
    with pytest.raises(UserError, match=message):
        ask("P1.flow", *arguments)
