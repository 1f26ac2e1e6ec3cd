"""What `--into` says: a branch of each table of the job, or other tables for the rows of its own ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from headrace.errors import UserError, did_you_mean
from headrace.operations.replay import branches
from headrace.project.table_files import TABLE_NAME


@dataclass(frozen=True)
class Targets:
    """Where the rows of a replay go.

    `others` are the tables that get the rows of the job's own ones, by these; `branch` is that of all other tables.
    """

    branch: str
    others: Mapping[str, str] = field(default_factory=dict)

    @property
    def shown(self) -> str:
        """The targets, as part of a sentence."""
        noun = "table" if len(self.others) == 1 else "tables"
        return f"the {noun} {', '.join(self.others.values())}" if self.others else f"the branch {self.branch}"


def targets(writer: str, tables: Sequence[str], into: Sequence[str]) -> Targets:
    """Return the targets of a writer with one table or more. Raises UserError if `into` does not say them."""
    if len(into) == 1 and "=" not in into[0]:
        (name,) = into
        return _table_of(writer, tables, name) if "." in name else Targets(branches.valid(name))
    others: dict[str, str] = {}
    for each in into:
        own, equals, other = each.partition("=")
        if not equals:
            what = f"several targets are tables, each as OWN=OTHER, and '{each}' is not"
            raise UserError(what, "--into", f"name one branch, or {_each(tables)}")
        _require_written(writer, tables, own, others)
        if other in others.values():
            raise UserError(f"the rows of several tables would mix in {other}", "--into", f"name {_each(tables)}")
        others[own] = valid(other)
    if missing := [own for own in tables if own not in others]:
        raise UserError(f"nothing says where the rows of {', '.join(missing)} go", "--into", f"name {_each(tables)}")
    return Targets(branch_of(next(iter(others.values()))), others)


def valid(name: str) -> str:
    """Return the name of a table. Raises UserError if it is none."""
    if not TABLE_NAME.fullmatch(name):
        fix = "write its namespace and name in lower case letters, digits and _, as in fleet.arrivals_0313"
        raise UserError(f"'{name}' is not a valid name of a table", "--into", fix)
    return name


def branch_of(table: str) -> str:
    """Return the branch that gets the dead letters and late readings of a replay into the table."""
    return table.replace(".", "_")


def _table_of(writer: str, tables: Sequence[str], name: str) -> Targets:
    if "@" in name:
        what, fix = f"'{name}' is how a query names a branch", f"write the branch alone: {name.partition('@')[2]}"
        raise UserError(what, "--into", fix)
    if len(tables) > 1:
        what = f"{writer} writes {' and '.join(tables)}, whose rows do not go into one table"
        raise UserError(what, "--into", f"name a branch, or {_each(tables)}")
    return Targets(branch_of(valid(name)), {tables[0]: name})


def _require_written(writer: str, tables: Sequence[str], own: str, known: Mapping[str, str]) -> None:
    if own not in tables:
        fix = did_you_mean(own, tables, "it writes")
        raise UserError(f"{writer} writes no table '{own}'", "--into", fix)
    if own in known:
        raise UserError(f"the rows of {own} go into one table", "--into", f"leave {known[own]} out, or the other one")


def _each(tables: Sequence[str]) -> str:
    return "a table for each: " + " ".join(f"--into {own}={own}_again" for own in tables)
