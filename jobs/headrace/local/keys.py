"""Keys of the local environment, which mask values and encrypt payloads. Each is made once, for its user alone."""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path

from headrace.environment import settings
from headrace.local.layout import Layout
from headrace.project.paths import Project

_FILE = re.compile(r"\$\{file:(.+)\}")


def make(project: Project) -> list[Path]:
    """Make each key of catalogs/local.yaml that is a file of the platform's folder `keys` and does not exist yet."""
    folder = Layout.of(project).keys
    if not (project.root / "catalogs" / "local.yaml").is_file():
        return []
    references = [text for versions in settings.load(project, "local").keys.values() for text in versions.values()]
    files = [Path(match[1]) for text in references if (match := _FILE.fullmatch(text))]
    made = [file for file in files if file.parent == folder and not file.exists()]
    for file in made:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as stream:
            stream.write(secrets.token_hex(32))
    return made
