"""A contract is read whole, and all its faults are reported at once, each at its line."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from headrace.errors import UserError
from headrace.project import source_files
from headrace.project.paths import Project
from headrace_udfs.contract import Contract

GOOD = """\
description: Readings of a pump.
topic: pump.readings
format: json
fields:
  tag: {type: string, required: true}
  value: {type: double, path: v.x, range: [0, 100], unit: bar}
  state: {type: string, path: [v, "run.state"]}
time: {path: ts, unit: epoch_ms, earliest: 2010-01-01T00:00:00Z, latest: 1h}
quality: {path: q, mapping: names, names: {Stale: uncertain}, missing: bad}
key: tag
watermark: {lateness: 10s}
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "sql" / "_sources").mkdir(parents=True)
    (tmp_path / "catalogs").mkdir()
    return Project.find(tmp_path)


def load(project: Project, text: str) -> Contract:
    (project.sql / "_sources" / "pump.yaml").write_text(text)
    return source_files.load(project, "pump")


def faults(project: Project, text: str) -> dict[int, str]:
    """The faults of the contract and their fixes, by line."""
    with pytest.raises(UserError) as raised:
        load(project, text)
    return {int(str(p.where).split(":")[1]): f"{p.what}; {p.fix}" for p in raised.value.problems}


def test_a_contract_describes_how_a_message_is_read(project: Project) -> None:
    contract = load(project, GOOD)
    assert contract.columns == {
        "tag": "string", "value": "double", "state": "string", "ts": "timestamp", "quality": "long",
    }  # fmt: skip
    assert contract.paths == {
        "tag": ("tag",), "value": ("v", "x"), "state": ("v", "run.state"), "ts": ("ts",), "quality": ("q",),
    }  # fmt: skip
    assert contract.time.earliest == datetime(2010, 1, 1, tzinfo=UTC)
    assert contract.time.latest == timedelta(hours=1)
    assert contract.quality is not None
    assert contract.quality.names == {"stale": "uncertain"}
    assert contract.watermark is not None
    assert contract.watermark.lateness == timedelta(seconds=10)


def test_a_contract_can_be_pickled_for_a_worker(project: Project) -> None:
    contract = load(project, GOOD)
    assert pickle.loads(pickle.dumps(contract)) == contract  # noqa: S301 - what was pickled one line up


def test_an_unknown_source_is_reported_with_the_existing_ones(project: Project) -> None:
    load(project, GOOD)
    with pytest.raises(UserError, match=r"(?s)no source 'valve'.*sources of this project: pump"):
        source_files.load(project, "valve")


def test_every_fault_of_a_contract_is_reported_at_its_line(project: Project) -> None:
    lines = faults(
        project,
        """\
description: Readings of a pump.
topic: pump.readings
format: cobol
fields:
  tag: {type: string, range: [0, 1]}
  value: {type: double, range: [9, 1]}
  count: {type: long, range: [0.5, 2]}
  Rate: {type: double}
  src_offset: {type: long}
  wide:
    path: a..b
    type: float
time: {path: ts, unit: epoch_ms, earliest: 2010-01-01, latest: soon}
quality: {path: q, mapping: opcda, names: {ok: good}}
kee: tag
watermark: {lateness: 10}
""",
    )
    assert lines.keys() == {1, 3, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16}
    assert "'key' is required" in lines[1]
    assert "the formats are: json" in lines[3]
    assert "a string cannot have a range" in lines[5]
    assert "inverted: 9 is above 1" in lines[6]
    assert "whole numbers" in lines[7]
    assert "lower case" in lines[8]
    assert "is the name of a built-in column" in lines[9]
    assert "keys joined by dots" in lines[11]
    assert "'string', 'double', 'long', 'boolean' or 'timestamp'" in lines[12]
    assert "like 10m" in lines[13]
    assert "names: is allowed only with mapping: names" in lines[14]
    assert "unknown key 'kee'" in lines[15]
    assert "like 10m" in lines[16]


@pytest.mark.parametrize(
    ("old", "new", "line", "what"),
    [
        ("earliest: 2010-01-01T00:00:00Z", "earliest: 2014", 8, "a time is written like 2026-03-01T00:00:00Z"),
        ("earliest: 2010-01-01T00:00:00Z", "earliest: '20140101'", 8, "a time is written like 2026-03-01T00:00:00Z"),
        ("path: v.x", "path: tag", 6, "'tag' is already read as 'tag'"),
        ("path: v.x", "path: 'v.\\'", 6, "a quotation mark, a backslash"),
        ("path: v.x", "path: v", 7, "'v' cannot be both a value and the object around 'v.run.state'"),
        ("path: v.x", "path: v.x.y.z, required: true", None, None),
        ("path: v.x", "path: tag.x", 6, "'tag' cannot be both a value and the object around 'tag.x'"),
        ("{path: ts,", "{path: v,", 8, "'v' cannot be both a value and the object around 'v.x'"),
        ("{path: q,", "{path: ts,", 9, "'ts' is already read as 'ts'"),
        ("key: tag", "key: tags", 10, "'tags' is not a field; the fields are: tag, value, state"),
        ("key: tag", "key: value", 10, "write value: {type: double, required: true}"),
        ("required: true", "required: false", 10, "write tag: {type: string, required: true}"),
        ("[0, 100]", "[null, null]", 6, "has no effect"),
        ("[0, 100]", "[0, null]", None, None),
        ("{Stale: uncertain}", "{ok: good, OK: bad}", 9, "differ only in case"),
        ("{Stale: uncertain}", "{Stale: stale}", 9, "'good', 'uncertain' or 'bad'"),
        ("latest: 1h", "latest: 90000d", 8, "at most 100 years"),
        ("2010-01-01T00:00:00Z", "'2010-01-01T00:00:00'", 8, "timezone"),
        ("fields:\n", "max_bytes: 0\nfields:\n", 4, "greater than or equal to 1"),
        ("fields:\n", "max_bytes: 16777217\nfields:\n", 4, "less than or equal to 16777216"),
        ("topic: pump.readings", "topic: ''", 2, "write the name of a topic"),
    ],
)
def test_a_contradictory_contract_is_refused(
    project: Project, old: str, new: str, line: int | None, what: str | None
) -> None:
    assert old in GOOD
    text = GOOD.replace(old, new)
    if line is None or what is None:
        load(project, text)
        return
    lines = faults(project, text)
    assert what in lines[line]


def test_the_contracts_of_this_project_are_valid(pytestconfig: pytest.Config) -> None:
    project = Project.find(pytestconfig.rootpath)
    assert source_files.names(project)
    for name in source_files.names(project):
        source_files.load(project, name)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (("path: v.x", "from: key"), "'pump' reads the key of each record"),
        (("path: v.x", "from: header, header: v"), "'pump' reads headers of each record"),
        (("path: ts, unit: epoch_ms", "from: record_time"), "'pump' reads the timestamp of each record"),
        (("format: json\n", "format: json\nrows: readings[]\n"), "each message of 'pump' holds many readings"),
    ],
)
def test_what_only_packs_have_is_for_modules(project: Project, change: tuple[str, str], why: str) -> None:
    contract = load(
        project, GOOD.replace(*change).replace(" unit: epoch_ms,", "" if "time" in why else " unit: epoch_ms,")
    )
    problem = source_files.no_event_time("pump", contract)
    assert problem
    assert problem.what.startswith(why)
    assert "in a module" in str(problem.fix)
    assert source_files.no_event_time("pump", contract, by_module=True) is None


def test_windows_need_a_lateness_and_nothing_else(project: Project) -> None:
    assert source_files.no_event_time("pump", load(project, GOOD)) is None
    late = source_files.no_event_time(
        "pump", load(project, GOOD.replace("watermark: {lateness: 10s}\n", "")), by_module=True
    )
    assert late
    assert "how late a reading may come" in late.what
