"""The API of `headrace serve` over its own real Iceberg catalog."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

from headrace.environment import iceberg, settings
from headrace.errors import UserError
from headrace.historian import Historian, raw_stream
from headrace.historian.read import reader
from headrace.historian.read.files import Plan
from headrace.historian.read.reader import Reader
from headrace.historian.read.rows import Rows
from headrace.historian.serve import answers, api, app, load
from headrace.historian.serve.answers import Tag
from headrace.historian.trends import trend
from headrace.project import pattern
from headrace.project.paths import Project
from support.worlds import pumps
from support.worlds.pumps import empty_plant, s
from support.worlds.turbines import (
    BAD,
    DOUBTED,
    END,
    EVERY,
    OUT,
    READINGS,
    START,
    UNCERTAIN,
    farm,
    store,
    time_of,
)

TOKENS = ("a token of the control room", "another one, of the office")
DAY = {"start": "2026-03-05T00:00:00Z", "end": "2026-03-06T00:00:00Z"}
ALL = {"start": START.isoformat(), "end": END.isoformat()}


@pytest.fixture(scope="module")
def project(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Project:
    return farm(pytestconfig.rootpath, tmp_path_factory.mktemp("farm"))


@pytest.fixture
def client(project: Project) -> Iterator[TestClient]:
    with served(project) as test_client:
        yield test_client


def served(project: Project, *tokens: str) -> TestClient:
    application = app.build(settings.load(project, "local"), tokens)
    return TestClient(application, base_url="http://127.0.0.1", raise_server_exceptions=False)


def ask(client: TestClient, path: str, **parameters: Any) -> Any:
    response = client.get(f"/api/{path}", params=parameters)
    assert response.status_code == 200, response.text
    return response.json()


def refused(client: TestClient, path: str, status: int, **parameters: Any) -> dict[str, Any]:
    response = client.get(f"/api/{path}", params=parameters)
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    (problem,) = response.json()["problems"]
    assert "Traceback" not in response.text
    return dict(problem)


def ms(number: int) -> float:
    return time_of(number).timestamp() * 1000


def test_tags_are_found_by_words_by_wildcard_and_by_place(client: TestClient) -> None:
    result = ask(client, "tags", search="nacelle 2")
    assert result["found"] == 1
    assert result["tags"][0]["tag"] == "W2.wind_speed"
    assert result["tags"][0]["unit"] == "m/s"
    assert result["tags"][0]["description"] == "wind at the nacelle of turbine 2"
    assert [tag["tag"] for tag in ask(client, "tags", search="w1.*")["tags"]] == ["W1.power", "W1.wind_speed"]
    assert [tag["tag"] for tag in ask(client, "tags", asset="farm/south")["tags"]] == ["W2.wind_speed"]
    few = ask(client, "tags", limit=2)
    assert (few["found"] > 2, len(few["tags"])) == (True, 2)
    assert ask(client, "tags", search="no such thing")["tags"] == []


def test_the_extent_and_the_number_of_readings_are_returned(client: TestClient) -> None:
    assert ask(client, "extent") == {"start": ms(0), "end": ms(READINGS - 1)}
    assert ask(client, "health") == {"readings": 3 * READINGS}


def test_a_plot_is_the_historians_with_a_neighbour_on_each_side(client: TestClient, project: Project) -> None:
    (trace,) = ask(client, "plot", tag="W2.wind_speed", pixels=50, **DAY)["traces"]
    historian = Historian.open(settings.load(project, "local"))
    start = START + timedelta(days=4)
    known = historian.plot("W2.wind_speed", start, start + timedelta(days=1), 50)
    assert trace["ts"][1:-1] == [time.timestamp() * 1000 for time in known["ts"].to_pylist()]
    assert trace["value"][1:-1] == known["value"].to_pylist()
    assert (trace["ts"][0], trace["ts"][-1]) == (ms(4 * 144 - 1), ms(5 * 144))
    assert trace["about"]["unit"] == "m/s"


def test_bad_and_uncertain_readings_keep_their_quality_and_bad_ones_no_value(client: TestClient) -> None:
    span = {"start": time_of(2990).isoformat(), "end": time_of(3240).isoformat()}
    wind, power = ask(client, "plot", tag=["W1.wind_speed", "W1.power"], **span)["traces"]
    bad = {
        ts: value for ts, value, status in zip(wind["ts"], wind["value"], wind["quality"], strict=True) if status == BAD
    }
    assert bad == {ms(number): None for number in OUT}
    doubted = [ts for ts, status in zip(power["ts"], power["quality"], strict=True) if status == UNCERTAIN]
    assert doubted == [ms(number) for number in DOUBTED]


def test_a_text_comes_with_its_words_and_its_own_quality(pytestconfig: pytest.Config, tmp_path: Path) -> None:
    project = empty_plant(pytestconfig.rootpath, tmp_path)
    words: list[tuple[str | None, int]] = [
        ("RUN", 0),
        ("RUN", 0),
        ("STOP", 0),
        ("RUN", UNCERTAIN),
        (None, BAD),
        ("I/O Timeout", BAD),
        ("RUN", 0),
    ]
    states = [("T.text", s(10 * at), word, quality) for at, (word, quality) in enumerate(words)]
    short = [("T.short", s(at / 100), word, 0) for at, word in enumerate(("ON", "OFF", "ON"))]
    long = [("T.long", s(0), "x" * 5000, 0), ("T.long", s(1), "x" * 200, 0)]
    mixed: list[tuple[str, datetime, float | str | None, int]] = [
        ("T.mixed", s(0), 1.5, 0),
        ("T.mixed", s(10), "Stopped", 0),
        ("T.mixed", s(20), 2.5, 0),
    ]
    pumps.store(project, [*states, *short, *long, *mixed, ("P1.flow", s(0), 1.0, 0)])
    span = {"start": s(0).isoformat(), "end": s(600).isoformat(), "pixels": 600}
    with served(project) as client:
        plot = ask(client, "plot", tag=["T.text", "T.short", "T.long", "T.mixed", "P1.flow"], **span)
    text, shorts, longs, both, flow = plot["traces"]
    assert list(zip(text["text"], text["quality"], strict=True)) == words
    assert text["value"] == [None] * len(words)
    assert shorts["text"] == ["ON", "OFF", "ON"]
    assert longs["text"] == ["x" * 199 + "…", "x" * 200]
    assert (both["value"], both["text"], both["quality"]) == ([1.5, None, 2.5], [None, "Stopped", None], [0, 0, 0])
    assert (flow["value"], flow["text"]) == ([1.0], None)


def test_a_tag_that_is_not_listed_is_found_by_search_and_by_its_name_with_wildcards(
    pytestconfig: pytest.Config, tmp_path: Path
) -> None:
    project = empty_plant(pytestconfig.rootpath, tmp_path)
    pumps.store(project, [(tag, s(0), 1.0, 0) for tag in ("T.fast", "A*B", "A1B")])
    with served(project) as client:
        for text, found in {"fast": ["T.fast"], "T.": ["T.fast"], "t.*": ["T.fast"], "A~*B": ["A*B"]}.items():
            assert ask(client, "tags", search=text) == {
                "found": len(found),
                "tags": [dict.fromkeys(Tag.model_fields) | {"tag": tag} for tag in found],
            }
        (trace,) = ask(client, "plot", tag="A~*B", start=s(-1).isoformat(), end=s(1).isoformat())["traces"]
        assert trace["about"]["tag"] == "A*B"
        assert len(trace["ts"]) == 1


def test_an_empty_span_names_the_nearest_readings_however_far_away(pytestconfig: pytest.Config, tmp_path: Path) -> None:
    project = empty_plant(pytestconfig.rootpath, tmp_path)
    days = [-900, -400, -399, 500, 501]
    for tag, offset in (("P1.flow", 0), ("T.text", 7)):
        pumps.store(project, [(tag, s(0) + timedelta(days=day, minutes=offset), "x", 0) for day in days])
    span = {"start": s(0).isoformat(), "end": s(60).isoformat()}
    with served(project) as client:
        found = ask(client, "nearest", tag=["T.text", "P1.flow", "P2.flow"], **span)
        early = {"start": "2000-01-01T00:00:00Z", "end": "2000-01-02T00:00:00Z"}
        (first,) = ask(client, "nearest", tag="P1.flow", **early)
        (inside,) = ask(
            client, "nearest", tag="P1.flow", start=(s(0) - timedelta(days=400)).isoformat(), end=span["end"]
        )
        assert "no tag 'P9'" in refused(client, "nearest", 400, tag="P9", **span)["what"]
    ms = {day: (s(0) + timedelta(days=day)).timestamp() * 1000 for day in days}
    assert found == [
        {"tag": "T.text", "before": ms[-399] + 420_000, "after": ms[500] + 420_000},
        {"tag": "P1.flow", "before": ms[-399], "after": ms[500]},
        {"tag": "P2.flow", "before": None, "after": None},
    ]
    assert first == {"tag": "P1.flow", "before": None, "after": ms[-900]}
    assert inside == {"tag": "P1.flow", "before": ms[-900], "after": ms[500]}


def test_csv_is_the_readings_as_they_are_stored(client: TestClient, project: Project) -> None:
    response = client.get("/api/readings.csv", params={"tag": ["W1.power", "W2.wind_speed"], **ALL})
    assert "attachment" in response.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(response.text)))
    raw = Historian.open(settings.load(project, "local")).raw(["W1.power", "W2.wind_speed"], START, END)
    assert len(rows) == 2 * READINGS
    assert [row["tag"] for row in rows] == raw["tag"].to_pylist()
    assert [float(row["value"]) for row in rows] == raw["value"].to_pylist()
    assert rows[1]["ts"] == "2026-03-01 00:10:00.000000Z"


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"tag": "W1.power", "start": "1990-01-01T00:00:00Z", "end": "2026-01-01T00:00:00Z"}, "longer than 3,660"),
        ({"tag": "W1.power", "start": DAY["end"], "end": DAY["start"]}, "is not after the start"),
        ({"tag": [f"T{number}" for number in range(21)], **DAY}, "21 tags are more than 20"),
        ({"tag": "W1.power", "pixels": 4001, **DAY}, "less than or equal to 4000"),
        ({"tag": "W1.power", "start": "2026-03-05T00:00:00", "end": DAY["end"]}, "timezone"),
        ({"tag": "W1.power", "start": "2026", "end": DAY["end"]}, "a time is written like 2026-03-01T00:00:00Z"),
        ({"tag": "W1.powr", **DAY}, "there is no tag 'W1.powr'"),
        ({"tag": "W1.power", "pixel": 5, **DAY}, "there is no parameter 'pixel'"),
        ({"tag": "W1.power", "pixels": [5, 6], **DAY}, "the parameter 'pixels' is given 2 times"),
        ({"tag": "X*", **DAY}, "no tag matches 'X"),
        ({**DAY}, "required"),
    ],
)
def test_a_request_beyond_a_limit_or_not_valid_is_refused_with_the_fix(
    client: TestClient, query: dict[str, Any], message: str
) -> None:
    problem = refused(client, "plot", 400, **query)
    assert message in problem["what"]
    assert problem["fix"]


def test_a_trend_that_does_not_fit_in_memory_is_calculated_in_parts_and_is_the_same(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    historian = Historian.open(settings.load(project, "local"))
    query = (["W1.wind_speed", "W1.power"], START, END, 640)
    whole = historian.trend(*query)
    monkeypatch.setattr(reader, "MAX_HELD", 700)
    parts = historian.trend(*query)
    assert parts.equals(whole)
    monkeypatch.setattr(trend, "MAX_READ", 5000)
    with pytest.raises(UserError, match="a trend of more than 5,000 readings"):
        historian.trend(*query)


def test_an_empty_table_has_no_time(pytestconfig: pytest.Config, tmp_path: Path) -> None:
    with served(empty_plant(pytestconfig.rootpath, tmp_path)) as client:
        assert ask(client, "extent") == {"start": None, "end": None}
        (trace,) = ask(client, "plot", tag="P1.flow", **DAY)["traces"]
        assert trace["ts"] == []


def test_csv_is_read_from_the_table_as_the_client_takes_it(
    client: TestClient, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(raw_stream, "AT_ONCE", 1000)
    monkeypatch.setattr(answers, "CSV_ROWS", 300)
    read: list[int] = []
    rows = Reader.rows

    def counted(*of: Any, **how: Any) -> Rows:
        read.append(1)
        return rows(*of, **how)

    monkeypatch.setattr(Reader, "rows", counted)
    parts = answers.csv_parts(Historian.open(settings.load(project, "local")).stream("W?.*", START, END))
    before = len(read)
    assert next(parts).startswith(b'"tag","ts"')
    assert len(read) == before
    assert 1 + sum(part.count(b"\n") for part in parts) > 3 * READINGS - 300
    assert len(read) > before + 10
    text = client.get("/api/readings.csv", params={"tag": "W?.*", **ALL}).text
    assert len(text.splitlines()) == 1 + 3 * READINGS


def test_a_text_that_a_spreadsheet_takes_for_a_formula_begins_with_an_apostrophe(
    pytestconfig: pytest.Config, tmp_path: Path
) -> None:
    project = empty_plant(pytestconfig.rootpath, tmp_path)
    names = ["=cmd|'/c calc'!A1", "-2+3", "@SUM(A1)", "+1", "\t=1", " =1", "\uff1d1", "fine-tag", "a=b"]
    pumps.store(project, [(name, s(at), word, 0) for name in names for at, word in ((0, "=1+1"), (1, "ok"))])
    pumps.store(project, [("P1.flow", s(0), -1.5, 0)])
    tags = [pattern.literal(name) for name in [*names, "P1.flow"]]
    with served(project) as client:
        response = client.get("/api/readings.csv", params={"tag": tags, "start": s(0), "end": s(9)})
    rows = list(csv.reader(io.StringIO(response.text, newline="")))[1:]
    assert [row[0] for row in rows[::2]] == [*(f"'{name}" for name in names[:-2]), *names[-2:], "P1.flow"]
    assert [row[3] for row in rows[:2]] == ["'=1+1", "ok"]
    assert rows[-1][2] == "-1.5"


def test_a_commit_appears_in_the_next_answer(pytestconfig: pytest.Config, tmp_path: Path) -> None:
    project = farm(pytestconfig.rootpath, tmp_path)
    with served(project) as client:
        later = END + timedelta(days=1)
        span = {"start": END.isoformat(), "end": (later + timedelta(days=1)).isoformat()}
        (before,) = ask(client, "plot", tag="W1.power", **span)["traces"]
        assert len(before["ts"]) == 1
        store(project, "W1.power", np.full(3, 5.0), np.zeros(3, np.int64), later)
        (after,) = ask(client, "plot", tag="W1.power", **span)["traces"]
        assert after["ts"][1:] == [(later + at * EVERY).timestamp() * 1000 for at in range(3)]
        assert ask(client, "extent")["end"] == (later + 2 * EVERY).timestamp() * 1000


def test_a_missing_table_is_reported_as_an_error_of_the_platform(pytestconfig: pytest.Config, tmp_path: Path) -> None:
    project = farm(pytestconfig.rootpath, tmp_path)
    with served(project) as client:
        assert ask(client, "health")
        iceberg.connect(settings.load(project, "local")).drop_table("historian.readings")
        problem = refused(client, "health", 503)
    assert "there is no table historian.readings" in problem["what"]
    assert "tables apply" in problem["fix"]


def test_an_internal_error_shows_no_stack_trace(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Historian, "trend", lambda *_: 1 / 0)
    problem = refused(client, "plot", 500, tag="W1.power", **DAY)
    assert problem["where"] == "/api/plot"
    assert "ZeroDivisionError" not in str(problem)


def test_the_docs_state_the_actual_limits(pytestconfig: pytest.Config) -> None:
    section = (pytestconfig.rootpath / "docs" / "bi.md").read_text().split("## A page to look at")[1].split("\n## ")[0]
    text = " ".join(section.split())
    assert f"more than {api.MAX_TAGS} tags, {api.MAX_SPAN.days:,} days, {api.MAX_PIXELS:,} pixels" in text
    assert f"more than {trend.MAX_READ:,} readings" in text
    assert f"does not read an answer within {load.READ_S:g} seconds, or the next {answers.CSV_ROWS:,} rows" in text
    assert (load.AT_ONCE, load.OPEN_FILES, load.OPEN_ANSWERS, trend.MAX_TEXT) == (4, 4, 12, 200)


def test_a_plan_of_files_that_another_thread_replaces_is_still_returned(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = Historian.open(settings.load(project, "local")).reader.files
    query = (int(START.timestamp() * 1e6), int(END.timestamp() * 1e6))
    plan, covers = files.plan(*query), Plan.covers

    def meanwhile(plan: Plan, *question: Any) -> bool:
        known = covers(plan, *question)
        files._plans = (Plan(0, 1, []),)
        return known

    monkeypatch.setattr(Plan, "covers", meanwhile)
    assert files.plan(*query) is plan
    assert files.plan(*query).covers(*query)


def test_concurrent_requests_do_not_affect_each_other(client: TestClient) -> None:
    query = [
        {"tag": tag, "start": time_of(day * 144).isoformat(), "end": time_of(day * 144 + 144).isoformat()}
        for day in range(0, 30, 3)
        for tag in ("W1.power", "W1.wind_speed", "W2.wind_speed")
    ]
    alone = [ask(client, "plot", **each) for each in query]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda each: ask(client, "plot", **each), query))
    assert together == alone


def test_files_of_the_page_do_not_wait_for_questions(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    ready = Event()
    monkeypatch.setattr(Historian, "trend", lambda *_: ready.wait(300) and 1 / 0)
    with ThreadPoolExecutor(12) as pool:
        try:
            questions = [pool.submit(client.get, "/api/plot", params={"tag": "W1.power", **DAY}) for _ in range(8)]
            for path in ("/", "/page/style.css", "/page/main.js", "/assets/plotly.min.js"):
                assert pool.submit(client.get, path).result(120).status_code == 200
            assert not any(question.done() for question in questions)
        finally:
            ready.set()


def test_only_get_and_head_are_allowed(client: TestClient) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
        response = client.request(method, "/api/health")
        assert response.status_code == 405
        assert response.headers["allow"] == "GET, HEAD"
    assert client.head("/api/health").status_code == 200


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:8080", 200),
        ("127.0.0.1", 200),
        ("[::1]:80", 200),
        ("evil.example", 403),
        ("127.0.0.1.evil.example", 403),
    ],
)
def test_without_tokens_only_local_host_names_are_accepted(client: TestClient, host: str, status: int) -> None:
    for path in ("/", "/api/health", "/openapi.json"):
        assert client.get(path, headers={"Host": host}).status_code == status


def test_a_request_from_a_page_of_another_site_is_refused(client: TestClient) -> None:
    assert client.get("/api/health", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert client.get("/api/health", headers={"Sec-Fetch-Site": "same-origin"}).status_code == 200


def test_with_tokens_every_request_must_carry_one(project: Project) -> None:
    with served(project, *TOKENS) as client:
        for bearing in ("", "Bearer ", "Bearer wrong", f"Basic {TOKENS[0]}", f"Bearer {TOKENS[0]}x"):
            response = client.get("/api/health", headers={"Authorization": bearing})
            assert response.status_code == 401
            assert response.headers["www-authenticate"] == "Bearer"
        for token in TOKENS:
            headers = {"Authorization": f"Bearer {token}", "Host": "historian.plant"}
            assert client.get("/api/health", headers=headers).status_code == 200
        assert client.get("/", headers={"Host": "historian.plant"}).status_code == 200


def test_the_page_and_the_api_description_need_no_other_host(client: TestClient) -> None:
    seen = {"/", "/docs"}
    waiting = sorted(seen)
    while waiting:
        path = waiting.pop()
        response = client.get(path)
        assert response.status_code == 200, path
        assert "default-src 'none'" in response.headers["content-security-policy"]
        if path.startswith("/assets"):
            continue
        assert "http://" not in response.text.replace("http://www.w3.org/2000/svg", "")
        assert "https://" not in response.text
        folder = "/page/" if path.endswith(".js") else ""
        linked = re.findall(r'(?:src|href)="(/[^"]+)"|from "\./([^"]+)"', response.text)
        result = {absolute or folder + relative for absolute, relative in linked} - seen
        seen |= result
        waiting += result
    assert {"/assets/plotly.min.js", "/assets/swagger-ui-bundle.js", "/page/chart.js", "/page/style.css"} <= seen
    described = client.get("/openapi.json").json()
    assert set(described["paths"]) == {
        f"/api/{name}"
        for name in ("health", "tags", "extent", "plot", "nearest", "readings.csv", "events", "events/compare")
    }
    assert all(set(path) == {"get"} for path in described["paths"].values())
