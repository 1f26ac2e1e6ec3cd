"""The demo's jobs continue from what an earlier run left, however that run ended."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, cast

import pytest

from headrace.local import demo
from headrace.operations.lifecycle.restore_points import RestorePoint

LEFT = RestorePoint("checkpoint", "file:/checkpoints/a/chk-13", "a", 13)


@pytest.mark.parametrize(
    ("running", "left", "done"),
    [(None, None, ["submit"]), (None, LEFT, ["restart from a savepoint"]), (SimpleNamespace(id="a"), LEFT, [])],
)
def test_a_job_that_left_a_state_continues_from_it(
    monkeypatch: pytest.MonkeyPatch, running: Any, left: RestorePoint | None, done: list[str]
) -> None:
    called: list[str] = []

    @contextmanager
    def locked(*_: Any, **__: Any) -> Iterator[Any]:
        yield SimpleNamespace(ledger=SimpleNamespace(history=lambda _job: []))

    monkeypatch.setattr("headrace.local.demo.operation_context.locked", locked)
    monkeypatch.setattr("headrace.local.demo.Cluster.of", lambda _: SimpleNamespace(running=lambda _job: running))
    monkeypatch.setattr("headrace.local.demo.restore_points.newest", lambda _operation, _history: left)
    monkeypatch.setattr(demo, "submit", lambda _operation, _job: called.append("submit"))
    monkeypatch.setattr(demo, "restart", lambda _operation, _job, kind: called.append(f"restart from a {kind}"))
    demo._start(cast("Any", None), cast("Any", None), demo.SCORES, lambda _step, _done, _total: None)
    assert called == done
