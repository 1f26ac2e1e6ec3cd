"""HR10: a token, which a source makes of a secret value, is compared with a text that no token is equal to."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sqlfluff.core.parser import BaseSegment

from headrace.authoring.lint import parse_tree
from headrace.authoring.lint.facts import Scope
from headrace.authoring.lint.precedence import Parts, predicates, sides
from headrace.authoring.lint.rules.base import BaseRule, Subject, Violations

_TOKEN = re.compile(r"'\d+-[0-9a-f]{32}'")


class Rule_HR10(BaseRule):
    """A token is compared with a text that no token is equal to.

    A source with ``secret: {hash: ...}`` in a field makes tokens of its values where messages are decoded, so that a
    comparison with a value itself is never true. Tokens are followed through CTEs and views.

    **Anti-pattern**

    .. code-block:: sql

        select visit, ts from {{ source('visits') }} where patient = 'P-4711'

    **Best practice**

    Compare a token with a token, or join with a table that has tokens.

    .. code-block:: sql

        select visit, ts from {{ source('visits') }} where patient = '1-0123456789abcdef0123456789abcdef'
    """

    name = "headrace.token_compared"

    def check(self, subject: Subject) -> Violations:
        """Yield each text that a token is compared with."""
        for select in subject.query.selects:
            for part in parse_tree.below(select.segment, "expression"):
                for predicate in predicates(part):
                    compared = [*sides(predicate)]
                    if any(_is_token(side, select.scope) for side in compared):
                        for text in (text for side in compared for text in _texts(side)):
                            yield text, f"a token is never equal to {text.raw}: the source masks the value"


def _is_token(side: Parts, scope: Scope) -> bool:
    inner = parse_tree.bare(side[0]) if len(side) == 1 else None
    return inner is not None and inner.is_type("column_reference") and scope.column(parse_tree.path(inner)).token


def _texts(side: Parts) -> Iterator[BaseSegment]:
    """Yield the texts of an operand that are not tokens: itself, or those in the list of an IN."""
    for part in side:
        found = [part] if part.is_type("quoted_literal") else part.get_children("quoted_literal")
        yield from (text for text in found if not _TOKEN.fullmatch(text.raw))
