"""The golden messages of tests/payloads, and what they mean."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headrace.authoring.sources import sample
from headrace.environment.kafka_sample import Record
from headrace_udfs.status_codes import SEVERITY
from support import ROOT

PAYLOADS = ROOT / "tests" / "payloads"
TOPIC = "plant.golden"


@dataclass(frozen=True)
class Golden:
    """A message and what it means; contract: the keys that its contract has besides those of the preset."""

    name: str
    record: Record
    contract: dict[str, Any]
    readings: list[dict[str, Any]]
    refused: list[tuple[int, str]]


def golden(folder: str) -> Iterator[Golden]:
    """Yield the messages of a folder of tests/payloads."""
    file = PAYLOADS / folder / "messages.jsonl"
    meanings = (file.parent / "readings.jsonl").read_text(encoding="utf-8").splitlines()
    records = sample.of_file(file, TOPIC, len(meanings) + 1)
    for record, line in zip(records, meanings, strict=True):
        meaning = json.loads(line)
        refused = [(each["index"], each["code"]) for each in meaning["refused"]]
        yield Golden(meaning["name"], record, meaning.get("contract", {}), meaning["readings"], refused)


def folders() -> list[str]:
    """Return the folders of tests/payloads that have messages."""
    return sorted(file.parent.name for file in Path(PAYLOADS).glob("*/messages.jsonl"))


def status(text: str | None) -> int:
    """Return the StatusCode that readings.jsonl names by its severity or in hex; what has none is good."""
    if text is None:
        return SEVERITY["good"]
    return SEVERITY[text] if text in SEVERITY else int(text, 16)
