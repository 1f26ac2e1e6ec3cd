"""Each macro renders as its cases say, and rejects what they say; its docstring's example is a template that works."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import duckdb
import pytest

from headrace.errors import UserError
from support import ROOT, macro_fixtures
from support.macro_fixtures import CHECK_NAMES, NAMES, Case, Execution, Refusal, Rendering, Sandbox


def cases(kind: type[Case], names: list[str]) -> list[tuple[str, Case]]:
    return [(name, case) for name in names for case in macro_fixtures.cases(name) if isinstance(case, kind)]


ALL = [*NAMES, *CHECK_NAMES]


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    return Sandbox.at(tmp_path_factory.mktemp("project"))


def rendered(sandbox: Sandbox, macro: str, template: str) -> str:
    return sandbox.render_check(template) if macro in CHECK_NAMES else sandbox.render(template)


def it(value: str | Case) -> str:
    return value if isinstance(value, str) else value.it


@pytest.mark.parametrize("macro", ALL)
def test_a_macro_has_cases_that_render_refuse_and_run(macro: str) -> None:
    assert {type(case) for case in macro_fixtures.cases(macro)} == {Rendering, Refusal, Execution}


@pytest.mark.parametrize(("macro", "case"), cases(Rendering, ALL), ids=it)
def test_a_call_renders(sandbox: Sandbox, macro: str, case: Rendering) -> None:
    assert f"{macro}(" in case.call
    assert rendered(sandbox, macro, case.call) == case.sql.strip()


@pytest.mark.parametrize(("macro", "case"), cases(Refusal, ALL), ids=it)
def test_a_refusal_is_reported_at_the_line_of_the_call(sandbox: Sandbox, macro: str, case: Refusal) -> None:
    with pytest.raises(UserError) as refused:
        rendered(sandbox, macro, f"select\n{case.call}")
    (problem,) = refused.value.problems
    assert case.error in problem.what
    assert problem.what.startswith(f"{macro}(): ")
    file = "checks.sql.j2" if macro in CHECK_NAMES else "historian.readings.sql.j2"
    assert str(problem.where).endswith(f"{file}:2")
    assert problem.fix


@pytest.mark.parametrize("macro", ALL)
def test_a_macro_has_a_stand_in_with_which_sqlfluff_parses_templates(macro: str) -> None:
    stand_ins = (ROOT / ".sqlfluff").read_text()
    assert f"\n{macro} = {{% macro {macro}(" in stand_ins, "add it to .sqlfluff"


@pytest.mark.parametrize("macro", ALL)
def test_the_example_in_its_docstring_renders(sandbox: Sandbox, macro: str) -> None:
    example = macro_fixtures.example(macro)
    assert f"{{{{ {macro}(" in example
    assert "{{" not in rendered(sandbox, macro, example)


@pytest.mark.parametrize(("macro", "case"), cases(Execution, CHECK_NAMES), ids=it)
def test_a_macro_of_checks_returns_its_rows_on_duckdb(sandbox: Sandbox, macro: str, case: Execution) -> None:
    assert f"{macro}(" in case.query
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'; create schema historian")
        for name, table in case.inputs.items():
            columns = ", ".join(f"{column} {kind}" for column, kind in table.columns.items())
            connection.execute(f"create table {name} ({columns})")
            marks = ", ".join("?" for _ in table.columns)
            connection.executemany(f"insert into {name} values ({marks})", table.rows)
        rows = connection.execute(sandbox.render_check(case.query)).fetchall()
    assert sorted(rows, key=repr) == sorted(map(tuple, case.rows), key=repr)


def test_every_unit_converts_to_every_other_of_its_dimension_and_back(sandbox: Sandbox) -> None:
    values = [0.0, 1.0, -7.25, 98.6, 1e-9, 123456.789]
    pairs = [pair for units in macro_fixtures.dimensions() for pair in itertools.permutations(units, 2)]
    calls = [f"{{{{ convert('x', '{a}', '{b}') }}}}|{{{{ convert('y', '{b}', '{a}') }}}}" for a, b in pairs]
    for pair, sql in zip(pairs, sandbox.render("\n".join(calls)).replace("`", "").split("\n"), strict=True):
        there, back = sql.split("|")
        query = f"select {back} from (select {there} as y from (select unnest($values) as x))"
        came_back = [row[0] for row in duckdb.execute(query, {"values": values}).fetchall()]
        assert came_back == pytest.approx(values, rel=1e-12, abs=1e-9), pair


def test_the_docstring_of_convert_lists_the_units_that_it_knows() -> None:
    (known,) = re.findall(r"^Known are (.*?)\.$", macro_fixtures.docstring("convert"), re.DOTALL | re.MULTILINE)
    assert [re.findall("`(.*?)`", line) for line in known.split(";")] == [
        list(units) for units in macro_fixtures.dimensions()
    ]


def test_a_fault_in_a_macro_file_is_reported_at_its_line(tmp_path: Path) -> None:
    own = Sandbox.at(tmp_path)
    (tmp_path / "sql" / "_macros" / "mine.sql.j2").write_text("{%- macro mine() -%}\n{{ 1 + }}\n{%- endmacro -%}")
    with pytest.raises(UserError, match=r"mine\.sql\.j2:2: macro: "):
        own.render("select 1")


def test_a_macro_file_without_its_macro_is_reported_at_the_call(tmp_path: Path) -> None:
    own = Sandbox.at(tmp_path)
    (tmp_path / "sql" / "_macros" / "mine.sql.j2").write_text("{%- macro yours() -%}\n1\n{%- endmacro -%}")
    with pytest.raises(
        UserError, match=r"readings\.sql\.j2:1: mine\(\): its file does not define a macro of that name"
    ):
        own.render("{{ mine() }}")


def test_the_reference_page_matches_the_docstrings() -> None:
    page = (ROOT / "docs" / "macros.md").read_text()
    assert page == macro_fixtures.reference(), (
        "run: PYTHONPATH=tests .venv/bin/python -m support.macro_fixtures > docs/macros.md"
    )
