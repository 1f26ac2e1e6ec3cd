"""The tables of README.md: the faults of node-opcua, and how many of its results each affects.

`PYTHONPATH=jobs:udfs:tests python -m support.part13.node_opcua.page` prints them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from support.part13.node_opcua.compared import Cell, cells
from support.part13.node_opcua.faults import FAULTS, SILENT, Fault


def page(compared: Sequence[Cell]) -> str:
    """Return the part of README.md that depends on `compared`."""
    alike = sum(not cell.differs for cell in compared)
    return f"""Of {len(compared):,} results {alike:,} are equal. Each of the others shows one or more of {len(FAULTS)} faults of node-opcua:

| fault | clause | the standard | node-opcua | results |
|---|---|---|---|---|
{_rows(FAULTS, compared)}

And two points that Part 13 does not specify:

| point | clause | the standard | node-opcua, and ours | results |
|---|---|---|---|---|
{_rows(SILENT, compared)}
"""  # noqa: E501 - a table of Markdown


def _rows(faults: Iterable[Fault], compared: Sequence[Cell]) -> str:
    counts = [(fault, sum(fault.at(cell) for cell in compared)) for fault in faults]
    return "\n".join(f"| {each.name} | {each.clause} | {each.says} | {each.does} | {n} |" for each, n in counts)


if __name__ == "__main__":
    print(page(list(cells())))  # noqa: T201 - the program's output
