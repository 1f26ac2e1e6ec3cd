"""A Flink session cluster: one JobManager, one TaskManager, and worker processes for Python UDFs."""

from __future__ import annotations

import sys
from importlib.resources import files
from typing import Any

import yaml

from headrace.environment import flink_tls
from headrace.environment.flink_rest import Cluster
from headrace.errors import PlatformError
from headrace.local import certificates, flink_java
from headrace.local.layout import Layout
from headrace.local.ports import HOST, Ports


def configure(layout: Layout, ports: Ports) -> None:
    """Write FLINK_CONF_DIR: the distribution's settings (which open Java's modules), overridden by headrace's own.

    Certificates that are missing or expire within 90 days are made.
    """
    for folder in (layout.rest_certificates, layout.internal_certificates):
        certificates.renew(folder)
    layout.flink_conf.mkdir(parents=True, exist_ok=True)
    settings = _flat(yaml.safe_load((layout.flink_home / "conf" / "config.yaml").read_text(encoding="utf-8")))
    settings |= yaml.safe_load(files("headrace.local").joinpath("flink.yaml").read_text(encoding="utf-8"))
    settings |= {
        "jobmanager.rpc.address": HOST,
        "jobmanager.rpc.port": ports.flink_rpc,
        "jobmanager.bind-host": HOST,
        "taskmanager.host": HOST,
        "taskmanager.bind-host": HOST,
        "rest.address": HOST,
        "rest.bind-address": HOST,
        "rest.port": ports.flink_rest,
        # The guard of jobs/java refuses requests for other names, and those of other sites' web pages.
        "headrace.rest.hosts": f"{HOST};localhost",
        "web.access-control-allow-origin": address(ports),
        # Another user of this machine reaches the ports too, and without a certificate no further.
        **flink_tls.cluster_options(layout.rest_certificates, layout.internal_certificates),
        "metrics.reporter.prom.host": HOST,
        "execution.checkpointing.dir": (layout.state / "checkpoints").as_uri(),
        "execution.checkpointing.savepoint-dir": (layout.state / "savepoints").as_uri(),
        "io.tmp.dirs": str(layout.scratch),
        "python.executable": sys.executable,
        "python.client.executable": sys.executable,
    }
    (layout.flink_conf / "config.yaml").write_text(yaml.safe_dump(settings, width=10_000), encoding="utf-8")
    log4j = files("headrace.local").joinpath("log4j2.properties").read_text(encoding="utf-8")
    (layout.flink_conf / "log4j-console.properties").write_text(log4j, encoding="utf-8")


def address(ports: Ports) -> str:
    """Return the address of the REST API."""
    return f"https://{HOST}:{ports.flink_rest}"


def commands(layout: Layout, ports: Ports) -> dict[str, list[str]]:
    """Return the command that starts each service in the foreground."""
    metrics = {"jobmanager": ports.jobmanager_metrics, "taskmanager": ports.taskmanager_metrics}
    return {name: flink_java.command(layout, name, port) for name, port in metrics.items()}


def environment(layout: Layout) -> dict[str, str]:
    """Return the environment variables for Flink and the Python workers."""
    return {
        "FLINK_CONF_DIR": str(layout.flink_conf),
        **{f"FLINK_{part.upper()}_DIR": str(layout.flink_home / part) for part in ("lib", "opt", "plugins")},
        # A worker serves one slot: more threads in its libraries would only slow the other slots.
        "OMP_NUM_THREADS": "1",
    }


def has_jobmanager(layout: Layout, ports: Ports) -> bool:
    """Return whether the JobManager answers."""
    return _overview(layout, ports) is not None


def has_taskmanager(layout: Layout, ports: Ports) -> bool:
    """Return whether a TaskManager has registered with the JobManager."""
    return bool((_overview(layout, ports) or {}).get("taskmanagers"))


def _overview(layout: Layout, ports: Ports) -> dict[str, Any] | None:
    try:
        overview: dict[str, Any] = Cluster(address(ports), layout.rest_certificates).get("/overview")
    except PlatformError:
        return None
    return overview


def _flat(settings: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in settings.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return flat
