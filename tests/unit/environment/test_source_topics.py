"""The topics of a source: those that are named, or those of the broker that match a pattern."""

from __future__ import annotations

from typing import Any

import pytest

from headrace.environment import kafka_metadata, source_topics
from headrace.errors import UserError
from headrace_udfs.contract import Contract

KEYS: dict[str, Any] = {
    "description": "d",
    "fields": {"tag": {"from": "topic", "type": "string", "required": True}},
    "time": {"from": "record_time"},
    "format": "text",
    "key": "tag",
}


def of(topic: Any) -> Contract:
    return Contract.model_validate({**KEYS, "topic": topic})


@pytest.fixture(autouse=True)
def broker(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["__consumer_offsets", "plant.line1", "plant.line10", "plant.line2", "plantXline3"]
    monkeypatch.setattr(kafka_metadata, "_known", lambda _client: dict.fromkeys(names))


@pytest.mark.parametrize(
    ("topic", "names"),
    [
        ("plant.line1", ("plant.line1",)),
        (["b", "a"], ("b", "a")),  # as they are listed, whether they exist or not
        ({"pattern": "plant[.]line[0-9]"}, ("plant.line1", "plant.line2")),
        ({"pattern": "plant.line.+"}, ("plant.line1", "plant.line10", "plant.line2", "plantXline3")),
        ({"pattern": ".*"}, ("plant.line1", "plant.line10", "plant.line2", "plantXline3")),
        ({"pattern": "a|plant[.]line2"}, ("plant.line2",)),
    ],
)
def test_names_and_patterns(topic: Any, names: tuple[str, ...]) -> None:
    assert source_topics.names({}, of(topic)) == names


def test_a_pattern_that_matches_nothing_says_what_there_is() -> None:
    with pytest.raises(UserError) as raised:
        source_topics.names({"bootstrap.servers": "here:9092"}, of({"pattern": "line"}))
    (problem,) = raised.value.problems
    assert problem.what == "no topic matches 'line'"
    assert problem.where == "here:9092"
    assert problem.fix == (
        "create one (headrace topics create), or correct the contract; "
        "the broker has: plant.line1, plant.line10, plant.line2, plantXline3"
    )


def test_what_a_contract_has_is_what_its_file_has() -> None:
    for topic in ("a", ["a", "b"], {"pattern": "a.*"}):
        assert of(topic).model_dump(by_alias=True)["topic"] == topic
    assert [of(topic).several for topic in ("a", ["a"], ["a", "b"], {"pattern": "a"})] == [False, False, True, True]
