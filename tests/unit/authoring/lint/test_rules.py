"""Each rule against the SQL of its file in rules/: what it must report, and what it must not."""

from __future__ import annotations

import inspect
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from headrace.authoring.lint.finding import Finding
from headrace.authoring.lint.inputs import fractional, inputs
from headrace.authoring.lint.linter import Template, TemplateLinter
from headrace.authoring.lint.rules import RULES, BaseRule
from headrace.compose import render
from headrace.environment import settings
from headrace.environment.settings import Settings
from headrace.project import job_folder, table_files
from headrace.project.job import Job
from headrace.project.job_folder import JobFolder
from headrace.project.paths import Project
from headrace.project.table import Table

HERE = Path(__file__).parent / "rules"


@dataclass(frozen=True)
class Bench:
    """The plant of rules/plant/, in which the SQL of a case is a template of the job plant/linted_v1."""

    project: Project
    settings: Settings
    folder: JobFolder
    linter: TemplateLinter
    tables: dict[str, Table]
    keys: dict[str, Any]

    def findings(self, rule: str, template: str, case: dict[str, Any]) -> list[Finding]:
        """Return the rule's findings in `template`, of the case's `sink` or `view`; `job:` overrides the job's keys."""
        job = Job.model_validate(self.keys | case.get("job", {}))
        sink, view = None if "view" in case else case.get("sink", "plant.out"), case.get("view")
        path = self.folder.path / "case.sql.j2"
        path.write_text(template)
        folder = JobFolder(job, self.folder.path, {sink: path} if sink else {}, {view: path} if view else {})
        rendered_job = render.job(self.project, self.settings, folder)
        read = Template(path, template, (rendered_job.sinks | rendered_job.views)[sink or view or ""])
        known = inputs(self.project, self.settings, job, self.tables)
        key = tuple(self.tables[sink].key) if sink else ()
        fractions = fractional(self.tables[sink].columns) if sink else frozenset()
        findings, _ = self.linter.lint(read, known, job, sink=sink, view=view, key=key, fractional=fractions)
        assert not [finding for finding in findings if finding.code in ("PRS", "LXR")]
        return [finding for finding in findings if finding.code == rule]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    root = tmp_path_factory.mktemp("lint")
    shutil.copytree(HERE / "plant", root, dirs_exist_ok=True)
    project = Project(root, root / ".headrace")
    folder = job_folder.load(project, "plant/linted_v1")
    tables = table_files.load_all(project)
    keys = yaml.safe_load((folder.path / "job.yaml").read_text())
    return Bench(project, settings.load(project, "local"), folder, TemplateLinter(folder.path), tables, keys)


def cases() -> Iterator[Any]:
    for path in sorted(HERE.glob("*.yaml")):
        listed = yaml.safe_load(path.read_text())
        rule = listed.pop("rule")
        yield from (pytest.param(rule, case, id=f"{rule}_{name}") for name, case in listed.items())


@pytest.mark.parametrize(("rule", "case"), [*cases()])
def test_a_rule_reports_what_its_file_lists(bench: Bench, rule: str, case: dict[str, Any]) -> None:
    findings = bench.findings(rule, case.get("fail_str") or case["pass_str"], case)
    assert [[finding.where.line, finding.where.column] for finding in findings] == case.get("at", [])
    assert "fail_str" not in case or findings
    if "says" in case:
        assert {finding.message for finding in findings} == {case["says"]}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule.code))
def test_a_rules_examples_are_one_that_it_reports_and_one_that_it_accepts(bench: Bench, rule: type[BaseRule]) -> None:
    bad, good = examples(rule)
    case = {"sink": "plant.state"} if rule.code == "HR08" else {}
    assert bench.findings(rule.code, bad["sql"], case)
    fixed = {"job": yaml.safe_load(good["yaml"])} if "yaml" in good else {}
    assert not bench.findings(rule.code, good.get("sql", bad["sql"]), case | fixed)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule.code))
def test_a_rule_has_cases_of_both_kinds(rule: type[BaseRule]) -> None:
    listed = yaml.safe_load((HERE / f"{rule.code}.yaml").read_text())
    assert listed.pop("rule") == rule.code
    assert {key for case in listed.values() for key in case} >= {"fail_str", "pass_str"}


def examples(rule: type[BaseRule]) -> tuple[dict[str, str], dict[str, str]]:
    """Return the code blocks of a rule's documentation, by language, before and after `**Best practice**`."""
    before, _, after = inspect.cleandoc(rule.__doc__ or "").partition("**Best practice**")
    block = re.compile(r"\.\. code-block:: (\w+)\n\n((?: {4}.*\n|\n)+)")
    bad, good = ({m[1]: inspect.cleandoc(m[2]) for m in block.finditer(text + "\n")} for text in (before, after))
    return bad, good
