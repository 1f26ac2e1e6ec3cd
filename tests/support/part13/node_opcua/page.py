"""The tables of README.md: what node-opcua does otherwise, and in how many of its results.

`PYTHONPATH=jobs:tests python -m part13.node_opcua.page` prints them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from support.part13.node_opcua.compared import Cell, cells
from support.part13.node_opcua.faults import FAULTS, SILENT, Fault


def page(compared: Sequence[Cell]) -> str:
    """The part of README.md that is told by `compared`."""
    alike = sum(not cell.differs for cell in compared)
    return f"""Of {len(compared):,} results {alike:,} are alike. In the others one or more of {len(FAULTS)} faults of node-opcua's show:

| fault | clause | the standard | node-opcua | results |
|---|---|---|---|---|
{_rows(FAULTS, compared)}

And two rules on which Part 13 is silent:

| of | clause | the standard | node-opcua, and ours | results |
|---|---|---|---|---|
{_rows(SILENT, compared)}
"""  # noqa: E501 - a table of Markdown


def _rows(faults: Iterable[Fault], compared: Sequence[Cell]) -> str:
    found = [(fault, sum(fault.at(cell) for cell in compared)) for fault in faults]
    return "\n".join(f"| {each.name} | {each.clause} | {each.says} | {each.does} | {n} |" for each, n in found)


if __name__ == "__main__":
    print(page(list(cells())))  # noqa: T201 - the program's output
