"""`headrace test`, `new function`, `udfs` and `docs` of a project with functions of its own, without Flink."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from typer import Typer
from typer.testing import CliRunner, Result

from headrace.cli import docs, new, test, udfs
from headrace.errors import UserError
from support import ROOT

COMMANDS: dict[str, Callable[..., None]] = {"test": test.run, "new": new.new, "udfs": udfs.udfs, "docs": docs.docs}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    for part in ("catalogs", "sql/_macros", "sql/_tables"):
        shutil.copytree(ROOT / part, tmp_path / part)
    made = ROOT / "tests" / "function_jobs"
    shutil.copytree(made, tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setenv("HEADRACE_PROJECT", str(tmp_path))
    monkeypatch.setenv("HEADRACE_HOME", str(tmp_path / ".headrace"))
    monkeypatch.chdir(tmp_path)

    def command(name: str, *arguments: str) -> Result:
        app = Typer()
        app.command()(COMMANDS[name])
        return CliRunner().invoke(app, arguments)

    return command


def test_a_new_function_is_written_tested_and_listed(run: Callable[..., Result]) -> None:
    assert "next: headrace test function/excess" in run("new", "function", "excess").output
    tested = run("test", "function/excess")
    assert tested.exit_code == 0
    assert tested.output.startswith("passed function/excess example 3 rows")
    assert "excess(value double [1], limit double [1]) -> double [1]" in run("udfs").output


def test_an_example_that_fails_says_where_and_exits_with_1(run: Callable[..., Result]) -> None:
    limits = Path("udfs/cycle_load/limits.json")
    limits.write_text(limits.read_text().replace("4000", "2000"))
    tested = run("test", "function/cycle_load", "function/rul_linear")
    assert tested.exit_code == 1
    assert "udfs/cycle_load/function.yaml:15:" in tested.output
    assert "example 2: load is 0.5, not 0.25" in tested.output
    assert "1 passed, 1 failed" in tested.output
    found = json.loads(run("test", "function/cycle_load", "--json").output)
    assert [(each["function"], each["verdict"]) for each in found] == [("cycle_load", "failed")]
    assert found[0]["problems"][0]["fix"] == "correct the function or the example"


def test_the_catalogue_shows_functions_and_the_jobs_that_name_them(run: Callable[..., Result]) -> None:
    written = run("docs", "--out", "page")
    assert written.exit_code == 0, written.output
    page = Path("page/index.html").read_text()
    assert '<section id="udf/cycle_load">' in page
    section = page.split('<section id="udf/rul_linear">')[1].split("</section>")[0]
    assert 'href="#job/fleet/rul_v1"' in section


@pytest.mark.parametrize("arguments", [("function",), ("plant/x_v1", "extra"), ("function", "dew_point")])
def test_new_refuses_what_is_no_name_of_a_function(run: Callable[..., Result], arguments: tuple[str, ...]) -> None:
    refused = run("new", *arguments)
    assert isinstance(refused.exception, UserError)
    assert refused.exception.problems[0].fix
