"""The operator's schema of a FlinkDeployment, from the jar of its API."""

from __future__ import annotations

import subprocess
import zipfile
from hashlib import sha256
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator

_HERE = Path(__file__).parent
_MEMBER = "META-INF/fabric8/flinkdeployments.flink.apache.org-v1.yml"
_LIMIT_S = 300


def flink_deployment() -> Draft202012Validator:
    """Return a validator that also refuses unknown fields, which the API server would silently drop."""
    with zipfile.ZipFile(_jar()) as jar:
        crd = yaml.load(jar.read(_MEMBER), yaml.CSafeLoader)
    schema: dict[str, Any] = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    # The newest jar in the registries is 1.10, whose operator knows Flink up to 1.20; 1.13 added 2.1.
    schema["properties"]["spec"]["properties"]["flinkVersion"]["enum"].append("v2_1")
    schema["properties"] |= {"apiVersion": {"const": "flink.apache.org/v1beta1"}, "kind": {}, "metadata": {}}
    _close(schema)
    return Draft202012Validator(schema)


def _jar() -> Path:
    digest, name = (_HERE / "jars.sha256").read_text().split()
    jar = _HERE.parents[1] / ".headrace" / "k8s" / name
    if not jar.is_file():
        copy = ["dependency:copy-dependencies", "-DexcludeTransitive=true", f"-DoutputDirectory={jar.parent}"]
        subprocess.run(["mvn", "-q", "-B", "-f", _HERE / "pom.xml", *copy], timeout=_LIMIT_S, check=True)
    assert sha256(jar.read_bytes()).hexdigest() == digest, f"{jar} does not match jars.sha256"
    return jar


def _close(schema: Any) -> None:
    if isinstance(schema, dict):
        if "properties" in schema and not schema.get("x-kubernetes-preserve-unknown-fields"):
            schema.setdefault("additionalProperties", False)
        for value in schema.values():
            _close(value)
