"""Functions of a project's own in a worker: what they return, and what becomes of rows on which they raise."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace_udfs.argument_types import arrow_type
from headrace_udfs.onnx_function import ROWS, NetworkFunction, NetworkUse
from headrace_udfs.onnx_session import UnusableNetworkError
from headrace_udfs.own_function import FunctionFaultError, OwnFunction, locate, package
from support import broken_arrays, onnx_files

HALF = OwnFunction("half", "d", {"value": "long"}, {"half": "double"})


def half(value: pa.Array) -> pa.Array:
    """Raises on odd values, wherever they stand."""
    values = value.to_pylist()
    if any(each is not None and each % 2 for each in values):
        raise ValueError("odd")
    return pa.array([None if each is None else each / 2 for each in values], pa.float64())


@given(st.lists(st.none() | st.integers(0, 9), max_size=40))
def test_only_the_rows_on_which_it_raises_are_null(values: list[int | None]) -> None:
    outputs, errors = HALF.run(half, {"value": pa.array(values, pa.int64())})
    assert outputs["half"].to_pylist() == [None if v is None or v % 2 else v / 2 for v in values]
    assert len(errors) == sum(v is not None and v % 2 for v in values)


@pytest.mark.parametrize(
    ("unit", "far"), [("s", 1_700_000_000_000_000), ("ms", 1_700_000_000_000_000_000), ("s", -(2**62))]
)
def test_a_time_beyond_those_of_a_timestamp_is_null_in_its_row_only(unit: str, far: int) -> None:
    kind = pa.timestamp(unit, "UTC")
    at = OwnFunction("at", "d", {"value": "long"}, {"at": "timestamp"})
    values = pa.array([0, far, None, 1], pa.int64())
    outputs, errors = at.run(lambda value: value.cast(kind), {"value": values})
    assert outputs["at"].to_pylist() == pa.array([0, None, None, 1], pa.timestamp(unit)).to_pylist()
    assert "out of bounds" in str(errors[0])
    assert len(errors) == 1


@pytest.mark.parametrize("error", [FileNotFoundError("model.npz"), ImportError("x"), NameError("x"), MemoryError()])
def test_a_fault_that_is_not_of_a_row_stops_the_job(error: Exception) -> None:
    def compute(**_columns: pa.Array) -> pa.Array:
        raise error

    with pytest.raises(type(error)):
        HALF.run(compute, {"value": pa.array([1, 2])})


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (pa.array([1.0]), "'half' has 1 values for a batch of 2"),
        (pa.array(["a", "b"]), "'half' is string; function.yaml declares double"),
        ([1.0, 2.0], "'half' is a list; return a pyarrow.Array"),
        (np.array([1.0, 2.0]), "'half' is a numpy.ndarray; return a pyarrow.Array"),
        ({"other": pa.array([1.0, 2.0])}, "compute() returns other; function.yaml declares half"),
        (None, "'half' is a NoneType"),
    ],
)
def test_a_result_that_is_not_as_declared_stops_the_job(answer: Any, why: str) -> None:
    with pytest.raises(FunctionFaultError) as fault:
        HALF.run(lambda value: answer, {"value": pa.array([1, 2])})  # noqa: ARG005
    assert why in str(fault.value)


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("named", [*broken_arrays.TEXTS, *broken_arrays.NESTED])
def test_a_broken_array_stops_the_job(named: str, chunked: bool) -> None:
    kind = named if named in broken_arrays.NESTED else "string"
    broken = {**broken_arrays.TEXTS, **broken_arrays.NESTED}[named]
    answer = {"y": pa.chunked_array([broken[:1], broken[1:]]) if chunked else broken}
    with pytest.raises(FunctionFaultError, match="'y' is not a valid Arrow array: "):
        OwnFunction("f", "d", {"x": "double"}, {"y": kind}).checked(answer, 2)


@pytest.mark.parametrize("answer", [pa.array([1, 2]), pa.chunked_array([[1.0], [2.0]]), pa.array([1, 2], pa.float32())])
def test_a_result_of_a_type_that_fits_is_taken(answer: Any) -> None:
    outputs, _ = HALF.run(lambda value: answer, {"value": pa.array([1, 2])})  # noqa: ARG005
    assert outputs["half"] == pa.array([1.0, 2.0])


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("double", pa.float64()),
        ("array<string>", pa.list_(pa.string())),
        ("row<a double, b_2 timestamp>", pa.struct([("a", pa.float64()), ("b_2", pa.timestamp("us"))])),
    ],
)
def test_types_are_written_as_in_sql(text: str, kind: pa.DataType) -> None:
    assert arrow_type(text) == kind


@pytest.mark.parametrize(
    "text", ["", "int", "array", "array<int>", "array<array<double>>", "row<>", "row<double>", "row<a double, a long>"]
)
def test_other_texts_are_no_types(text: str) -> None:
    with pytest.raises(ValueError, match=r"not a type|names a field twice"):
        arrow_type(text)


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("long", pa.array([1.0, 2.0])),
        ("long", pa.array([1], pa.uint64())),
        ("long", pa.array(["1"])),
        ("double", pa.array(["1.5"])),
        ("string", pa.array([1.5])),
        ("boolean", pa.array([1])),
        ("timestamp", pa.array(["2024-01-01T00:00:00"])),
        ("array<long>", pa.array([[1.0]])),
        ("row<a long>", pa.array([{"a": 1.0}])),
        ("row<a long>", pa.array([{"b": 1}])),
    ],
)
def test_a_type_is_refused_even_if_the_values_of_this_batch_fit(kind: str, values: pa.Array) -> None:
    with pytest.raises(FunctionFaultError, match=r"function\.yaml declares"):
        OwnFunction("f", "d", {"x": "double"}, {"y": kind}).checked(values, len(values))


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("double", pa.array([2**60 + 1, None])),
        ("double", pa.array([1.5], pa.float32())),
        ("long", pa.array([1], pa.uint32())),
        ("string", pa.array(["a"], pa.large_string())),
        ("timestamp", pa.array([1], pa.timestamp("ns", "Europe/Berlin"))),
        ("boolean", pa.array([None, None])),
        ("array<double>", pa.array([[1, None], None])),
        ("row<a double, b string>", pa.array([{"a": 1, "b": None}])),
    ],
)
def test_no_value_of_a_type_that_fits_stops_the_job(kind: str, values: pa.Array) -> None:
    answer = OwnFunction("f", "d", {"x": "double"}, {"y": kind}).checked(values, len(values))["y"]
    assert answer.type == arrow_type(kind)
    assert answer.null_count == values.null_count


def test_a_function_is_loaded_from_the_zip_that_is_shipped_and_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    function = OwnFunction("shipped", "0" * 64, {"value": "double"}, {"value": "double"})
    with pytest.raises(ModuleNotFoundError, match="the files of the function shipped were not shipped"):
        function.open()
    folder = tmp_path / package("shipped")
    folder.mkdir()
    (folder / "gain.txt").write_text("3")
    helper = "from importlib.resources import files\nGAIN = files(__package__).joinpath('gain.txt').read_text()\n"
    (folder / "helper.py").write_text(helper)
    (folder / "function.py").write_text("from .helper import GAIN\ndef compute(value):\n    return GAIN\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    compute = function.open()
    assert compute(value=None) == "3"
    assert function.open() is compute


def test_two_contents_of_one_function_are_two_functions_in_one_process(tmp_path: Path) -> None:
    opened = []
    for number in (1, 2):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "function.py").write_text(f"def compute(value):\n    return {number}\n")
        function = OwnFunction("twice", str(number) * 64, {"value": "double"}, {"value": "double"})
        locate(function, folder)
        opened.append(function.open())
    assert [compute(value=None) for compute in opened] == [1, 2]


def test_a_module_that_fails_is_imported_again(tmp_path: Path) -> None:
    function = OwnFunction("late", "9" * 64, {"value": "double"}, {"value": "double"})
    locate(function, tmp_path)
    (tmp_path / "function.py").write_text("import nothing_of_the_kind\n")
    with pytest.raises(ModuleNotFoundError):
        function.open()
    assert not [name for name in sys.modules if name.startswith("headrace_function_late")]
    (tmp_path / "function.py").write_text("def compute(value):\n    return 7\n")
    assert function.open()(value=None) == 7


SENSORS = {"sensors": "array<double>"}


def network(outputs: dict[str, str], type_: int = onnx_files.DOUBLE) -> NetworkFunction:
    weights = [np.arange(6.0).reshape(3, 2) / 10, np.ones((2, 2))]
    return NetworkFunction(onnx_files.perceptron(weights, type_=type_), NetworkUse("n.onnx", {}, {}), SENSORS, outputs)


def test_a_network_gives_each_row_the_same_bits_in_any_company() -> None:
    function = network({"a": "double", "b": "double"})
    rows = np.random.default_rng(1).normal(0, 1, (2 * ROWS + 5, 3)).tolist()
    together = function(sensors=pa.array(rows))
    alone = [function(sensors=pa.array([row]))["b"][0].as_py() for row in rows]
    assert together["b"].to_pylist() == alone


def test_a_network_gives_null_for_rows_that_lack_a_value() -> None:
    function = network({"all": "array<double>"})
    rows = [[1.0, 2.0, 3.0], [1.0, None, 3.0], None, [1.0, 2.0], [1.0, 2.0, float("nan")], [], [0.0, 0.0, 0.0]]
    answers = function(sensors=pa.array(rows, arrow_type("array<double>")))["all"].to_pylist()
    assert [answer is None for answer in answers] == [False, True, True, True, True, True, False]
    assert answers[-1] == [0.0, 0.0]
    assert function(sensors=pa.array([], arrow_type("array<double>")))["all"].to_pylist() == []


def test_a_network_takes_columns_one_by_one() -> None:
    weights = [np.eye(3), np.ones((3, 1))]
    inputs = {"flag": "boolean", "count": "long", "value": "double"}
    function = NetworkFunction(onnx_files.perceptron(weights), NetworkUse("n.onnx", {}, {}), inputs, {"sum": "double"})
    columns = {"flag": pa.array([True, None]), "count": pa.array([0, 0]), "value": pa.array([0.5, 0.5])}
    (first, second) = function(**columns)["sum"].to_pylist()
    assert first == pytest.approx(np.tanh(1) + np.tanh(0.5), rel=1e-6)
    assert second is None


@pytest.mark.parametrize(
    ("use", "inputs", "outputs", "why"),
    [
        (NetworkUse("n", {"y": ["sensors"]}, {}), SENSORS, {"a": "double"}, "it has no input 'y'; it has x"),
        (NetworkUse("n", {}, {"z": ["a"]}), SENSORS, {"a": "double"}, "it has no output 'z'; it has expected"),
        (NetworkUse("n", {}, {}), {"name": "string"}, {"a": "double"}, "'name' is of the type string"),
        (NetworkUse("n", {}, {}), SENSORS, {"a": "timestamp"}, "'a' is of the type timestamp"),
    ],
)
def test_a_network_that_does_not_fit_is_refused(
    use: NetworkUse, inputs: dict[str, str], outputs: dict[str, str], why: str
) -> None:
    with pytest.raises(UnusableNetworkError) as refused:
        NetworkFunction(onnx_files.perceptron([np.ones((3, 2)), np.ones((2, 2))]), use, inputs, outputs)
    assert why in str(refused.value)


def test_another_number_of_results_is_an_error() -> None:
    with pytest.raises(UnusableNetworkError, match="its output expected has 2 columns; 1 are declared: a"):
        network({"a": "double"})(sensors=pa.array([[1.0, 2.0, 3.0]]))


def test_without_onnx_runtime_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(UnusableNetworkError, match=r"pip install 'headrace\[onnx\]'"):
        network({"a": "double", "b": "double"}, onnx_files.FLOAT)
