"""Train a model on a span of stored readings, and keep it as a new version."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path

import numpy as np

from headrace.errors import UserError
from headrace.historian.historian import Historian
from headrace.historian.models import declared, declared_networks, held_back, instants
from headrace.project import model_files, model_versions
from headrace.project.model_files import Pin
from headrace.project.model_kinds import BaselineFile, ModelFile, OnnxFile, RegimeFile
from headrace.project.model_versions import Training
from headrace.project.paths import Project
from headrace_udfs.scoring import fit, fit_baseline, fit_networks
from headrace_udfs.scoring.alignment import Instants
from headrace_udfs.scoring.model import Model

_LEAST_INSTANTS = 1000


@dataclass(frozen=True)
class Trained:
    """A version, its model, and what it was learned from; `new` is False if an earlier version is the same model."""

    pin: Pin
    new: bool
    model: Model
    training: Training


def train(
    project: Project,
    historian: Historian,
    name: str,
    span: tuple[datetime, datetime],
    progress: Callable[[str], None],
    *,
    holdback: timedelta | None = None,
) -> Trained:
    """Train the model `name` on the readings from the first time of `span` to before the second.

    `progress` is called with each step. holdback: for networks, how much of the end of the span sets the thresholds;
    they have not learned from it. Raises UserError for a fault in model.yaml, and if the span has too few readings to
    learn from; PlatformError.
    """
    file = model_files.load(project, name)
    held_back.check(file, holdback)
    chosen = declared.names(file, historian.tags())
    progress(f"reading {len(chosen):,} tags")
    readings = instants.read(historian, chosen, *span)
    every = file.every // timedelta(microseconds=1) if file.every else instants.interval(readings)
    grid = instants.aligned(readings, every)
    if len(grid.times) < _LEAST_INSTANTS:
        raise UserError(
            f"learning: the span has {len(grid.times):,} instants, and a model needs {_LEAST_INSTANTS:,}",
            fix="choose a longer span, or less time between instants (every: in model.yaml)",
        )
    progress(f"learning from {len(grid.times):,} instants")
    assets = historian.tag_names.assets(chosen)
    model = _fitted(file, model_files.folder(project, name), assets, grid, holdback)
    training = Training(
        *span,
        historian.reader.table.metadata.current_snapshot_id,
        int(np.sum([len(each.times) for each in readings])),
        every,
        datetime.now(UTC),
        f"headrace {version('headrace')}",
        thresholds_since=held_back.since(grid, holdback) if holdback else None,
    )
    known = model_files.versions(project, name)
    pin = model_versions.write(project, name, model, training)
    return Trained(pin, pin.version not in known, model, training)


def _fitted(
    file: ModelFile,
    folder: Path,
    assets: Mapping[str, str | None],
    grid: Instants,
    holdback: timedelta | None,
) -> Model:
    tags = declared.tags(file, list(assets), assets)
    match file:
        case BaselineFile():
            budget = file.budget.false_events_per_tag_month if file.budget else None
            return fit_baseline.fit(tags, grid.times, grid.values, budget=budget)
        case OnnxFile():
            found = declared_networks.networks(file, folder, tags, assets)
            return fit_networks.fit(
                tags,
                grid.times,
                grid.values,
                found.each,
                refused=found.refused,
                held_back=held_back.rows(grid, holdback or timedelta()),
                budget=file.budget.false_events_per_tag_month,
            )
        case RegimeFile():
            return fit.fit(tags, grid.times, grid.values, file.budget.false_events_per_tag_month)
