"""A session cluster for one test: configured like the local platform's, with some settings overridden."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import httpx
import yaml

from headrace.environment import flink_tls
from headrace.environment.flink_rest import Cluster
from headrace.environment.settings import Flink, Settings
from headrace.errors import PlatformError
from headrace.local import flink, ports, processes
from headrace.local.layout import Layout
from support.services.processes import serving


def client(settings: Settings) -> httpx.Client:
    """Return a client of the REST API that shows the environment's certificate, if it has one."""
    certificates = settings.flink_tls()
    known = flink_tls.context(certificates) if certificates else True
    return httpx.Client(base_url=settings.flink_rest(), verify=known, trust_env=False, timeout=30)


WITHOUT_CERTIFICATES = {"security.ssl.rest.enabled": "false", "security.ssl.rest.authentication-enabled": "false"}
"""Settings of a cluster whose REST API asks for no certificate."""


@contextmanager
def session_cluster(
    programs: Path, folder: Path, settings: Mapping[str, str], variables: Mapping[str, str]
) -> Iterator[Flink]:
    """Run a JobManager and a TaskManager with logs in `folder`; yields the settings of their clients.

    Settings may leave out the certificates of the REST API: WITHOUT_CERTIFICATES.
    """
    layout = Layout(programs, folder)
    folder.mkdir()
    chosen, _ = ports.choose(layout.ports)
    flink.configure(layout, chosen)
    config = layout.flink_conf / "config.yaml"
    config.write_text(yaml.safe_dump({**yaml.safe_load(config.read_text()), **settings}, width=10_000))
    environment = {**os.environ, **variables, **flink.environment(layout), processes.MARKER: str(folder)}
    plain = settings.items() >= WITHOUT_CERTIFICATES.items()
    rest = flink.address(chosen).replace("https:", "http:") if plain else flink.address(chosen)
    tls = None if plain else layout.rest_certificates
    ready = {"jobmanager": partial(_answers, rest, tls, 0), "taskmanager": partial(_answers, rest, tls, 1)}
    # At INFO, Kafka's clients log their settings, in which no secret may appear.
    log4j = layout.flink_conf / "log4j-console.properties"
    log4j.write_text(log4j.read_text().replace("logger.clients.level = WARN", "logger.clients.level = INFO"))
    with ExitStack() as running:
        # A TaskManager may leave Python workers behind.
        running.callback(processes.end, folder)
        for name, command in flink.commands(layout, chosen).items():
            log = folder / f"{name}.log"
            running.enter_context(serving(command, log, ready[name], environment))
        yield Flink(rest=rest, tls=str(tls) if tls else None)


def _answers(rest: str, tls: Path | None, taskmanagers: int) -> bool:
    """Whether the JobManager answers and has so many TaskManagers."""
    try:
        return bool(Cluster(rest, tls).get("/overview")["taskmanagers"] >= taskmanagers)
    except PlatformError:
        return False
