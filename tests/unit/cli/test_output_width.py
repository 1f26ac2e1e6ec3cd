"""Reports of commands on 80 columns: nothing is wider, and a time stands on one line."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest

from headrace.cli import completeness, history, reconcile, status
from headrace.environment import kafka
from headrace.environment.consumer_lag import TopicProgress
from headrace.environment.flink_failures import Failure
from headrace.errors import CheckFailed, HeadraceError, Problem
from headrace.historian.answers import AGGREGATED
from headrace.operations.lifecycle.health import Health
from headrace.operations.lifecycle.job_report import JobReport
from headrace.operations.lifecycle.metrics import Metrics
from headrace.operations.lifecycle.status import Status, Survey
from headrace.upkeep.completeness import Completeness, Reached, Seen
from headrace.upkeep.reconcile import Balance

JOB, TOPIC = "historian/rollup_1h_v12", "plant.site.readings"
NOW = datetime(2026, 3, 1, 6, 30, 15, 123456, tzinfo=UTC)


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    monkeypatch.setenv("COLUMNS", "80")

    def read() -> list[str]:
        printed = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
        assert max(map(len, printed)) <= 80
        return printed

    return read


def test_the_status_of_jobs(lines: Any) -> None:
    numbers = Metrics(restarts=3, rows_per_s=12_345.6, dead_letters_per_s=0.2, commit_age_s=130)
    report = JobReport("RUNNING", 5, attempt_s=86_400 * 12, checkpoint_s=4, metrics=numbers)
    topics = TopicProgress(lag=400_269, in_transactions=20, held=("plant.readings/0",))
    health = Health("RESTARTING", "it failed", "restart it")
    job = Status(JOB, health, report=report, topics=topics, complete_through=NOW)
    status._show(Survey([job, Status("historian/readings_v1", Health("LOST", "it is gone", "restart it"))]))
    header, _, first, second, *others = (line.split() for line in lines() if line)
    assert header == ["job", "state", "checkpoint", "commit", "lag", "rows/s"]
    assert first == [JOB, "RESTARTING", "4", "s", "2", "min", "400,269", "12,346"]
    assert second == ["historian/readings_v1", "LOST"]
    assert [" ".join(words) for words in others] == [
        f"{JOB} is complete through 2026-03-01 06:30:15 UTC",
        f"{JOB}: 20 offsets wait behind an open transaction",
        "in plant.readings/0",
        f"fix {kafka.END_OF_TRANSACTION}",
        f"{JOB} writes 0.2 dead letters per second",
    ]


def test_what_a_job_is_stalled_by_is_not_repeated() -> None:
    broker, cluster = Problem("Kafka does not answer", "a:1", "start it"), Problem("Flink does not answer", "b:1")
    job = Status(JOB, Health("STALLED", "it reads nothing new: Kafka does not answer", "start it"))
    with pytest.raises(CheckFailed) as raised:
        status._verdict(Survey([job], [broker, cluster]))
    assert [problem.what for problem in raised.value.problems] == [
        f"{JOB} is STALLED: it reads nothing new: Kafka does not answer",
        "Flink does not answer",
    ]


def test_a_last_error_has_its_time_and_whether_it_is_over(capsys: pytest.CaptureFixture[str]) -> None:
    report = JobReport("RUNNING", 5, 100, 4, failure_s=150, failure=Failure(NOW, "IOException: no"))
    status._show(Survey([Status("a/b_v1", Health("RUNNING"), report=report)]))
    shown = " ".join(capsys.readouterr().out.split())
    assert "last error, 2 min ago, at 2026-03-01 06:30:15 UTC; it has recovered since: IOException: no" in shown


@pytest.mark.parametrize(
    ("states", "silent", "code", "text"),
    [
        (["RUNNING"], 0, None, ""),
        (["STALLED", "RUNNING"], 0, 1, "a/b_v1 is STALLED: why\n  fix: do it"),
        (["STALLED"], 1, 1, "a/b_v1 is STALLED: why\n  fix: do it\nit is silent"),
        (["RUNNING"], 1, 3, "it is silent"),
        (["UNKNOWN"], 1, 3, "it is silent"),
        (["UNKNOWN"], 0, 1, "a/b_v1 is UNKNOWN: why\n  fix: do it"),
        ([], 1, 3, "it is silent"),
    ],
)
def test_the_exit_code_of_status_is_one_for_probes(states: list[str], silent: int, code: int | None, text: str) -> None:
    healths = [Health(state) if state == "RUNNING" else Health(state, "why", "do it") for state in states]
    survey = Survey([Status("a/b_v1", health) for health in healths], [Problem("it is silent")] * silent)
    if code is None:
        status._verdict(survey)
        return
    with pytest.raises(HeadraceError) as caught:
        status._verdict(survey)
    assert (caught.value.exit_code, str(caught.value)) == (code, text)


def test_the_json_of_a_status_holds_the_same_facts() -> None:
    report = JobReport("RUNNING", 5, 100, 44, 150, Failure(NOW, "IOException: no"), Metrics(restarts=3, rows_per_s=0))
    health = Health("STALLED", "no checkpoint", "restart it")
    plain = status._plain(Status(JOB, health, "f" * 32, None, report, TopicProgress(7, 2, True)))
    assert (plain["state"], plain["well"]) == ("STALLED", False)
    assert (plain["why"], plain["fix"]) == ("no checkpoint", "restart it")
    assert (plain["checkpoint_age_s"], plain["metrics"]["lag"], plain["in_open_transactions"]) == (44, 7, 2)
    assert plain["error"] == {"at": NOW, "what": "IOException: no", "fix": None, "age_s": 150}


def test_how_far_the_data_is_complete(lines: Any) -> None:
    partition = Reached(JOB, TOPIC, 3, 12_345_678, 0, NOW, NOW, NOW)
    completeness._show(Completeness([partition], [Seen("R80711.wind_speed", 0, None, None, None)]))
    printed = lines()
    assert "complete through  2026-03-01 06:30:15 UTC" in printed
    assert "complete through 2026-03-01 06:30:15 UTC" in printed
    assert "  R80711.wind_speed: no reading so far" in printed


def test_data_whose_completeness_is_unknown(lines: Any) -> None:
    completeness._show(Completeness([Reached(JOB, TOPIC, 3, 1, 0, None, None, NOW)], []))
    assert "complete through: unknown" in lines()


def test_a_partition_that_is_held_has_the_next_command(capsys: pytest.CaptureFixture[str]) -> None:
    recreated, hidden = (Reached(JOB, TOPIC, n, 1, 0, None, None, NOW, held_by="a reason") for n in range(2))
    completeness._show(Completeness([recreated, replace(hidden, hidden=4)], []))
    printed = capsys.readouterr().out.splitlines()
    assert f"  fix headrace reconcile {JOB} shows what to do about it" in printed
    assert f"  fix {kafka.END_OF_TRANSACTION}" in printed


def test_a_reconciliation_of_millions_of_records(lines: Any) -> None:
    values = {field.name: 12_345_678 for field in fields(Balance)}
    lists: dict[str, Any] = {"topic": TOPIC, "partition": 0, "no_record": 0, "missing": [(5, 7)], "repeated": []}
    lists |= {"hidden": 0, "hidden_since": None, "deleted": []}
    reconcile.show([Balance(**{**values, **lists, "first": 0, "expired": []})])
    assert f"  missing: {TOPIC}/0 offsets 5 to 6" in lines()


@pytest.mark.parametrize(("seconds", "columns"), [(0, []), (7, ["interval"])])
def test_aggregates_name_the_interval_where_it_is_not_the_time_of_the_result(
    lines: Any, seconds: int, columns: list[str]
) -> None:
    row = {"tag": "R80711.wind_speed", "aggregate": "TimeAverage2", "value": 7.123456789012345, "quality": 0x401}
    times = {"interval": NOW.replace(microsecond=0), "ts": NOW.replace(microsecond=0, second=15 + seconds)}
    history._print_table(pa.Table.from_pylist([row | times], schema=AGGREGATED), raw=False)
    printed = lines()
    if columns:
        assert {"interval      2026-03-01 06:30:15Z", "TimeAverage2  7.12345678901"} <= {*printed}
    else:
        assert printed[1].split() == ["tag", "ts", "TimeAverage2", "quality"]
        assert "  R80711.wind_speed  2026-03-01 06:30:15Z  7.12345678901  Good" in (f"  {p.strip()}" for p in printed)
