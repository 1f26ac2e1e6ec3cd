from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from k8s import promtool


@pytest.fixture
def rules(pytestconfig: pytest.Config, tmp_path: Path) -> Path:
    """k8s/base/rules.yaml as Prometheus reads it: the operator passes on its spec."""
    spec = yaml.safe_load((pytestconfig.rootpath / "k8s" / "base" / "rules.yaml").read_text())["spec"]
    written = tmp_path / "rules.yaml"
    written.write_text(yaml.safe_dump(spec))
    return written


def test_prometheus_accepts_the_rules(rules: Path) -> None:
    _promtool("check", "rules", rules.name, folder=rules.parent)


def test_each_alert_fires_only_when_it_should(rules: Path, pytestconfig: pytest.Config) -> None:
    cases = shutil.copy(pytestconfig.rootpath / "tests" / "k8s" / "alerts.test.yaml", rules.parent)
    _promtool("test", "rules", Path(cases).name, folder=rules.parent)


def test_each_alert_has_a_case_in_which_it_fires(rules: Path, pytestconfig: pytest.Config) -> None:
    cases = yaml.safe_load((pytestconfig.rootpath / "tests" / "k8s" / "alerts.test.yaml").read_text())["tests"]
    fired = {rule["alertname"] for case in cases for rule in case["alert_rule_test"] if rule["exp_alerts"]}
    groups = yaml.safe_load(rules.read_text())["groups"]
    assert fired == {rule["alert"] for group in groups for rule in group["rules"] if "alert" in rule}


def _promtool(*arguments: str, folder: Path) -> None:
    done = subprocess.run([promtool.path(), *arguments], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
