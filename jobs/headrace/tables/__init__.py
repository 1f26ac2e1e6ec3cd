"""The Iceberg tables of sql/_tables/: read, compared with the catalog, created and evolved."""

from headrace.tables.change import TablePlan, apply, plan, refuse
from headrace.tables.diff import Change
from headrace.tables.files import load_all
from headrace.tables.model import Column, Table

__all__ = ["Change", "Column", "Table", "TablePlan", "apply", "load_all", "plan", "refuse"]
