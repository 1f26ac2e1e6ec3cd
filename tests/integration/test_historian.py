"""The historian over its own real Iceberg catalog: SQLite and files, without Flink."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyiceberg.io import InputFile
from pyiceberg.manifest import ManifestFile
from pyiceberg.table import DataScan, FileScanTask
from pyiceberg.types import StringType

from headrace.environment import iceberg, settings, warehouse
from headrace.environment.settings import Settings
from headrace.errors import PlatformError, UserError
from headrace.historian import Configuration, Historian
from headrace.historian.read import reader
from headrace.historian.read.footers import Footer
from headrace.historian.tags import tags
from headrace.project import table_files
from headrace.project.paths import Project
from headrace.upkeep import maintain
from headrace.upkeep.maintain import merged_rows
from support.worlds.pumps import NOON, empty_plant, s, store, store_two_pumps

BAD, UNCERTAIN, NO_DATA = 0x80000000, 0x40000000, 0x809B0000


@pytest.fixture
def project(pytestconfig: pytest.Config, tmp_path: Path) -> Project:
    return empty_plant(pytestconfig.rootpath, tmp_path)


@pytest.fixture
def local(project: Project) -> Settings:
    return settings.load(project, "local")


@pytest.fixture
def plant(local: Settings, project: Project) -> Settings:
    store_two_pumps(project)
    return local


def in_another_process(project: Project, does: str) -> None:
    imports = "from pathlib import Path; from support.worlds import pumps; from headrace.project.paths import Project"
    code = f"{imports}; {does}"
    code = code.replace("(project", f"(Project(Path({str(project.root)!r}), Path({str(project.home)!r}))")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)


def listening(opens: Callable[..., Any], path: str, opened: list[str]) -> Callable[..., Any]:
    """Return a wrapper of `opens` that records the path of its first argument."""

    def heard(of: Any, *arguments: Any) -> Any:
        opened.append(getattr(of, path))
        return opens(of, *arguments)

    return heard


def reading(reads: Callable[..., Any], groups: list[int]) -> Callable[..., Any]:
    def heard(footer: Footer, source: InputFile, numbers: list[int], *arguments: Any) -> Any:
        groups.extend(numbers)
        return reads(footer, source, numbers, *arguments)

    return heard


def rows(table: pa.Table, *columns: str) -> list[tuple[Any, ...]]:
    return list(zip(*(table[column].to_pylist() for column in columns), strict=True))


def test_raw_readings_are_sorted_and_come_with_their_neighbours_if_requested(plant: Settings) -> None:
    historian = Historian.open(plant)
    table = historian.raw("P1.flow", s(10), s(40))
    assert rows(table, "ts", "value", "quality") == [(s(10), 20, 0), (s(20), 30, 0), (s(30), 40, UNCERTAIN)]
    bounded = historian.raw("P1.flow", s(15), s(35), bounding=True)
    assert bounded["value"].to_pylist() == [20, 30, 40, 50]
    back = historian.raw("P1.flow", s(35), s(15), bounding=True)
    assert back["value"].to_pylist() == [50, 40, 30, 20]
    assert historian.raw("P1.mode", s(-60), s(60))["text"].to_pylist() == ["manual", "auto", "manual"]


def test_the_last_reading_is_found_days_back_and_a_silent_tag_has_none(plant: Settings) -> None:
    historian = Historian.open(plant)
    table = historian.last(["P2.flow", "P1.state", "S[1].flow", "P1.mode"], s(60))
    assert rows(table, "tag", "ts", "value", "text", "quality") == [
        ("P2.flow", NOON - timedelta(days=10), 7.0, None, 0),
        ("P1.state", s(30), None, None, BAD),
        ("S[1].flow", None, None, None, NO_DATA),
        ("P1.mode", s(35), None, "manual", 0),
    ]
    assert rows(historian.last("P1.state", s(60), usable=True), "ts", "value") == [(s(25), 0)]
    assert rows(historian.last("P1.flow", s(20)), "ts", "value") == [(s(20), 30)]


def test_a_tag_that_reports_is_found_although_it_is_not_listed(local: Settings, project: Project) -> None:
    words = [("T.text", s(at), word, 0) for at, word in ((0, "RUN"), (5, "STOP"))]
    store(project, [*words, ("T.fast", s(0), 1.0, 0), ("P1.flow", s(0), 2.0, 0)])
    store(project, [("U.alone", s(0), 3.0, 0)])
    historian = Historian.open(local)
    assert historian.tags("t.*") == ["T.fast", "T.text"]
    assert historian.tags(asset="north") == ["P1.flow", "P1.mode", "P1.state", "P2.flow"]
    for ask in (historian.raw, lambda *query: historian.stream(*query).read_all()):
        assert rows(ask("T.*", s(0), s(9)), "tag", "value", "text") == [
            ("T.fast", 1, None), ("T.text", None, "RUN"), ("T.text", None, "STOP"),
        ]  # fmt: skip
    later = s(0) + timedelta(days=40)
    assert historian.last("T.text", later)["quality"].to_pylist() == [NO_DATA]
    assert len(historian.stream("T.text", later, later + timedelta(hours=1)).read_all()) == 0
    assert historian.tags("u*") == ["U.alone"]
    with pytest.raises(UserError, match=r"there is no tag 'T\.fsat'") as error:
        historian.raw("T.fsat", s(0), s(9))
    assert "T.fast" in str(error.value)
    store(project, [("V.new", s(0), 4.0, 0)])
    assert historian.refreshed().tags("?.n*") == ["V.new"]


def test_a_tag_with_wildcards_in_its_name_can_be_asked_for_alone(local: Settings, project: Project) -> None:
    store(project, [(tag, s(at), float(at), 0) for at, tag in enumerate(("A*B", "A1B", "A?B", "A~B"))])
    historian = Historian.open(local)
    for asked, found in {
        "A*B": ["A*B", "A1B", "A?B", "A~B"],
        "A~*B": ["A*B"],
        "A~?B": ["A?B"],
        "A~B": ["A~B"],
        "a~**": ["A*B"],
    }.items():
        assert historian.raw(asked, s(0), s(9))["tag"].to_pylist() == found, asked


def test_each_file_is_looked_up_for_tags_once_and_all_of_its_row_groups_count(
    local: Settings, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = iceberg.load_table(iceberg.connect(local), "historian.readings")
    with table.transaction() as change:
        change.set_properties({"write.parquet.row-group-limit": "2"})
    store(project, [(f"R{at // 3}", s(at), 1.0, 0) for at in range(12)])
    historian = Historian.open(local)
    assert historian.tags("R?") == ["R0", "R1", "R2", "R3"]
    opened: list[str] = []
    monkeypatch.setattr(Footer, "tags", listening(Footer.tags, "metadata", opened))
    store(project, [("R8", s(0), 1.0, 0), ("R9", s(0), 1.0, 0)])
    assert historian.refreshed().tags("R?") == ["R0", "R1", "R2", "R3", "R8", "R9"]
    assert len(opened) == 1


def test_values_between_readings_follow_the_interpolation_of_the_tag(plant: Settings) -> None:
    historian = Historian.open(plant)
    table = historian.at(["P1.flow", "P1.state"], [s(5), s(12)])
    assert rows(table, "tag", "value") == [("P1.flow", 15), ("P1.flow", 22), ("P1.state", 1), ("P1.state", 1)]
    stepped = historian.interpolated("P1.flow", s(5), s(25), "10s", shape="step")
    assert rows(stepped, "ts", "value") == [(s(5), 10), (s(15), 20)]


def test_aggregates_use_readings_before_and_after_the_requested_time(plant: Settings) -> None:
    historian = Historian.open(plant)
    lenient = Configuration(treat_uncertain_as_bad=False)
    table = historian.aggregate("P1.*", s(5), s(25), "10s", ["timeaverage2", "Count"], configuration=lenient)
    averages = [row[1:] for row in rows(table, "aggregate", "tag", "interval", "value") if row[0] == "TimeAverage2"]
    assert averages[:2] == [("P1.flow", s(5), 20.0), ("P1.flow", s(15), 30.0)]
    assert table.schema.names == ["tag", "aggregate", "interval", "ts", "value", "quality"]
    whole = historian.aggregate("P1.flow", s(0), s(40), None, "Average", configuration=lenient)
    assert whole["value"].to_pylist() == [20]


@dataclass(frozen=True)
class Received:
    """A reading of `tag` at s(`at`), received at s(`received`) from an offset of a partition."""

    tag: str
    at: float
    value: float
    partition: int
    offset: int
    received: float | None = None

    def row(self) -> dict[str, Any]:
        return {
            "tag": self.tag, "ts": s(self.at), "value": self.value, "quality": 0,
            "src_topic": "t", "src_partition": self.partition, "src_offset": self.offset, "src_index": 0,
            "ingested_at": None if self.received is None else s(self.received),
        }  # fmt: skip


CORRECTED = [
    Received("A", 0, 10, 0, 0), Received("A", 30, 50, 0, 2), Received("A", 30, 12, 0, 4),
    Received("B", 0, 10, 0, 1), Received("B", 30, 50, 0, 3), Received("B", 30, 50, 0, 5),
    Received("C", 0, 4, 0, 9, 100), Received("C", 0, 9, 1, 0, 101), Received("C", 30, 2, 1, 7, 99),
    Received("C", 30, 3, 0, 8, 98),
]  # fmt: skip


@pytest.mark.parametrize("files", [1, 3])
@pytest.mark.parametrize("order", [1, -1])
def test_of_readings_at_one_instant_only_the_one_received_last_counts_in_every_query(
    local: Settings, project: Project, order: int, files: int
) -> None:
    table = iceberg.load_table(iceberg.connect(local), "historian.readings")
    schema = table_files.load_all(project)["historian.readings"].arrow_schema()
    for number in range(files):
        stored = CORRECTED[::order][number::files]
        table.append(pa.Table.from_pylist([each.row() for each in stored], schema))
    historian, tags, span = Historian.open(local), ["A", "B", "C"], (s(0), s(60))
    expected = [("A", s(0), 10), ("A", s(30), 12), ("B", s(0), 10), ("B", s(30), 50), ("C", s(0), 9), ("C", s(30), 2)]
    for answer in (
        historian.raw(tags, *span),
        historian.stream(tags, *span).read_all(),
        historian.plot(tags, *span),
        historian.trend(tags, *span),
        historian.lttb(tags, *span, 5),
        historian.at(tags, [s(0), s(30)]),
        historian.interpolated(tags, *span, "30s"),
    ):
        assert rows(answer, "tag", "ts", "value") == expected
    last = rows(historian.last(tags, s(59)), "tag", "ts", "value")
    assert last == rows(historian.raw(tags, s(40), s(50), bounding=True), "tag", "ts", "value") == expected[1::2]
    names = ["Count", "Average", "Maximum", "NumberOfTransitions"]
    results = historian.aggregate(tags, *span, None, names)["value"].to_pylist()
    assert results == [2, 11, 12, 2, 2, 30, 50, 2, 2, 5.5, 9, 2]
    assert historian.states(tags, *span)["readings"].to_pylist() == [1] * 6
    backwards = historian.aggregate(tags, s(30), s(-1), "30s", "Count")
    assert [value for value in backwards["value"].to_pylist() if value] == [1] * 6
    macros = {"good_count": [2, 2, 2], "average": [11, 30, 5.5], "maximum": [12, 50, 9]}
    with warehouse.open(local) as connection:
        for macro, values in macros.items():
            answer = warehouse.ask(connection, f"from {macro}(['A', 'B', 'C'], '{s(0)}', '{s(60)}')").fetchall()
            assert [value for _, _, value, _ in answer] == values, macro
        raw = warehouse.ask(connection, f"from readings_raw(['?'], '{s(0)}', '{s(60)}')").to_arrow_table()
        assert rows(raw, "tag", "ts", "value") == expected
        found = warehouse.ask(connection, f"from last_reading(['A', 'B', 'C'], '{s(59)}')").to_arrow_table()
        assert rows(found, "tag", "ts", "value") == last


def test_readings_at_one_instant_count_as_in_the_rollup(
    local: Settings, project: Project, pytestconfig: pytest.Config
) -> None:
    case = pytestconfig.rootpath / "sql" / "historian" / "rollup_1m_v1" / "tests" / "duplicates"
    messages = [json.loads(line) for line in (case / "source.plant_readings.jsonl").read_text().splitlines()]
    store(
        project,
        [
            (each["tag"], datetime.fromtimestamp(each["ts"] / 1e3, UTC), each["value"], 0 if each["q"] == 192 else BAD)
            for each in messages
        ],
    )
    historian = Historian.open(local)
    aggregates = {
        "Count": "good_readings", "Minimum": "min_value", "Maximum": "max_value", "Average": "mean",
        "StandardDeviationSample": "standard_deviation",
    }  # fmt: skip
    for row in csv.DictReader((case / "expect.historian.rollup_1m.csv").read_text().splitlines()):
        start = datetime.fromisoformat(row["ts"])
        results = historian.aggregate(row["tag"], start, start + timedelta(minutes=1), None, list(aggregates))
        assert results["value"].to_pylist() == pytest.approx([float(row[name]) for name in aggregates.values()])
        assert len(historian.raw(row["tag"], start, start + timedelta(minutes=1))) == int(row["readings"])


def test_states_are_returned_as_words_and_the_last_one_lasts(plant: Settings) -> None:
    historian = Historian.open(plant)
    table = historian.states(["P1.mode", "P1.state"], s(0), s(60))
    assert rows(table, "tag", "state", "seconds", "readings", "entries") == [
        ("P1.mode", "auto", 20, 1, 1),
        ("P1.mode", "manual", 40, 1, 1),
        ("P1.state", "0", 5, 1, 1),
        ("P1.state", "1", 25, 1, 1),
    ]


def test_a_plot_and_a_trend_of_few_points_show_a_spike(local: Settings, project: Project) -> None:
    spiky = [("P1.flow", s(at), 100.0 if at == 777 else float(at % 3), 0) for at in range(1000)]
    store(project, [*spiky, ("P1.mode", s(15), "auto", 0), ("P1.mode", s(35), "manual", 0)])
    historian = Historian.open(local)
    words = historian.plot("P1.mode", s(0), s(60), pixels=3)
    assert rows(words, "value", "text", "quality") == [(None, "auto", 0), (None, "manual", 0)]
    drawn = historian.plot("P1.flow", s(0), s(1000), pixels=10)
    assert len(drawn) <= 50
    assert (s(777), 100.0) in rows(drawn, "ts", "value")
    assert (s(777), 100.0) in rows(historian.lttb("P1.flow", s(0), s(1000), 50), "ts", "value")


def test_only_files_that_can_hold_the_requested_tags_and_times_are_read(local: Settings, project: Project) -> None:
    for day in range(5):
        for tag in ("P1.flow", "P2.flow"):
            store(project, [(tag, NOON + timedelta(days=day, seconds=at), 1.0, 0) for at in range(3)])
    historian = Historian.open(local)
    historian.raw("P1.flow", NOON, NOON + timedelta(hours=1))
    assert len(historian.read_stats.files) == 1
    historian.aggregate("P2.flow", s(86400), s(86460), "10s", "Average")
    assert len(historian.read_stats.files) < 5
    assert historian.read_stats.bytes > 0


def test_a_manifest_with_only_deleted_files_is_not_opened(plant: Settings, project: Project) -> None:
    (report,) = maintain.maintain(project, plant, ["historian.readings"])
    assert report.files_after < report.files_before
    snapshot = (table := iceberg.load_table(iceberg.connect(plant), "historian.readings")).current_snapshot()
    assert snapshot
    emptied = [each for each in snapshot.manifests(table.io) if each.deleted_files_count and not each.added_files_count]
    assert emptied
    for each in emptied:
        table.io.delete(each.manifest_path)
    table = Historian.open(plant).raw("P?.flow", NOON - timedelta(days=11), s(60))
    assert table["value"].to_pylist() == [10, 20, 30, 40, 50, 7]


def test_files_are_planned_once_for_a_span_and_once_per_side_without_a_near_reading(
    plant: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    historian = Historian.open(plant)
    planned, plan = [], DataScan.plan_files

    def counted(scan: DataScan) -> Iterable[FileScanTask]:
        planned.append(scan)
        return plan(scan)

    monkeypatch.setattr(DataScan, "plan_files", counted)
    historian.aggregate("P1.flow", s(-10), s(60), "10s", "Average")
    assert len(planned) == 3
    historian.aggregate("P1.flow", s(-10), s(60), "10s", "TimeAverage2")
    assert len(planned) == 3
    historian.aggregate("P1.state", s(5), s(20), "10s", "Average")
    assert len(planned) == 3
    historian.raw("P1.flow", s(0) + timedelta(days=50), s(9) + timedelta(days=50))
    assert len(planned) == 4


def test_a_refresh_sees_what_another_process_wrote_and_reads_no_old_file_again(
    plant: Settings, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = ("P1.flow", s(0), s(60))
    historian = Historian.open(plant)
    assert len(historian.raw(*query)) == 5
    assert historian.refreshed() is historian
    in_another_process(project, "pumps.store(project, [('P1.flow', pumps.s(50), 60.0, 0)])")
    opened: list[str] = []
    for kind, method, path in ((ManifestFile, "fetch_manifest_entry", "manifest_path"), (Footer, "read", "location")):
        monkeypatch.setattr(kind, method, listening(getattr(kind, method), path, opened))
    renewed = historian.refreshed()
    assert renewed.raw(*query)["value"].to_pylist() == [10, 20, 30, 40, 50, 60]
    assert len(historian.raw(*query)) == 5
    assert [path.rsplit(".")[-1] for path in opened] == ["avro", "parquet"]


def test_a_table_that_was_dropped_and_created_again_is_read_after_a_refresh(plant: Settings, project: Project) -> None:
    historian = Historian.open(plant)
    assert len(historian.raw("P1.flow", s(0), s(60))) == 5
    in_another_process(
        project, "pumps.recreate_readings(project); pumps.store(project, [('P1.flow', pumps.s(0), 9.0, 0)])"
    )
    assert historian.refreshed().raw("P1.flow", s(0), s(60))["value"].to_pylist() == [9]


def test_a_refresh_sees_a_tag_that_was_listed_later(plant: Settings) -> None:
    historian = Historian.open(plant)
    tags.import_tags(plant, pa.table({"tag": ["P3.flow"]}))
    assert "P3.flow" in historian.refreshed().tags()


def test_a_refresh_does_not_look_for_files_that_maintenance_removed(plant: Settings, project: Project) -> None:
    historian = Historian.open(plant)
    before = historian.raw("P?.flow", NOON - timedelta(days=11), s(60))
    (report,) = maintain.maintain(project, plant, ["historian.readings"])
    assert report.files_after < report.files_before
    io = historian.reader.table.io
    for path in historian.read_stats.files:
        io.delete(path)
    assert historian.refreshed().raw("P?.flow", NOON - timedelta(days=11), s(60)) == before


def test_files_of_before_a_change_of_columns_are_read_as_the_table_is_now(plant: Settings, project: Project) -> None:
    table = iceberg.load_table(iceberg.connect(plant), "historian.readings")
    with table.update_schema() as change:
        change.delete_column("text")
    with table.update_schema() as change:
        change.add_column("text", StringType())
    store(project, [("P1.mode", s(50), "off", 0)])
    table = Historian.open(plant).raw("P1.*", s(0), s(60))
    assert [(tag, text) for tag, text in rows(table, "tag", "text") if text] == [("P1.mode", "off")]
    assert len(table) == 5 + 3 + 3


def test_only_row_groups_that_can_hold_matching_readings_are_read(
    local: Settings, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"T{number}" for number in range(9)]
    store(project, [(tag, s(at), float(at), 0) for tag in names for at in range(5000)])
    monkeypatch.setattr(merged_rows, "ROWS_AT_ONCE", 2048)
    list(maintain.maintain(project, local, ["historian.readings"]))
    read: list[int] = []
    monkeypatch.setattr(Footer, "read_groups", reading(Footer.read_groups, read))
    historian = Historian.open(local)
    table = historian.raw(["T7", "T2"], s(100), s(4900))
    assert table["tag"].to_pylist() == ["T7"] * 4800 + ["T2"] * 4800
    assert table["value"].to_pylist() == [*map(float, range(100, 4900))] * 2
    assert len(read) < 10


def test_an_answer_that_does_not_fit_in_memory_is_calculated_in_parts_and_is_the_same(
    local: Settings, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(1)
    names = [f"T{number}" for number in range(5)]
    store(project, [(tag, s(at), float(rng.normal()), 0) for at in range(200) for tag in names])
    historian = Historian.open(local)
    query = (names, s(0), s(200), "7s", ["TimeAverage2", "Interpolative", "Maximum2"])
    whole = historian.aggregate(*query)
    monkeypatch.setattr(reader, "MAX_HELD", 60)
    parts = historian.aggregate(*query)
    assert parts.equals(whole)
    assert parts["tag"].unique().to_pylist() == names
    with pytest.raises(UserError, match="holds more than"):
        historian.aggregate("T1", s(0), s(200), None, "Average")
    with pytest.raises(UserError, match="readings"):
        historian.raw("T1", s(0), s(200))


def test_many_tags_over_ten_thousand_years_are_read_in_parts(local: Settings, project: Project) -> None:
    names = [f"T{number}" for number in range(40)]
    store(project, [(name, s(0), 1.0, 0) for name in names])
    start, end = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)
    table = Historian.open(local).aggregate(names, start, end, None, "Count")
    assert table["value"].to_pylist() == [1] * len(names)


def test_an_unknown_tag_lists_similar_names_and_an_unlisted_tag_with_readings_is_known(
    plant: Settings, project: Project
) -> None:
    store(project, [("unlisted", s(0), 1.0, 0)])
    historian = Historian.open(plant)
    assert len(historian.raw("unlisted", s(0), s(1))) == 1
    with pytest.raises(UserError, match=r"there is no tag 'P1\.flwo'") as error:
        historian.raw(["P1.flwo", "P1.flow"], s(0), s(60))
    assert "P1.flow" in str(error.value)
    with pytest.raises(UserError, match="no tag matches 'P9"):
        historian.last("P9.*", s(0))
    with pytest.raises(UserError, match="there is no tag"):
        historian.last("nothing like it", s(0))


def test_tags_are_found_by_wildcard_and_by_place(plant: Settings) -> None:
    historian = Historian.open(plant)
    assert historian.tags("*.flow") == ["P1.flow", "P2.flow", "S[1].flow"]
    assert historian.tags("s[1].*") == ["S[1].flow"]
    assert historian.tags(asset="north/pumps") == ["P1.flow", "P1.mode", "P1.state", "P2.flow"]
    assert historian.tags("*.flow", "north/*/p2") == ["P2.flow"]


@pytest.mark.parametrize(
    ("start", "end", "every", "message"),
    [
        (0, 0, "1s", "same time"),
        (0, 60, "0s", "has no length"),
        (0, 60, "-1s", "not a valid interval"),
        (0, 60, "1us", "more than 5,000,000"),
    ],
)
def test_an_invalid_query_is_refused(plant: Settings, start: int, end: int, every: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        Historian.open(plant).aggregate("P1.flow", s(start), s(end), every, "Average")


def test_ten_million_points_of_a_trend_are_refused(plant: Settings) -> None:
    for ask in (Historian.open(plant).plot, Historian.open(plant).lttb):
        with pytest.raises(UserError, match="are more than"):
            ask("P1.flow", s(0), s(60), 10_000_000)


def test_a_stored_nan_is_reported_with_its_tag_and_time_and_can_be_read_as_bad(
    plant: Settings, project: Project
) -> None:
    store(project, [("P2.flow", s(0), 1.0, 0), ("P2.flow", s(5), float("nan"), 0), ("P2.flow", s(9), 3.0, 0)])
    with pytest.raises(UserError, match=r"P2\.flow at 2026-03-01T12:00:05Z: nan"):
        Historian.open(plant).aggregate("P2.flow", s(0), s(10), None, "Average")
    lenient = Configuration(percent_data_good=50, percent_data_bad=50)
    table = Historian.open(plant, nonfinite="bad").aggregate(
        "P2.flow", s(0), s(10), None, ["Average", "DurationBad"], configuration=lenient
    )
    assert table["value"].to_pylist() == [2.0, 4000.0]


def test_a_table_with_another_schema_and_a_missing_one_are_reported(local: Settings) -> None:
    connected = iceberg.connect(local)
    table = connected.load_table("historian.readings")
    with table.update_schema(allow_incompatible_changes=True) as change:
        change.delete_column("value")
        change.add_column("worth", table.schema().find_type("value"))
    with pytest.raises(PlatformError, match="no column 'value' of type double"):
        Historian.open(local)
    connected.drop_table("historian.readings")
    with pytest.raises(PlatformError, match=r"no table historian\.readings"):
        Historian.open(local)
