"""`headrace test` starts Java early only for jobs that are there, and marks what differs."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from headrace.authoring.test.compare import Difference
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


@pytest.mark.parametrize("colours", [False, True])
def test_a_cell_that_differs_has_a_sign_where_there_are_no_colours(
    monkeypatch: pytest.MonkeyPatch, colours: bool
) -> None:
    console = Console(
        file=io.StringIO(), width=80, force_terminal=colours, color_system="standard" if colours else None
    )
    monkeypatch.setattr(test, "out", console)
    expected, actual = {"tag": "a", "value": 1.5}, {"tag": "a", "value": 2.5}
    difference = Difference("pumps.hot", ("tag", "value"), (expected, None), (actual, {"tag": "b", "value": 7.0}))
    console.print(test._rows(difference, 0.0))
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    lines = [line.split() for line in text.splitlines() if line.strip()[:2] in ("- ", "+ ")]
    assert lines == ([] if colours else [["-", "a", "1.5", "<"], ["+", "a", "2.5", "<"], ["+", "b", "7.0"]])
    assert ("\x1b[31m1.5" in text, "<" in text) == (colours, not colours)
