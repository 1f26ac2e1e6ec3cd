"""The steps that a job can name under `steps:`, thin wrappers of pure functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

import numpy as np
import pyarrow as pa

from headrace_udfs import tag_cache
from headrace_udfs.enrich import enrich
from headrace_udfs.sensor_range import OUT_OF_RANGE, marked
from headrace_udfs.step_protocol import CatalogAddress, Columns, Step, Worker
from headrace_udfs.tags import TagTable
from headrace_udfs.types import ContractType


class _TagStep:
    """A step that uses the plant's tags: those passed to it, or else historian.tags of the worker's catalog."""

    name: ClassVar[str]

    def __init__(self, tags: TagTable | None = None) -> None:
        self._given = tags

    def open(self, worker: Worker) -> None:
        """Acquire the tags. Raises ValueError without a catalog, RuntimeError if the tags cannot be read."""
        self._worker = worker
        if self._given is None:
            self._cache = tag_cache.acquire(self._address)

    def close(self) -> None:
        """Release the tags."""
        if self._given is None:
            tag_cache.release(self._address)

    @property
    def _tags(self) -> TagTable:
        return self._cache.rows if self._given is None else self._given

    @property
    def _address(self) -> CatalogAddress:
        if self._worker.catalog is None:
            raise ValueError(f"step '{self.name}' reads {tag_cache.TABLE}, but no catalog is set")
        return self._worker.catalog


class Enrich(_TagStep):
    """tag -> asset, unit; both null for a tag that is not in historian.tags. The metric `unknown_tags` counts those."""

    name: ClassVar[str] = "enrich"
    needs: ClassVar[tuple[str, ...]] = ("tag",)
    outputs: ClassVar[Mapping[str, ContractType]] = {"asset": "string", "unit": "string"}

    def apply(self, columns: Columns) -> Columns:
        """Return asset and unit, texts with a dictionary, of the column `tag`."""
        table = self._tags
        if unknown := int(np.count_nonzero(table.look_up(columns["tag"]) < 0)):
            self._worker.count("unknown_tags", unknown)
        asset, unit = enrich(columns["tag"], table)
        return {"asset": asset, "unit": unit}


class Range(_TagStep):
    """tag, value, quality -> quality: uncertain for a good reading outside of its tag's range in historian.tags.

    The metric `out_of_range` counts those.
    """

    name: ClassVar[str] = "range"
    needs: ClassVar[tuple[str, ...]] = ("tag", "value", "quality")
    outputs: ClassVar[Mapping[str, ContractType]] = {"quality": "long"}

    def apply(self, columns: Columns) -> Columns:
        """Return the OPC UA StatusCodes (long) of the columns `tag`, `value` and `quality`."""
        low, high = self._tags.ranges(columns["tag"])
        value = columns["value"].to_numpy(zero_copy_only=False)
        before = columns["quality"].to_numpy()
        quality = marked(value, before, low, high)
        if outside := int(np.count_nonzero((quality == OUT_OF_RANGE) & (before != OUT_OF_RANGE))):
            self._worker.count("out_of_range", outside)
        return {"quality": pa.array(quality, pa.int64())}


STEPS: dict[str, Callable[[], Step]] = {step.name: step for step in (Enrich, Range)}
"""The class of each step, by its name."""
