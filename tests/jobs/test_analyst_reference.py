"""The examples of docs/analyst.md, its ten minutes and its reference, as jobs whose cases run.

`integration/test_analyst_page.py` follows the ten minutes on the platform; here the same SELECT also fills the page's
topics, in JSON, Avro and Protobuf, and the page's contract is read.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from headrace.authoring import test
from headrace.compose import render
from headrace.environment import settings
from headrace.project import job_folder
from headrace.project.paths import Project
from support import ROOT

PAGE = (ROOT / "docs" / "analyst.md").read_text(encoding="utf-8")
COLD, SIGNALS, ASSETS = "condition/cold_hours_v1", "docs/signals_v1", "docs/assets_v1"
FROST = """\
select
    tag,
    window_start,
    min(`value`) as min_value
from {{ tumble('readings', '1h') }}
group by tag, window_start, window_end
having min(`value`) < {{ param('cold_limit') }}
"""
SIGNALS_JOB = """\
kind: job
name: docs/signals_v1
owner: tests
description: What the contract of the page reads.
grain: one row per reading with the prefix
reads: [source/signals]
writes: {table/docs.signals: append}
params: {unit: R1.temp, prefix: "ru"}
"""
SIGNALS_TABLE = """\
description: What the contract of the page reads.
owner: tests
grain: one row per reading
columns:
  tag: {type: string, doc: "Name of the measured point"}
  ts: {type: timestamptz, doc: "When", unit: UTC}
  value: {type: double, doc: "Measured value", unit: degC}
  quality: {type: long, doc: "OPC UA StatusCode"}
"""
ASSETS_JOB = """\
kind: job
name: docs/assets_v1
owner: tests
description: The as-of join of the page.
grain: one row per reading
reads: [source/plant_readings, table/historian.tags]
writes: {table/docs.assets: append}
"""
ASSETS_TABLE = """\
description: The as-of join of the page.
owner: tests
grain: one row per reading
columns:
  tag: {type: string, doc: "Name of the measured point"}
  ts: {type: timestamptz, doc: "When", unit: UTC}
  asset: {type: string, doc: "What is measured"}
"""
SIGNALS_SELECT = """\
with signals as (select *, 'running' as text from {{{{ source('signals') }}}})
select tag, ts, `value`, quality from signals
{where}
"""


def section(title: str) -> str:
    """Return the text below a heading, up to the next one."""
    return re.split(r"\n#{2,} ", PAGE.split(f"# {title}\n", 1)[1], maxsplit=1)[0]


def block(title: str, language: str, nth: int = 0) -> str:
    """Return a block of a language in a section."""
    found = re.findall(rf"```{language}\n(.*?)```", section(title), re.DOTALL)
    assert len(found) > nth, f"{title} has no such block of {language}"
    return str(found[nth])


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    for part in ("catalogs", "sql/_macros", "sql/_sources", "sql/_tables", "sql/_schemas", "sql/_topics"):
        shutil.copytree(ROOT / part, tmp_path / part)
    monkeypatch.setenv("HEADRACE_PROJECT", str(tmp_path))
    write_cold_hours(tmp_path)
    write_signals(tmp_path)
    write_assets(tmp_path)
    return Project(tmp_path, tmp_path / ".headrace")


def write_cold_hours(root: Path) -> None:
    """Write the job of the ten minutes, with the topic of the reference as a second sink."""
    new = re.findall(r"^\./run headrace (new condition.*)$", PAGE, re.MULTILINE)[0]
    command = [sys.executable, "-m", "headrace", *new.split()]
    subprocess.run(command, cwd=root, check=True, capture_output=True, timeout=120)
    job = root / "sql" / COLD
    select = block("2. Write the query", "sql")
    (job / "condition.cold_hours.sql.j2").write_text(select)
    frost = select.split("\n\nselect", maxsplit=1)[0] + "\n\n" + FROST
    (job / "topic.frost.sql.j2").write_text(frost)
    (job / "topic.frost_protobuf.sql.j2").write_text(frost)
    (job / "topic.frost_avro.sql.j2").write_text(
        frost.replace("window_start,\n", "window_start, 'hall 2' as site,\n", 1)
    )
    (of_page,) = re.findall(r"`\{(table/condition.cold_hours: append, topic/frost: append)\}`", PAGE)
    writes = f"writes: {{{of_page}, topic/frost_avro: append, topic/frost_protobuf: append}}"
    settings_of_job = block("2. Write the query", "yaml")
    (job / "job.yaml").write_text(re.sub(r"^writes: .*$", writes, settings_of_job, flags=re.MULTILINE))
    write_topics(root / "sql" / "_topics")
    (job / "checks.sql.j2").write_text(block("Checks", "sql"))
    case = job / "tests" / "two_windows"
    (case / "source.plant_readings.jsonl").write_text(block("3. Write a test that can fail", "json"))
    for expected in case.glob("expect.*"):
        expected.unlink()
    start = "2024-01-01T00:00:00Z"
    (case / "expect.condition.cold_hours.csv").write_text(
        f"tag,window_start,reading_count,min_value,mean_value\nR80711.outdoor_temperature,{start},2,-1.5,0.5\n"
    )
    sent = {"tag": "R80711.outdoor_temperature", "window_start": start, "min_value": -1.5}
    (case / "expect.topic.frost.jsonl").write_text(json.dumps(sent) + "\n")
    (case / "expect.topic.frost_protobuf.jsonl").write_text(json.dumps(sent) + "\n")
    (case / "expect.topic.frost_avro.jsonl").write_text(json.dumps({**sent, "site": "hall 2"}) + "\n")
    (case / "expect.historian.late_readings.csv").write_text(f"key,ts\nR80711.outdoor_temperature,{start}\n")


def write_topics(folder: Path) -> None:
    """Write the topic of the page in each format. Each is a topic of its own, because all are written at once."""
    encoded = "Topics in Avro and Protobuf"
    plain, in_avro = block("Topics", "yaml"), block(encoded, "yaml")
    in_protobuf = plain + block(encoded, "yaml", 1)
    (folder / "frost.yaml").write_text(plain)
    (folder / "frost_avro.yaml").write_text(in_avro.replace("topic: condition.frost", "topic: condition.frost.avro"))
    protobuf = in_protobuf.replace("topic: condition.frost", "topic: condition.frost.protobuf")
    (folder / "frost_protobuf.yaml").write_text(protobuf)
    (folder / "frost.proto").write_text(block(encoded, "proto"))


def write_signals(root: Path) -> None:
    """Write a job that reads the contract of the reference, and has its condition with params."""
    job = root / "sql" / SIGNALS
    case = job / "tests" / "signals"
    case.mkdir(parents=True)
    (root / "sql" / "_sources" / "signals.yaml").write_text(block("Sources", "yaml").replace("plant.", "signals."))
    (root / "sql" / "_tables" / "docs.signals.yaml").write_text(SIGNALS_TABLE)
    (job / "job.yaml").write_text(SIGNALS_JOB)
    where = block("Template functions", "sql", 1)
    (job / "docs.signals.sql.j2").write_text(SIGNALS_SELECT.format(where=where))
    at = {"tag": "R1.temp", "ts": 1_704_067_200_000}
    messages = [
        {**at, "data": {"value": 400.0}, "q": 192},
        {**at, "tag": "R2.temp", "data": {"value": 20.0}, "q": 192},
    ]
    more = "".join(json.dumps(each) + "\n" for each in messages)
    (case / "source.signals.jsonl").write_text(block("Tests", "json") + more)
    (case / "expect.docs.signals.csv").write_text(
        f"tag,ts,value,quality\nR1.temp,2024-01-01T00:00:00Z,21.5,0\nR1.temp,2024-01-01T00:00:01Z,22.5,{0x40000000}\n"
    )
    (case / "expect.historian.dead_letters.csv").write_text("code,src_offset\nnull_payload,2\nout_of_range,3\n")


def write_assets(root: Path) -> None:
    """Write a job of the page's as-of join."""
    job = root / "sql" / ASSETS
    case = job / "tests" / "assets"
    case.mkdir(parents=True)
    (root / "sql" / "_tables" / "docs.assets.yaml").write_text(ASSETS_TABLE)
    (job / "job.yaml").write_text(ASSETS_JOB)
    (job / "docs.assets.sql.j2").write_text(block("Template functions", "sql"))
    readings = [{"tag": tag, "ts": 1_704_067_200_000, "value": 1.5, "q": 192} for tag in ("R1.temp", "R2.temp")]
    (case / "source.plant_readings.jsonl").write_text("".join(json.dumps(each) + "\n" for each in readings))
    (case / "table.historian.tags.csv").write_text("tag,asset\nR1.temp,farm/R1\n")
    start = "2024-01-01T00:00:00Z"
    (case / "expect.docs.assets.csv").write_text(f"tag,ts,asset\nR1.temp,{start},farm/R1\nR2.temp,{start},\n")


def test_the_examples_of_the_page_are_jobs_that_do_what_it_says(project: Project) -> None:
    cases = [case for job in (COLD, SIGNALS, ASSETS) for case in test.load(project, job_folder.load(project, job))]
    outcomes = list(test.run(project, settings.load(project, "local"), cases))
    assert [outcome.passed for outcome in outcomes] == [True, True, True], outcomes


def test_the_checks_of_the_page_can_be_rendered(project: Project) -> None:
    folder = job_folder.load(project, COLD)
    rendered = render.for_duckdb(project, settings.load(project, "local"), folder, folder.path / "checks.sql.j2")
    assert "min_value >= 0.0" in rendered.sql
