"""docs/payloads.md shows what the presets do: each product's message becomes the readings in its table."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from headrace.authoring.sources import contract_file, decoding, proposal, sample
from headrace.cli import quality
from headrace.environment.kafka_sample import Record
from headrace.project import message_file, source_files, source_presets
from headrace_udfs.contract import Contract
from support.payloads_page import NEW_SOURCE, PAGE, Product, found, products


def contract(folder: Path, text: str) -> Contract:
    file = folder / "source.yaml"
    file.write_text(text)
    return source_files.of_file(file)


def record(line: str) -> Record:
    message = message_file.message(line.encode())
    time = round(message.time.timestamp() * 1000) if message.time else 0
    return Record("plant.page", 0, 0, time, message.key, message.headers, message.value)


@pytest.mark.parametrize("product", products(), ids=lambda product: str(product.preset))
def test_the_message_of_a_product_becomes_the_readings_of_its_table(product: Product, tmp_path: Path) -> None:
    sent = [record(line) for line in product.messages]
    assert sent
    tally = decoding.tally(contract(tmp_path, f"description: d\ntopic: plant.page\npreset: {product.preset}\n"), sent)
    assert tally.codes == {}
    assert len(tally.rows) == len(product.readings)
    for row, (tag, ts, value, text, words) in zip(tally.rows, product.readings, strict=True):
        assert row["tag"] == tag
        assert row["ts"] == datetime.fromisoformat(ts)
        assert row["value"] == (float(value) if value else None)
        assert (row["text"] or "") == text
        assert quality.in_words(row["quality"]) == words


def test_each_preset_is_on_the_page() -> None:
    assert sorted(each.preset for each in products()) == sorted(source_presets.names())


def test_the_example_of_a_contract_with_a_preset_is_one(tmp_path: Path) -> None:
    made = contract(tmp_path, found(r"\n## Presets\n.*?```yaml\n(.*?)```", PAGE))
    assert made.fields.keys() == {"tag", "value", "hall"}
    assert made.fields["value"].range == (0, 500)
    assert made.quality
    assert made.quality.missing == "good"


def test_the_contract_of_a_new_source_is_what_is_proposed_for_its_messages(tmp_path: Path) -> None:
    file = tmp_path / "presses.jsonl"
    file.write_text(found(r"```json\n(.*?)```", NEW_SOURCE))
    records = sample.of_file(file, "plant.presses", 1_000)
    made = proposal.propose(records)
    modeline, text = found(r"```yaml\n(.*?)```", NEW_SOURCE).split("\n", 1)
    assert modeline.startswith("# yaml-language-server")
    assert text == contract_file.text("plant.presses", made, "3 messages of presses.jsonl")
    assert (made.tally.good, dict(made.tally.codes)) == (4, {"time_invalid": 1})
