"""A message that kills each worker that decodes it does not stop a job."""

from __future__ import annotations

import os
import signal
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

WINDOWED = "historian/rollup_1m_v1"


class Deadly:
    """Kills the process on any batch that holds the value 13."""

    name: ClassVar[str] = "deadly"
    needs: ClassVar[tuple[str, ...]] = ("value",)
    outputs: ClassVar[Mapping[str, ContractType]] = {}

    def open(self, worker: Worker) -> None:
        """Needs nothing."""

    def apply(self, columns: Columns) -> Columns:
        if pc.any(pc.equal(columns["value"], pa.scalar(13.0))).as_py():
            os.kill(os.getpid(), signal.SIGKILL)
        return {}

    def close(self) -> None:
        """Holds nothing."""


@pytest.fixture
def _deadly(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Register the step `deadly`, sent to the workers by value: they cannot import tests."""
    monkeypatch.setitem(STEPS, Deadly.name, Deadly)
    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    yield
    cloudpickle.unregister_pickle_by_value(sys.modules[__name__])


@pytest.mark.proof
@pytest.mark.usefixtures("_deadly")
def test_messages_that_kill_workers_become_dead_letters_and_the_rest_is_stored(own_plant: Plant) -> None:
    job = own_plant.project.sql / JOB / "job.yaml"
    job.write_text(job.read_text().replace("[enrich, range]", "[enrich, range, deadly]"))
    sent = own_plant.produce(reading(n, value=13.0 if n in (7, 1_432) else 1.0) for n in range(2_000))
    own_plant.finish(own_plant.submit(bounded=True, parallelism=1), 240)
    rows = own_plant.query("select code, message, payload from historian.dead_letters order by payload")
    why = ("udf_failed", "decoding it ends the process, by signal 9")
    assert rows == [(*why, reading(n, value=13.0)) for n in (7, 1_432)]
    balances = own_plant.follow()
    reconcile.verdict(balances)
    assert sum(b.good for b in balances) == sent - 2


@pytest.mark.proof
@pytest.mark.usefixtures("_deadly")
def test_a_job_with_windows_in_sql_finds_them_too(own_plant: Plant) -> None:
    """It reads a row per message, and its functions do not know offsets."""
    job = own_plant.project.sql / WINDOWED / "job.yaml"
    text = job.read_text().replace("window: 1m\n", "steps: [deadly]\n")
    job.write_text(text)
    own_plant.produce(reading(n, value=13.0 if n in (7, 1_432) else 1.0) for n in range(2_000))
    own_plant.finish(own_plant.submit(WINDOWED, bounded=True, parallelism=1), 240)
    rows = own_plant.query("select code, message, payload from historian.dead_letters order by payload")
    why = ("udf_failed", "decoding it ends the process, by signal 9")
    assert rows == [(*why, reading(n, value=13.0)) for n in (7, 1_432)]
