"""The objects of an overlay, as `kubectl apply -k` would send them, and the pods that they lead to."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any, NamedTuple

import yaml

Object = dict[str, Any]


class Pod(NamedTuple):
    """A pod as it will run: its role, labels and spec."""

    role: str
    labels: dict[str, str]
    spec: Object

    @property
    def containers(self) -> list[Object]:
        """Its init containers and containers."""
        return [*self.spec.get("initContainers", []), *self.spec["containers"]]


def build(overlay: Path) -> list[Object]:
    """Return the overlay's objects. Raises CalledProcessError; kustomize's message is on standard error."""
    kubectl = Path(sys.executable).with_name("kubectl")
    done = subprocess.run([kubectl, "kustomize", overlay], stdout=subprocess.PIPE, text=True, check=True)
    return list(yaml.safe_load_all(done.stdout))


def of_kind(objects: list[Object], kind: str) -> list[Object]:
    """Return the objects of one kind."""
    return [each for each in objects if each["kind"] == kind]


def pods(objects: list[Object]) -> Iterator[Pod]:
    """Yield each pod that the objects lead to; for a FlinkDeployment with templates merged as the operator does it."""
    for cron in of_kind(objects, "CronJob"):
        template = cron["spec"]["jobTemplate"]["spec"]["template"]
        yield Pod("deployer", template["metadata"]["labels"], template["spec"])
    for cluster in of_kind(objects, "FlinkDeployment"):
        shared = cluster["spec"]["podTemplate"]
        for role in ("jobManager", "taskManager"):
            own = cluster["spec"][role]
            template = _merged(shared, own["podTemplate"])
            (main,) = template["spec"]["containers"]
            main["image"] = cluster["spec"]["image"]
            resource = own["resource"]
            # Flink writes mebibytes as m, Kubernetes as Mi.
            size = {"cpu": str(resource["cpu"]), "memory": resource["memory"].replace("m", "Mi")}
            main["resources"] = {"limits": size | {"ephemeral-storage": resource["ephemeralStorage"]}}
            spec = template["spec"] | {"serviceAccountName": cluster["spec"]["serviceAccount"]}
            yield Pod(role.lower(), template["metadata"]["labels"], spec)


def _merged(below: Any, above: Any) -> Any:
    if isinstance(below, dict) and isinstance(above, dict):
        return below | {key: _merged(below[key], value) if key in below else value for key, value in above.items()}
    if isinstance(below, list) and isinstance(above, list):
        by_name = {item["name"]: deepcopy(item) for item in below}
        for item in above:
            by_name[item["name"]] = _merged(by_name.get(item["name"], {}), item)
        return list(by_name.values())
    return above
