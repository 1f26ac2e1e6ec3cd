"""Scores and events of anomalies as people get them: Python, DuckDB, the command line and the API agree."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from fastapi.testclient import TestClient
from pyiceberg.typedef import Record

import headrace
from headrace import cli
from headrace.environment import iceberg, settings
from headrace.errors import PlatformError, UserError
from headrace.historian import Historian
from headrace.historian.anomalies import notes
from headrace.historian.serve import app
from headrace.project.paths import Project
from support import ROOT
from support.worlds import anomalies
from support.worlds.anomalies import EVENTS, NEW, UNKNOWN, append, event, note, scores
from support.worlds.keyed_table import Delta
from support.worlds.turbines import END, EVERY, READINGS, START, farm, time_of

NEWEST_FIRST = [EVENTS[3], EVENTS[2], EVENTS[1], EVENTS[0], EVENTS[4]]


@pytest.fixture(scope="module")
def project(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The farm with scores and events that no test changes."""
    made = farm(pytestconfig.rootpath, tmp_path_factory.mktemp("scored"))
    anomalies.found(made)
    return made


@pytest.fixture
def changing(pytestconfig: pytest.Config, tmp_path: Path) -> Project:
    """The farm with empty tables of scores, events and notes."""
    made = farm(pytestconfig.rootpath, tmp_path)
    anomalies.create(made)
    return made


def opened(project: Project) -> Historian:
    return Historian.open(settings.load(project, "local"), nonfinite="bad")


@pytest.fixture
def client(project: Project) -> Iterator[TestClient]:
    with served(project) as made:
        yield made


def served(project: Project) -> TestClient:
    application = app.build(settings.load(project, "local"))
    return TestClient(application, base_url="http://127.0.0.1", raise_server_exceptions=False)


def run(project: Project, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """Run `headrace events` and return its exit code and what it prints."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HEADRACE_PROJECT", str(project.root))
        patch.setenv("HEADRACE_HOME", str(project.home))
        patch.setenv("COLUMNS", "80")
        patch.setattr(sys, "argv", ["headrace", "events", *arguments])
        with pytest.raises(SystemExit) as end:
            cli.main()
    printed = capsys.readouterr()
    return int(end.value.code or 0), printed.out + printed.err


def places(rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [(row["tag"], row["started_at"], row["model"]) for row in rows]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, NEWEST_FIRST),
        ({"tags": "w1.*"}, [EVENTS[2], EVENTS[1], EVENTS[0]]),
        ({"tags": ["W1.power", "W2.*"]}, [EVENTS[3], EVENTS[2]]),
        ({"asset": "farm/north"}, [EVENTS[2], EVENTS[1], EVENTS[0]]),
        ({"cause": "level"}, [EVENTS[0]]),
        ({"model": "farm"}, NEWEST_FIRST),
        ({"model": "farm@1", "cause": "jump"}, [EVENTS[1]]),
        ({"state": "open"}, []),
        ({"state": "stale"}, [EVENTS[3]]),
        ({"acknowledged": True}, []),
        ({"min_score": 2.25}, [EVENTS[1], EVENTS[0]]),
        # An event that only touches the span is in it; the end is excluded.
        ({"since": time_of(2501), "until": time_of(4000)}, [EVENTS[2], EVENTS[1]]),
        ({"since": time_of(700), "until": time_of(2500)}, [EVENTS[0]]),
        ({"tags": "P1.flow"}, []),
    ],
)
def test_events_are_chosen(project: Project, asked: dict[str, Any], found: list[dict[str, Any]]) -> None:
    assert places(opened(project).events(**asked).to_pylist()) == places(found)


def test_an_open_event_is_stale_after_a_day(changing: Project, capsys: pytest.CaptureFixture[str]) -> None:
    recent = datetime.now(UTC) - timedelta(hours=2)
    row = {**event("W1.power", 10, 20, state="open"), "started_at": recent, "peak_at": recent, "ended_at": recent}
    append(changing, "condition.anomaly_events", [row, event("W2.power", 10, 20, state="open")])
    states = {row["tag"]: row["state"] for row in opened(changing).events().to_pylist()}
    assert states == {"W1.power": "open", "W2.power": "stale"}
    printed = run(changing, capsys, "show", "W2.power", time_of(10).isoformat())[1]
    assert "no job has advanced it for a day" in printed
    assert "headrace model rescore farm@1 --since 2026-03-01T01:40" in printed


@pytest.mark.parametrize(
    ("asked", "what"),
    [
        ({"tags": "W1.wind"}, "there is no tag 'W1.wind'"),
        ({"cause": "levil"}, "there is no cause 'levil'"),
        ({"model": "frm@1"}, "there is no model 'frm@1'"),
        ({"state": "closed"}, "there is no state 'closed'"),
        ({"since": END, "until": START}, "is not before until"),
        ({"since": START.replace(tzinfo=None)}, "has no time zone"),
        ({"tags": []}, "no tag is given"),
    ],
)
def test_a_choice_that_cannot_be_is_refused(project: Project, asked: dict[str, Any], what: str) -> None:
    with pytest.raises(UserError, match=re.escape(what)):
        opened(project).events(**asked)


def test_python_duckdb_the_command_line_and_the_api_return_the_same_events(
    project: Project, client: TestClient, capsys: pytest.CaptureFixture[str]
) -> None:
    python = opened(project).events("W*").to_pylist()
    plant = headrace.open("local", project)
    view = plant.sql("from condition.current_events where tag like 'W%' order by started_at desc, tag").to_pylist()
    assert [{**row, "related": row["related"].split(", ") if row["related"] else []} for row in view] == python
    code, printed = run(project, capsys, "list", "W*", "--json")
    assert (code, json.loads(printed)["found"]) == (0, 4)
    assert json.loads(printed)["events"] == json.loads(json.dumps(python, default=lambda time: time.isoformat()))
    misspelt = client.get("/api/events", params={"tag": "W*", "limits": 3})
    assert (misspelt.status_code, misspelt.json()["problems"][0]["fix"]) == (400, "did you mean 'limit'?")
    answer = client.get("/api/events", params={"tag": "W*", "limit": 3}).json()
    assert (answer["found"], len(answer["events"])) == (4, 3)
    assert [each["tag"] for each in answer["events"]] == [row["tag"] for row in python[:3]]
    assert answer["events"][0]["started_at"] == python[0]["started_at"].timestamp() * 1000
    assert (answer["causes"], answer["models"]) == (
        ["jump", "level", "shift_1h", "shift_2d", "stuck"],
        ["farm@1"],
    )


def test_a_duckdb_without_headrace_has_the_view(project: Project) -> None:
    catalog = iceberg.connect(settings.load(project, "local"))
    tables = duckdb.connect()
    for name in ("duckdb_extension_avro", "duckdb_extension_iceberg"):
        tables.load_extension(str(next(Path(import_module(name).__path__[0]).rglob("*.duckdb_extension"))))
    tables.execute("set timezone = 'UTC'; create schema condition; use condition")
    for name in ("anomaly_events", "anomaly_notes"):
        location = iceberg.load_table(catalog, f"condition.{name}").metadata_location
        tables.table_function("iceberg_scan", [location]).create_view(name)
    tables.execute("use main")
    tables.execute((ROOT / "jobs/headrace/environment/queries/anomaly_events.sql").read_text(encoding="utf-8"))
    found = tables.sql("from condition.current_events order by started_at desc, tag").to_arrow_table().to_pylist()
    assert places(found) == places(NEWEST_FIRST)


def test_an_event_that_was_replaced_by_its_key_counts_once(changing: Project) -> None:
    append(changing, "condition.anomaly_events", [event("W1.power", 10, 20, state="open")])
    table = iceberg.load_table(iceberg.connect(settings.load(changing, "local")), "condition.anomaly_events")
    day = Record((time_of(10) - START.replace(year=1970, month=1)).days)
    later = event("W1.power", 10, 30, peak_score=4.0)
    delta = Delta(table)
    delta.delete_equal([later], ["model", "tag", "started_at"], day)
    delta.add([later], day)
    delta.commit()
    (found,) = opened(changing).events().to_pylist()
    assert (found["ended_at"], found["state"], found["peak_score"]) == (time_of(30), "ended", 4.0)


def test_what_people_say_stays_with_the_event_of_another_model_version(changing: Project) -> None:
    append(changing, "condition.anomaly_events", [event("W1.power", 100, 110), event("W1.power", 117, 117)])
    append(
        changing,
        "condition.anomaly_notes",
        [
            note("W1.power", time_of(100), 1, acknowledged=True, note="pitch motor"),
            note("W1.power", time_of(100), 2, noted_by="bob", note="replaced on Monday"),
            note("W2.power", time_of(117), 3, acknowledged=True),
        ],
    )
    # A new version sees it begin twenty minutes later.
    append(changing, "condition.anomaly_events", [event("W1.power", 102, 112, model=NEW)])
    by_place = {(row["started_at"], row["model"]): row for row in opened(changing).events().to_pylist()}
    for row in (by_place[time_of(100), "farm@1"], by_place[time_of(102), NEW]):
        assert (row["acknowledged"], row["acknowledged_by"]) == (True, "ann")
        assert (row["note"], row["noted_by"]) == ("replaced on Monday", "bob")
    other = by_place[time_of(117), "farm@1"]
    assert (other["acknowledged"], other["note"], other["noted_at"]) == (False, None, None)
    assert opened(changing).event("W1.power", time_of(105))["model"] == NEW


def test_an_event_is_acknowledged_noted_and_taken_back(changing: Project, capsys: pytest.CaptureFixture[str]) -> None:
    append(changing, "condition.anomaly_events", EVENTS)

    def state() -> tuple[bool, str | None]:
        row = opened(changing).event("W1.power", time_of(2500))
        return row["acknowledged"], row["note"]

    acknowledged = ("acknowledge", "W1.power", "2026-03-18T08:50:00Z")
    assert run(changing, capsys, *acknowledged, "--by", "ann", "--note", "icing [b]") == (
        0,
        "W1.power at 2026-03-18T08:40 is acknowledged, by ann\n",
    )
    assert state() == (True, "icing [b]")
    assert run(changing, capsys, "note", "W1.power", "2026-03-18 08:40", "no, a curtailment")[0] == 0
    assert state() == (True, "no, a curtailment")
    code, shown = run(changing, capsys, "show", "W1.power", "2026-03-18T08:40")
    assert (code, "acknowledged  ann, " in shown, "no, a curtailment" in shown) == (0, True, True)
    assert "no alert      out of regime\n" in shown
    assert run(changing, capsys, *acknowledged, "--undo")[0] == 0
    assert run(changing, capsys, "note", "W1.power", "2026-03-18T08:40", "")[0] == 0
    assert state() == (False, None)
    assert run(changing, capsys, *acknowledged, "--by", " ")[0] == 2
    with pytest.raises(UserError, match="longer than"):
        notes.write(settings.load(changing, "local"), EVENTS[0], note="x" * (notes.MAX_NOTE + 1))


def test_the_list_fits_80_columns_and_says_how_many_more_there_are(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    code, printed = run(project, capsys, "list", "--limit", "2")
    assert code == 0
    assert max(map(len, printed.splitlines())) <= 80
    assert " 2026-03-28T18:40  W2.wind_speed  53.2 h?  shift_2d" in printed
    assert "5 events of farm@1; ?: no job has advanced it for a day\n3 more: --limit 5 shows all\n" in printed


def test_a_time_without_an_event_names_the_nearest_ones(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    code, printed = run(project, capsys, "show", "W1.wind_speed", "2026-03-19")
    assert code == 2
    assert "'W1.wind_speed' has no event at 2026-03-19T00:00" in printed
    assert "the nearest ones start at 2026-03-05T20:40, 2026-03-18T08:40" in printed


def test_two_events_are_compared_from_their_starts(
    project: Project, client: TestClient, capsys: pytest.CaptureFixture[str]
) -> None:
    place = ("W1.wind_speed@2026-03-18T08:40", "W2.wind_speed@2026-03-28T18:40")
    code, printed = run(project, capsys, "compare", *place, "--json")
    assert code == 0
    rows = json.loads(printed)["values"]
    assert {(row["signal"], row["first_tag"], row["second_tag"]) for row in rows} == {
        ("wind_speed", "W1.wind_speed", "W2.wind_speed"),
        ("power", "W1.power", None),  # W2 has no such tag
    }
    stored = opened(project).raw(["W1.wind_speed", "W2.wind_speed"], START, END).to_pylist()
    value = {(row["tag"], row["ts"]): row["value"] for row in stored}
    starts = {"W1.wind_speed": time_of(2500), "W2.wind_speed": time_of(4000)}
    compared = [row for row in rows if row["signal"] == "wind_speed"]
    assert 0.0 in {row["offset_s"] for row in compared}
    for row in compared:
        for side in ("first", "second"):
            tag = row[f"{side}_tag"]
            at = starts[tag] + timedelta(seconds=row["offset_s"])
            assert row[side] == value.get((tag, at))  # none beyond the last reading
    answer = client.get(
        "/api/events/compare",
        params={
            "first_tag": "W1.wind_speed",
            "first_start": time_of(2500).isoformat(),
            "second_tag": "Gone.flow",
            "second_start": time_of(-30_000).isoformat(),
        },
    ).json()
    assert set(answer["signals"][0]["second"]) == {None}
    assert run(project, capsys, "compare", "W1.power", place[1])[0] == 2
    code, printed = run(project, capsys, "compare", *place)
    assert "first   W1.wind_speed from 2026-03-18T08:40 UTC, jump, 10 min\n" in printed
    assert "\nW1.power, no such tag\n" in printed
    assert "       0:00       58  5.17893 \n" in printed


def test_scores_are_read_from_the_days_and_row_groups_of_the_tag(project: Project) -> None:
    historian = opened(project)
    since, until = time_of(0), time_of(2 * 144)
    table = historian.scores("W1.wind_speed", since, until)
    assert anomalies.times_of(table) == [*range(2 * 144)]
    reader = historian.anomalies.required_scores()
    assert len(reader.read_stats.files) == 2
    assert reader.read_stats.rows == 2 * 144
    month = historian.scores(["W2.wind_speed", "W1.wind_speed"], START, END)
    assert month["tag"].to_pylist() == ["W2.wind_speed"] * READINGS + ["W1.wind_speed"] * READINGS
    without = [row for row in month.slice(READINGS).to_pylist() if row["score"] is None]
    assert [round((row["ts"] - START) / EVERY) for row in without] == [*UNKNOWN]
    assert {row["none_because"] for row in without} == {"an input of the model is missing"}
    assert historian.scores("W1.power", START, END).num_rows == 0
    with pytest.raises(UserError, match=r"there is no tag 'W9\.power'"):
        historian.scores("W9.power", START, END)
    with pytest.raises(UserError, match="more than 10 scores"):
        historian.scores("W1.*", START, END, max_rows=10)


def test_pyiceberg_reads_scores_and_notes(project: Project) -> None:
    catalog = iceberg.connect(settings.load(project, "local"))
    table = iceberg.load_table(catalog, "condition.scores")
    rows = table.scan(row_filter="tag == 'W1.wind_speed' and ts >= '2026-03-02T00:00:00+00:00'").to_arrow()
    assert len(rows) == READINGS - 144
    assert iceberg.load_table(catalog, "condition.anomaly_notes").scan().to_arrow().num_rows == 0


def test_a_plot_has_the_bands_and_the_events_of_its_tags(client: TestClient) -> None:
    span = {"start": time_of(600).isoformat(), "end": time_of(1200).isoformat()}
    answer = client.get("/api/plot", params={"tag": ["W1.wind_speed", "W1.power"], "pixels": 300, **span}).json()
    assert answer["models"] == ["farm@1"]
    wind, power = answer["traces"]
    (band,) = wind["bands"]
    assert power["bands"] == []
    gap = band["low"].index(None)
    assert (band["ts"][gap - 1], band["ts"][gap]) == (
        time_of(UNKNOWN.start - 2).timestamp() * 1000,
        time_of(UNKNOWN.stop).timestamp() * 1000,
    )
    assert all(low < expected < high for low, expected, high in zip(*(
        [each for each in band[name] if each is not None] for name in ("low", "expected", "high")
    ), strict=True))  # fmt: skip
    (found,) = wind["events"]
    assert (found["cause"], found["peak_score"], found["related"]) == ("level", 2.25, ["W1.power"])
    assert (wind["events_found"], power["events_found"]) == (1, 0)


def test_the_newest_model_of_each_time_is_shown_unless_others_are_asked_for(changing: Project) -> None:
    append(changing, "condition.scores", scores("W1.power", numbers=range(200)))
    append(changing, "condition.scores", scores("W1.power", NEW, range(100, 300)))
    found = [event("W1.power", at, at + 2, model=model) for at, model in ((50, "farm@1"), (150, "farm@1"), (160, NEW))]
    append(changing, "condition.anomaly_events", found)
    span = {"tag": "W1.power", "start": START.isoformat(), "end": time_of(300).isoformat()}
    with served(changing) as client:

        def shown(**asked: Any) -> tuple[list[tuple[str, int]], list[tuple[str, float]]]:
            answer = client.get("/api/plot", params={**span, **asked}).json()
            assert answer["models"] == [NEW, "farm@1"]
            (trace,) = answer["traces"]
            bands = [(band["model"], len([low for low in band["low"] if low is not None])) for band in trace["bands"]]
            return bands, [(each["model"], each["started_at"] / 1000) for each in trace["events"]]

        first, second, third = (("farm@1", 50), ("farm@1", 150), (NEW, 160))
        stamps = {each: (each[0], time_of(each[1]).timestamp()) for each in (first, second, third)}
        assert shown() == ([("farm@1", 100), (NEW, 200)], [stamps[first], stamps[third]])
        assert shown(model="farm@1") == ([("farm@1", 200)], [stamps[first], stamps[second]])
        both = shown(model=["farm@1", NEW])
        assert both == ([("farm@1", 200), (NEW, 200)], [stamps[first], stamps[second], stamps[third]])
        assert shown(model="none") == ([], [])


def test_a_commit_appears_in_the_next_answer(changing: Project) -> None:
    with served(changing) as client:
        assert client.get("/api/events").json() == {"found": 0, "events": [], "causes": [], "models": []}
        append(changing, "condition.anomaly_events", EVENTS)
        assert client.get("/api/events").json()["found"] == len(EVENTS)
        append(changing, "condition.scores", scores("W1.power"))
        plot = {"tag": "W1.power", "start": START.isoformat(), "end": END.isoformat()}
        assert len(client.get("/api/plot", params=plot).json()["traces"][0]["bands"]) == 1
        append(changing, "condition.anomaly_notes", [note("W1.power", time_of(2500), 1, acknowledged=True)])
        assert client.get("/api/events", params={"acknowledged": True}).json()["found"] == 1


def test_a_plant_without_the_tables_has_trends_and_says_how_to_create_them(
    pytestconfig: pytest.Config, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = farm(pytestconfig.rootpath, tmp_path)
    with served(project) as client:
        assert client.get("/api/events").json()["models"] == []
        plot = {"tag": "W1.power", "start": START.isoformat(), "end": END.isoformat()}
        answer = client.get("/api/plot", params=plot).json()
        assert (answer["models"], answer["traces"][0]["bands"], answer["traces"][0]["events"]) == ([], [], [])
        anomalies.found(project)
        assert client.get("/api/events").json()["found"] == len(EVENTS)
    historian = opened(project)
    iceberg.connect(settings.load(project, "local")).drop_table("condition.anomaly_notes")
    code, printed = run(project, capsys, "list")
    assert (code, "headrace tables apply" in printed) == (3, True)
    iceberg.connect(settings.load(project, "local")).drop_table("condition.scores")
    with pytest.raises(PlatformError, match=r"there is no table condition\.scores"):
        historian.scores("W1.power", START, END)


def test_a_column_of_another_type_is_an_error_of_the_platform(changing: Project) -> None:
    catalog = iceberg.connect(settings.load(changing, "local"))
    catalog.drop_table("condition.scores")
    catalog.create_table("condition.scores", pa.schema([("tag", pa.string()), ("ts", pa.string())]))
    with pytest.raises(PlatformError, match=r"condition\.scores has no column 'ts' of type timestamptz, but string"):
        opened(changing).scores("W1.power", START, END)
