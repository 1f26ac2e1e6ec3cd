"""The Iceberg schema of each table, column by column: `HEADRACE_UPDATE_GOLDEN=1` writes the file again.

Engines find a column of stored files by its id, so a change of the order of columns is as grave as one of a type.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from headrace.project.paths import Project
from headrace.project.table import Table
from headrace.project.table_files import load_all
from support import ROOT

GOLDEN = Path(__file__).parent / "tables.json"
DESCRIPTIONS = ("comment", "owner", "headrace.grain")


def described(table: Table) -> dict[str, Any]:
    """Describe a table as Iceberg has it, without its comments."""
    schema = table.iceberg_schema()
    return {
        "columns": [f"{f.field_id} {f.name} {f.field_type}{' required' if f.required else ''}" for f in schema.fields],
        "key": sorted(schema.identifier_field_names()),
        "partition": [str(field) for field in table.partition_spec().fields],
        "sort": [str(field) for field in table.sort_order().fields],
        "properties": {k: v for k, v in sorted(table.all_properties.items()) if k not in DESCRIPTIONS},
    }


def test_the_columns_keys_and_properties_of_the_tables_match_the_golden_file() -> None:
    tables = {name: described(table) for name, table in load_all(Project(ROOT, ROOT / ".headrace")).items()}
    if os.environ.get("HEADRACE_UPDATE_GOLDEN"):
        GOLDEN.write_text(json.dumps(tables, indent=2) + "\n")
    assert tables == json.loads(GOLDEN.read_text())
