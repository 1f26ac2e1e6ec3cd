"""Positions in rendered SQL are mapped back to the template."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from headrace.authoring.lint.template_position import TemplatePosition, template_position
from headrace.compose.source_map import Rendered

own = st.text("ab ,()", min_size=1)
inserted = st.text("xyz`.", min_size=1)


@given(st.lists(st.tuples(own, inserted), min_size=1), own)
def test_each_character_of_the_template_is_found_at_its_column(pieces: list[tuple[str, str]], end: str) -> None:
    """Each piece of the author's text is followed by a call; calls insert none of the author's characters."""
    template = "".join(text + "{{ call() }}" for text, _ in pieces) + end
    sql = "".join(text + call for text, call in pieces) + end
    rendered = Rendered(sql, (1,))
    spots = [template_position([template], rendered, 1, column) for column in range(1, len(sql) + 1)]
    assert [template[at.column - 1] for at in spots if at.own] == [mark for mark in sql if mark in "ab ,()"]
    assert all(template[at.column - 1] == "{" for at in spots if not at.own)


def test_a_line_that_a_call_inserted_is_found_at_the_call() -> None:
    rendered = Rendered("select a\nfrom (\n    select 1\n) as t", (3, 4, 4, 4))
    template = ["{# ... #}", "", "select a", "from {{ rows() }} as t"]
    assert template_position(template, rendered, 1, 8) == TemplatePosition(3, 8, own=True)
    assert template_position(template, rendered, 2, 6) == TemplatePosition(4, 6, own=False)
    assert template_position(template, rendered, 3, 12) == TemplatePosition(4, 6, own=False)
    assert template_position(template, rendered, 4, 3) == TemplatePosition(4, 19, own=True)


def test_spaces_that_rendering_strips_from_the_first_line_count() -> None:
    assert template_position(["   select a"], Rendered("select a", (1,)), 1, 8) == TemplatePosition(1, 11, own=True)


def test_a_position_past_the_end_is_found_in_the_last_line() -> None:
    assert template_position(["select a"], Rendered("select a", (1,)), 2, 1) == TemplatePosition(1, 1, own=True)
