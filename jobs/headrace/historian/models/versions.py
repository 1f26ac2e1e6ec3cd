"""A trained version of a model: udfs/models/<name>/<n>/ with card.yaml for people, and model.npz for programs."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from headrace.errors import Place, UserError
from headrace.project import model_files, yaml_text
from headrace.project.model_files import Pin
from headrace.project.paths import Project
from headrace_udfs.scoring import model as scoring
from headrace_udfs.scoring.model import Model

CARD, ARTEFACT = "card.yaml", "model.npz"


@dataclass(frozen=True)
class Training:
    """What a version was learned from.

    snapshot: the id of the snapshot of historian.readings. readings: how many good ones. every_us: the time between two
    instants, in microseconds.
    """

    since: datetime
    until: datetime
    snapshot: int | None
    readings: int
    every_us: int
    trained_at: datetime
    code: str


def folder(project: Project, pin: Pin) -> Path:
    """Return the folder of a version."""
    return model_files.folder(project, pin.name) / str(pin.version)


def write(project: Project, name: str, model: Model, training: Training) -> Pin:
    """Write the model as the next version of `name`. The card comes last: without it, there is no version."""
    pin = Pin(name, max(model_files.versions(project, name), default=0) + 1)
    made, artefact = folder(project, pin), model.save()
    made.mkdir(exist_ok=True)
    (made / ARTEFACT).write_bytes(artefact)
    card = {
        "model": str(pin),
        "trained_at": training.trained_at.isoformat(),
        "since": training.since.isoformat(),
        "until": training.until.isoformat(),
        "snapshot": training.snapshot,
        "readings": training.readings,
        "every_us": training.every_us,
        "code": training.code,
        "sha256": hashlib.sha256(artefact).hexdigest(),
        **model.card(),
    }
    (made / CARD).write_text(yaml.safe_dump(card, sort_keys=False, allow_unicode=True, width=120), encoding="utf-8")
    return pin


def card(project: Project, pin: Pin) -> dict[str, Any]:
    """Return a version's card. Raises UserError if it is not YAML."""
    path = folder(project, pin) / CARD
    _, data = yaml_text.read(path)
    if not isinstance(data, dict):
        raise UserError("this is not the card of a model", Place.of(path), f"headrace model train {pin.name}")
    return data


def load(project: Project, pin: Pin) -> tuple[Model, dict[str, Any]]:
    """Return a version's model and its card.

    Raises UserError if the artefact is missing, or is not the one that the card names.
    """
    described, path = card(project, pin), folder(project, pin) / ARTEFACT
    fix = f"restore it from git, or train a new version: headrace model train {pin.name}"
    try:
        artefact = path.read_bytes()
    except OSError as error:
        raise UserError(f"the model cannot be read: {error.strerror}", Place.of(path), fix) from None
    if hashlib.sha256(artefact).hexdigest() != described.get("sha256"):
        raise UserError("the model is not the one that its card describes", Place.of(path), fix)
    return scoring.load(artefact, described), described
