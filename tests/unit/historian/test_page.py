from __future__ import annotations

import pytest

from headrace.historian import AGGREGATES


def test_the_page_lists_every_aggregate_of_the_table(pytestconfig: pytest.Config) -> None:
    page = (pytestconfig.rootpath / "docs" / "retrieval.md").read_text(encoding="utf-8")
    rows = page.partition("| name | unit | result |\n|---|---|---|\n")[2].partition("\n\n")[0].splitlines()
    assert rows == [f"| {each.name} | {each.unit} | {each.doc} |" for each in AGGREGATES.values()]
