"""What docs/payloads.md says of rows, places, types, times and qualities can be written, and reads as it says."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml

from headrace_udfs.contract import Contract
from headrace_udfs.decode import Decoder
from headrace_udfs.messages import Messages
from support import ROOT

PAGE = (ROOT / "docs" / "payloads.md").read_text()


def section(name: str) -> str:
    return PAGE.split(f"\n## {name}\n", 1)[1].split("\n## ", 1)[0]


def written(name: str) -> list[str]:
    """The first cell of each row of the section's tables that is code."""
    return re.findall(r"^\| `(.+?)` \|", section(name), re.MULTILINE)


FIELDS: dict[str, Any] = {"tag": {"constant": "a", "type": "string", "required": True}}
BASE: dict[str, Any] = {
    "description": "d", "topic": "umh.v1.line.oven", "key": "tag", "rows": "groups[].values.*",
    "fields": FIELDS,
    "time": {"from": "record_time"},
}  # fmt: skip


def test_the_first_example_becomes_the_rows_that_the_page_shows() -> None:
    first = section("From a message to readings")
    source = re.search(r"```yaml\n(.*?)```", first, re.DOTALL)[1]  # type: ignore[index]
    message = "".join(re.findall(r"^# ?(.*)$", source, re.MULTILINE))
    decoded = Decoder(Contract.model_validate(yaml.safe_load(source)), clock=lambda: 1.8e9).decode(
        Messages([json.dumps(json.loads(message)).encode()])
    )
    assert not decoded.faults
    table = [[cell.strip(" `") for cell in row.split("|")[1:-1]] for row in first.split("\n") if row.startswith("| `")]
    rows = zip(*(decoded.columns[name].to_pylist() for name in ("tag", "ts", "value", "text", "quality")), strict=True)
    assert table == [
        [
            tag,
            f"{ts:%H:%M:%S}",
            str(value or ""),
            text or "",
            next(c[4] for c in table if c[4].startswith(str(quality))),
        ]
        for tag, ts, value, text, quality in rows
    ]


@pytest.mark.parametrize("rows", written("Rows"))
def test_each_path_to_rows_can_be_written(rows: str) -> None:
    Contract.model_validate({**BASE, "rows": yaml.safe_load(rows)})


@pytest.mark.parametrize("place", written("Places"))
def test_each_place_can_be_written(place: str) -> None:
    spec: dict[str, Any] = yaml.safe_load(place)
    by_number = spec.get("from") == "index" or "{index}" in str(spec.get("path"))
    kind = "timestamp" if spec.get("from") == "record_time" else "long" if spec.get("from") == "index" else "string"
    rows = "groups[]" if by_number else "sites.*.values.*" if spec.get("out") else "values.*"
    Contract.model_validate({**BASE, "rows": rows, "fields": {**FIELDS, "x": {**spec, "type": kind}}})


@pytest.mark.parametrize("field", written("Types"))
def test_each_type_can_be_written(field: str) -> None:
    Contract.model_validate({**BASE, "fields": {**FIELDS, "x": yaml.safe_load(field)}})


@pytest.mark.parametrize("time", written("Time"))
def test_each_time_can_be_written(time: str) -> None:
    Contract.model_validate({**BASE, "time": yaml.safe_load(time)})


@pytest.mark.parametrize("name", ["Places", "Types", "Quality"])
def test_each_example_can_be_written(name: str) -> None:
    for block in re.findall(r"```yaml\n(.*?)```", section(name), re.DOTALL):
        lines = block.strip().split("\n")
        one_by_one = len({line.split(":")[0] for line in lines}) < len(lines)
        for text in lines if one_by_one else [block]:
            keys = yaml.safe_load(text)
            quality = keys.pop("quality", None)
            if quality and (names := quality.get("names")):
                quality["names"] = {str(key): status for key, status in names.items()}
            fields = {
                f"x_{n}": f if {"path", "join", "first"} & f.keys() else {**f, "path": n} for n, f in keys.items()
            }
            Contract.model_validate({**BASE, "fields": {**FIELDS, **fields}, "quality": quality})


def test_the_mappings_of_a_quality_are_those_of_contracts() -> None:
    listed = written("Quality")
    schema = Contract.model_json_schema()["$defs"]["QualitySpec"]["properties"]["mapping"]["enum"]
    assert listed == sorted(schema, key=listed.index)
