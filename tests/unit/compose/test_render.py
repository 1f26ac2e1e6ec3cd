"""What an analyst's template may do, and where its faults are reported."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from headrace.compose import render
from headrace.environment import settings
from headrace.errors import UserError
from headrace.project import job_folder
from headrace.project.paths import Project
from support import ROOT

JOB = """\
kind: job
name: test/hot_v1
owner: o
description: d
grain: one row per reading
reads: [source/plant_readings, table/historian.tags, job/historian/readings_v1]
writes: {table/historian.readings: append}
params: {limit: 100.0, name: "'; DROP TABLE x --"}
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    folder = tmp_path / "sql" / "test" / "hot_v1"
    folder.mkdir(parents=True)
    for part in ("sql/_sources", "sql/_tables", "sql/historian", "catalogs"):
        shutil.copytree(ROOT / part, tmp_path / part)
    (folder / "job.yaml").write_text(JOB)
    (tmp_path / "sql" / "_macros").mkdir()
    (tmp_path / "sql" / "_macros" / "good.sql.j2").write_text(
        "{%- macro good(column) -%}\n{{ column | ident }} < 1\n{%- endmacro -%}\n"
    )
    return Project(tmp_path, tmp_path / ".headrace")


def rendered(project: Project, template: str) -> str:
    (project.sql / "test" / "hot_v1" / "historian.readings.sql.j2").write_text(template)
    return composed(project).sinks["historian.readings"].sql


def composed(project: Project) -> render.Templates:
    loaded = settings.load(project, "local")
    loaded = loaded.model_copy(update={"vars": {"site": "north"}})
    return render.job(project, loaded, job_folder.load(project, "test/hot_v1"), {"streaming": "true"})


@pytest.mark.parametrize(
    ("template", "sql"),
    [
        ("select * from {{ source('plant_readings') }}", "select * from `plant_readings`"),
        ("select * from {{ table('historian.tags') }}", "select * from `headrace`.`historian`.`tags`"),
        ("value > {{ param('limit') }}", "value > 100.0E0"),
        ("{{ src() }}", "src_topic, src_partition, src_offset, src_index"),
        ("from {{ on_time('plant_readings') }}", "from `plant_readings__on_time`"),
        (
            "{{ ref('historian/readings_v1') }}",
            "`headrace`.`historian`.`readings` /*+ OPTIONS('streaming' = 'true') */",
        ),
        ("{{ var('site') }}", "'north'"),
        ("{{ param('name') }}", "'''; DROP TABLE x --'"),
        ("{{ 'it''s' if false else 'a' ~ \"'b\" }}", "'a''b'"),
        ("{{ 'a b' | ident }}", "`a b`"),
        ("{{ ['x', 'y'] | literal }}", "'x', 'y'"),
        ("where {{ good('quality') }}", "where `quality` < 1"),
        ("{% for t in ['a', 'b'] %}{{ t }}{% if not loop.last %}, {% endif %}{% endfor %}", "'a', 'b'"),
    ],
)
def test_a_template_renders_to_sql(project: Project, template: str, sql: str) -> None:
    assert rendered(project, template) == sql


@pytest.mark.parametrize(
    ("template", "line", "what"),
    [
        ("select\n{{ sorce('a') }}", 2, "'sorce' is undefined"),
        ("select\n\n{{ source('plant') }}", 3, "job.yaml has no source 'plant'\n  fix: it has: plant_readings"),
        ("{{ param('limt') }}", 1, "job.yaml has no param 'limt'\n  fix: did you mean 'limit'?"),
        ("{{ table('historian.readings') }}", 1, "job.yaml has no table 'historian.readings'"),
        ("{{ var('sight') }}", 1, "the environment has no var 'sight'\n  fix: did you mean 'site'?"),
        ("{{ view('hot') }}", 1, "the folder has no view 'hot'"),
        ("{{ ref('historian/tags_v1') }}", 1, "job.yaml has no job 'historian/tags_v1'"),
        ("a\n{% for x in %}", 2, "template: "),
        ("a\nb\n{{ 'x'.__class__.__mro__ }}", 3, "unsafe"),
        ("{{ none.x }}", 1, "template: "),
        ("{% set x = [] %}\n{{ x.append(1) }}", 2, "unsafe"),
        ("{% include 'a' %}", 1, "template: "),
    ],
)
def test_a_fault_is_reported_at_its_line(project: Project, template: str, line: int, what: str) -> None:
    with pytest.raises(UserError) as raised:
        rendered(project, template)
    (problem,) = raised.value.problems
    assert str(problem.where).endswith(f"historian.readings.sql.j2:{line}")
    assert what in str(problem)


def test_a_view_comes_after_the_views_that_it_reads(project: Project) -> None:
    folder = project.sql / "test" / "hot_v1"
    (folder / "_a.sql.j2").write_text("select * from {{ view('b') }}")
    (folder / "_b.sql.j2").write_text("select * from {{ view('c') }}")
    (folder / "_c.sql.j2").write_text("select * from {{ source('plant_readings') }}")
    rendered(project, "select * from {{ view('a') }}")
    assert list(composed(project).views) == ["c", "b", "a"]
    (folder / "_c.sql.j2").write_text("select * from {{ view('a') }}")
    with pytest.raises(UserError, match="views read each other in a circle"):
        composed(project)


def test_all_faults_of_the_folder_are_reported_at_once(project: Project) -> None:
    folder = project.sql / "test" / "hot_v1"
    (folder / "job.yaml").write_text(JOB.replace("test/hot_v1", "test/cold_v1"))
    (folder / "other.sink.sql.j2").write_text("select 1")
    with pytest.raises(UserError) as raised:
        job_folder.load(project, "test/hot_v1")
    assert [p.what for p in raised.value.problems] == [
        "name is 'test/cold_v1', the folder says 'test/hot_v1'",
        "no template for the sink 'table/historian.readings'",
        "job.yaml does not write 'table/other.sink'",
    ]


def test_a_missing_source_table_or_job_is_reported_where_job_yaml_names_it(project: Project) -> None:
    (project.sql / "test" / "hot_v1" / "historian.readings.sql.j2").write_text("select 1")
    (project.sql / "test" / "hot_v1" / "job.yaml").write_text(
        JOB.replace("source/plant_readings", "source/plant_reading")
        .replace("job/historian/readings_v1", "job/historian/reading_v1")
        .replace("historian.tags", "historian.tag")
    )
    with pytest.raises(UserError) as raised:
        job_folder.load(project, "test/hot_v1")
    assert [(str(p.where).rpartition("job.yaml")[2], p.what) for p in raised.value.problems] == [
        (":6:9", "there is no source 'plant_reading'"),
        (":6:31", "there is no table 'historian.tag'"),
        (":6:52", "there is no job 'historian/reading_v1'"),
    ]


def test_an_unknown_job_is_reported_with_the_existing_ones(project: Project) -> None:
    with pytest.raises(UserError, match=r"there is no job 'test/hot_v2'[\s\S]*test/hot_v1"):
        job_folder.load(project, "test/hot_v2")
