"""Each function that a job can name returns in Flink, bit for bit, what it returns in plain Python."""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pytest

from headrace.environment import iceberg, settings
from headrace.environment.apply import table_changes
from headrace.planner import session
from headrace.project import table_files
from headrace.project.paths import Project
from headrace_udfs.contract import Contract
from headrace_udfs.function_doc import FunctionDoc
from headrace_udfs.pipeline import Pipeline
from headrace_udfs.sql_functions import FUNCTIONS
from headrace_udfs.step_docs import STEP_DOCS, TAGS
from headrace_udfs.step_protocol import CatalogAddress, Columns
from headrace_udfs.steps import STEPS
from headrace_udfs.types import ARROW, FLINK, ContractType

ROWS = 600
WHOLE = 300
"""Rows before this one have no null: PyFlink hands longs over as doubles where a null is among them."""

EDGES: Mapping[ContractType, Sequence[Any]] = {
    "double": [None, *map(float, ("nan", "inf", "-inf", "0", "-0", "5e-324", "1.7976931348623157e308", "100", "-45"))],
    "long": [None, 0, 0x40000000, 0x80000000, 0xFFFFFFFF, -1, 2**53 + 1, 2**63 - 1, -(2**63)],
}

Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def project(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(pytestconfig.rootpath, tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def environment(project: Project) -> Any:
    """Flink in this process, its Python workers in their own, in batches that the rows do not fill evenly."""
    options = {
        "execution.target": "local",
        "parallelism.default": "1",
        "python.executable": sys.executable,
        "python.fn-execution.arrow.batch.size": "100",
        "table.local-time-zone": "UTC",
    }
    return session.create_environment(project, options)


def draw(inputs: Mapping[str, ContractType], example: Mapping[str, Sequence[Any]]) -> dict[str, list[Any]]:
    """Return ROWS values of each input: some like the example's, some at the limits of its type."""
    random = np.random.default_rng(len(inputs))

    def value(name: str, kind: ContractType, row: int) -> Any:
        usual = [each for each in example[name] if each is not None]
        choices = [each for each in EDGES[kind] if row >= WHOLE or each is not None]
        if random.random() < 0.2:
            return choices[random.integers(len(choices))]
        near = usual[random.integers(len(usual))]
        return near * random.uniform(0, 1.5) if kind == "double" else near

    return {name: [value(name, kind, row) for row in range(ROWS)] for name, kind in inputs.items()}


def arrays(values: Mapping[str, Sequence[Any]], kinds: Mapping[str, ContractType]) -> Columns:
    return {name: pa.array(column, ARROW[kinds[name]]) for name, column in values.items()}


def source(
    environment: Any, folder: Path, name: str, types: Mapping[str, str], rows: Iterable[Mapping[str, Any]]
) -> None:
    """A table of `rows`, which have the key `row` too, read from a file: Flink would fold literals in the query."""
    folder.mkdir()
    (folder / "rows.json").write_text("\n".join(json.dumps({k: _json(v) for k, v in row.items()}) for row in rows))
    columns = ", ".join(f"`{column}` {kind}" for column, kind in {"row": "INT", **types}.items())
    options = f"'connector' = 'filesystem', 'path' = '{folder.as_uri()}', 'format' = 'json'"
    environment.execute_sql(f"CREATE TEMPORARY TABLE `{name}` ({columns}) WITH ({options})")


def _json(value: Any) -> Any:
    return repr(value).replace("inf", "Infinity").replace("nan", "NaN") if isinstance(value, float) else value


def answers(environment: Any, select: str) -> list[tuple[Any, ...]]:
    """Return the rows of the SELECT, sorted by their first column, the row's number."""
    with environment.execute_sql(select).collect() as rows:
        return sorted((tuple(row) for row in rows), key=lambda row: row[0])


def bits(values: Iterable[Any]) -> list[Any]:
    """Return values that are equal only if they are so bit for bit: -0.0 is not 0.0."""
    return [value.hex() if isinstance(value, float) else value for value in values]


Drawn = dict[str, tuple[Columns, list[Any]]]
"""By function: its inputs, and Flink's results for them."""


@pytest.fixture(scope="module")
def in_flink(environment: Any, tmp_path_factory: pytest.TempPathFactory) -> Drawn:
    """All functions of SQL in one job."""
    from headrace_udfs.flink_sql_functions import scalar_functions  # noqa: PLC0415 - imports PyFlink

    inputs: dict[str, Columns] = {}
    rows: Rows = [{"row": row} for row in range(ROWS)]
    types: dict[str, str] = {}
    calls = []
    for name, function in scalar_functions().items():
        environment.create_temporary_system_function(name, function)
        about = FUNCTIONS[name]
        kinds = {each: cast(ContractType, column.type) for each, column in about.inputs.items()}
        drawn = draw(kinds, about.example)
        inputs[name] = arrays(drawn, kinds)
        types |= {f"{name}__{each}": FLINK[kind] for each, kind in kinds.items()}
        calls.append(f"{name}({', '.join(f'{name}__{each}' for each in kinds)})")
        for row in rows:
            row |= {f"{name}__{each}": drawn[each][row["row"]] for each in kinds}
    source(environment, tmp_path_factory.mktemp("functions") / "in", "functions_in", types, rows)
    answer = answers(environment, f"SELECT `row`, {', '.join(calls)} FROM functions_in")
    assert [row[0] for row in answer] == list(range(ROWS))
    return {name: (inputs[name], [row[n] for row in answer]) for n, name in enumerate(inputs, 1)}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_sql_function_returns_in_flink_what_it_returns_in_python(in_flink: Drawn, name: str) -> None:
    inputs, answer = in_flink[name]
    expected = FUNCTIONS[name].apply(inputs)[name].to_pylist()
    assert bits(answer) == bits(expected)
    assert 50 < sum(value is not None for value in answer) < ROWS


def test_constants_nulls_and_calls_in_calls_are_arguments_too(environment: Any, in_flink: Drawn) -> None:
    inputs = in_flink["angle_difference"][0]
    angle = FUNCTIONS["angle_difference"].apply
    turn = "angle_difference(angle_difference__angle, angle_difference__reference)"
    answer = answers(
        environment,
        f"SELECT `row`, angle_difference({turn}, 90), angle_difference(angle_difference__angle, 0.5), "
        f"angle_difference(angle_difference__angle, CAST(NULL AS DOUBLE)) FROM functions_in",
    )

    def constant(value: float) -> pa.Array:
        return pa.array([value] * ROWS)

    turned = angle(inputs)["angle_difference"]
    assert bits(row[1] for row in answer) == bits(
        angle({"angle": turned, "reference": constant(90.0)})["angle_difference"].to_pylist()
    )
    assert bits(row[2] for row in answer) == bits(
        angle({"angle": inputs["angle"], "reference": constant(0.5)})["angle_difference"].to_pylist()
    )
    assert {row[3] for row in answer} == {None}


def test_no_function_has_the_name_of_one_of_flinks_own(project: Project) -> None:
    fresh = session.create_environment(project, {"execution.target": "local"})
    own = {name.casefold() for name in fresh.list_functions()}
    assert {"decode", "abs"} <= own
    assert not own & {name.casefold() for name in FUNCTIONS}


CONTRACT = Contract.model_validate(
    {
        "description": "Readings of the examples' tags.",
        "topic": "parity",
        "fields": {"tag": {"type": "string", "required": True}, "value": {"type": "double"}},
        "time": {"path": "ts", "unit": "epoch_ms"},
        "quality": {"path": "q", "mapping": "opcua"},
        "key": "tag",
    }
)


@pytest.fixture(scope="module")
def address(project: Project) -> CatalogAddress:
    """A catalog whose historian.tags holds the examples' tags."""
    local = settings.load(project, "local")
    table_changes.apply(project, local)
    rows = [
        {"tag": tag, "asset": TAGS.asset[i].as_py(), "unit": TAGS.unit[i].as_py()}
        | {"range_low": _or_none(TAGS.low[i]), "range_high": _or_none(TAGS.high[i])}
        for tag, i in TAGS.positions.items()
    ]
    schema = table_files.load_all(project)["historian.tags"].arrow_schema()
    iceberg.load_table(iceberg.connect(local), "historian.tags").append(pa.Table.from_pylist(rows, schema))
    return CatalogAddress(local.catalog.name, local.catalog.pyiceberg())


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


@pytest.fixture(scope="module")
def through(environment: Any, address: CatalogAddress, tmp_path_factory: pytest.TempPathFactory) -> Drawn:
    """All steps in one pipeline, on messages that its decoder takes: no tag is null, and no value NaN."""
    from headrace_udfs.flink import ingest  # noqa: PLC0415 - imports PyFlink

    random = np.random.default_rng(1)
    tags = [*TAGS.positions, "R80711.unheard_of"]
    doubles = [None, 0.0, -0.0, 5e-324, 1.7976931348623157e308, -1.7976931348623157e308]
    drawn: dict[str, list[Any]] = {
        "tag": [tags[i] for i in random.integers(len(tags), size=ROWS)],
        "value": [random.normal(5.5, 4) if n % 4 else doubles[n // 4 % len(doubles)] for n in range(ROWS)],
        "quality": [[0, 0, 0x00960000, 0x40000000, 0x80000000][i] for i in random.integers(5, size=ROWS)],
    }
    kinds = CONTRACT.columns
    messages: Rows = [
        {"tag": tag, "value": value, "q": quality, "ts": 1_700_000_000_000}
        for tag, value, quality in zip(*drawn.values(), strict=True)
    ]
    payloads = [base64.b64encode(json.dumps(message).encode()).decode() for message in messages]
    rows = [{"row": row, "payload": payload} for row, payload in enumerate(payloads)]
    source(environment, tmp_path_factory.mktemp("through") / "in", "through_in", {"payload": "BYTES"}, rows)
    pipeline = Pipeline(CONTRACT, [step() for step in STEPS.values()], address)
    outputs = {name: list(about.outputs) for name, about in STEP_DOCS.items()}
    selected = ["err_code", *(column for columns in outputs.values() for column in columns)]
    for column, function in ingest(pipeline, partitions=1, readers=1).items():
        environment.create_temporary_system_function(f"ingest_{column}", function)
    calls = ", ".join(f"ingest_{column}(payload)" for column in selected)
    answer = answers(environment, f"SELECT `row`, {calls} FROM through_in")
    assert [row[:2] for row in answer] == [(row, None) for row in range(ROWS)]
    columns = {column: [row[n] for row in answer] for n, column in enumerate(selected, 1)}
    taken = arrays(drawn, kinds)
    return {
        name: ({each: taken[each] for each in STEP_DOCS[name].inputs}, [columns[each] for each in given])
        for name, given in outputs.items()
    }


@pytest.mark.parametrize("name", STEP_DOCS)
def test_a_step_returns_in_flink_what_it_returns_in_python(through: Drawn, name: str) -> None:
    inputs, answer = through[name]
    about: FunctionDoc = STEP_DOCS[name]
    expected = about.apply(inputs)
    for column, values in zip(about.outputs, answer, strict=True):
        assert bits(values) == bits(expected[column].to_pylist())
        results = sum(value is not None for value in values)
        assert results > 50
        assert (results == ROWS) == about.null.startswith("never")
