"""Java's archive of loaded classes, which the set-up leaves in Flink's home.

With it, Java loads Flink's classes in a third of the time: the planner, and the processes of the local platform. Java
ignores an archive that was made by another Java, with other jars, or with another class path.
"""

from __future__ import annotations

import os
from pathlib import Path

ARCHIVE = "classes.jsa"


def options(flink_home: Path) -> list[str]:
    """Return Java's option that names the archive; none if there is no archive, as in the image."""
    archive = flink_home / ARCHIVE
    return [f"-XX:SharedArchiveFile={archive}"] if archive.is_file() else []


def class_path(flink_home: Path) -> str:
    """Return the class path that PyFlink gives the process that plans jobs, with which the archive was made."""
    home = flink_home.resolve()
    # In the order in which the folder lists them, as there.
    return os.pathsep.join(map(str, [*home.glob("lib/*.jar"), *home.glob("opt/flink-python*.jar")]))
