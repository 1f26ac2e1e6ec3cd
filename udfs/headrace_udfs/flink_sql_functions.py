"""The column functions as Flink SQL functions: one class for all of them."""

from __future__ import annotations

from pyflink.table.udf import ScalarFunction, UserDefinedScalarFunctionWrapper, udf

from headrace_udfs.flink_arrays import TYPES, Argument, ArrowColumn, to_arrow
from headrace_udfs.function_doc import FunctionDoc
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


def scalar_functions() -> dict[str, UserDefinedScalarFunctionWrapper]:
    """Return the SQL function of each of FUNCTIONS, by name; Flink casts each argument to the declared type."""
    return {name: _wrapped(function) for name, function in FUNCTIONS.items()}


def _wrapped(function: FunctionDoc) -> UserDefinedScalarFunctionWrapper:
    return udf(
        ColumnFunction(function.name),
        input_types=[TYPES[column.type] for column in function.inputs.values()],
        result_type=TYPES[function.outputs[function.name].type],
        func_type="pandas",
        name=function.name,
    )
