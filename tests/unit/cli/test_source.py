"""`headrace source` shows contracts, and tries them on the messages of a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from headrace.cli import source
from headrace.errors import PlatformError, UserError
from headrace.project import source_presets
from headrace_udfs import registry
from support import ROOT

CONTRACT = """\
description: Forces of the presses, described at such a length that no line of eighty columns has room for it.
topic: plant.presses
fields:
  tag: {type: string, required: true}
  value: {type: double, range: [0, 100], description: "Force of the press, measured at the ram by a strain gauge"}
time: {path: ts, unit: epoch_ms}
key: tag
"""
GOOD, LATE, WIDE = ({"tag": "p1", "value": value, "ts": ts} for value, ts in ((1.5, 10**12), (2, 1), (101, 10**12)))


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for folder in ("sql/_sources", "catalogs"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "sql" / "_sources" / "presses.yaml").write_text(CONTRACT)
    (tmp_path / "catalogs" / "local.yaml").write_text("{}\n")
    monkeypatch.setenv("HEADRACE_PROJECT", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "80")
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(source.app, [*arguments])


def sent(folder: Path, *bodies: Any) -> str:
    file = folder / "messages.jsonl"
    file.write_text("".join(f"{each if isinstance(each, str) else json.dumps(each)}\n" for each in bodies))
    return str(file)


@pytest.mark.parametrize("name", source_presets.names())
def test_a_preset_is_shown_as_its_file_is(project: Path, name: str) -> None:
    assert project
    result = run("show", name)
    assert result.stdout == source_presets.path_of(name).read_text()
    assert json.loads(run("show", name, "--json").stdout) == source_presets.content(name)


def test_a_source_is_shown_as_it_stands_after_its_preset(project: Path) -> None:
    file = project / "sql" / "_sources" / "kep.yaml"
    file.write_text("description: Kepware\ntopic: plant.kep\npreset: kepware\nfields: {text: null}\n")
    shown = yaml.safe_load(run("show", "kep").stdout)
    assert shown["topic"] == "plant.kep"
    assert shown["fields"].keys() == {"tag", "value"}
    assert shown["rows"] == "values[]"
    assert "preset" not in shown  # the file can be replaced by what is shown, and means the same
    file.write_text(run("show", "kep").stdout)
    assert yaml.safe_load(run("show", "kep").stdout) == shown


def test_presets_and_sources_are_listed(project: Path) -> None:
    assert project
    result = run("show")
    assert max(map(len, result.stdout.splitlines())) <= 80
    assert "kepware" in result.stdout
    assert "presses" in result.stdout
    with pytest.raises(UserError, match="no preset or source 'kepwar'\n  fix: did you mean 'kepware'"):
        raise run("show", "kepwar").exception or AssertionError


def test_a_check_counts_what_decodes_and_shows_the_rest_with_its_place(project: Path) -> None:
    result = run("check", "presses", "--file", sent(project, GOOD, LATE, "{", WIDE, GOOD))
    assert result.exit_code == 1
    lines = [line.rstrip() for line in result.stdout.splitlines()]
    assert lines[0] == "5 messages, 5 readings; 2 of them decode (40.0%)"
    assert "time_before_bounds 1" in lines
    assert "  messages.jsonl:2 row 0: ts: 1970-01-01T00:00:00.001000Z is before" in result.stdout
    assert "  messages.jsonl:4 row 0: value: 101.0 is above 100" in lines
    assert "not_json 1" in lines


def test_a_check_without_a_fault_exits_with_0_and_has_the_readings_in_json(project: Path) -> None:
    result = run("check", "presses", "--file", sent(project, GOOD), "--json")
    assert result.exit_code == 0
    found = json.loads(result.stdout)
    assert (found["messages"], found["readings"], found["good"], found["share"], found["codes"]) == (1, 1, 1, 1.0, {})
    assert found["rows"] == [{"tag": "p1", "value": 1.5, "ts": "2001-09-09T01:46:40+00:00", "quality": 0}]


def test_a_file_without_messages_and_a_missing_one_are_errors(project: Path) -> None:
    with pytest.raises(UserError, match="the file has no messages"):
        raise run("check", "presses", "--file", sent(project)).exception or AssertionError
    with pytest.raises(UserError, match="cannot be read: No such file"):
        raise run("check", "presses", "--file", str(project / "none")).exception or AssertionError


def test_messages_are_kept_as_examples_for_a_contract_written_by_hand(project: Path) -> None:
    (project / "sql" / "_sources" / "raw.yaml").write_text("description: d\ntopic: plant.raw\npreset: raw\n")
    described = {"$message": {"key": "plant/force", "value": {"$text": "21.5"}}}
    result = run(
        "check", "raw", "--keep", "--file", sent(project, described, described, "no key", described, described)
    )
    assert result.exit_code == 1
    assert "replace what names a person" in result.stdout
    kept = (project / "sql" / "_sources" / "raw.messages.jsonl").read_text().splitlines()
    assert [json.loads(line)["$message"]["key"] for line in kept] == ["plant/force"] * 3
    with pytest.raises(UserError, match="this file exists already"):
        raise run("check", "raw", "--keep", "--file", sent(project, described)).exception or AssertionError


@pytest.mark.parametrize(
    ("name", "more", "why"),
    [
        ("presses", "", "makes up messages for 'presses'"),
        ("raw", "", "no message of these decodes"),
        ("raw", "fields: {tag: {secret: {first: 2}}}\n", "'raw' masks values"),
    ],
)
def test_examples_that_are_not_needed_or_must_not_be_kept_are_refused(
    project: Path, name: str, more: str, why: str
) -> None:
    (project / "sql" / "_sources" / "raw.yaml").write_text(f"description: d\ntopic: plant.raw\npreset: raw\n{more}")
    with pytest.raises(UserError, match=why):
        raise run("check", name, "--keep", "--file", sent(project, "no key")).exception or AssertionError
    assert not [*(project / "sql" / "_sources").glob("*.jsonl")]


def test_a_registry_that_does_not_answer_is_an_error_of_the_platform(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "ATTEMPTS", 1)
    local = (ROOT / "catalogs" / "local.yaml").read_text()
    (project / "catalogs" / "local.yaml").write_text(f'{local}\nschema_registry: {{url: "http://127.0.0.1:9"}}\n')
    (project / "sql" / "_sources" / "avro.yaml").write_text(CONTRACT.replace("topic:", "format: avro\ntopic:"))
    framed = sent(project, {"$message": {"value": {"$base64": "AAAAAAEYcHJlc3MyLmZvcmNl9qG/6dZmAgAAAAAAACnA"}}})
    for command in (("check", "avro"), ("new", "other", "--topic", "plant.avro")):
        with pytest.raises(PlatformError, match="schema_registry of local"):
            raise run(*command, "--file", framed).exception or AssertionError
