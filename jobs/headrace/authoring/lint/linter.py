"""One template through sqlfluff: its rules and ours over the rendered SQL, each finding at its template's line."""

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
from headrace.authoring.lint.origins import Names
from headrace.authoring.lint.query import Query
from headrace.authoring.lint.rules import RULES, BaseRule, Subject, advice
from headrace.authoring.lint.spot import spot
from headrace.compose.source_map import Rendered
from headrace.errors import Place
from headrace.project.job import Job

_UNREADABLE = "mend it; if Flink takes it as it is, end the line with -- noqa: {code}"

# How a template is laid out and capitalised is for `sqlfluff lint` over the template itself: calls put lines, spaces,
# quotation marks and upper case into the SQL that its author did not write and cannot change.
_OF_THE_TEMPLATE = frozenset({"layout", "capitalisation", "jinja"})
_LEFT_OUT = frozenset(
    {
        "AL05",  # calls the alias unused by which UNNEST gives names to its columns
        "AM04",  # HR07 says it of the select whose columns go to the sink, where it matters
        "RF01",  # takes a field of a ROW for a table that FROM lacks; Flink itself tells what is missing
        "RF02",  # asks for a table's name before each column beside an UNNEST; Flink itself refuses what is ambiguous
        "RF04",  # columns of contracts and tables are called `value` and `text`; HR06 tells of names that do harm
        "RF06",  # source(), table() and good() quote every name
        "ST06",  # wants plain columns first; a select's columns stand in the order of its sink's
    }
)


@dataclass(frozen=True)
class Template:
    """A template's file, the text in it, and the SQL it becomes."""

    path: Path
    text: str
    rendered: Rendered


class TemplateLinter:
    """sqlfluff as the .sqlfluff of a folder, and of those above it, sets it up, with our rules beside its own."""

    def __init__(self, folder: Path) -> None:
        dialect.extend()
        # A noqa stands in the template, and a call makes many lines of one: it is looked up there, after the mapping.
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
    ) -> tuple[list[Finding], Relation]:
        """What is to be said of the template of a sink or a view, and the relation that it makes.

        `inputs` are the relations that it can name; `key` the columns by which its sink is upserted.
        """
        parsed = self._linter.parse_string(template.rendered.sql + "\n", fname=str(template.path))
        variant = parsed.root_variant()
        read = query.read(variant.tree, inputs) if variant and variant.tree else Query()
        rules = [rule for rule in self._pack.rules if _holds_for_rendered(rule)]
        for rule in rules:
            if isinstance(rule, BaseRule):
                rule.subject = Subject(read, job, sink, view, key)
        linted = Linter.lint_parsed(parsed, RulePack(rules, self._pack.reference_map))
        findings = self._in_template(template, linted.get_violations())
        return sorted(set(findings)), read.result

    def _in_template(self, template: Template, violations: list[SQLBaseError]) -> Iterator[Finding]:
        lines, kept = template.text.split("\n"), []
        for violation in violations:
            at = spot(lines, template.rendered, violation.line_no, violation.line_pos)
            if at.own or not _is_style(violation):
                violation.line_no, violation.line_pos = at.line, at.column
                kept.append(violation)
        mask, malformed = IgnoreMask.from_source_with_dialect(
            template.text, self._linter.dialect, self._pack.reference_map
        )
        for violation in [*mask.ignore_masked_violations(kept), *malformed]:
            yield _finding(template.path, violation)


def _holds_for_rendered(rule: SqlfluffRule) -> bool:
    return rule.code not in _LEFT_OUT and _OF_THE_TEMPLATE.isdisjoint(rule.groups)


def _is_style(violation: SQLBaseError) -> bool:
    return isinstance(violation, SQLLintError) and not isinstance(violation.rule, BaseRule)


def _finding(path: Path, violation: SQLBaseError) -> Finding:
    code = violation.rule_code()
    where = Place.of(path, violation.line_no, violation.line_pos)
    if isinstance(violation, SQLLintError):
        return Finding(where, code, violation.desc().rstrip("."), advice(violation.rule))
    what = violation.desc()
    if isinstance(violation, SQLParseError) and violation.segment:
        what = f"sqlfluff cannot read this: {shorten(violation.segment.raw, 80)}"
    return Finding(where, code, what, _UNREADABLE.format(code=code))
