"""The contracts of docs/payloads.md, section Formats, read the messages that are shown above them."""

from __future__ import annotations

import re

import numpy as np
import pytest
import yaml

from headrace_udfs.contract import Contract
from headrace_udfs.decode import Decoder
from headrace_udfs.format_names import FORMAT_FACTS
from headrace_udfs.messages import Messages

READINGS = {
    "text": [("umh.v1.plant1.line4.temperature", 21.5)],
    "csv": [("press2.force", 21.5)],
    "influx": [("press/4/force", 21.5), ("press/4/count", 7.0)],
    "xml": [("a", 1.5), ("b", 2.0)],
    "hl7": [("8867-4", 72.0)],
}


@pytest.fixture(scope="module")
def section(pytestconfig: pytest.Config) -> str:
    page = (pytestconfig.rootpath / "docs" / "payloads.md").read_text()
    return page[page.index("\n## Formats\n") :]


def test_every_format_is_listed(section: str) -> None:
    listed = re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
    assert [name for name in listed if name in FORMAT_FACTS] == listed[: len(FORMAT_FACTS)]
    assert set(listed[: len(FORMAT_FACTS)]) == set(FORMAT_FACTS)


@pytest.mark.parametrize("name", READINGS)
def test_the_message_of_an_example_becomes_its_readings(section: str, name: str) -> None:
    blocks = re.findall(r"```yaml\n((?:# [^\n]*\n)+)(.*?)```", section, re.DOTALL)
    (comment, keys) = next(block for block in blocks if re.search(rf"^format: {name}$", block[1], re.MULTILINE))
    message = "\n".join(line.removeprefix("# ") for line in comment.splitlines())
    topic = "plant"
    if found := re.fullmatch(r"topic (\S+), value: (.*)", message):
        topic, message = found.groups()
    base = {"description": "An example.", "topic": topic, "key": "tag", "time": {"from": "record_time"}}
    contract = Contract.model_validate({**base, **yaml.safe_load(keys)})
    messages = Messages([message.encode()], topics=topic, times=np.array([1_764_000_000_000]))
    decoded = Decoder(contract, clock=lambda: 1.8e9).decode(messages)
    assert decoded.faults == {}
    tags, values = (decoded.columns[each].to_pylist() for each in ("tag", "value"))
    assert sorted(zip(tags, values, strict=True)) == sorted(READINGS[name])
