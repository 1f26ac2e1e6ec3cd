"""Where the local platform finds its programs, and where it keeps what it writes."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from headrace.errors import PlatformError
from headrace.project.paths import Project

SERVICES = ("kafka", "jobmanager", "taskmanager")
"""In the order they start."""


@dataclass(frozen=True)
class Layout:
    """`programs` is what `./run` made (shared by every home); all else is below `state`, the home's own."""

    programs: Path
    state: Path

    @classmethod
    def of(cls, project: Project) -> Layout:
        return cls(project.root / ".headrace", project.local)

    @property
    def flink_home(self) -> Path:
        return self.programs / "flink"

    @property
    def kafka_jars(self) -> Path:
        return self.programs / "jars" / "kafka"

    @property
    def kafka_endpoint(self) -> Path:
        return self.state / "kafka"

    @property
    def flink_endpoint(self) -> Path:
        return self.state / "flink"

    @property
    def broker(self) -> Path:
        return self.state / "broker"

    @property
    def flink_conf(self) -> Path:
        return self.state / "cluster"

    @property
    def supervisor(self) -> Path:
        return self.state / "supervisor"

    @property
    def ports(self) -> Path:
        return self.state / "ports.json"

    @property
    def scratch(self) -> Path:
        return self.state / "scratch"

    @property
    def logs(self) -> Path:
        return self.state / "logs"

    def log(self, service: str) -> Path:
        return self.logs / f"{service}.log"

    def starts(self, service: str) -> Path:
        """A line for each start of the service since the last `up`."""
        return self.supervisor / f"{service}.starts"

    def check_programs(self) -> None:
        """Raises PlatformError where set-up has not been run or Java has gone since."""
        for needed in (self.flink_home / "lib", self.kafka_jars):
            if not needed.is_dir():
                raise PlatformError(f"{needed} is missing", fix="run ./run once: it sets the project up")
        java()


def java() -> str:
    """The Java that services run on: JAVA_HOME's, else the one on PATH."""
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=f"{home}/bin" if home else None)
    if found is None:
        place = f"JAVA_HOME ({home})" if home else "PATH"
        raise PlatformError(f"no java in {place}", fix="install Java 17, or set JAVA_HOME to it")
    return found
