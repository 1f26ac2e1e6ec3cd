"""How long, and how often, a tag was in each of its states: digital tags by number, text tags by word."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from headrace.historian.aggregates import reduce
from headrace.historian.aggregates.aggregate_input import AggregateInput
from headrace.historian.aggregates.counts import changes
from headrace.historian.aggregates.regions import Regions
from headrace.historian.series.points import Floats, Ints


@dataclass(frozen=True)
class States:
    """One item for each state that a cell has seen, in the order of cells, then of states.

    `time` is in microseconds, `readings` how many usable ones had the state, `entries` how many came into it from
    another: the sums of a cell are its count and its transitions.
    """

    cell: Ints
    state: Floats
    time: Ints
    readings: Ints
    entries: Ints


def states(inputs: AggregateInput) -> States:
    """A state lasts from its reading to the next usable or bad one; that of a tag's last reading to the end of time.

    Time without usable data is in no state. Whether the tag is stepped does not matter: states always are.
    """
    points, cells = inputs.points, inputs.cells
    regions = Regions.simple(inputs, inputs.held_start, np.ones(len(cells), np.bool_), last_holds=True)
    lasting = ~regions.void & (regions.width > 0)
    region_cell = np.repeat(np.arange(len(cells)), regions.stop - regions.first)[lasting]
    at, reading_cell = reduce.spread(*inputs.inside)
    usable = inputs.usable[at]
    at, reading_cell = at[usable], reading_cell[usable]

    seen = np.concatenate((regions.begin[lasting], points.value[at]))
    known, number = np.unique(seen, return_inverse=True)
    cell = np.concatenate((region_cell, reading_cell))
    keys, place = np.unique(cell * len(known) + number, return_inverse=True)
    of_region, of_reading = place[: len(region_cell)], place[len(region_cell) :]
    entered = changes(points, inputs.usable)[at]
    found_cell, state = np.divmod(keys, max(len(known), 1))
    return States(
        found_cell,
        known[state],
        np.bincount(of_region, regions.width[lasting], minlength=len(keys)).astype(np.int64),
        np.bincount(of_reading, minlength=len(keys)),
        np.bincount(of_reading[entered], minlength=len(keys)),
    )
