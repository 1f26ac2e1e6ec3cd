"""How long and how often a tag was in each of its states: numbers of a digital tag, words of a text tag."""

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
    """One item per cell and state that occurs in it, sorted by cell, then by state.

    `time` is in microseconds; `readings` is the number of usable readings with the state, `entries` the number of
    these that changed to it from another state. Summed over a cell these are its count and its transitions.
    """

    cell: Ints
    state: Floats
    time: Ints
    readings: Ints
    entries: Ints


def states(inputs: AggregateInput) -> States:
    """Return the states of each cell.

    A state lasts from its reading to the next one of any quality; a tag's last state lasts to the end of the cell.
    Time without usable data is in no state. States are always stepped, whatever the tag is.
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
    state_cell, state = np.divmod(keys, max(len(known), 1))
    return States(
        state_cell,
        known[state],
        np.bincount(of_region, regions.width[lasting], minlength=len(keys)).astype(np.int64),
        np.bincount(of_reading, minlength=len(keys)),
        np.bincount(of_reading[entered], minlength=len(keys)),
    )
