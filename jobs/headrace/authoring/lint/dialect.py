"""SQL that Flink accepts and sqlfluff's Flink dialect does not: each grammar below shows the SQL that it adds."""

from __future__ import annotations

from functools import cache

from sqlfluff.core.dialects import load_raw_dialect
from sqlfluff.core.parser import (
    BaseSegment,
    Bracketed,
    CodeSegment,
    Dedent,
    Delimited,
    ImplicitIndent,
    OneOf,
    Ref,
    Sequence,
    StringLexer,
    StringParser,
    SymbolSegment,
)
from sqlfluff.dialects import dialect_ansi as ansi
from sqlfluff.dialects.dialect_flink import IntervalExpressionSegment

_UNIT = Sequence(Ref("DatetimeUnitSegment"), Bracketed(Ref("NumericLiteralSegment"), optional=True))
_COLUMN = Ref("ColumnReferenceSegment")
_PLURALS = ("YEARS", "QUARTERS", "MONTHS", "WEEKS", "DAYS", "HOURS", "MINUTES", "SECONDS")


class _Qualify(BaseSegment):
    """`QUALIFY ROW_NUMBER() OVER (...) = 1`."""

    type = "qualify_clause"
    match_grammar = Sequence("QUALIFY", ImplicitIndent, Ref("ExpressionSegment"), Dedent)


class _UnorderedSelect(ansi.UnorderedSelectStatementSegment):
    """A select of a union, with its QUALIFY."""

    match_grammar = ansi.UnorderedSelectStatementSegment.match_grammar.copy(
        insert=[Ref("QualifyClauseSegment", optional=True)]
    )


class _Select(ansi.SelectStatementSegment):
    """A select with its QUALIFY."""

    match_grammar = ansi.SelectStatementSegment.match_grammar.copy(
        insert=[Ref("QualifyClauseSegment", optional=True)], before=Ref("OrderByClauseSegment", optional=True)
    )


class _TableExpression(ansi.TableExpressionSegment):
    """`UNNEST(values) WITH ORDINALITY`."""

    match_grammar = OneOf(
        Sequence(Ref("FunctionSegment"), "WITH", "ORDINALITY"), ansi.TableExpressionSegment.match_grammar
    )


@cache
def extend() -> None:
    """Add these grammars to sqlfluff's `flink` dialect in place: a configuration can only name a dialect."""
    flink = load_raw_dialect("flink")
    flink.insert_lexer_matchers([StringLexer("right_arrow", "=>", CodeSegment)], before="equals")
    flink.add(RightArrowSegment=StringParser("=>", SymbolSegment, type="right_arrow"), QualifyClauseSegment=_Qualify)
    flink.sets("reserved_keywords").add("QUALIFY")
    flink.sets("unreserved_keywords").discard("QUALIFY")
    flink.sets("unreserved_keywords").add("RETURNING")
    flink.sets("datetime_units").update(_PLURALS)
    argument = flink.get_grammar("FunctionContentsExpressionGrammar")
    flink.replace(
        SelectStatementSegment=_Select,
        UnorderedSelectStatementSegment=_UnorderedSelect,
        TableExpressionSegment=_TableExpression,
        # SESSION(TABLE t PARTITION BY tag, ...)
        TableArgSegment=Sequence(
            "TABLE",
            Ref("TableReferenceSegment"),
            Sequence("PARTITION", "BY", OneOf(Bracketed(Delimited(_COLUMN)), _COLUMN), optional=True),
        ),
        # HOP(DATA => TABLE t, TIMECOL => DESCRIPTOR(event_time), ...)
        FunctionContentsExpressionGrammar=OneOf(
            Sequence(Ref("SingleIdentifierGrammar"), Ref("RightArrowSegment"), argument), argument
        ),
        # FLOOR(ts TO MINUTE), JSON_VALUE(text, '$.a' RETURNING DOUBLE)
        FunctionContentsGrammar=OneOf(
            Sequence(Ref("ExpressionSegment"), "TO", Ref("DatetimeUnitSegment")),
            Sequence(Delimited(Ref("ExpressionSegment")), "RETURNING", Ref("DatatypeSegment")),
            flink.get_grammar("FunctionContentsGrammar"),
        ),
    )
    # INTERVAL '1 02:00:00' DAY(5) TO SECOND(3), which the filter `interval` writes. sqlfluff reads its segment classes
    # again each time it loads a dialect, so this one is changed in place.
    to = Sequence("INTERVAL", Ref("QuotedLiteralSegment"), _UNIT, "TO", _UNIT)
    either = OneOf(to, IntervalExpressionSegment.match_grammar)
    IntervalExpressionSegment.match_grammar = either  # type: ignore[assignment]
