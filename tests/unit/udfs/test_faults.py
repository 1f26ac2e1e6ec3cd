"""The page of dead-letter codes lists every code with its meaning, and no other."""

from __future__ import annotations

import re

import pytest

from headrace_udfs.faults import Code


def test_the_page_lists_every_code_with_its_meaning(pytestconfig: pytest.Config) -> None:
    page = (pytestconfig.rootpath / "docs" / "dead-letter-codes.md").read_text()
    listed = re.findall(r"^\| `(\w+)` \| ([^|]*) \|", page, re.MULTILINE)
    assert listed == [(code.value, code.meaning) for code in Code]
