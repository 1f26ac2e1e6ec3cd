"""Run the module of a Table API job, and check the Tables that it returns for the job's sinks."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from headrace.compose.invalid_call import InvalidCall
from headrace.errors import HeadraceError, Place, Problem, UserError
from headrace.planner.table_api.inputs import Inputs
from headrace.project.job import OLD_TOPIC, SCORE, TOPIC, Job
from headrace.project.python_module import FUNCTION, PACKAGE, ModuleFile


def tables(module: ModuleFile, job: Job, inputs: Inputs) -> dict[str, Any]:
    """Return the pyflink Table of each sink. Raises UserError for what the module raises; Java's errors pass."""
    from py4j.protocol import Py4JJavaError  # noqa: PLC0415 - comes with PyFlink
    from pyflink.util.exceptions import JavaException  # noqa: PLC0415

    try:
        outputs = getattr(_imported(module), FUNCTION)(inputs)
    except (HeadraceError, Py4JJavaError, JavaException):
        raise
    except InvalidCall as invalid:
        raise UserError(invalid.problem.what, module.place_of(invalid), invalid.problem.fix) from None
    except Exception as error:
        raise UserError(f"{type(error).__name__}: {error}", module.place_of(error)) from None
    if job.kind == SCORE:  # the engine's module computes all that a score job can write
        outputs = {sink: table for sink, table in outputs.items() if sink in job.writes}
    if problems := [*_mismatches(module, job, outputs)]:
        raise UserError(problems)
    return dict(outputs)


def _mismatches(module: ModuleFile, job: Job, outputs: object) -> Iterator[Problem]:
    from pyflink.table import Table  # noqa: PLC0415 - importing PyFlink costs a second

    place = Place.of(module.path, module.line)
    if not isinstance(outputs, dict):
        yield Problem(f"{FUNCTION}() returns {outputs!r}", place, "return a dict with one Table per sink of job.yaml")
        return
    for sink in job.writes:
        if sink not in outputs:
            yield Problem(f"{FUNCTION}() returns no Table for the sink '{sink}'", place, f"add '{sink}' to its dict")
    for sink, table in outputs.items():
        if sink not in job.writes:
            yield _undeclared(module, job, str(sink))
        elif not isinstance(table, Table):
            yield Problem(f"'{sink}' is {table!r}, which is not a Table", module.place(sink))


def _undeclared(module: ModuleFile, job: Job, sink: str) -> Problem:
    kind, _, name = sink.partition("/")
    if kind == OLD_TOPIC:
        return Problem(f"'{sink}' is now '{TOPIC}{name}'", module.place(sink), f"write '{TOPIC}{name}'")
    fix = f"add '{job.output(sink)}: append' under writes: in job.yaml, or leave it out"
    if name in job.writes:
        fix = f"write '{name}', the table's name alone"
    return Problem(f"job.yaml does not write '{sink}'", module.place(sink), fix)


def _imported(module: ModuleFile) -> ModuleType:
    """Import the module from its own project, after unloading modules of the same name from another project."""
    folder = module.path.parent
    known = sys.modules.get(PACKAGE)
    if known is not None and Path(str(known.__file__)).parent != folder:
        for name in [name for name in sys.modules if name.split(".")[0] == PACKAGE]:
            del sys.modules[name]
    sys.path.insert(0, str(folder.parent))
    try:
        return importlib.import_module(f"{PACKAGE}.{module.path.stem}")
    finally:
        sys.path.remove(str(folder.parent))
