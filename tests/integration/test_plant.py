"""The front door for Python, over the tables of two pumps."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import headrace
from headrace import Plant, UserError
from headrace.cli import tags
from headrace.project.paths import Project
from support.worlds.pumps import empty_plant, s, store, store_two_pumps


@pytest.fixture
def project(pytestconfig: pytest.Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    made = empty_plant(pytestconfig.rootpath, tmp_path)
    store_two_pumps(made)
    monkeypatch.setenv("HEADRACE_HOME", str(made.home))
    monkeypatch.delenv("HEADRACE_PROJECT", raising=False)
    monkeypatch.chdir(tmp_path / "sql")
    return made


@pytest.fixture
def plant(project: Project) -> Plant:
    return headrace.open("local", project.root)


def test_sql_returns_a_table_of_the_current_snapshots(plant: Plant) -> None:
    counted = plant.sql("select tag, count(*) as readings from historian.readings group by tag order by tag")
    assert counted.to_pydict() == {"tag": ["P1.flow", "P1.mode", "P1.state", "P2.flow"], "readings": [5, 3, 3, 1]}
    with pytest.raises(UserError, match="only reads"):
        plant.sql("create table other (n int)")


def test_a_historian_answers_for_the_same_tables(plant: Plant) -> None:
    readings = plant.historian().raw("P1.flow", s(0), s(60))
    assert readings["value"].to_pylist() == [10, 20, 30, 40, 50]


def test_tables_are_named_with_their_descriptions(plant: Plant) -> None:
    assert list(plant.tables) == ["historian.readings", "historian.tags"]
    assert all(description.endswith(".") for description in plant.tables.values())


def test_tags_are_found_by_wildcards_in_which_brackets_stand_for_themselves(plant: Plant, project: Project) -> None:
    assert plant.tags("p?.FLOW")["tag"].to_pylist() == ["P1.flow", "P2.flow"]
    assert plant.tags("S[1]*").select(["tag", "asset"]).to_pylist() == [{"tag": "S[1].flow", "asset": "south/s1"}]
    assert len(plant.tags()) == 5
    store(project, [("T.new", s(0), 1.0, 0)])
    assert plant.tags("t.*").to_pylist() == [dict.fromkeys(plant.tags().column_names) | {"tag": "T.new"}]
    nothing = plant.tags("P9.*")
    assert len(nothing) == 0
    assert nothing.schema == plant.tags().schema


def test_the_command_lists_tags_that_report_without_being_listed(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    store(project, [("T.new", s(0), 1.0, 0)])
    tags.list_("?.new", json=True)
    (row,) = json.loads(capsys.readouterr().out)
    assert {name: value for name, value in row.items() if value is not None} == {"tag": "T.new"}
    tags.list_()
    assert "6 tags" in capsys.readouterr().out


def test_the_project_is_the_one_named_else_that_of_the_environment_else_that_of_the_working_directory(
    project: Project, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert headrace.open().project.root == project.root
    other = tmp_path_factory.mktemp("other")
    for folder in ("sql", "catalogs"):
        shutil.copytree(project.root / folder, other / folder)
    monkeypatch.setenv("HEADRACE_PROJECT", str(other))
    assert headrace.open("local").project.root == other
    assert headrace.open("local", project.root / "sql").project.root == project.root


@pytest.mark.usefixtures("project")
def test_an_unknown_environment_is_refused_with_the_existing_ones() -> None:
    with pytest.raises(UserError, match="no environment 'nowhere'") as refused:
        headrace.open("nowhere")
    (problem,) = refused.value.problems
    assert str(problem.where).endswith("catalogs/nowhere.yaml")
    assert problem.fix
    assert "local" in problem.fix


def test_every_name_that_the_package_exports_exists_and_importing_it_loads_none() -> None:
    assert all(getattr(headrace, name) for name in headrace.__all__)
    assert set(headrace.__all__) <= set(dir(headrace))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = headrace.nothing
    script = "import sys, headrace; print(*(name for name in sys.modules if name.startswith('headrace')))"
    loaded = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert loaded.stdout.split() == ["headrace"]
