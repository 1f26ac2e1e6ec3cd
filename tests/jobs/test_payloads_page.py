"""A job reads the examples of docs/payloads.md: its first message and those of products become their readings."""

from __future__ import annotations

import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from headrace.authoring import test
from headrace.environment import settings
from headrace.project import job_folder
from headrace.project.paths import Project
from support import ROOT
from support.payloads_page import FIRST, cells, found, products

JOB, TABLE = "docs/payloads_v1", "docs.payloads"
TOP = "top"
# These read headers, a key and the record's time, and learn names; the unit test of the page reads all products.
READ = ("siemens_industrial_edge_named", "azure_iot_operations", "raw")
COLUMNS = """\
description: The readings of the page.
owner: tests
grain: one row per reading
columns:
  tag: {type: string, doc: "Name of the measured point"}
  ts: {type: timestamptz, doc: "When", unit: UTC}
  value: {type: double, doc: "Measured value, if it is a number"}
  text: {type: string, doc: "Measured value, if it is text"}
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    for part in ("catalogs", "sql/_macros", "sql/_tables"):
        shutil.copytree(ROOT / part, tmp_path / part)
    folder, sources = tmp_path / "sql" / JOB, tmp_path / "sql" / "_sources"
    case = folder / "tests" / "page"
    case.mkdir(parents=True)
    sources.mkdir()
    contract = found(r"```yaml\n(.*?)```", FIRST)
    (sources / f"{TOP}.yaml").write_text(contract)
    message = " ".join(line.removeprefix("#").strip() for line in contract.splitlines() if line.startswith("#"))
    (case / f"source.{TOP}.jsonl").write_text(f"{message}\n")
    for product in products():
        if product.preset in READ:
            keys = f"description: d\ntopic: plant.{product.preset}\npreset: {product.preset}\n"
            (sources / f"{product.preset}.yaml").write_text(keys)
            (case / f"source.{product.preset}.jsonl").write_text("".join(f"{line}\n" for line in product.messages))
    (tmp_path / "sql" / "_tables" / f"{TABLE}.yaml").write_text(COLUMNS)
    reads = ", ".join(f"source/{name}" for name in (TOP, *READ))
    (folder / "job.yaml").write_text(
        f"kind: job\nname: {JOB}\nowner: tests\ndescription: The readings of the page.\ngrain: one row per reading\n"
        f"reads: [{reads}]\nwrites: {{table/{TABLE}: append}}\n"
    )
    selects = [f"select tag, ts, `value`, text from {{{{ source('{name}') }}}}" for name in (TOP, *READ)]
    (folder / f"{TABLE}.sql.j2").write_text("\nunion all\n".join(selects) + "\n")
    return Project(tmp_path, tmp_path / ".headrace")


def expected() -> list[tuple[Any, ...]]:
    top = [
        (tag, f"2025-11-24T{at}Z", value, text)
        for tag, at, value, text, _ in cells(found(r"\|---\|\n(.*?)(?:\n\n|$)", FIRST))
    ]
    shown = [tuple(row[:4]) for product in products() if product.preset in READ for row in product.readings]
    return sorted(
        (tag, datetime.fromisoformat(ts), float(value) if value else None, text or None)
        for tag, ts, value, text in (*top, *shown)
    )


def test_the_messages_of_the_page_become_the_readings_of_its_tables(project: Project) -> None:
    (result,) = test.run(project, settings.load(project, "local"), test.load(project, job_folder.load(project, JOB)))
    assert result.problems == ()
    assert result.rows["historian.dead_letters"] == []
    assert sorted((row["tag"], row["ts"], row["value"], row["text"]) for row in result.rows[TABLE]) == expected()
