"""A value of a template is a literal or an identifier wherever it stands, or the template is refused."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from headrace.compose import render, value_places
from headrace.compose.render import DUCKDB, FLINK, Dialect
from headrace.compose.source_map import value_mark
from headrace.compose.sql_text import literal
from headrace.errors import Problem, UserError

VALUES = {"unit": "P1", "hostile": "*/ or 1 = 1 --", "n": 5, "below": -5, "mean": 1.5}


def rendered(tmp_path: Path, template: str, dialect: Dialect = FLINK) -> str:
    path = tmp_path / "a.sql.j2"
    path.write_text(template, encoding="utf-8")
    return render._file(path, {"param": VALUES.__getitem__}, dialect).sql


def fault(tmp_path: Path, template: str, dialect: Dialect = FLINK) -> tuple[str, Problem]:
    """Return the line of the only problem, and the problem."""
    with pytest.raises(UserError) as raised:
        rendered(tmp_path, template, dialect)
    (problem,) = raised.value.problems
    return str(problem.where).rpartition("a.sql.j2")[2], problem


@pytest.mark.parametrize("call", ["param('unit')", "param('n')", "'x'", "'a' | ident", "'a' | literal", "5 | number"])
@pytest.mark.parametrize(
    "between",
    ["'{}'", "'{}%'", "'%{}'", "'it''s {}'", '"{}"', "`{}`", "`a b {}`", "interval '{}' day", "as '{}'", "U&'{}'"],
)
@pytest.mark.parametrize("dialect", [FLINK, DUCKDB], ids=["flink", "duckdb"])
def test_a_value_between_quotes_is_refused_at_its_line(
    tmp_path: Path, call: str, between: str, dialect: Dialect
) -> None:
    line, problem = fault(tmp_path, f"select\n  {between.format('{{ ' + call + ' }}')}\nfrom t", dialect)
    assert line == ":2"
    assert "between quotes" in problem.what
    assert "remove the quotes" in str(problem.fix)


@pytest.mark.parametrize(
    "template",
    [
        "pump_{{ param('unit') }}",
        "pump_{{ param('n') }}",
        "1{{ param('n') }}",
        "1e{{ param('n') }}",
        "1.{{ param('n') }}",
        "{{ param('n') }}.5",
        "{{ param('n') }}0",
        "{{ param('n') }}e5",
        "{{ param('unit') }}'x'",
        "'x'\n-- a comment\n  {{ param('unit') }}",
        "{{ param('unit') }}{{ param('unit') }}",
        "{{ param('n') }}{{ param('n') }}",
        "x{{ param('unit') }}",
        "{{ param('unit') }}\n{{ param('unit') }}",
        "U&{{ param('unit') }}",
        "a -{{ param('below') }}",
        "a %{{ param('below') }}",
        "a{{ 'b' | ident }}",
    ],
)
def test_a_value_joined_to_other_text_is_refused(tmp_path: Path, template: str) -> None:
    _, problem = fault(tmp_path, template)
    assert "joined" in problem.what


@pytest.mark.parametrize(
    ("template", "sql"),
    [
        ("-- {{ param('hostile') }}\na", "-- '*/ or 1 = 1 --'\na"),
        ("/* {{ param('unit') }} */ a", "/* 'P1' */ a"),
        ("text = 'it''s' and tag = {{ param('unit') }}", "text = 'it''s' and tag = 'P1'"),
        ("-- it's\ntag = {{ param('unit') }}", "-- it's\ntag = 'P1'"),
        ("tag like {{ param('unit') }} || '%'", "tag like 'P1' || '%'"),
        ("a - {{ param('below') }}", "a - -5"),
        ("({{ param('n') }},{{ param('mean') }})", "(5,1.5E0)"),
        ("{{ 't' | ident }}.{{ 'c' | ident }}", "`t`.`c`"),
        ("interval {{ param('unit') }} day", "interval 'P1' day"),
        ("t /*+ OPTIONS('a' = {{ param('hostile') }}) */", "t /*+ OPTIONS('a' = '*/ or 1 = 1 --') */"),
        ("like {{ '%{%' }}", "like '%{%'"),
    ],
)
def test_a_value_of_its_own_is_a_literal(tmp_path: Path, template: str, sql: str) -> None:
    assert rendered(tmp_path, template) == sql


@pytest.mark.parametrize(
    ("template", "dialect"),
    [
        ("/* {{ param('hostile') }} */ a", FLINK),
        ("/* {{ param('hostile') }} */ a", DUCKDB),
        ("/* a /* b */ {{ param('hostile') }} */ a", DUCKDB),
        ("/*+ {{ param('hostile') }} */ a", DUCKDB),
    ],
)
def test_a_value_that_ends_a_comment_is_refused(tmp_path: Path, template: str, dialect: Dialect) -> None:
    _, problem = fault(tmp_path, template, dialect)
    assert "ends the comment" in problem.what


@pytest.mark.parametrize("text", ["$$ {} $$", "$a$ {} $a$", r"e'it\'s {}'"])
def test_the_other_quotes_of_duckdb_are_known(tmp_path: Path, text: str) -> None:
    _, problem = fault(tmp_path, text.format("{{ param('unit') }}"), DUCKDB)
    assert "between quotes" in problem.what


@pytest.mark.parametrize("text", ["'%{%'", "'{{'", "'a {# b'"])
def test_a_quoted_text_that_begins_code_is_shown_as_a_value(tmp_path: Path, text: str) -> None:
    line, problem = fault(tmp_path, f"a\nlike {text} and b")
    assert line == ":2"
    assert f"{{{{ {text} }}}}" in str(problem.fix)


QUOTES = ["'", '"', "$$", "$a$", "--", "/*", "*/", "/*+", "\n", " ", "\\"]
PIECES = [*QUOTES, "e", "E", "U&", "x", "1", ".", "-", "/", "*", "%"]
TEXT = st.lists(st.sampled_from(PIECES), max_size=6).map("".join)


@given(before=TEXT, value=st.one_of(st.integers(-9, 99), TEXT.filter(lambda text: "\n" not in text)), after=TEXT)
@example(before="1$$--", value="$$", after="'")
@example(before="a$$ ' $$ ", value="x", after=" '")
@example(before="e'x'\n", value="\\' or 1=1 --", after="")
def test_duckdb_reads_each_accepted_value_as_one_token(before: str, value: str | int, after: str) -> None:
    text = str(literal(value))
    if value_places.misplaced(before + value_mark(text) + after, value_places.in_duckdb):
        return
    start, end = len(before), len(before) + len(text)
    try:
        tokens = [at for at, _ in duckdb.tokenize(before + text + after)]
    except duckdb.Error:
        return
    within = [at for at in tokens if start <= at < end]
    sign = 1 if text.startswith("-") else 0
    in_comment = not within
    assert in_comment or within in ([start], [start, start + sign])
    if not in_comment:
        assert not any(at < start and _spans(before + text + after, tokens, at, start) for at in tokens)


def _spans(sql: str, tokens: list[int], at: int, start: int) -> bool:
    """Return whether the token at `at` reaches beyond `start`: DuckDB gives only where tokens begin."""
    following = min((each for each in tokens if each > at), default=len(sql))
    return following > start
