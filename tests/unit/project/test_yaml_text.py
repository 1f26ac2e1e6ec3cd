"""A file means what YAML 1.2 says, and whatever it holds, a fault is an error with line and column."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from headrace.errors import Problem, UserError
from headrace.project import yaml_file, yaml_text
from headrace.project.job import Job
from headrace_udfs.contract import Contract

JOB = """\
kind: job
name: test/hot_v1
owner: o
description: d
grain: g
reads: [source/plant]
writes: {table/a.b: append}
params: {%s}
"""
CONTRACT = """\
description: d
topic: t
key: tag
fields:
  tag: {type: string, required: true}
  a: {type: double, range: [0, 1]}
time: {path: ts, unit: epoch_ms, earliest: 2000-01-01T00:00:00Z}
quality: {path: q, mapping: names, names: {OK: good}}
"""


def value(text: str) -> Any:
    return yaml_text.parse(f"a: {text}\n", Path("x.yaml"))[1]["a"]


def fault(text: str) -> tuple[str, Problem]:
    with pytest.raises(UserError) as raised:
        yaml_text.parse(text, Path("x.yaml"))
    (problem,) = raised.value.problems
    return str(problem.where).partition("x.yaml")[2], problem


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *[(word, word) for word in ("no", "NO", "yes", "on", "Off", "y", "N", "tRUE", "nan", "inf")],
        ("22:30", "22:30"),
        ("1:22:30", "1:22:30"),
        ("1:30.5", "1:30.5"),
        ("1_000", "1_000"),
        ("0b11", "0b11"),
        ("2020-01-01", "2020-01-01"),
        ("2020-13-01", "2020-13-01"),
        ("2015-01-01T00:00:00Z", "2015-01-01T00:00:00Z"),
        ("=", "="),
        ("0100", 100),
        ("-010", -10),
        ("0o17", 15),
        ("0xff", 255),
        ("1e3", 1000.0),
        ("1.5E-3", 0.0015),
        (".5", 0.5),
        ("1.", 1.0),
        ("-.inf", float("-inf")),
        ("true", True),
        ("FALSE", False),
        ("~", None),
        ("", None),
        ("'5'", "5"),
        ("!!str 5", "5"),
        ("!!int '5'", 5),
        ("|-\n  5", "5"),
    ],
)
def test_a_plain_value_has_the_type_of_yaml_1_2(text: str, expected: object) -> None:
    got = value(text)
    assert (got, type(got)) == (expected, type(expected))


def test_a_key_is_the_text_of_the_file() -> None:
    assert yaml_text.parse("{NO: 1, on: 2, 0100: 3, 1.0: 4, 2020-01-01: 5, ~: 6}", Path("x"))[1] == {
        "NO": 1,
        "on": 2,
        "0100": 3,
        "1.0": 4,
        "2020-01-01": 5,
        "~": 6,
    }


def test_a_mapping_can_take_over_another() -> None:
    text = "a: &a {x: 1, y: 2}\nb: &b {y: 3, z: 4}\nc: {<<: [*a, *b], x: 5}\n"
    assert yaml_text.parse(text, Path("x"))[1]["c"] == {"x": 5, "y": 2, "z": 4}


BOMB = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9))


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("a: b\nc: \0\n", ":2:4", "is not allowed"),
        ('a: "\\0"\n', ":1:4", "'\\x00'"),
        ("a: b\n? [a, b]\n: c\n", ":2:3", "a key must be a text"),
        ("? {a: b}\n: c\n", ":1:3", "a key must be a text"),
        ("a: " + "9" * 5000, ":1:4", "too many digits"),
        ("a: 1e999", ":1:4", "too large"),
        ("a: .nan", ":1:4", "NaN"),
        ("a: &a [*a]", ":1:8", "stands within"),
        ("&a a: {b: &b {c: *b}}", ":1:18", "stands within"),
        ("[" * 60 + "]" * 60, ":1:51", "within each other"),
        ("[" * 2000, ":1:", ""),
        ("[" * 50_000, ":1:", ""),
        ("{a: " * 50_000, ":1:201", "within each other"),
        ("- " * 50_000, ":1:101", "within each other"),
        ("\n".join(" " * n + "a:" for n in range(3000)), ":51:51", "within each other"),
        (BOMB, ":", "aliases included"),
        ("a: *b", ":1:4", "undefined alias"),
        ("a: !!python/object:os.system {}", ":1:4", "could not determine a constructor"),
        ("a: !!timestamp 2020-13-01", ":1:4", "could not determine a constructor"),
        ("a: !!binary x", ":1:4", "could not determine a constructor"),
        ("a: !!set {x}", ":1:4", "could not determine a constructor"),
        ("a: !!int x", ":1:4", "not a valid int"),
        ("a: {<<: 5}", ":1:9", "'<<' takes a mapping"),
        ("a: 1\n---\nb: 2\n", ":2:1", "not YAML"),
        ("a: [1\nb: 2", ":2:2", "not YAML"),
        ("a: b: c", ":1:5", "not YAML"),
        ("%YAML 9.9\n---\na", ":1:1", "not YAML"),
    ],
)
def test_a_fault_has_its_line_and_column(text: str, where: str, what: str) -> None:
    at, problem = fault(text)
    assert at.startswith(where)
    assert what in problem.what


def test_a_file_is_read_up_to_a_limit(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("a: " + "x" * yaml_text.LARGEST_FILE)
    with pytest.raises(UserError, match="bytes"):
        yaml_text.read(path)
    with pytest.raises(UserError, match="cannot be read"):
        yaml_text.read(tmp_path)


@given(st.one_of(st.text(), st.text(alphabet="[]{}:,-?&*!|>%'\"#ab01.~\n \0<")))
@example("a: &a\n  b: *a")
def test_any_text_is_read_or_refused(text: str) -> None:
    problems: list[Problem] = []
    try:
        yaml_text.parse(text, Path("x.yaml"))
    except UserError as error:
        problems = error.problems
    assert all(str(problem.where).startswith("x.yaml:") for problem in problems)


@given(
    st.recursive(
        st.one_of(
            st.none(), st.booleans(), st.integers(-(2**63), 2**63), st.floats(allow_nan=False), st.text("abé0 \n")
        )
        | st.floats(allow_nan=False, allow_infinity=False),
        lambda inner: st.lists(inner) | st.dictionaries(st.text("ab<:", min_size=1).filter(lambda k: k != "<<"), inner),
        max_leaves=20,
    )
)
def test_json_is_yaml(data: object) -> None:
    text = json.dumps({"a": data}).replace("Infinity", ".inf")
    assert yaml_text.parse(text, Path("x"))[1] == {"a": data}


def loaded(tmp_path: Path, text: str, model: Any) -> Any:
    path = tmp_path / "x.yaml"
    path.write_text(text)
    return yaml_file.load(path, model)


def test_params_are_what_the_editor_shows(tmp_path: Path) -> None:
    job = loaded(tmp_path, JOB % "shift_start: 22:30, site: NO, code: 0100, limit: 1e3, since: 2020-01-01", Job)
    assert job.params == {"shift_start": "22:30", "site": "NO", "code": 100, "limit": 1000.0, "since": "2020-01-01"}
    assert isinstance(job.params["limit"], float)


def test_a_contract_names_words_as_they_are(tmp_path: Path) -> None:
    contract = loaded(tmp_path, CONTRACT.replace("{OK: good}", "{OK: good, NO: bad, ON: good}"), Contract)
    assert contract.quality.names == {"ok": "good", "no": "bad", "on": "good"}
    assert loaded(tmp_path, CONTRACT.replace("[0, 1]", "[0, 0100]"), Contract).fields["a"].range == (0, 100)
    assert loaded(tmp_path, CONTRACT.replace("  a:", "  on:"), Contract).fields["on"].type == "double"


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ("[0, 1]", "[.nan, 5]", ":6:29"),
        ("[0, 1]", "[nan, 5]", ":6:29"),
        ("[0, 1]", "[no, yes]", ":6:29"),
        ("[0, 1]", "[true, 5]", ":6:29"),
        ("[0, 1]", "['0', 5]", ":6:29"),
        ("2000-01-01T00:00:00Z", "2000", "7:34"),
        ("2000-01-01T00:00:00Z", "1e9", "7:34"),
        ("topic: t", "topic: 5", ":2:1"),
        ("required: true", "required: yes", ":5:23"),
    ],
)
def test_a_value_of_another_type_is_an_error_at_its_place(tmp_path: Path, old: str, new: str, where: str) -> None:
    with pytest.raises(UserError) as raised:
        loaded(tmp_path, CONTRACT.replace(old, new), Contract)
    assert str(raised.value.problems[0].where).endswith(where)
    assert raised.value.problems[0].fix


def test_a_number_where_a_text_is_wanted_is_to_be_put_in_quotes(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="fix: put it in quotes"):
        loaded(tmp_path, JOB.replace("owner: o", "owner: 5") % "", Job)
    with pytest.raises(UserError, match="fix: write true"):
        loaded(tmp_path, CONTRACT.replace("required: true", "required: yes"), Contract)


def test_other_yaml_of_python_is_not_changed() -> None:
    assert yaml.safe_load("a: 22:30") == {"a": 1350}
