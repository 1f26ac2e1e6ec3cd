"""Run the engine of a release: report how it reads an order, or start the order's job.

It is run by its path, and imports the engine from the release's tree alone. The order comes on standard input, as JSON.

- `read` prints one line of JSON: `order_version`, the version of the orders that the release reads; `settings`, one
  fault for each setting that it refuses; `tables`, one sentence for each reason why it cannot write its tables.
- `plan` also has the release check and plan the job, as it does before a start, unless tables prevent that. It adds
  `problems`, which are those of an error that was raised, and `appends`, the tables that the job appends to.
- `start` starts the job, and reports a fault as the release's engine does.

Settings that the release does not know are left out of what its engine gets.
"""

from __future__ import annotations

import copy
import importlib
import io
import json
import sys
from pathlib import Path
from typing import Any

from pydantic import ValidationError

Json = dict[str, Any]


def report(order: Json, *, plan: bool) -> Json:
    """Return how the release reads the order, as the module describes it."""
    engine = Engine()
    faults = engine.setting_faults(order["settings"])
    answer: Json = {"order_version": engine.order_version, "settings": faults, "tables": []}
    if any(not fault["unknown"] for fault in faults):
        return answer
    known = without_unknown(order, faults)
    answer["tables"] = engine.table_faults(known)
    if plan and not answer["tables"]:
        answer |= engine.planned(known)
    return answer


def without_unknown(order: Json, faults: list[Json]) -> Json:
    """Return the order without the settings that the release does not know."""
    order = copy.deepcopy(order)
    for fault in faults:
        *sections, key = fault["path"]
        within = order["settings"]
        for section in sections:
            within = within[section]
        if fault["unknown"]:
            del within[key]
    return order


class Engine:
    """The release's engine; its entry is `headrace.lifecycle.again`."""

    def __init__(self) -> None:
        # Imported by name: in this tree, that module itself imports this package.
        self._entry: Any = importlib.import_module("headrace.lifecycle.again")
        # The releases of commit 49e4b02 and before read version 1, and do not declare it.
        self._first = not hasattr(self._entry, "ORDER_VERSION")
        self.order_version: int = 1 if self._first else self._entry.ORDER_VERSION

    def setting_faults(self, settings: Json) -> list[Json]:
        """Return what the release refuses in the settings: the setting's path and name, and what is wrong."""
        try:
            self._entry.Settings.model_validate(settings)
        except ValidationError as error:
            paths = [(_path(settings, item["loc"]), item) for item in error.errors()]
            return [
                {
                    "path": path,
                    "setting": ".".join(map(str, path)),
                    "unknown": item["type"] == "extra_forbidden",
                    "what": item["msg"],
                }
                for path, item in paths
            ]
        return []

    def table_faults(self, order: Json) -> list[str]:
        """Return one sentence for each reason why the release cannot write its tables."""
        faults: list[str] = self._first_table_faults(order) if self._first else self._entry.table_faults(order)
        return faults

    def planned(self, order: Json) -> Json:
        """Return the `problems` that the release finds while it plans the job, and the tables that it `appends` to.

        Releases that cannot plan a job without starting it find none.
        """
        errors: Any = importlib.import_module("headrace.errors")
        try:
            appends = self._first_plan(order) if self._first else getattr(self._entry, "check", _no_check)(order)
        except errors.HeadraceError as error:
            return {"problems": [problem.to_json() for problem in error.problems], "appends": []}
        return {"problems": [], "appends": appends}

    def start(self, order: Json) -> None:
        """Start the job. Exits as the engine does, and reports a fault on standard output as one line of JSON."""
        if self._first:
            self._accept_tables()
        sys.stdin = io.StringIO(json.dumps(order))
        self._entry.main()

    def _accept_tables(self) -> None:
        """Let a first release write tables that differ from its files; table_faults has checked them."""
        importlib.import_module("headrace.preflight").plan = lambda *_: []  # type: ignore[attr-defined]

    def _first_table_faults(self, order: Json) -> list[str]:
        job, written = self._first_job(order), importlib.import_module("headrace.tables").load_all(self._project(order))
        widens = importlib.import_module("headrace.tables.diff").widens
        catalogs: Any = importlib.import_module("headrace.catalog")
        catalog = catalogs.connect(self._entry.Settings.model_validate(order["settings"]))
        faults = []
        for name in job.tables_written:
            if not catalog.table_exists(name):
                continue
            fields = {field.name: field for field in catalogs.load_table(catalog, name).schema().fields}
            for column, described in written[name].columns.items():
                field = fields.pop(column, None)
                if field is None:
                    faults.append(f"{name}: it has no column {column}")
                elif field.field_type != described.type and not widens(described.type, field.field_type):
                    faults.append(f"{name}: its column {column} is {field.field_type}, not {described.type}")
            faults += [f"{name}: its column {field.name} is required" for field in fields.values() if field.required]
        return faults

    def _first_plan(self, order: Json) -> list[str]:
        self._accept_tables()
        self._entry.submit.launch = lambda *_: None
        self._entry.run(order)
        return [name for name, mode in self._first_job(order).writes.items() if mode == "append"]

    def _first_job(self, order: Json) -> Any:
        return importlib.import_module("headrace.jobfolder").job_of(self._project(order), order["job"])

    def _project(self, order: Json) -> Any:
        return importlib.import_module("headrace.project").Project(Path(order["root"]), Path(order["home"]))


def _no_check(_order: Json) -> list[str]:
    return []


def _path(settings: Any, location: tuple[int | str, ...]) -> list[int | str]:
    """Return the keys that lead to the fault. pydantic's location also names the variant of a union."""
    keys: list[int | str] = []
    for number, step in enumerate(location, 1):
        if isinstance(settings, dict | list) and (step in settings if isinstance(settings, dict) else True):
            settings = settings[step]  # type: ignore[index]
        elif number < len(location):
            continue
        keys.append(step)
    return keys


def main() -> None:
    """Carry out the argument: `read`, `plan` or `start`."""
    order, what = json.load(sys.stdin), sys.argv[1]
    if what == "start":
        engine = Engine()
        engine.start(without_unknown(order, engine.setting_faults(order["settings"])))
    else:
        sys.stdout.write("\n" + json.dumps(report(order, plan=what == "plan")) + "\n")


if __name__ == "__main__":
    main()
