"""The shipped jobs on the real stack: messages in, rows in their tables and alerts in their topic out."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import sqrt
from typing import Any

import numpy as np
import pytest

from headrace.environment import iceberg
from headrace.historian.tags import tags
from headrace.local.demo import dataset
from headrace.upkeep.checks import run_checks
from support import flink_plans
from support.worlds.live_plant import START_MS, Plant, reading, until

OVERHEAT = "condition/overheat_v1"
SPIKES = "condition/spikes_v1"
ROLLUP = "historian/rollup_1m_v1"
TWIN = "historian/twin_v1"
START = datetime.fromtimestamp(START_MS / 1000, UTC)
BAD = b'{"tag":"R80711.gearbox_temp","ts":%d,"value":999.0,"q":0}' % START_MS


def finish(plant: Plant, job: str) -> None:
    """Run the job to the end of its topic, and then its checks."""
    plant.finish(plant.submit(job, bounded=True, parallelism=1))
    run_checks.verdict(run_checks.run(plant.project, plant.settings, [job]))


def test_hot_readings_are_stored_and_alerted(own_plant: Plant) -> None:
    values = [20.0 + n % 100 for n in range(300)]
    own_plant.produce([*(reading(n, "R80711.gearbox_temp", value) for n, value in enumerate(values)), BAD, b"{"])
    finish(own_plant, OVERHEAT)

    hot = [(START + timedelta(seconds=n), value) for n, value in enumerate(values) if value > 100]
    assert own_plant.query("select ts, value from condition.overheats order by ts") == hot
    assert own_plant.query("select code from historian.dead_letters") == [("not_json",)]
    messages = own_plant.messages("overheat_alerts")
    assert {json.dumps(key) for key, _ in messages} == {'{"tag": "R80711.gearbox_temp"}'}
    assert sorted((datetime.fromisoformat(value["ts"]), value["value"]) for _, value in messages) == hot
    assert {tuple(value) for _, value in messages} == {("tag", "ts", "value", "hot_limit")}


def test_many_spikes_in_an_hour_are_reported_in_each_window_that_contains_them(own_plant: Plant) -> None:
    every_four_minutes = [130.0 if n % 240 == 0 else 101.0 for n in range(0, 3600, 40)]
    own_plant.produce(reading(n * 40, "R80711.gearbox_temp", value) for n, value in enumerate(every_four_minutes))
    finish(own_plant, SPIKES)

    first = datetime(2023, 11, 14, 21, 15, tzinfo=UTC)
    windows = [first + timedelta(minutes=5 * n) for n in range(24)]
    times = [START + timedelta(seconds=40 * n) for n in range(len(every_four_minutes))]
    expected = []
    for start in windows:
        pairs = zip(times, every_four_minutes, strict=True)
        inside = [value for time, value in pairs if start <= time < start + timedelta(hours=1)]
        if inside.count(130.0) > 10:
            expected.append((start, start + timedelta(hours=1), inside.count(130.0), len(inside)))
    assert expected
    stored = own_plant.query("select window_start, window_end, spikes, readings from condition.spikes order by 1")
    assert stored == expected


def test_minutes_match_what_numpy_computes(own_plant: Plant) -> None:
    random = np.random.default_rng(7)
    seconds = np.sort(random.choice(300_000, 400, replace=False)) / 1000
    values = 1e5 + random.normal(0, 1e-3, len(seconds)).cumsum()
    good = random.random(len(seconds)) > 0.2
    sent = [
        b'{"tag":"a","ts":%d,"value":%a,"q":%d}' % (START_MS + round(s * 1000), float(v), 192 if g else 0)
        for s, v, g in zip(seconds, values, good, strict=True)
    ]
    own_plant.produce(message for message in sent for _ in range(1 + (message in sent[::10])))
    finish(own_plant, ROLLUP)

    columns = (
        "epoch_ms(ts), readings, good_readings, min_value, epoch_ms(min_ts), max_value, epoch_ms(max_ts), "
        "first_value, epoch_ms(first_ts), last_value, epoch_ms(last_ts), mean, time_weighted_mean, standard_deviation"
    )
    stored = own_plant.query(f"select {columns} from historian.rollup_1m order by ts")
    millis = START_MS + np.round(seconds * 1000).astype(np.int64)
    minutes = millis // 60_000 * 60_000
    expected = [
        minute_of(m, millis[minutes == m], values[minutes == m], good[minutes == m]) for m in np.unique(minutes)
    ]
    assert len(expected) == 6
    assert np.array(stored) == pytest.approx(np.array(expected), rel=1e-9)
    assert [row[-1] for row in stored] == pytest.approx([row[-1] for row in expected], rel=1e-6)


def minute_of(start: int, millis: Any, values: Any, good: Any) -> tuple[float, ...]:
    """Return the row of a minute, without its tag and its quality."""
    times, kept = millis[good], values[good]
    low, high = kept.argmin(), kept.argmax()
    over_time = np.trapezoid(kept - kept[0], times) / (times[-1] - times[0]) + kept[0]
    ends = (kept[0], times[0], kept[-1], times[-1])
    spread = sqrt(((kept - kept.mean()) ** 2).sum() / (len(kept) - 1))
    extremes = (kept[low], times[low], kept[high], times[high])
    return (start, len(values), len(kept), *extremes, *ends, kept.mean(), over_time, spread)


def test_a_twin_follows_its_tags_over_many_commits_and_never_goes_back(own_plant: Plant) -> None:
    flink = own_plant.settings.flink.model_copy(update={"checkpoint_interval_s": 1})
    plant = replace(own_plant, settings=own_plant.settings.model_copy(update={"flink": flink}))
    tags.import_tags(plant.settings, dataset.tags())
    columns = f"tag, epoch_ms(ts) - {START_MS}, value, asset, unit"

    def is_at(*rows: tuple[object, ...]) -> None:
        until(lambda: plant.query(f"select {columns} from historian.twin order by tag") == list(rows), 60)

    where = "engie/la_haute_borne/R80711"
    plant.produce([reading(0, value=1.0), reading(5, "nowhere", 7.0)])
    plant.submit(TWIN, parallelism=2)
    unknown = ("nowhere", 5_000, 7.0, None, None)
    is_at(("R80711.wind_speed", 0, 1.0, where, "m/s"), unknown)
    for n in (10, 20, 30):
        plant.produce([reading(n, value=float(n)), reading(n - 5, value=-1.0), BAD, b"{"])
        is_at(("R80711.wind_speed", n * 1000, float(n), where, "m/s"), unknown)
    plant.produce([*(reading(n) for n in range(30)), reading(6, "nowhere", 8.0)])
    is_at(("R80711.wind_speed", 30_000, 30.0, where, "m/s"), ("nowhere", 6_000, 8.0, None, None))

    run_checks.verdict(run_checks.run(plant.project, plant.settings, [TWIN]))
    twin = iceberg.connect(plant.settings).load_table("historian.twin")
    assert len(twin.history()) >= 5
    # docs/engines.md: pyiceberg refuses a table whose rows a job replaces, and never returns the replaced ones.
    for read in (twin.scan().to_arrow, twin.scan().count):
        with pytest.raises(ValueError, match="does not yet support equality deletes"):
            read()


def test_each_job_decodes_a_message_once(own_plant: Plant) -> None:
    for job in (OVERHEAT, SPIKES, ROLLUP, TWIN):
        plan = flink_plans.explain(own_plant.project, own_plant.settings, job)
        executed = plan[plan.index("== Optimized Execution Plan ==") :]
        # Of packs, or of messages in a job with windows.
        decodes = [f"ingest_plant_readings_{function}(" for function in ("good", "tag")]
        assert sum(map(executed.count, decodes)) == 1, job
