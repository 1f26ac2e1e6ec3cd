"""Read the SQL of a template: each of its selects, what their names refer to, and their result."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlfluff.core.parser import BaseSegment

from headrace.authoring.lint import parse_tree
from headrace.authoring.lint.facts import Relation, Scope, either
from headrace.authoring.lint.from_clause import Names
from headrace.authoring.lint.select import Select, select


@dataclass
class Query:
    """A statement's selects, inner ones first.

    `last` are the selects whose rows are the result: several in a union. `ctes` are the names that WITH clauses define.
    """

    selects: list[Select] = field(default_factory=list)
    ctes: list[BaseSegment] = field(default_factory=list)
    last: list[Select] = field(default_factory=list)
    result: Relation = field(default_factory=Relation)


def read(statement: BaseSegment, inputs: Names) -> Query:
    """Read a parsed statement. `inputs` are the relations that it can name without defining them."""
    query = Query()
    outermost = next(parse_tree.nested(statement), None)
    if outermost is not None:
        query.result = _rows(outermost, inputs, None, query)
        final = {id(segment) for segment in _last(outermost)}
        query.last = [each for each in query.selects if id(each.segment) in final]
    return query


def _rows(segment: BaseSegment, names: Names, outer: Scope | None, query: Query) -> Relation:
    """Return the relation that a select, a union or a WITH produces, and add its selects and CTEs to `query`."""
    if segment.is_type("select_statement"):
        inner_select = select(segment, names, outer, lambda inner, scope: _rows(inner, names, scope, query))
        query.selects.append(inner_select)
        return inner_select.result
    known = dict(names)
    for cte in segment.get_children("common_table_expression"):
        body = next(parse_tree.nested(cte), None)
        relation = _rows(body, known, outer, query) if body else Relation()
        name = parse_tree.code(cte)[0]
        query.ctes.append(name)
        known[parse_tree.name(name),] = relation.with_columns(parse_tree.renamed(cte))
    inner = [_rows(part, known, outer, query) for part in _operands(segment)]
    return either(inner) if inner else Relation(spelled=True)


def _last(segment: BaseSegment) -> Iterator[BaseSegment]:
    if segment.is_type("select_statement"):
        yield segment
    else:
        for part in _operands(segment):
            yield from _last(part)


def _operands(segment: BaseSegment) -> list[BaseSegment]:
    return [part for part in parse_tree.code(segment) if part.is_type(*parse_tree.SELECTS, "bracketed")]
