from __future__ import annotations

from pathlib import Path

from headrace.local import logs


def test_tail_returns_the_last_lines_and_nothing_of_a_missing_log(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    assert logs.tail(log, 2) == []
    log.write_bytes(b"one\ntwo\n\xff three")
    assert logs.tail(log, 2) == ["two", "\N{REPLACEMENT CHARACTER} three"]
    assert logs.tail(log, 0) == []


def test_follow_yields_whole_new_lines_of_every_log(tmp_path: Path) -> None:
    first, second = tmp_path / "a.log", tmp_path / "b.log"
    first.write_text("old\n")
    with first.open("a") as writer:
        lines = logs.follow([first, second])
        second.write_text("made later\n")
        assert next(lines) == (second, "made later")
        writer.write("new\nhalf ")
        writer.flush()
        assert next(lines) == (first, "new")
        writer.write("a line\n")
        writer.flush()
        assert next(lines) == (first, "half a line")


def test_follow_continues_in_the_new_file_when_a_log_is_rotated(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("")
    lines = logs.follow([log])
    with log.open("a") as writer:
        writer.write("first\n")
        writer.flush()
        assert next(lines) == (log, "first")
        writer.write("last of the old file\n")
    log.rename(tmp_path / "a.log.1")
    log.write_text("first of the new file\n")
    assert [next(lines)[1], next(lines)[1]] == ["last of the old file", "first of the new file"]
