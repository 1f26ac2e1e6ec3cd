"""A contract is read whole, and all that is wrong with it is told at once, each thing at its line."""

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
    """What is told of the contract, and what mends it, by line."""
    with pytest.raises(UserError) as told:
        load(project, text)
    return {int(str(p.where).split(":")[1]): f"{p.what}; {p.fix}" for p in told.value.problems}


def test_a_contract_says_what_becomes_of_a_message(project: Project) -> None:
    made = load(project, GOOD)
    assert made.columns == {
        "tag": "string", "value": "double", "state": "string", "ts": "timestamp", "quality": "long",
    }  # fmt: skip
    assert made.paths == {
        "tag": ("tag",), "value": ("v", "x"), "state": ("v", "run.state"), "ts": ("ts",), "quality": ("q",),
    }  # fmt: skip
    assert made.time.earliest == datetime(2010, 1, 1, tzinfo=UTC)
    assert made.time.latest == timedelta(hours=1)
    assert made.quality is not None
    assert made.quality.names == {"stale": "uncertain"}
    assert made.watermark is not None
    assert made.watermark.lateness == timedelta(seconds=10)


def test_a_contract_travels_to_a_worker(project: Project) -> None:
    made = load(project, GOOD)
    assert pickle.loads(pickle.dumps(made)) == made  # noqa: S301 - what was pickled one line up


def test_a_source_that_is_not_there_is_told_with_those_that_are(project: Project) -> None:
    load(project, GOOD)
    with pytest.raises(UserError, match=r"(?s)no source 'valve'.*sources of this project: pump"):
        source_files.load(project, "valve")


def test_every_fault_of_a_contract_is_told_at_its_line(project: Project) -> None:
    told = faults(
        project,
        """\
description: Readings of a pump.
topic: pump.readings
format: xml
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
    assert told.keys() == {1, 3, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16}
    assert "'key' is required" in told[1]
    assert "the formats are: json" in told[3]
    assert "a string cannot have a range" in told[5]
    assert "inverted: 9 is above 1" in told[6]
    assert "whole numbers" in told[7]
    assert "lower case" in told[8]
    assert "is the name of a built-in column" in told[9]
    assert "keys joined by dots" in told[11]
    assert "'string', 'double', 'long', 'boolean' or 'timestamp'" in told[12]
    assert "like 10m" in told[13]
    assert "names: is allowed only with mapping: names" in told[14]
    assert "unknown key 'kee'" in told[15]
    assert "like 10m" in told[16]


@pytest.mark.parametrize(
    ("old", "new", "line", "what"),
    [
        ("path: v.x", "path: tag", 6, "'tag' is already read as 'tag'"),
        ("path: v.x", "path: 'v.\\'", 6, "a quotation mark, a backslash"),
        ("path: v.x", "path: v", 7, "'v' cannot be both a value and the object around 'v.run.state'"),
        ("path: v.x", "path: v.x.y.z, required: yes", None, None),
        ("path: v.x", "path: tag.x", 6, "'tag' cannot be both a value and the object around 'tag.x'"),
        ("{path: ts,", "{path: v,", 8, "'v' cannot be both a value and the object around 'v.x'"),
        ("{path: q,", "{path: ts,", 9, "'ts' is already read as 'ts'"),
        ("key: tag", "key: tags", 10, "'tags' is not a field; the fields are: tag, value, state"),
        ("key: tag", "key: value", 10, "write value: {type: string, required: true}"),
        ("required: true", "required: false", 10, "write tag: {type: string, required: true}"),
        ("[0, 100]", "[null, null]", 6, "has no effect"),
        ("[0, 100]", "[0, null]", None, None),
        ("{Stale: uncertain}", "{ok: good, OK: bad}", 9, "differ only in case"),
        ("{Stale: uncertain}", "{Stale: stale}", 9, "'good', 'uncertain' or 'bad'"),
        ("latest: 1h", "latest: 90000d", 8, "at most 100 years"),
        ("2010-01-01T00:00:00Z", "'2010-01-01T00:00:00'", 8, "timezone"),
        ("fields:\n", "max_bytes: 0\nfields:\n", 4, "greater than or equal to 1"),
        ("topic: pump.readings", "topic: ''", 2, "at least 1 character"),
    ],
)
def test_a_contract_that_cannot_hold_is_refused(
    project: Project, old: str, new: str, line: int | None, what: str | None
) -> None:
    assert old in GOOD
    text = GOOD.replace(old, new)
    if line is None or what is None:
        load(project, text)
        return
    told = faults(project, text)
    assert what in told[line]


def test_the_contracts_of_this_project_hold(pytestconfig: pytest.Config) -> None:
    project = Project.find(pytestconfig.rootpath)
    assert source_files.names(project)
    for name in source_files.names(project):
        source_files.load(project, name)
