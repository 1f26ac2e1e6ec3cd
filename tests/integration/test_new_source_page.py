"""docs/payloads.md, section A new source, done as it says: from messages in a file to rows in a table."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from headrace.project.paths import Project
from support.payloads_page import NEW_SOURCE
from support.worlds import live_page

JOB = "plant/presses_v1"

# The code that each command ends with, and a part of its output, so that none succeeds without doing anything.
PRINTS = {
    "local up": (0, ""),
    "source new": (0, "4 of them decode (80.0%)"),
    "source check --file": (1, "presses.jsonl:3 row 0"),
    "topics create": (0, "created with 1 partition"),
    "send": (0, "3 messages sent"),
    "source check": (1, "time_invalid 1"),
    "new plant/presses": (0, "headrace test plant/presses_v1"),
    "test": (0, "1 updated"),
    "tables apply": (0, "created"),
    "submit": (0, JOB),
    "reconcile": (0, "The reconciliation holds"),
    "query": (0, "L4.running"),
    "dead-letters": (0, "time_invalid"),
}


@pytest.fixture
def project(platform: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    with live_page.copied(platform, tmp_path, monkeypatch, (JOB,)) as copied:
        yield copied


def test_a_new_source_becomes_stored_readings_as_the_page_says(project: Project) -> None:
    expected = dict(PRINTS)
    for line in live_page.commands(project, NEW_SOURCE):
        key = next(each for each in expected if all(word in line.split() for word in each.split()))
        code, part = expected.pop(key)
        printed = live_page.run(project, line, code)
        assert part in printed, f"{line}\n{printed}"
        if key == "query":
            assert all(each in printed for each in ("21.5", "22.0", "n/a")), "good, uncertain and bad ones"
    assert not expected
