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
from headrace.environment.settings import Flink, Settings
from headrace.local import flink, ports, processes
from headrace.local.layout import Layout
from support.services.processes import serving


def client(settings: Settings) -> httpx.Client:
    """Return a client of the REST API that shows the environment's certificate."""
    certificates = settings.flink_tls()
    assert certificates
    known = flink_tls.context(certificates)
    return httpx.Client(base_url=settings.flink_rest(), verify=known, trust_env=False, timeout=30)


@contextmanager
def session_cluster(
    programs: Path, folder: Path, settings: Mapping[str, str], variables: Mapping[str, str]
) -> Iterator[Flink]:
    """Run a JobManager and a TaskManager with logs in `folder`; yields the settings of their clients."""
    layout = Layout(programs, folder)
    folder.mkdir()
    chosen, _ = ports.choose(layout.ports)
    flink.configure(layout, chosen)
    config = layout.flink_conf / "config.yaml"
    config.write_text(yaml.safe_dump({**yaml.safe_load(config.read_text()), **settings}, width=10_000))
    environment = {**os.environ, **variables, **flink.environment(layout), processes.MARKER: str(folder)}
    ready = {"jobmanager": flink.has_jobmanager, "taskmanager": flink.has_taskmanager}
    # At INFO, Kafka's clients log their settings, in which no secret may appear.
    log4j = layout.flink_conf / "log4j-console.properties"
    log4j.write_text(log4j.read_text().replace("logger.clients.level = WARN", "logger.clients.level = INFO"))
    with ExitStack() as running:
        # A TaskManager may leave Python workers behind.
        running.callback(processes.end, folder)
        for name, command in flink.commands(layout, chosen).items():
            log = folder / f"{name}.log"
            running.enter_context(serving(command, log, partial(ready[name], layout, chosen), environment))
        yield Flink(rest=flink.address(chosen), tls=str(layout.rest_certificates))
