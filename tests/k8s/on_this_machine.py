"""The settings of the manifests' cluster, with the paths, addresses and ports of this machine."""

from __future__ import annotations

from pathlib import Path

from headrace.local import certificates
from k8s.manifests import Object
from support.services.processes import HOST, free_ports

TOKEN = "a-token-of-this-test"  # noqa: S105
_PORTS = ("jobmanager.rpc.port", "rest.port", "blob.server.port", "taskmanager.rpc.port", "taskmanager.data.port")


def settings(cluster: Object, folder: Path) -> dict[str, str]:
    """Return flinkConfiguration as far as it can hold without Kubernetes.

    `folder` gets what pods mount in /etc/headrace: certificates and the metrics' token.
    """
    for name in ("rest", "internal"):
        certificates.renew(folder / name)
    (folder / "secrets").mkdir()
    (folder / "secrets" / "metrics-token").write_text(f"{TOKEN}\n")
    given = {key: value for key, value in cluster["flinkConfiguration"].items() if "high-availability" not in key}
    given = {key: value.replace("/etc/headrace", str(folder)) for key, value in given.items()}
    ports = dict(zip(_PORTS, map(str, free_ports(len(_PORTS))), strict=True))
    files = (folder / "files").as_uri()
    return {
        **given,
        **ports,
        "jobmanager.rpc.address": HOST,
        "jobmanager.bind-host": HOST,
        "jobmanager.memory.process.size": cluster["jobManager"]["resource"]["memory"],
        "taskmanager.host": HOST,
        "taskmanager.bind-host": HOST,
        "taskmanager.memory.process.size": cluster["taskManager"]["resource"]["memory"],
        "rest.address": HOST,
        "rest.bind-address": HOST,
        "io.tmp.dirs": str(folder),
        "execution.checkpointing.dir": files,
        "execution.checkpointing.savepoint-dir": files,
    }


def of_process() -> dict[str, str]:
    """Return the ports that the two processes cannot share here, as their pods do."""
    reporter, query = free_ports(2)
    return {"metrics.reporter.prom.port": str(reporter), "metrics.internal.query-service.port": str(query)}
