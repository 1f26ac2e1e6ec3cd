"""docs/your-own-events.md, done as the page says: its files written, its commands run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from headrace.environment import settings
from headrace.environment.flink_rest import ENDED, Cluster
from headrace.project.paths import Project
from support import ROOT
from support.worlds import live_page
from support.worlds.live_plant import until

PAGE = ROOT / "docs" / "your-own-events.md"
JOB = "logistics/scans_per_hour_v1"
JOBS = (JOB, "shop/orders_v1")

# A part of the output of each command, so that none succeeds without doing anything.
PRINTS = {
    "test --update": "two_cities",
    "test": "1 passed",
    "lint": "",
    "topics create": "created with 2 partitions",
    "tables apply": "created",
    "tables load": "3 added, 0 changed, 0 removed",
    "send": "4 messages sent",
    "submit": f"{JOB}",
    "query scans": "Hamburg",
    "query code message": "wrong_type",
    "topics create shop_orders": "created",
    "apply": "created",
    "send shop_orders": "6 messages sent",
    "submit shop": "shop/orders_v1",
    "query shop.orders": "sent",
    "query markers": "tombstone",
    "dead-letters": "Miller",
}


@pytest.fixture
def project(platform: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """The project with tables and a topic for this test."""
    with live_page.copied(platform, tmp_path, monkeypatch, JOBS) as copied:
        yield copied


def test_the_page_does_what_it_says(project: Project) -> None:
    page = live_page.with_own_topics(PAGE.read_text(encoding="utf-8"))
    cluster, expected = Cluster.of(settings.load(project, "local")), dict(PRINTS)
    for line in live_page.commands(project, page):
        printed = live_page.run(project, line)
        key = next(each for each in expected if all(word in line for word in each.split()))
        assert expected.pop(key) in printed, f"{line}\n{printed}"
        if " submit " in line:
            until(lambda: all(job.state in ENDED for job in cluster.jobs() if job.name in JOBS), 120)
    assert not expected
    case = project.sql / JOB / "tests" / "two_cities" / "expect.logistics.scans_per_hour.csv"
    assert sorted(case.read_text().splitlines()[1:]) == [
        ",2024-01-01T08:00:00Z,1,1",
        "Hamburg,2024-01-01T08:00:00Z,2,1",
        "Munich,2024-01-01T08:00:00Z,1,1",
    ]
