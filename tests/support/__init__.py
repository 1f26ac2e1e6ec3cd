"""What tests share: worlds to act in, services to start, commands to run."""

import shutil
from pathlib import Path

ROOT = Path(__file__).parents[2]
"""The project under test."""


def copy_tables(folder: Path, *names: str) -> None:
    """Copy the files of these tables of the project under test, and what all tables share, into folder/sql/_tables/."""
    tables = ROOT / "sql" / "_tables"
    for path in [tables / "_defaults.yaml", *(path for name in names for path in tables.rglob(f"{name}.yaml"))]:
        copy = folder / "sql" / "_tables" / path.relative_to(tables)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
