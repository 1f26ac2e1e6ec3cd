"""The manifests, checked without a cluster: against the schemas of their kinds and the project's rules for pods."""

from __future__ import annotations

import copy
import os
import re
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import kubernetes_validate
import pytest
import yaml
from jsonschema import Draft202012Validator, ValidationError

from headrace.environment import flink_tls
from headrace.planner import session
from k8s import crd, doors, manifests
from k8s.manifests import Object, Pod
from support import cli_commands

OVERLAYS = ("dev", "prod")
LISTENER = "execution.job-status-changed-listeners"


@pytest.fixture(scope="module")
def k8s(pytestconfig: pytest.Config) -> Path:
    return pytestconfig.rootpath / "k8s"


@pytest.fixture(scope="module", params=[*OVERLAYS, "prod with openlineage"])
def objects(request: pytest.FixtureRequest, k8s: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Object]:
    name, _, component = request.param.partition(" with ")
    if component:
        return _with(component, k8s / "overlays" / name, tmp_path_factory.mktemp(name))
    return manifests.build(k8s / "overlays" / name)


@pytest.fixture(scope="module")
def prod(k8s: Path) -> list[Object]:
    return manifests.build(k8s / "overlays" / "prod")


@pytest.fixture(scope="module")
def pods(objects: list[Object]) -> list[Pod]:
    return list(manifests.pods(objects))


@pytest.fixture(scope="module")
def cluster(objects: list[Object]) -> Object:
    (deployment,) = manifests.of_kind(objects, "FlinkDeployment")
    return deployment


@pytest.fixture(scope="module")
def operators() -> Draft202012Validator:
    return crd.flink_deployment()


def test_core_kinds_match_kubernetes_schemas(objects: list[Object]) -> None:
    version = kubernetes_validate.latest_version()
    core = [each for each in objects if not re.search("flink|coreos|cert-manager", each["apiVersion"])]
    assert len(core) > 10
    for each in core:
        kubernetes_validate.validate(each, version, strict=True)


def test_the_cluster_matches_the_operators_schema(cluster: Object, operators: Draft202012Validator) -> None:
    operators.validate(cluster)


def test_a_field_that_the_operator_does_not_know_is_refused(cluster: Object, operators: Draft202012Validator) -> None:
    wrong = cluster | {"spec": cluster["spec"] | {"taskManagers": {}}}
    with pytest.raises(ValidationError, match="taskManagers"):
        operators.validate(wrong)


def test_the_pods_that_the_operator_creates_match_kubernetes_schemas(pods: list[Pod]) -> None:
    assert Counter(pod.role for pod in pods) == {"deployer": 6, "jobmanager": 1, "taskmanager": 1}
    for pod in pods:
        manifest = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "a", "labels": pod.labels},
            "spec": pod.spec,
        }
        kubernetes_validate.validate(manifest, kubernetes_validate.latest_version(), strict=True)


def test_no_pod_runs_as_root_or_can_write_to_its_image(pods: list[Pod]) -> None:
    for pod in pods:
        assert pod.spec["securityContext"]["runAsNonRoot"] is True
        assert pod.spec["securityContext"]["runAsUser"] > 0
        assert pod.spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in pod.containers:
            security = container["securityContext"]
            assert security["readOnlyRootFilesystem"] is True
            assert security["allowPrivilegeEscalation"] is False
            assert security["capabilities"] == {"drop": ["ALL"]}


def test_each_image_has_a_tag_of_its_own(pods: list[Pod]) -> None:
    for container in (container for pod in pods for container in pod.containers):
        assert re.fullmatch(r"headrace/(cluster|deployer):\d+(\.\d+)*", container["image"])


def test_each_container_has_its_limits(pods: list[Pod]) -> None:
    for container in (container for pod in pods for container in pod.containers):
        assert set(container["resources"]["limits"]) == {"cpu", "memory", "ephemeral-storage"}


def test_each_volume_is_bounded_and_each_mount_has_a_volume(pods: list[Pod]) -> None:
    for pod in pods:
        volumes = {volume["name"]: volume for volume in pod.spec["volumes"]}
        assert all("sizeLimit" in volume["emptyDir"] for volume in volumes.values() if "emptyDir" in volume)
        for container in pod.containers:
            assert {mount["name"] for mount in container["volumeMounts"]} <= set(volumes)


def test_each_secret_that_a_pod_reads_is_in_the_example_and_none_is_created(
    objects: list[Object], pods: list[Pod], k8s: Path
) -> None:
    example = yaml.safe_load((k8s / "secrets.example.yaml").read_text())
    name, keys = example["metadata"]["name"], example["stringData"]
    assert manifests.of_kind(objects, "Secret") == []
    assert set(keys.values()) == {""}
    for reference in _all(objects, "secretKeyRef"):
        assert reference["name"] == name
        assert reference["key"] in keys
    issued = {each["spec"]["secretName"] for each in manifests.of_kind(objects, "Certificate")}
    mounted = [{secret["secretName"] for secret in _all(pod.spec, "secret")} for pod in pods]
    assert all(name in secrets <= {name, *issued} for secrets in mounted)


def test_each_config_map_and_account_that_a_pod_names_is_created(objects: list[Object], pods: list[Pod]) -> None:
    maps = {each["metadata"]["name"] for each in manifests.of_kind(objects, "ConfigMap")}
    accounts = {each["metadata"]["name"] for each in manifests.of_kind(objects, "ServiceAccount")}
    assert {each["name"] for each in _all(objects, "configMapRef")} <= maps
    assert {pod.spec["serviceAccountName"] for pod in pods} == accounts


def test_only_the_deployer_and_the_operator_reach_flinks_rest(objects: list[Object], pods: list[Pod]) -> None:
    reach = [
        peer["podSelector"]["matchLabels"]
        for policy in manifests.of_kind(objects, "NetworkPolicy")
        for rule in policy["spec"].get("ingress", [])
        for peer in rule["from"]
        if any(port["port"] <= 8081 <= port.get("endPort", port["port"]) for port in rule["ports"])
    ]
    deployer = {"app.kubernetes.io/part-of": "headrace", "app.kubernetes.io/component": "deployer"}
    assert reach == [deployer, {"app.kubernetes.io/name": "flink-kubernetes-operator"}]
    assert [pod.role for pod in pods if deployer.items() <= pod.labels.items()] == ["deployer"] * 6


def test_every_pod_refuses_what_no_policy_allows(objects: list[Object], pods: list[Pod]) -> None:
    closed = [p["spec"] for p in manifests.of_kind(objects, "NetworkPolicy") if "ingress" not in p["spec"]]
    (selector,) = (spec["podSelector"]["matchLabels"] for spec in closed)
    assert all(selector.items() <= pod.labels.items() for pod in pods)


def test_every_port_between_flinks_processes_is_fixed_and_allowed(objects: list[Object], cluster: Object) -> None:
    settings = cluster["spec"]["flinkConfiguration"]
    ports = {int(value) for key, value in settings.items() if key.endswith(".port") and "reporter" not in key}
    (policy,) = (p for p in manifests.of_kind(objects, "NetworkPolicy") if p["metadata"]["name"] == "headrace-flink")
    (shared,) = policy["spec"]["ingress"][0]["ports"]
    assert ports == set(range(shared["port"], shared["endPort"] + 1))


def test_every_port_asks_who_is_there(objects: list[Object]) -> None:
    assert len(set(doors.ports(objects))) == len(doors.ASKED)
    assert doors.open_without_asking(objects) == {}


@pytest.mark.parametrize("key", sorted(doors.REST | doors.INTERNAL | doors.TOKEN))
def test_a_port_is_reported_that_no_longer_asks(prod: list[Object], key: str) -> None:
    changed = copy.deepcopy(prod)
    del _settings(changed)[key]
    assert {key} == set(doors.open_without_asking(changed).values())


@pytest.mark.parametrize("named_by", ["container", "init container", "policy", "service", "setting", "rest.port"])
def test_a_new_port_is_reported_that_asks_for_nothing(prod: list[Object], named_by: str) -> None:
    changed = copy.deepcopy(prod)
    (cluster,) = manifests.of_kind(changed, "FlinkDeployment")
    spec = cluster["spec"]["podTemplate"]["spec"]
    match named_by:
        case "container":
            spec["containers"][0]["ports"].append({"containerPort": 5005})
        case "init container":
            spec["initContainers"] = [{"name": "init", "ports": [{"containerPort": 5005}]}]
        case "policy":
            rule = {"ports": [{"port": 5004, "endPort": 5005}], "from": []}
            changed.append({"apiVersion": "v1", "kind": "NetworkPolicy", "spec": {"ingress": [rule]}})
        case "service":
            changed.append(
                {"apiVersion": "v1", "kind": "Service", "spec": {"ports": [{"port": 80, "targetPort": 5005}]}}
            )
        case setting:
            _settings(changed)["queryable-state.server.ports" if setting == "setting" else setting] = "5005"
    assert 5005 in doors.open_without_asking(changed)


def test_certificates_are_where_flink_and_the_command_line_look_for_them(
    objects: list[Object], pods: list[Pod], pytestconfig: pytest.Config
) -> None:
    rest, internal = Path("/etc/headrace/rest"), Path("/etc/headrace/internal")
    assert flink_tls.cluster_options(rest, internal).items() <= _settings(objects).items()
    production = yaml.safe_load((pytestconfig.rootpath / "catalogs" / "prod.yaml").read_text())
    assert production["flink"]["tls"] == str(rest)
    assert {(pod.role, *sorted(_certificates(pod).items())) for pod in pods} == {
        ("jobmanager", (str(internal), "headrace-internal"), (str(rest), "headrace-rest-server")),
        # The code of every job runs here, and may not submit others.
        ("taskmanager", (str(internal), "headrace-internal")),
        ("deployer", (str(rest), "headrace-rest-client")),
    }


def test_the_certificates_of_the_rest_api_and_of_flinks_processes_have_different_authorities(
    objects: list[Object],
) -> None:
    issued = {each["metadata"]["name"]: each["spec"] for each in manifests.of_kind(objects, "Certificate")}
    issuers = {each["metadata"]["name"]: each["spec"] for each in manifests.of_kind(objects, "Issuer")}
    by = {name: issuers[spec["issuerRef"]["name"]].get("ca", {}).get("secretName") for name, spec in issued.items()}
    assert by == {
        "headrace-rest-authority": None,
        "headrace-internal-authority": None,
        "headrace-rest-server": "headrace-rest-authority",
        "headrace-rest-client": "headrace-rest-authority",
        "headrace-rest-operator": "headrace-rest-authority",
        "headrace-internal": "headrace-internal-authority",
    }
    assert all(spec["secretName"] == name for name, spec in issued.items())
    passwords = [store["password"] for spec in issued.values() for store in spec.get("keystores", {}).values()]
    assert passwords == [flink_tls.PASSWORD] * 4


def test_the_server_has_the_names_by_which_it_is_addressed(objects: list[Object]) -> None:
    (names,) = (
        set(each["spec"]["dnsNames"])
        for each in manifests.of_kind(objects, "Certificate")
        if each["metadata"]["name"] == "headrace-rest-server"
    )
    (variables,) = (each["data"] for each in manifests.of_kind(objects, "ConfigMap") if "HEADRACE_ENV" in each["data"])
    (cluster,) = manifests.of_kind(objects, "FlinkDeployment")
    by_deployer = urlsplit(variables["HEADRACE_FLINK_REST"])
    assert by_deployer.scheme == "https"
    by_operator = f"headrace-rest.{cluster['metadata']['namespace']}"
    assert {by_deployer.hostname, by_operator, f"{by_operator}.svc", "localhost"} == names


def test_each_budget_and_monitor_selects_existing_pods(objects: list[Object], pods: list[Pod]) -> None:
    selectors = [b["spec"]["selector"]["matchLabels"] for b in manifests.of_kind(objects, "PodDisruptionBudget")]
    assert [[p.role for p in pods if s.items() <= p.labels.items()] for s in selectors] == [
        ["jobmanager"],
        ["taskmanager"],
    ]
    (monitor,), (service,) = (manifests.of_kind(objects, kind) for kind in ("ServiceMonitor", "Service"))
    assert monitor["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    assert [e["port"] for e in monitor["spec"]["endpoints"]] == [port["name"] for port in service["spec"]["ports"]]
    metrics = {port["name"]: port["containerPort"] for pod in pods for port in pod.containers[0].get("ports", [])}
    (endpoint,) = monitor["spec"]["endpoints"]
    assert f"/etc/headrace/secrets/{endpoint['authorization']['credentials']['key']}" in doors.TOKEN.values()
    reporter = _settings(objects)["metrics.reporter.prom.port"]
    assert metrics == {"metrics": int(reporter)} == {"metrics": service["spec"]["ports"][0]["port"]}


def test_the_cluster_has_the_settings_of_the_local_one(cluster: Object, pytestconfig: pytest.Config) -> None:
    settings = cluster["spec"]["flinkConfiguration"]
    local = yaml.safe_load((pytestconfig.rootpath / "jobs/headrace/local/flink.yaml").read_text())
    # The pods set the sizes, and Kubernetes notices a pod that dies.
    sized = re.compile(r".*memory\.process\.size|heartbeat\..*|pekko\.ask\.timeout|rest\.flamegraph\.enabled")
    shared = {key: _text(value) for key, value in local.items() if not sized.fullmatch(key)}
    assert shared.items() <= settings.items()


def test_java_gets_the_options_of_flinks_own_distribution(cluster: Object, pytestconfig: pytest.Config) -> None:
    flink = pytestconfig.rootpath / ".headrace" / "flink" / "conf" / "config.yaml"
    options = yaml.safe_load(flink.read_text())["env"]["java"]["opts"]["all"]
    assert cluster["spec"]["flinkConfiguration"]["env.java.opts.all"].split() == options.split()


def test_each_job_runs_a_valid_command(objects: list[Object]) -> None:
    for cron in manifests.of_kind(objects, "CronJob"):
        (container,) = cron["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
        cli_commands.parse(container["args"])


def test_each_pod_has_what_its_environment_refers_to(
    objects: list[Object], pods: list[Pod], pytestconfig: pytest.Config
) -> None:
    maps = {each["metadata"]["name"]: each["data"] for each in manifests.of_kind(objects, "ConfigMap")}
    example = yaml.safe_load((pytestconfig.rootpath / "k8s" / "secrets.example.yaml").read_text())
    for pod in pods:
        (container,) = pod.containers
        variables = maps[container["envFrom"][0]["configMapRef"]["name"]]
        text = (pytestconfig.rootpath / "catalogs" / f"{variables['HEADRACE_ENV']}.yaml").read_text()
        assert set(re.findall(r"\$\{env:(\w+)\}", text)) <= set(variables)
        assert set(re.findall(r"/etc/headrace/secrets/([\w.-]+)", text)) <= set(example["stringData"])


def test_openlineage_is_an_option_and_its_settings_are_a_file_of_the_secret(k8s: Path, tmp_path: Path) -> None:
    plain, listened = manifests.build(k8s / "overlays" / "prod"), _with("openlineage", k8s / "overlays/prod", tmp_path)
    assert LISTENER not in _settings(plain)
    # The listener that reports a job's START and the one that reports its end are one class.
    assert _settings(listened)[LISTENER] == session.OPENLINEAGE
    assert [key for key in _settings(listened) if "openlineage" in key] == []

    def variables_of(objects: list[Object]) -> list[tuple[str, str, str]]:
        return [
            (pod.role, " ".join(pod.containers[0].get("args", [])[:1]), f"{variable['name']}={variable['value']}")
            for pod in manifests.pods(objects)
            for variable in pod.containers[0].get("env", [])
            if "OPENLINEAGE" in variable["name"]
        ]

    settings = "OPENLINEAGE_CONFIG=/etc/headrace/secrets/openlineage.yml"
    assert variables_of(plain) == []
    assert variables_of(listened) == [
        ("deployer", "deploy", settings),
        ("deployer", "deploy", "HEADRACE_FLINK__OPENLINEAGE=true"),
        ("jobmanager", "", settings),
    ]
    assert Path(settings).name in yaml.safe_load((k8s / "secrets.example.yaml").read_text())["stringData"]


def _with(component: str, overlay: Path, folder: Path) -> list[Object]:
    """Return the objects of a new overlay in `folder` that adds the component to the `overlay`."""
    paths = {"resources": overlay, "components": overlay.parents[1] / component}
    (folder / "kustomization.yaml").write_text(
        yaml.safe_dump({kind: [os.path.relpath(path, folder)] for kind, path in paths.items()})
    )
    return manifests.build(folder)


def _settings(objects: list[Object]) -> dict[str, str]:
    (deployment,) = manifests.of_kind(objects, "FlinkDeployment")
    settings: dict[str, str] = deployment["spec"]["flinkConfiguration"]
    return settings


def _all(value: Any, key: str) -> list[Any]:
    """Return every value of `key`, at any depth."""
    if isinstance(value, dict):
        return [each for name, inner in value.items() for each in ([inner] if name == key else _all(inner, key))]
    return [each for inner in value for each in _all(inner, key)] if isinstance(value, list) else []


def _certificates(pod: Pod) -> dict[str, str]:
    """Return the Secrets of certificates that the pod's container sees, by the path of their folder."""
    secrets = {volume["name"]: volume["secret"]["secretName"] for volume in pod.spec["volumes"] if "secret" in volume}
    mounts = {mount["mountPath"]: secrets.get(mount["name"], "") for mount in pod.containers[0]["volumeMounts"]}
    return {path: name for path, name in mounts.items() if name.startswith("headrace-")}


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def test_loggers_that_would_log_secrets_are_silent_as_in_the_local_cluster(
    cluster: Object, pytestconfig: pytest.Config
) -> None:
    local = (pytestconfig.rootpath / "jobs" / "headrace" / "local" / "log4j2.properties").read_text()
    silenced = [line for line in local.splitlines() if line.startswith(("logger.beam.", "logger.openlineage."))]
    assert len(silenced) == 4
    assert {*silenced} <= {*cluster["spec"]["logConfiguration"]["log4j-console.properties"].splitlines()}
