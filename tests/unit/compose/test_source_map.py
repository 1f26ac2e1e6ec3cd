"""Each line of rendered SQL knows the template line it came from."""

from __future__ import annotations

from jinja2 import Environment

from headrace.compose.source_map import LineMarks, unmark


def render(text: str, **values: object) -> str:
    return Environment(extensions=[LineMarks], trim_blocks=True, lstrip_blocks=True).from_string(text).render(values)


def test_text_without_marks_of_jinja_keeps_its_lines() -> None:
    rendered = unmark(render("select\n  a\nfrom t"))
    assert rendered.sql == "select\n  a\nfrom t"
    assert rendered.lines == (1, 2, 3)


def test_a_loop_points_each_of_its_lines_at_its_body() -> None:
    rendered = unmark(render("select\n{% for c in columns %}\n  {{ c }},\n{% endfor %}\n  1\nfrom t", columns="abc"))
    assert rendered.sql == "select\n  a,\n  b,\n  c,\n  1\nfrom t"
    assert rendered.lines == (1, 3, 3, 3, 5, 6)


def test_a_comment_of_many_lines_shifts_what_follows() -> None:
    rendered = unmark(render("{# one\ntwo\nthree #}\nselect a\nfrom t"))
    assert [rendered.template_line(n) for n, text in enumerate(rendered.sql.split("\n"), 1) if "from" in text] == [5]


def test_a_value_of_many_lines_points_at_the_line_it_was_put_in() -> None:
    rendered = unmark(render("a\n{{ x }}\nb", x="1\n2"))
    assert [rendered.template_line(n) for n in (1, 2, 3, 4)] == [1, 2, 2, 3]


def test_a_line_past_the_end_is_the_last_one() -> None:
    assert unmark(render("a\nb")).template_line(99) == 2
