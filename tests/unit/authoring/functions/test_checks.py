"""Faults in the folders of functions: each at its file and line, all at once."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from headrace.authoring import functions, new
from headrace.authoring.lint import lint
from headrace.environment import settings
from headrace.errors import UserError
from headrace.project.paths import Project
from support import ROOT

MADE = ROOT / "tests" / "function_jobs"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    for part in ("catalogs", "sql/_macros", "sql/_tables", "k8s/image"):
        shutil.copytree(ROOT / part, tmp_path / part)
    shutil.copytree(MADE, tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.chdir(tmp_path)
    return Project(tmp_path, tmp_path / ".headrace")


def faults(project: Project, name: str) -> list[str]:
    return [str(each).replace("\n  fix: ", " | ") for each in functions.problems(project, name)]


def edit(project: Project, file: str, before: str, after: str) -> None:
    path = project.root / "udfs" / file
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))


@pytest.mark.parametrize("name", ["rul_linear", "rul_network", "cycle_load"])
def test_the_functions_of_the_tests_have_no_fault(project: Project, name: str) -> None:
    assert faults(project, name) == []
    assert functions.run(project, name).passed


def test_a_new_function_has_no_fault_and_is_not_written_twice(project: Project) -> None:
    written = new.write_function(project, "excess")
    assert [path.name for path in written] == ["function.yaml", "function.py"]
    assert faults(project, "excess") == []
    assert [row["excess"] for row in functions.run(project, "excess").results] == [2.5, 0.0, None]
    with pytest.raises(UserError, match="there is a folder udfs/excess already"):
        new.write_function(project, "excess")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("models", "'models' is reserved for headrace"),
        ("headrace_udfs", "'headrace_udfs' is reserved for headrace"),
        ("cycle", "'cycle' is a word that Flink SQL reserves"),
        ("decode", "'decode' is a built-in function of Flink"),
        ("dew_point", "'dew_point' is one of headrace's own functions and steps"),
        ("enrich", "'enrich' is one of headrace's own functions and steps"),
        ("hysteresis", "'hysteresis' is a macro of this project"),
        ("is_good", "'is_good' is a macro of this project"),
        ("Rul", "'Rul' is not a valid name of a function"),
        ("../x", "'../x' is not a valid name of a function"),
    ],
)
def test_a_name_that_is_taken_is_refused(project: Project, name: str, why: str) -> None:
    with pytest.raises(UserError) as refused:
        new.write_function(project, name)
    assert refused.value.problems[0].what == why
    if name not in ("models", "headrace_udfs", "../x"):
        shutil.copytree(project.root / "udfs" / "cycle_load", project.root / "udfs" / name)
        assert any(why in each for each in faults(project, name))


FILE, PY, NET = "cycle_load/function.yaml", "cycle_load/function.py", "rul_network/function.yaml"


@pytest.mark.parametrize(
    ("file", "before", "after", "expected"),
    [
        (FILE, "name: cycle_load", "name: load", "udfs/cycle_load/function.yaml:3:1: name is 'load', the folder says"),
        (FILE, "type: double, unit: rpm", "type: float", "yaml:9:11: inputs.speed.type: 'float' is not a type"),
        (FILE, "doc: How hard", "docs: How hard", "function.yaml:4:1: unknown key 'docs' | did you mean 'doc'?"),
        (FILE, "speed: 2000}", "speed: fast}", "function.yaml:14:66: speed: 'fast' is not of the type double"),
        (FILE, "speed: 2000}", "pace: 2000}", "function.yaml:14:6: the row has no 'speed' | add speed: ..."),
        (FILE, "load: 1.1,", "load: 1.2,", "function.yaml:14:80: example 1: load is 1.1, not 1.2"),
        (FILE, "gives: {load: 1.1, class: hard}", "gives: 1.1", "a function of several outputs gives a value for each"),
        (FILE, "fleet: west", "fleet: broken", "function.py:18: a row of the example fails: ZeroDivisionError"),
        (FILE, "kind: python", "kind: onnx", "key 'model' is required"),
        (PY, "def _load(", "def _load((", "function.py:15:11: not Python: "),
        (PY, "def compute(", "def result(", "function.py has no function 'compute'"),
        (PY, "(setting: pa", "(settings: pa", "function.py:8: compute() takes settings, speed"),
        (PY, "import pyarrow", "import torch\nimport pyarrow", "the workers have no module 'torch'"),
        (PY, "from .limits", "from limits", "write from . import limits"),
        ("cycle_load/limits.py", "import json", "import json, headrace", "a function cannot import 'headrace'"),
        ("cycle_load/limits.py", "limits.json", "limit.json", "limits.py:6: the function fails: FileNotFoundError"),
        (PY, "pa.string())}", "pa.int64())}", "'class' is int64; function.yaml declares string"),
        (PY, ', "class": pa.array(classes, pa.string())', "", "compute() returns load; function.yaml"),
        (NET, "model: network", "model: net", "the folder has no file 'net.onnx'"),
        (NET, "  rul: {type: double, unit: cycles}\n", "", "spread: {'rul': 0, 'spread': 0} is not"),
        (NET, "rul: {type: double", "rul: {type: string", "rul: 0 is not of the type string"),
        (NET, "inputs:\n", "network: {inputs: {y: [sensors]}}\ninputs:\n", "it has no input 'y'"),
    ],
)  # fmt: skip
def test_a_fault_is_reported_at_its_place(project: Project, file: str, before: str, after: str, expected: str) -> None:
    edit(project, file, before, after)
    found = faults(project, file.partition("/")[0])
    assert any(expected in each for each in found), found
    assert all(" | " in each for each in found), found


MIRROR = """\
kind: python
name: mirror
doc: What it is given.
"null": it is null
source: definition
inputs:
  {name}: {{type: "{kind}"}}
outputs:
  same: {{type: "{kind}"}}
example:
  - {{given: {{{name}: {value}}}, gives: {value}}}
"""


def write_mirror(project: Project, kind: str, value: str, name: str = "given", *, first: str = "") -> list[str]:
    folder = project.root / "udfs" / "mirror"
    folder.mkdir()
    (folder / "function.yaml").write_text(MIRROR.format(kind=kind, value=value, name=name))
    (folder / "function.py").write_text(f"{first}\ndef compute({name}):\n    return {name}\n")
    return faults(project, "mirror")


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("timestamp", "2024-01-01T00:00:00Z"),
        ("array<timestamp>", '["2024-01-01T00:00:00Z", null]'),
        ("array<double>", "[1, 2.5, null]"),
        ("row<at timestamp, speed double>", "{at: 2024-01-01T01:00:00+01:00, speed: 1}"),
        ("row<at timestamp, speed double>", "null"),
    ],
)
def test_an_example_has_values_of_every_type(project: Project, kind: str, value: str) -> None:
    assert write_mirror(project, kind, value) == []


@pytest.mark.parametrize(
    ("kind", "value", "fix"),
    [
        ("double", "true", "write a number"),
        ("double", '"1"', "write a number"),
        ("long", "1.5", "write a whole number"),
        ("array<long>", "[1, 1.5]", "write a whole number"),
        ("string", "1", "write a value of its type"),
        ("boolean", "1", "write a value of its type"),
        ("timestamp", "2024-01-01T00:00:00", "write a time with its zone, like 2026-01-01T10:00:00Z"),
        ("array<double>", "1", "write a list in brackets, like [1.5, 2.0]"),
        ("row<speed double>", "{}", "write {speed: ...}"),
        ("row<speed double>", "{speed: 1, pace: 2}", "write {speed: ...}"),
    ],
)
def test_a_value_of_another_type_is_refused_with_what_to_write(
    project: Project, kind: str, value: str, fix: str
) -> None:
    found = write_mirror(project, kind, value)
    assert [f"is not of the type {kind} | {fix}" in each for each in found] == [True, True], found


def test_an_input_cannot_be_a_keyword_of_python(project: Project) -> None:
    (syntax,) = write_mirror(project, "double", "1", "from")
    assert "not Python" in syntax
    (project.root / "udfs" / "mirror" / "function.py").write_text("def compute(from_):\n    return from_\n")
    (found,) = faults(project, "mirror")
    assert "function.yaml:7:3: no parameter can be called 'from', a keyword of Python | give it another name" in found


def test_a_module_that_exits_is_a_fault_and_not_the_end_of_lint(project: Project) -> None:
    (found,) = write_mirror(project, "double", "1", first="import sys; sys.exit(0)")
    assert "function.py:1: the function fails: SystemExit: 0" in found


def test_all_faults_of_all_functions_and_jobs_are_reported_at_once(project: Project) -> None:
    edit(project, FILE, "name: cycle_load", "name: load")
    edit(project, "cycle_load/function.py", "def _load(", "def _load((")
    edit(project, "cycle_load/limits.py", "import json", "import torch")
    (project.root / "udfs" / "rul_linear" / "function.yaml").unlink()
    (project.root / "udfs" / "empty").mkdir()
    job = project.sql / "fleet" / "rul_v1" / "job.yaml"
    job.write_text(job.read_text().replace("cycle_load]", "cycle_lode]"))
    with pytest.raises(UserError) as refused:
        lint(project, settings.load(project, "local"))
    texts = [problem.what for problem in refused.value.problems]
    assert {
        "name is 'load', the folder says 'cycle_load'",
        "the workers have no module 'torch'",
        "the function has no function.yaml",
        "there is no function 'cycle_lode'",
    } <= {*texts}
    assert any(text.startswith("not Python: ") for text in texts)
    assert len(refused.value.problems) == len({*refused.value.problems}), refused.value.problems


def test_a_job_names_the_functions_that_it_calls_and_no_others(project: Project) -> None:
    job = project.sql / "fleet" / "rul_v1" / "job.yaml"
    job.write_text(job.read_text().replace("[rul_linear, rul_network, cycle_load]", "[rul_network, cycle_load]"))
    with pytest.raises(UserError) as refused:
        lint(project, settings.load(project, "local"), ["fleet/rul_v1"])
    (problem,) = refused.value.problems
    assert (str(problem.where), problem.what) == (
        "sql/fleet/rul_v1/fleet.rul.sql.j2:9",
        "job.yaml does not name the function 'rul_linear'",
    )
    assert problem.fix == "add functions: [rul_network, cycle_load, rul_linear] to job.yaml"
    new.write_function(project, "excess")
    job.write_text(
        job.read_text().replace("[rul_network, cycle_load]", "[rul_linear, rul_network, cycle_load, excess]")
    )
    with pytest.raises(UserError, match=r"job.yaml:8:50: no template of the job calls 'excess'"):
        lint(project, settings.load(project, "local"), ["fleet/rul_v1"])
