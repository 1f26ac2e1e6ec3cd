"""Headrace's own lint rules, one per file; the docstring of each is its documentation."""

from __future__ import annotations

from headrace.authoring.lint.rules.base import BaseRule, Subject, advice
from headrace.authoring.lint.rules.hr01_unbounded_join import Rule_HR01
from headrace.authoring.lint.rules.hr02_endless_state import Rule_HR02
from headrace.authoring.lint.rules.hr03_no_watermark import Rule_HR03
from headrace.authoring.lint.rules.hr04_mixed_units import Rule_HR04
from headrace.authoring.lint.rules.hr05_quality_dropped import Rule_HR05
from headrace.authoring.lint.rules.hr06_builtin_name import Rule_HR06
from headrace.authoring.lint.rules.hr07_select_star import Rule_HR07
from headrace.authoring.lint.rules.hr08_volatile_key import Rule_HR08
from headrace.authoring.lint.rules.hr09_whole_quotient import Rule_HR09
from headrace.authoring.lint.rules.hr10_token_compared import Rule_HR10
from headrace.authoring.lint.rules.hr12_encode import Rule_HR12

__all__ = ["RULES", "BaseRule", "Subject", "advice"]

RULES: tuple[type[BaseRule], ...] = (
    Rule_HR01, Rule_HR02, Rule_HR03, Rule_HR04, Rule_HR05, Rule_HR06, Rule_HR07, Rule_HR08,
    Rule_HR09, Rule_HR10, Rule_HR12,
)  # fmt: skip
