"""Our aggregates and those of node-opcua on the same series: equal except where a known fault of node-opcua shows."""

from __future__ import annotations

from collections import Counter
from functools import cache

import pytest

from headrace.historian.series.status import Bits
from support.part13.node_opcua.compared import HERE, Cell, cells
from support.part13.node_opcua.faults import ALL, FAULTS, SILENT, Fault
from support.part13.node_opcua.page import page

KNOWN = FAULTS + SILENT


@cache
def compared() -> list[Cell]:
    return list(cells())


def test_both_return_the_same_wherever_no_known_fault_shows() -> None:
    wrong = [str(cell) for cell in compared() if cell.differs and not any(fault.at(cell) for fault in KNOWN)]
    assert not wrong, f"{len(wrong)} results\n" + "\n".join(wrong[:40])


@pytest.mark.parametrize("fault", KNOWN, ids=lambda fault: fault.name)
def test_a_known_fault_shows_wherever_it_should(fault: Fault) -> None:
    where = [cell for cell in compared() if fault.at(cell)]
    gone = [str(cell) for cell in where if not cell.differs]
    assert {cell.aggregate for cell in where} == set(fault.aggregates)
    assert not gone, f"{len(gone)} of {len(where)} results\n" + "\n".join(gone[:40])


def test_node_opcua_never_sets_the_info_type_that_its_bits_require() -> None:
    """Part 4, 7.38.1: without the info type DataValue the bits are undefined. They are compared as if it was set."""
    of_calculated = [cell.theirs[1] for cell in compared() if cell.theirs and cell.theirs[1] & int(sum(Bits))]
    assert of_calculated
    assert not any(status & 0x0C00 for status in of_calculated)


def test_most_results_of_each_kind_of_series_and_of_each_aggregate_are_equal() -> None:
    alike = [cell for cell in compared() if not cell.differs]
    assert {cell.aggregate for cell in alike} == set(ALL)
    assert len(alike) > 0.7 * len(compared())
    kinds = Counter(cell.series.name.rsplit("-", 1)[0] for cell in alike)
    assert set(kinds) == {cell.series.name.rsplit("-", 1)[0] for cell in compared()}


def test_the_pages_list_the_faults_of_the_tables(pytestconfig: pytest.Config) -> None:
    readme = (HERE / "README.md").read_text(encoding="utf-8")
    assert page(compared()) in readme, "run: PYTHONPATH=jobs:udfs:tests python -m support.part13.node_opcua.page"
    assert f"{len({cell.series.name for cell in compared()})} series" in readme
    retrieval = (pytestconfig.rootpath / "docs" / "retrieval.md").read_text(encoding="utf-8")
    assert f"except for {len(FAULTS)} faults" in retrieval
