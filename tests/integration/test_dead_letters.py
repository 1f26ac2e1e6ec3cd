"""`headrace dead-letters`: what is not stored as a reading, with payloads that the environment's keys decrypt."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from headrace import cli
from headrace.environment import iceberg, settings
from headrace.environment.apply import table_changes
from headrace.project import table_files
from headrace.project.paths import Project
from headrace_udfs import sealed
from headrace_udfs.key_ring import KeyRing

AT = datetime(2026, 1, 1, tzinfo=UTC)
SECRET = "0123456789abcdef" * 2


@pytest.fixture(scope="module")
def home(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with two dead letters, the second of them encrypted, and an encrypted late reading."""
    home = tmp_path_factory.mktemp("home")
    project = Project(pytestconfig.rootpath, home)
    local = settings.load(project, "local")
    table_changes.apply(project, local)
    key = KeyRing({"people": {1: SECRET}}).open(["people"]).current("people")
    place = {"src_topic": "t", "src_partition": 0, "src_index": 0, "src_ts": AT, "job": "a/b_v1", "version": 1}
    letters = [
        {**place, "payload": b"in the clear", "code": "not_json", "message": "m", "src_offset": 0, "dead_at": AT},
        {**place, "payload": sealed.seal(b"Miller", key), "code": "not_csv", "src_offset": 1, "dead_at": AT},
    ]
    late = [{**place, "payload": sealed.seal(b"Meier", key), "ts": AT, "watermark": AT, "src_offset": 2, "late_at": AT}]
    catalog, tables = iceberg.connect(local), table_files.load_all(project)
    for name, rows in (("historian.dead_letters", letters), ("historian.late_readings", late)):
        iceberg.load_table(catalog, name).append(pa.Table.from_pylist(rows, tables[name].arrow_schema()))
    return home


def run(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: str
) -> tuple[str, str]:
    monkeypatch.setenv("HEADRACE_HOME", str(home))
    monkeypatch.setattr("sys.argv", ["headrace", "dead-letters", *words])
    with pytest.raises(SystemExit):
        cli.main()
    printed = capsys.readouterr()
    return printed.out, printed.err


def test_an_encrypted_payload_is_shown_with_the_key_alone(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out, _ = run(home, capsys, monkeypatch)
    assert "in the clear" in out
    assert "(encrypted: --decrypt)" in out
    assert "Miller" not in out
    _, error = run(home, capsys, monkeypatch, "--decrypt")
    assert "key 'people', version 1" in error
    file = home / "local" / "keys" / "people"
    file.parent.mkdir(parents=True)
    file.write_text("another key" * 4)
    _, error = run(home, capsys, monkeypatch, "--decrypt")
    assert "was encrypted with another key" in error
    file.write_text(SECRET)
    out, _ = run(home, capsys, monkeypatch, "--decrypt", "--json", "--code", "not_csv")
    assert [row["payload"] for row in json.loads(out)] == ["Miller"]
    out, _ = run(home, capsys, monkeypatch, "--decrypt", "--late")
    assert "Meier" in out
    out, _ = run(home, capsys, monkeypatch, "other/job_v1")
    assert out.strip() == "none"
