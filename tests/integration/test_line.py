"""From Kafka bytes to Iceberg rows on real services: every record ends in a table or in dead letters, once."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from headrace.errors import PlatformError, UserError
from headrace.historian.tags import tags
from headrace.local.demo import dataset
from headrace.local.demo.corruption import DAMAGES, OVERSIZED
from headrace.operations.submission import Submitted
from headrace.project.paths import Project
from headrace.upkeep import reconcile
from headrace_udfs.sensor_range import OUT_OF_RANGE
from support import flink_plans
from support.deployments import of
from support.worlds.live_plant import JOB, METASPACE_A_JOB, START_MS, Plant, plant, reading, until


def test_every_kind_of_bad_message_is_a_dead_letter_and_costs_no_good_one(own_plant: Plant) -> None:
    bad = [*DAMAGES * 10, OVERSIZED]
    damages = {n * 97: damage for n, damage in enumerate(bad)}
    own_plant.produce(damages[n].apply(reading(n)) if n in damages else reading(n) for n in range(20_000))

    own_plant.finish(own_plant.submit(bounded=True, parallelism=2))

    codes = own_plant.query("select code, count(*) from historian.dead_letters group by code")
    assert dict(codes) == Counter(damage.code.value for damage in bad)
    balances = own_plant.follow()
    reconcile.verdict(balances)
    assert sum(b.good for b in balances) == 20_000 - len(bad)
    assert sum(b.dead for b in balances) == len(bad)


@pytest.fixture(scope="module")
def ended(platform: Project, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Plant, Submitted]]:
    """A plant of known tags with two good messages, two bad ones, and a job that has read them and ended."""
    with plant(platform, tmp_path_factory.mktemp("ended")) as own:
        tags.import_tags(own.settings, dataset.tags())
        own.produce([reading(0, value=7.25), b'{"tag":"a","ts":"late"}', None, reading(1, tag="nowhere", value=1.0)])
        job = own.submit(bounded=True, parallelism=1)
        own.finish(job)
        yield own, job


def test_a_dead_letter_has_its_reason_position_and_job(ended: tuple[Plant, Submitted]) -> None:
    own, _ = ended
    rows = own.query(
        "select payload, code, stage, src_topic, src_partition, src_offset, job, version, message, dead_at, src_ts "
        "from historian.dead_letters order by src_partition, src_offset"
    )
    topic = own.topic
    assert [row[:8] for row in rows] == [
        (b'{"tag":"a","ts":"late"}', "time_invalid", "decode", topic, 0, 0, JOB, 1),
        (None, "null_payload", "decode", topic, 1, 1, JOB, 1),
    ]
    assert "late" in rows[0][8]
    now = datetime.now(UTC)
    assert all(timedelta(0) <= now - time < timedelta(hours=1) for row in rows for time in row[9:])


def test_a_good_row_holds_the_reading_and_its_position(ended: tuple[Plant, Submitted]) -> None:
    own, _ = ended
    rows = own.query(
        "select tag, epoch_us(ts), value, text, quality, unit, asset, src_topic, src_partition, src_offset "
        "from historian.readings order by ts"
    )
    where = own.topic
    first = START_MS * 1000
    assert rows == [
        ("R80711.wind_speed", first, 7.25, None, 0, "m/s", "engie/la_haute_borne/R80711", where, 1, 0),
        ("nowhere", first + 1_000_000, 1.0, None, 0, None, None, where, 0, 1),
    ]


def test_cancelling_a_job_that_has_ended_is_not_a_fault(ended: tuple[Plant, Submitted]) -> None:
    own, job = ended
    own.cluster.cancel(job.id)
    assert own.cluster.state(job.id) == "FINISHED"
    with pytest.raises(PlatformError, match="Flink refused"):
        own.cluster.cancel("0" * 32)


@pytest.mark.repeated
@pytest.mark.proof
def test_bounded_runs_are_each_exact_and_leave_the_metaspace_as_it_was(own_plant: Plant, repeats: int) -> None:
    metaspace = 0
    for run in range(1, repeats + 3):
        own_plant.produce(reading(n) for n in range(3_000))
        own_plant.finish(own_plant.submit(bounded=True, parallelism=2))
        balances = own_plant.account()
        reconcile.verdict(balances)
        assert sum(b.good for b in balances) == run * 3_000
        if run == 2:  # the first runs load what all of them share
            metaspace = own_plant.metaspace()
    assert (own_plant.metaspace() - metaspace) / repeats < METASPACE_A_JOB


def test_a_job_starts_where_its_tables_end_and_misses_nothing_that_retention_deleted(own_plant: Plant) -> None:
    own_plant.produce(reading(n) for n in range(100))
    own_plant.finish(own_plant.submit(bounded=True, parallelism=1))
    own_plant.produce(reading(n) for n in range(100, 150))
    again = own_plant.submit(bounded=True, parallelism=1)
    own_plant.finish(again)
    assert again.start == {own_plant.topic: {0: 50, 1: 50}}
    reconcile.verdict(own_plant.follow())
    assert own_plant.query("select count(*), count(distinct ts) from historian.readings") == [(150, 150)]

    own_plant.produce(reading(n) for n in range(150, 250))
    own_plant.forget(until=105)
    for balance in own_plant.account():
        assert (balance.first, balance.missing, balance.expired) == (105, [(105, 125)], [(75, 105)])
    own_plant.finish(own_plant.submit(bounded=True, parallelism=1))
    balances = own_plant.account()
    reconcile.verdict(balances)
    assert [b.expired for b in balances] == [[(75, 105)], [(75, 105)]]
    assert [b.good for b in balances] == [20, 20]


def test_a_job_stopped_under_load_and_submitted_again_is_exact(own_plant: Plant) -> None:
    own_plant.produce(reading(n) for n in range(50_000))
    job = own_plant.submit(parallelism=2)
    own_plant.produce(None if n % 10 == 0 else reading(n) for n in range(50_000))
    own_plant.cluster.stop(job.id)
    own_plant.submit(parallelism=1)
    balances = own_plant.follow()
    reconcile.verdict(balances)
    assert (sum(b.good for b in balances), sum(b.dead for b in balances)) == (95_000, 5_000)


def test_the_range_of_a_tag_changes_and_a_running_job_follows(own_plant: Plant) -> None:
    def qualities_of(value: float, after_ms: int) -> set[int]:
        running.produce([reading(after_ms // 1000, value=value)] * 2)
        running.follow()
        at = START_MS + after_ms
        rows = running.query(f"select quality from historian.readings where epoch_ms(ts) = {at}")
        return {quality for (quality,) in rows}

    running = of(own_plant, JOB)
    running.submit()
    assert qualities_of(17.0, 0) == {0}
    clock = iter(range(1_000_000, 2_000_000, 1000))
    name = json.loads(reading(0))["tag"]
    for low, high, expected in ((0.0, 15.0, OUT_OF_RANGE), (None, 17.0, 0), (17.5, None, OUT_OF_RANGE)):
        limits = {"range_low": pa.array([low], pa.float64()), "range_high": pa.array([high], pa.float64())}
        tags.import_tags(running.settings, pa.table({"tag": [name], **limits}))
        until(lambda: qualities_of(17.0, next(clock)) == {expected}, 60)  # noqa: B023 - called within the loop


def test_what_prevents_a_job_from_running_is_reported(own_plant: Plant) -> None:
    with pytest.raises(UserError, match="needs 99 slots"):
        own_plant.submit(parallelism=99)
    template = own_plant.project.sql / JOB / "historian.readings.sql.j2"
    good = template.read_text()
    template.write_text(good.replace("    quality,", "    qualty,"))
    with pytest.raises(UserError, match=r"readings\.sql\.j2:\d+:\d+: SQL: there is no column 'qualty'"):
        own_plant.submit()
    template.write_text(good.replace("from readings\n", "frm readings\n"))
    with pytest.raises(UserError, match=r"readings\.sql\.j2:\d+:\d+: SQL: "):
        own_plant.submit()
    template.write_text(good.replace("    quality,", "    quality, 1 as extra,"))
    with pytest.raises(UserError, match="has no column 'extra'"):
        own_plant.submit()
    template.write_text(good.replace("    `value`,", "    'much' as `value`,"))
    with pytest.raises(UserError, match=r"readings\.sql\.j2:\d+: 'value' is a .*, and a DOUBLE in historian\.readings"):
        own_plant.submit()
    template.write_text(good)
    contract = own_plant.project.sql / "_sources" / "plant_readings.yaml"
    contract.write_text(contract.read_text().replace(own_plant.topic, "no.such.topic"))
    with pytest.raises(UserError, match=r"no topic 'no\.such\.topic'"):
        own_plant.submit()


def test_a_missing_cluster_is_reported_at_once(own_plant: Plant) -> None:
    gone = own_plant.settings.model_copy(
        update={"flink": own_plant.settings.flink.model_copy(update={"rest": "https://127.0.0.1:9"})}
    )
    with pytest.raises(PlatformError, match="does not answer"):
        reconcile.follow(own_plant.project, gone, JOB, 5)


def test_good_rows_and_dead_letters_share_one_decode(own_plant: Plant) -> None:
    assert decodes(flink_plans.explain(own_plant.project, own_plant.settings, JOB)) == 1


def decodes(plan: str) -> int:
    """Return how often the decoder occurs in the plan that Flink will execute."""
    executed = plan[plan.index("== Optimized Execution Plan ==") :]
    return executed.count("ingest_plant_readings_good(")


def test_a_message_of_many_readings_is_one_row_each_and_counts_as_one_record(own_plant: Plant) -> None:
    contract = own_plant.project.sql / "_sources" / "plant_readings.yaml"
    contract.write_text(contract.read_text().replace("format: json\n", "format: json_array\n"))
    good = [b"[" + b",".join(reading(3 * n + k) for k in range(3)) + b"]" for n in range(1_000)]
    half = b"[" + reading(9_000) + b', {"tag": 5}, ' + reading(9_001) + b", 7]"
    own_plant.produce([*good, half, b"[]", b"{}", b"[1", None])
    own_plant.finish(own_plant.submit(bounded=True, parallelism=2))

    assert own_plant.query("select count(*), count(distinct ts), max(src_index) from historian.readings") == [
        (3_002, 3_002, 2)
    ]
    letters = own_plant.query("select code, src_index, payload from historian.dead_letters order by code, src_index")
    assert letters == [
        ("no_readings", 0, b"[]"),
        ("not_an_array", 0, b"{}"),
        ("not_an_object", 3, None),
        ("not_json", 0, b"[1"),
        ("null_payload", 0, None),
        ("wrong_type", 1, half),
    ]
    balances = own_plant.account()
    reconcile.verdict(balances)
    assert sum(b.records for b in balances) == 1_005


def test_readings_of_one_message_share_one_decode(own_plant: Plant) -> None:
    contract = own_plant.project.sql / "_sources" / "plant_readings.yaml"
    contract.write_text(contract.read_text().replace("format: json\n", "format: json_array\n"))
    assert decodes(flink_plans.explain(own_plant.project, own_plant.settings, JOB)) == 1
