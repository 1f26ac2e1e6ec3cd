"""The reference of the commands is the one that the commands themselves give."""

from __future__ import annotations

import re

from headrace.cli import reference
from support import ROOT

PAGE = ROOT / "docs" / "commands.md"


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == reference.page(), f"write docs/commands.md again: {reference.COMMAND}"


def test_every_command_has_a_section_once() -> None:
    sections = re.findall(r"^### `headrace (.*)`$", reference.page(), re.MULTILINE)
    assert len(sections) == len(set(sections))
    assert {"new", "deploy", "history", "tables apply", "model train", "catalog check", "local up"} <= {*sections}
