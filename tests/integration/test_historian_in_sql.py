"""The macros of queries/historian.sql, in a separate DuckDB, against the Historian: the same rows in the same order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from headrace.environment import iceberg, settings, warehouse
from headrace.environment.settings import Settings
from headrace.historian import Historian
from headrace.historian.tags import tags
from support.worlds.pumps import empty_plant, s, store

QUESTIONS = Path(warehouse.__file__).parent / "queries" / "historian.sql"
NAMES = [f"T{number:02}" for number in range(40)]  # every second one is stepped, every tenth never reports
QUALITIES = [0, 0, 0, 0, 0, 0x00000400, 0x40000000, 0x40A40000, 0x80000000, 0x809B0000]
AGGREGATES = {
    "time_average2": "TimeAverage2",
    "duration_good": "DurationGood",
    "percent_good": "PercentGood",
    "good_count": "Count",
    "average": "Average",
    "minimum": "Minimum",
    "maximum": "Maximum",
}
Span = tuple[float, float, str | None, str | None]
SPANS: list[Span] = [
    (0, 60, "7s", "7 seconds"),  # readings are within a minute, or days away; the last interval is cut short
    (-3, 33, "12s", "12 seconds"),
    (20, 21, "100ms", "100 milliseconds"),  # as close as readings come: intervals start at them, and some are empty
    (5.05, 55, None, None),
    (-90, 150, "30s", "30 seconds"),
    (-4e6, 4e6, "10d", "10 days"),
    (200, 260, None, None),  # ends at the first reading of T.edge
    (200, 320, "60s", "60 seconds"),
    (260, 440, "60s", "60 seconds"),
]
MOMENTS = [3.0, 60.0, 3.05, 0.0, 20.0, 20.1, 20.0]


@dataclass(frozen=True)
class Engines:
    """The Historian and DuckDB over the same tables."""

    historian: Historian
    duck: duckdb.DuckDBPyConnection

    def sql(self, question: str, *values: object) -> list[tuple[Any, ...]]:
        """Return the rows of `from` and a query, whose `?` stand for the values."""
        return rows(self.duck.execute(f"from {question}", list(values)).to_arrow_table())


def rows(result: pa.Table) -> list[tuple[Any, ...]]:
    """Return the rows of an answer, with NaN as text, so that it equals itself."""
    columns = [each for each in ("tag", "ts", "value", "text", "quality") if each in result.column_names]
    values = zip(*(result[each].to_pylist() for each in columns), strict=True)
    return [tuple("nan" if value != value else value for value in row) for row in values]  # noqa: PLR0124 - only NaN


def readings(rng: np.random.Generator, tag: str) -> list[tuple[str, datetime, float | None, int]]:
    """Return up to 60 readings in any order, with repeated values and times: in one minute, and a few days away."""
    far = [-33, -31.99, -3, -0.1, 0.2, 9, 31.99, 34]
    near = rng.integers(0, 600, rng.integers(0, 50)) / 10
    times = np.concatenate((near, rng.choice(far, rng.integers(0, 8)) * 86_400))
    values = rng.choice([rng.normal(size=len(times)), rng.integers(-2, 3, len(times))], axis=0)
    none = rng.random(len(times)) < 0.05
    return [
        (tag, s(float(at)), None if missing else float(value), int(rng.choice(QUALITIES)))
        for at, value, missing in zip(times, values, none, strict=True)
    ]


def duck(local: Settings) -> duckdb.DuckDBPyConnection:
    """Return a DuckDB without headrace: only the two tables, and the file of macros."""
    connection = duckdb.connect(config={"autoinstall_known_extensions": False, "autoload_known_extensions": False})
    connection.execute("set timezone = 'UTC'; create schema historian")
    for name in ("readings", "tags"):
        connection.register("stored", iceberg.load_table(iceberg.connect(local), f"historian.{name}").scan().to_arrow())
        connection.execute(f"create table historian.{name} as from stored")
    connection.execute(QUESTIONS.read_text(encoding="utf-8"))
    return connection


@pytest.fixture(scope="module")
def engines(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Engines:
    project = empty_plant(pytestconfig.rootpath, tmp_path_factory.mktemp("plant"))
    local = settings.load(project, "local")
    listed = [{"tag": name, "interpolation": "step" if number % 2 else None} for number, name in enumerate(NAMES)]
    rng = np.random.default_rng(2026)
    regular = [reading for number, name in enumerate(NAMES) if number % 10 for reading in readings(rng, name)]
    nowhere = [("T11", s(30), float("nan"), 0), ("T12", s(31), float("inf"), 0), ("T13", s(-9), -float("inf"), 0)]
    listed += [{"tag": name} for name in ("T.edge", "W*1", "W*12", "W~1", "Wx1", "W~x1")]
    tags.import_tags(local, pa.Table.from_pylist(listed))
    edge = [("T.edge", s(at), 0.1, 0) for at in (260, 280, 300, 320, 380)]
    words = [("P1.mode", s(at), word, 0) for at, word in ((-50, "manual"), (15, "auto"), (35, "manual"))]
    store(project, [*regular, *nowhere, *edge, *words, ("U.new", s(1), 1.0, 0)])
    return Engines(Historian.open(local, nonfinite="bad"), duck(local))


@pytest.mark.parametrize("macro", AGGREGATES)
@pytest.mark.parametrize("span", SPANS)
def test_an_aggregate_equals_the_historians(engines: Engines, macro: str, span: Span) -> None:
    start, end, every, interval = span
    length = "null" if interval is None else f"interval '{interval}'"
    result = engines.sql(f"{macro}(['t*', 'P1.flow'], ?, ?, {length})", s(start), s(end))
    expected = rows(engines.historian.aggregate(["t*", "P1.flow"], s(start), s(end), every, AGGREGATES[macro]))
    assert [(row[0], row[1], row[3]) for row in result] == [(row[0], row[1], row[3]) for row in expected]
    # No stored value exceeds 5: 5e-9 is 1e-9 of the largest.
    values, truth = (np.array([row[2] for row in each], float) for each in (result, expected))
    np.testing.assert_allclose(values, truth, rtol=1e-9, atol=5e-9)
    if macro not in {"time_average2", "average"}:  # the others contain no sums
        assert result == expected


@pytest.mark.parametrize("macro", ["average", "time_average2"])
def test_a_mean_of_equal_readings_is_their_value(engines: Engines, macro: str) -> None:
    [(_, _, mean, _)] = engines.sql(f"{macro}(['T.edge'], ?, ?)", s(260), s(310))
    assert mean == 0.1


@pytest.mark.parametrize(("start", "end", "every", "interval"), [each for each in SPANS if each[2]])
def test_interpolated_values_equal_the_historians_to_the_last_bit(
    engines: Engines, start: float, end: float, every: str, interval: str
) -> None:
    result = engines.sql(f"interpolated(?, ?, ?, interval '{interval}')", NAMES, s(start), s(end))
    assert result == rows(engines.historian.interpolated(NAMES, s(start), s(end), every))


def test_values_at_times_equal_the_historians_to_the_last_bit(engines: Engines) -> None:
    moments = [s(at) for at in MOMENTS]
    assert engines.sql("readings_at(?, ?)", NAMES, moments) == rows(engines.historian.at(NAMES, moments))


@pytest.mark.parametrize(("start", "end"), [each[:2] for each in SPANS])
@pytest.mark.parametrize("pixels", [1, 7, 1000])
def test_a_trend_equals_the_historians(engines: Engines, start: float, end: float, pixels: int) -> None:
    result = engines.sql("plot(?, ?, ?, ?)", NAMES, s(start), s(end), pixels)
    expected = engines.historian.plot(NAMES, s(start), s(end), pixels).drop_columns("text")
    assert sorted(result, key=repr) == sorted(rows(expected), key=repr)


@pytest.mark.parametrize(("start", "end"), [each[:2] for each in SPANS])
def test_raw_and_last_readings_equal_the_historians(engines: Engines, start: float, end: float) -> None:
    names = [*NAMES, "P1.*"]
    result = engines.sql("readings_raw(?, ?, ?)", names, s(start), s(end))
    expected = rows(engines.historian.raw(names, s(start), s(end)))
    assert [row[:2] for row in result] == [row[:2] for row in expected]
    assert sorted(result, key=repr) == sorted(expected, key=repr)  # readings of one instant are in any order
    assert engines.sql("last_reading(?, ?)", names, s(start)) == rows(engines.historian.last(names, s(start)))


@pytest.mark.parametrize(
    "pattern", ["*", "p?.FLOW", "s[1].*", "P1_flow", "P%", "*.m?de", "S[1]*", "w~**", "W~~?*", "W~*1"]
)
def test_wildcards_are_those_of_the_historian(engines: Engines, pattern: str) -> None:
    result = [row[0] for row in engines.sql("last_reading(?, ?)", [pattern, "P2.flow", "P1.mode"], s(0))]
    assert result == engines.historian.tag_names.resolve([pattern, "P2.flow", "P1.mode"])


@pytest.mark.parametrize("macro", ["readings_raw", "average", "interpolated", "plot"])
def test_a_wildcard_finds_tags_that_report_without_being_listed(engines: Engines, macro: str) -> None:
    every = ", interval '1 hour'" if macro == "interpolated" else ""

    def found(pattern: str, at: float) -> set[str]:
        return {row[0] for row in engines.sql(f"{macro}(?, ?, ?{every})", [pattern], s(at), s(at + 600))}

    assert found("u.*", 0) == {"U.new"} == set(engines.historian.tags("u.*"))
    assert found("*", 0) >= {"U.new", "T01"}
    assert found("u.*", 40 * 86_400) == set()
    assert [row[0] for row in engines.sql("last_reading(['u.?ew'], ?)", s(10))] == ["U.new"]


@pytest.mark.parametrize(
    ("question", "message"),
    [
        ("average(['T01'], '2026-03-02', '2026-03-01')", "later than since"),
        ("average(['T01'], '2026-03-01', '2026-03-02', interval '1 month')", "months and years"),
        ("interpolated(['T01'], '2026-03-01', '2026-03-02', interval '0 seconds')", "the interval has no length"),
    ],
)
def test_an_invalid_query_is_refused(engines: Engines, question: str, message: str) -> None:
    with pytest.raises(duckdb.Error, match=message):
        engines.sql(question)
