"""Reports of commands on 80 columns: nothing is wider, and a time stands on one line."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest

from headrace.cli import completeness, history, reconcile, status
from headrace.historian.answers import AGGREGATED
from headrace.operations.lifecycle.status import Status
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
    status._show([Status(JOB, "RUNNING", uptime_s=86_400 * 12, checkpoint_age_s=4, complete_through=NOW)])
    printed = lines()
    assert f"job           {JOB}" in printed
    assert "up            12 days, 0:00:00" in printed
    assert f"{JOB} is complete through 2026-03-01 06:30:15 UTC" in printed


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


def test_a_reconciliation_of_millions_of_records(lines: Any) -> None:
    values = {field.name: 12_345_678 for field in fields(Balance)}
    lists: dict[str, Any] = {"topic": TOPIC, "partition": 0, "no_record": 0, "missing": [(5, 7)], "repeated": []}
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
        assert "interval   2026-03-01 06:30:15Z" in printed
    else:
        assert printed[1].split() == ["tag", "aggregate", "ts", "value", "quality"]
        assert "  R80711.wind_speed  TimeAverage2  2026-03-01 06:30:15Z  7.12345678901  Good" in (
            f"  {p.strip()}" for p in printed
        )
