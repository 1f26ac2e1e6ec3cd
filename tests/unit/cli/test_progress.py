"""Progress where standard error is not a terminal: lines."""

from __future__ import annotations

import pytest

from headrace.cli.progress import Lines, steps


def test_a_step_has_a_line_when_it_starts_every_ten_seconds_and_when_it_is_done() -> None:
    lines: list[str] = []
    now = 0.0
    progress = Lines(lines.append, lambda: now)
    progress.progress("tables", None, None)
    now = 3
    progress.tick()
    progress.progress("messages", 0, 50_000)
    for now in (8, 13, 14, 22.9, 23.5):
        progress.progress("messages", int(now) * 1000, 50_000)
        progress.tick()
    now = 30
    progress.end()
    progress.end()
    assert lines == [
        "tables ...",
        "tables, done in 3 s",
        "messages ...",
        "messages: 13,000 of 50,000 (10 s)",
        "messages: 23,000 of 50,000 (20 s)",
        "messages: 23,000 of 50,000, done in 27 s",
    ]


def test_a_command_that_fails_does_not_report_its_step_as_done(capsys: pytest.CaptureFixture[str]) -> None:
    def fails() -> None:
        with steps() as progress:
            progress("tables", None, None)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fails()
    with steps() as progress:
        progress("readings", 5, 5)
    assert capsys.readouterr().err.splitlines() == ["tables ...", "readings ...", "readings: 5 of 5, done in 0 s"]
