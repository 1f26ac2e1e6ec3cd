"""docs/payloads.md shows what the presets do: each product's message becomes the readings in its table."""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path

import pytest

from headrace.authoring.sources import decoding
from headrace.cli import quality
from headrace.environment.kafka_sample import Record
from headrace.project import message_file, source_files, source_presets
from headrace_udfs.contract import Contract
from support import ROOT

PAGE = (ROOT / "docs" / "payloads.md").read_text(encoding="utf-8")
PRODUCTS = PAGE.split("\n## Products\n")[1].split("\n## ")[0].split("\n### ")[1:]
TABLE = re.compile(r"\| tag \| ts \| value \| text \| quality \|\n\|---\|---\|---\|---\|---\|\n((?:\|.*\n?)+)")


def contract(folder: Path, text: str) -> Contract:
    file = folder / "source.yaml"
    file.write_text(text)
    return source_files.of_file(file)


def found(pattern: str, text: str) -> str:
    match = re.search(pattern, text, re.DOTALL)
    assert match, pattern
    return match[1]


def record(text: str, language: str) -> Record:
    line = json.dumps(json.loads(text), ensure_ascii=False) if language == "json" else text.strip()
    message = message_file.message(line.encode())
    time = round(message.time.timestamp() * 1000) if message.time else 0
    return Record("plant.page", 0, 0, time, message.key, message.headers, message.value)


def cells(row: str) -> list[str]:
    return [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", row)[1:-1]]


@pytest.mark.parametrize("section", PRODUCTS, ids=lambda section: section.partition("\n")[0])
def test_the_message_of_a_product_becomes_the_readings_of_its_table(section: str, tmp_path: Path) -> None:
    preset = found(r"`preset: (\w+)`", section)
    language = found(r"```(\w+)\n", section)
    sent = [record(text, language) for text in re.findall(r"```\w+\n(.*?)```", section, re.DOTALL)]
    assert sent
    tally = decoding.tally(contract(tmp_path, f"description: d\ntopic: plant.page\npreset: {preset}\n"), sent)
    assert tally.codes == {}
    table = TABLE.search(section)
    assert table
    expected = [cells(row) for row in table[1].splitlines()]
    assert len(tally.rows) == len(expected)
    for row, (tag, ts, value, text, words) in zip(tally.rows, expected, strict=True):
        assert row["tag"] == tag.strip("`")
        assert row["ts"] == datetime.fromisoformat(ts)
        assert row["value"] == (float(value) if value else None)
        assert (row["text"] or "") == text
        assert quality.in_words(row["quality"]) == words


def test_each_preset_is_on_the_page() -> None:
    assert sorted(found(r"`preset: (\w+)`", each) for each in PRODUCTS) == sorted(source_presets.names())


def test_the_example_of_a_contract_with_a_preset_is_one(tmp_path: Path) -> None:
    made = contract(tmp_path, found(r"\n## Presets\n.*?```yaml\n(.*?)```", PAGE))
    assert made.fields.keys() == {"tag", "value", "hall"}
    assert made.fields["value"].range == (0, 500)
    assert made.quality
    assert made.quality.missing == "good"
