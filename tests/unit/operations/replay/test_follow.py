"""A replay is followed to its end, also over restarts, and not without end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from headrace.environment.flink_failures import Failure
from headrace.errors import PlatformError
from headrace.operations.replay import follow


class Cluster:
    """A cluster whose job goes through the states, and then stays in the last one."""

    rest = "http://cluster"

    def __init__(self, *states: str, failures: int = 0) -> None:
        self.states, self.counted = [*states], failures

    def state(self, _job: str) -> str:
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        if state == "silent":
            raise PlatformError("the Flink cluster does not answer")
        return state

    def failures(self, _job: str) -> int:
        return self.counted

    def failure(self, _job: str) -> Failure | None:
        return Failure(datetime.now(UTC), "TaskManager lost", None) if self.counted else None

    def slots(self) -> tuple[int, int]:
        return 0, 4


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each look at the clock is 10 s after the one before."""

    def times() -> Iterator[float]:
        now = 0.0
        while True:
            yield (now := now + 10)

    made = times()
    monkeypatch.setattr(follow, "time", SimpleNamespace(monotonic=lambda: next(made), sleep=lambda _s: None))
    monkeypatch.setattr(follow, "records_read", lambda _cluster, _job: 7)


def followed(cluster: Any) -> list[int]:
    seen: list[int] = []
    follow.follow(cluster, "id", "edge/forward_v1", seen.append)
    return seen


def test_a_replay_goes_on_over_restarts_and_silence() -> None:
    states = ("CREATED", "STARTING", "RUNNING", "silent", "RESTARTING", "silent", "RUNNING", "FINISHED")
    assert followed(Cluster(*states, failures=2)) == [7, 7]


@pytest.mark.parametrize(
    ("cluster", "what"),
    [
        (Cluster("RUNNING", "FAILED", failures=1), "fails: it is FAILED; its last failure was: TaskManager lost"),
        (Cluster("RUNNING", "CANCELED"), "fails: it is CANCELED"),
        (Cluster("RESTARTING", failures=3), "fails: it is RESTARTING; its last failure was"),
        (Cluster("RUNNING", "CREATED"), "fails: it is CREATED for 120 s, and 0 of 4 slots are free"),
        (Cluster("RUNNING", "silent"), "does not answer"),
    ],
)
def test_a_replay_that_does_not_come_to_its_end_is_reported(cluster: Cluster, what: str) -> None:
    with pytest.raises(PlatformError, match=what):
        followed(cluster)
