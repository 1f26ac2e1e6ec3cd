"""`headrace udfs` describes every function that a job can name, correctly."""

from __future__ import annotations

import json
import math

import pytest
from typer import Typer
from typer.testing import CliRunner

from headrace.authoring import udfs
from headrace.authoring.udfs import Udf
from headrace.cli.udfs import udfs as command
from headrace.project import function_files
from headrace.project.paths import Project
from headrace_udfs.sql_functions import FUNCTIONS
from headrace_udfs.step_docs import STEP_DOCS
from headrace_udfs.steps import STEPS
from support import ROOT

PROJECT = Project(ROOT, ROOT / ".headrace")
OWN = list(function_files.names(PROJECT))
LISTED = udfs.listing(PROJECT)
named = pytest.mark.parametrize("udf", LISTED, ids=lambda udf: udf.function.name)


def test_every_step_and_every_function_is_listed_once() -> None:
    assert [udf.function.name for udf in LISTED] == [*STEPS, *FUNCTIONS, *OWN]


@pytest.mark.parametrize("name", STEPS)
def test_the_description_of_a_step_matches_the_step(name: str) -> None:
    step, about = STEPS[name](), STEP_DOCS[name]
    assert tuple(about.inputs) == step.needs
    assert {output: column.type for output, column in about.outputs.items()} == step.outputs


@named
def test_each_example_has_a_row_with_a_result_and_one_without_if_there_can_be_one(udf: Udf) -> None:
    filled = [all(value is not None for value in result.values()) for result in udf.results]
    assert any(filled)
    assert all(filled) == udf.function.null.startswith("never")


@named
def test_each_documents_its_result_its_nulls_and_its_source(udf: Udf) -> None:
    about = udf.function
    assert about.doc.endswith(".")
    assert about.null
    assert about.source
    for column in (*about.inputs.values(), *about.outputs.values()):
        assert column.type != "double" or column.unit


def test_a_signature_has_the_types_and_units() -> None:
    signatures = {udf.function.name: udf.signature for udf in LISTED}
    assert signatures["dew_point"] == "dew_point(temperature double [degC], humidity double [%]) -> double [degC]"
    assert signatures["enrich"] == "enrich(tag string) -> asset string, unit string"


def test_an_example_shows_the_functions_results() -> None:
    (shown,) = (udf.example() for udf in LISTED if udf.function.name == "quality_name")
    assert [tuple(row.values()) for row in shown] == [
        (0, "Good"), (0x40900000, "Uncertain"), (0x808C0000, "Bad"), (-1, None),
    ]  # fmt: skip


def test_the_cost_is_measured_on_request() -> None:
    assert all(udf.us_per_row is None for udf in LISTED)
    costs = [udf.us_per_row for udf in udfs.listing(PROJECT, measure=True)]
    assert all(cost is not None and 0 < cost < 100 for cost in costs)


def run(*words: str) -> str:
    app = Typer()
    app.command()(command)
    ended = CliRunner().invoke(app, list(words), env={"COLUMNS": "80"})
    assert ended.exit_code == 0, ended.output
    return ended.stdout


def test_json_has_every_function() -> None:
    listed = json.loads(run("--json", "--measure"))
    assert [each["name"] for each in listed] == [*STEPS, *FUNCTIONS, *OWN]
    dew_point = next(each for each in listed if each["name"] == "dew_point")
    assert dew_point["inputs"]["humidity"] == {"type": "double", "unit": "%"}
    assert dew_point["example"][0] == {"temperature": 20.0, "humidity": 100.0, "dew_point": pytest.approx(20)}
    assert all(math.isfinite(each["us_per_row"]) for each in listed)


def test_text_fits_80_columns_and_shows_each_signature() -> None:
    printed = run("--measure")
    assert all(len(line) <= 80 for line in printed.splitlines())
    words = " ".join(printed.split())
    assert all(udf.signature in words for udf in LISTED)
    assert words.count("us per row") == len(LISTED)
