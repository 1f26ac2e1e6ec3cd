"""Paths of the local platform: its programs, and the files that it writes."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from headrace.errors import PlatformError
from headrace.project.paths import Project

SERVICES = ("kafka", "jobmanager", "taskmanager", "maintenance")
"""Names of the services, in the order they start."""


@dataclass(frozen=True)
class Layout:
    """Paths of one platform: `programs`, set up by `./run` and shared by all homes, and `state`, its own files."""

    programs: Path
    state: Path

    @classmethod
    def of(cls, project: Project) -> Layout:
        """Return the layout of the project's own platform."""
        return cls(project.root / ".headrace", project.local)

    @property
    def root(self) -> Path:
        """The project's folder."""
        return self.programs.parent

    @property
    def home(self) -> Path:
        """The project's home."""
        return self.state.parent

    @property
    def flink_home(self) -> Path:
        """Flink's distribution."""
        return self.programs / "flink"

    @property
    def kafka_jars(self) -> Path:
        """Folder of Kafka's jars."""
        return self.programs / "jars" / "kafka"

    @property
    def kafka_endpoint(self) -> Path:
        """File with Kafka's address, while the platform is up."""
        return self.state / "kafka"

    @property
    def flink_endpoint(self) -> Path:
        """File with the address of Flink's REST API, while the platform is up."""
        return self.state / "flink"

    @property
    def keys(self) -> Path:
        """Folder of the keys that mask values and encrypt payloads."""
        return self.state / "keys"

    @property
    def broker(self) -> Path:
        """Folder of Kafka's settings and data."""
        return self.state / "broker"

    @property
    def flink_conf(self) -> Path:
        """Folder of Flink's settings."""
        return self.state / "cluster"

    @property
    def rest_certificates(self) -> Path:
        """Folder of the certificate of Flink's REST API and of its clients."""
        return self.state / "tls"

    @property
    def internal_certificates(self) -> Path:
        """Folder of the certificate that Flink's own processes show each other."""
        return self.state / "tls" / "internal"

    @property
    def supervisor(self) -> Path:
        """Folder of supervisord's files, deleted when the platform goes down."""
        return self.state / "supervisor"

    @property
    def ports(self) -> Path:
        """File with the chosen ports."""
        return self.state / "ports.json"

    @property
    def scratch(self) -> Path:
        """Folder for temporary files, deleted when the platform goes down."""
        return self.state / "scratch"

    @property
    def logs(self) -> Path:
        """Folder of the services' logs."""
        return self.state / "logs"

    def log(self, service: str) -> Path:
        """Return the path of a service's log."""
        return self.logs / f"{service}.log"

    def starts(self, service: str) -> Path:
        """Return the file with one line per start of the service since the last `up`."""
        return self.supervisor / f"{service}.starts"

    def check_programs(self) -> None:
        """Raise PlatformError if `./run` has not set up the programs, or Java is missing."""
        for needed in (self.flink_home / "lib", self.kafka_jars):
            if not needed.is_dir():
                raise PlatformError(f"{needed} is missing", fix="run ./run once: it sets the project up")
        java()


def java() -> str:
    """Return the path of the Java that services run on: JAVA_HOME's, otherwise the one on PATH."""
    home = os.environ.get("JAVA_HOME")
    program = shutil.which("java", path=f"{home}/bin" if home else None)
    if program is None:
        place = f"JAVA_HOME ({home})" if home else "PATH"
        raise PlatformError(f"no java in {place}", fix="install Java 17, or set JAVA_HOME to it")
    return program
