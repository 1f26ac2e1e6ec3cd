"""Train a model on a span of stored readings, and keep it as a new version."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version

import numpy as np

from headrace.errors import UserError
from headrace.historian.historian import Historian
from headrace.historian.models import declared, instants, versions
from headrace.historian.models.versions import Training
from headrace.project import model_files
from headrace.project.model_files import Pin
from headrace.project.paths import Project
from headrace_udfs.scoring import fit
from headrace_udfs.scoring.model import Model

_LEAST_INSTANTS = 1000


@dataclass(frozen=True)
class Trained:
    """A new version, its model, and what it was learned from."""

    pin: Pin
    model: Model
    training: Training


def train(
    project: Project, historian: Historian, name: str, span: tuple[datetime, datetime], progress: Callable[[str], None]
) -> Trained:
    """Train the model `name` on the readings from the first time of `span` to before the second.

    `progress` is called with each step. Raises UserError for a fault in model.yaml, and if the span has too few
    readings to learn from; PlatformError.
    """
    file = model_files.load(project, name)
    chosen = declared.names(file, historian.tags())
    progress(f"reading {len(chosen):,} tags")
    readings = instants.read(historian, chosen, *span)
    every = file.every // timedelta(microseconds=1) if file.every else instants.interval(readings)
    grid = instants.aligned(readings, every)
    if len(grid.times) < _LEAST_INSTANTS:
        raise UserError(
            f"the span has {len(grid.times):,} instants; a model needs {_LEAST_INSTANTS:,} to learn from",
            fix="choose a longer span, or less time between instants (every: in model.yaml)",
        )
    progress(f"learning from {len(grid.times):,} instants")
    assets = {name: historian.tag_names.row(name).get("asset") for name in chosen}
    tags = declared.tags(file, chosen, assets)
    model = fit.fit(tags, grid.times, grid.values, file.budget.false_events_per_tag_month)
    training = Training(
        *span,
        historian.reader.table.metadata.current_snapshot_id,
        int(np.sum([len(each.times) for each in readings])),
        every,
        datetime.now(UTC),
        f"headrace {version('headrace')}",
    )
    return Trained(versions.write(project, name, model, training), model, training)
