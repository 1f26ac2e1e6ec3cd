"""The keys of the local environment are made once, for their user alone."""

from __future__ import annotations

from pathlib import Path

from headrace.local import keys
from headrace.project.paths import Project


def project(root: Path, text: str) -> Project:
    (root / "catalogs").mkdir()
    (root / "sql").mkdir()
    head = "catalog: {type: sqlite, name: h, path: p, warehouse: 'file://w'}\nkafka: {}\nflink: {rest: 'http://h:1'}\n"
    (root / "catalogs" / "local.yaml").write_text(head + text)
    return Project(root, root / "home")


def test_a_key_is_made_once_and_only_below_the_platforms_folder(tmp_path: Path) -> None:
    text = "keys: {a: {1: '${file:${home}/local/keys/a}'}, b: {1: '${file:/elsewhere/b}', 2: '${env:B}'}}\n"
    mine = project(tmp_path, text)
    (made,) = keys.make(mine)
    assert made == mine.local / "keys" / "a"
    assert (made.stat().st_mode & 0o777, made.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    before = made.read_text()
    assert len(before) == 64
    assert keys.make(mine) == []
    assert made.read_text() == before
