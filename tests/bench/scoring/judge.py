"""Judge one scorer: a year without injected faults against the same year with them, for each seed."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

import msgspec
import numpy as np

from bench.scoring import metrics
from bench.scoring.farm import ROWS_PER_DAY, ROWS_PER_HOUR, Booleans, Readings
from bench.scoring.faults import KINDS, SEVERITIES, Fault
from bench.scoring.protocol import Scored, Scorer

AFTER = ROWS_PER_DAY
"""An event that starts within this many rows after the end of a fault is its echo in the scorer's memory."""

PLAIN = 1.0
"""The severity from which the headline figures count a fault; smaller ones have a column of their own."""


class Tally(msgspec.Struct, frozen=True):
    """Faults of one kind and severity over all seeds: how many, found by the scorer's flags, and found at the budget.

    delays_h: hours from the start of the fault to the first new flag of the scorer, one per fault found by its flags.
    """

    kind: str
    severity: float
    total: int
    found: int
    found_at_1: int
    delays_h: list[float]


class Figures(msgspec.Struct, frozen=True):
    """The figures of one scorer.

    false_events: per month, of each tag, in the year without injected faults. flagged: the share of that year's
    readings. vus_pr: for each seed, with the echoes of faults left out, which are the other tags of an asset with a
    fault, and a day after it; strict: with echoes as wrong as any other row; chance: that of a constant score.
    precision: the share of events in the faulty years, in pieces of at most a day, that meet an injected fault of the
    tag, or of any tag of its asset; None without events. cpu_us: per reading, in the year that took least.
    """

    scorer: str
    false_events: dict[str, float]
    flagged: float
    no_score: list[str]
    vus_pr: list[float]
    strict: list[float]
    chance: float
    tallies: list[Tally]
    precision_tag: float | None
    precision_asset: float | None
    fit_cpu_s: float
    cpu_us: float
    months: float

    def share_found(self, *, at_1: bool, kind: str | None = None, slight: bool = False) -> float:
        """Return the share of faults found, of one kind or of all; `slight` ones only, or only the others."""
        of = [t for t in self.tallies if kind in {None, t.kind} and (t.severity < PLAIN) == slight]
        total = sum(t.total for t in of)
        return sum(t.found_at_1 if at_1 else t.found for t in of) / total if total else float("nan")

    def delay_h(self, kind: str) -> float | None:
        """Return the median hours to the first flag, of the faults of a kind that are not slight and were found."""
        delays = [d for t in self.tallies if t.kind == kind and t.severity >= PLAIN for d in t.delays_h]
        return median(delays) if delays else None


@dataclass(frozen=True)
class Case:
    """A year with injected faults."""

    readings: Readings
    faults: list[Fault]


def judge(
    scorer: Scorer, train: Readings, clean: Readings, real: Booleans, cases: Sequence[Case], *, name: str
) -> Figures:
    """Fit the scorer and return its figures. real bool [rows, tags]: the rows of real faults in `clean`."""
    began = time.process_time()
    scorer.fit(train)
    fit_cpu_s = time.process_time() - began
    base, cpu_us = _timed(scorer, clean)
    rate = metrics.false_events(base.flags, real, clean.months)
    threshold = metrics.threshold_at(
        base.scores, 1.0, lambda flags: float(metrics.false_events(flags, real, clean.months).mean())
    )
    at_1 = base.scores > threshold
    chances: list[float] = []
    seen, volumes, strict, meets = [], [], [], []
    for case in cases:
        scored, again_us = _timed(scorer, case.readings)
        cpu_us = min(cpu_us, again_us)
        # A swap can fill a gap: a reading that the clean year lacks does not show what a scorer knows.
        lacks = ~np.isfinite(clean.values)
        seen += list(_found(case.faults, scored, base.flags | lacks, threshold, at_1 | lacks))
        faulty, echo = _rows(case, 0), _of_asset(case, _rows(case, AFTER))
        volumes.append(metrics.vus_pr(scored.scores, faulty, (real | echo) & ~faulty))
        strict.append(metrics.vus_pr(scored.scores, faulty, real & ~faulty))
        if not chances:
            chances.append(metrics.vus_pr(np.zeros_like(scored.scores), faulty, (real | echo) & ~faulty))
        meets += list(_meetings(case, scored.flags, real))
    here = np.isfinite(clean.values)
    return Figures(
        scorer=name,
        false_events={tag.name: float(each) for tag, each in zip(clean.tags, rate, strict=True)},
        flagged=float((base.flags & here & ~real).sum() / (here & ~real).sum()),
        no_score=[tag.name for tag, column in zip(clean.tags, base.scores.T, strict=True) if np.isnan(column).all()],
        vus_pr=volumes,
        strict=strict,
        chance=float(np.mean(chances)),
        tallies=_tallies(seen),
        precision_tag=_mean(tag for tag, _ in meets),
        precision_asset=_mean(asset for _, asset in meets),
        fit_cpu_s=fit_cpu_s,
        cpu_us=cpu_us,
        months=clean.months,
    )


def _timed(scorer: Scorer, readings: Readings) -> tuple[Scored, float]:
    """Return the scores of a year, and the CPU time in microseconds per reading."""
    began = time.process_time()
    scored = scorer.score(readings)
    return scored, float((time.process_time() - began) / np.isfinite(readings.values).sum() * 1e6)


def _mean(values: Iterable[bool]) -> float | None:
    listed = list(values)
    return sum(listed) / len(listed) if listed else None


def _found(
    faults: Sequence[Fault], scored: Scored, clean_flags: Booleans, threshold: float, clean_at_1: Booleans
) -> Iterable[tuple[Fault, float | None, bool]]:
    """Yield each fault, the hours to the first flag that the clean year lacks or None, and whether it is found at 1."""
    for fault in faults:
        span = slice(fault.start, fault.end), list(fault.columns)
        new = (scored.flags[span] & ~clean_flags[span]).any(axis=1)
        at_1 = (scored.scores[span] > threshold) & ~clean_at_1[span]
        yield fault, int(np.argmax(new)) / ROWS_PER_HOUR if new.any() else None, bool(at_1.any())


def _tallies(seen: Sequence[tuple[Fault, float | None, bool]]) -> list[Tally]:
    tallies = []
    for kind in KINDS:
        for severity in SEVERITIES:
            of = [each for each in seen if (each[0].kind, each[0].severity) == (kind, severity)]
            delays = [delay for _, delay, _ in of if delay is not None]
            tallies.append(Tally(kind, severity, len(of), len(delays), sum(at_1 for *_, at_1 in of), delays))
    return tallies


def _rows(case: Case, after: int) -> Booleans:
    """Return bool [rows, tags]: the rows of faults, each `after` rows longer."""
    faulty = np.zeros(case.readings.values.shape, bool)
    for fault in case.faults:
        faulty[fault.start : fault.end + after, list(fault.columns)] = True
    return faulty


def _of_asset(case: Case, faulty: Booleans) -> Booleans:
    """Return bool [rows, tags]: the rows of all tags of an asset while one of them is faulty."""
    every = np.zeros_like(faulty)
    for asset in case.readings.assets:
        columns = case.readings.of_asset(asset)
        every[:, columns] = faulty[:, columns].any(axis=1)[:, None]
    return every


def _meetings(case: Case, flags: Booleans, real: Booleans) -> Iterable[tuple[bool, bool]]:
    """Yield, for each event not explained by a real fault, whether it meets a fault of its tag, and of its asset."""
    faulty = _rows(case, AFTER)
    of_asset = _of_asset(case, faulty)
    for at in range(flags.shape[1]):
        for start, end in metrics.days_of_events(flags[:, at]):
            if not real[start, at]:
                yield bool(faulty[start:end, at].any()), bool(of_asset[start:end, at].any())
