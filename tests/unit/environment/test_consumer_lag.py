"""What one partition or group is refused is missing for it alone; a broker that is silent is an error."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from headrace.environment import broker_errors, consumer_lag
from headrace.environment.consumer_lag import TopicProgress
from headrace.errors import PlatformError

CLIENT = {"bootstrap.servers": "broker:9092"}
Answer = Callable[[], Any]


def fault(code: int) -> Answer:
    def fail() -> None:
        raise KafkaException(KafkaError(code))

    return fail


def answered(answer: Answer) -> Future[Any]:
    future: Future[Any] = Future()
    try:
        future.set_result(answer())
    except KafkaException as error:
        future.set_exception(error)
    return future


@dataclass
class Broker:
    """A broker with one topic. Its two partitions end at 10, and the group has read 7 of each."""

    leaders: dict[int, int] = field(default_factory=lambda: {0: 1, 1: 1})
    refused: dict[int, Answer] = field(default_factory=dict)
    group: Answer | None = None
    hangs: bool = False

    def list_topics(self, **_: Any) -> Any:
        partitions = {number: SimpleNamespace(leader=leader) for number, leader in self.leaders.items()}
        return SimpleNamespace(topics={"t": SimpleNamespace(partitions=partitions)})

    def list_offsets(self, asked: dict[TopicPartition, Any], **_: Any) -> dict[TopicPartition, Future[Any]]:
        end = SimpleNamespace(offset=10)
        return {at: Future() if self.hangs else answered(self.refused.get(at.partition, lambda: end)) for at in asked}

    def list_consumer_group_offsets(self, asked: list[Any], **_: Any) -> dict[str, Future[Any]]:
        positions = [TopicPartition("t", number, 7) for number in self.leaders]
        return {
            each.group_id: answered(self.group or (lambda: SimpleNamespace(topic_partitions=positions)))
            for each in asked
        }


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Broker:
    fake = Broker()
    monkeypatch.setattr(consumer_lag, "AdminClient", lambda _: fake)
    monkeypatch.setattr(consumer_lag, "_LIMIT_S", 0.1)
    monkeypatch.setattr(consumer_lag, "_any_record", lambda *_: True)
    monkeypatch.setattr(broker_errors, "_reason", lambda _: None)
    return fake


def progress() -> TopicProgress:
    return consumer_lag.progress(CLIENT, {"g": ["t"]}, 30)["g"]


@pytest.mark.usefixtures("broker")
def test_a_group_that_is_behind() -> None:
    assert progress() == TopicProgress(lag=6, waiting=True)


def test_partitions_behind_an_open_transaction_are_named() -> None:
    ends = {("t", number): consumer_lag._Ends(0, 5, 5 + 3 * number, 5) for number in (1, 0)}
    found = consumer_lag._of(CLIENT, [None], ends, {})
    assert (found.in_transactions, found.held) == (3, ("t/1",))


def test_a_partition_without_a_leader_is_a_problem(broker: Broker) -> None:
    broker.leaders[1] = -1
    found = progress()
    assert found.lag == 3
    assert found.problem
    assert found.problem.what == "topic t: partition 1 has no leader: nobody can read or write there"


def test_a_partition_whose_end_is_refused_is_a_problem_and_the_others_count(broker: Broker) -> None:
    broker.refused[0] = fault(KafkaError.TOPIC_AUTHORIZATION_FAILED)
    found = progress()
    assert found.lag == 3
    assert found.problem
    assert found.problem.what.startswith("the broker does not report where partition 0 of t ends: Broker: ")


@pytest.mark.parametrize("code", [KafkaError.GROUP_AUTHORIZATION_FAILED, KafkaError.COORDINATOR_NOT_AVAILABLE])
def test_a_group_that_cannot_be_asked_has_no_lag(broker: Broker, code: int) -> None:
    broker.group = fault(code)
    assert progress() == TopicProgress(lag=None)


def test_a_broker_that_falls_silent_between_two_requests_is_an_error(broker: Broker) -> None:
    broker.hangs = True
    with pytest.raises(PlatformError, match="Kafka does not answer"):
        progress()


def test_a_group_whose_broker_is_silent_is_an_error(broker: Broker) -> None:
    broker.group = fault(KafkaError._TRANSPORT)
    with pytest.raises(PlatformError, match="Kafka does not answer"):
        progress()
