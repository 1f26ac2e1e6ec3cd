"""OEE of three machines over the night in which the clock goes back, judged by the package oee and by hand."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from oee import oee

from gallery.kit import Feed, Tables, Verdict, count

JOB = "production/oee_v1"

ZONE = ZoneInfo("Europe/Berlin")
DAYS = [date(2024, 10, 25) + timedelta(days=n) for n in range(4)]
"""The clock goes back on the 27th: the night shift from the 26th lasts nine hours."""
SHIFTS = {"early": 6, "late": 14, "night": 22}
MACHINES = {"press_1": ("A", 2.0), "press_2": ("A", 2.5), "saw": ("B", 9.0)}
"""The line and the ideal cycle in seconds of each machine; line B has no night shift."""
KNOWN_FOR_MS = 120_000
MINUTE, DAY = 60_000, 86_400_000

Span = tuple[int, int]
"""The start and the end of a stretch of time, in epoch milliseconds."""


@dataclass(frozen=True)
class Shift:
    """A shift of a line: its name, its stretch of time, and its break."""

    line: str
    name: str
    span: Span
    rest: Span

    @property
    def planned(self) -> list[Span]:
        """The time before and after the break."""
        return [(self.span[0], self.rest[0]), (self.rest[1], self.span[1])]


@dataclass(frozen=True)
class Machine:
    """What a machine really did: its states, and the times of its parts; it sent no messages while `silent`."""

    name: str
    states: list[tuple[int, str]]
    parts: list[int]
    rejects: list[int]
    silent: Span
    resets: list[int]

    def runs(self) -> Iterator[Span]:
        """Yield when it was running, as far as its messages let know."""
        ends = [at for at, _ in self.states[1:]] + [_bounds()[1]]
        for (at, state), end in zip(self.states, ends, strict=True):
            if state == "running":
                yield from self._known(at, end)

    def _known(self, at: int, end: int) -> Iterator[Span]:
        first, last = self.silent
        if at <= first:
            yield at, min(end, first + KNOWN_FOR_MS)
        if end > last:
            yield max(at, last), end


def shifts() -> list[Shift]:
    """Return the calendar of both lines."""
    return [
        Shift(line, name, (start, end), (start + 4 * 60 * MINUTE, start + 4 * 60 * MINUTE + 30 * MINUTE))
        for line in ("A", "B")
        for day in DAYS
        for name, hour in SHIFTS.items()
        if line == "A" or name != "night"
        for start, end in [(_instant(day, hour), _instant(day, hour + 8))]
    ]


def machines() -> list[Machine]:
    """Return what the machines did, the same at each call."""
    return [_machine(name, cycle, seed) for seed, (name, (_, cycle)) in enumerate(MACHINES.items())]


def write(folder: Path) -> Sequence[Feed]:
    """Write the messages, the machines and the calendar."""
    (folder / "machines.csv").write_text(
        "machine,line,ideal_cycle_s\n" + "".join(f"{name},{line},{s}\n" for name, (line, s) in MACHINES.items())
    )
    rows = [row for each in shifts() for row in [(each, each.span, True), (each, each.rest, False)]]
    (folder / "calendar.csv").write_text(
        "line,starts_at,ends_at,shift,shift_starts_at,is_planned\n"
        + "".join(
            f"{each.line},{_local(a)},{_local(b)},{each.name},{_local(each.span[0])},{str(planned).lower()}\n"
            for each, (a, b), planned in rows
        )
    )
    (folder / "signals.jsonl").write_text("\n".join(_lines()) + "\n")
    return [
        Feed("table/production.machines", folder / "machines.csv"),
        Feed("table/production.calendar", folder / "calendar.csv"),
        Feed("source/machine_signals", folder / "signals.jsonl"),
    ]


def judge(tables: Tables) -> Sequence[Verdict]:
    """Compare each shift with the package oee, which is given what the machines really did."""
    found = tables.frame("select * from production.oee").set_index(["machine", "shift_starts_at"])
    wanted = pd.DataFrame(_true_rows()).set_index(["machine", "shift_starts_at"])
    rows = Verdict("shifts", count(len(found), "row"), count(len(wanted), "row"), {*found.index} == {*wanted.index})
    if not rows.holds:
        return [rows]
    off = {name: float((found[name] - wanted[name]).abs().max()) for name in wanted.columns}
    shares = max(off[name] for name in ("availability", "performance", "quality", "oee"))
    nights = found[found["shift"] == "night"]["planned_s"].max()
    dead = tables.frame("select count(*) as n from historian.dead_letters")["n"].iloc[0]
    late = tables.frame("select count(*) as n from historian.late_readings")["n"].iloc[0]
    return [
        rows,
        Verdict("seconds", f"{max(off['planned_s'], off['running_s']):.4f} s off", "0.001", off["running_s"] < 1e-3),
        Verdict(
            "parts and rejects", f"{off['parts'] + off['rejects']:.0f} off", "0", off["parts"] + off["rejects"] == 0
        ),
        Verdict(
            "availability, performance, quality, OEE", f"{shares:.1e} off", "1e-6, by the package oee", shares < 1e-6
        ),
        Verdict("the night of the clock change", f"{nights / 3600:.1f} h planned", "8.5, of 9", nights == 8.5 * 3600),
        Verdict("broken and late messages", f"{dead} and {late}", "50 and 30", (dead, late) == (50, 30)),
    ]


def _true_rows() -> Iterator[dict[str, object]]:
    for machine in machines():
        line, cycle = MACHINES[machine.name]
        runs = [*machine.runs()]
        for shift in (each for each in shifts() if each.line == line):
            planned = sum(b - a for a, b in shift.planned) / 1000
            running = sum(_overlap(run, part) for run in runs for part in shift.planned) / 1000
            parts, rejects = (
                sum(bisect_right(made, b) - bisect_right(made, a) for a, b in shift.planned)
                for made in (machine.parts, machine.rejects)
            )
            judged = oee(planned, run_time=running, ideal_cycle_time=cycle, total_count=parts, reject_count=rejects)
            yield {
                "machine": machine.name,
                "shift_starts_at": pd.Timestamp(shift.span[0], unit="ms", tz="UTC"),
                "planned_s": planned,
                "running_s": running,
                "parts": parts,
                "rejects": rejects,
                "availability": judged.availability,
                "performance": judged.performance_raw,
                "quality": judged.quality,
                "oee": judged.oee,
            }


def _machine(name: str, cycle: float, seed: int) -> Machine:
    random = np.random.default_rng([2024, seed])
    start, end = _bounds()
    states, at = [(start, "running")], start
    while at < end:
        state = states[-1][1]
        at += int(random.exponential(25 if state == "running" else 5) * MINUTE) + 1_000
        states.append((at, "running" if state != "running" else str(random.choice(["idle", "setup", "down"]))))
    states = [each for each in states if each[0] < end]
    parts: list[int] = []
    for (since, state), until in zip(states, [at for at, _ in states[1:]] + [end], strict=True):
        if state == "running":
            pace = cycle * 1000 * random.uniform(1.05, 1.4)
            parts += [int(since + pace * n) for n in range(1, int((until - since) / pace) + 1)]
    rejects = [at for at in parts if random.random() < 0.02]
    # A silence of 40 minutes in the morning of the second day, between the shift's start and its break.
    quiet = _instant(DAYS[1], 7) + seed * MINUTE
    resets = [_instant(day, 9) + 7 * MINUTE for day in DAYS]
    return Machine(name, states, parts, rejects, (quiet, quiet + 40 * MINUTE), resets)


def _messages(machine: Machine) -> Iterator[dict[str, object]]:
    """Yield the machine's messages: at each change of state and at each full minute, but not while it is silent."""
    start, end = _bounds()
    times = sorted({*range(start, end + 1, MINUTE), *(at for at, _ in machine.states)})
    changes = [at for at, _ in machine.states]
    for at in times:
        if machine.silent[0] < at < machine.silent[1]:
            continue
        # A controller that starts again counts from 0 after the message of that minute.
        since = max((reset for reset in machine.resets if reset < at), default=0)
        made = (bisect_right(each, at) - bisect_right(each, since) for each in (machine.parts, machine.rejects))
        state = machine.states[bisect_right(changes, at) - 1][1]
        yield {"machine": machine.name, "ts": at, "state": state, **dict(zip(("parts", "rejects"), made, strict=True))}


def _lines() -> list[str]:
    """Return the messages of all machines as they arrive: some twice, some broken, and some five minutes late."""
    random = np.random.default_rng(7)
    sent = sorted((each for machine in machines() for each in _messages(machine)), key=lambda each: each["ts"])  # type: ignore[arg-type, return-value]
    arrival = np.array([each["ts"] for each in sent], dtype=float) + np.arange(len(sent)) * 1e-3
    # Only repetitions in the middle of a shift are late: without them, the state simply continues.
    boundary = {at for each in shifts() for span in (each.span, each.rest) for at in span}
    mere = [
        n
        for n, each in enumerate(sent)
        if each["ts"] % MINUTE == 0 and each["ts"] not in boundary and _is_calm(sent, n)  # type: ignore[operator]
    ]
    late = random.choice(mere, 30, replace=False)
    arrival[late] += 5 * MINUTE
    lines = []
    twice, broken = (set(random.choice([n for n in range(len(sent)) if n not in late], 50, False)) for _ in range(2))
    for n in np.argsort(arrival, kind="stable"):
        line = json.dumps(sent[n])
        lines += [line[: len(line) // 2], line] if n in broken else [line, line] if n in twice else [line]
    return lines


def _is_calm(sent: list[dict[str, object]], n: int) -> bool:
    """Whether the machine's messages within two minutes before and after are of one state."""
    near = [
        each
        for each in sent[max(0, n - 40) : n + 40]
        if each["machine"] == sent[n]["machine"] and abs(each["ts"] - sent[n]["ts"]) <= 2 * MINUTE  # type: ignore[operator]
    ]
    return len(near) == 5 and len({each["state"] for each in near}) == 1


def _overlap(one: Span, other: Span) -> int:
    return max(0, min(one[1], other[1]) - max(one[0], other[0]))


def _bounds() -> Span:
    return _instant(DAYS[0], 6), _instant(DAYS[-1], 30)


def _instant(day: date, hour: int) -> int:
    """Return the epoch milliseconds at which clocks in ZONE show the hour; 30 is six in the morning of the next day."""
    local = datetime(day.year, day.month, day.day, tzinfo=ZONE) + timedelta(days=hour // 24, hours=hour % 24)
    return round(local.astimezone(UTC).timestamp() * 1000)


def _local(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, ZONE).isoformat()
