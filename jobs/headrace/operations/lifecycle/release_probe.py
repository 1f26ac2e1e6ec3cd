"""Report how a release reads an order. It is run by its path, and imports the engine from the release's tree alone.

The order comes on standard input, as JSON. The report is one line of JSON on standard output: `order_version`,
`settings`, one fault for each setting that the release refuses, and `tables`, one sentence for each reason why it
cannot write its tables. With the argument `prepare`, tables are also made ready for the release, if that is safe.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

from pydantic import ValidationError

_HARMLESS = {"describe", "property"}


def report(order: dict[str, Any], *, prepare: bool) -> dict[str, Any]:
    """Return the version of the orders that the release reads, and why it cannot run this one."""
    # Imported by name: in this tree, that module itself imports this package.
    engine: Any = importlib.import_module("headrace.lifecycle.again")
    # The first releases read version 1, and do not declare it.
    declared = getattr(engine, "ORDER_VERSION", None)
    answer = {"order_version": declared or 1, "settings": _setting_faults(engine, order["settings"]), "tables": []}
    if not answer["settings"]:
        faults = engine.table_faults(order) if declared else _first_table_faults(engine, order, prepare=prepare)
        answer["tables"] = faults
    return answer


def _setting_faults(engine: Any, settings: dict[str, Any]) -> list[dict[str, Any]]:
    try:
        engine.Settings.model_validate(settings)
    except ValidationError as error:
        return [
            {"setting": _key(settings, item["loc"]), "unknown": item["type"] == "extra_forbidden", "what": item["msg"]}
            for item in error.errors()
        ]
    return []


def _key(settings: Any, location: tuple[int | str, ...]) -> str:
    """Return the fault's key with dots. pydantic's location also names the variant of a union, which no file has."""
    keys: list[str] = []
    for number, step in enumerate(location, 1):
        if isinstance(settings, dict | list) and (step in settings if isinstance(settings, dict) else True):
            settings = settings[step]  # type: ignore[index]
        elif number < len(location):
            continue
        keys.append(str(step))
    return ".".join(keys)


def _first_table_faults(engine: Any, order: dict[str, Any], *, prepare: bool) -> list[str]:
    """Return what `table_faults` of later releases returns, for releases of commit 49e4b02 and before.

    These start no job whose tables have other descriptions or properties than their own files. `prepare` sets the
    tables' descriptions and properties to those of the release.
    """
    modules = [importlib.import_module(f"headrace.{name}") for name in ("tables", "jobfolder", "project")]
    tables, folders, paths = modules
    settings = engine.Settings.model_validate(order["settings"])
    project = paths.Project(Path(order["root"]), Path(order["home"]))
    plans = tables.plan(project, settings, folders.load(project, order["job"]).job.tables_written)
    faults = [f"{plan.name}: {problem.what}" for plan in plans for problem in plan.refused]
    faults += [
        f"{plan.name}: {change.kind} {change.target}"
        for plan in plans
        for change in plan.changes
        if change.kind not in _HARMLESS
    ]
    if prepare and not faults:
        tables.apply(project, settings, [plan.name for plan in plans if plan.changes])
    return faults


if __name__ == "__main__":
    answer = report(json.load(sys.stdin), prepare="prepare" in sys.argv[1:])
    sys.stdout.write("\n" + json.dumps(answer) + "\n")
