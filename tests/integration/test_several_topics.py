"""A source of several topics: each keeps its offsets, and a topic that a pattern finds later is read from its start."""

from __future__ import annotations

import shutil
from collections import Counter

import pytest
from confluent_kafka import Producer

from headrace.environment import kafka_topics
from headrace.environment.kafka_topics import TopicLayout
from headrace.errors import UserError
from headrace.upkeep import reconcile
from headrace.upkeep.completeness import partitions
from support.worlds.live_plant import JOB, Plant, until

CONTRACT = """
description: Numbers under the names of their topics.
topic: {pattern: PATTERN}
format: text
fields:
  tag: {from: topic, type: string, required: true}
  value: {path: ., type: double}
time: {from: record_time}
key: tag
"""
SELECT = """
select tag, ts, `value`, cast(null as string) as text, quality, cast(null as string) as unit,
    cast(null as string) as asset, {{ src() }}, current_timestamp as ingested_at
from {{ source('plant_readings') }}
"""


class Lines:
    """Topics of one pattern, and how many numbers each has got."""

    def __init__(self, plant: Plant) -> None:
        self.sent: Counter[str] = Counter()
        self._plant = plant

    def add(self, name: str, parts: int) -> None:
        kafka_topics.create(self._plant.settings.kafka_client(), self._topic(name), TopicLayout(parts))
        self.sent[self._topic(name)] = 0

    def send(self, count: int) -> None:
        producer = Producer(self._plant.settings.kafka_client())
        for topic in self.sent:
            for number in range(count):
                producer.produce(topic, str(number), key=str(number))
            self.sent[topic] += count
        assert producer.flush(30) == 0

    def stored(self) -> Counter[str]:
        rows = self._plant.query("select tag, count(distinct (src_topic, src_partition, src_offset)), count(*) "
                                 "from historian.readings group by tag")  # fmt: skip
        assert all(once == rows_ for _, once, rows_ in rows)
        return Counter({tag: once for tag, once, _ in rows})

    def _topic(self, name: str) -> str:
        return f"{self._plant.topic}.line{name}"


@pytest.fixture
def lines(own_plant: Plant) -> Lines:
    """The plant, whose job stores the numbers of all its lines."""
    sql = own_plant.project.sql
    pattern = f"'{own_plant.topic}[.]line.+'"
    (sql / "_sources" / "plant_readings.yaml").write_text(CONTRACT.replace("PATTERN", pattern))
    job = sql / JOB / "job.yaml"
    job.write_text(job.read_text().replace("steps: [enrich, range]\n", "").replace(", table/historian.tags", ""))
    (sql / JOB / "historian.readings.sql.j2").write_text(SELECT)
    shutil.rmtree(sql / JOB / "tests", ignore_errors=True)
    return Lines(own_plant)


def test_each_topic_of_a_pattern_is_read_once_also_one_that_comes_later(own_plant: Plant, lines: Lines) -> None:
    with pytest.raises(UserError, match=r"no topic matches 'plant[.].*line\.\+'"):
        own_plant.submit()
    lines.add("1", parts=2)
    lines.add("2", parts=1)
    lines.send(100)
    own_plant.submit(parallelism=2)
    reconcile.verdict(own_plant.follow())
    lines.add("3", parts=1)
    lines.send(50)
    until(lambda: lines.stored() == lines.sent, 90, lambda: f"{lines.stored()}, not {lines.sent}")


@pytest.mark.proof
def test_a_topic_that_comes_while_the_job_is_stopped_is_read_from_its_start(own_plant: Plant, lines: Lines) -> None:
    lines.add("1", parts=2)
    lines.send(100)
    job = own_plant.submit(parallelism=2)
    reconcile.verdict(own_plant.follow())
    savepoint = own_plant.cluster.stop(job.id)
    lines.add("2", parts=2)
    lines.send(30)
    own_plant.submit(parallelism=1, restore=savepoint)
    until(lambda: lines.stored() == lines.sent, 180, lambda: f"{lines.stored()}, not {lines.sent}")
    balances = own_plant.follow()
    reconcile.verdict(balances)
    assert Counter(each.topic for each in balances) == dict.fromkeys(lines.sent, 2)
    reached = [each for each in partitions.refresh(own_plant.project, own_plant.settings) if each.job == JOB]
    assert {each.src_topic for each in reached} == {*lines.sent}
    assert all(each.caught_up for each in reached)
