"""Functions of a project's own, udfs/<name>/: found in the worker, loaded once, and run batch by batch.

A value in a row never stops a job: a row on which a function raises has a null result, and is counted. A function that
cannot be loaded, or returns what it does not declare, does stop it.
"""

from __future__ import annotations

import importlib
import importlib.util
import logging
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from headrace_udfs.argument_types import arrow_type
from headrace_udfs.arrays import check_whole
from headrace_udfs.isolate import isolate
from headrace_udfs.onnx_function import NetworkFunction, NetworkUse
from headrace_udfs.step_protocol import Columns

MODULE, COMPUTE = "function.py", "compute"
"""The file of a function in Python, and what it defines."""

# These are faults of the function or of its machine, not of a row.
_NOT_OF_A_ROW = (OSError, ImportError, MemoryError, NameError)
_MOST_LOGGED = 10
_log = logging.getLogger(__name__)
_lock = threading.Lock()
_folders: dict[tuple[str, str], Path] = {}

Compute = Callable[..., Any]


class FunctionFaultError(Exception):
    """A function does not do what its function.yaml declares, whatever the row."""


@dataclass(frozen=True)
class OwnFunction:
    """A function as its worker knows it.

    digest: the sha256 of the files in its folder. inputs, outputs: types by name. network: for a function that a
    network computes; otherwise the folder has MODULE.
    """

    name: str
    digest: str
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]
    network: NetworkUse | None = None

    def open(self) -> Compute:
        """Return what computes it. Raises what the module raises when it is imported, and UnusableNetworkError."""
        folder = _folder(self)
        if self.network:
            file = (folder / self.network.file).read_bytes()
            return NetworkFunction(file, self.network, self.inputs, self.outputs)
        compute: Compute = getattr(_module(self, folder), COMPUTE)
        return compute

    def run(self, compute: Compute, columns: Columns) -> tuple[Columns, list[Exception]]:
        """Return the outputs, and what was raised on the rows that are null for it.

        Raises FunctionFaultError if a result is not as declared, and errors that are not of a row.
        """
        rows = len(next(iter(columns.values())))
        parts: list[Columns] = []
        errors: list[Exception] = []

        def answer(start: int, stop: int) -> Any:
            given = compute(**_sliced(columns, start, stop))
            try:
                return self.checked(given, stop - start)
            except FunctionFaultError as fault:
                return fault  # it is of no row

        null = {name: pa.nulls(1, arrow_type(kind)) for name, kind in self.outputs.items()}
        for piece in isolate(answer, rows):
            if isinstance(piece.result, FunctionFaultError):
                raise piece.result
            if isinstance(piece.error, _NOT_OF_A_ROW):
                raise piece.error
            if piece.error:
                errors.append(piece.error)
            parts.append(piece.result or null)
        for error in errors[:_MOST_LOGGED]:
            _log.warning("%s: a row has a null result: %s: %s", self.name, type(error).__name__, error)
        empty = [{name: pa.nulls(0, arrow_type(kind)) for name, kind in self.outputs.items()}]
        return {name: pa.concat_arrays([each[name] for each in parts or empty]) for name in self.outputs}, errors

    def checked(self, answer: Any, rows: int) -> Columns:
        """Return what `compute` has returned as the outputs.

        Raises FunctionFaultError if it is not as declared, and ArrowInvalid for times beyond those of a timestamp.
        """
        if len(self.outputs) == 1 and not isinstance(answer, Mapping):
            answer = {next(iter(self.outputs)): answer}
        if not isinstance(answer, Mapping):
            names = ", ".join(self.outputs)
            raise FunctionFaultError(f"{COMPUTE}() returns a {_type(answer)}; return a dict of the arrays {names}")
        if {*answer} != {*self.outputs}:
            has = ", ".join(map(str, answer)) or "nothing"
            raise FunctionFaultError(f"{COMPUTE}() returns {has}; function.yaml declares {', '.join(self.outputs)}")
        return {name: _array(name, answer[name], kind, rows) for name, kind in self.outputs.items()}


def package(name: str) -> str:
    """Return the name of the folder in which a function is shipped: no package of Python is called so."""
    return f"headrace_function_{name}"


def locate(function: OwnFunction, folder: Path) -> None:
    """Have workers in this process read the function from `folder`; others find it where their job has put it."""
    with _lock:
        _folders[function.name, function.digest] = folder


def _folder(function: OwnFunction) -> Path:
    if folder := _folders.get((function.name, function.digest)):
        return folder
    spec = importlib.util.find_spec(package(function.name))
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(f"the files of the function {function.name} were not shipped with the job")
    return Path(next(iter(spec.submodule_search_locations)))


def _module(function: OwnFunction, folder: Path) -> ModuleType:
    """Return the module, imported once for each content."""
    name = f"{package(function.name)}_{function.digest[:12]}"
    path = folder / MODULE
    with _lock:
        if loaded := sys.modules.get(f"{name}.function"):
            return loaded
        # The folder as a package: for relative imports, and for importlib.resources.
        spec = importlib.util.spec_from_file_location(
            name, folder / "__init__.py", submodule_search_locations=[str(folder)]
        )
        assert spec  # noqa: S101 - a file of Python always has one
        importlib.invalidate_caches()
        sys.modules[name] = importlib.util.module_from_spec(spec)
        module = ModuleType(f"{name}.function")
        module.__file__, module.__package__ = str(path), name
        sys.modules[module.__name__] = module
        try:
            # Compiled here and not by its loader, which would leave a cache in the folder.
            exec(compile(path.read_bytes(), path, "exec"), vars(module))  # noqa: S102 - the project's own code
        except BaseException:
            for each in [key for key in sys.modules if key == name or key.startswith(f"{name}.")]:
                del sys.modules[each]
            raise
        return module


def _sliced(columns: Columns, start: int, stop: int) -> dict[str, pa.Array]:
    return {name: column.slice(start, stop - start) for name, column in columns.items()}


def _array(name: str, values: Any, kind: str, rows: int) -> pa.Array:
    if not isinstance(values, pa.Array | pa.ChunkedArray):
        raise FunctionFaultError(f"'{name}' is a {_type(values)}; return a pyarrow.Array")
    try:
        check_whole(name, values)
    except ValueError as error:
        raise FunctionFaultError(str(error)) from None
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    if len(values) != rows:
        raise FunctionFaultError(f"'{name}' has {len(values)} values for a batch of {rows}")
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if not _holds(arrow_type(kind), values.type):
        raise FunctionFaultError(f"'{name}' is {values.type}; function.yaml declares {kind}")
    return values.cast(options=pc.CastOptions(arrow_type(kind), allow_time_truncate=True, allow_float_truncate=True))


def _holds(declared: pa.DataType, given: pa.DataType) -> bool:
    """Return whether each value of the type `given` has one of the type `declared`: it never depends on the values.

    A whole number is a double, to 53 bits, and a time is one to the microsecond.
    """
    types = pa.types
    if types.is_null(given) or given == declared:
        return True
    if types.is_list(declared):
        lists = types.is_list(given) or types.is_large_list(given) or types.is_fixed_size_list(given)
        return lists and _holds(declared.value_type, given.value_type)
    if types.is_struct(declared):
        fields = [(each.name, each.type) for each in declared]
        names = [each.name for each in given] if types.is_struct(given) else []
        return names == [name for name, _ in fields] and all(
            _holds(kind, given.field(name).type) for name, kind in fields
        )
    if types.is_int64(declared):
        return bool(types.is_integer(given) and not types.is_uint64(given))
    if types.is_floating(declared):
        return bool(types.is_floating(given) or types.is_integer(given))
    if types.is_string(declared):
        return bool(types.is_large_string(given) or types.is_string_view(given))
    return bool(types.is_timestamp(declared) and (types.is_timestamp(given) or types.is_date(given)))


def _type(value: object) -> str:
    return f"{type(value).__module__}.{type(value).__qualname__}".removeprefix("builtins.")
