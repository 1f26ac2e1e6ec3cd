"""A step that raises on a row loses only that row to dead letters, on real services."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import ClassVar

import cloudpickle
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from headrace.upkeep import reconcile
from headrace_udfs.step_protocol import Columns, Worker
from headrace_udfs.steps import STEPS
from headrace_udfs.types import ContractType
from support.worlds.live_plant import JOB, Plant, reading


class Fragile:
    """Raises on any batch that holds the value 13."""

    name: ClassVar[str] = "fragile"
    needs: ClassVar[tuple[str, ...]] = ("value",)
    outputs: ClassVar[Mapping[str, ContractType]] = {}

    def open(self, worker: Worker) -> None:
        """Needs nothing."""

    def apply(self, columns: Columns) -> Columns:
        if pc.any(pc.equal(columns["value"], pa.scalar(13.0))).as_py():
            raise ValueError("thirteen is unlucky")
        return {}

    def close(self) -> None:
        """Holds nothing."""


@pytest.fixture
def _fragile(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Register the step `fragile`, sent to the workers by value: they cannot import tests."""
    monkeypatch.setitem(STEPS, Fragile.name, Fragile)
    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    yield
    cloudpickle.unregister_pickle_by_value(sys.modules[__name__])


@pytest.mark.usefixtures("_fragile")
def test_a_step_that_raises_sends_just_its_rows_to_dead_letters(own_plant: Plant) -> None:
    job = own_plant.project.sql / JOB / "job.yaml"
    job.write_text(job.read_text().replace("[enrich, range]", "[enrich, range, fragile]"))
    own_plant.produce(reading(n, value=13.0 if n in (7, 4_321) else 1.0) for n in range(5_000))
    own_plant.finish(own_plant.submit(bounded=True, parallelism=1))
    rows = own_plant.query("select stage, code, message from historian.dead_letters")
    assert rows == [("fragile", "udf_failed", "ValueError: thirteen is unlucky")] * 2
    balances = own_plant.follow()
    reconcile.verdict(balances)
    assert sum(b.good for b in balances) == 4_998
