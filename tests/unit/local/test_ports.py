from __future__ import annotations

import socket
from pathlib import Path

import psutil
import pytest

from headrace.errors import PlatformError
from headrace.local import ports


def test_ports_stay_the_same_from_one_run_to_the_next(tmp_path: Path) -> None:
    first, _ = ports.choose(tmp_path / "ports.json")
    second, messages = ports.choose(tmp_path / "ports.json")
    assert second == first == ports.read(tmp_path / "ports.json")
    assert messages == []
    assert len(set(first.named().values())) == len(first.named())


def test_a_port_that_was_taken_meanwhile_is_replaced_and_its_process_named(tmp_path: Path) -> None:
    first, _ = ports.choose(tmp_path / "ports.json")
    with socket.create_server((ports.HOST, first.flink_rest)):
        second, (message,) = ports.choose(tmp_path / "ports.json")
    assert second.flink_rest != first.flink_rest
    assert second.named() | {"flink_rest": first.flink_rest} == first.named()
    assert str(first.flink_rest) in message
    assert f"pid {psutil.Process().pid}" in message


def test_a_truncated_record_is_replaced(tmp_path: Path) -> None:
    record = tmp_path / "ports.json"
    record.write_text('{"kafka": 1')
    with pytest.raises(PlatformError, match="not a record of ports"):
        ports.read(record)
    chosen, _ = ports.choose(record)
    assert ports.read(record) == chosen


def test_no_process_listens_on_a_free_port(tmp_path: Path) -> None:
    chosen, _ = ports.choose(tmp_path / "ports.json")
    assert ports.listener(chosen.kafka) is None
