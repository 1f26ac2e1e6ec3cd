"""`headrace new`: its questions, the files that it writes, and what it refuses."""

from __future__ import annotations

import json
import os
import pty
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as trying
from hypothesis import strategies as st

from headrace import cli
from headrace.authoring import json_schemas, lint
from headrace.authoring.new import sample
from headrace.authoring.new.file_text import column, scalar
from headrace.compose import render
from headrace.environment import settings
from headrace.project import job_folder, table_files, yaml_text
from headrace.project.paths import Project
from headrace_udfs.contract import Contract
from headrace_udfs.decode import Decoder
from headrace_udfs.messages import Messages
from support import ROOT


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """The project with one source, so that `new` need not be told which."""
    for part in ("sql", "catalogs"):
        shutil.copytree(ROOT / part, tmp_path / part)
    for source in (tmp_path / "sql" / "_sources").glob("*.yaml"):
        if source.stem != "plant_readings":
            source.unlink()
            for job in (tmp_path / "sql").glob("*/*/job.yaml"):
                if f"source/{source.stem}" in job.read_text():
                    shutil.rmtree(job.parent)
    monkeypatch.setenv("HEADRACE_PROJECT", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return Project.find()


@pytest.fixture
def headrace(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs a command; returns its exit code, stdout and stderr."""

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["headrace", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        printed = capsys.readouterr()
        return int(ended.value.code or 0), printed.out, printed.err

    return run


@pytest.mark.parametrize("window", [(), ("--window", "10m")])
def test_the_new_files_can_be_read_rendered_and_linted(project: Project, headrace: Any, window: tuple[str]) -> None:
    before = json_schemas.check(project)
    code, printed, stderr = headrace("new", "condition/warm", *window)
    assert (code, stderr) == (0, "")
    assert printed.endswith("next: headrace test condition/warm_v1\n")
    loaded = settings.load(project, "local")
    assert render.job(project, loaded, job_folder.load(project, "condition/warm_v1")).sinks
    assert lint.lint(project, loaded, ["condition/warm_v1"]) == []
    assert json_schemas.check(project) == before


def test_each_file_that_it_lists_exists(project: Project, headrace: Any) -> None:
    code, printed, _ = headrace("new", "condition/warm", "--sink", "condition.warm_readings", "--json")
    listed = json.loads(printed)
    assert (code, listed["job"]) == (0, "condition/warm_v1")
    assert listed["written"] == [
        "sql/condition/warm_v1/job.yaml",
        "sql/condition/warm_v1/condition.warm_readings.sql.j2",
        "sql/condition/warm_v1/checks.sql.j2",
        "sql/condition/warm_v1/tests/good_and_bad/case.yaml",
        "sql/condition/warm_v1/tests/good_and_bad/source.plant_readings.jsonl",
        "sql/condition/warm_v1/tests/good_and_bad/expect.condition.warm_readings.csv",
        "sql/_tables/condition.warm_readings.yaml",
    ]
    assert all((project.root / file).is_file() for file in listed["written"])


def test_the_owner_is_that_of_the_domain_unless_it_is_given(project: Project, headrace: Any) -> None:
    headrace("new", "condition/warm")
    headrace("new", "condition/cool", "--owner", "me: myself")
    assert job_folder.load(project, "condition/warm_v1").job.owner == "reliability-team"
    assert job_folder.load(project, "condition/cool_v1").job.owner == "me: myself"


def test_an_existing_job_is_left_alone_and_its_next_version_proposed(project: Project, headrace: Any) -> None:
    before = (project.sql / "condition" / "overheat_v1" / "job.yaml").read_bytes()
    code, printed, stderr = headrace("new", "condition/overheat")
    assert (code, printed) == (2, "")
    assert stderr == (
        "error sql/condition/overheat_v1: there is a job 'condition/overheat_v1' already\n"
        "  fix make its next version: headrace new condition/overheat_v2\n"
    )
    assert headrace("new", "condition/overheat", "--yes")[0] == 0
    assert job_folder.load(project, "condition/overheat_v2").job.tables_written == ["condition.overheat_v2"]
    assert (project.sql / "condition" / "overheat_v1" / "job.yaml").read_bytes() == before


def test_a_job_for_an_existing_table_selects_the_columns_of_the_table(project: Project, headrace: Any) -> None:
    file = project.sql / "_tables" / "historian.readings.yaml"
    before = file.read_bytes()
    assert headrace("new", "condition/again", "--sink", "historian.readings")[0] == 0
    assert file.read_bytes() == before
    loaded = settings.load(project, "local")
    sql = render.job(project, loaded, job_folder.load(project, "condition/again_v1")).sinks["historian.readings"].sql
    assert "text" in sql
    assert "asset" not in sql


def test_a_new_table_includes_the_shared_columns_and_properties(project: Project, headrace: Any) -> None:
    assert headrace("new", "condition/warm")[0] == 0
    shared = (project.sql / "_tables" / "condition.warm.yaml").read_text()
    assert "  include: [position]\n" in shared
    assert "src_topic: {" not in shared
    table = table_files.pick(project, ["condition.warm"])["condition.warm"]
    (project.sql / "_tables" / "_defaults.yaml").unlink()
    assert headrace("new", "condition/cool")[0] == 0
    alone = table_files.pick(project, ["condition.cool"])["condition.cool"]
    assert [*alone.columns] == [*table.columns]
    assert dict(alone.properties) == dict(table.properties)


def test_every_problem_of_an_existing_table_that_does_not_fit_is_reported(project: Project, headrace: Any) -> None:
    code, _, stderr = headrace("new", "condition/warm", "--sink", "condition.overheats", "--window", "1h")
    assert code == 2
    assert (
        "sql/_tables/condition.overheats.yaml:7:3: condition.overheats requires 'ts', which the job does not select"
        in stderr
    )
    assert "condition.overheats has no column 'window_start'" in stderr
    assert stderr.count("fix choose a table of the job's own: --sink <namespace>.<table>") == stderr.count("error")
    assert not (project.sql / "condition" / "warm_v1").exists()


def test_all_wrong_arguments_are_reported_at_once(project: Project, headrace: Any) -> None:  # noqa: ARG001 - runs in it
    wrong = ("Condition/Hot Pumps", "--source", "plant_reading", "--sink", "pumps", "--window", "10")
    code, printed, stderr = headrace("new", *wrong)
    assert (code, printed) == (2, "")
    assert stderr == (
        "error 'Condition/Hot Pumps' is not a valid job name; write <domain>/<job> in lower case\n"
        "  fix did you mean 'condition/hot_pumps'?\n"
        "error sql/_sources/plant_reading.yaml: there is no source 'plant_reading'\n"
        "  fix did you mean 'plant_readings'?\n"
        "error 'pumps' is not a valid table name\n"
        "  fix write <namespace>.<table> in lower case\n"
        "error window: '10': a duration is a whole number and ms, s, m, h or d, like 10m\n"
        "  fix write a duration such as 30s, 10m, 1h or 1d\n"
    )


def test_a_new_job_cannot_write_to_a_topic(project: Project, headrace: Any) -> None:  # noqa: ARG001 - runs in it
    _, _, stderr = headrace("new", "condition/warm", "--sink", "topic/overheat_alerts")
    assert "error 'topic/overheat_alerts' is a topic; a new job writes to a table" in stderr


def test_a_source_without_a_watermark_cannot_be_windowed(project: Project, headrace: Any) -> None:
    contract = project.sql / "_sources" / "plant_readings.yaml"
    contract.write_text(contract.read_text().replace("watermark: {lateness: 10s}", ""))
    code, _, stderr = headrace("new", "condition/warm", "--window", "10m")
    assert code == 2
    assert "the source 'plant_readings' does not say how late a reading may come" in stderr
    assert "fix add watermark: {lateness: 10s} to sql/_sources/plant_readings.yaml" in stderr


def test_without_a_terminal_answers_without_a_default_are_required(project: Project, headrace: Any) -> None:
    code, _, stderr = headrace("new")
    assert (code, stderr) == (2, "error the job's name is not given\n  fix headrace new <domain>/<name>\n")
    shutil.copy(project.sql / "_sources" / "plant_readings.yaml", project.sql / "_sources" / "pump_readings.yaml")
    code, _, stderr = headrace("new", "condition/warm")
    assert code == 2
    assert "fix --source, one of: plant_readings, pump_readings" in stderr


def test_outside_a_project_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, headrace: Any) -> None:
    monkeypatch.delenv("HEADRACE_PROJECT", raising=False)
    monkeypatch.chdir(tmp_path)
    code, _, stderr = headrace("new", "condition/warm")
    assert code == 2
    assert "is not in a headrace project" in stderr
    assert not list(tmp_path.iterdir())


def test_on_a_terminal_it_asks_and_repeats_a_question_after_a_wrong_answer(project: Project) -> None:
    answers = ["Condition/Warm", "condition/overheat", "y", "", "", "ten minutes", "10m", "pump team"]
    ours, theirs = pty.openpty()
    os.write(ours, "".join(f"{answer}\n" for answer in answers).encode())
    command = [str(Path(sys.executable).with_name("headrace")), "new"]
    ran = subprocess.run(command, stdin=theirs, capture_output=True, text=True, timeout=60, check=False)
    os.close(theirs)
    os.close(ours)
    assert ran.returncode == 0, ran.stderr
    job = job_folder.load(project, "condition/overheat_v2").job
    assert (job.owner, job.tables_written) == ("pump team", ["condition.overheat_v2"])
    assert (project.sql / "condition" / "overheat_v2" / "tests" / "two_windows").is_dir()
    assert "did you mean 'condition/warm'?" in ran.stderr
    assert "There is a condition/overheat_v1 already. Make condition/overheat_v2?" in ran.stderr
    assert "write a duration such as 30s, 10m, 1h or 1d" in ran.stderr


FIELDS = st.fixed_dictionaries(
    {"type": st.sampled_from(["string", "double", "long", "boolean", "timestamp"]), "required": st.booleans()},
    optional={"path": st.sampled_from(["data.value", "data.other", "deep.er.down"])},
).flatmap(
    lambda field: st.builds(
        lambda bounds: {**field, "range": bounds} if bounds and field["type"] in ("double", "long") else field,
        st.sampled_from([None, [-50, 150], [0, 1], [None, -3], [1_000_000, None], [7, 7]]),
    )
)


@st.composite
def contracts(draw: st.DrawFn) -> Contract:
    names = st.sampled_from(["value", "count", "from", "state", "seen"])
    fields = draw(st.dictionaries(names, FIELDS, max_size=3))
    paths = [field["path"] for field in fields.values() if "path" in field]
    if len(paths) > len(set(paths)):
        fields = {name: {**field, "path": f"each.{name}"} for name, field in fields.items()}
    quality = draw(
        st.sampled_from(
            [
                None,
                {"path": "q", "mapping": "opcda"},
                {"path": "q", "mapping": "opcua"},
                {"path": "q", "mapping": "names"},
                {"path": "q", "mapping": "names", "names": {"OK": "good", "FAULT": "bad"}},
            ]
        )
    )
    return Contract.model_validate(
        {
            "description": "d",
            "topic": "t",
            "format": draw(st.sampled_from(["json", "json_array"])),
            "fields": {"tag": {"type": "string", "required": True}, **fields},
            "time": {
                "path": "at",
                "unit": draw(st.sampled_from(["epoch_s", "epoch_ms", "epoch_us", "epoch_ns", "iso8601"])),
                "earliest": draw(st.sampled_from(["2000-01-01T00:00:00Z", "2025-06-01T12:00:00.5Z"])),
                "latest": "0s",
            },
            "quality": quality,
            "key": "tag",
            "watermark": {"lateness": draw(st.sampled_from(["0s", "10s", "3d"]))},
        }
    )


@trying(deadline=None)
@given(contracts(), st.none() | st.sampled_from([timedelta(milliseconds=2), timedelta(minutes=10), timedelta(days=7)]))
def test_a_sample_satisfies_its_contract(contract: Contract, window: timedelta | None) -> None:
    readings = sample.readings(contract, window)
    clock = max(reading.ts for reading in readings).timestamp()
    payloads = [sample.payload(contract, reading).encode() for reading in readings]
    decoded = Decoder(contract, clock=lambda: clock).decode(Messages(payloads))
    assert not decoded.faults
    for number, reading in enumerate(readings):
        row = {name: values[number].as_py() for name, values in decoded.columns.items()}
        expected = {
            name: value.replace(tzinfo=None) if isinstance(value, datetime) else value
            for name, value in reading.row().items()
        }
        assert row == {**dict.fromkeys(row), **expected}


@trying(deadline=None)
@given(contracts(), st.sampled_from([timedelta(milliseconds=2), timedelta(minutes=10), timedelta(days=7)]))
def test_exactly_one_reading_of_a_windowed_sample_is_late(contract: Contract, window: timedelta) -> None:
    readings = sample.readings(contract, window)
    assert contract.watermark
    watermark = datetime.min.replace(tzinfo=UTC)
    for reading in readings:
        assert (reading.ts <= watermark) == reading.late
        watermark = max(watermark, reading.ts - contract.watermark.lateness)


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_a_scalar_is_read_back_unchanged(text: str) -> None:
    assert yaml_text.parse(f"{{key: {scalar(text)}}}", Path("x.yaml"))[1] == {"key": text}


@pytest.mark.parametrize(
    ("name", "written"), [("value", "`value`"), ("from", "`from`"), ("tag", "tag"), ("text", "text")]
)
def test_a_column_is_in_backquotes_where_flink_reserves_its_name(name: str, written: str) -> None:
    assert column(name) == written
