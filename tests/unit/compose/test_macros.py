"""Each macro renders as its cases say, and refuses what they say; its docstring's example is a template that works."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import duckdb
import pytest

from headrace.errors import UserError
from support import ROOT, macro_fixtures
from support.macro_fixtures import NAMES, Execution, Refusal, Rendering, Sandbox

RENDERINGS = [(name, case) for name in NAMES for case in macro_fixtures.cases(name) if isinstance(case, Rendering)]
REFUSALS = [(name, case) for name in NAMES for case in macro_fixtures.cases(name) if isinstance(case, Refusal)]


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    return Sandbox.at(tmp_path_factory.mktemp("project"))


@pytest.mark.parametrize("macro", NAMES)
def test_a_macro_has_cases_that_render_refuse_and_run(macro: str) -> None:
    found = {type(case) for case in macro_fixtures.cases(macro)}
    assert found == {Rendering, Refusal, Execution}


@pytest.mark.parametrize(("macro", "case"), RENDERINGS, ids=lambda v: v if isinstance(v, str) else v.it)
def test_it_renders(sandbox: Sandbox, macro: str, case: Rendering) -> None:
    assert f"{macro}(" in case.call
    assert sandbox.render(case.call) == case.sql.strip()


@pytest.mark.parametrize(("macro", "case"), REFUSALS, ids=lambda v: v if isinstance(v, str) else v.it)
def test_it_refuses_at_the_line_of_the_call(sandbox: Sandbox, macro: str, case: Refusal) -> None:
    with pytest.raises(UserError) as told:
        sandbox.render(f"select\n{case.call}")
    (problem,) = told.value.problems
    assert case.error in problem.what
    assert problem.what.startswith(f"{macro}(): ")
    assert str(problem.where).endswith("historian.readings.sql.j2:2")
    assert problem.fix


@pytest.mark.parametrize("macro", NAMES)
def test_the_example_in_its_docstring_renders(sandbox: Sandbox, macro: str) -> None:
    example = macro_fixtures.example(macro)
    assert f"{{{{ {macro}(" in example
    assert "{{" not in sandbox.render(example)


def test_every_unit_goes_to_every_other_of_its_dimension_and_back(sandbox: Sandbox) -> None:
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


def test_a_fault_in_a_macro_file_is_told_at_its_line(tmp_path: Path) -> None:
    own = Sandbox.at(tmp_path)
    (tmp_path / "sql" / "_macros" / "mine.sql.j2").write_text("{%- macro mine() -%}\n{{ 1 + }}\n{%- endmacro -%}")
    with pytest.raises(UserError, match=r"mine\.sql\.j2:2: macro: "):
        own.render("select 1")


def test_a_macro_file_without_its_macro_is_told_to_who_calls_it(tmp_path: Path) -> None:
    own = Sandbox.at(tmp_path)
    (tmp_path / "sql" / "_macros" / "mine.sql.j2").write_text("{%- macro yours() -%}\n1\n{%- endmacro -%}")
    with pytest.raises(UserError, match=r"readings\.sql\.j2:1: mine\(\): its file defines no macro of its name"):
        own.render("{{ mine() }}")


def test_the_reference_page_is_what_the_docstrings_say() -> None:
    made = (ROOT / "docs" / "macros.md").read_text()
    assert made == macro_fixtures.reference(), (
        "run: PYTHONPATH=tests .venv/bin/python -m support.macro_fixtures > docs/macros.md"
    )
