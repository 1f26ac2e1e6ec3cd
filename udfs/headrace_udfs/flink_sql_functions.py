"""The column functions as Flink SQL functions: one class for the engine's, and one for those of a project's own."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa
from pyflink.table.udf import FunctionContext, ScalarFunction, UserDefinedScalarFunctionWrapper, udf

from headrace_udfs.argument_types import arrow_type
from headrace_udfs.flink_arrays import Argument, ArrowColumn, flink_type, to_arrow
from headrace_udfs.function_doc import FunctionDoc
from headrace_udfs.own_function import OwnFunction
from headrace_udfs.sql_functions import FUNCTIONS


class ColumnFunction(ScalarFunction):  # type: ignore[misc]
    """Runs the function of this name. Only the name is pickled."""

    def __init__(self, name: str) -> None:
        self._name = name

    def eval(self, *arguments: Argument) -> ArrowColumn:
        """Return the function's output for one batch of rows. Raises ValueError if all arguments are constants."""
        function = FUNCTIONS[self._name]
        arrays = to_arrow(arguments, [column.type for column in function.inputs.values()])
        outputs = function.apply(dict(zip(function.inputs, arrays, strict=True)))
        return ArrowColumn(outputs[self._name])


class OwnColumnFunction(ScalarFunction):  # type: ignore[misc]
    """Runs a function of the project's own. Its description is pickled; its files come with the job."""

    def __init__(self, function: OwnFunction) -> None:
        self._function = function

    def open(self, function_context: FunctionContext) -> None:
        """Load the function. Raises what it raises when it is imported."""
        self._compute = self._function.open()
        metrics = function_context.get_metric_group().add_group("headrace")
        self._failures = metrics.counter(f"{self._function.name}_failures")

    def eval(self, *arguments: Argument) -> ArrowColumn:
        """Return the only output for one batch of rows, or all as rows. Raises FunctionFaultError, ValueError."""
        function = self._function
        arrays = to_arrow(arguments, [*function.inputs.values()])
        outputs, errors = function.run(self._compute, dict(zip(function.inputs, arrays, strict=True)))
        if errors:
            self._failures.inc(len(errors))
        if len(outputs) == 1:
            return ArrowColumn(*outputs.values())
        return ArrowColumn(pa.StructArray.from_arrays([*outputs.values()], [*outputs]))


def scalar_functions() -> dict[str, UserDefinedScalarFunctionWrapper]:
    """Return the SQL function of each of FUNCTIONS, by name; Flink casts each argument to the declared type."""
    return {name: _wrapped(function) for name, function in FUNCTIONS.items()}


def own_function(function: OwnFunction) -> UserDefinedScalarFunctionWrapper:
    """Return the SQL function of a function of the project's own. One of several outputs returns a ROW of them."""
    outputs = {name: arrow_type(kind) for name, kind in function.outputs.items()}
    result = pa.struct([*outputs.items()]) if len(outputs) > 1 else next(iter(outputs.values()))
    return _udf(OwnColumnFunction(function), function.name, function.inputs, result)


def _wrapped(function: FunctionDoc) -> UserDefinedScalarFunctionWrapper:
    inputs = {name: column.type for name, column in function.inputs.items()}
    return _udf(ColumnFunction(function.name), function.name, inputs, arrow_type(function.outputs[function.name].type))


def _udf(
    function: ScalarFunction, name: str, inputs: Mapping[str, str], result: pa.DataType
) -> UserDefinedScalarFunctionWrapper:
    return udf(
        function,
        input_types=[flink_type(arrow_type(kind)) for kind in inputs.values()],
        result_type=flink_type(result),
        func_type="pandas",
        name=name,
    )
