"""The stand for one run of one contender: an existing topic and separate tables."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyiceberg.io.pyarrow import schema_to_pyarrow

from bench.topic import TAGS
from headrace.environment import iceberg, settings
from headrace.environment.apply import table_changes
from headrace.environment.flink_rest import ENDED, Cluster
from headrace.environment.settings import Settings
from headrace.project.paths import Project

READINGS = "historian.readings"
DEAD_LETTERS = "historian.dead_letters"
SLOTS = 2
LIMIT_S = 600


@dataclass(frozen=True)
class Stand:
    """The project's sql/ with the topic's name in its contract, and a catalog and a warehouse in `project.root`."""

    project: Project
    settings: Settings
    topic: str
    messages: int

    @property
    def cluster(self) -> Cluster:
        """The local session cluster."""
        return Cluster.of(self.settings)

    def finish(self, job_id: str) -> None:
        """Wait until the bounded job has ended; raise RuntimeError unless it finished."""
        self.cluster.wait(lambda: self.cluster.state(job_id) in ENDED, LIMIT_S, f"the end of job {job_id}")
        if (state := self.cluster.state(job_id)) != "FINISHED":
            raise RuntimeError(f"job {job_id} is {state}: {self.cluster.last_failure(job_id)}")


@contextmanager
def stand(platform: Project, folder: Path, topic: str, messages: int) -> Iterator[Stand]:
    """Yield a stand under `folder`, which is deleted afterwards."""
    shutil.copytree(platform.root / "sql", folder / "sql")
    shutil.copytree(platform.root / "catalogs", folder / "catalogs")
    contract = folder / "sql" / "_sources" / "plant_readings.yaml"
    contract.write_text(contract.read_text().replace("topic: plant.readings", f"topic: {topic}"))
    project = Project(folder, platform.home)
    loaded = settings.load(project, "local")
    own = {"path": str(folder / "catalog.db"), "warehouse": f"file://{folder / 'warehouse'}"}
    result = Stand(
        project, loaded.model_copy(update={"catalog": loaded.catalog.model_copy(update=own)}), topic, messages
    )
    table_changes.apply(project, result.settings)
    _list_tags(result)
    try:
        yield result
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _list_tags(stand: Stand) -> None:
    """List every tag with its asset and its range, so that both steps have work to do."""
    table = iceberg.load_table(iceberg.connect(stand.settings), "historian.tags")
    values = {
        "tag": TAGS,
        "asset": [f"plant/park/row/{tag.split('.')[0]}" for tag in TAGS],
        "unit": ["degC"] * len(TAGS),
        "range_low": np.full(len(TAGS), -50.0),
        "range_high": np.full(len(TAGS), 150.0),
    }
    schema = schema_to_pyarrow(table.schema(), include_field_ids=False)
    columns = [pa.array(values[f.name], f.type) if f.name in values else pa.nulls(len(TAGS), f.type) for f in schema]
    table.append(pa.Table.from_arrays(columns, schema=schema))
