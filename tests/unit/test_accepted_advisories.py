"""Each advisory that is accepted has an id and a reason."""

from __future__ import annotations

import re

from support import ROOT


def test_each_accepted_advisory_has_a_reason() -> None:
    lines = (ROOT / "docs" / "accepted-advisories.txt").read_text().splitlines()
    accepted = [line for line in lines if line and not line.startswith("# ")]
    assert [line for line in accepted if not re.fullmatch(r"[A-Z]+-\S+ \S+ .*\S", line)] == []
