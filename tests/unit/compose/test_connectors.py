"""A reader of a topic has bounds in bytes, by its share of the partitions and its contract."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from headrace.compose.connectors import LiveConnectors, Spread
from headrace.environment import settings
from headrace.project import job_folder, source_files
from headrace.project.paths import Project
from headrace_udfs.contract import FieldSpec
from support import ROOT

PROJECT = Project(ROOT, Path("/headrace"))
LOCAL = settings.load(PROJECT, "local")
JOB = job_folder.load(PROJECT, "historian/readings_v1").job
CONTRACT = source_files.load(PROJECT, "plant_readings")


@pytest.mark.parametrize(
    ("partitions", "readers", "each"),
    [(1, 1, 2**20), (16, 1, 2**20), (64, 4, 2**20), (65, 4, 2**24 // 17), (2_000, 1, 2**16)],
)
def test_partitions_share_what_a_reader_fetches(partitions: int, readers: int, each: int) -> None:
    connectors = LiveConnectors(LOCAL, {"plant_readings": Spread(partitions, readers)})
    options = connectors.reading(JOB, "plant_readings", CONTRACT, packed=True)
    assert options["properties.fetch.max.bytes"] == str(2**24)
    assert options["properties.max.partition.fetch.bytes"] == str(each)


def test_the_client_knows_the_longest_valid_message() -> None:
    short = CONTRACT.model_copy(update={"max_bytes": 4096})
    assert (
        LiveConnectors(LOCAL).reading(JOB, "plant_readings", short, packed=True)["properties.headrace.max.bytes"]
        == "4096"
    )


def test_an_option_of_the_environment_goes_before() -> None:
    kafka = {**LOCAL.kafka, "fetch.max.bytes": "1000000"}
    options = LiveConnectors(LOCAL.model_copy(update={"kafka": kafka})).reading(
        JOB, "plant_readings", CONTRACT, packed=True
    )
    assert options["properties.fetch.max.bytes"] == "1000000"


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        ({}, "lines"),
        ({"key": {"from": "key"}}, "lines,key"),
        ({"site": {"from": "header", "header": "site"}}, "lines,headers"),
        ({"key": {"first": ["tag", {"join": [{"from": "key"}, "tag"]}]}}, "lines,key"),
        ({"a": {"from": "header", "header": "h"}, "b": {"from": "key"}}, "lines,key,headers"),
        ({"a": {"from": "topic"}, "b": {"from": "record_time", "type": "timestamp"}}, "lines"),
    ],
)
def test_packs_have_the_parts_of_a_record_that_the_contract_reads(changes: dict[str, Any], parts: str) -> None:
    fields = {name: FieldSpec.model_validate({"type": "string", **change}) for name, change in changes.items()}
    contract = CONTRACT.model_copy(update={"fields": {**CONTRACT.fields, **fields}})
    options = LiveConnectors(LOCAL).reading(JOB, "plant_readings", contract, packed=True)
    assert options["properties.headrace.pack"] == parts


def test_a_format_may_find_its_schema_in_headers() -> None:
    contract = CONTRACT.model_copy(update={"format": "avro"})
    options = LiveConnectors(LOCAL).reading(JOB, "plant_readings", contract, packed=True)
    assert options["properties.headrace.pack"] == "lines,headers"


def test_a_row_per_message_is_no_pack() -> None:
    options = LiveConnectors(LOCAL).reading(JOB, "plant_readings", CONTRACT, packed=False)
    assert "properties.headrace.pack" not in options
