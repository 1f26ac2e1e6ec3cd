"""A trained version of a model: udfs/models/<name>/<n>/ with card.yaml for people, and model.npz for programs."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import yaml

from headrace.errors import Place, UserError
from headrace.project import model_files, yaml_text
from headrace.project.model_files import ARTEFACT, CARD, Pin
from headrace.project.paths import Project
from headrace_udfs.onnx_session import UnusableNetworkError
from headrace_udfs.scoring import model as scoring
from headrace_udfs.scoring.model import Model

_OF_A_RUN = {"model", "trained_at", "snapshot", "code"}


@dataclass(frozen=True)
class Training:
    """What a version was learned from.

    snapshot: the id of the snapshot of historian.readings. readings: how many good ones. every_us: the time between two
    instants, in microseconds. thresholds_since: the start of the readings that set the thresholds, if only some did.
    """

    since: datetime
    until: datetime
    snapshot: int | None
    readings: int
    every_us: int
    trained_at: datetime
    code: str
    thresholds_since: datetime | None = None


def write(project: Project, name: str, model: Model, training: Training) -> Pin:
    """Write the model as the next version of `name`, or return the version that it is already.

    The card comes last: without it, there is no version.
    """
    known, artefact = model_files.versions(project, name), model.save()
    described = _described(training, model, hashlib.sha256(artefact).hexdigest())
    for version in reversed(known):
        if _learned(card(project, Pin(name, version))) == _learned(described):
            return Pin(name, version)
    pin = Pin(name, max(known, default=0) + 1)
    made = model_files.version_folder(project, pin)
    made.mkdir(exist_ok=True)
    (made / ARTEFACT).write_bytes(artefact)
    text = yaml.safe_dump({"model": str(pin), **described}, sort_keys=False, allow_unicode=True, width=120)
    (made / CARD).write_text(text, encoding="utf-8")
    return pin


def _described(training: Training, model: Model, digest: str) -> dict[str, Any]:
    return {
        "trained_at": training.trained_at.isoformat(),
        "since": training.since.isoformat(),
        "until": training.until.isoformat(),
        **({"thresholds_since": training.thresholds_since.isoformat()} if training.thresholds_since else {}),
        "snapshot": training.snapshot,
        "readings": training.readings,
        "every_us": training.every_us,
        "code": training.code,
        "sha256": digest,
        **model.card(),
    }


def _learned(described: dict[str, Any]) -> dict[str, Any]:
    """Return a card without what may differ between two trainings that give the same model."""
    return {key: value for key, value in described.items() if key not in _OF_A_RUN}


def card(project: Project, pin: Pin) -> dict[str, Any]:
    """Return a version's card. Raises UserError if it is not YAML."""
    path = model_files.version_folder(project, pin) / CARD
    _, data = yaml_text.read(path)
    if not isinstance(data, dict):
        raise UserError("this is not the card of a model", Place.of(path), f"headrace model train {pin.name}")
    return data


def load(project: Project, pin: Pin) -> tuple[Model, dict[str, Any]]:
    """Return a version's model and its card.

    Raises UserError if the artefact is missing, is not the one that the card names, or has a network that cannot be
    used here.
    """
    described, path = card(project, pin), model_files.version_folder(project, pin) / ARTEFACT
    fix = f"restore it from git, or train a new version: headrace model train {pin.name}"
    try:
        artefact = path.read_bytes()
    except OSError as error:
        raise UserError(f"the model cannot be read: {error.strerror}", Place.of(path), fix) from None
    if hashlib.sha256(artefact).hexdigest() != described.get("sha256"):
        raise UserError("the model is not the one that its card describes", Place.of(path), fix)
    try:
        return scoring.load(artefact, described), described
    except UnusableNetworkError as error:
        raise UserError(f"a network of the model cannot be used: {error}", Place.of(path)) from None
