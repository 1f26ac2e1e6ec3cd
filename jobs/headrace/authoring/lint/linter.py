"""Lint one template: apply sqlfluff's and headrace's rules to its SQL, and report findings at its own lines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import shorten

from sqlfluff.core import FluffConfig, Linter
from sqlfluff.core.errors import SQLBaseError, SQLLintError, SQLParseError
from sqlfluff.core.rules import BaseRule as SqlfluffRule
from sqlfluff.core.rules import RulePack
from sqlfluff.core.rules.noqa import IgnoreMask
from sqlfluff.core.types import ConfigMappingType

from headrace.authoring.lint import dialect, query
from headrace.authoring.lint.facts import Relation
from headrace.authoring.lint.finding import Finding
from headrace.authoring.lint.from_clause import Names
from headrace.authoring.lint.query import Query
from headrace.authoring.lint.rules import RULES, BaseRule, Subject, advice
from headrace.authoring.lint.template_position import template_position
from headrace.compose.source_map import Rendered
from headrace.errors import Place
from headrace.project.job import Job

_UNREADABLE = "correct the SQL; if Flink accepts it as it is, end the line with -- noqa: {code}"

# Layout and capitalisation are left to `sqlfluff lint` on the template itself: calls put lines, spaces, quotation marks
# and upper case into the SQL that its author did not write and cannot change.
_TEMPLATE_GROUPS = frozenset({"layout", "capitalisation", "jinja"})
_LEFT_OUT = frozenset(
    {
        "AL05",  # reports an alias that names the columns of an UNNEST as unused
        "AM04",  # HR07 reports it for the select that fills the sink, where it matters
        "RF01",  # takes a field of a ROW for a table missing in FROM; Flink itself reports missing tables
        "RF02",  # requires a table's name for each column next to an UNNEST; Flink itself rejects ambiguous names
        "RF03",  # takes a field of a ROW for a column with its table's name, next to columns without
        "RF04",  # contracts and tables have columns `value` and `text`; HR06 reports the names that do harm
        "RF06",  # source(), table() and good() quote every name
        "ST06",  # requires plain columns first; a select's columns are in the order of its sink's columns
    }
)


@dataclass(frozen=True)
class Template:
    """A template's file, its text, and its rendered SQL."""

    path: Path
    text: str
    rendered: Rendered


class TemplateLinter:
    """sqlfluff with headrace's rules next to its own, configured by the .sqlfluff files of a folder and its parents."""

    def __init__(self, folder: Path) -> None:
        dialect.extend()
        # A noqa is a comment of the template, where one line with a call can become many lines of SQL, so it is applied
        # after positions are mapped back.
        settings: ConfigMappingType = {"dialect": "flink", "templater": "raw", "disable_noqa": True}
        self._linter = Linter(FluffConfig.from_path(str(folder), overrides=settings), user_rules=[*RULES])
        self._pack = self._linter.get_rulepack()

    def lint(
        self,
        template: Template,
        inputs: Names,
        job: Job,
        *,
        sink: str | None = None,
        view: str | None = None,
        key: tuple[str, ...] = (),
        fractional: frozenset[str] = frozenset(),
    ) -> tuple[list[Finding], Relation]:
        """Return the findings in the template of a sink or a view, and the relation that it produces.

        `inputs` are the relations that the template can name, `key` are the key columns of an upsert sink, and
        `fractional` the columns of a sink whose values have fractions.
        """
        parsed = self._linter.parse_string(template.rendered.sql + "\n", fname=str(template.path))
        variant = parsed.root_variant()
        read = query.read(variant.tree, inputs) if variant and variant.tree else Query()
        rules = [rule for rule in self._pack.rules if _applies_to_rendered_sql(rule)]
        for rule in rules:
            if isinstance(rule, BaseRule):
                rule.subject = Subject(read, job, sink, view, key, fractional)
        linted = Linter.lint_parsed(parsed, RulePack(rules, self._pack.reference_map))
        findings = self._in_template(template, linted.get_violations())
        return sorted(set(findings)), read.result

    def _in_template(self, template: Template, violations: list[SQLBaseError]) -> Iterator[Finding]:
        lines, kept = template.text.split("\n"), []
        for violation in violations:
            at = template_position(lines, template.rendered, violation.line_no, violation.line_pos)
            if at.own or not _is_style(violation):
                violation.line_no, violation.line_pos = at.line, at.column
                kept.append(violation)
        mask, malformed = IgnoreMask.from_source_with_dialect(
            template.text, self._linter.dialect, self._pack.reference_map
        )
        for violation in [*mask.ignore_masked_violations(kept), *malformed]:
            yield _finding(template.path, violation)


def _applies_to_rendered_sql(rule: SqlfluffRule) -> bool:
    return rule.code not in _LEFT_OUT and _TEMPLATE_GROUPS.isdisjoint(rule.groups)


def _is_style(violation: SQLBaseError) -> bool:
    return isinstance(violation, SQLLintError) and not isinstance(violation.rule, BaseRule)


def _finding(path: Path, violation: SQLBaseError) -> Finding:
    code = violation.rule_code()
    where = Place.of(path, violation.line_no, violation.line_pos)
    if isinstance(violation, SQLLintError):
        return Finding(where, code, violation.desc().rstrip("."), advice(violation.rule))
    what = violation.desc()
    if isinstance(violation, SQLParseError) and violation.segment:
        what = f"sqlfluff cannot parse this: {shorten(violation.segment.raw, 80)}"
    return Finding(where, code, what, _UNREADABLE.format(code=code))
