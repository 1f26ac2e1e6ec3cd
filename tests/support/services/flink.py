"""A session cluster for one test: configured like the local platform's, with some settings overridden."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import yaml

from headrace.local import flink, ports, processes
from headrace.local.layout import Layout
from support.services.processes import HOST, serving


@contextmanager
def session_cluster(
    programs: Path, folder: Path, settings: Mapping[str, str], variables: Mapping[str, str]
) -> Iterator[str]:
    """Run a JobManager and a TaskManager with logs in `folder`; yields the address of the REST API."""
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
            running.enter_context(serving(command, log, partial(ready[name], chosen), environment))
        yield f"http://{HOST}:{chosen.flink_rest}"
