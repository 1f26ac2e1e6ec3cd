"""The samples of the frequency bench, and what counts as keeping up."""

from __future__ import annotations

import json
from unittest.mock import Mock

import pytest

from bench import frequency
from bench.frequency import Backlog, Live

STEADY = [(float(at), 8.0 + at % 5) for at in range(120)]


def test_samples_are_fifty_a_second_of_each_signal_in_order_of_time() -> None:
    found = [json.loads(each) for each in frequency.samples(3, 2, 1_000)]
    assert [each["ts"] for each in found if each["node"] == "N1"] == list(range(1_000, 3_000, 20))
    assert [each["ts"] for each in found] == sorted(each["ts"] for each in found)
    assert len(found) == 300
    assert all(45 < each["hz"] < 55 for each in found)


@pytest.mark.parametrize(
    ("behind_s", "delays", "holds"),
    [
        (0.1, STEADY, True),
        (1.5, STEADY, False),
        (0.1, [(at, delay + (2 if at >= 90 else 0)) for at, delay in STEADY], False),
    ],
)
def test_rows_keep_up_if_their_delay_does_not_grow(
    behind_s: float, delays: list[tuple[float, float]], holds: bool
) -> None:
    assert Live(400, 120, 150.0, behind_s, delays).holds is holds


class Broker:
    """Takes the messages of a producer, up to `room` of them."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.got: list[bytes] = []

    def __call__(self, _options: object) -> Broker:
        return self

    def produce(self, _topic: str, payload: bytes, *, partition: int) -> None:
        if len(self.got) == self.room:
            raise BufferError(partition)
        self.got.append(payload)

    def poll(self, _limit: float) -> None:
        pass

    def flush(self, _limit: float) -> int:
        return 0


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize(("room", "left"), [(200, 0), (30, None)])
def test_a_sender_that_ends_early_is_known(room: int, left: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    broker, place = Broker(room), Mock(topic="t")
    place.settings.kafka_client.return_value = {}
    monkeypatch.setattr(frequency, "Producer", broker)
    sender = frequency._Sender(place, signals=2, seconds=1)
    sender.start()
    sender.join(30)
    assert sender.left == left
    assert len(broker.got) == min(room, 100)


def test_the_page_has_the_marginal_rate() -> None:
    found = frequency.page(Backlog(300_000, 20, 10), Backlog(1_500_000, 60, 50), Live(420, 120, 150.0, 0.1, STEADY))
    assert "| a backlog is worked off at, samples/s | 30,000 |" in found
    assert "| which is as many signals of 50 samples/s | 600 |" in found
    assert "| CPU-seconds per million samples | 33 |" in found
    assert "| rows keep up | yes |" in found
