"""Linting whole jobs: positions in the template, noqa, faults of the files, and the command."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

import pytest
import typer
from hypothesis import given
from hypothesis import settings as settings_of_test
from hypothesis import strategies as st
from sqlfluff.core import FluffConfig, Linter
from typer.testing import CliRunner, Result

from headrace.authoring import lint
from headrace.authoring.lint import dialect, query
from headrace.cli.lint import lint as command
from headrace.environment import settings
from headrace.errors import CheckFailed, UserError
from headrace.project.paths import Project

HERE = Path(__file__).parent
JOB = "plant/linted_v1"
STAR = "select * from {{ source('pumps') }}"


@pytest.fixture
def plant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    shutil.copytree(HERE / "rules" / "plant", tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return Project(tmp_path, tmp_path / ".headrace")


def linted(plant: Project, template: str, file: str = "plant.out") -> list[str]:
    """Write `template` to its file, and return `line:column code` of each finding in the job."""
    (plant.sql / JOB / f"{file}.sql.j2").write_text(template)
    findings = lint.lint(plant, settings.load(plant, "local"), [JOB])
    return [f"{finding.where.line}:{finding.where.column} {finding.code}" for finding in findings]


def test_a_finding_in_a_line_with_calls_has_its_column_in_the_template(plant: Project) -> None:
    template = "{# what a pump\n   does #}\nselect {{ src() }}, pump as {{ 'x' | ident }}, count(*) as count\n"
    assert linted(plant, template + "from {{ source('pumps') }}") == ["3:60 HR06"]


def test_a_finding_in_the_output_of_a_call_is_at_the_call(plant: Project) -> None:
    windows = "table(\n    tumble(table pumps, descriptor(ts), interval '1' minute)\n)"
    macro = f"{{%- macro minutes() -%}}\n{windows}\n{{%- endmacro -%}}"
    (plant.sql / "_macros" / "minutes.sql.j2").write_text(macro)
    template = "select pump\nfrom {{ minutes() }}\ngroup by pump, window_start, window_end\n"
    assert linted(plant, template) == ["2:6 HR03"]
    assert linted(plant, template.replace("minutes() }}", "minutes() }} -- noqa: HR03")) == []


@pytest.mark.parametrize("noqa", ["", ": HR07", ": headrace.select_star", ": headrace", ": HR05,HR07"])
def test_noqa_suppresses_the_findings_of_its_line(plant: Project, noqa: str) -> None:
    assert linted(plant, STAR) == ["1:8 HR07"]
    assert linted(plant, f"{STAR} -- noqa{noqa}") == []


def test_noqa_of_another_rule_or_another_line_suppresses_nothing(plant: Project) -> None:
    assert linted(plant, f"{STAR} -- noqa: HR01") == ["1:8 HR07"]
    assert linted(plant, f"-- noqa: HR07\n{STAR}") == ["2:8 HR07"]


def test_sqlfluff_checks_the_authors_text_and_not_the_output_of_calls(plant: Project) -> None:
    macro = "{%- macro odd() -%}\n(case when line is null then null else line end)\n{%- endmacro -%}"
    (plant.sql / "_macros" / "odd.sql.j2").write_text(macro)
    by_hand = "case when line is null then null else line end"
    assert linted(plant, f"select {by_hand} as tag from {{{{ source('pumps') }}}}") == ["1:18 ST02"]
    assert linted(plant, "select {{ odd() }} as tag from {{ source('pumps') }}") == []


@pytest.mark.parametrize("template", ["", "\n", "{# to do #}\n", "-- to do\n", "/* select\n1 */"])
def test_a_template_without_sql_is_reported(plant: Project, template: str) -> None:
    with pytest.raises(UserError, match=r"plant\.out\.sql\.j2: the template has no SQL\n  fix: write a SELECT"):
        linted(plant, template)


def test_layout_and_capitalisation_are_not_checked_here(plant: Project) -> None:
    assert linted(plant, "SELECT pump  as tag\n\n\n from   {{source('pumps')}}") == []


def test_a_project_can_exclude_rules_in_its_sqlfluff_file(plant: Project) -> None:
    (plant.root / ".sqlfluff").write_text("[sqlfluff]\nexclude_rules = HR07\n")
    assert linted(plant, STAR) == []


def test_sql_that_sqlfluff_cannot_parse_is_reported_and_can_be_suppressed(plant: Project) -> None:
    template = "select pump as tag\nfrom {{ source('pumps') }}\nwhere pump ! line\n"
    assert linted(plant, template) == ["3:12 PRS"]
    (finding,) = lint.lint(plant, settings.load(plant, "local"), [JOB])
    assert finding.fix.startswith("correct the SQL")  # the command writes "fix" before it
    assert linted(plant, template.replace("line", "line -- noqa: PRS")) == []


def test_facts_about_a_views_columns_reach_the_sink(plant: Project) -> None:
    (plant.sql / JOB / "_hot.sql.j2").write_text("select pump, bearing, pressure from {{ source('pumps') }}")
    hot = "select pump as tag, bearing from {{ view('hot') }}"
    assert linted(plant, hot) == ["1:21 HR05"]
    assert linted(plant, f"{hot} where bearing > pressure -- noqa: HR05") == ["1:68 HR04"]


def test_a_quotient_in_a_view_is_reported_where_the_sink_reads_it(plant: Project) -> None:
    view = "select pump, count(*) as n, count(`running`) / count(*) as part from {{ source('pumps') }} group by pump"
    (plant.sql / JOB / "_parts.sql.j2").write_text(view)
    read = "select pump as tag, max(part) as share from {{ view('parts') }} group by pump"
    assert linted(plant, read) == ["1:21 HR09"]
    assert linted(plant, read.replace("share", "bucket")) == []


def test_a_finding_in_a_view_is_at_its_file(plant: Project) -> None:
    view = "select pump, max(ts) as localtime from {{ source('pumps') }} group by pump"
    linted(plant, view, "_last")
    (finding,) = lint.lint(plant, settings.load(plant, "local"), [JOB])
    assert str(finding).startswith(
        f"sql/{JOB}/_last.sql.j2:1:25 HR06 'localtime' is a built-in function of Flink\n  fix: "
    )


def test_a_finding_in_a_loop_is_reported_once(plant: Project) -> None:
    template = "select\n{% for n in [1, 2] %}\n    pump as count,\n{% endfor %}\n    line\nfrom {{ source('pumps') }}"
    assert linted(plant, template).count("3:13 HR06") == 1


def test_the_problems_in_the_files_of_all_jobs_are_reported_at_once(plant: Project) -> None:
    shutil.copytree(plant.sql / JOB, plant.sql / "plant" / "second_v1")
    (plant.sql / "plant" / "readings_v1" / "plant.readings.sql.j2").write_text("select {{ nothing }}")
    with pytest.raises(UserError) as caught:
        lint.lint(plant, settings.load(plant, "local"))
    assert [str(problem.where) for problem in caught.value.problems] == [
        "sql/plant/readings_v1/plant.readings.sql.j2:1",
        "sql/plant/second_v1/job.yaml:2:1",
    ]


def test_a_file_with_a_fault_hides_no_finding_in_another(plant: Project) -> None:
    (plant.sql / JOB / "plant.out.sql.j2").write_text(STAR)
    (plant.sql / "plant" / "readings_v1" / "plant.readings.sql.j2").write_text("select {{ nothing }}")
    with pytest.raises(lint.UnreadableError, match="nothing") as caught:
        lint.lint(plant, settings.load(plant, "local"))
    assert [finding.code for finding in caught.value.findings] == ["HR07"]
    app = typer.Typer()
    app.command()(command)
    result = CliRunner().invoke(app, [], env={"HEADRACE_PROJECT": str(plant.root)})
    assert "HR07" in result.output
    assert isinstance(result.exception, UserError)


def test_all_reserved_names_of_a_template_are_reported_at_once(plant: Project) -> None:
    contract = plant.sql / "_sources" / "pumps.yaml"
    fields = "  cycle: {type: long}\n  result: {type: string}\n  power: {type: double}\n"
    contract.write_text(contract.read_text().replace("fields:\n", f"fields:\n{fields}"))
    template = (
        "{# cycle #}\nselect pump, cycle, p.result as `result`, {{ 'power' | ident }}, power(2, 2) as e -- power\n"
        "from {{ source('pumps') }} as p\nwhere Power > 1 and pump <> 'cycle' and result is null -- noqa: HR11\n"
    )
    assert [each for each in linted(plant, template) if each.endswith("HR11")] == ["2:14 HR11", "2:23 HR11"]
    allowed = template.replace(" -- noqa: HR11", "")
    assert [each for each in linted(plant, allowed) if each.endswith("HR11")][2:] == ["4:7 HR11", "4:41 HR11"]


def test_a_unit_of_time_is_a_name_only_where_no_unit_can_stand(plant: Project) -> None:
    contract = plant.sql / "_sources" / "pumps.yaml"
    contract.write_text(contract.read_text().replace("fields:\n", "fields:\n  hour: {type: long}\n"))
    template = (
        "select pump, extract(hour from ts) as a, floor(ts to hour) as b, ts + interval '1' hour as c, hour(ts) as d,\n"
        "    hour as e\nfrom {{ source('pumps') }}\n"
    )
    assert [each for each in linted(plant, template) if each.endswith("HR11")] == ["2:5 HR11"]


def test_the_jobs_of_this_project_have_no_findings() -> None:
    project = Project.find(HERE)
    assert lint.lint(project, settings.load(project, "local")) == []


def run(plant: Project, *arguments: str) -> Result:
    app = typer.Typer()
    app.command()(command)
    return CliRunner().invoke(app, [JOB, *arguments], env={"HEADRACE_PROJECT": str(plant.root)})


def test_the_command_prints_each_finding_with_its_fix_and_fails(plant: Project) -> None:
    linted(plant, STAR)
    result = run(plant)
    assert result.stdout.startswith(f"sql/{JOB}/plant.out.sql.j2:1:8 HR07 * fills plant.out with columns")
    assert "\n  fix Name the sink's columns" in result.stdout
    assert isinstance(result.exception, CheckFailed)


def test_the_command_prints_json(plant: Project) -> None:
    linted(plant, STAR)
    (finding,) = json.loads(run(plant, "--json").stdout)
    assert {key: finding[key] for key in ("file", "line", "column", "code")} == {
        "file": f"sql/{JOB}/plant.out.sql.j2",
        "line": 1,
        "column": 8,
        "code": "HR07",
    }


def test_the_command_prints_nothing_without_findings(plant: Project) -> None:
    result = run(plant)
    assert (result.exit_code, result.stdout) == (0, "")
    assert json.loads(run(plant, "--json").stdout) == []


SQL = """\
with a (x, y) as (
    select pump, max(bearing) over w from pumps as p, lateral table(f(p.line)) as r (z)
    window w as (partition by pump order by event_time) qualify row_number() over (order by z) = 1
),
b as (
    select * from table(session(
        data => table a partition by (x, y), timecol => descriptor(x), gap => interval '1' day
    ))
    union all (values (1, 'a'))
)
select a.*, case when not a.x + 1 between b.y and -3 then cast(null as row<k bigint>) end as c
from a left join b for system_time as of a.x on a.x = b.y and (
    a.y < b.z or b.q in (select 1 from a where exists (select b.k))
)
join (select count(*) filter (where quality < 1) as n from pumps group by x having n > 1) using (n)
left join unnest(a.l) with ordinality as each_of (l, k) on true
where a.r.k[1] is not null
"""


@settings_of_test(deadline=None, max_examples=50)
@given(st.randoms(use_true_random=False), st.integers(0, 12))
def test_broken_sql_can_always_be_read(chance: random.Random, cuts: int) -> None:
    dialect.extend()
    words = SQL.split(" ")
    for _ in range(cuts):
        del words[chance.randrange(len(words))]
    parsed = Linter(config=FluffConfig(overrides={"dialect": "flink", "templater": "raw"})).parse_string(
        " ".join(words)
    )
    if variant := parsed.root_variant():
        assert variant.tree
        for select in query.read(variant.tree, {}).selects:
            assert select.segment.raw
