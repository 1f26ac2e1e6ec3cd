"""The kinds of function.yaml: what a function of the project's own takes and returns, and what computes it."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, RootModel, WithJsonSchema, model_validator

from headrace.project import yaml_file
from headrace_udfs.argument_types import arrow_type

NAME = re.compile(r"[a-z][a-z0-9_]*")


def _type(text: str) -> str:
    arrow_type(text)
    return text


def _name(text: str) -> str:
    if not NAME.fullmatch(text):
        raise ValueError(
            f"'{text}' is not a valid name; write lower case letters, digits and _, and start with a letter"
        )
    return text


Name = Annotated[str, AfterValidator(_name), WithJsonSchema({"type": "string", "pattern": f"^{NAME.pattern}$"})]
ArgumentType = Annotated[str, AfterValidator(_type)]
File = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*\.onnx$")]


class Argument(yaml_file.Model, use_attribute_docstrings=True):
    """An argument or a result."""

    type: ArgumentType
    """double, long, string, boolean or timestamp; an array of them, like array<double>; or a row of them, like
    row<speed double, tag string>."""
    unit: str | None = None
    """Unit of its values, like degC; 1 for a ratio."""
    description: str | None = None
    """What it is, in words."""


class ExampleRow(yaml_file.Model, use_attribute_docstrings=True):
    """Arguments of one row, and what the function gives for them."""

    given: dict[str, Any]
    """A value for each argument, by name."""
    gives: Any
    """The result; of several outputs, a mapping with each."""


class NetworkFile(yaml_file.Model, use_attribute_docstrings=True):
    """The columns of the inputs and outputs of a network that has several."""

    inputs: dict[str, list[Name]] = {}
    """For each input of the network, the arguments that are its columns, in order."""
    outputs: dict[str, list[Name]] = {}
    """For each output of the network that is used, the results that are its columns, in order."""


class _Function(yaml_file.Model, use_attribute_docstrings=True):
    name: Name
    """The name in SQL, which its folder has too: udfs/<name>/."""
    doc: str = Field(min_length=1)
    """What it returns, in one sentence."""
    null: str = Field(min_length=1)
    """When it returns null: "the speed is null or negative", or "never"."""
    source: str = Field(min_length=1)
    """Where its formula, its parameters or its training data come from."""
    inputs: dict[Name, Argument] = Field(min_length=1)
    """Its arguments, by name, in the order of the call."""
    outputs: dict[Name, Argument] = Field(min_length=1)
    """What it returns: one value, or several as a ROW with these fields."""
    example: list[ExampleRow] = Field(min_length=1)
    """Rows with their results, which `headrace test` and `headrace lint` compute again."""


class PythonFunction(_Function, use_attribute_docstrings=True):
    """A function in Python."""

    kind: Literal["python"]
    """python: compute() in function.py takes Arrow arrays and returns them."""


class OnnxFunction(_Function, use_attribute_docstrings=True):
    """A function that a network computes."""

    kind: Literal["onnx"]
    """onnx: a network in an ONNX file, without Python."""
    model: File
    """The ONNX file, in the function's folder. Its first dimension is free: one row is one row of SQL."""
    network: NetworkFile = NetworkFile()
    """Which columns its inputs and outputs have, if it has several; otherwise all arguments are columns of its only
    input, and all results of its only output."""

    @model_validator(mode="after")
    def _known(self) -> Self:
        for end, named, declared in (
            ("inputs", self.network.inputs, self.inputs),
            ("outputs", self.network.outputs, self.outputs),
        ):
            used = [name for names in named.values() for name in names]
            if named and sorted(used) != sorted(declared):
                raise ValueError(f"network.{end} must name each of {', '.join(declared)} once")
        return self


FunctionFile = PythonFunction | OnnxFunction


class AnyFunction(RootModel[Annotated[FunctionFile, Field(discriminator="kind")]]):
    """A function's function.yaml: what it takes and returns, an example, and what computes it."""
