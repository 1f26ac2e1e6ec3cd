"""Check, before anything stops, whether an older release can be started: this limits how far back a rollback reaches.

A job is rolled back by the engine of the release that it goes back to. That engine reads an order that this one writes,
with today's settings, and it finds today's tables. Three things limit it:

- The version of the order. A release reports the one that it reads; none below OLDEST_ORDER_VERSION can be started.
- The settings. A release that is asked for must know them all. The way back from an upgrade that fails leaves out those
  that the release does not know: it ran without them before.
- The tables. A release writes the columns that its own files name. Columns added since stay null; a column that was
  removed, is required, or has a type that does not hold all values of the old one prevents the rollback.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from headrace.errors import HeadraceError, Problem, UserError
from headrace.operations.ledger import Entry
from headrace.operations.lifecycle import release_process
from headrace.operations.lifecycle.operation_context import OperationContext

ORDER_VERSION = 1
"""The version of the order that this tree writes and reads. Raise it when older releases would misread the order."""
OLDEST_ORDER_VERSION = 1
"""The floor: the oldest version that this tree can write. Every release that a ledger holds reads version 1."""
_OF_LATER_CONTRACTS = {"keys"}
"""Settings that matter only to contracts which a release that does not know them cannot have: these mask fields."""


def refuse_unreadable(context: OperationContext, entry: Entry) -> Sequence[str]:
    """Return the tables that the entry's release appends to, once it has checked and planned the job as it is today.

    Raises UserError with all that prevents a start with today's settings, tables and topics, PlatformError if the
    release is missing, or its engine does not start.
    """
    context.progress_of(entry.job)(f"planning release {entry.release[:12]}")
    report = release_process.read(context, entry, plan=True)
    if problems := [*_unknown(report, entry), *_problems(report, entry)]:
        raise UserError(problems)
    appends: Sequence[str] = report.get("appends", ())
    return appends


def refuse_unstartable(context: OperationContext, entry: Entry) -> None:
    """Raise as refuse_unreadable does, but nothing for settings that the release does not know, and without a plan."""
    report = release_process.read(context, entry, plan=False)
    if problems := [*_problems(report, entry)]:
        raise UserError(problems)
    if unknown := [fault["setting"] for fault in report["settings"]]:
        context.progress_of(entry.job)(f"{_name(entry)} does not know {', '.join(unknown)}, and runs without")


def without_way_back(context: OperationContext, old: Entry | None) -> str | None:
    """Return why the incarnation `old` could not be started again if the one that follows it fails; None if it could.

    The release of the project's current files is not checked.
    """
    if old is None or old.release == context.release:
        return None
    try:
        refuse_unstartable(context, old)
    except HeadraceError as error:
        return f"there is no way back if it does not come up: {'; '.join(each.what for each in error.problems)}"
    return None


def _unknown(report: dict[str, Any], entry: Entry) -> Iterator[Problem]:
    for fault in report["settings"]:
        if fault["unknown"] and fault["setting"].partition(".")[0] not in _OF_LATER_CONTRACTS:
            yield _setting(entry, f"does not know the setting {fault['setting']}")


def _problems(report: dict[str, Any], entry: Entry) -> Iterator[Problem]:
    if report["order_version"] < OLDEST_ORDER_VERSION:
        what = (
            f"{_name(entry)} is too old for this engine to start: it reads orders of version "
            f"{report['order_version']}, and this engine writes none below version {OLDEST_ORDER_VERSION}"
        )
        yield Problem(what, fix=_forward(entry))
        return
    for fault in report["settings"]:
        if not fault["unknown"]:
            yield _setting(entry, f"does not accept the setting {fault['setting']}: {fault['what']}")
    for fault in report["tables"]:
        yield Problem(f"{_name(entry)} cannot write {fault}", "the catalog", _forward(entry))
    for problem in report.get("problems", ()):
        what = f"{_name(entry)} cannot be planned today: {problem['what']}"
        yield Problem(what, problem["where"], problem["fix"] or _forward(entry))


def _setting(entry: Entry, refusal: str) -> Problem:
    fix = f"remove the setting while that release runs, or keep it and {_forward(entry)}"
    return Problem(f"{_name(entry)} {refusal}", "the environment's file in catalogs/", fix)


def _name(entry: Entry) -> str:
    return f"release {entry.release[:12]}" + (f" of {entry.at:%Y-%m-%d}" if entry.at else "")


def _forward(entry: Entry) -> str:
    return f"undo the change in the job's files, then: headrace upgrade {entry.job}"
