"""Start offsets of a consumer group: what passes by itself is asked again, and what does not is reported."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import KafkaError

from headrace.environment import kafka
from headrace.errors import PlatformError

CLIENT = {"bootstrap.servers": "broker:9092"}


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The codes with which the broker answers one request after another."""
    codes: list[int] = []

    def fault(*_: Any) -> Any:
        code = codes.pop(0)
        return SimpleNamespace(code=lambda: code, str=lambda: f"code {code}") if code else None

    monkeypatch.setattr(kafka, "_group_offsets_fault", fault)
    monkeypatch.setattr(kafka, "AdminClient", lambda _: None)
    monkeypatch.setattr(kafka._WHILE_THE_GROUP_MOVES, "sleep", lambda _: None)
    return codes


@pytest.mark.parametrize(
    "code", [KafkaError.NOT_COORDINATOR, KafkaError.COORDINATOR_NOT_AVAILABLE, KafkaError.COORDINATOR_LOAD_IN_PROGRESS]
)
def test_a_broker_that_does_not_coordinate_the_group_yet_is_asked_again(answers: list[int], code: int) -> None:
    answers += [code, code, 0]
    kafka.set_group_offsets(CLIENT, "group", "topic", {0: 1})
    assert answers == []


def test_a_right_that_is_missing_is_reported_at_once(answers: list[int]) -> None:
    answers += [KafkaError.GROUP_AUTHORIZATION_FAILED, 0]
    with pytest.raises(PlatformError, match="start offsets of topic cannot be set"):
        kafka.set_group_offsets(CLIENT, "group", "topic", {0: 1})
    assert answers == [0]
