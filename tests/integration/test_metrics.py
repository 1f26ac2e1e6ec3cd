"""Every metric that the alert rules and the dashboard name is exported by a running cluster."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from headrace import local
from headrace.project.paths import Project
from support.worlds.live_plant import JOB, Plant, plant, reading

SENT = 5_000

_SELECTOR = re.compile(r"(?<![\"\w])((?:flink|headrace)[\w:]*)(?:\{([^}]*)\})?")
_MATCHER = re.compile(r'(\w+)(=~?)"((?:[^"\\]|\\.)*)"')


class Sample(NamedTuple):
    """One value of a metric, with its labels."""

    labels: dict[str, str]
    value: float


Samples = dict[str, list[Sample]]


class Expression(NamedTuple):
    """A PromQL expression, and the rule or panel that contains it."""

    name: str
    promql: str


@pytest.fixture(scope="module")
def samples(platform: Project, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Samples]:
    """What a cluster reports while a job runs on it that has stored readings and dead letters."""
    with plant(platform, tmp_path_factory.mktemp("metrics")) as own:
        own.submit()
        own.produce(reading(n) if n % 100 else b"{" for n in range(SENT))
        own.follow()
        yield _samples(own)


def test_every_metric_that_a_rule_or_panel_names_is_exported_by_a_running_job(samples: Samples, k8s: Path) -> None:
    rules, panels = _rules(k8s), list(_panels(k8s))
    recorded = {rule.name for rule in rules}
    missing = [
        f"{where}: {metric}{{{matchers}}}"
        for where, promql in [*rules, *panels]
        for metric, matchers in _SELECTOR.findall(promql)
        if metric not in recorded and not _any_matches(samples[metric], matchers)
    ]
    assert missing == []


def test_a_job_is_labelled_with_its_own_name(samples: Samples) -> None:
    # Jobs of other tests, which have ended, may be among them for a while.
    assert JOB in {labels["job_name"] for labels, _ in samples["flink_jobmanager_job_numRestarts"]}


def test_the_source_counts_messages_and_the_sink_dead_letters_as_if_nothing_were_packed(samples: Samples) -> None:
    counted = samples["flink_taskmanager_job_task_operator_numRecordsIn"]
    read, dead = (
        sum(value for labels, value in counted if operator in labels["operator_name"])
        for operator in ("Source: ", "dead_letters: Writer")
    )
    assert (read, dead) == (SENT, SENT / 100)


@pytest.fixture
def k8s(pytestconfig: pytest.Config) -> Path:
    return pytestconfig.rootpath / "k8s" / "base"


def _rules(k8s: Path) -> list[Expression]:
    groups = yaml.safe_load((k8s / "rules.yaml").read_text())["spec"]["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    return [Expression(rule.get("record") or rule["alert"], rule["expr"]) for rule in rules]


def _panels(k8s: Path) -> Iterator[Expression]:
    for panel in json.loads((k8s / "dashboard.json").read_text())["panels"]:
        for target in panel["targets"]:
            yield Expression(panel["title"], target["expr"])


def _samples(plant: Plant) -> Samples:
    """Return the samples of the whole cluster, by metric."""
    samples: Samples = defaultdict(list)
    for service in local.status(plant.project):
        if service.metrics:
            for family in text_string_to_metric_families(httpx.get(service.metrics, timeout=60).text):
                for sample in family.samples:
                    samples[sample.name].append(Sample(sample.labels, sample.value))
    return samples


def _any_matches(samples: list[Sample], matchers: str) -> bool:
    conditions = [
        (label, pattern.replace("\\\\", "\\") if operator == "=~" else re.escape(pattern))
        for label, operator, pattern in _MATCHER.findall(matchers)
        if "$" not in pattern
    ]
    return any(
        all(re.fullmatch(pattern, labels.get(label, "")) for label, pattern in conditions) for labels, _ in samples
    )
