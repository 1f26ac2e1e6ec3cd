"""What a topic holds and what can be read of it, as far as no broker is needed."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from confluent_kafka import IsolationLevel
from confluent_kafka.admin import OffsetSpec

from headrace.environment import kafka, kafka_metadata
from headrace.environment.kafka import OffsetRange, TopicState
from headrace.errors import PlatformError, UserError

CLIENT = {"bootstrap.servers": "broker-1:9092"}


def test_records_that_arrive_during_the_questions_do_not_appear_to_wait_for_a_transaction(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = 0

    def offsets(
        _admin: object, _topic: str, partitions: list[int], spec: OffsetSpec, _level: IsolationLevel
    ) -> dict[int, int]:
        # Five more records, in no transaction, before each answer.
        nonlocal asked
        asked += 1
        return dict.fromkeys(partitions, 0 if spec == OffsetSpec.earliest() else 5 * asked)

    monkeypatch.setattr(kafka, "_offsets", offsets)
    monkeypatch.setattr(kafka, "AdminClient", lambda _options: None)
    ranges = kafka._offset_ranges(CLIENT, "t", [0, 1])
    assert [each.hidden for each in ranges.values()] == [0, 0]
    assert {each.end for each in ranges.values()} == {5 * asked}


def test_partitions_that_no_broker_leads_are_found_in_the_metadata(monkeypatch: pytest.MonkeyPatch) -> None:
    partitions = {n: SimpleNamespace(id=n, leader=leader) for n, leader in ((2, -1), (0, 1), (1, -1))}
    monkeypatch.setattr(kafka_metadata, "_known", lambda _client: {"t": SimpleNamespace(partitions=partitions)})
    assert kafka_metadata.leaderless(CLIENT, "t") == (1, 2)
    assert kafka_metadata.leaderless(CLIENT, "another") == ()


def test_nobody_can_tell_what_a_partition_without_a_leader_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    state = TopicState("t", "id", {0: OffsetRange(0, 3)}, (1, 2))
    monkeypatch.setattr(kafka, "topic_state", lambda _client, _topic: state)
    with pytest.raises(PlatformError) as caught:
        kafka.offset_ranges(CLIENT, "t")
    (problem,) = caught.value.problems
    assert problem.what == "partitions 1, 2 have no leader: nobody can read or write there"
    assert problem.where == "topic t"
    assert problem.fix


def test_the_end_of_what_the_broker_holds_is_after_what_is_hidden() -> None:
    assert OffsetRange(1, 5).held == 5
    assert OffsetRange(1, 5).hidden_reason is None
    assert OffsetRange(1, 5, 3).held == 8
    assert OffsetRange(1, 5, 1_000).hidden_reason == "1,000 offsets wait behind an open transaction"


@pytest.mark.parametrize(
    ("names", "has"),
    [
        (["plant.reading", "other", "__internal"], "plant.reading"),
        ([f"t{n}" for n in range(9)], "t0, t1, t2, t3, t4, and 4 more"),
        ([], "none"),
    ],
)
def test_a_topic_that_does_not_exist_is_reported_with_where_and_similar_names(
    monkeypatch: pytest.MonkeyPatch, names: list[str], has: str
) -> None:
    monkeypatch.setattr(kafka_metadata, "_known", lambda _client: dict.fromkeys(names))
    with pytest.raises(UserError) as raised:
        kafka.topic_state({"bootstrap.servers": "a:1"}, "plant.readings")
    (problem,) = raised.value.problems
    assert (problem.where, problem.fix) == (
        "a:1",
        f"create it (headrace topics create), or correct the contract; it has: {has}",
    )
