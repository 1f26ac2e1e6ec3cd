"""`headrace test` starts Java early only for jobs that are there."""

from __future__ import annotations

from pathlib import Path

import pytest

from headrace.cli import function_examples, test
from headrace.errors import UserError
from headrace.planner.in_process import java_cluster

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    ("names", "starts"),
    [
        (["historian/readings_v1"], 1),
        (["historian/readings_v1", "function/moist_air_density"], 1),
        (["historian/reading_v1"], 0),
        (["historian/readings_v1", "NO_SUCH"], 0),
        (["../sql/historian/readings_v1x"], 0),
        (None, 1),
    ],
)
def test_a_mistyped_name_starts_nothing(monkeypatch: pytest.MonkeyPatch, names: list[str] | None, starts: int) -> None:
    started: list[object] = []

    def stop(*_given: object) -> None:
        raise UserError("far enough")

    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(java_cluster, "start_early", started.append)
    monkeypatch.setattr(function_examples, "run", stop)
    with pytest.raises(UserError, match="far enough"):
        test.run(names)
    assert len(started) == starts
