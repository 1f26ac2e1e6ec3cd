"""The functions of columns as Flink SQL gets them: one class for all, thin over the registry."""

from __future__ import annotations

from pyflink.table.udf import ScalarFunction, UserDefinedScalarFunctionWrapper, udf

from headrace_udfs.flink_arrays import TYPES, Argument, ArrowColumn, to_arrow
from headrace_udfs.function_doc import FunctionDoc
from headrace_udfs.sql_functions import FUNCTIONS


class ColumnFunction(ScalarFunction):  # type: ignore[misc]
    """The function of this name. Pickles as the name alone."""

    def __init__(self, name: str) -> None:
        self._name = name

    def eval(self, *arguments: Argument) -> ArrowColumn:
        function = FUNCTIONS[self._name]
        arrays = to_arrow(arguments, [column.type for column in function.inputs.values()])
        outputs = function.apply(dict(zip(function.inputs, arrays, strict=True)))
        return ArrowColumn(outputs[self._name])


def scalar_functions() -> dict[str, UserDefinedScalarFunctionWrapper]:
    """The SQL function of each of FUNCTIONS, by name; Flink casts an argument to the type that is declared."""
    return {name: _wrapped(function) for name, function in FUNCTIONS.items()}


def _wrapped(function: FunctionDoc) -> UserDefinedScalarFunctionWrapper:
    return udf(
        ColumnFunction(function.name),
        input_types=[TYPES[column.type] for column in function.inputs.values()],
        result_type=TYPES[function.outputs[function.name].type],
        func_type="pandas",
        name=function.name,
    )
