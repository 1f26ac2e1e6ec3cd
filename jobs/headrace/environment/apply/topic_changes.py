"""Create the topics of sql/_topics/ that the broker does not have."""

from __future__ import annotations

from headrace.environment import kafka
from headrace.environment.settings import Settings
from headrace.project import topic_files
from headrace.project.paths import Project


def missing(project: Project, settings: Settings) -> dict[str, topic_files.Topic]:
    """Return the topics that the broker does not have, by their names in Kafka. Raises UserError, PlatformError."""
    described = [topic_files.load(project, name) for name in topic_files.names(project)]
    existing = kafka.topic_names(settings.kafka_client()) if described else []
    return {each.topic: each for each in described if each.topic not in existing}


def apply(project: Project, settings: Settings) -> list[str]:
    """Create the missing topics and return their names. Raises UserError, PlatformError."""
    absent = missing(project, settings)
    for name, topic in absent.items():
        kafka.create_topic(settings.kafka_client(), name, topic.partitions)
    return list(absent)
