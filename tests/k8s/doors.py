"""The ports at which the manifests' pods are reached, and what each of them asks for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from k8s.manifests import Object, of_kind

REST = {"security.ssl.rest.enabled": "true", "security.ssl.rest.authentication-enabled": "true"}
INTERNAL = {"security.ssl.internal.enabled": "true"}
TOKEN = {"metrics.reporter.prom.token-file": "/etc/headrace/secrets/metrics-token"}
ASKED: dict[int, dict[str, str]] = {
    8081: REST,
    6121: INTERNAL,
    6122: INTERNAL,
    6123: INTERNAL,
    6124: INTERNAL,
    6125: INTERNAL,
    9249: TOKEN,
}
"""Settings of Flink by which a port asks who is there. Enter a new port here only with what it asks for."""


def open_without_asking(objects: list[Object]) -> dict[int, str]:
    """Return what is missing at each port that asks for nothing: it has no entry in ASKED, or a setting is not set."""
    (cluster,) = of_kind(objects, "FlinkDeployment")
    settings = cluster["spec"]["flinkConfiguration"]
    missing = {}
    for port in sorted(set(ports(objects))):
        if port not in ASKED:
            missing[port] = "it has no entry in ASKED"
        elif absent := [key for key, value in ASKED[port].items() if settings.get(key) != value]:
            missing[port] = ", ".join(absent)
    return missing


def ports(objects: list[Object]) -> Iterator[int]:
    """Yield each port that a container, a service, a policy, a probe or a setting of Flink names; ports may repeat."""
    for each in objects:
        if "coreos" not in each["apiVersion"]:
            yield from _named(each)
    for cluster in of_kind(objects, "FlinkDeployment"):
        settings = cluster["spec"]["flinkConfiguration"]
        yield from (
            int(value) for key, value in settings.items() if key.endswith(("port", "ports")) and value.isdigit()
        )
        yield int(settings.get("rest.port", 8081))


def _named(value: Any) -> Iterator[int]:
    if isinstance(value, list):
        for each in value:
            yield from _named(each)
    elif isinstance(value, dict):
        if "endPort" in value:
            yield from range(value["port"], value["endPort"] + 1)
        for key, inner in value.items():
            if key in {"port", "containerPort", "hostPort", "targetPort", "nodePort"} and isinstance(inner, int):
                yield inner
            else:
                yield from _named(inner)
