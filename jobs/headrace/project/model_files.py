"""Models of a project: udfs/models/<name>/model.yaml, and the trained versions in the folders <n> next to it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from headrace.errors import Place, UserError, unknown
from headrace.project import yaml_file
from headrace.project.model_kinds import AnyFile, ModelFile
from headrace.project.paths import Project

FILE = "model.yaml"
"""The file of a model, in its folder."""
CARD, ARTEFACT = "card.yaml", "model.npz"
"""The files of a version: what people read, and the model itself."""
NAME = re.compile(r"[a-z][a-z0-9_]*")
VERSION = "[1-9][0-9]*"
"""The pattern of a version's number."""
PINNED = re.compile(rf"(?P<name>{NAME.pattern})(@(?P<version>{VERSION}))?")
"""`<name>@<version>`, or `<name>` alone."""


class Pin(NamedTuple):
    """A version of a model, as `name@version` names it."""

    name: str
    version: int

    def __str__(self) -> str:
        """Return `name@version`."""
        return f"{self.name}@{self.version}"


def folder(project: Project, name: str) -> Path:
    """Return the folder of the model `name`, which may not exist."""
    return project.root / "udfs" / "models" / name


def version_folder(project: Project, pin: Pin) -> Path:
    """Return the folder of a version, with CARD and ARTEFACT."""
    return folder(project, pin.name) / str(pin.version)


def names(project: Project) -> list[str]:
    """Return the names of all models, sorted."""
    return sorted(path.parent.name for path in folder(project, "").glob(f"*/{FILE}"))


def load(project: Project, name: str) -> ModelFile:
    """Return the model file of `name`. Raises UserError with every fault of the file, each at its line."""
    path = folder(project, name) / FILE
    if not path.is_file():
        raise UserError([unknown("model", name, names(project), Place.of(path))])
    return yaml_file.load(path, AnyFile).root


def versions(project: Project, name: str) -> list[int]:
    """Return the trained versions of a model, in ascending order."""
    cards = folder(project, name).glob(f"*/{CARD}")
    return sorted(int(card.parent.name) for card in cards if card.parent.name.isdecimal())


def pin(project: Project, text: str) -> Pin:
    """Return the version that `name@version`, or `name` for its latest version, stands for. Raises UserError."""
    if not (match := PINNED.fullmatch(text)):
        raise UserError(f"'{text}' is not a valid model", fix="write <name>, or <name>@<version>")
    name, where = match["name"], Place.of(folder(project, match["name"]))
    if name not in names(project):
        raise UserError([unknown("model", name, names(project), where)])
    if not (trained := versions(project, name)):
        raise UserError(f"model '{name}' has no trained version", where, _train(name))
    version = int(match["version"] or trained[-1])
    if version not in trained:
        latest = f"its latest version is {name}@{trained[-1]}; a new one: {_train(name)}"
        raise UserError(f"model '{name}' has no version {version}", where, latest)
    return Pin(name, version)


def exact(project: Project, text: str) -> Pin:
    """Return the version `name@version`. Raises UserError as `pin` does, and for a name alone."""
    found = pin(project, text)
    if str(found) != text:
        raise UserError(f"'{text}' names no version of the model", fix=f"write {found}, its latest version")
    return found


def _train(name: str) -> str:
    return f"headrace model train {name} --since TIME"
