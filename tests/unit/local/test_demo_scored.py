"""The demo waits for the scores of what was stored, but not for those of readings that came too late for the job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from headrace.errors import PlatformError
from headrace.local.demo import scored
from headrace.local.demo.scored import Scored, follow

SINCE, UNTIL = datetime(2015, 1, 1, tzinfo=UTC), datetime(2016, 1, 1, tzinfo=UTC)


def followed(monkeypatch: pytest.MonkeyPatch, counts: list[int], late: int) -> Scored:
    left = iter(counts)

    def row(_settings: Any, _tables: Sequence[str], query: str, values: Mapping[str, str]) -> tuple[Any, ...]:
        if query == "scorable.sql":
            return UNTIL, 10
        if query == "scores.sql":
            return next(left), 8, 1
        assert (values["since"], values["until"]) == (SINCE.isoformat(), UNTIL.isoformat())
        return (late,)

    monkeypatch.setattr(scored, "_row", row)
    monkeypatch.setattr(scored, "_state", lambda _settings, _job: "see headrace status")
    monkeypatch.setattr(scored, "_POLL_S", 0.0)
    return follow(cast("Any", None), "condition/scores_v1", ("turbines@1", SINCE), 0.0)


def test_all_are_scored(monkeypatch: pytest.MonkeyPatch) -> None:
    assert followed(monkeypatch, [3, 10], 0) == Scored(UNTIL, 10, 8, 1, 0)


def test_readings_that_came_too_late_are_counted_once_no_more_are_scored(monkeypatch: pytest.MonkeyPatch) -> None:
    assert followed(monkeypatch, [3, 7, 7], 3) == Scored(UNTIL, 7, 8, 1, 3)


def test_readings_that_are_neither_scored_nor_late_are_waited_for_in_vain(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(PlatformError, match="7 of 10 readings are scored"):
        followed(monkeypatch, [7, 7, 7], 2)
